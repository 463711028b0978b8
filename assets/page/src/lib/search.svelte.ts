// A search in the conversations: asked for when the reader pauses, given up when they type on, and asked for again when
// the conversations have changed.

import * as api from "./api";
import type { Excerpt, Hit } from "./api";

const PAUSE_MS = 200;

/** How many places are asked for at first, and how many at the most. */
const FIRST = 20;
const MOST = 100;

export class Search {
  query = $state("");
  /** `null` while nothing is searched for, or not yet found. */
  hits = $state.raw<Hit[] | null>(null);
  /** How many were asked for. */
  #limit = $state(FIRST);
  /** There are further places, and whether they can be asked for. */
  more = $state(false);
  widens = $derived(this.more && this.#limit < MOST);
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

  /** Finds again what it has found: it may have changed. */
  again(): void {
    if (this.hits !== null) void this.#ask(this.#limit);
  }

  /** Finds all that one search can tell. */
  async widen(): Promise<void> {
    await this.#ask(MOST);
  }

  async #ask(limit: number): Promise<void> {
    this.#asking?.abort();
    const { signal } = (this.#asking = new AbortController());
    try {
      const { hits, more } = await api.search(this.query.trim(), limit, signal);
      if (signal.aborted) return;
      this.hits = places(hits);
      this.#limit = limit;
      this.more = more;
      this.problem = null;
    } catch (error) {
      if (!signal.aborted) this.problem = (error as Error).message;
    }
  }
}

/** One for each place: a title is mostly the first question, and what is found in it stands in that. */
export function places(hits: Hit[]): Hit[] {
  const asked = new Map<Hit, Hit>();
  for (const title of hits.filter(({ field }) => field === "title")) {
    // The newest come first, and the title is the oldest one's.
    const question = hits.findLast((hit) => hit.conversation === title.conversation && begins(hit, title));
    if (question) asked.set(title, question);
  }
  const moved = new Set(asked.values());
  return hits.filter((hit) => !moved.has(hit)).map((hit) => asked.get(hit) ?? hit);
}

/** Whether it is a question, and the title is its beginning, as far as the two excerpts show both. */
function begins({ field, excerpt }: Hit, title: Hit): boolean {
  if (field !== "question") return false;
  const [before, from] = parted(excerpt);
  const [titleBefore, titleFrom] = parted(title.excerpt);
  if (before !== titleBefore) return false;
  // A title is a line, or as much of one as there was room for.
  if (titleFrom.endsWith("…")) return from.startsWith(titleFrom.slice(0, -1));
  return from.startsWith(titleFrom) && /^\s*(?:\n|$)/.test(from.slice(titleFrom.length));
}

/** The words before the first mark, and the words from there. */
function parted(excerpt: Excerpt): [string, string] {
  const at = excerpt.findIndex(({ marked }) => marked);
  const joined = (part: Excerpt) => part.map(({ text }) => text).join("");
  return at < 0 ? ["", joined(excerpt)] : [joined(excerpt.slice(0, at)).trimStart(), joined(excerpt.slice(at))];
}
