// A turn's log as the server keeps it, for tests: what follows a cursor, joined into frames at will.

import type { Event } from "../src/lib/reduce";

export type Piece = { text: string; reasoning: boolean };

export class Log {
  constructor(
    readonly turn: string,
    readonly pieces: Piece[],
  ) {}

  /** The frames behind `after`; each joins up to `join` neighbouring pieces of one channel. */
  frames(after: number, join: number): Event[] {
    const frames: Event[] = [];
    let at = after;
    while (at < this.pieces.length) {
      const { reasoning } = this.pieces[at]!;
      let text = "";
      let joined = 0;
      while (joined < join && this.pieces[at]?.reasoning === reasoning) {
        text += this.pieces[at]!.text;
        at += 1;
        joined += 1;
      }
      frames.push({ type: "chunk", turn: this.turn, seq: at, text, ...(reasoning && { channel: "reasoning" }) });
    }
    const seq = this.pieces.length + 1;
    if (after < seq) {
      frames.push({
        type: "complete",
        turn: this.turn,
        seq,
        outcome: "stop",
        timing: { first_chunk_ms: 1, total_ms: 2 },
      });
    }
    return frames;
  }
}

export function told(pieces: Piece[], reasoning: boolean): string {
  return pieces
    .filter((piece) => piece.reasoning === reasoning)
    .map((piece) => piece.text)
    .join("");
}
