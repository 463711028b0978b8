// Reads a text while it grows: what is frozen of it is looked at no more.

import { grow, growOn, NOTHING, whole, type Block, type Blocks } from "./markdown";
import type { Tail } from "./reduce";

export class Growing {
  #blocks = NOTHING;
  #read = "";
  /** What the blocks are of, if the tail alone tells how it goes on. */
  #of: object | null = null;

  /** The blocks of a text that is as it was when it was read last, or longer, or begins anew; `tail`: its end, if known. */
  grow(text: string, tail: Tail | null): Blocks {
    const rest = this.#rest(tail);
    if (rest !== null) this.#blocks = growOn(this.#blocks, rest);
    else {
      this.#blocks = grow(this.#before(text), text);
      this.#of = text.includes("\r") ? null : (tail?.of ?? null);
    }
    this.#read = text;
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

  #rest(tail: Tail | null): string | null {
    if (tail === null || tail.of !== this.#of || tail.from > this.#blocks.offset) return null;
    const rest = tail.text.slice(this.#blocks.offset - tail.from);
    return rest.includes("\r") ? null : rest;
  }

  /** Compared as one, which is much sooner done than letter by letter. */
  #before(text: string): Blocks {
    return text.slice(0, this.#read.length) === this.#read ? this.#blocks : NOTHING;
  }
}
