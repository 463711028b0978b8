// The contents of a long answer.

import { expect, test } from "vitest";

import { whole } from "../src/lib/markdown";
import { nodes } from "../src/lib/nodes";
import { outline } from "../src/lib/outline";

/** An answer as it stands in the page. */
function answer(markdown: string): HTMLElement {
  const box = document.createElement("div");
  const text = box.appendChild(document.createElement("div"));
  text.className = "markdown";
  const part = text.appendChild(document.createElement("div"));
  for (const one of whole(markdown)) part.appendChild(document.createElement("div")).append(nodes(one));
  return box;
}

test("a_long_answer_has_its_headings_each_at_its_level", () => {
  const found = outline(
    answer("# One\n\n## Two *b*\n\nx\n\n### Three\n\n```\n# none\n```\n\n## Four\n\n> # none either"),
  );
  expect(found.map(({ words, level }) => [words, level])).toEqual([
    ["One", 0],
    ["Two b", 1],
    ["Three", 2],
    ["Four", 1],
  ]);
});

test("a_few_headings_are_no_contents", () => {
  expect(outline(answer("# One\n\n# Two\n\n# Three"))).toEqual([]);
});

/** Tags and levels of all headings. */
function levels(markdown: string): string[] {
  return [...answer(markdown).querySelectorAll("h3, h4, h5, h6")].map(
    (heading) => `${heading.localName} ${heading.ariaLevel ?? heading.localName.slice(1)}`,
  );
}

test("headings_keep_their_order_from_the_third_level_on", () => {
  const marks = [1, 2, 3, 4, 5, 6].map((depth) => `${"#".repeat(depth)} x`);
  expect(levels(marks.join("\n\n"))).toEqual(["h3 3", "h4 4", "h5 5", "h6 6", "h6 7", "h6 8"]);
});

test.each([
  ["## A\n\n### B\n\n## C", ["h4 3", "h5 4", "h4 3"]],
  ["### A\n\n# B\n\n#### C\n\n## D", ["h5 3", "h3 3", "h6 4", "h4 4"]],
  ["#\n\n## A\n\n> ### B", ["h4 3", "h5 4"]],
])("%j_leaves_no_level_out_for_those_who_hear_it", (markdown, found) => {
  expect(levels(markdown)).toEqual(found);
});
