// What a search shows of an answer reads as plain text, with its marks where they were.

import { expect, test } from "vitest";

import { near, plain } from "../src/lib/plain";

const shown = (text: string) =>
  plain([{ text, marked: false }])
    .map((part) => part.text)
    .join("");

test.each([
  ["They are **mammals** and *sing*.", "They are mammals and sing."],
  ["…cut **off", "…cut off"],
  ["## A heading\n\nand `code`", " A heading\n\nand code"],
  ["- one\n- two\n1. three", " one\n two\n1. three"],
  ["> said __so__", "said so"],
  ['see [the page](https://example.org/a "title") and ![a whale](w.png)', "see the page and a whale"],
  ["see [x](javascript:alert(1)) and on", "see x and on"],
  ["see [the page](https://exam…", "see the page"],
  ["```rust\nlet a = 2 * 3;\n```", "\nlet a = 2 * 3;\n"],
  ["2 * 3, 2*3, snake_case_name, a_b", "2 * 3, 2*3, snake_case_name, a_b"],
  ["an array[3] and [1] as a source", "an array[3] and [1] as a source"],
  ["| a | b |\n|---|:--:|\n| c | d |", " a  b \n\n c  d "],
  ["cat x | sort || true", "cat x | sort || true"],
  ["x < y > z # not a heading", "x < y > z # not a heading"],
])("%j is shown as %j", (written, read) => {
  expect(shown(written)).toBe(read);
});

test("the_marks_stay_where_they_were_also_within_what_goes", () => {
  const excerpt = [
    { text: "They are **", marked: false },
    { text: "mammals", marked: true },
    { text: "**, see [", marked: false },
    { text: "whales", marked: true },
    { text: "](https://example.org/", marked: false },
    { text: "whales", marked: true },
    { text: ").", marked: false },
  ];
  expect(plain(excerpt)).toEqual([
    { text: "They are ", marked: false },
    { text: "mammals", marked: true },
    { text: ", see ", marked: false },
    { text: "whales", marked: true },
    { text: ".", marked: false },
  ]);
});

test("a_title_begins_near_what_was_found_in_it", () => {
  const cut = (text: string) =>
    near([
      { text, marked: false },
      { text: "zebra", marked: true },
      { text: "?", marked: false },
    ])[0]!.text;
  expect(cut("And the ")).toBe("And the ");
  expect(cut("How do I keep a streaming answer on a phone from jumping, ")).toBe("…answer on a phone from jumping, ");
  // Words that are written without spaces, and letters of two code units.
  expect(cut("斑".repeat(60))).toBe(`…${"斑".repeat(40)}`);
  expect(cut(`${"🐋".repeat(30)}.`)).toBe(`…${"🐋".repeat(19)}.`);
  const first = [{ text: "Zebra", marked: true }];
  expect(near(first)).toBe(first);
});
