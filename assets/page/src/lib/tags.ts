// Where nodes go that are made one after the other, and the HTML of a model's own among them: the browser never reads that.
// Its tags are elements that are made here by their names, without any attribute; every other tag is the text that it is.

import { finish } from "./elements";
import { vouching } from "./trusted";

/** What the model may write as HTML of its own; links and images only as Markdown. */
export const OWN_TAGS: ReadonlySet<string> = new Set(
  (
    "abbr b blockquote br code dd del details div dl dt em h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp " +
    "small span strong sub summary sup table tbody td tfoot th thead tr u ul var"
  ).split(" "),
);

const VOID = new Set(["br", "hr"]);

/** Tags within each other; what is deeper is left out, for a page of any depth cannot be laid out. */
const DEEPEST = 16;

const TAG = /<!--(?:-?>|[^]*?-->)|<(\/?)([a-z][a-z0-9]*)\b[^<>]*>|</gi;

/** What is made within one element of Markdown's: tags that are still open there end with it. */
export class Place {
  readonly #open: Node[];

  constructor(ground: Node) {
    this.#open = [ground];
  }

  add(node: Node): void {
    this.#top.appendChild(node);
  }

  /** Text that follows text is one with it. */
  text(data: string): void {
    const { lastChild } = this.#top;
    if (lastChild instanceof Text) lastChild.appendData(data);
    else {
      // The line behind the tag begins it.
      const begun = lastChild === null && this.#top.nodeName === "PRE" ? data.replace(/^\n/, "") : data;
      if (begun !== "") this.add(document.createTextNode(begun));
    }
  }

  html(source: string): void {
    let from = 0;
    for (const { 0: tag, 1: slash, 2: name, index } of source.matchAll(TAG)) {
      this.text(decoded(source.slice(from, index)));
      from = index + tag.length;
      const known = name?.toLowerCase() ?? "";
      if (OWN_TAGS.has(known)) slash === "" ? this.#begin(known) : this.#close(known);
      else if (!tag.startsWith("<!--")) this.text(tag);
    }
    this.text(decoded(source.slice(from)));
  }

  end(): void {
    for (const element of this.#open.splice(1).reverse()) finish(element as HTMLElement);
  }

  #begin(name: string): void {
    if (this.#open.length > DEEPEST) return;
    const element = document.createElement(name);
    this.add(element);
    if (!VOID.has(name)) this.#open.push(element);
  }

  #close(name: string): void {
    const at = this.#open.findLastIndex(({ nodeName }) => nodeName === name.toUpperCase());
    if (at > 0) for (const element of this.#open.splice(at).reverse()) finish(element as HTMLElement);
  }

  get #top(): Node {
    return this.#open.at(-1)!;
  }
}

const REFERENCE = /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]\w{0,40});/i;
const REFERENCES = new RegExp(REFERENCE, "gi");

/** Names of signs that are remembered. */
const REMEMBERED = 200;

const signs = new Map<string, string>();

/** A text with the signs that its references (`&auml;`) name. */
export function decoded(text: string): string {
  return text.includes("&") ? text.replace(REFERENCES, sign) : text;
}

/** Only the browser knows the two thousand names, and it is given nothing else, behind a letter that holds blanks. */
const rules = { createHTML: (text: string) => `.${REFERENCE.exec(text)?.[0] ?? ""}` };

let references: typeof rules | undefined;

function sign(reference: string): string {
  let found = signs.get(reference);
  if (found === undefined) {
    references ??= vouching("askd-references", rules);
    const document = new DOMParser().parseFromString(references.createHTML(reference), "text/html");
    found = document.body.textContent.slice(1);
    if (signs.size >= REMEMBERED) signs.delete(signs.keys().next().value!);
    signs.set(reference, found);
  }
  return found;
}
