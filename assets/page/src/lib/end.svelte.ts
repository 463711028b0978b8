// Keeps the window's view at the end of what grows, until the reader scrolls up; then leaves it alone.

/** So near to the end counts as being there. */
const NEAR_PX = 64;

export class End {
  /** The reader is somewhere above the end. */
  away = $state(false);

  #top = scrollY;

  /** Attach to the element that grows. */
  watch = (grows: HTMLElement): (() => void) => {
    const observer = new ResizeObserver(() => {
      if (!this.away) this.#toEnd();
    });
    const scrolled = () => this.#scrolled();
    observer.observe(grows);
    addEventListener("scroll", scrolled, { passive: true });
    return () => {
      observer.disconnect();
      removeEventListener("scroll", scrolled);
    };
  };

  jump(): void {
    this.away = false;
    this.#toEnd();
  }

  #scrolled(): void {
    const left = document.documentElement.scrollHeight - innerHeight - scrollY;
    // Growth alone also takes the view away from the end; only a move upwards is the reader's.
    if (left <= NEAR_PX) this.away = false;
    else if (scrollY < this.#top) this.away = true;
    this.#top = scrollY;
  }

  #toEnd(): void {
    scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
  }
}
