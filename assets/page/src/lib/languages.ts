// The languages that answers mostly use, with highlight.js's core. Each is loaded when code in it is first shown; the list is
// chosen, not complete, and an unknown language is shown plain.

import type { Emitter, LanguageFn } from "highlight.js";
import hljs from "highlight.js/lib/core";

import { Groups, NONE, type Standing } from "./groups";
import { Lazily } from "./lazily";

const DEFINITIONS = {
  bash: () => import("highlight.js/lib/languages/bash"),
  c: () => import("highlight.js/lib/languages/c"),
  cpp: () => import("highlight.js/lib/languages/cpp"),
  csharp: () => import("highlight.js/lib/languages/csharp"),
  css: () => import("highlight.js/lib/languages/css"),
  diff: () => import("highlight.js/lib/languages/diff"),
  dockerfile: () => import("highlight.js/lib/languages/dockerfile"),
  go: () => import("highlight.js/lib/languages/go"),
  ini: () => import("highlight.js/lib/languages/ini"),
  java: () => import("highlight.js/lib/languages/java"),
  javascript: () => import("highlight.js/lib/languages/javascript"),
  json: () => import("highlight.js/lib/languages/json"),
  kotlin: () => import("highlight.js/lib/languages/kotlin"),
  lua: () => import("highlight.js/lib/languages/lua"),
  makefile: () => import("highlight.js/lib/languages/makefile"),
  markdown: () => import("highlight.js/lib/languages/markdown"),
  php: () => import("highlight.js/lib/languages/php"),
  python: () => import("highlight.js/lib/languages/python"),
  ruby: () => import("highlight.js/lib/languages/ruby"),
  rust: () => import("highlight.js/lib/languages/rust"),
  shell: () => import("highlight.js/lib/languages/shell"),
  sql: () => import("highlight.js/lib/languages/sql"),
  swift: () => import("highlight.js/lib/languages/swift"),
  typescript: () => import("highlight.js/lib/languages/typescript"),
  xml: () => import("highlight.js/lib/languages/xml"),
  yaml: () => import("highlight.js/lib/languages/yaml"),
} satisfies Record<string, () => Promise<{ default: LanguageFn }>>;

type Name = keyof typeof DEFINITIONS;

/** Each by its other names. The definitions know them too, once they are loaded. */
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

/** Each language that was wanted, with those within it. */
const learned = new Map<Name, Lazily<true>>();

/** Resolves when a language can be read, if there is one of this name, or cannot be for now. */
export async function learn(called: string): Promise<void> {
  const name = NAMES.get(called);
  if (name !== undefined) await lazily(name).load();
}

function lazily(name: Name): Lazily<true> {
  let found = learned.get(name);
  if (found === undefined) learned.set(name, (found = new Lazily(() => register(name))));
  return found;
}

async function register(name: Name): Promise<true> {
  const all = withAll(name);
  const definitions = await Promise.all(all.map((name) => DEFINITIONS[name]()));
  for (const [n, { default: definition }] of definitions.entries())
    if (!hljs.getLanguage(all[n]!)) hljs.registerLanguage(all[n]!, definition);
  return true;
}

/** A language and those within it, each once. */
function withAll(name: Name, found: Name[] = []): Name[] {
  if (!found.includes(name)) {
    found.push(name);
    for (const other of WITHIN[name] ?? []) withAll(other, found);
  }
  return found;
}

/** Marks within each other; what is deeper has the mark around it. */
const DEEPEST = 16;

/** What highlight.js calls its emitter: makes nodes of what it finds, where its own would write HTML to be read again. */
class Nodes implements Emitter {
  readonly root = document.createDocumentFragment();
  #within: Node[] = [this.root];
  /** Of marks that are open but too deep. */
  #deeper = 0;

  openNode(name: string): void {
    if (this.#within.length > DEEPEST) {
      this.#deeper += 1;
      return;
    }
    const span = document.createElement("span");
    // What follows a point is finer than the page's colours are.
    span.className = `hljs-${name.split(".", 1)[0]}`;
    this.#top.appendChild(span);
    this.#within.push(span);
  }

  closeNode(): void {
    if (this.#deeper > 0) this.#deeper -= 1;
    else if (this.#within.length > 1) this.#within.pop();
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
export type Done = {
  readonly language: Name;
  /** The language within it that it has come to. */
  readonly inner: Name | null;
  readonly text: string;
  readonly standing: Standing;
};

/** Letters of what may not be read in parts, such as a comment of many lines; a longer one is read on as if it had ended. */
const LONGEST = 4_000;

/** A line of so many letters is plain: some languages take as long for it as its length's square. */
const LONG_LINE = /[^\n]{2000}/;

/** Code as text and spans of class `hljs-…`, behind what stands of it, and how far it is done now. */
type Coloured = { made: DocumentFragment; done: Done };

/**
 * The code in colours, behind what was done `before` if it goes on from there; `null` for a language that is not known or
 * cannot be read. It is read line by line, as far as no line is within what began in one before: so much as comes
 * is read, however much stands above it.
 */
export function colour(code: string, called: string, later: () => void, before?: Done): Coloured | null {
  const language = NAMES.get(called);
  if (language === undefined || lazily(language).now(later) === null) return null;
  const further = before?.language === language && code.startsWith(before.text) ? before : null;
  let { text, inner } = further ?? { text: "", inner: null };
  const groups = new Groups(further?.standing ?? NONE);
  let lines = 1;
  for (let end = lineAfter(code, text.length, lines); end < code.length; end = lineAfter(code, end, lines)) {
    const piece = code.slice(text.length, end);
    if (inner !== null && ENDS_INNER.test(piece)) inner = null;
    const read = highlight(piece, inner ?? language);
    if (read === null) return null;
    const begun: Name | null = language === "xml" && inner === null ? begunIn(piece) : null;
    const isDone = begun !== null || (read.isWhole && !goesOn(piece, code[end]!, inner ?? language));
    // Twice as many each time, so that a long comment is not read once more for each of its lines.
    if (!isDone && piece.length <= LONGEST) lines *= 2;
    else {
      inner ??= begun;
      groups.add(read.root, piece);
      text = code.slice(0, end);
      lines = 1;
    }
  }
  const rest = code.slice(text.length);
  const read = highlight(rest, inner === null || ENDS_INNER.test(rest) ? language : inner);
  groups.end(read?.root ?? rest);
  return { made: groups.made, done: { language, inner, text, standing: groups.standing } };
}

const ENDS_INNER = /<\/(?:script|style)\b/i;

/** The language that a piece of HTML goes over to at its end: it is read by its own lines, however long it is. */
function begunIn(piece: string): Name | null {
  const [, tag] = /<(script|style)\b[^>]*>(?![^]*<\/\1\b)/i.exec(piece) ?? [];
  return tag === undefined ? null : tag.toLowerCase() === "style" ? "css" : "javascript";
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
  if (LONG_LINE.test(code)) {
    const root = document.createDocumentFragment();
    root.append(code);
    return { root, isWhole: true };
  }
  const { _emitter, _top, errorRaised } = hljs.highlight(code, { language, ignoreIllegals: true });
  if (errorRaised) return null;
  return { root: (_emitter as Nodes).root, isWhole: _top !== undefined && !("parent" in _top) };
}
