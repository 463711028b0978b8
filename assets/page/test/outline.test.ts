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
    ["Two b", 0],
    ["Three", 1],
    ["Four", 0],
  ]);
});

test("a_few_headings_are_no_contents", () => {
  expect(outline(answer("# One\n\n# Two\n\n# Three"))).toEqual([]);
});
