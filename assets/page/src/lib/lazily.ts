// A part of the page that is loaded when it is first wanted.

import { tell } from "./faults.svelte";

export class Lazily<Part> {
  #part: Part | null = null;
  #loading: Promise<void> | null = null;
  readonly #fetch: () => Promise<Part>;
  /** Who waits for it. */
  readonly #waiting = new Set<(part: Part) => void>();

  constructor(fetch: () => Promise<Part>) {
    this.#fetch = fetch;
  }

  /** Calls `use` with it: at once, later, or never. */
  with(use: (part: Part) => void): void {
    if (this.#part !== null) return use(this.#part);
    this.#waiting.add(use);
    void this.load();
  }

  /** Resolves when it is there, or cannot be had for now; then the next one tries again. */
  load(): Promise<void> {
    this.#loading ??= this.#fetch()
      .then((part) => {
        this.#part = part;
        for (const use of this.#waiting) attempt(() => use(part));
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
