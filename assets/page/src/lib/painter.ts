// When what has come is shown: once per frame, however many pieces come between two of them.

/** Frames do not come to hidden tabs; what they show is then brought up to date by this timer. */
const HIDDEN_MS = 250;

export class Painter {
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #show: () => void;

  constructor(show: () => void) {
    this.#show = show;
  }

  /** Shows at the next frame, together with whatever else comes until then. */
  soon(): void {
    if (this.#frame !== 0) return;
    const show = () => {
      cancelAnimationFrame(this.#frame);
      clearTimeout(this.#timer);
      this.#frame = 0;
      this.#show();
    };
    this.#frame = requestAnimationFrame(show);
    this.#timer = setTimeout(show, HIDDEN_MS);
  }
}
