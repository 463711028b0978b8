// Code in colours, line by line: as it would be coloured whole, and what is above the line that comes is left alone.

import hljs from "highlight.js/lib/core";
import { beforeAll, expect, test, vi } from "vitest";

import { colour as read, learn, type Done } from "../src/lib/languages";
import { kept, morph } from "../src/lib/morph";

/** Code with what goes over several lines in its language. */
const CODE: Record<string, string> = {
  bash: '#!/bin/sh\n# why\nfor f in *.txt; do\n  echo "a\n  $f $(wc -l < "$f")"\ndone\ncat <<EOF\nto $HOME\nEOF\nls -l',
  c: '#include <stdio.h>\n#define A(x) \\\n  ((x) + 1)\n/* one\n   two */\nint main(void) {\n  printf("a\\n"); // b\n  return 0;\n}',
  cpp: '#include <vector>\ntemplate <typename T>\nclass A : public B {\n  /* a\n b */\n  auto f() { return R"(a\nb)"; }\n};',
  csharp:
    'using System;\nnamespace A {\n  /// <summary>a</summary>\n  class B { string s = @"a\nb"; /* c\nd */ int f(int x) => x + 1; }\n}',
  css: "@media (min-width: 2px) {\n  a:hover,\n  b > c {\n    color: red; /* a\n b */\n    background: url(x.png);\n  }\n}\n:root { --a: 1px }",
  diff: "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n-old\n+new\n same",
  dockerfile:
    'FROM rust:1 AS build\n# a\nRUN cargo build \\\n  --release && \\\n  true\nCOPY --from=build /a /b\nCMD ["a"]',
  go: 'package a\n\nimport "fmt"\n\n/* a\nb */\nfunc f(a int,\n\tb string) (int, error) {\n\ts := `a\nb`\n\tfmt.Println(s) // c\n\treturn 1, nil\n}',
  ini: "; a\n[section]\nkey = value\nlist = [1,\n  2]\ntext = '''a\nb'''\n[[more]]\nb = true",
  java: 'package a;\n/** doc\n * @param a b */\npublic class A extends B {\n  @Override\n  public int f(int a) { return a + 1; } // c\n  String s = """\n    a\n    """;\n}',
  javascript:
    "#!/usr/bin/env node\nimport a from 'a';\n/** doc\n * b */\nexport class A extends B {\n  f = (x) => `a ${x +\n    1} b`;\n}\nconst r = /a[/]b/g; // c",
  json: '{\n  "a": [1, true, null],\n  "b": { "c": "d\\n" }\n}',
  kotlin: 'package a\n/* a\nb */\nclass A(val b: Int) : B() {\n  fun f(x: Int): String = """a\n  $x"""\n}',
  lua: "-- a\n--[[ b\nc ]]\nlocal function f(a)\n  local s = [[a\nb]]\n  return s .. 'c'\nend",
  makefile: ".PHONY: a\nA := b\na: b c\n\t@echo $(A) # d\nifeq ($(A),b)\nendif",
  markdown: "# A\n\nWords *a* **b**\nand `c`.\n\n```js\nlet a;\n```\n\n- one\n  - two\n\n> said\n\n[a](https://e.org)",
  php: '<?php\nnamespace A;\n/* a\nb */\nclass B extends C {\n  public function f(int $a) { return "a $a\n b"; } // c\n}\n?>\n<p>x</p>',
  python:
    'import a\n@b\ndef f(x: int,\n      y="z") -> str:\n    """doc\n    more\n    """\n    return f"a {x + 1}" # b\n\nclass A(B):\n    pass',
  ruby: '# a\n=begin\nb\n=end\nclass A < B\n  def f(x)\n    "a #{x +\n    1}"\n  end\nend\ns = <<~EOF\n  a #{b}\nEOF',
  rust: '//! a\n/* b\n/* c */ d */\n#[derive(Debug)]\npub fn f<\'a>(x: &\'a str,\n  y: u8) -> String {\n  let s = r#"a\nb"#;\n  println!("{x}"); // c\n  s.into()\n}',
  shell: "$ ls -l \\\n  | wc\n3\n# whoami\nroot",
  sql: "-- a\nSELECT a, count(*) FROM b\nWHERE c = 'd\ne' /* f\ng */ AND h > 1;\nCREATE TABLE i (j INT);",
  swift: '/* a\nb */\n@main\nstruct A: B {\n  func f(_ x: Int) -> String { """\n    a \\(x)\n    """ }\n}',
  typescript:
    "interface A<T> {\n  a?: T;\n}\n/* b\nc */\nexport const f = <T,>(x: T): string => `a ${x\n}`;\nenum B { C = 1 }",
  xml: "<!DOCTYPE html>\n<!-- a\nb -->\n<p class=\"a\"\n   id='b'>x &amp; y</p>\n<script>\nlet a = 1;\n</script>\n<style>\nb { c: d }\n</style>",
  yaml: "# a\na: 1\nb:\n  - c: 'd'\n    e: |\n      f\n      g\n  - &h i\n---\nj: \"k\n  l\"",
};

const colour = (code: string, language: string, done?: Done) => read(code, language, () => {}, done);

beforeAll(async () => {
  await Promise.all(Object.keys(CODE).map(learn));
});

function html(made: Node): string {
  const box = document.createElement("div");
  box.append(made);
  for (const lines of box.querySelectorAll(".lines")) lines.replaceWith(...lines.childNodes);
  box.normalize();
  // On which side of a mark's end a line ends is not seen.
  return box.innerHTML.replace(/\n<\/span>/g, "</span>\n");
}

/** As it is when it is read at once. */
function whole(code: string, language: string): string {
  const { _emitter } = hljs.highlight(code, { language, ignoreIllegals: true });
  return html((_emitter as unknown as { root: Node }).root);
}

test.each(Object.entries(CODE))("%s_is_coloured_by_lines_as_it_is_whole", (language, code) => {
  expect(html(colour(`${code}\n`, language)!.made)).toBe(whole(`${code}\n`, language));
});

test("code_that_grows_ends_as_it_is_at_once_and_what_is_done_stays", () => {
  for (const [language, code] of Object.entries(CODE)) {
    const box = document.createElement("code");
    let done: Done | undefined;
    for (let end = 1; end <= code.length; end += 3) {
      const before = done ? standing(box, done) : [];
      const found = colour(`${code.slice(0, end)}\n`, language, done)!;
      morph(box, found.made);
      done = found.done;
      expect(standing(box, done).slice(0, before.length)).toEqual(before);
      expect(box.textContent).toBe(`${code.slice(0, end)}\n`);
    }
    morph(box, colour(`${code}\n`, language, done)!.made);
    const { made } = colour(`${code}\n`, language)!;
    const groups = (of: ParentNode) => [...of.children].map(({ textContent }) => textContent);
    expect(groups(box)).toEqual(groups(made));
    expect(html(box), language).toBe(`<code>${html(made)}</code>`);
  }
});

/** The nodes that are done: those of whole groups, and the first ones of the next. */
function standing(box: Element, { standing: { groups, nodes } }: Done): Node[] {
  const all = [...box.children];
  const whole = all.slice(0, groups).flatMap((group) => [group, ...group.childNodes]);
  return [...whole, ...[...(all[groups]?.childNodes ?? [])].slice(0, nodes)];
}

test("long_code_stands_in_groups_of_lines_which_are_all_of_it", () => {
  const code = Array.from({ length: 100 }, (_, n) => `let a = ${n};\n`).join("");
  const { made } = colour(code, "js")!;
  const groups = [...made.children].map(({ textContent }) => textContent);
  expect(groups.map((group) => group.split("\n").length - 1)).toEqual([24, 24, 24, 24, 4]);
  expect(groups.join("")).toBe(code);
});

test("only_the_lines_that_are_new_are_read", () => {
  const lines = (count: number) => "let a = 1;\n".repeat(count);
  const { done } = colour(lines(1_000), "js")!;
  expect(done.text).toBe(lines(999));
  const read = vi.spyOn(hljs, "highlight");
  colour(lines(1_001), "js", done);
  expect(read.mock.calls.map(([code]) => code)).toEqual([lines(1), lines(1)]);
  read.mockClear();
  // What does not end is read over and over, but not once for each of its lines.
  colour(`/* a\n${lines(300)}`, "js");
  expect(read.mock.calls.length).toBeLessThan(15);
  read.mockRestore();
});

test("what_does_not_end_for_very_long_is_read_on_as_if_it_had", () => {
  const code = `let a;\n/* b\n${"c\n".repeat(5_000)}let d;\n`;
  const { made } = colour(code, "js")!;
  expect(made.querySelectorAll(".hljs-keyword")).toHaveLength(2);
  expect(made.querySelector(".hljs-comment")).not.toBeNull();
  expect(made.textContent).toBe(code);
});

test.each([
  ["xml", (lines: number) => `<p>a</p>\n<script type="module">\n${"let a = 1;\n".repeat(lines)}</script>\n<b>c</b>\n`],
  ["xml", (lines: number) => `<style>\n${"b { color: red }\n".repeat(lines)}</style>\n<b>c</b>\n`],
  ["yaml", (lines: number) => `a:\n${"  - b: c\n".repeat(lines)}`],
])("long_%s_keeps_its_colours_and_is_read_by_its_end", (language, made) => {
  const code = made(3_000);
  const { done, made: all } = colour(code, language)!;
  expect(all.textContent).toBe(code);
  const colours = [...all.querySelectorAll(".lines")].map((group) => group.querySelector("[class^=hljs-]") !== null);
  expect(colours.slice(0, -1)).not.toContain(false);
  expect(code.length - done.text.length).toBeLessThan(10_000);
});

test("a_language_has_all_its_names_and_what_may_be_written_in_it", async () => {
  const known = (name: string) => colour("x\n", name) !== null;
  for (const name of Object.keys(CODE)) {
    expect(known(name), name).toBe(true);
    const definition = hljs.getLanguage(name)!;
    for (const other of definition.aliases ?? []) expect(known(other), other).toBe(true);
    for (const other of within(definition)) expect(hljs.getLanguage(other), `${other} in ${name}`).toBeDefined();
  }
});

test("marks_within_marks_and_long_lines_end_somewhere", () => {
  const depth = (node: Node): number => 1 + Math.max(0, ...[...node.childNodes].map(depth));
  for (const [language, code] of [
    ["rust", "/*".repeat(3_000)],
    ["js", "`${".repeat(3_000)],
    ["python", 'f"{'.repeat(3_000)],
  ] as const) {
    const { made } = colour(`${code}\n`, language)!;
    expect(depth(made), language).toBeLessThan(20);
    expect(made.textContent).toBe(`${code}\n`);
  }
  const long = colour(`let a;\nlet b = ${"a".repeat(3_000)};\nlet c;\n`, "js")!.made;
  expect(long.querySelectorAll(".hljs-keyword")).toHaveLength(2);
});

/** The languages that may be written in one, but for those that the page does not know. */
function within(definition: object): Set<string> {
  const seen = new Set<unknown>();
  const found = new Set<string>();
  JSON.stringify(definition, (key, value: unknown) => {
    if (key === "subLanguage") for (const name of [value].flat()) found.add(String(name));
    if (typeof value !== "object" || value === null || value instanceof RegExp) return value;
    return seen.has(value) ? undefined : (seen.add(value), value);
  });
  for (const name of ["graphql", "handlebars"]) found.delete(name);
  return found;
}
