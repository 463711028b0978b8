// A text that grows is read by its end, and says what it says read as a whole.

import fc from "fast-check";
import { expect, test } from "vitest";

import { Growing } from "../src/lib/growing";
import { whole } from "../src/lib/markdown";
import { newTurn, reduce, type Turn } from "../src/lib/reduce";
import { html } from "./html";

class Answer {
  readonly #read = new Growing();
  #turn = newTurn({ id: "1", parent: null, question: "?", asked: 0, accepted: true });

  hears(text: string): void {
    this.#becomes({ type: "chunk", turn: "1", seq: this.#turn.seq + 1, text });
  }

  beginsAnew(): void {
    this.#becomes({ type: "accepted", turn: "1", conversation: "c", after: 0, parent: null });
  }

  get shown(): string[] {
    return html(this.#read.grow(this.#turn.text, this.#turn.tail).blocks);
  }

  #becomes(event: Parameters<typeof reduce>[1]): void {
    this.#turn = reduce([this.#turn], event)[0] as Turn;
    void this.shown;
  }
}

const PARAGRAPH = `${"Words and *more* of them. ".repeat(8)}\n\n`;

test.each([
  ["many_blocks", PARAGRAPH.repeat(400)],
  ["one_block_that_is_longer_than_the_end", `${"- a *point*\n".repeat(4_000)}\n${PARAGRAPH.repeat(3)}`],
  ["the_lines_of_another_system", PARAGRAPH.replaceAll("\n", "\r\n").repeat(300)],
  [
    "the_lines_of_another_system_from_somewhere_on",
    PARAGRAPH.repeat(200) + PARAGRAPH.replaceAll("\n", "\r\n").repeat(100),
  ],
])("%s", (_, text) => {
  const answer = new Answer();
  for (let at = 0; at < text.length; at += 997) answer.hears(text.slice(at, at + 997));
  expect(answer.shown).toEqual(html(whole(text)));
});

test("a_text_that_begins_anew_is_another_one", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("one\n\n", "two ", "# three\n\n", null), { maxLength: 20 }), (pieces) => {
      const answer = new Answer();
      let text = "";
      for (const piece of pieces) {
        if (piece === null) answer.beginsAnew();
        else answer.hears(piece);
        text = piece === null ? "" : text + piece;
      }
      expect(answer.shown).toEqual(html(whole(text)));
    }),
  );
});

test("of_a_long_text_no_more_than_its_end_is_touched", () => {
  const read = new Growing();
  const text = PARAGRAPH.repeat(400);
  let turn = newTurn({ id: "1", parent: null, question: "?", asked: 0, accepted: true });
  const hears = (text: string) =>
    (turn = reduce([turn], { type: "chunk", turn: "1", seq: turn.seq + 1, text })[0] as Turn);
  for (let at = 0; at < text.length; at += 5_000) {
    hears(text.slice(at, at + 5_000));
    read.grow(turn.text, turn.tail);
  }
  hears("and more");
  expect(turn.tail!.text.length).toBeLessThan(40_000);
  // What the whole text is, is not asked.
  const { blocks } = read.grow("", turn.tail);
  expect(html(blocks).at(-1)).toContain("and more");
  expect(blocks).toHaveLength(401);
});
