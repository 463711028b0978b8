// The languages that answers mostly use, with highlight.js's core. It is loaded when the first code is shown; the list is
// chosen, not complete, and an unknown language is shown plain.

import type { Emitter } from "highlight.js";
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import lua from "highlight.js/lib/languages/lua";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import shell from "highlight.js/lib/languages/shell";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const DEFINITIONS = {
  bash,
  c,
  cpp,
  csharp,
  css,
  diff,
  dockerfile,
  go,
  ini,
  java,
  javascript,
  json,
  kotlin,
  lua,
  makefile,
  markdown,
  php,
  python,
  ruby,
  rust,
  shell,
  sql,
  swift,
  typescript,
  xml,
  yaml,
};

type Name = keyof typeof DEFINITIONS;

/** Each by its other names. The definitions know them too, but making all of them keeps the page from the next frame. */
const OTHER_NAMES: Partial<Record<Name, string>> = {
  bash: "sh zsh",
  c: "h",
  cpp: "cc c++ h++ hpp hh hxx cxx",
  csharp: "cs c#",
  diff: "patch",
  dockerfile: "docker",
  go: "golang",
  ini: "toml",
  java: "jsp",
  javascript: "js jsx mjs cjs",
  json: "jsonc json5",
  kotlin: "kt kts ktm ktx",
  lua: "pluto",
  makefile: "mk mak make",
  markdown: "md mkdown mkd",
  python: "py gyp ipython",
  ruby: "rb gemspec podspec thor irb",
  rust: "rs",
  shell: "console shellsession",
  typescript: "ts tsx mts cts",
  xml: "html xhtml rss atom xjb xsd xsl plist wsf svg",
  yaml: "yml",
};

/** What is written in it that is in another language. */
const WITHIN: Partial<Record<Name, Name[]>> = {
  dockerfile: ["bash"],
  javascript: ["css", "xml"],
  markdown: ["xml"],
  shell: ["bash"],
  typescript: ["css", "xml"],
  xml: ["css", "javascript"],
  yaml: ["ruby"],
};

const NAMES = new Map<string, Name>();
for (const name of Object.keys(DEFINITIONS) as Name[])
  for (const other of [name, ...(OTHER_NAMES[name]?.split(" ") ?? [])]) NAMES.set(other, name);

/** The language of this name, ready to be read. */
function languageOf(called: string): Name | undefined {
  const name = NAMES.get(called);
  if (name !== undefined) learn(name);
  return name;
}

function learn(name: Name): void {
  if (hljs.getLanguage(name)) return;
  hljs.registerLanguage(name, DEFINITIONS[name]);
  for (const other of WITHIN[name] ?? []) learn(other);
}

/** What highlight.js calls its emitter: makes nodes of what it finds, where its own would write HTML to be read again. */
class Nodes implements Emitter {
  readonly root = document.createDocumentFragment();
  #within: Node[] = [this.root];

  openNode(name: string): void {
    const span = document.createElement("span");
    // What follows a point is finer than the page's colours are.
    span.className = `hljs-${name.split(".", 1)[0]}`;
    this.#top.appendChild(span);
    this.#within.push(span);
  }

  closeNode(): void {
    if (this.#within.length > 1) this.#within.pop();
  }

  /** Of a word alone it says so with another name than of what holds others; so does the next. */
  startScope(name: string): void {
    this.openNode(name);
  }

  endScope(): void {
    this.closeNode();
  }

  addText(text: string): void {
    const { lastChild } = this.#top;
    if (lastChild instanceof Text) lastChild.appendData(text);
    else if (text !== "") this.#top.appendChild(document.createTextNode(text));
  }

  /** Code in another language within. */
  __addSublanguage(inner: Emitter): void {
    this.#top.appendChild((inner as Nodes).root);
  }

  finalize(): void {}

  /** Nobody asks for it. */
  toHTML(): string {
    return "";
  }

  get #top(): Node {
    return this.#within.at(-1)!;
  }
}

hljs.configure({ __emitter: Nodes });

/** How far code is coloured for good: what begins there is read as if nothing stood before it. */
export type Done = { readonly language: Name; readonly text: string; readonly nodes: number };

/** Letters of what may not be read in parts, such as a comment of many lines; of a longer one the code is plain from there. */
const LONGEST = 20_000;

/** Code as text and spans of class `hljs-…`, and how far it is done now. `isFurther`: without what was done before. */
type Coloured = { made: DocumentFragment; done: Done; isFurther: boolean };

/**
 * The code in colours, behind what was done `before` if it goes on from there; `null` for a language that is not known or
 * cannot be read. It is read line by line, as far as no line is within what began in one before: so much as comes
 * is read, however much stands above it.
 */
export function colour(code: string, called: string, before?: Done): Coloured | null {
  const language = languageOf(called);
  if (language === undefined) return null;
  const further = before?.language === language && code.startsWith(before.text) ? before : null;
  let { text, nodes } = further ?? { text: "", nodes: 0 };
  const made = document.createDocumentFragment();
  const kept = nodes;
  let lines = 1;
  for (let end = lineAfter(code, text.length, lines); end < code.length; end = lineAfter(code, end, lines)) {
    const piece = code.slice(text.length, end);
    if (piece.length > LONGEST) break;
    const read = highlight(piece, language);
    if (read === null) return null;
    // Twice as many each time, so that a long comment is not read once more for each of its lines.
    if (!read.isWhole || goesOn(piece, code[end]!, language)) lines *= 2;
    else {
      made.append(read.root);
      text = code.slice(0, end);
      nodes = kept + made.childNodes.length;
      lines = 1;
    }
  }
  const rest = code.slice(text.length);
  const read = rest.length > LONGEST ? null : highlight(rest, language);
  made.append(read?.root ?? rest);
  return { made, done: { language, text, nodes }, isFurther: further !== null };
}

/** Where the line ends that is so many lines further. */
function lineAfter(code: string, from: number, lines: number): number {
  let end = from;
  for (let n = 0; n < lines; n++) {
    const next = code.indexOf("\n", end) + 1;
    if (next === 0) return code.length;
    end = next;
  }
  return end;
}

/** Whether a line belongs to what follows, though nothing in it is open: highlight.js looks ahead for the end of these. */
function goesOn(piece: string, next: string, language: Name): boolean {
  if (language === "ruby") {
    const here = [...piece.matchAll(/<<[-~]?["'`]?([A-Z]\w*)/g)].at(-1);
    if (here && !new RegExp(`^[ \\t]*${here[1]}$`, "m").test(piece.slice(here.index))) return true;
  }
  // A text may go on as long as lines are further to the right.
  return piece.endsWith("\\\n") || (language === "yaml" && /\s/.test(next));
}

/** `isWhole`: nothing is open behind it. */
function highlight(code: string, language: Name): { root: DocumentFragment; isWhole: boolean } | null {
  const { _emitter, _top, errorRaised } = hljs.highlight(code, { language, ignoreIllegals: true });
  if (errorRaised) return null;
  return { root: (_emitter as Nodes).root, isWhole: _top !== undefined && !("parent" in _top) };
}
