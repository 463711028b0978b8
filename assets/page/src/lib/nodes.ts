// A block's HTML (markdown.ts) to safe nodes, with the page's own furniture around them.
//
// Safety: what the model says is untrusted. DOMPurify lets through a short list of tags, images from elsewhere are dropped
// (an address can carry the conversation away), links are http, https and mailto only.

import DOMPurify from "dompurify";

import { coloured } from "./highlight";
import { say } from "./language";
import { frameFormula } from "./math";

export const ALLOWED_TAGS = (
  "a abbr b blockquote br code dd del details div dl dt em h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp " +
  "small span strong sub summary sup table tbody td tfoot th thead tr u ul var"
).split(" ");

const purifier = DOMPurify();

const ALLOWED_ATTR = ["href", "title", "src", "alt", "start", "align", "colspan", "rowspan", "class"];

// Once, and not with each block: reading it takes as long as a short block does.
purifier.setConfig({ ALLOWED_TAGS, ALLOWED_ATTR, RETURN_DOM_FRAGMENT: true });

/** Each of these finds its own writing direction. */
const DIRECTED = "p, li, h3, h4, h5, h6, td, th, dt, dd, summary";

/** In these, marks and columns begin at a side. */
const HOLDING = "ul, ol, dl, blockquote, table";

purifier.addHook("afterSanitizeAttributes", (node) => {
  const classes = (node.getAttribute("class") ?? "").split(/\s+/).filter((name) => name.startsWith("hljs-"));
  if (classes.length > 0) node.setAttribute("class", classes.join(" "));
  else node.removeAttribute("class");
  if (node.tagName === "A") secureLink(node);
  if (node.tagName === "IMG" && !isOwnImage(node.getAttribute("src") ?? "")) {
    node.replaceWith(document.createTextNode(node.getAttribute("alt") ?? ""));
  }
});

/** What an answer cites as `[n]`: each number with its source's title. */
export type Cited = ReadonlyMap<number, string>;

const NONE: Cited = new Map();

/**
 * A block's HTML as safe nodes, with the page's own furniture around code and tables, and marks for what is cited. `later`
 * is called when more can be made of it, once what colours code or sets formulas has come.
 */
export function nodes(html: string, cited: Cited = NONE, later = () => {}): DocumentFragment {
  const fragment = safe(html);
  // From the inside out: a direction that is set looks at all inside, and again when something changes there.
  for (const node of [...fragment.querySelectorAll(DIRECTED)].reverse()) node.setAttribute("dir", "auto");
  // What holds several of them goes as its first letter does: a direction that is found passes over those inside.
  for (const node of fragment.querySelectorAll<HTMLElement>(HOLDING)) node.dir = directionOf(node.textContent);
  if (cited.size > 0) {
    for (const link of fragment.querySelectorAll("a"))
      if (names(link, cited)) link.replaceWith(`[${link.textContent}]`);
    markCited(fragment, cited);
  }
  for (const pre of fragment.querySelectorAll("pre")) frameCode(pre, later);
  for (const quote of fragment.querySelectorAll("blockquote[title]")) frameAlert(quote);
  for (const item of fragment.querySelectorAll("li[title]")) {
    item.removeAttribute("title");
    item.classList.add("task");
  }
  for (const place of fragment.querySelectorAll("var[title]")) frameFormula(place, later);
  for (const mark of fragment.querySelectorAll("sup[title], div[title]")) frameFootnote(mark);
  for (const list of fragment.querySelectorAll("ol")) makeRoom(list);
  for (const table of fragment.querySelectorAll("table")) {
    const box = element("div", { class: "table-box", role: "group", "aria-label": say.markdown.table, tabindex: "0" });
    box.dir = table.dir;
    table.replaceWith(box);
    box.append(table);
  }
  return fragment;
}

/** Letters of a link's words that may be nothing but numbers: what is tested may come from anybody. */
const LONGEST_NUMBERS = 40;

/** Whether a link has nothing but sources' numbers for its words: then it names them, wherever it would lead. */
function names(link: Element, cited: Cited): boolean {
  const words = link.textContent.trim();
  const isNumbers = words.length <= LONGEST_NUMBERS && /^[[\s]*(?:sources?)?[\d\s,;–-]+\]*$/i.test(words);
  return isNumbers && (words.match(/\d+/g) ?? []).some((number) => cited.has(Number(number)));
}

/** Makes a button of each `[n]` that names a source. In code and links it is what it says. */
function markCited(fragment: DocumentFragment, cited: Cited): void {
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (/\[\d/.test(text.data) && !text.parentElement?.closest("code, pre, kbd, samp, a, var[title]")) found.push(text);
  }
  for (const text of found) {
    const parts = text.data.split(/\[(\d{1,4})\]/);
    // Every second part is a number.
    const marks = parts.flatMap((part, at): (Node | string)[] => {
      if (at % 2 === 0) return part === "" ? [] : [part];
      const title = cited.get(Number(part));
      return [title === undefined ? `[${part}]` : citation(part, title)];
    });
    text.replaceWith(...marks);
  }
}

function citation(n: string, title: string): HTMLElement {
  const label = say.sources.source(Number(n), title);
  const button = element("button", { type: "button", class: "cite", "data-cite": n, "aria-label": label, title });
  button.textContent = n;
  return button;
}

function frameCode(pre: HTMLPreElement, later: () => void): void {
  const language = pre.title;
  pre.removeAttribute("title");
  pre.tabIndex = 0;
  pre.setAttribute("role", "group");
  pre.setAttribute("aria-label", language === "" ? say.markdown.code : say.markdown.codeIn(language));
  pre.dir = "ltr";
  const head = element("div", { class: "code-head" });
  const name = element("span", { class: "language" });
  name.textContent = language;
  head.append(name, tool("wrap", say.markdown.wrap), tool("save", say.markdown.download), tool("copy", say.copy.copy));
  const box = element("div", { class: "code-box" });
  pre.replaceWith(box);
  box.append(head, pre);
  const code = pre.querySelector("code");
  const colours = code ? coloured(code.textContent, language, later) : null;
  if (colours !== null) code?.replaceChildren(colours);
}

function tool(does: string, words: string): HTMLElement {
  const button = element("button", { type: "button", class: "quiet", "data-code": does });
  if (does === "wrap") button.setAttribute("aria-pressed", "false");
  button.textContent = words;
  return button;
}

/** A list's numbers stand beside it: those of many digits need more room than is left for one or two. */
function makeRoom(list: HTMLOListElement): void {
  const { length } = String(list.start + list.children.length - 1);
  if (length > 2) list.dataset["digits"] = String(length);
}

function frameAlert(quote: Element): void {
  const kind = quote.getAttribute("title") ?? "";
  quote.removeAttribute("title");
  quote.classList.add("alert", `alert-${kind}`);
}

/** A footnote's mark becomes a button that leads to it; the footnote is named for whoever comes there. */
function frameFootnote(mark: Element): void {
  const label = mark.getAttribute("title") ?? "";
  mark.removeAttribute("title");
  if (mark.tagName === "DIV") {
    mark.classList.add("footnote");
    mark.setAttribute("data-footnote", label);
    mark.setAttribute("role", "note");
    mark.setAttribute("tabindex", "-1");
    return;
  }
  const button = element("button", { type: "button", class: "to-footnote", "data-to-footnote": label });
  button.setAttribute("aria-label", say.markdown.footnote(label));
  button.textContent = label;
  mark.replaceChildren(button);
}

function directionOf(text: string): "ltr" | "rtl" {
  const [first] = /\p{L}/u.exec(text) ?? [""];
  return /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u.test(
    first,
  )
    ? "rtl"
    : "ltr";
}

/** HTML as nodes, without what may do anything. */
function safe(html: string): DocumentFragment {
  return purifier.sanitize(html, { RETURN_DOM_FRAGMENT: true });
}

function secureLink(link: Element): void {
  const href = link.getAttribute("href") ?? "";
  if (!/^(https?|mailto):/i.test(href.trim())) {
    link.removeAttribute("href");
    return;
  }
  link.setAttribute("target", "_blank");
  link.setAttribute("rel", "noopener noreferrer");
}

/** A relative address is the document's that the words are from, and means nothing here. */
function isOwnImage(src: string): boolean {
  return /^data:image\//i.test(src);
}

function element(name: string, attributes: Record<string, string>): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
