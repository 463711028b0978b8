// A growing block in the page: what is there stays, and with it what the reader has selected.

import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";

import { grow, NOTHING, whole } from "../src/lib/markdown";
import { nodes } from "../src/lib/nodes";
import { morph } from "../src/lib/morph";

let box: HTMLElement;

beforeEach(() => {
  box = document.createElement("div");
  document.body.replaceChildren(box);
  getSelection()!.removeAllRanges();
});

/** Shows a text of one block. */
function show(markdown: string): void {
  morph(box, made(markdown));
}

function made(markdown: string): DocumentFragment {
  const made = document.createDocumentFragment();
  made.append(...whole(markdown).map((block) => nodes(block)));
  return made;
}

/** Selects words that are within one text node each, from the beginning of the first to the end of the last. */
function select(first: string, last = first): void {
  const [from, to] = [nodeWith(first), nodeWith(last)];
  getSelection()!.setBaseAndExtent(from, from.data.indexOf(first), to, to.data.indexOf(last) + last.length);
}

function nodeWith(words: string): Text {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if ((walker.currentNode as Text).data.includes(words)) return walker.currentNode as Text;
  throw new Error(`there is no ${words}`);
}

const PIECES = [
  "*a* b",
  "**",
  "`c`",
  "[d](https://e.org)",
  "\n- ",
  "\n\n",
  "\n> ",
  "```js\n",
  "let a = 1;",
  "\n| a | b |\n|---|---|\n",
  "$x$",
  "<b>",
  "</b>",
  "# ",
  " words ",
];

describe("what is in the page", () => {
  test("becomes_what_was_made_whatever_was_there_before", () => {
    const texts = fc.array(fc.constantFrom(...PIECES), { maxLength: 10 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        box.replaceChildren();
        show(before);
        show(after);
        const other = document.createElement("div");
        other.append(made(after));
        expect(box.innerHTML).toBe(other.innerHTML);
      }),
      { numRuns: 60 },
    );
  });

  test("stays_the_very_same_nodes_as_far_as_it_says_the_same", () => {
    show("- one *two*\n- three `four`\n- fi");
    const before = [...box.querySelectorAll("*")];
    show("- one *two*\n- three `four`\n- five **six**");
    expect([...box.querySelectorAll("*")].slice(0, before.length)).toEqual(before);
    expect(box.querySelector("li:last-child strong")?.textContent).toBe("six");
  });

  test("keeps_what_the_reader_did_with_it", () => {
    show("```js\nlet a;");
    const [wrap, pre] = [box.querySelector<HTMLElement>('[data-code="wrap"]')!, box.querySelector("pre")!];
    wrap.setAttribute("aria-pressed", "true");
    wrap.focus();
    show("```js\nlet a;\nlet b;\n```");
    expect(box.querySelector("pre")).toBe(pre);
    expect(document.activeElement).toBe(wrap);
    expect(wrap.getAttribute("aria-pressed")).toBe("true");
    show("<details><summary>More</summary>");
    box.querySelector("details")!.open = true;
    show("<details><summary>More</summary> and more");
    expect(box.querySelector("details")!.open).toBe(true);
  });

  test("is_replaced_where_it_is_nested_too_deep_to_be_looked_into", () => {
    const nested = (words: string) => "<b>".repeat(200) + words;
    show(nested("one"));
    show(nested("two"));
    expect(box.textContent).toContain("two");
  });
});

describe("what is selected", () => {
  test.each([
    ["a paragraph", "The quick brown", " fox", "quick"],
    ["a heading", "## The quick", " fox", "The"],
    ["a list", "- one\n- two words", " and\n- three", "two"],
    ["a list that becomes loose", "- one\n- two words\n", "\n- three", "two words"],
    ["a paragraph that becomes a heading", "The quick\n-", "--\n", "quick"],
    ["a quotation", "> said *once*", " and again", "once"],
    ["code", "```js\nlet first = 1;\nlet", " second = 2;", "first"],
    ["code from its indent on", "```\n  let first", " = 1;", "  let"],
    ["code without a language", "```\nlet first = 1;\nlet", " second = 2;", "first"],
    ["words that become strong", "a **bold wo", "rd** and", "bold"],
    ["words that become a link", "see [the page](https://e", ".org) and", "the page"],
    ["words behind what becomes strong", "**a* b c", "*", "b"],
    ["a table", "| a | b |\n|---|---|\n| one | two |", "\n| three |", "two"],
    ["the last word", "The quick", " fox", "quick"],
    ["a text that is made anew", "one two", " three", "one two"],
  ])("stays_in_%s", (_, before, more, words) => {
    show(before);
    select(words);
    show(before + more);
    expect(getSelection()!.toString()).toBe(words);
  });

  test("stays_across_blocks_and_in_its_direction", () => {
    const other = document.createElement("p");
    other.textContent = "Before.";
    document.body.prepend(other);
    show("- one\n- two\n");
    const end = nodeWith("two");
    getSelection()!.setBaseAndExtent(end, 3, other.firstChild!, 2);
    show("- one\n- two\n\n- three");
    const { anchorNode, focusNode } = getSelection()!;
    expect(getSelection()!.toString()).toBe("fore.onetwo");
    expect([anchorNode, focusNode]).toEqual([nodeWith("two"), other.firstChild]);
  });

  test("does_not_grow_with_a_paragraph_that_is_selected_whole", () => {
    show("The quick");
    getSelection()!.selectAllChildren(box.querySelector("p")!);
    show("The quick *brown* fox");
    expect(getSelection()!.toString()).toBe("The quick");
  });

  test("is_left_alone_where_its_words_are_gone", () => {
    show("It is odd");
    select("odd");
    show("Nothing");
    expect(box.textContent).toBe("Nothing");
    expect(getSelection()!.toString()).not.toContain("odd");
  });

  test("stays_through_all_the_pieces_of_an_answer", () => {
    const answer = "Some **bold words** here:\n\n1. one\n2. two\n\n3. three\n\n```js\nlet a;\n```\n\nThe end.";
    let blocks = NOTHING;
    const boxes: HTMLElement[] = [];
    box.replaceChildren();
    for (let at = 1; at <= answer.length; at += 3) {
      blocks = grow(blocks, answer.slice(0, at));
      blocks.blocks.forEach((block, n) => {
        boxes[n] ??= box.appendChild(document.createElement("div"));
        morph(boxes[n], nodes(block));
      });
      if (at === 10) select("bo");
      if (at > 10) expect(getSelection()!.toString()).toBe("bo");
    }
  });
});
