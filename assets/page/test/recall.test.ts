// The questions of a conversation, called back by the arrow keys.

import { expect, test } from "vitest";

import { leaves, recall, recallable } from "../src/lib/recall";

test("each_question_is_called_back_once_where_it_was_asked_last", () => {
  expect(recallable(["a", "b", "a", "c"])).toEqual(["b", "a", "c"]);
});

test("the_newest_comes_first_the_oldest_is_the_last_and_below_is_an_empty_field", () => {
  const asked = ["old", "new"];
  expect(recall(asked, null, true)).toEqual({ recalled: 1, text: "new" });
  expect(recall(asked, 1, true)).toEqual({ recalled: 0, text: "old" });
  expect(recall(asked, 0, true)).toBeUndefined();
  expect(recall(asked, 0, false)).toEqual({ recalled: 1, text: "new" });
  expect(recall(asked, 1, false)).toEqual({ recalled: null, text: "" });
  expect(recall([], null, true)).toBeUndefined();
});

test("what_is_being_written_is_left_by_no_arrow", () => {
  expect(leaves("", 0, true, null)).toBe(true);
  expect(leaves("", 0, false, null)).toBe(false);
  expect(leaves("half", 0, true, null)).toBe(false);
});

test("a_question_of_several_lines_is_left_from_its_first_and_its_last", () => {
  const text = "one\ntwo";
  expect([1, 5].map((caret) => leaves(text, caret, true, 0))).toEqual([true, false]);
  expect([1, 5].map((caret) => leaves(text, caret, false, 0))).toEqual([false, true]);
});
