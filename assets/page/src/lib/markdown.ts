// Markdown to safe DOM, block by block. A growing answer is never parsed whole again: blocks that can no longer
// change are frozen, and only what follows them is read anew.
//
// Safety: what the model says is untrusted. `marked` makes HTML, DOMPurify lets through a short list of tags, images
// from elsewhere are dropped (an address can carry the conversation away), links are http, https and mailto only.
// A model that babbles marks cannot break the page either: nesting is bounded, and what cannot be read is shown as it is.

import DOMPurify from "dompurify";
import { Lexer, Marked, Tokenizer, type Token, type Tokens } from "marked";

import { escaped } from "./escape";
import { coloured } from "./highlight";
import { alert, footnotes } from "./gfm";
import { say } from "./language";
import { beginning, formulas, frameFormula } from "./math";

const ALLOWED_TAGS = (
  "a abbr b blockquote br code dd del details div dl dt em h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp " +
  "small span strong sub summary sup table tbody td tfoot th thead tr u ul var"
).split(" ");

/** What the model may write as HTML of its own; links and images only as Markdown. */
const BARE_TAGS = new Set(ALLOWED_TAGS.filter((name) => name !== "a" && name !== "img"));

const TAG = /<!--(?:-?>|[^]*?-->)|<(\/?)([a-z][a-z0-9]*)\b[^<>]*>|</gi;

/** Deeper than anybody writes; `marked` calls itself once per level, and the stack is finite. */
const DEEPEST = 16;

/** How far plain words and addresses are looked for at once: some of `marked`'s patterns search to the text's end. */
const FARTHEST = 2_048;

/** `marked`'s own reading, with its depth and its searching bounded: a mark beyond is the letters that it is made of. */
class Bounded extends Tokenizer {
  #depth = 0;

  override blockquote(src: string) {
    return this.#within(() => super.blockquote(src));
  }

  override list(src: string) {
    return this.#within(() => super.list(src));
  }

  override link(src: string) {
    return this.#within(() => super.link(src));
  }

  override reflink(...args: Parameters<Tokenizer["reflink"]>) {
    return this.#within(() => super.reflink(...args));
  }

  /** A number is a source's: no text leads it elsewhere. */
  override def(src: string) {
    const found = super.def(src);
    return found && /^\s*\d+\s*$/.test(found.tag) ? undefined : found;
  }

  override emStrong(...args: Parameters<Tokenizer["emStrong"]>) {
    return this.#within(() => super.emStrong(...args));
  }

  override del(...args: Parameters<Tokenizer["del"]>) {
    return this.#within(() => super.del(...args));
  }

  /** A tag ends with its block, and a link's or code's is no other one: `marked` would remember it for all that follows. */
  override tag(src: string) {
    const found = super.tag(src);
    Object.assign(this.lexer.state, { inLink: false, inRawBlock: false });
    return found;
  }

  override url(src: string) {
    return super.url(src.slice(0, FARTHEST));
  }

  override inlineText(src: string) {
    const near = src.slice(0, FARTHEST);
    return super.inlineText(near.slice(0, beginning(near)));
  }

  #within<T>(read: () => T | undefined): T | undefined {
    if (this.#depth >= DEEPEST) return undefined;
    this.#depth += 1;
    try {
      return read();
    } finally {
      this.#depth -= 1;
    }
  }
}

const marked = new Marked({
  gfm: true,
  renderer: {
    code({ text, lang, codeBlockStyle }: Tokens.Code): string {
      const language = /^[\w+#.-]+/.exec(lang ?? "")?.[0].toLowerCase() ?? "";
      const name = language === "" ? "" : ` title="${language}"`;
      const code = codeBlockStyle === "indented" ? text.replace(/\n$/, "") : text;
      return `<pre${name}><code>${escaped(code)}\n</code></pre>\n`;
    },
    heading({ tokens, depth }: Tokens.Heading): string {
      if (tokens.length === 0) return "";
      // The page's title and the question stand above: an answer's headings begin at the third level.
      const level = Math.min(Math.max(depth, 2) + 1, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    blockquote({ raw, tokens }: Tokens.Blockquote): string | false {
      return alert(raw, () => this.parser.parse(tokens)) ?? false;
    },
    html({ text }: Tokens.HTML | Tokens.Tag): string {
      return text.replace(TAG, bareTag);
    },
    checkbox({ checked }: Tokens.Checkbox): string {
      return checked ? "☑ " : "☐ ";
    },
  },
});

marked.use({ extensions: [...footnotes, ...formulas] });

// `use` copies a tokenizer's own functions only, so a class must be set as it is.
marked.setOptions({ tokenizer: new Bounded() });

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

/** What link definitions name, by their labels. */
type Definitions = Lexer["tokens"]["links"];

/**
 * The blocks of a text, as HTML that is not yet safe; how many of them are frozen, where the part begins that may still
 * change, and the link definitions before it.
 */
export type Blocks = { html: string[]; frozen: number; offset: number; definitions: Definitions };

export const NOTHING: Blocks = { html: [], frozen: 0, offset: 0, definitions: {} };

/** How many blocks at the end may still change: a line below a paragraph can make it a heading or a table. */
const OPEN_BLOCKS = 2;

/**
 * Behind a block that is done is a blank line, or as many letters: without one a mark far below may still make one of
 * many blocks, as the end of a formula does.
 */
const DONE = 2_048;

/** The blocks of `text`, which continues the text that `before` was made of. */
export function grow(before: Blocks, text: string): Blocks {
  const html = before.html.slice(0, before.frozen);
  const lines = unixLines(text);
  const tokens = lex(lines.slice(before.offset), before.definitions);
  // How many tokens are read when a block ends, and how far the text then is.
  const ends: { tokens: number; offset: number }[] = [];
  let offset = before.offset;
  for (const [n, token] of tokens.entries()) {
    offset += token.raw.length;
    const block = render(token);
    if (block === "") continue;
    html.push(block);
    ends.push({ tokens: n + 1, offset });
  }
  const last = ends.slice(0, -OPEN_BLOCKS).findLastIndex((end) => isDone(lines, end.offset));
  const end = ends[last];
  if (end === undefined) return { ...before, html };
  return {
    html,
    frozen: before.frozen + last + 1,
    offset: end.offset,
    definitions: { ...definitions(tokens.slice(0, end.tokens)), ...before.definitions },
  };
}

/** Whether nothing that follows can change a block that ends here, given that others follow. */
function isDone(text: string, end: number): boolean {
  if (text.length - end >= DONE) return true;
  const from = text.slice(0, end).trimEnd().length;
  return /^[ \t]*\n[ \t]*\n/.test(text.slice(from));
}

/** What is defined in these tokens; of two definitions of a label the first one counts. */
function definitions(tokens: Token[]): Definitions {
  const found = Object.create(null) as Definitions;
  marked.walkTokens(tokens, (token) => {
    if (token.type === "def") found[token.tag] ??= { href: token.href, title: token.title };
  });
  return found;
}

/** The blocks of a text that grows no more; unlike `grow`, link definitions anywhere in it count everywhere. */
export function whole(text: string): string[] {
  return lex(text)
    .map(render)
    .filter((block) => block !== "");
}

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
  for (const place of fragment.querySelectorAll("var[title]")) frameFormula(place, later);
  for (const mark of fragment.querySelectorAll("sup[title], div[title]")) frameFootnote(mark);
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

/** `marked` does the same inside; offsets into the text are only right when it is done before. */
function unixLines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

/** The text's tokens; a text that cannot be read is one block of what it is made of. */
function lex(text: string, definitions: Definitions = {}): Token[] {
  try {
    const lexer = new Lexer(marked.defaults);
    // A label may be the name of what every object has.
    lexer.tokens.links = Object.assign(Object.create(null) as Definitions, definitions);
    return lexer.lex(text);
  } catch {
    return [{ type: "code", raw: text, text }];
  }
}

function render(token: Token): string {
  try {
    return marked.parser([token]).trim();
  } catch {
    return plain(token.raw);
  }
}

function plain(text: string): string {
  return `<pre><code>${escaped(text)}\n</code></pre>`;
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

/**
 * A tag of the model's without its attributes, or as the text that it is. The purifier would drop both, but while it
 * parses, the browser already reports inline styles and handlers as violations of the page's policy.
 */
function bareTag(found: string, slash: string | undefined, name: string | undefined): string {
  if (found.startsWith("<!--")) return "";
  return name !== undefined && BARE_TAGS.has(name.toLowerCase()) ? `<${slash}${name}>` : `&lt;${found.slice(1)}`;
}
