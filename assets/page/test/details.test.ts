// `<details>` with blank lines in it: all that stands before its end tag is folded.

import { expect, test } from "vitest";

import { whole } from "../src/lib/markdown";
import { shown } from "./html";

/** What is shown of it, without what a writing direction adds. */
function read(text: string): string {
  const box = shown(text);
  for (const node of box.querySelectorAll("[dir]")) node.removeAttribute("dir");
  return [...box.children].map(({ outerHTML }) => outerHTML.replaceAll("\n", "")).join(" | ");
}

test("what_follows_a_blank_line_is_folded_too", () => {
  expect(read("before\n\n<details>\n<summary>More</summary>\n\n- **one**\n- two\n\nEnd.\n\n</details>\n\nafter")).toBe(
    "<p>before</p> | <details><summary>More</summary><ul><li><strong>one</strong></li><li>two</li></ul><p>End.</p></details>" +
      " | <p>after</p>",
  );
});

test("one_within_another_ends_the_inner_one", () => {
  expect(
    read("<details>\n\nout\n\n<details><summary>in</summary>\n\ndeep\n\n</details>\n\nout again\n\n</details>"),
  ).toBe("<details><p>out</p><details><summary>in</summary><p>deep</p></details><p>out again</p></details>");
});

test("an_end_tag_in_code_is_code", () => {
  expect(read("<details>\n\n```html\n</details>\n```\n\nstill in\n\n</details>\n\nout")).toMatch(
    /<p>still in<\/p><\/details> \| <p>out<\/p>$/,
  );
});

test("without_an_end_tag_the_rest_is_folded", () => {
  expect(read("<details><summary>s</summary>\n\none\n\ntwo")).toBe(
    "<details><summary>s</summary><p>one</p><p>two</p></details>",
  );
});

test("without_a_blank_line_it_is_html_as_any_other", () => {
  expect(whole("<details><summary>s</summary>**in**</details>\n\nafter")[0]?.token.type).toBe("html");
});

test("babbled_tags_cost_no_more_than_their_letters", () => {
  for (const tag of ["<details>\n\n", "<details>\n\n</details>\n\n", "<details>\n\n```\n"]) {
    expect(shown(tag.repeat(2_000)).querySelectorAll("details").length).toBeGreaterThan(0);
  }
});
