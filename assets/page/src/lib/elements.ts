// The page's own furniture around what an answer shows: code with its head, tables in boxes that scroll, marks of footnotes.

import { say } from "./language";
import { OVERRIDING, TURNING, turns } from "./turning";

/** Each of these finds its own writing direction; a list's items stand at its side, and only their words do (lists.css). */
const DIRECTED = new Set("p h3 h4 h5 h6 td th dt dd summary".split(" "));

export function element(name: string, attributes: Record<string, string> = {}, words = ""): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (words !== "") made.append(words);
  return made;
}

/**
 * An element in its own writing direction, where it has one, once its words are in it. The browser goes by the first letter;
 * where most goes the other way, it is told so.
 */
export function directed<Made extends HTMLElement>(made: Made): Made {
  if (DIRECTED.has(made.localName)) made.dir = corrected(made) ?? "auto";
  return made;
}

/** An item of a list stands at its list's side; whether its own words go as its first letter does is told all the same. */
export function directedItem(item: HTMLElement): HTMLElement {
  if (!RIGHT_TO_LEFT.test(item.textContent)) return item;
  const own = element("p");
  for (const node of item.childNodes)
    if (!(node instanceof Element && node.matches(BLOCKS))) own.append(node.cloneNode(true));
  const direction = corrected(own);
  if (direction !== null) item.dir = direction;
  return item;
}

/** The direction of most of what an element says, if its first letter says another one. */
function corrected(made: HTMLElement): "ltr" | "rtl" | null {
  const text = made.textContent;
  if (!RIGHT_TO_LEFT.test(text)) return null;
  const [first = ""] = /\p{L}/u.exec(text) ?? [];
  const direction = directionIn(made);
  return (direction === "rtl") === RIGHT_TO_LEFT.test(first) ? null : direction;
}

/** What stands by itself in an item of a list, and what is no words of the language around it. */
const BLOCKS = "p, h3, h4, h5, h6, ul, ol, dl, blockquote, details, .code-box, .table-box, .formula-block";
const UNSPOKEN = ".code-box, code, kbd, samp, .formula, .check, button";

const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u;

/** So many units of a text tell its direction, and so large a part of its letters must go right to left: names are Latin, and long. */
const TELLING = 2_000;
const PREVAILING = 0.4;

/** What most of a text goes by: what holds several of those that are directed goes as they do. */
export function directionOf(text: string): "ltr" | "rtl" {
  const telling = text.slice(0, TELLING);
  if (!RIGHT_TO_LEFT.test(telling)) return "ltr";
  const letters = telling.match(/\p{L}/gu) ?? [];
  const turned = letters.filter((letter) => RIGHT_TO_LEFT.test(letter));
  return turned.length > 0 && turned.length >= letters.length * PREVAILING ? "rtl" : "ltr";
}

/** The same of the words in an element: code and formulas are in no language. */
export function directionIn(made: HTMLElement): "ltr" | "rtl" {
  if (!RIGHT_TO_LEFT.test(made.textContent)) return "ltr";
  const walker = document.createTreeWalker(made, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    node instanceof Element && node.matches(UNSPOKEN) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  let words = "";
  while (words.length < TELLING && walker.nextNode())
    if (walker.currentNode instanceof Text) words += walker.currentNode.data;
  return directionOf(words);
}

/** The same of parts in Markdown, as far as they tell it: code, tags and addresses are no words. */
export function directionAmong(parts: string[]): "ltr" | "rtl" {
  let words = "";
  for (const part of parts) {
    if (words.length >= TELLING) break;
    words += part.slice(0, TELLING).replace(/(`+)[^`]*(?:\1|$)|<[^<>]*>|\]\([^()\s]*\)|https?:\S+/g, "");
  }
  return directionOf(words);
}

/** A list's numbers stand beside it: those of many digits need more room than is left for one or two. */
export function makeRoom(list: HTMLElement, start: number, count: number): void {
  const { length } = String(start + count - 1);
  if (length > 2) list.dataset["digits"] = String(length);
}

/** What a cell may hold on one line, in letters; of those that are twice as wide, half as many. */
const SHORT = 20;
const WIDE = /[\u1100-\u115f\u2e80-\ud7a3\uf900-\ufaff\uff00-\uff60]/g;

/** A table's cell, which has room for its words. */
export function celled<Made extends HTMLElement>(cell: Made): Made {
  const text = cell.textContent.trim();
  if (text.length + (text.match(WIDE)?.length ?? 0) > SHORT) cell.className = "long";
  return cell;
}

/** A table in the box that it scrolls in. */
export function boxed(table: HTMLElement): HTMLElement {
  const box = element("div", { class: "table-box", role: "group", "aria-label": say.markdown.table, tabindex: "0" });
  box.dir = table.dir;
  box.append(table);
  return box;
}

/** Code below its head, which says its language, if it has one, and what can be done with it. */
export function coded(pre: HTMLElement, language: string): HTMLElement {
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", language === "" ? say.markdown.code : say.markdown.codeIn(language));
  pre.dir = "ltr";
  pre.translate = false;
  const head = element("div", { class: "code-head" });
  head.append(
    element("span", { class: "language" }, language),
    tool("wrap", say.markdown.wrap),
    tool("save", say.markdown.download),
    tool("copy", say.copy.copy),
  );
  const box = element("div", { class: "code-box" });
  box.append(head, pre);
  return box;
}

function tool(does: string, words: string): HTMLElement {
  const button = element("button", { type: "button", class: "quiet", "data-code": does }, words);
  if (does === "wrap") button.setAttribute("aria-pressed", "false");
  return button;
}

/** Shows in code what turns it round, which turns nothing there: code is read from left to right. It is copied as it is. */
export function unturned<Made extends Node>(code: Made): Made {
  const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts)
    if (turns(text.data) && !text.parentElement?.matches(".turning")) text.replaceWith(...signed(text.data, TURNING));
  return code;
}

/** Words as nodes, with the signs shown that would have them read backwards. */
export function legible(words: string): (string | HTMLElement)[] {
  return OVERRIDING.test(words) ? signed(words, OVERRIDING) : [words];
}

function signed(text: string, signs: RegExp): (string | HTMLElement)[] {
  const parts = text.split(new RegExp(`(${signs.source})`));
  return parts.filter((part) => part !== "").map((part) => (signs.test(part) ? turning(part) : part));
}

function turning(sign: string): HTMLElement {
  const name = `U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  return element("span", { class: "turning", title: name, "data-sign": name }, sign);
}

/** A footnote's mark is a button that leads to it. */
export function footnoteMark(label: string, n: number): HTMLElement {
  const mark = element("sup");
  mark.append(leading({ "data-to-footnote": label, "aria-label": say.markdown.footnote(n) }, String(n)));
  return mark;
}

/** Makes a box with a footnote's words that footnote, with a way back to its mark; one without a mark, 0, has no number. */
export function footnote(box: HTMLElement, label: string, n: number): HTMLElement {
  for (const [name, value] of Object.entries({
    class: "footnote",
    "data-footnote": label,
    role: "note",
    tabindex: "-1",
  }))
    box.setAttribute(name, value);
  box.dir = directionIn(box);
  if (n === 0) return box;
  const last = box.lastElementChild;
  box.prepend(element("sup", {}, String(n)), " ");
  // An arrow, and no picture of one.
  const back = leading({ "data-to-mark": label, "aria-label": say.markdown.toMark(n) }, "\u21a9\ufe0e");
  (last?.localName === "p" ? last : box).append("\u00a0", back);
  return box;
}

function leading(attributes: Record<string, string>, words: string): HTMLElement {
  return element("button", { type: "button", class: "to-footnote", ...attributes }, words);
}
