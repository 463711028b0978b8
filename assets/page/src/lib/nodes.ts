// A block of Markdown (markdown.ts) as nodes.
//
// Safety: what the model says is untrusted, and the browser never reads it as HTML. Each node is made here or in tags.ts, by
// a name of a short list, and holds text; a link leads to http, https or mailto only (links.ts); an image is shown only if it
// is in the text itself, for an address can carry the conversation away.

import type { Token, Tokens } from "marked";

import { cite, type Cited } from "./citations";
import {
  boxed,
  celled,
  coded,
  directed,
  directedItem,
  directionAmong,
  directionIn,
  element,
  footnote,
  footnoteMark,
  legible,
  makeRoom,
  unturned,
} from "./elements";
import type { Details } from "./details";
import { alertKind, type Footnote } from "./gfm";
import { seenLevel } from "./headings";
import { lines } from "./highlight";
import { say } from "./language";
import type { Block } from "./markdown";
import { formulaBox, isDisplayed, LONGEST, type Formula } from "./math";
import { encoded, lead, named, single } from "./links";
import { kept } from "./morph";
import { decoded } from "./references";
import { Place } from "./tags";
import { straight, turns } from "./turning";

const NONE: Cited = new Map();

/**
 * A block as safe nodes, with the page's own furniture, and marks for what is cited. `later` is called when more can be made
 * of it, once what colours code or sets formulas has come. Where what `before` was is known to stand in the page, a part that
 * is as it was is kept (see morph.ts), so that a long list costs no more with each word than a short one.
 */
export function nodes(block: Block, cited: Cited = NONE, later = () => {}, before?: Block): DocumentFragment {
  const made = document.createDocumentFragment();
  const was = before?.known === block.known ? before.token : undefined;
  try {
    new Making(block.known.marks, later).blocks([block.token], made, was && [was]);
  } catch {
    const pre = element("pre");
    pre.append(unturned(element("code", {}, `${block.token.raw}\n`)));
    made.replaceChildren(coded(pre, ""));
  }
  if (cited.size > 0) cite(made, cited);
  return made;
}

class Making {
  readonly #marks: string[];
  readonly #later: () => void;

  constructor(marks: string[], later: () => void) {
    this.#marks = marks;
    this.#later = later;
  }

  blocks(tokens: Token[], ground: Node, before?: Token[]): void {
    const place = new Place(ground);
    for (const [n, token] of tokens.entries()) {
      const was = before?.[n];
      this.#block(token, place, was?.type === token.type ? was : undefined);
    }
    place.end();
  }

  #block(token: Token, place: Place, before?: Token): void {
    switch (token.type) {
      case "space":
      case "def":
        return;
      case "hr":
        return place.add(element("hr"));
      case "heading":
        return place.add(this.#heading(token as Tokens.Heading & { level?: number }));
      case "paragraph":
        return place.add(this.#paragraph(token as Tokens.Paragraph));
      case "code":
        return place.add(this.#formula(token as Tokens.Code) ?? this.#code(token as Tokens.Code, before));
      case "blockquote":
        return place.add(this.#quotation(token as Tokens.Blockquote));
      case "list":
        return place.add(this.#list(token as Tokens.List, before as Tokens.List | undefined));
      case "table":
        return place.add(this.#table(token as Tokens.Table, before as Tokens.Table | undefined));
      case "footnote": {
        const { label, tokens } = token as Footnote;
        const box = element("div");
        this.blocks(tokens, box);
        return place.add(footnote(box, label, this.#marks.indexOf(label) + 1));
      }
      case "details": {
        const { head, depth, tokens } = token as Details;
        place.html(head);
        for (const inner of tokens) this.#block(inner, place);
        return place.html("</details>".repeat(depth));
      }
      case "formulaBlock":
        return place.add(formulaBox((token as Formula).tex, "paragraph", this.#later));
      default:
        return this.#inline(token, place);
    }
  }

  #heading({ depth, level, tokens }: Tokens.Heading & { level?: number }): HTMLElement {
    const seen = seenLevel(depth);
    const heading = this.#words(`h${seen}`, tokens);
    if (level !== undefined && level !== seen) heading.setAttribute("aria-level", String(level));
    return heading;
  }

  /** A formula that is all of its paragraph stands for it. */
  #paragraph({ tokens }: Tokens.Paragraph): HTMLElement {
    const [first, ...others] = tokens.filter(({ type, raw }) => type !== "text" || raw.trim() !== "");
    const isFormula = first?.type === "formula" && others.length === 0 && isDisplayed(first.raw);
    return isFormula ? formulaBox((first as Formula).tex, "paragraph", this.#later) : this.#words("p", tokens);
  }

  /** Fenced mathematics, once they are whole and set; until then, and where they are none, they are code. */
  #formula(token: Tokens.Code): HTMLElement | null {
    if (!isMathematics(token)) return null;
    const box = formulaBox(token.text.trim(), "paragraph", this.#later);
    return box.firstElementChild?.localName === "math" ? box : null;
  }

  #code(token: Tokens.Code, before?: Token): HTMLElement {
    const { text, lang } = token;
    const language = /^[\w+#.-]+/.exec(lang ?? "")?.[0].toLowerCase() ?? "";
    // Of lines at its end that are empty the last one's end is there already.
    const whole = `${text.replace(/\n$/, "")}\n`;
    const code = element("code");
    // Where signs are to be shown, what was coloured before is no beginning of what is.
    code.append(lines(token, whole, language, this.#later, turns(whole) ? undefined : before));
    unturned(code);
    const pre = element("pre");
    pre.append(code);
    return coded(pre, language);
  }

  #quotation({ raw, tokens }: Tokens.Blockquote): HTMLElement {
    const quote = element("blockquote");
    this.blocks(tokens, quote);
    const kind = alertKind(raw);
    if (kind === null) {
      quote.dir = directionIn(quote);
      return quote;
    }
    const first = quote.querySelector("p");
    if (first) withoutMark(first);
    if (first?.textContent === "") first.remove();
    // As what it says goes, and not as its name, which is the page's.
    quote.dir = directionIn(quote);
    quote.className = `alert alert-${kind}`;
    const name = element("p");
    name.append(element("strong", {}, say.markdown[kind]));
    quote.prepend(name);
    return quote;
  }

  #list(token: Tokens.List, before?: Tokens.List): HTMLElement {
    const { ordered, start, items } = token;
    const list = element(ordered ? "ol" : "ul");
    if (ordered) {
      if (start !== 1) list.setAttribute("start", String(start));
      makeRoom(list, Number(start), items.length);
    }
    list.dir = directionAmong(items.map(({ text }) => text));
    const isLike = before?.ordered === ordered && before.loose === token.loose;
    const same = isLike ? alike(before.items, items, (was, item) => was.raw === item.raw) : 0;
    if (same > 0) list.append(kept(same));
    for (const [n, item] of items.entries()) {
      if (n < same) continue;
      const made = element("li");
      if (item.task) made.className = "task";
      this.blocks(item.tokens, made, isLike ? before.items[n]?.tokens : undefined);
      list.append(directedItem(made));
    }
    return list;
  }

  #table({ header, rows }: Tokens.Table, before?: Tokens.Table): HTMLElement {
    const table = element("table");
    const texts = [header, ...rows].flat().map(({ text }) => text);
    table.dir = directionAmong(texts);
    const head = table.appendChild(element("thead"));
    head.append(this.#row("th", header));
    if (rows.length > 0) {
      const body = table.appendChild(element("tbody"));
      const same = before && isSameRow(before.header, header) ? alike(before.rows, rows, isSameRow) : 0;
      if (same > 0) body.append(kept(same));
      for (const row of rows.slice(same)) body.append(this.#row("td", row));
    }
    return boxed(table);
  }

  /** What heads nothing is no head. */
  #row(name: "th" | "td", cells: Tokens.TableCell[]): HTMLElement {
    const row = element("tr");
    for (const { align, tokens, text } of cells) {
      const cell = celled(this.#words(text.trim() === "" ? "td" : name, tokens));
      if (align) cell.setAttribute("align", align);
      row.append(cell);
    }
    return row;
  }

  #words(name: string, tokens: Token[] = []): HTMLElement {
    const made = element(name);
    const place = new Place(made);
    for (const token of tokens) this.#inline(token, place);
    place.end();
    return directed(made);
  }

  #inline(token: Token, place: Place): void {
    switch (token.type) {
      case "text":
        if (token.tokens === undefined) return place.text(decoded(token["text"]));
        for (const inner of token.tokens) this.#inline(inner, place);
        return;
      case "escape":
        return place.text(token["text"]);
      case "html":
        return place.html(token["text"]);
      case "strong":
      case "em":
      case "del":
        return place.add(this.#words(token.type, token.tokens));
      case "codespan":
        return place.add(unturned(element("code", {}, token["text"])));
      case "br":
        return place.add(element("br"));
      case "checkbox":
        return place.add(element("span", { class: "check" }, token["checked"] ? "☑ " : "☐ "));
      case "link": {
        const link = this.#link(token as Tokens.Link);
        if (link !== null) return place.add(link);
        for (const inner of token.tokens ?? []) this.#inline(inner, place);
        return;
      }
      case "image":
        return place.add(image(token as Tokens.Image));
      case "footnoteMark":
        return place.add(footnoteMark(token["label"], this.#marks.indexOf(token["label"]) + 1));
      case "formula":
        return place.add(formulaBox((token as Formula).tex, isDisplayed(token.raw) ? "block" : "line", this.#later));
      default:
        return place.text(token.raw);
    }
  }

  #link({ href, title, autolink, text, tokens }: Tokens.Link): HTMLElement | null {
    // What is an address for itself has no references.
    const read = autolink ? (words: string) => words : decoded;
    const address = encoded(href);
    if (address === null) return null;
    const link = autolink ? element("a", { class: "bare" }) : this.#words("a", tokens);
    if (autolink) link.append(...legible(text));
    if (title) link.title = straight(decoded(title));
    lead(link, address, read);
    single(link);
    named(link);
    return link;
  }
}

/** Takes the mark of an alert off its first words, and the break that blanks behind it make. */
function withoutMark(first: Element): void {
  const mark = first.firstChild;
  if (!(mark instanceof Text)) return;
  mark.data = mark.data.replace(/^\[![a-z]+\]\s*/i, "");
  const next = mark.nextSibling;
  if (mark.data === "" && next?.nodeName === "BR") next.replaceWith();
  if (mark.nextSibling instanceof Text) mark.nextSibling.data = mark.nextSibling.data.trimStart();
}

/** Between fences that name mathematics, once the second one has come. */
function isMathematics({ raw, lang, text }: Tokens.Code): boolean {
  return (
    lang === "math" &&
    text.trim() !== "" &&
    text.length <= LONGEST &&
    /^ {0,3}(```+|~~~+)[^]*\n {0,3}\1[`~]*\s*$/.test(raw)
  );
}

/** An image in data; of any other its words, which lead to it, if it is not the document's that the words are from. */
function image({ href, title, text, tokens }: Tokens.Image): Node {
  const words = decoded(tokens ? wordsOf(tokens) : text);
  const address = encoded(href);
  const titled: Record<string, string> = title ? { title: straight(decoded(title)) } : {};
  if (address !== null && /^data:image\//i.test(address))
    return element("img", { src: address, alt: words, ...titled });
  const link = element("a", titled);
  link.append(...legible(say.markdown.image(words.trim())));
  if (address !== null) lead(link, address, decoded);
  return link.hasAttribute("href") ? link : document.createTextNode(words.trim() === "" ? link.textContent : words);
}

/** What an image shows, in words. */
function wordsOf(tokens: Token[]): string {
  return tokens
    .map((token) =>
      token.type === "br"
        ? "\n"
        : "tokens" in token && token.tokens
          ? wordsOf(token.tokens)
          : "text" in token
            ? String(token.text)
            : token.raw,
    )
    .join("");
}

/** How many at the beginning are as they were. */
function alike<Part>(before: Part[], now: Part[], isSame: (was: Part, is: Part) => boolean): number {
  const other = now.findIndex((part, n) => n >= before.length || !isSame(before[n]!, part));
  return other < 0 ? now.length : other;
}

function isSameRow(one: Tokens.TableCell[], other: Tokens.TableCell[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ text, align }, n) => text === other[n]!.text && align === other[n]!.align)
  );
}
