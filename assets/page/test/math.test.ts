// Formulas: what is one, what is money, and what stands in the page for them.

import { beforeAll, describe, expect, test } from "vitest";

import { grow, NOTHING, whole } from "../src/lib/markdown";
import { nodes } from "../src/lib/nodes";
import { load } from "../src/lib/math";
import { html, shown as show } from "./html";

/** The sources of all formulas. */
function formulas(markdown: string): string[] {
  const found = [...show(markdown).querySelectorAll(".formula")];
  return found.map((formula) => formula.querySelector("annotation")?.textContent ?? formula.textContent);
}

// Nothing is laid out here, and what is no HTML has no style to set.
beforeAll(() => {
  Object.defineProperty(Element.prototype, "style", { configurable: true, value: {} });
  return load();
});

describe("formulas", () => {
  test.each([
    ["Let $x^2$ be", ["x^2"]],
    ["$a$, $b$ and $c$.", ["a", "b", "c"]],
    [String.raw`so \(a_1 + b\) holds`, ["a_1 + b"]],
    ["x $$a = b$$ y", ["a = b"]],
    ["$$\na = b\n$$", ["a = b"]],
    ["Then\n$$\na\n$$\nand", ["a"]],
    ["\\[\n\\frac{1}{2}\n\\]", [String.raw`\frac{1}{2}`]],
    ["- item $x$\n- $$y$$", ["x", "y"]],
    ["| a |\n|---|\n| $x$ |", ["x"]],
    [String.raw`$a \$ b$`, [String.raw`a \$ b`]],
    ["**$x$**", ["x"]],
    ["$`a+b`$ and ($`c`$)", ["a+b", "c"]],
    [String.raw`so \[x\] is`, ["x"]],
    [String.raw`\[1 + 1\] it is`, ["1 + 1"]],
    ["so \\[a\n+ b\\] is", ["a\n+ b"]],
    ["it $$ a_1 = b $$ is", ["a_1 = b"]],
    ["So $$\na &= b \\\\\n+ c\n$$ is $x$.", ["a &= b \\\\\n+ c", "x"]],
    ["One\ntwo $$a = b\n- c$$\nthree", ["a = b\n- c"]],
    ["One $$\\begin{aligned}\na\n=\nb\\end{aligned}$$\n\nTwo", ["\\begin{aligned}\na\n=\nb\\end{aligned}"]],
    ["$$\na\n$$ where\n$$\nb\n$$", ["a", "b"]],
    ["- so $$\n  a\n  + b\n  $$\n- $c$", ["a\n+ b", "c"]],
    ["\\begin{align*}\na &= b \\\\\n- c\n\\end{align*}\n\nthen", ["\\begin{align*}\na &= b \\\\\n- c\n\\end{align*}"]],
    ["```math\n\\frac{a}\n{b}\n```", ["\\frac{a}\n{b}"]],
    ["~~~ math\na\n~~~", ["a"]],
    [String.raw`the set $\{a, b\}$ is`, [String.raw`\{a, b\}`]],
    ["($x$)", ["x"]],
    ["*a*: $x$", ["x"]],
  ])("%j_has_%j", (markdown, tex) => {
    expect(formulas(markdown)).toEqual(tex);
  });

  test.each([
    "It costs $5 and $10.",
    "from $5-$10",
    "US$5 and CA$6",
    "a \\$x\\$ b",
    "`$x$` and `\\(y\\)`",
    "```\n$$\nx\n$$\n```",
    "$ x $",
    "a $\nb$",
    "$$\n\nx\n\n$$",
    "$" + "x".repeat(3_000) + "$",
    "[$5](https://e.org) or [$6](https://e.org)",
    "a \\(b and `\\)`",
    "```math\na",
    "```math\n\n```",
    "```mathematica\na\n```",
    "as \\[1\\] and \\[2, 3\\] and \\[ \\] say",
    "no \\[link\\](https://e.org)",
    "kill $$ and\nits child, not $$ again",
    "PID=$$ is; use\nPPID=$$ to",
    "`$$` in\na = b `$$`",
    "a$$\nb\n$$",
    "so $$\na\n\nb\n$$",
  ])("%j_has_none", (markdown) => {
    expect(formulas(markdown)).toEqual([]);
  });

  test("a_formula_that_goes_on_over_lines_leaves_the_words_around_it_one_paragraph", () => {
    const box = show("One\ntwo $$\na\n+ b\n=\nc\n$$ three\nfour\n\n- five");
    expect([...box.children].map(({ localName }) => localName)).toEqual(["p", "ul"]);
    expect(box.querySelector("p > .formula-block annotation")?.textContent).toBe("a\n+ b\n=\nc");
    expect(box.querySelector("p")?.lastChild?.textContent).toBe(" three\nfour");
  });

  test("fenced_mathematics_that_cannot_be_set_are_code", () => {
    const box = show("```math\na \\frac{\nb\n```");
    expect(box.querySelector(".formula")).toBeNull();
    expect(box.querySelector(".code-box code")?.textContent).toBe("a \\frac{\nb\n");
  });

  test("a_heading_ends_where_a_formula_on_lines_of_its_own_begins", () => {
    expect([...show("So\n$$\na\n$$\n---").children].map(({ localName }) => localName)).toEqual(["p", "div", "hr"]);
  });

  test.each([
    ["It costs $5 and `$HOME` must be set.", ["$HOME"]],
    ["Replace $USER with `$HOME`", ["$HOME"]],
    ["Regex `^a$` costs $3, or `$`.", ["^a$", "$"]],
    ["$A or ``a` $``$", ["a` $"]],
  ])("code_in_%j_is_code_and_no_formula", (markdown, code) => {
    const box = show(markdown);
    expect(box.querySelector(".formula")).toBeNull();
    expect([...box.querySelectorAll("code")].map(({ textContent }) => textContent)).toEqual(code);
  });

  test.each(["$\\text{``so''}$", "$a \\` b\\`$ and `$`"])("%j_has_no_code_in_it", (markdown) => {
    expect(formulas(markdown)).toHaveLength(1);
  });

  test("what_is_no_tex_is_shown_as_it_is_written", () => {
    const box = show(
      String.raw`so $\frac{1}$ and $\href{javascript:alert(1)}{x}$ and $\includegraphics{https://e.org/x.png}$`,
    );
    expect(box.querySelectorAll("a, img").length).toBe(0);
    expect(box.textContent).toContain(String.raw`\frac{1}`);
  });

  test("tags_in_a_formula_are_letters", () => {
    const box = show("$<img src=x onerror=alert(1)>$ $a<b$");
    expect(box.querySelector("img")).toBeNull();
    expect(box.querySelectorAll("math").length).toBeGreaterThan(0);
  });

  test("a_tag_of_the_models_own_is_no_formula", () => {
    expect(formulas('<var title="inline">x</var>')).toEqual([]);
  });

  test("a_source_in_a_formula_is_none", () => {
    const cited = new Map([[1, "A"]]);
    const box = document.createElement("div");
    for (const block of whole("$x[1]$ and [1]")) box.append(nodes(block, cited));
    expect(box.querySelectorAll("[data-cite]").length).toBe(1);
    expect(box.querySelector(".formula [data-cite]")).toBeNull();
  });

  test.each([
    "$",
    "$a ",
    "\\(",
    "$$\n",
    "\\[\n",
    "$$",
    " $$",
    " $a",
    "($a",
    "$$a ",
    "\\(a ",
    " $a`",
    " $a``b`",
    " \\[a",
    "a $$\n",
    "a $$b\n",
    "a ` $$",
  ])("%j_without_end_takes_no_time", (mark) => {
    expect(html(whole(mark.repeat(20_000))).join("").length).toBeGreaterThan(20_000);
  });

  test.each([
    "One $x$\n\n$$\na\n$$\n\nTwo \\(y\\).\n\n\\[\nb\n\\]\n\nend",
    "One\ntwo $$\na\n+ b\n=\nc\n$$ three\n\n- so \\[a\n  - b\\]\n\n```math\nx\n```\n\n$`a`$\n\nend",
  ])("%j_that_has_come_is_what_it_was_while_it_came", (text) => {
    let memory = NOTHING;
    for (let end = 1; end <= text.length; end++) memory = grow(memory, text.slice(0, end));
    expect(html(memory.blocks)).toEqual(html(whole(text)));
  });
});
