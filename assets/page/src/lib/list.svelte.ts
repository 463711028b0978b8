// The reader's conversations as the server lists them, newest first, a page at a time.

import * as api from "./api";
import type { Head } from "./api";

export class List {
  heads = $state.raw<Head[]>([]);
  /** Where the list goes on, if it does. */
  next = $state.raw<string | null>(null);
  /** Why the list could not be fetched. */
  problem = $state.raw<string | null>(null);
  fetched = $state(false);
  /** The next page is on its way. */
  growing = $state(false);

  /** How many pages the reader has come to see. */
  #pages = 1;
  #refreshing: AbortController | null = null;

  find(id: string): Head | undefined {
    return this.heads.find((head) => head.id === id);
  }

  /**
   * Fetches anew as many pages as are shown: what went, came or changed behind the first is seen too, and nothing is left
   * out between them. A later call takes the place of an earlier one.
   */
  async refresh(): Promise<void> {
    this.#refreshing?.abort();
    const { signal } = (this.#refreshing = new AbortController());
    try {
      let { conversations: heads, next } = await api.list(null, signal);
      for (let page = 1; page < this.#pages && next !== null; page++) {
        const further = await api.list(next, signal);
        heads = joined(heads, further.conversations);
        next = further.next;
      }
      if (signal.aborted) return;
      this.heads = heads;
      this.next = next;
      this.problem = null;
      this.fetched = true;
    } catch (error) {
      if (!signal.aborted) this.problem = (error as Error).message;
    }
  }

  async more(): Promise<void> {
    const from = this.next;
    if (from === null || this.growing) return;
    this.growing = true;
    try {
      const page = await api.list(from);
      // It was fetched anew meanwhile, and goes on from elsewhere.
      if (this.next !== from) return;
      this.heads = joined(this.heads, page.conversations);
      this.next = page.next;
      this.#pages += 1;
    } catch (error) {
      this.problem = (error as Error).message;
    } finally {
      this.growing = false;
    }
  }

  /** Shown at once; taken back, with the reason thrown, when the server does not take it. */
  async rename(id: string, title: string): Promise<void> {
    const before = this.find(id)?.title;
    this.#title(id, title);
    try {
      await api.rename(id, title);
    } catch (error) {
      if (before !== undefined && this.find(id)?.title === title) this.#title(id, before);
      throw error;
    } finally {
      void this.refresh();
    }
  }

  #title(id: string, title: string): void {
    this.#put(this.heads.map((head) => (head.id === id ? { ...head, title } : head)));
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

/** A page behind the others; what has moved from one to the other while they were fetched stands once. */
function joined(heads: Head[], further: Head[]): Head[] {
  const known = new Set(heads.map((head) => head.id));
  return [...heads, ...further.filter((head) => !known.has(head.id))];
}
