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

const languages = {
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

for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);

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

/** The code as text and spans of class `hljs-…`, or `null` for a language that is not known or cannot be read. */
export function nodes(code: string, language: string): DocumentFragment | null {
  if (!hljs.getLanguage(language)) return null;
  const { _emitter, errorRaised } = hljs.highlight(code, { language, ignoreIllegals: true });
  return errorRaised ? null : (_emitter as Nodes).root;
}
