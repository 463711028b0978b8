// What the server still has to do with its documents, while it has: asked when the connection stands, from then on until
// it is done, and when the page is looked at again.

import { documents } from "./probe";
import { preparation } from "./words";

const EVERY_MS = 2_000;

/** Between two tasks there is none for a moment: so often nothing is told before it is believed. */
const BELIEVED = 4;

export class Preparing {
  /** In words; `null`: the documents are ready, or there are none. */
  words = $state<string | null>(null);
  #rest = 0;
  #ended = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  async look(): Promise<void> {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const told = await documents();
    this.words = told && preparation(told);
    if (this.words !== null) this.#rest = BELIEVED;
    clearTimeout(this.#timer);
    if (this.#rest > 0 && !this.#ended) this.#timer = setTimeout(() => void this.look(), EVERY_MS);
    this.#rest = Math.max(this.#rest - 1, 0);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}
