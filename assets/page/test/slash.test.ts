// What a "/" offers.

import { expect, test } from "vitest";

import { offers } from "../src/lib/slash";

const SUGGESTIONS = ["What is askd?", "How long is (parental) leave?"];

const offered = (written: string, asked: string[] = []) =>
  offers(written, SUGGESTIONS, asked).map(({ question }) => question);

test("a_slash_alone_offers_the_suggestions_and_then_what_was_asked_the_newest_first_each_once", () => {
  expect(offers("/", SUGGESTIONS, ["old", "What is askd?", "new"])).toEqual([
    { question: "What is askd?", asked: false },
    { question: "How long is (parental) leave?", asked: false },
    { question: "new", asked: true },
    { question: "old", asked: true },
  ]);
});

test("each_word_behind_it_begins_a_word_of_what_is_offered", () => {
  expect(offered("/ASK wh")).toEqual(["What is askd?"]);
  expect(offered("/ paren")).toEqual(["How long is (parental) leave?"]);
  expect(offered("/is")).toEqual(SUGGESTIONS);
  expect(offered("/skd")).toEqual([]);
});

test("only_what_begins_with_a_slash_and_is_a_line_is_offered_anything", () => {
  expect(["", "what", " /what", "/what\n"].flatMap((written) => offered(written))).toEqual([]);
  expect(offered("/usr/bin/what")).toEqual([]);
  expect(
    offered(
      "/",
      Array.from({ length: 50 }, (_, n) => `${n}`),
    ),
  ).toHaveLength(8);
});
