// Texts that are attached to a question: what is sent holds each of them, and each is found in it again.

import fc from "fast-check";
import { expect, test } from "vitest";

import { composed, fieldText, fileName, headline, isLong, recognised, type Attached } from "../src/lib/attached";

/** Words and texts that are full of what the form itself is made of. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 8 }),
      fc.constantFrom(
        "\n",
        "\n\n",
        "```",
        "````",
        "`",
        "text pasted",
        "```text pasted\n",
        '```md file="a.md"\n',
        "\n```",
      ),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));

const attached: fc.Arbitrary<Attached> = fc.record({
  name: fc.option(fc.string({ unit: "grapheme", maxLength: 30 }).map(fileName)),
  text,
});

test("what_is_sent_holds_each_attached_text_and_gives_all_of_it_back", () => {
  fc.assert(
    fc.property(text, fc.array(attached, { minLength: 1, maxLength: 4 }), (words, attached) => {
      const question = composed({ words, attached });
      for (const { text } of attached) expect(question).toContain(`\n${text}\n`);
      expect(recognised(question)).toEqual({ words, attached });
    }),
    { numRuns: 500 },
  );
});

test("whatever_is_asked_is_whole_in_what_is_recognised", () => {
  fc.assert(
    fc.property(text, (question) => {
      expect(composed(recognised(question))).toBe(question);
    }),
    { numRuns: 500 },
  );
});

test("a_question_without_anything_attached_is_its_words", () => {
  for (const question of ["", "plain", "```rust\nfn main() {}\n```", '```md file="a"\nand no end', "a\n```"]) {
    expect(recognised(question)).toEqual({ words: question, attached: [] });
    expect(composed({ words: question, attached: [] })).toBe(question);
  }
});

test("a_file_stands_in_a_block_with_its_language_and_name_behind_a_fence_that_is_longer_than_any_in_it", () => {
  const attached = [
    { name: "main.rs", text: "fn main() {}\n" },
    { name: "NOTES.TXT", text: "see\n````\nx\n````" },
    { name: null, text: "pasted" },
  ];
  const blocks = [
    '`````rs file="main.rs"\nfn main() {}\n\n`````',
    '`````text file="NOTES.TXT"\nsee\n````\nx\n````\n`````',
    "`````text pasted\npasted\n`````",
  ];
  expect(composed({ words: "What is this?", attached })).toBe(["What is this?", ...blocks].join("\n\n"));
});

test("a_files_name_ends_no_line_and_turns_no_letters_around", () => {
  expect(fileName('a"b`c\nd\u202Ee.txt')).toBe("a_b_c_d_e.txt");
  expect(fileName("")).toBe("_");
  expect([...fileName(`${"é".repeat(300)}.toml`)]).toHaveLength(100);
  expect(fileName(`${"é".repeat(300)}.toml`)).toMatch(/\.toml$/);
});

test("text_is_long_from_2001_characters_or_26_lines_on", () => {
  expect(["x".repeat(2_000), "x\n".repeat(24)].map(isLong)).toEqual([false, false]);
  expect(["x".repeat(2_001), "x\n".repeat(25)].map(isLong)).toEqual([true, true]);
});

test("what_no_question_may_have_is_replaced_and_line_ends_are_the_fields", () => {
  expect(fieldText("a\r\nb\rc\0d\uD800e")).toBe("a\nb\nc\uFFFDd\uFFFDe");
});

test("a_question_without_words_is_called_by_what_is_attached", () => {
  const attached = [
    { name: "a.md", text: "x" },
    { name: null, text: "y" },
  ];
  expect(headline(composed({ words: "", attached }), "Pasted text")).toBe("a.md, Pasted text");
  expect(headline(composed({ words: "Why?", attached }), "Pasted text")).toBe("Why?");
});
