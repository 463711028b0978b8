// Markdown, block by block. A growing answer is never read whole again: blocks that can no longer change are frozen, and
// only what follows them is read anew. What nodes are made of it is nodes.ts's to say.
//
// A model that babbles marks cannot break the page: nesting is bounded, and what cannot be read is shown as it is.

import { Lexer, Marked, Tokenizer, type Token, type Tokens } from "marked";

import { details } from "./details";
import { aboveFootnote, firstNotes, footnotes, listAboveFootnote, marksIn } from "./gfm";
import { levelled, type Trail } from "./headings";
import { withoutRows } from "./lines";
import { beginning, formulas, withoutLines } from "./math";
import { within } from "./within";
import { isUnmarked } from "./unmarked";

/** Deeper than anybody writes; `marked` calls itself once per level, and the stack is finite. */
const DEEPEST = 16;

/** Cells of a table; what has more is the text that it is made of. */
const MOST_CELLS = 20_000;

/** A line with the row below it that makes a table of what follows, and all lines until a blank one. */
const DELIMITED = /^[^\n]*\n {0,3}[ \t|:-]*-[ \t|:-]*(?:\n|$)/;
const LINES = /^(?:[ \t]*\S[^\n]*(?:\n|$))*/;

/** How far plain words and addresses are looked for at once: some of `marked`'s patterns search to the text's end. */
const FARTHEST = 2_048;

/** Words of one block that are read for marks: looking for a mark's end takes longer the more of them there are, many times over. */
const MOST_WORDS = 16_384;

/** `marked`'s own way through a text; the words of a block that are more than can be read soon are shown as they are. */
class BoundedLexer extends Lexer {
  override inlineTokens(src: string, tokens: Token[] = []): Token[] {
    if (src.length <= MOST_WORDS) return super.inlineTokens(src, tokens);
    tokens.push({ type: "text", raw: src, text: src, escaped: false });
    return tokens;
  }
}

/** `marked`'s own reading, with its depth and its searching bounded: a mark beyond is the letters that it is made of. */
class Bounded extends Tokenizer {
  #depth = 0;

  override blockquote(src: string) {
    return this.#within(() => super.blockquote(aboveFootnote(src)));
  }

  override list(src: string) {
    return this.#within(() => super.list(listAboveFootnote(src)));
  }

  override link(src: string) {
    return this.#within(() => super.link(src));
  }

  override reflink(...args: Parameters<Tokenizer["reflink"]>) {
    return this.#within(() => super.reflink(...args));
  }

  /** A number is a source's, and no text leads it elsewhere; what begins with `^` is a footnote's. */
  override def(src: string) {
    const found = super.def(src);
    return found && /^\s*(?:\d+\s*$|\^)/.test(found.tag) ? undefined : found;
  }

  /** Each row has as many cells as the first one, however few are written. */
  override table(text: string) {
    const src = aboveFootnote(text);
    if (!DELIMITED.test(src)) return super.table(src);
    const [lines = ""] = LINES.exec(src) ?? [];
    const cells = src.slice(0, src.indexOf("\n")).split("|").length * lines.split("\n").length;
    return cells > MOST_CELLS ? undefined : super.table(src);
  }

  override lheading(text: string) {
    const src = aboveFootnote(text);
    return this.rules.block.lheading.test(withoutLines(src)) ? super.lheading(src) : undefined;
  }

  /** The lines of a formula are its own, whatever they begin with; and no row ends it that makes no table. */
  override paragraph(src: string): Tokens.Paragraph | undefined {
    const hidden = withoutRows(withoutLines(src));
    if (hidden === src) return super.paragraph(src);
    const [raw, lines = ""] = this.rules.block.paragraph.exec(hidden) ?? [];
    if (raw === undefined) return undefined;
    const text = src.slice(0, lines.replace(/\n$/, "").length);
    return { type: "paragraph", raw: src.slice(0, raw.length), text, tokens: this.lexer.inline(text) };
  }

  /** The same of a list's words, which come line by line. */
  override text(src: string): Tokens.Text | undefined {
    const hidden = withoutLines(src);
    if (hidden === src) return super.text(src);
    const [line] = this.rules.block.text.exec(hidden) ?? [];
    if (line === undefined) return undefined;
    const raw = src.slice(0, line.length);
    return { type: "text", raw, text: raw, tokens: this.lexer.inline(raw) };
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

const marked = new Marked({ gfm: true });

marked.use({ extensions: [...footnotes, ...formulas, details] });

// `use` copies a tokenizer's own functions only, so a class must be set as it is.
marked.setOptions({ tokenizer: new Bounded() });

/** What link definitions name, by their labels. */
type Definitions = Lexer["tokens"]["links"];

/**
 * What was known when a block was read: each time a name comes to be known, it is another object. `marks` are the labels of
 * footnotes, in the order of their first marks, which are their numbers.
 */
export type Known = { names: string; marks: string[] };

/** A block of a text, what its words may name, and the headings that it stands under. */
export type Block = { token: Token; known: Known; above: Trail };

/**
 * The blocks of a text; how many of them are frozen, where the part begins that may still change, and the link definitions,
 * footnotes' marks, footnotes and headings before it. `known`: when it was read last.
 */
export type Blocks = {
  blocks: Block[];
  frozen: number;
  offset: number;
  definitions: Definitions;
  marks: string[];
  notes: string[];
  above: Trail;
  known: Known;
};

export const NOTHING: Blocks = {
  blocks: [],
  frozen: 0,
  offset: 0,
  definitions: {},
  marks: [],
  notes: [],
  above: [],
  known: { names: "", marks: [] },
};

/** How many blocks at the end may still change: a line below a paragraph can make it a heading or a table. */
const OPEN_BLOCKS = 2;

/**
 * Behind a block that is done is a blank line, or as many letters: without one a mark far below may still make one of
 * many blocks, as the end of a formula does.
 */
const DONE = 2_048;

/** The blocks of `text`, which continues the text that `before` was made of: those that are as they were are the same. */
export function grow(before: Blocks, text: string): Blocks {
  return growOn(before, unixLines(text).slice(before.offset));
}

/** The same, of the text's rest behind `before.offset`, the lines of which end as Unix's do. */
export function growOn(before: Blocks, rest: string): Blocks {
  const blocks = before.blocks.slice(0, before.frozen);
  const { tokens, names } = lex(rest, before.definitions);
  const hasNotes = rest.includes("[^");
  if (hasNotes) firstNotes(tokens, before.notes);
  const marks = hasNotes ? marksIn(tokens, before.marks) : before.marks;
  const isKnown = names === before.known.names && marks.join(" ") === before.known.marks.join(" ");
  const known = isKnown ? before.known : { names, marks };
  // How many tokens are read when a block ends, how far the rest then is, and below which headings.
  const ends: { tokens: number; offset: number; above: Trail }[] = [];
  let { above } = before;
  let offset = 0;
  for (const [n, token] of tokens.entries()) {
    offset += token.raw.length;
    if (isNothing(token)) continue;
    const was = before.blocks[blocks.length];
    const isSame = was?.known === known && was.token.raw === token.raw && was.token.type === token.type;
    blocks.push(isSame && String(was.above) === String(above) ? was : { token, known, above });
    above = levelled([token], above);
    ends.push({ tokens: n + 1, offset, above });
  }
  const last = ends.slice(0, -OPEN_BLOCKS).findLastIndex((end) => isDone(rest, end.offset));
  const end = ends[last];
  if (end === undefined) return { ...before, blocks, known };
  const frozen = before.frozen + last + 1;
  for (const block of blocks.slice(before.frozen, frozen)) block.token = detached(block.token);
  const done = tokens.slice(0, end.tokens);
  return {
    blocks,
    frozen,
    offset: before.offset + end.offset,
    definitions: { ...definitions(done), ...before.definitions },
    marks: marks === before.marks ? marks : marksIn(done, before.marks),
    notes: hasNotes ? firstNotes(done, before.notes) : before.notes,
    above: end.above,
    known,
  };
}

/** A token of its own: the pieces of a text that it is made of would each hold all of the text as it was then. */
function detached(token: Token): Token {
  return JSON.parse(JSON.stringify(token)) as Token;
}

/** Whether nothing of a token is to be seen. */
function isNothing(token: Token): boolean {
  if (token.type === "html") return token["text"].replace(/<!--(?:-?>|[^]*?-->)/g, "").trim() === "";
  return token.type === "space" || token.type === "def" || (token.type === "heading" && token.tokens?.length === 0);
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
  for (const token of within(tokens))
    if (token.type === "def") found[token["tag"]] ??= { href: token["href"], title: token["title"] };
  return found;
}

/** The blocks of a text that grows no more; unlike `grow`, link definitions anywhere in it count everywhere. */
export function whole(text: string): Block[] {
  const { tokens, names } = lex(text);
  firstNotes(tokens, []);
  unmark(tokens);
  // Of footnotes more is known now than of any text that grows.
  const known = { names, marks: marksIn(tokens) };
  let above: Trail = [];
  return tokens
    .filter((token) => !isNothing(token))
    .map((token) => {
      const block = { token, known, above };
      above = levelled([token], above);
      return block;
    });
}

/** A mark without its footnote leads nowhere: it is what was written. */
function unmark(tokens: Token[]): void {
  const all = [...within(tokens)];
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

/** Has the browser make what it needs for the first text: many patterns, of which each takes its time. */
export function warm(): void {
  lex("*Text* of `code`, with [links](/).\n\n- Lists\n");
}

/** The text's tokens, and what names are known behind it; a text that cannot be read is one block of what it is made of. */
function lex(text: string, definitions: Definitions = {}): { tokens: Token[]; names: string } {
  if (isUnmarked(text)) {
    const words = { type: "text", raw: text, text };
    return { tokens: [{ type: "paragraph", raw: text, text, tokens: [words] }], names: told(definitions) };
  }
  try {
    const lexer = new BoundedLexer(marked.defaults);
    // A label may be the name of what every object has.
    lexer.tokens.links = Object.assign(Object.create(null) as Definitions, definitions);
    const tokens = lexer.lex(text);
    return { tokens, names: told(lexer.tokens.links) };
  } catch {
    return { tokens: [{ type: "code", raw: text, text }], names: told(definitions) };
  }
}

function told(definitions: Definitions): string {
  const names = Object.entries(definitions);
  return names.length === 0 ? "" : JSON.stringify(names);
}
