// What the page has to say about something that the reader did, for a moment, and how it can be undone.

export type Notice = {
  id: number;
  words: string;
  undo: (() => Promise<void>) | null;
  /** The reader came by keyboard, so the way back is where they go on. */
  focus: boolean;
};

const SHOWN_MS = 10_000;

/** How many are seen at once: more would leave a telephone no room for what they speak of. */
const MOST_SEEN = 3;

export class Notices {
  all = $state.raw<Notice[]>([]);

  #count = 0;
  #undoing = new Set<number>();
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  /** What is said again is said once: it counts as new. */
  say(words: string, undo: Notice["undo"] = null, focus = false): void {
    const before = undo === null && this.all.find((notice) => notice.undo === null && notice.words === words);
    if (before) this.end(before.id);
    const id = this.#count++;
    this.all = [...this.all, { id, words, undo, focus }];
    this.leave(id);
    // Nothing tells of a pointer or focus that was on what is covered now.
    const pushed = this.all.at(-MOST_SEEN - 1);
    if (pushed) this.leave(pushed.id);
  }

  /** Whether newer ones stand in its place until they are gone; its time goes on, and it can be undone. */
  covered(notice: Notice): boolean {
    return this.all.indexOf(notice) < this.all.length - MOST_SEEN;
  }

  /** Once, and with the notice there until it is done: the focus may be on it. */
  async undo(notice: Notice): Promise<void> {
    const { id, undo } = notice;
    if (undo === null || this.#undoing.has(id)) return;
    this.#undoing.add(id);
    this.hold(id);
    await undo();
    this.#undoing.delete(id);
    this.end(id);
  }

  /** What can be undone and was said last. */
  get last(): Notice | null {
    return this.all.findLast(({ id, undo }) => undo !== null && !this.#undoing.has(id)) ?? null;
  }

  /** Nobody hurries a reader whose pointer or focus is on the notice. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  leave(id: number): void {
    this.hold(id);
    if (this.#undoing.has(id)) return;
    this.#timers.set(
      id,
      setTimeout(() => this.end(id), SHOWN_MS),
    );
  }

  end(id: number): void {
    this.hold(id);
    this.#timers.delete(id);
    this.all = this.all.filter((notice) => notice.id !== id);
  }
}
