// A search in the conversations: asked for when the reader pauses, and given up when they type on.

import * as api from "./api";
import type { Hit } from "./api";

const PAUSE_MS = 200;

/** How many places are asked for at first, and how many at the most. */
const FIRST = 20;
const MOST = 100;

export class Search {
  query = $state("");
  /** `null` while nothing is searched for, or not yet found. */
  hits = $state.raw<Hit[] | null>(null);
  /** There are further places, and whether they can be asked for. */
  more = $state(false);
  widens = $derived(this.more && (this.hits?.length ?? 0) < MOST);
  problem = $state.raw<string | null>(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;

  type(query: string): void {
    this.query = query;
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.problem = null;
    if (query.trim() === "") this.hits = null;
    else this.#timer = setTimeout(() => void this.#ask(FIRST), PAUSE_MS);
  }

  /** Finds all that one search can tell. */
  async widen(): Promise<void> {
    this.#asking?.abort();
    await this.#ask(MOST);
  }

  async #ask(limit: number): Promise<void> {
    const { signal } = (this.#asking = new AbortController());
    try {
      const { hits, more } = await api.search(this.query.trim(), limit, signal);
      if (signal.aborted) return;
      this.hits = hits;
      this.more = more;
      this.problem = null;
    } catch (error) {
      if (!signal.aborted) this.problem = (error as Error).message;
    }
  }
}
