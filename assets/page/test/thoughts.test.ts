// Thinking that ends in an answer without having begun there: what of it is folded, however it comes.

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { newTurn, reduce, type Turn } from "../src/lib/reduce";

const FIELDS = { id: "1", parent: null, question: "?", asked: 0, accepted: true, sent: true };

/** What is shown of an answer that comes in such pieces. */
function streamed(pieces: string[], thinking = ""): Pick<Turn, "text" | "thinking"> {
  let turns = [newTurn({ ...FIELDS, thinking })];
  pieces.forEach((text, n) => (turns = reduce(turns, { type: "chunk", turn: "1", seq: n + 1, text })));
  const { text, thinking: thoughts, tail } = turns[0]!;
  if (tail) expect(text.slice(tail.from)).toBe(tail.text);
  return { text, thinking: thoughts };
}

/** What is shown of it after a reload. */
function kept(text: string, thinking = ""): Pick<Turn, "text" | "thinking"> {
  const turn = newTurn({ ...FIELDS, text, thinking, ending: "stop" });
  return { text: turn.text, thinking: turn.thinking };
}

test.each([
  ["Hm, so.\n</think>\n\nYes.", "Hm, so.", "\nYes."],
  ["Hm.\r\n </Think> \r\nYes.", "Hm.", "Yes."],
  ["Hm.\n</thinking>\nYes.", "Hm.", "Yes."],
  ["Hm, so.</think>\n\nYes.", "Hm, so.", "\nYes."],
  ["Is it `b` or `c`? </think>\nIt is `b`.", "Is it `b` or `c`?", "It is `b`."],
  ["</think>\nYes.", "", "Yes."],
  ["Hm.\n</think>\nYes.\n</think>\nAnd no.", "Hm.", "Yes.\n</think>\nAnd no."],
])("%j is folded where it is closed", (text, thinking, answer) => {
  expect(kept(text)).toEqual({ thinking, text: answer });
});

test.each([
  "It ends with </think> and goes on.",
  "It ends with ` </think>\nand goes on.",
  "Between <think> and </think>\nit thinks.",
  "It ends with\n`</think>`\nand goes on.",
  "```\nHm.\n</think>\nYes.\n```\n",
  "~~~~\n```\n</think>\n~~~\n</think>\n",
  "Write\n<think>\nHm.\n</think>\nfirst.",
  "<think>Hm.\n</think>\nYes.",
  "Hm.\n</think>",
])("%j is all answer", (text) => {
  expect(kept(text)).toEqual({ thinking: "", text });
});

test("thinking_within_thinking_is_thinking_all_of_it", () => {
  expect(kept("c\n</think>\nd", "a <think> b")).toEqual({ thinking: "a <think> b\n\nc", text: "d" });
});

test("however_it_is_cut_and_after_a_reload_the_same_is_folded", () => {
  const part = fc.constantFrom("</think>", "<think>", "\n", "\n", "```", " ", "a", "</thi", "nk>");
  fc.assert(
    fc.property(fc.array(part), fc.array(part), (before, behind) => {
      const pieces = [...before, ...behind];
      expect(streamed(pieces)).toEqual(kept(pieces.join("")));
      expect(streamed([before.join(""), behind.join("")])).toEqual(kept(pieces.join("")));
    }),
  );
});

test("an_answer_that_was_fetched_in_its_midst_goes_on_as_it_began", () => {
  const turns = [newTurn({ ...FIELDS, text: "Hm.\n</th" })];
  expect(reduce(turns, { type: "chunk", turn: "1", seq: 1, text: "ink>\nYes." })[0]).toMatchObject({
    thinking: "Hm.",
    text: "Yes.",
  });
});
