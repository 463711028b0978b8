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

/** So far below the title line what is in view is looked for: between two blocks there is nothing. */
const PROBES_PX = [TOP_PX + 8, TOP_PX + 32, TOP_PX + 64];

/** A page of another width that has not moved for so many frames moves no more: all is laid out anew, and rests again. */
const SETTLES = 3;

/** After so many frames it is left as it is: something else moves it. */
const UNSETTLED = 60;

/** What stood in the view, and how far below its top. */
type Held = { element: Element; top: number };

/** A block of a turn by their places, for it may be another element after a reload, and how far below the view's top. */
export type Place = { turn: number; block: number; top: number };

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
  /** What a reader who has scrolled had in view then: with another width it is brought back to where it was. */
  #held: Held | null = null;
  #width = 0;
  /** So many frames are left in which that is done. */
  #settling = 0;
  /** Where the reader stood before a reload, until enough has come for them to stand there. */
  #due: Place | null = null;

  /** Attach to the element that grows: its last child begins with the newest question and ends with its answer. */
  watch = (grows: HTMLElement): (() => void) => {
    this.#grows = grows;
    this.#width = grows.clientWidth;
    const changed = () => this.#changed();
    const scrolled = () => this.#scrolled();
    // Each change is looked at right behind it: of a page that was shorter only for a moment, nobody could tell later
    // why the view has moved.
    const changes = new MutationObserver(changed);
    changes.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    // What becomes longer or shorter without a change: with the window's width, or larger letters.
    const sizes = new ResizeObserver(() => {
      this.#rewrapped();
      changed();
    });
    sizes.observe(document.body);
    sizes.observe(grows);
    addEventListener("scroll", scrolled, { passive: true });
    // What a reader unfolds is read from where they are.
    const unfolds = ({ target }: Event) => {
      if (target instanceof Element && target.closest("summary, [aria-expanded]")) this.#follows = "still";
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

  /** The view stays at this place, as soon as there is enough of it. */
  stand(place: Place): void {
    this.#due = place;
    this.#follow("still");
    this.#arrive();
  }

  /** What is in view; `"end"`: whatever is last; `null`: the newest question, or nothing yet. */
  get standing(): Place | "end" | null {
    if (this.#follows !== "still") return this.#follows === "end" ? "end" : null;
    const held = this.#inView();
    const turns = [...(this.#grows?.children ?? [])];
    const turn = turns.findIndex((turn) => held && turn.contains(held.element));
    if (held === null || turn < 0) return null;
    return { turn, block: blocks(turns[turn]!).indexOf(held.element), top: held.top };
  }

  #changed(): void {
    this.#notice();
    this.#arrive();
    // What has become neither longer nor shorter is not followed: it would move under the reader's finger.
    if (this.#end() !== this.#bottom) this.#follow(this.#follows);
    else this.#look();
  }

  #scrolled(): void {
    // With another width the browser has moved it, not the reader.
    this.#rewrapped();
    this.#notice();
    this.#look();
    if (this.#settling === 0) this.#held = this.#follows === "still" ? this.#inView() : null;
  }

  /** The lines are longer or shorter: the same words stay where they are. */
  #rewrapped(): void {
    const width = this.#grows?.clientWidth ?? 0;
    if (width === this.#width) return;
    this.#width = width;
    if (this.#follows !== "still" || this.#held === null) return;
    const held = this.#held;
    const isSettling = this.#settling > 0;
    this.#settling = SETTLES;
    let frames = 0;
    const settle = (): void => {
      const before = scrollY;
      if (held.element.isConnected) this.#bring(held);
      const isStill = Math.abs(scrollY - before) < 1 || (frames += 1) > UNSETTLED;
      this.#settling = isStill ? this.#settling - 1 : SETTLES;
      if (this.#settling > 0) requestAnimationFrame(settle);
    };
    if (!isSettling) settle();
  }

  /** Stands where the reader stood before the reload, unless they have gone elsewhere since. */
  #arrive(): void {
    if (this.#due === null) return;
    const { turn, block, top } = this.#due;
    const element = this.#grows?.children[turn] && blocks(this.#grows.children[turn])[block];
    if (!element) return;
    this.#bring({ element, top });
    if (scrollY < this.#end()) this.#due = null;
  }

  #bring({ element, top }: Held): void {
    scrollBy({ top: element.getBoundingClientRect().top - top, behavior: "instant" });
    this.#top = scrollY;
  }

  #inView(): Held | null {
    const { left, width } = this.#grows?.getBoundingClientRect() ?? { left: 0, width: 0 };
    for (const y of PROBES_PX) {
      const found = document.elementFromPoint(left + width / 2, y)?.closest(".block, .part");
      if (!found) continue;
      // What has just come into view is not to be hit yet, but to be measured.
      const within = found.matches(".part") ? [...found.children] : [found];
      const tops = within.map((element) => ({ element, top: element.getBoundingClientRect().top }));
      return tops.findLast(({ top }) => top <= y) ?? tops[0] ?? null;
    }
    return null;
  }

  /** A view that stands elsewhere was moved by the reader, or by the browser. */
  #notice(): void {
    const down = scrollY - this.#top;
    if (Math.abs(down) < 1) return;
    this.#top = scrollY;
    const left = this.#end() - scrollY;
    this.#due = null;
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

function blocks(turn: Element): Element[] {
  return [...turn.querySelectorAll(".block")];
}

/**
 * Whether the browser may hold what is in view in its place. Said of the body: said of the root element, Chromium takes
 * no notice. Each writing is a change to look at, so what is said already is not said again.
 */
function anchor(value: "" | "none"): void {
  const { style } = document.body;
  if (style.overflowAnchor !== value) style.overflowAnchor = value;
}
