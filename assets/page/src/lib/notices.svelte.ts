// What the page has to say about something that the reader did, for a moment, and how it can be undone.

export type Notice = { id: number; words: string; undo: (() => void) | null };

const SHOWN_MS = 10_000;

export class Notices {
  all = $state.raw<Notice[]>([]);

  #count = 0;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(words: string, undo: (() => void) | null = null): void {
    const id = this.#count++;
    this.all = [...this.all, { id, words, undo }];
    this.leave(id);
  }

  /** Nobody hurries a reader whose pointer or focus is on the notice. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  leave(id: number): void {
    this.hold(id);
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
