// What a screen reader hears of the answer that is shown: what happens now, and nothing of what was over when the reader
// came to it.

import type { Turn } from "./reduce";
import { announcement, type Status } from "./words";

export class Announcer {
  /** The last answer that was heard of, which was running then. */
  #running: string | null = null;

  /** `turn`: the last one shown. An end is told of an answer that was seen running, until another one is shown. */
  say(turn: Turn | null, status: Status | null): string {
    if (turn?.ending === null) this.#running = turn.id;
    else if (turn?.id !== this.#running) this.#running = null;
    return this.#running === null ? "" : announcement(turn, status);
  }
}
