// Alerts, footnotes and coloured code: what stands in the page for them, and what their buttons do.

import { describe, expect, test, vi } from "vitest";

import { fileEnding, pressed } from "../src/lib/furniture";
import { load } from "../src/lib/highlight";
import { grow, NOTHING, whole } from "../src/lib/markdown";
import { nodes } from "../src/lib/nodes";
import { show as showIn } from "../src/lib/shown";
import { html } from "./html";

function show(markdown: string): HTMLElement {
  const box = document.createElement("div");
  box.append(...whole(markdown).map((block) => nodes(block)));
  box.addEventListener("click", pressed);
  document.body.replaceChildren(box);
  return box;
}

/** What a footnote says, without the way back. */
function words(note: Element): string {
  return note.textContent.replace("\u21a9\ufe0e", "").replace(/\s+/g, " ").trim();
}

describe("alerts", () => {
  test.each(["note", "tip", "important", "warning", "caution"])("%s_has_its_name_and_its_words", (kind) => {
    const box = show(`> [!${kind.toUpperCase()}]\n> Mind the *step*.\n>\n> - and the door`);
    const quote = box.querySelector(`blockquote.alert.alert-${kind}`);
    expect(quote?.querySelector("p strong")?.textContent?.toLowerCase()).toBe(kind);
    expect(quote?.querySelectorAll("p")[1]?.innerHTML).toBe("Mind the <em>step</em>.");
    expect(quote?.querySelector("li")?.textContent).toBe("and the door");
    expect(quote?.hasAttribute("title")).toBe(false);
  });

  test.each(["> [!TIP]  \n> two", "> [!TIP]\n>\n> two", "> [!tip]\t\n>   two"])(
    "%j_begins_with_its_words",
    (markdown) => {
      const [, words] = show(markdown).querySelectorAll(".alert p");
      expect(words?.innerHTML).toBe("two");
    },
  );

  test.each(["> [!LOUD]\n> x", "> [!NOTE] x", "> a\n> [!NOTE]", "[!NOTE]\nx"])("%j_is_none", (markdown) => {
    expect(show(markdown).querySelector(".alert")).toBeNull();
  });

  test("it_goes_as_what_it_says_goes_and_not_as_its_name", () => {
    const quote = show("> [!NOTE]\n> שלום עולם").querySelector("blockquote")!;
    expect(quote.dir).toBe("rtl");
    expect(quote.querySelector("strong")?.closest("[dir]")).toBe(quote);
  });

  test("a_quotation_of_the_models_own_html_is_none", () => {
    expect(show('<blockquote title="note">x</blockquote>').querySelector(".alert")).toBeNull();
  });
});

describe("footnotes", () => {
  test("a_mark_leads_to_its_footnote", () => {
    const box = show("So it is[^1], they say[^why].\n\n[^1]: Or *was*.\n    And on.\n\n[^why]: Nobody knows.");
    const marks = [...box.querySelectorAll<HTMLButtonElement>("sup > button.to-footnote")];
    expect(marks.map((mark) => mark.getAttribute("aria-label"))).toEqual(["Footnote 1", "Footnote 2"]);
    const notes = [...box.querySelectorAll(".footnote")];
    expect(notes.map(words)).toEqual(["1 Or was. And on.", "2 Nobody knows."]);
    HTMLElement.prototype.scrollIntoView = vi.fn();
    marks[1]!.click();
    expect(document.activeElement).toBe(notes[1]);
  });

  test("a_footnote_leads_back_to_the_mark_that_the_reader_came_by_or_to_its_first", () => {
    const box = show("One[^a], two[^b], three[^a].\n\n[^a]: A.\n\n[^b]: B.");
    HTMLElement.prototype.scrollIntoView = vi.fn();
    const marks = [...box.querySelectorAll<HTMLButtonElement>("[data-to-footnote]")];
    const back = [...box.querySelectorAll<HTMLButtonElement>(".footnote > p > [data-to-mark]")];
    expect(back.map((button) => button.getAttribute("aria-label"))).toEqual([
      "Back to the mark of footnote 1",
      "Back to the mark of footnote 2",
    ]);
    back[0]!.click();
    expect(document.activeElement).toBe(marks[0]);
    marks[2]!.click();
    back[0]!.click();
    expect(document.activeElement).toBe(marks[2]);
    back[1]!.click();
    expect(document.activeElement).toBe(marks[1]);
  });

  test("marks_are_numbers_in_the_order_of_their_first_use", () => {
    const box = show(
      "- x[^note] y[^7]\n- z[^note] `[^q]` [^nowhere] w[^a]\n\n[^7]: 7\n\n[^a]: A\n\n[^note]: N\n\n[^un]: U",
    );
    expect([...box.querySelectorAll("sup > button")].map((mark) => mark.textContent)).toEqual(["1", "2", "1", "3"]);
    expect([...box.querySelectorAll(".footnote")].map(words)).toEqual(["2 7", "3 A", "1 N", "U"]);
    expect(box.querySelectorAll("[data-to-mark]")).toHaveLength(3);
  });

  test("while_an_answer_comes_its_marks_have_the_numbers_that_they_keep", () => {
    const text = `One[^b].\n\n${"Words.\n\n".repeat(5)}Two[^a], again[^b].\n\n[^a]: A\n\n[^b]: B`;
    let memory = NOTHING;
    for (let end = 1; end <= text.length; end++) {
      memory = grow(memory, text.slice(0, end));
      const marks = html(memory.blocks)
        .join("")
        .matchAll(/data-to-footnote="(.)" aria-label="Footnote (.)"/g);
      const known = ["b", "a"].filter((label) => text.slice(0, end).includes(`[^${label}]`));
      expect([...new Set([...marks].map(([, label, n]) => `${label}${n}`))]).toEqual(
        known.map((label, n) => `${label}${n + 1}`),
      );
    }
    expect(html(memory.blocks)).toEqual(html(whole(text)));
  });

  test("a_footnote_of_several_paragraphs_keeps_them_apart_and_goes_as_its_words_go", () => {
    const box = show("א[^1], a[^2]\n\n[^1]: שלום\n\n    עולם\n\n[^2]: Hello");
    const [first, second] = box.querySelectorAll<HTMLElement>(".footnote");
    expect([first?.dir, second?.dir]).toEqual(["rtl", "ltr"]);
    expect([...first!.children].map(({ localName }) => localName)).toEqual(["sup", "p", "p"]);
    expect(first!.lastElementChild?.lastElementChild?.hasAttribute("data-to-mark")).toBe(true);
  });

  test.each<[string, string[], string[]]>([
    [
      "a[^1] b[^note]\n\n[^1]: First\n    cont.\n\n    Second.\n[^note]: Another",
      ["1 First cont.Second.", "2 Another"],
      [],
    ],
    ["a[^1] b[^2]\n\n[^1]: One\n\n        code\n[^2]: Two", ["1 OneWrapDownloadCopycode", "2 Two"], []],
    ["a[^1]\n\n[^1]: One.\n# Heading", ["1 One."], ["H3 Heading"]],
    ["a[^1]\n\n[^1]: One.\n- item", ["1 One."], ["UL item"]],
    ["a[^1]\n\n[^1]: One\ngoes on.", ["1 One goes on."], []],
    ["a[^1]\n\n[^1]: One\n\n    > Two\ngoes on.", ["1 OneTwo goes on."], []],
    ["a[^1]\n\n[^1]: One\n\n    ```\n    x\n    ```\nText.", ["1 OneWrapDownloadCopyx"], ["P Text."]],
    ["a[^1]\n[^1]: below the paragraph", ["1 below the paragraph"], []],
    ["> a[^1]\n[^1]: below the quotation", ["1 below the quotation"], []],
    ["- a[^1]\n\n- b\n[^1]: below the list", ["1 below the list"], []],
    ["a[^1]|b\n-|-\nc|d\n[^1]: below the table", ["1 below the table"], []],
    ["a[^Note]\n\n[^note]: any case", ["1 any case"], []],
    [`a[^${"long-".repeat(99)}]\n\n[^${"long-".repeat(99)}]: any length`, ["1 any length"], []],
    ["a[^1]\n\n[^1]: first\n[^1]: second\n\n- [^1]: third", ["1 first"], ["UL "]],
  ])("%j_ends_where_it_does_on_github", (text, notes, others) => {
    const box = show(text);
    expect([...box.querySelectorAll(".footnote")].map(words)).toEqual(notes);
    const last = box.querySelector(":scope > .footnote:last-of-type");
    const behind = [...box.children].filter((other) => last && last.compareDocumentPosition(other) & 4);
    const outside = behind.filter((other) => !last!.contains(other));
    expect(outside.map(({ tagName, textContent }) => `${tagName} ${textContent}`)).toEqual(others);
    let read = NOTHING;
    for (let end = 1; end <= text.length; end++) read = grow(read, text.slice(0, end));
    expect(html(read.blocks)).toEqual(html(whole(text)));
  });

  test("a_name_of_signs_stays_a_name", () => {
    const box = show('x[^"><img]\n\n[^"><img]: y');
    expect(box.querySelector("img")).toBeNull();
    expect(box.querySelector("button")?.dataset["toFootnote"]).toBe('"><img');
    expect(box.querySelector(".footnote")?.textContent).toContain("y");
  });

  test("what_looks_like_one_in_code_is_code", () => {
    expect(show("`a[^1]`\n\n    [^1]: b").querySelector("button.to-footnote, .footnote")).toBeNull();
  });

  test("numbers_of_many_digits_have_the_room_that_they_need", () => {
    const digits = (text: string) => show(text).querySelector("ol")?.dataset["digits"];
    expect(digits("98. a\n1. b")).toBeUndefined();
    expect(digits("98. a\n1. b\n1. c")).toBe("3");
    expect(digits("123456789. a")).toBe("9");
    expect(show("1. a\n\n   1000. b").querySelector("ol ol")?.getAttribute("data-digits")).toBe("4");
  });

  test("what_looks_like_one_in_a_footnote_is_words", () => {
    expect(show("a[^a]\n\n[^a]: [^b]: x").querySelector(".footnote")?.textContent).toContain("[^b]: x");
  });

  test("footnotes_within_footnotes_end", () => {
    const text = "[^a]: ".repeat(10_000) + "x";
    expect(whole(text)).toHaveLength(1);
    expect(html(grow(NOTHING, text).blocks)).toEqual(html(whole(text)));
  });

  test("a_mark_without_its_footnote_is_what_was_written", () => {
    const box = show("Once[^a], twice[^<b>], `[^c]`.\n\n> [^d] in a quotation\n\n- [^e]\n\n[^d]: there");
    expect([...box.querySelectorAll("sup > button")].map((mark) => mark.textContent)).toEqual(["1"]);
    expect(box.querySelector("p")?.textContent).toBe("Once[^a], twice[^<b>], [^c].");
    expect(box.querySelector("li")?.textContent).toBe("[^e]");
  });

  test.each(["[^", "[^a]:", "[^a]: b\n\n    ", "[^a]", "[^a]: b\nc\n", "[^a]: b\n    - c\nd\n", "- a\n\n1. b\n\n[^"])(
    "fifty_thousand_letters_of_%j_are_read_in_their_time",
    (mark) => {
      const text = mark.repeat(Math.ceil(50_000 / mark.length));
      expect(grow(NOTHING, text).blocks).toHaveLength(whole(text).length);
    },
  );
});

describe("code", () => {
  test("the_colours_come_when_they_are_loaded_and_leave_the_code_as_it_is", async () => {
    const code = '```rust\nlet a = "<b>";\n```';
    const later = vi.fn();
    expect(nodes(whole(code)[0]!, new Map(), later).querySelector(".lines")?.innerHTML).toBe('let a = "&lt;b&gt;";\n');
    await load("rust");
    expect(later).toHaveBeenCalled();
    const box = show(code);
    expect(box.querySelector(".hljs-keyword")?.textContent).toBe("let");
    expect(box.querySelector("code")?.textContent).toBe('let a = "<b>";\n');
    expect(show("```js\nlet a;\n```").querySelector(".hljs-keyword")).toBeNull();
    await load("js");
    expect(show("```js\nlet a;\n```").querySelector(".hljs-keyword")).not.toBeNull();
    expect(show("```klingon\n<b>\n```").querySelector(".lines")?.innerHTML).toBe("&lt;b&gt;\n");
  });

  test.each([
    "```js\nlet a; /*\u202e } \u2066if (a)\u2069 \u2066 begin */\n```",
    "```\nlet a; /*\u202e } \u2066if (a)\u2069 \u2066 begin */\n```",
    "`let a; /*\u202e } \u2066if (a)\u2069 \u2066 begin */`",
    "<code>let a; /*\u202e } \u2066if (a)\u2069 \u2066 begin */</code>",
  ])("in_%j_what_turns_letters_round_is_seen_and_copied_as_it_is", async (markdown) => {
    await load("js");
    const code = show(markdown).querySelector("code")!;
    expect(code.textContent.trim()).toBe("let a; /*\u202e } \u2066if (a)\u2069 \u2066 begin */");
    const signs = [...code.querySelectorAll<HTMLElement>(".turning")];
    expect(signs.map(({ title }) => title)).toEqual(["U+202E", "U+2066", "U+2069", "U+2066"]);
    expect(signs.every(({ textContent }) => textContent.length === 1)).toBe(true);
    let read = NOTHING;
    const box = document.createElement("div");
    for (let end = 1; end <= markdown.length; end++) {
      read = grow(read, markdown.slice(0, end));
      showIn(box, read.blocks[0]!, undefined);
    }
    expect(box.querySelector("code")!.innerHTML).toBe(code.innerHTML);
  });

  test.each([
    ["A \u202ebackward\u202c word", "A \u202ebackward\u202c word"],
    ["A &#x202e;backward word", "A \u202ebackward word"],
    ["[moc.\u202eelpmaxe](https://example.org)", "moc.\u202eelpmaxe"],
    ["![a \u202dpicture](https://example.org/p.png)", "Image: a \u202dpicture"],
    ["<b>back\u202eward</b>", "back\u202eward"],
    ["> - back\u202eward", "back\u202eward"],
  ])("what_would_have_words_read_backwards_is_seen_in_%j", (markdown, words) => {
    const box = show(markdown);
    expect(box.textContent.trim()).toBe(words);
    const signs = [...box.querySelectorAll<HTMLElement>(".turning")];
    expect(signs.map(({ textContent }) => textContent)).toEqual(words.match(/[\u202d\u202e]/g));
  });

  test("what_heads_nothing_in_a_table_is_no_head", () => {
    const [half, none] = ["| | b |\n|---|---|\n| c | d |", "| | |\n|---|---|\n| c | d |"].map(show);
    expect([...half!.querySelectorAll("thead th, thead td")].map(({ localName }) => localName)).toEqual(["td", "th"]);
    expect(none!.querySelectorAll("th")).toHaveLength(0);
  });

  test("languages_that_go_right_to_left_keep_their_own_signs", () => {
    expect(show("\u2067שלום\u2069 \u200fabc").querySelector(".turning")).toBeNull();
  });

  test.each([
    ["```\na\n```", "a\n"],
    ["```\na\n\n```", "a\n\n"],
    ["```\na\n\n\n```", "a\n\n\n"],
    ["```js\na\n\n```", "a\n\n"],
    ["```\n\n```", "\n"],
    ["    a\n\n    b\n\nc", "a\n\nb\n"],
  ])("%j_has_the_lines_that_it_has", (markdown, code) => {
    expect(show(markdown).querySelector("pre")?.textContent).toBe(code);
  });

  test("coloured_code_is_the_code_in_one_language_within_another_too", async () => {
    for (const [language, code] of [
      ["html", "<p class=\"a\">&amp;</p>\n<script>let a = '</b>';</script>\n<style>b { color: red }</style>"],
      ["php", '<h1><?php echo "$a"; ?></h1>'],
      ["js", "const page = <b title={`${a}`}>'&lt;'</b>; // <!-- \n/* open"],
      ["md", "# A\n\n[link](x) `code` **strong <i>and</i>**"],
      ["bash", 'echo "$(cat <<EOF\n$x\nEOF\n)"'],
    ] as const) {
      await load(language);
      const box = show(`~~~${language}\n${code}\n~~~`).querySelector("code")!;
      expect(box.textContent).toBe(`${code}\n`);
      expect(box.querySelector("[class^=hljs-]"), language).not.toBeNull();
    }
  });

  test("lines_wrap_and_wrap_no_more", () => {
    const box = show("```\nlong\n```");
    const wrap = box.querySelector<HTMLButtonElement>('[data-code="wrap"]')!;
    wrap.click();
    expect(wrap.getAttribute("aria-pressed")).toBe("true");
    wrap.click();
    expect(wrap.getAttribute("aria-pressed")).toBe("false");
  });

  test("code_is_saved_under_the_ending_of_its_language", async () => {
    let saved: Blob | undefined;
    let name = "";
    vi.stubGlobal("URL", { createObjectURL: (blob: Blob) => ((saved = blob), "blob:x"), revokeObjectURL: () => {} });
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click");
    click.mockImplementation(function (this: HTMLAnchorElement) {
      name = this.download;
    });
    show("```python\nprint(1)\n```").querySelector<HTMLButtonElement>('[data-code="save"]')!.click();
    vi.unstubAllGlobals();
    click.mockRestore();
    expect([name, saved?.size]).toEqual(["code.py", "print(1)\n".length]);
    expect([fileEnding(""), fileEnding("go"), fileEnding("../x")]).toEqual(["txt", "go", "txt"]);
  });
});
