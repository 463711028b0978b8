// No text stands outside of the catalogues: it would be said in English to everybody.

import { parse } from "svelte/compiler";
import ts from "typescript";
import { expect, test } from "vitest";

import { CONTINUE } from "../src/lib/rest";
import { files } from "./source";

/** Attributes that are read to somebody, and properties of components that become such. */
const SAID = new Set(["alt", "aria-description", "aria-label", "aria-valuetext", "label", "placeholder", "title"]);

/** What a sentence begins with, or a label that something follows. */
const BEGINNING = /^\s*\p{Lu}(?:\p{L}* |\p{Ll}+[.:]?$)/u;

type Node = { type: string; [key: string]: unknown };

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value;

const children = (node: Node, skip: string[] = []): Node[] =>
  Object.entries(node)
    .filter(([key]) => !skip.includes(key))
    .flatMap(([, value]) => value)
    .filter(isNode);

/** The letters that an expression may come to, apart from what it only compares. */
function literals(node: Node): string[] {
  if (node.type === "Literal") return typeof node["value"] === "string" ? [node["value"]] : [];
  if (node.type === "TemplateElement") return [(node["value"] as { cooked: string }).cooked];
  if (node.type === "Text") return [node["data"] as string];
  if (node.type === "BinaryExpression" && node["operator"] !== "+") return [];
  return children(node, node.type === "ConditionalExpression" ? ["test"] : []).flatMap(literals);
}

/** What a component's markup says by itself. */
function said(node: Node): string[] {
  if (node.type === "Text" || node.type === "ExpressionTag") return literals(node);
  if (node.type === "Attribute") {
    const read = SAID.has(node["name"] as string);
    return read ? [node["value"]].flat().filter(isNode).flatMap(literals) : [];
  }
  return children(node).flatMap(said);
}

function markup(source: string): string[] {
  const { fragment } = parse(source, { modern: true }) as unknown as { fragment: Node };
  return said(fragment).filter((words) => /\p{L}/u.test(words));
}

/** What code says by itself. */
function code(source: string): string[] {
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) found.push(node.text);
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    ts.forEachChild(node, look);
  };
  look(ts.createSourceFile("code.ts", source, ts.ScriptTarget.Latest));
  return found.filter((words) => BEGINNING.test(words));
}

const script = (component: string) => /<script lang="ts">(.*?)<\/script>/s.exec(component)?.[1] ?? "";

/** What is no word of the page's: keys, what the browser calls things, and what is sent. */
const NAMES = new Set(["Enter", "Escape", "Tab", "ArrowUp", "ArrowDown", "Files", "ResizeObserver loop", CONTINUE]);

test.each(files("src/ui", ".svelte"))("%s says nothing that is not in the catalogue", (_, source) => {
  expect(markup(source)).toEqual([]);
  expect(code(script(source)).filter((words) => !NAMES.has(words))).toEqual([]);
});

test.each(files("src/lib", ".ts"))("%s says nothing that is not in the catalogue", (_, source) => {
  expect(code(source).filter((words) => !NAMES.has(words))).toEqual([]);
});

test("what says something by itself is found", () => {
  const component = `<script lang="ts">const a = b === "C" ? "A word" : \`Page \${n}\`;</script>
    <p aria-label="One {n}" class="x" title={a === "b" ? "Two" : c}>Three {d ? "Four" : \`five \${n}\`}</p>{e("6 %")}`;
  expect(markup(component)).toEqual(["One ", "Two", "Three ", "Four", "five "]);
  expect(code(script(component))).toEqual(["A word", "Page "]);
});
