// A text that grows is read by its end, and says what it says read as a whole.

import fc from "fast-check";
import { expect, test, vi } from "vitest";

import { Growing } from "../src/lib/growing";
import * as markdown from "../src/lib/markdown";
import { whole } from "../src/lib/markdown";
import { newTurn, reduce, type Turn } from "../src/lib/reduce";
import { html } from "./html";

class Answer {
  /** However slow the machine is, each piece is read when it comes. */
  readonly #read = new Growing(() => 0);
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

test.each(["-", "- ", "---", "=", "1", "1.", "*", ">", "##"])(
  "what_%j_on_a_line_of_its_own_will_be_is_not_shown_before_it_is_known",
  (signs) => {
    const answer = new Answer();
    answer.hears("Here are the steps:\n");
    const { shown } = answer;
    for (const sign of signs) answer.hears(sign);
    expect(answer.shown).toEqual(shown);
    answer.hears("\n\nSo.");
    expect(answer.shown).toEqual(html(whole(`Here are the steps:\n${signs}\n\nSo.`)));
  },
);

test("what_a_text_ends_with_is_shown_when_it_has_ended", () => {
  const read = new Growing();
  read.grow("A title\n---", null);
  expect(html(read.end("A title\n---"))).toEqual(html(whole("A title\n---")));
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
  const read = new Growing(() => 0);
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

test("of_a_block_that_does_not_end_readings_take_a_tenth_of_the_time_and_none_of_it_is_left_out", () => {
  // A reading takes a millisecond for so many letters, and each paint brings some more.
  const [letters, paints, more] = [100, 1_000, "[ ".repeat(80)];
  let now = 0;
  let spent = 0;
  let readings = 0;
  const reads = (before: markdown.Blocks, rest: string) => {
    readings += 1;
    now += rest.length / letters;
    spent += rest.length / letters;
    return { ...before };
  };
  const spies = (["grow", "growOn"] as const).map((name) => vi.spyOn(markdown, name).mockImplementation(reads));
  const read = new Growing(() => now);
  let turn = newTurn({ id: "1", parent: null, question: "?", asked: 0, accepted: true });
  const paint = () => {
    now += 16;
    turn = reduce([turn], { type: "chunk", turn: "1", seq: turn.seq + 1, text: more })[0] as Turn;
    read.grow(turn.text, turn.tail);
  };
  for (let n = 0; n < paints; n++) paint();
  expect(readings).toBeGreaterThan(5);
  expect(spent).toBeLessThan(now / 9);
  const before = readings;
  paint();
  paint();
  now += read.pause;
  read.grow(turn.text, turn.tail);
  expect(readings).toBeGreaterThan(before);
  const all = readings;
  // What has been read is not read again.
  now += read.pause;
  read.grow(turn.text, turn.tail);
  expect(readings).toBe(all);
  spies.forEach((spy) => spy.mockRestore());
});

test("words_of_one_block_are_read_for_marks_up_to_a_bound_and_beyond_it_stand_as_they_are", () => {
  const words = (length: number) => "*a* ".repeat(length / 4);
  expect(html(whole(words(16_384)))[0]).toContain("<em>a</em>");
  const beyond = words(16_384 + 4);
  const [shown] = html(whole(beyond));
  expect(shown).not.toContain("<em>");
  expect(shown!.replace(/<[^>]*>/g, "").trim()).toBe(beyond.trim());
  const answer = new Answer();
  for (let at = 0; at < beyond.length; at += 1_000) answer.hears(beyond.slice(at, at + 1_000));
  answer.hears("\n\nAnd *more*.");
  expect(answer.shown).toEqual(html(whole(`${beyond}\n\nAnd *more*.`)));
  expect(answer.shown[1]).toContain("And <em>more</em>.");
});
