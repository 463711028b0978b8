// Reads a text while it grows: what is frozen of it is looked at no more. Of a block that does not end all is read again, so the
// longer that takes, the longer it rests: whatever a model writes, nine tenths of the time are left to the page.

import { grow, growOn, NOTHING, whole, type Block, type Blocks } from "./markdown";
import type { Tail } from "./reduce";

/**
 * A last line of signs alone: whether it is an underline, a list's next item, a number or a quotation is told by what follows, and
 * until then it would have the line above jump.
 */
const UNDECIDED = /(?<=\n)[ \t]*(?:[-=*+>#]+|\d{1,9}[.)]?)[ \t]*$/;

/** Signs of such a line at the most. */
const FURTHEST = 80;

/** A reading that takes no longer than this is none that anybody notices, milliseconds. */
const SOON_MS = 8;

/** How many times as long as it took a reading is followed by none. */
const REST = 9;

export class Growing {
  /** For how long it is not read again from when it was read last, milliseconds: what comes meanwhile is read then. */
  pause = 0;
  /** Something has come that was not read yet. */
  behind = false;

  #blocks = NOTHING;
  #read = "";
  /** What the blocks are of, if the tail alone tells how it goes on. */
  #of: object | null = null;
  /** When it may be read again. */
  #free = 0;
  readonly #clock: () => number;

  constructor(clock = () => performance.now()) {
    this.#clock = clock;
  }

  /** The blocks of a text that is as it was when it was read last, or longer, or begins anew; `tail`: its end, if known. */
  grow(all: string, tail: Tail | null): Blocks {
    const { length } = UNDECIDED.exec(all.slice(-FURTHEST))?.[0] ?? "";
    const text = length === 0 ? all : all.slice(0, -length);
    const rest = this.#rest(tail, length);
    const begun = this.#clock();
    if (begun < this.#free && (rest !== null || this.#before(text) === this.#blocks)) {
      this.behind = text !== this.#read;
      return this.#blocks;
    }
    this.behind = false;
    if (this.pause > 0 && text === this.#read) return this.#blocks;
    if (rest !== null) this.#blocks = growOn(this.#blocks, rest);
    else {
      this.#blocks = grow(this.#before(text), text);
      this.#of = text.includes("\r") ? null : (tail?.of ?? null);
    }
    this.#read = text;
    const took = this.#clock() - begun;
    this.pause = took > SOON_MS ? REST * took : 0;
    // A browser's clock is coarse, and its timers may be a moment early.
    this.#free = begun + took + this.pause - 1;
    return this.#blocks;
  }

  /**
   * The blocks of the text when it grows no more. It is read anew as a whole only where what stands below may say what is
   * meant above: a link's definition, a footnote.
   */
  end(text: string): Block[] {
    if (text.includes("]:") || text.includes("[^")) return whole(text);
    return text === this.#read ? this.#blocks.blocks : grow(this.#before(text), text).blocks;
  }

  /** `without`: so many letters at its end are not read. */
  #rest(tail: Tail | null, without: number): string | null {
    if (tail === null || tail.of !== this.#of || tail.from > this.#blocks.offset) return null;
    const rest = tail.text.slice(this.#blocks.offset - tail.from, tail.text.length - without);
    return rest.includes("\r") ? null : rest;
  }

  /** Compared as one, which is much sooner done than letter by letter. */
  #before(text: string): Blocks {
    return text.slice(0, this.#read.length) === this.#read ? this.#blocks : NOTHING;
  }
}
