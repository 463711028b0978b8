// The page's own furniture around what an answer shows: code with its head, tables in boxes that scroll, marks of footnotes.

import { say } from "./language";

/** Each of these finds its own writing direction; a list's items stand at its side, and only their words do (markdown.css). */
const DIRECTED = new Set("p h3 h4 h5 h6 td th dt dd summary".split(" "));

export function element(name: string, attributes: Record<string, string> = {}, words = ""): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (words !== "") made.append(words);
  return made;
}

/** An element in its own writing direction, where it has one. */
export function directed<Made extends HTMLElement>(made: Made): Made {
  if (DIRECTED.has(made.localName)) made.dir = "auto";
  return made;
}

/** What holds several of those goes as its first letter does: a direction that is found passes over those inside. */
export function directionOf(text: string): "ltr" | "rtl" {
  const [first] = /\p{L}/u.exec(text) ?? [""];
  return /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u.test(
    first,
  )
    ? "rtl"
    : "ltr";
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

/** What turns the letters behind it round, or what ends that, and is not seen itself. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Whether in code something else is read than what it says. */
export function turns(code: string): boolean {
  return TURNING.test(code);
}

/** Shows in code what turns it round, which turns nothing there: code is read from left to right. It is copied as it is. */
export function unturned<Made extends Node>(code: Made): Made {
  const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts) {
    if (!turns(text.data) || text.parentElement?.matches(".turning")) continue;
    const parts = text.data.split(new RegExp(`(${TURNING.source})`));
    text.replaceWith(...parts.filter((part) => part !== "").map((part) => (turns(part) ? turning(part) : part)));
  }
  return code;
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
  box.dir = directionOf(box.textContent);
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
