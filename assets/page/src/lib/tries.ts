// What may succeed before long: it is tried again after a pause, and not without end.

const PAUSE_MS = 1_000;
const MOST = 10;

export class Tries {
  readonly #again: () => void;
  #made = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(again: () => void) {
    this.#again = again;
  }

  /** Tries once more after the pause; `false`: there were enough, and the next time begins anew. */
  another(): boolean {
    if (this.#made >= MOST) {
      this.#made = 0;
      return false;
    }
    this.#made += 1;
    this.#pause = setTimeout(this.#again, PAUSE_MS);
    return true;
  }

  /** It has succeeded: the next time begins anew. */
  succeeded(): void {
    this.#made = 0;
  }

  /** The one that is planned is not wanted any more. */
  cancel(): void {
    clearTimeout(this.#pause);
  }
}
