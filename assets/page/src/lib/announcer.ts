// What a screen reader hears of a conversation: what happens now, the answer in whole sentences as it comes, and one word
// at its end; nothing of what was over when the reader came to it.

import type { Turn } from "./reduce";
import { Sentences } from "./sentences";
import { announcement, type Status } from "./words";

/** Between two parts of an answer there is time to hear the first: one that is followed at once may be cut short. */
const PAUSE_MS = 3_000;

/** An answer that was seen running: how it stood when that was told last, and what was read of it. */
type Heard = { told: string; sentences: Sentences };

export class Announcer {
  #heard = new Map<string, Heard>();
  #spoken = "";
  /** When the last words were given. */
  #at = 0;

  /** What is to be heard now, of the turns that are shown; `now` in milliseconds, on a clock that only goes forward. */
  say(turns: readonly Turn[], statusOf: (turn: Turn) => Status | null, now: number): string {
    this.#forget(turns);
    const words = turns.flatMap((turn) => this.#of(turn, statusOf, now));
    if (words.length > 0) {
      this.#spoken = words.join(" ");
      this.#at = now;
    }
    return this.#spoken;
  }

  /** An answer that is no longer shown, or another conversation's, is no matter any more. */
  #forget(turns: readonly Turn[]): void {
    if (this.#heard.size === 0) return;
    const shown = new Set(turns.map(({ id }) => id));
    for (const id of this.#heard.keys()) {
      if (!shown.has(id) && this.#heard.delete(id)) this.#spoken = "";
    }
  }

  #of(turn: Turn, statusOf: (turn: Turn) => Status | null, now: number): string[] {
    const over = turn.ending !== null;
    const heard = this.#heard.get(turn.id) ?? (over ? null : this.#begin(turn));
    if (heard === null || heard.told === OVER) return [];
    const state = announcement(turn, statusOf(turn));
    if (over) {
      heard.told = OVER;
      return [...heard.sentences.take(turn.text, true), state];
    }
    if (heard.told !== state) {
      heard.told = state;
      return [state];
    }
    return now - this.#at < PAUSE_MS ? [] : heard.sentences.take(turn.text, false);
  }

  /** What is whole already was there before the reader. */
  #begin(turn: Turn): Heard {
    const sentences = new Sentences();
    sentences.take(turn.text, false);
    const heard = { told: "", sentences };
    this.#heard.set(turn.id, heard);
    return heard;
  }
}

/** No state has these words. */
const OVER = "\0";
