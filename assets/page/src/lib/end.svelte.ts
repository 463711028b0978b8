// Where the window stands while an answer grows. It follows the end until the newest question has come to the top of
// the view, so that an answer that comes at once is read from its beginning; further only if the reader goes there.
//
// Who moved the view is told from its place alone, because not every reader's way of scrolling is an event: find in
// page and screen readers scroll too. The place is exact as only three can change it: this file, which remembers
// where it put the view; the browser, which keeps it inside a page that has become shorter; and the reader.

/** So near to the end counts as being there. */
const NEAR_PX = 64;

/** The title line stands over the top of the view; a question that has come to the top stands below it. */
const TOP_PX = 72;

/** `question`: the end, but no further than the newest question's top. `still`: where the reader has scrolled to. */
type Follows = "question" | "end" | "still";

export class End {
  /** The end is somewhere below the view. */
  away = $state(false);

  #follows: Follows = "question";
  #grows: HTMLElement | null = null;
  /** Where the view was last seen or put. */
  #top = scrollY;
  /** Where the page's end was then. */
  #bottom = 0;

  /** Attach to the element that grows: its last child begins with the newest question and ends with its answer. */
  watch = (grows: HTMLElement): (() => void) => {
    this.#grows = grows;
    const changed = () => this.#changed();
    const scrolled = () => this.#scrolled();
    // Each change is looked at right behind it: of a page that was shorter only for a moment, nobody could tell later
    // why the view has moved.
    const changes = new MutationObserver(changed);
    changes.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    // What becomes longer or shorter without a change: with the window's width, or larger letters.
    const sizes = new ResizeObserver(changed);
    sizes.observe(document.body);
    addEventListener("scroll", scrolled, { passive: true });
    // What a reader unfolds is read from where they are.
    const unfolds = ({ target }: Event) => {
      if (target instanceof Element && target.closest("summary")) this.#follows = "still";
    };
    grows.addEventListener("click", unfolds, { capture: true });
    return () => {
      this.#grows = null;
      changes.disconnect();
      sizes.disconnect();
      removeEventListener("scroll", scrolled);
      grows.removeEventListener("click", unfolds, { capture: true });
      anchor("");
    };
  };

  /** A new question is there: it is what the reader wants to see, wherever the view was. */
  begin(): void {
    this.#follow("question");
  }

  /** The view stays where it is, whatever comes in place of what is shown. */
  hold(): void {
    this.#follow("still");
  }

  jump(): void {
    this.#follow("end");
  }

  #changed(): void {
    this.#notice();
    // What has become neither longer nor shorter is not followed: it would move under the reader's finger.
    if (this.#end() !== this.#bottom) this.#follow(this.#follows);
    else this.#look();
  }

  #scrolled(): void {
    this.#notice();
    this.#look();
  }

  /** A view that stands elsewhere was moved by the reader, or by the browser. */
  #notice(): void {
    const down = scrollY - this.#top;
    if (Math.abs(down) < 1) return;
    this.#top = scrollY;
    const left = this.#end() - scrollY;
    if (down > 0) this.#follows = left > NEAR_PX ? "still" : "end";
    // The browser moves a view up only to the very end of a page that has become shorter.
    else if (left >= 1) this.#follows = "still";
  }

  #follow(follows: Follows): void {
    this.#follows = follows;
    // The browser may hold a still view's words in place; while the view follows, only this file moves it.
    anchor(follows === "still" ? "" : "none");
    if (follows !== "still") {
      const furthest = follows === "end" ? Infinity : this.#furthest();
      scrollTo({ top: Math.min(this.#end(), furthest), behavior: "instant" });
      this.#top = scrollY;
    }
    this.#look();
  }

  #look(): void {
    this.#bottom = this.#end();
    this.away = this.#bottom - scrollY > NEAR_PX;
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

/**
 * Whether the browser may hold what is in view in its place. Said of the body: said of the root element, Chromium takes
 * no notice. Each writing is a change to look at, so what is said already is not said again.
 */
function anchor(value: "" | "none"): void {
  const { style } = document.body;
  if (style.overflowAnchor !== value) style.overflowAnchor = value;
}
