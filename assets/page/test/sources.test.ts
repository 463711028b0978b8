// What sources look like in words, and the numbers in an answer that name them.

import { expect, test } from "vitest";

import { whole } from "../src/lib/markdown";
import { nodes } from "../src/lib/nodes";
import { newTurn } from "../src/lib/reduce";
import { sourcesOf } from "../src/lib/rest";
import { confidence, marked, trail, web, withSources } from "../src/lib/sources";

const source = (n: number, title: string) => ({ n, title, excerpt: "", score: 0.5 });

test("the_questions_words_are_marked_in_any_form_and_small_ones_are_not", () => {
  const words = (excerpt: string, question: string) =>
    marked(excerpt, question)
      .filter(({ marked }) => marked)
      .map(({ text }) => text);
  expect(words("The backups of a café are WEEKLY.", "how is the backup of my cafe made weekly?")).toEqual([
    "backups",
    "café",
    "WEEKLY",
  ]);
  expect(words("position", "positively")).toEqual([]);
  expect(words("anything", "")).toEqual([]);
  const excerpt = "…a b, c: Größe!";
  expect(
    marked(excerpt, "größe")
      .map(({ text }) => text)
      .join(""),
  ).toBe(excerpt);
});

test("a_match_is_told_in_words_and_as_a_figure", () => {
  expect([0.9, 0.5, 0.1, 7, -1].map(confidence)).toEqual([
    "Strong match, 90 %",
    "Likely match, 50 %",
    "Weak match, 10 %",
    "Strong match, 100 %",
    "Weak match, 0 %",
  ]);
});

test("only_addresses_of_the_web_are_links", () => {
  expect(web("https://example.org/a")?.host).toBe("example.org");
  expect([null, undefined, "", "/x", "javascript:alert(1)", "ftp://example.org"].map(web)).toEqual(Array(6).fill(null));
});

test("a_copied_answer_has_its_sources_and_each_part_of_it_once", () => {
  const first = newTurn({ id: "1", parent: null, question: "?", asked: 0, text: "One [1]", ending: "length" });
  const turns = [
    { ...first, sources: [source(1, "A")] },
    { ...first, id: "2", question: "Continue.", sources: [source(1, "A"), source(2, "B")] },
  ];
  const all = sourcesOf(turns, 1);
  expect(all.map(({ title }) => title)).toEqual(["A", "B"]);
  expect(withSources("One [1]", all)).toBe("One [1]\n\nSources:\n\n[1] A\n[2] B\n");
  expect(withSources("One", [])).toBe("One");
});

test("a_number_that_names_a_source_is_a_button_but_not_in_code_or_links", () => {
  const box = document.createElement("div");
  const text = "A [1], B [2][1] and [7]; `[1]` [see [1]](https://example.org) **[2]**\n\n```\n[1]\n```\n";
  const cited = new Map([
    [1, 'One "quoted" <b>'],
    [2, "Two"],
  ]);
  box.append(...whole(text).map((block) => nodes(block, cited)));
  const buttons = [...box.querySelectorAll("button.cite")];
  expect(buttons.map((button) => button.textContent)).toEqual(["1", "2", "1", "2"]);
  expect(buttons[0]!.getAttribute("aria-label")).toBe('Source 1: One "quoted" <b>');
  expect(box.querySelector("a button, pre button.cite, code button")).toBeNull();
  expect(box.textContent).toContain("and [7]; [1]");
  const plain = document.createElement("div");
  plain.append(...whole(text).map((block) => nodes(block)));
  expect(plain.querySelector(".cite")).toBeNull();
});

test("of_a_long_path_of_headings_the_end_is_shown", () => {
  const long = "a heading that goes on and on until nobody knows any more where it has begun, and a little further";
  expect(trail("Guide › Tea")).toBe("Guide › Tea");
  expect(trail(`Guide › ${long}`)).toBe(`Guide › ${long}`);
  expect(trail(`Guide › Tea › ${long}`)).toBe(`… › Tea › ${long}`);
  expect(trail(`${long} › ${long}`)).toBe(`… › ${long}`);
  expect(trail(long)).toBe(long);
});

test("a_links_words_however_long_take_no_time", () => {
  const cited = new Map([[1, "A"]]);
  const text = "[[" + "\u00a0".repeat(20_000) + "1" + " ".repeat(20_000) + "x](https://e.org)";
  const box = document.createElement("div");
  box.append(...whole(text).map((block) => nodes(block, cited)));
  expect(box.querySelector("[data-cite]")).toBeNull();
});

test("no_text_leads_a_sources_number_elsewhere", () => {
  const text = "Here [1], [more][1] and [2][].\n\n[1]: https://evil.example/one\n[2]: javascript:alert(1)\n";
  const cited = new Map([
    [1, "A"],
    [2, "B"],
  ]);
  const box = document.createElement("div");
  box.append(...whole(text).map((block) => nodes(block, cited)));
  expect([...box.querySelectorAll("p [data-cite]")].map((mark) => mark.textContent)).toContain("1");
  const links = whole("[1](https://evil.example/a) [1][x] [1, 2](https://evil.example/b)\n\n[x]: https://e.org/d");
  box.append(...links.map((block) => nodes(block, cited)));
  expect(nodes(whole("[2020](https://e.org/c)")[0]!, cited).querySelector("a")?.textContent).toBe("2020");
  expect([...box.querySelectorAll("a")].every((link) => link.textContent === link.getAttribute("href"))).toBe(true);
});
