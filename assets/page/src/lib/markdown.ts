// Markdown to safe DOM, block by block. A growing answer is never parsed whole again: blocks that can no longer
// change are frozen, and only what follows them is read anew.
//
// Safety: what the model says is untrusted. `marked` makes HTML, DOMPurify lets through a short list of tags, images
// from elsewhere are dropped (an address can carry the conversation away), links are http, https and mailto only.

import DOMPurify from "dompurify";
import { Marked, type Token, type Tokens } from "marked";

import { highlight } from "./highlight";

const ALLOWED_TAGS = (
  "a abbr b blockquote br code dd del details div dl dt em h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp " +
  "small span strong sub summary sup table tbody td tfoot th thead tr u ul var"
).split(" ");

/** What the model may write as HTML of its own; links and images only as Markdown. */
const BARE_TAGS = new Set(ALLOWED_TAGS.filter((name) => name !== "a" && name !== "img"));

const TAG = /<!--[^]*?-->|<(\/?)([a-z][a-z0-9]*)\b[^<>]*>|</gi;

const marked = new Marked({
  gfm: true,
  renderer: {
    code({ text, lang }: Tokens.Code): string {
      const language = /^[\w+#.-]+/.exec(lang ?? "")?.[0].toLowerCase() ?? "";
      const name = language === "" ? "" : ` title="${language}"`;
      return `<pre${name}><code>${highlight(text, language) ?? escape(text)}\n</code></pre>\n`;
    },
    heading({ tokens, depth }: Tokens.Heading): string {
      // The page's title and the question stand above: an answer's headings begin at the third level.
      const level = Math.min(Math.max(depth, 2) + 1, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    html({ text }: Tokens.HTML | Tokens.Tag): string {
      return text.replace(TAG, bareTag);
    },
    checkbox({ checked }: Tokens.Checkbox): string {
      return checked ? "☑ " : "☐ ";
    },
  },
});

const purifier = DOMPurify();

const ALLOWED_ATTR = ["href", "title", "src", "alt", "start", "align", "colspan", "rowspan", "class"];

/** Each of these finds its own writing direction. */
const DIRECTED = new Set(["P", "LI", "H3", "H4", "H5", "H6", "BLOCKQUOTE", "TD", "TH", "SUMMARY"]);

purifier.addHook("afterSanitizeAttributes", (node) => {
  const classes = (node.getAttribute("class") ?? "").split(/\s+/).filter((name) => name.startsWith("hljs-"));
  if (classes.length > 0) node.setAttribute("class", classes.join(" "));
  else node.removeAttribute("class");
  if (DIRECTED.has(node.tagName)) node.setAttribute("dir", "auto");
  if (node.tagName === "A") secureLink(node);
  if (node.tagName === "IMG" && !isOwnImage(node.getAttribute("src") ?? "")) {
    node.replaceWith(document.createTextNode(node.getAttribute("alt") ?? ""));
  }
});

/** The blocks of a text, as HTML that is not yet safe, and where the part begins that may still change. */
export type Blocks = { html: string[]; frozen: number; offset: number };

export const NOTHING: Blocks = { html: [], frozen: 0, offset: 0 };

/** How many blocks at the end may still change: a line below a paragraph can make it a heading or a table. */
const OPEN_BLOCKS = 2;

/** The blocks of `text`, which continues the text that `before` was made of. */
export function grow(before: Blocks, text: string): Blocks {
  const html = before.html.slice(0, before.frozen);
  const ends: number[] = [];
  let end = before.offset;
  for (const token of marked.lexer(unixLines(text).slice(before.offset))) {
    end += token.raw.length;
    const block = render([token]);
    if (block === "") continue;
    html.push(block);
    ends.push(end);
  }
  const freezing = Math.max(ends.length - OPEN_BLOCKS, 0);
  return {
    html,
    frozen: before.frozen + freezing,
    offset: freezing === 0 ? before.offset : ends[freezing - 1]!,
  };
}

/** The blocks of a text that grows no more; unlike `grow`, link definitions anywhere in it count everywhere. */
export function whole(text: string): string[] {
  return marked
    .lexer(text)
    .map((token) => render([token]))
    .filter((block) => block !== "");
}

/** A block's HTML as safe nodes, with the page's own furniture around code and tables. */
export function nodes(html: string): DocumentFragment {
  const fragment = purifier.sanitize(html, { ALLOWED_TAGS, ALLOWED_ATTR, RETURN_DOM_FRAGMENT: true });
  for (const pre of fragment.querySelectorAll("pre")) frameCode(pre);
  for (const table of fragment.querySelectorAll("table")) {
    const box = element("div", { class: "table-box", role: "region", "aria-label": "Table", tabindex: "0" });
    table.replaceWith(box);
    box.append(table);
  }
  return fragment;
}

/** `marked` does the same inside; offsets into the text are only right when it is done before. */
function unixLines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

function render(tokens: Token[]): string {
  return marked.parser(tokens).trim();
}

function frameCode(pre: HTMLPreElement): void {
  const language = pre.title;
  pre.removeAttribute("title");
  pre.tabIndex = 0;
  pre.setAttribute("role", "region");
  pre.setAttribute("aria-label", language === "" ? "Code" : `Code: ${language}`);
  pre.dir = "ltr";
  const button = element("button", { type: "button", class: "quiet", "data-copy": "" });
  button.textContent = "Copy";
  const head = element("div", { class: "code-head" });
  const name = element("span", {});
  name.textContent = language;
  head.append(name, button);
  const box = element("div", { class: "code-box" });
  pre.replaceWith(box);
  box.append(head, pre);
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

function isOwnImage(src: string): boolean {
  if (/^data:image\//i.test(src)) return true;
  try {
    return new URL(src, location.href).origin === location.origin;
  } catch {
    return false;
  }
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

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter]!);
}
