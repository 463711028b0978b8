// Where nodes go that are made one after the other, and the HTML of a model's own among them: the browser never reads that.
// Its tags are elements that are made here by their names, without any attribute but a link's address, which is held to what
// Markdown's are held to; every other tag is the text that it is.

import { boxed, celled, coded, directed, directedItem, directionIn, legible, makeRoom, unturned } from "./elements";
import { encoded, lead, named, single } from "./links";
import { decoded } from "./references";
import { OWN_TAGS } from "./tagnames";

const VOID = new Set(["br", "hr"]);

/** A model's own tags within each other, in one element of Markdown's; what is deeper is left out. */
const DEEPEST = 16;

const TAG = /<!--(?:-?>|[^]*?-->)|<(\/?)([a-z][a-z0-9]*)(?=[\s/>])(?:"[^"]*"|'[^']*'|[^<>"'])*>|</gi;

/** What a tag says of itself behind its name. */
const ATTRIBUTE = /\s([a-z][\w:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+))|"[^"]*"|'[^']*'/gi;

type Ends = { these: string[]; within: string[] };

const PARAGRAPH: Ends = { these: ["P"], within: ["LI", "TD", "TH", "DD", "DIV", "BLOCKQUOTE", "DETAILS"] };

/** What ends where one of these begins, unless it is further out than what holds them. */
const ENDS: Record<string, Ends> = {
  ...Object.fromEntries(
    "blockquote details div dl h3 h4 h5 h6 hr ol p pre table ul".split(" ").map((name) => [name, PARAGRAPH]),
  ),
  li: { these: ["LI"], within: ["UL", "OL"] },
  dt: { these: ["DT", "DD"], within: ["DL"] },
  dd: { these: ["DT", "DD"], within: ["DL"] },
  tr: { these: ["TR"], within: ["TABLE"] },
  td: { these: ["TD", "TH"], within: ["TR", "TABLE"] },
  th: { these: ["TD", "TH"], within: ["TR", "TABLE"] },
};

/** What stands in a list of one of these, and in the first where there is none. */
const LISTS: Record<string, string[]> = { li: ["UL", "OL"], dt: ["DL"], dd: ["DL"] };

/** What is made within one element of Markdown's: tags that are still open there end with it. */
export class Place {
  readonly #open: Node[];

  constructor(ground: Node) {
    this.#open = [ground];
  }

  add(node: Node): void {
    this.#top.appendChild(node);
  }

  text(data: string): void {
    for (const part of legible(data)) typeof part === "string" ? this.#letters(part) : this.add(part);
  }

  /** Text that follows text is one with it. */
  #letters(data: string): void {
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
      if (OWN_TAGS.has(known)) slash === "" ? this.#begin(known, tag) : this.#close(known);
      else if (!tag.startsWith("<!--")) this.text(tag);
    }
    this.text(decoded(source.slice(from)));
  }

  end(): void {
    this.#endFrom(1);
  }

  #begin(name: string, tag: string): void {
    // A link within a link is the next one.
    if (name === "a") this.#close(name);
    const ends = ENDS[name];
    if (ends) {
      const inner = this.#open.findLastIndex(({ nodeName }) => ends.within.includes(nodeName));
      const at = this.#open.findIndex(({ nodeName }, n) => n > Math.max(inner, 0) && ends.these.includes(nodeName));
      if (at > 0) this.#endFrom(at);
    }
    const list = LISTS[name];
    if (list && !this.#open.some(({ nodeName }) => list.includes(nodeName))) this.#begin(list[0]!.toLowerCase(), "");
    if (this.#open.length > DEEPEST) return;
    const element = document.createElement(name);
    if (element instanceof HTMLAnchorElement) lead(element, encoded(addressIn(tag)) ?? "", decoded);
    this.add(element);
    if (!VOID.has(name)) this.#open.push(element);
  }

  #close(name: string): void {
    const at = this.#open.findLastIndex(({ nodeName }) => nodeName === name.toUpperCase());
    if (at > 0) this.#endFrom(at);
  }

  #endFrom(at: number): void {
    for (const element of this.#open.splice(at).reverse()) finish(element as HTMLElement);
  }

  get #top(): Node {
    return this.#open.at(-1)!;
  }
}

/** What a link's tag leads to; of two addresses the first one counts. */
function addressIn(tag: string): string {
  for (const [, name = "", ...values] of tag.matchAll(ATTRIBUTE))
    if (name.toLowerCase() === "href") return values.find((value) => value !== undefined)?.trim() ?? "";
  return "";
}

/** Gives an element, with all that is in it, what one of Markdown's has. */
function finish(made: HTMLElement): void {
  directed(made);
  if (made.localName === "a") {
    single(made);
    named(made);
  }
  if (/^[uo]l$/.test(made.localName)) gathered(made, "li", "li");
  if (made.localName === "dl") gathered(made, "dd", "dt, dd, div");
  if (/^h\d$/.test(made.localName) && made.textContent.trim() === "") return made.remove();
  if (/^(?:code|kbd|pre|samp)$/.test(made.localName)) unturned(made);
  if (/^(?:ul|ol|dl|blockquote|table)$/.test(made.localName)) made.dir = directionIn(made);
  if (made.localName === "li") directedItem(made);
  if (made instanceof HTMLOListElement) makeRoom(made, made.start, made.children.length);
  if (/^t[hd]$/.test(made.localName)) celled(made);
  if (made.localName === "table") putInto(made, boxed);
  if (made.localName === "pre") putInto(made, (pre) => coded(pre, ""));
}

/** Puts what stands in a list and is no `part` of it into a part of this `name`, with all that follows it. */
function gathered(list: HTMLElement, name: string, part: string): void {
  let made: HTMLElement | null = null;
  for (const node of [...list.childNodes]) {
    if (node instanceof Element && node.matches(part)) made = null;
    else if (made === null && node.textContent?.trim() === "") continue;
    else {
      if (made === null) node.before((made = document.createElement(name)));
      made.append(node);
      directed(made);
    }
  }
}

/** Puts an element into its box, where it stands. */
function putInto(made: HTMLElement, box: (made: HTMLElement) => HTMLElement): void {
  const place = document.createComment("");
  made.replaceWith(place);
  place.replaceWith(box(made));
}
