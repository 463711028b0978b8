// The reader's conversations as the server lists them, newest first, a page at a time.

import * as api from "./api";
import type { Head, Page } from "./api";

export class List {
  heads = $state.raw<Head[]>([]);
  /** Where the list goes on, if it does. */
  next = $state.raw<string | null>(null);
  /** Why the list could not be fetched. */
  problem = $state.raw<string | null>(null);
  fetched = $state(false);
  /** The next page is on its way. */
  growing = $state(false);

  #refreshing: AbortController | null = null;

  find(id: string): Head | undefined {
    return this.heads.find((head) => head.id === id);
  }

  /** Fetches the newest anew. A later call takes the place of an earlier one. */
  async refresh(): Promise<void> {
    this.#refreshing?.abort();
    const { signal } = (this.#refreshing = new AbortController());
    try {
      const page = await api.list(null, signal);
      if (signal.aborted) return;
      const heads = refreshed(this.heads, page);
      // With nothing kept behind the page, it alone says where the list goes on.
      if (heads.length === page.conversations.length) this.next = page.next;
      this.heads = heads;
      this.problem = null;
      this.fetched = true;
    } catch (error) {
      if (!signal.aborted) this.problem = (error as Error).message;
    }
  }

  async more(): Promise<void> {
    if (this.next === null || this.growing) return;
    this.growing = true;
    try {
      const page = await api.list(this.next);
      const known = new Set(this.heads.map((head) => head.id));
      this.heads = [...this.heads, ...page.conversations.filter((head) => !known.has(head.id))];
      this.next = page.next;
    } catch (error) {
      this.problem = (error as Error).message;
    } finally {
      this.growing = false;
    }
  }

  /** Shown at once; taken back, with the reason thrown, when the server does not take it. */
  async rename(id: string, title: string): Promise<void> {
    const before = this.heads;
    this.#put(before.map((head) => (head.id === id ? { ...head, title } : head)));
    try {
      await api.rename(id, title);
    } catch (error) {
      this.#put(before);
      throw error;
    } finally {
      void this.refresh();
    }
  }

  /** Gone once the server has said yes: a row that comes back would have lost the reader's place in it. */
  async remove(id: string): Promise<void> {
    try {
      await api.remove(id);
      this.#put(this.heads.filter((head) => head.id !== id));
    } finally {
      void this.refresh();
    }
  }

  async restore(id: string): Promise<void> {
    const restored = await api.restore(id);
    const others = this.heads.filter((head) => head.id !== id);
    const at = others.findIndex((head) => head.updated <= restored.updated);
    this.#put(others.toSpliced(at < 0 ? others.length : at, 0, restored));
    void this.refresh();
  }

  #put(heads: Head[]): void {
    // What was fetched before the change must not undo it on the page.
    this.#refreshing?.abort();
    this.heads = heads;
  }
}

/** The list with its first page fetched anew: what is older than that page stays as it was. */
export function refreshed(known: Head[], { conversations, next }: Page): Head[] {
  const oldest = conversations.at(-1);
  if (oldest === undefined || next === null) return conversations;
  const here = new Set(conversations.map((head) => head.id));
  return [...conversations, ...known.filter((head) => !here.has(head.id) && head.updated <= oldest.updated)];
}
