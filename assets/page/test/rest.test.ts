// An answer in parts.

import { expect, test } from "vitest";

import { newTurn, type Turn } from "../src/lib/reduce";
import { CONTINUE, isRest, whole } from "../src/lib/rest";

const turn = (question: string, text: string, ending: Turn["ending"]) =>
  newTurn({ id: text, parent: null, question, asked: 0, text, ending });

test("what_continues_an_answer_that_ended_early_is_its_rest_and_no_question", () => {
  for (const ending of ["cancelled", "interrupted", "length"] as const) {
    expect(isRest([turn("Why?", "a", ending), turn(CONTINUE, "b", null)], 1)).toBe(true);
  }
  expect(isRest([turn("Why?", "a", "stop"), turn(CONTINUE, "b", null)], 1)).toBe(false);
  expect(isRest([turn("Why?", "", "cancelled"), turn(CONTINUE, "b", null)], 1)).toBe(false);
  expect(isRest([turn("Why?", "a", "length"), turn("And?", "b", null)], 1)).toBe(false);
  expect(isRest([turn(CONTINUE, "a", null)], 0)).toBe(false);
});

test("an_answer_in_parts_is_one_text", () => {
  const path = [
    turn("Why?", "Because the", "length"),
    turn(CONTINUE, "light ", "cancelled"),
    turn(CONTINUE, "scatters", "length"),
    turn(CONTINUE, "\n\nmore.", "stop"),
    turn("And?", "So.", "stop"),
  ];
  expect(path.map((_, at) => whole(path, at))).toEqual([
    "Because the",
    "Because the light ",
    "Because the light scatters",
    "Because the light scatters\n\nmore.",
    "So.",
  ]);
});
