// A search in the conversations: asked for when the reader pauses, and given up when they type on.

import * as api from "./api";
import type { Hit } from "./api";

const PAUSE_MS = 200;

export class Search {
  query = $state("");
  /** `null` while nothing is searched for, or not yet found. */
  hits = $state.raw<Hit[] | null>(null);
  problem = $state.raw<string | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;

  type(query: string): void {
    this.query = query;
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.problem = null;
    if (query.trim() === "") this.hits = null;
    else this.#timer = setTimeout(() => void this.#ask(query.trim()), PAUSE_MS);
  }

  async #ask(query: string): Promise<void> {
    const { signal } = (this.#asking = new AbortController());
    try {
      const hits = await api.search(query, signal);
      if (!signal.aborted) this.hits = hits;
    } catch (error) {
      if (!signal.aborted) this.problem = (error as Error).message;
    }
  }
}
