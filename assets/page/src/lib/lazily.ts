// A part of the page that is loaded when it is first wanted.

import { tell } from "./faults.svelte";

export class Lazily<Part> {
  #part: Part | null = null;
  #loading: Promise<void> | null = null;
  readonly #fetch: () => Promise<Part>;
  /** Who waits for it. */
  readonly #waiting = new Set<() => void>();

  constructor(fetch: () => Promise<Part>) {
    this.#fetch = fetch;
  }

  /** It, if it is there. Else it is fetched, and `later` is called once it is there, if ever. */
  now(later: () => void): Part | null {
    if (this.#part === null) {
      this.#waiting.add(later);
      void this.load();
    }
    return this.#part;
  }

  /** Resolves when it is there, or cannot be had for now; then the next one tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#fetch()
      .then((part) => {
        this.#part = part;
        for (const later of this.#waiting) attempt(later);
      })
      .catch(() => {
        this.#loading = null;
      })
      .finally(() => this.#waiting.clear());
    return this.#loading;
  }
}

/** What breaks with it is one who waited, not the others, nor the part. */
function attempt(act: () => void): void {
  try {
    act();
  } catch (fault) {
    tell(fault);
  }
}
