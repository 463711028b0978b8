// Markdown to HTML, block by block. A growing answer is never parsed whole again: blocks that can no longer change are
// frozen, and only what follows them is read anew. What comes out is not yet safe: only nodes.ts makes nodes of it.
//
// A model that babbles marks cannot break the page: nesting is bounded, and what cannot be read is shown as it is.

import { Lexer, Marked, Tokenizer, type Token, type Tokens } from "marked";

import { escaped } from "./escape";
import { alert, footnotes } from "./gfm";
import { beginning, formulas } from "./math";
import { ALLOWED_TAGS } from "./nodes";

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
    listitem({ task, tokens }: Tokens.ListItem): string {
      return `<li${task ? ' title="task"' : ""}>${this.parser.parse(tokens)}</li>\n`;
    },
    checkbox({ checked }: Tokens.Checkbox): string {
      return checked ? "☑ " : "☐ ";
    },
  },
});

marked.use({ extensions: [...footnotes, ...formulas] });

// `use` copies a tokenizer's own functions only, so a class must be set as it is.
marked.setOptions({ tokenizer: new Bounded() });

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
  const tokens = lex(text);
  unmark(tokens);
  return tokens.map(render).filter((block) => block !== "");
}

/**
 * The blocks of a text that grows no more, and continues the text that `before` was made of. It is read anew as a whole only
 * where what stands below may say what is meant above: a link's definition, a footnote.
 */
export function ended(before: Blocks, text: string): string[] {
  return text.includes("]:") || text.includes("[^") ? whole(text) : grow(before, text).html;
}

/** A mark without its footnote leads nowhere: it is what was written. */
function unmark(tokens: Token[]): void {
  const all: Token[] = [];
  marked.walkTokens(tokens, (token) => void all.push(token));
  const labels = new Set(
    all.flatMap((token) => (token.type === "footnote" ? [(token as Tokens.Generic)["label"]] : [])),
  );
  for (const token of all)
    if (token.type === "footnoteMark" && !labels.has(token["label"]))
      Object.assign(token, { type: "text", text: token.raw, escaped: false });
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

/**
 * A tag of the model's without its attributes, or as the text that it is. The purifier would drop both, but while it
 * parses, the browser already reports inline styles and handlers as violations of the page's policy.
 */
function bareTag(found: string, slash: string | undefined, name: string | undefined): string {
  if (found.startsWith("<!--")) return "";
  return name !== undefined && BARE_TAGS.has(name.toLowerCase()) ? `<${slash}${name}>` : `&lt;${found.slice(1)}`;
}
