// Where the window stands while an answer grows. It follows the end until the newest question has come to the top of
// the view, so that an answer that comes at once is read from its beginning; further only if the reader goes there.

/** So near to the end counts as being there. */
const NEAR_PX = 64;

/** The title line stands over the top of the view; a question that has come to the top stands below it. */
const TOP_PX = 72;

export class End {
  /** The end is somewhere below the view. */
  away = $state(false);

  /** `question`: the end, but no further than the newest question's top. `still`: where the reader has scrolled to. */
  #follows: "question" | "end" | "still" = "question";
  #grows: HTMLElement | null = null;
  /** Where the view was last seen or put; a scroll to elsewhere is the reader's. */
  #top = scrollY;

  /** Attach to the element that grows: its last child begins with the newest question and ends with its answer. */
  watch = (grows: HTMLElement): (() => void) => {
    this.#grows = grows;
    const observer = new ResizeObserver(() => this.#follow());
    const scrolled = () => this.#scrolled();
    observer.observe(grows);
    addEventListener("scroll", scrolled, { passive: true });
    return () => {
      this.#grows = null;
      observer.disconnect();
      removeEventListener("scroll", scrolled);
    };
  };

  /** A new question is there: it is what the reader wants to see, wherever the view was. */
  begin(): void {
    this.#follows = "question";
    this.#follow();
  }

  /** The view stays where it is, whatever comes in place of what is shown. */
  hold(): void {
    this.#follows = "still";
  }

  jump(): void {
    this.#follows = "end";
    this.#follow();
  }

  #follow(): void {
    if (this.#follows !== "still") {
      const furthest = this.#follows === "end" ? Infinity : this.#furthest();
      scrollTo({ top: Math.min(this.#end(), furthest), behavior: "instant" });
      this.#top = scrollY;
    }
    this.#look();
  }

  #scrolled(): void {
    const down = scrollY - this.#top;
    this.#top = scrollY;
    this.#look();
    // Growth alone also takes the view away from the end; only a move is the reader's.
    if (down > 1 && !this.away) this.#follows = "end";
    else if (down < 0 && this.away) this.#follows = "still";
  }

  #look(): void {
    this.away = this.#end() - scrollY > NEAR_PX;
  }

  #end(): number {
    return document.documentElement.scrollHeight - innerHeight;
  }

  /** Where the newest question is at the top; of one that fills the view, its end, and room for the answer. */
  #furthest(): number {
    const newest = this.#grows?.lastElementChild;
    if (!newest) return Infinity;
    const question = newest.getBoundingClientRect().top - TOP_PX;
    const answer = (newest.lastElementChild ?? newest).getBoundingClientRect().top - innerHeight / 2;
    return Math.max(scrollY + Math.max(question, answer), 0);
  }
}
