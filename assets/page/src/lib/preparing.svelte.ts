// What the server still has to do with its documents, while it has: asked when the connection stands, and from then on
// until it is done.

import { documents } from "./probe";
import { preparation } from "./words";

const EVERY_MS = 2_000;

export class Preparing {
  /** In words; `null`: the documents are ready, or there are none. */
  words = $state<string | null>(null);
  #ended = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  async look(): Promise<void> {
    clearTimeout(this.#timer);
    if (!document.hidden) {
      const told = await documents();
      this.words = told && preparation(told);
    }
    clearTimeout(this.#timer);
    if (this.words !== null && !this.#ended) this.#timer = setTimeout(() => void this.look(), EVERY_MS);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}
