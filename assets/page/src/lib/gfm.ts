// What GitHub's Markdown has beside `marked`'s: alerts and footnotes.

import type { Token, TokenizerExtension, TokenizerThis, Tokens } from "marked";

import { within } from "./within";

type Kind = "note" | "tip" | "important" | "warning" | "caution";

const ALERT = /^ {0,3}>[ \t]*\[!(note|tip|important|warning|caution)\][ \t]*(?:\n|$)/i;

/** What a quotation that begins with `[!NOTE]` or the like is; `null`: it is a quotation. */
export function alertKind(raw: string): Kind | null {
  return (ALERT.exec(raw)?.[1]?.toLowerCase() as Kind | undefined) ?? null;
}

/** A footnote's name, as long as GitHub's may be: no blank, no bracket. */
const LABEL = String.raw`\[\^([^\]\[\s^]{1,999})\]`;

const BEGINNING = new RegExp(String.raw`^ {0,3}${LABEL}:[ \t]*`);

/** Where one begins below the first line, and no blank line is between; a list holds what is indented. */
const BELOW = new RegExp(String.raw`\n(?= {0,3}${LABEL}:)`);
const BELOW_LIST = new RegExp(String.raw`\n(?=${LABEL}:)`);
const BLANK = /\n[ \t]*(?:\n|$)/;

const INDENT = / {4}| {0,3}\t/y;

/** How often it is asked within one footnote whether a paragraph goes on. */
const MOST_ASKED = 16;

const REFERENCE = new RegExp(`^${LABEL}(?!:)`);

export type Footnote = Tokens.Generic & { label: string; tokens: Tokens.Generic[] };

let isWithin = false;

/** The lines of a text up to a footnote: it begins also where a paragraph, a quotation or a table has not ended. */
export function aboveFootnote(text: string): string {
  const below = text.includes("[^") ? footnoteBelow(text) : -1;
  return below < 0 ? text : text.slice(0, below);
}

/** The same of a list, which goes on behind blank lines. */
export function listAboveFootnote(text: string): string {
  const below = text.includes("\n[^") ? text.search(BELOW_LIST) : -1;
  return below < 0 ? text : text.slice(0, below + 1);
}

/** Where the line begins, or -1. */
function footnoteBelow(text: string): number {
  if (isWithin) return -1;
  const blank = text.search(BLANK);
  const found = text.slice(0, blank < 0 ? undefined : blank).search(BELOW);
  return found < 0 ? -1 : found + 1;
}

/** Where a footnote ends: it has the lines that are indented, and those that go on with a paragraph of it. */
function ending(src: string, from: number, lexer: TokenizerThis["lexer"]): number {
  let end = lineEnd(src, from);
  let asked = 0;
  // Whether a paragraph is open; `null`: that is to be asked.
  let open: boolean | null = null;
  for (let at = end, next = at; at < src.length; at = next) {
    next = lineEnd(src, at);
    const line = src.slice(at, next);
    if (line.trim() === "") {
      open = false;
      continue;
    }
    INDENT.lastIndex = 0;
    if (INDENT.test(line)) {
      if (open === false || begins(line.slice(INDENT.lastIndex), lexer)) open = null;
    } else {
      if (open === false || begins(line, lexer)) return end;
      open ??= asked++ < MOST_ASKED && isOpen(lexer.blockTokens(unindented(src.slice(from, at)), []));
      if (!open) return end;
    }
    end = next;
  }
  return end;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end + 1;
}

function unindented(text: string): string {
  return text.replace(/\n(?: {4}| {0,3}\t)/g, "\n");
}

/** Whether a line begins something else than a paragraph goes on with. */
function begins(line: string, lexer: TokenizerThis["lexer"]): boolean {
  if (BEGINNING.test(line)) return true;
  const [lines] = lexer.options.tokenizer!.rules.block.paragraph.exec(`a\n${line}`)!;
  return lines.length <= 2;
}

/** Whether the last of these is a paragraph that may go on. */
function isOpen(tokens: Token[]): boolean {
  const last = tokens.at(-1);
  if (last?.type === "list") return isOpen((last as Tokens.List).items.at(-1)!.tokens);
  if (last?.type === "blockquote") return isOpen((last as Tokens.Blockquote).tokens);
  return last?.type === "paragraph" || last?.type === "text";
}

/** Footnotes stand where they are written; their marks lead to them. */
export const footnotes: TokenizerExtension[] = [
  {
    name: "footnote",
    level: "block",
    start: (src) => {
      const below = footnoteBelow(src);
      return below < 0 ? undefined : below;
    },
    tokenizer(this: TokenizerThis, src: string): Footnote | undefined {
      const found = isWithin ? null : BEGINNING.exec(src);
      if (!found) return undefined;
      const [mark, label = ""] = found;
      // In a footnote there is none: `marked` would call itself for each.
      isWithin = true;
      try {
        const raw = src.slice(0, ending(src, mark.length, this.lexer));
        const tokens = this.lexer.blockTokens(unindented(raw.slice(mark.length)), []);
        return { type: "footnote", raw, label: label.toLowerCase(), tokens };
      } finally {
        isWithin = false;
      }
    },
  },
  {
    name: "footnoteMark",
    level: "inline",
    // Without a `start`, which would search the whole rest for each bracket: a text ends before the next one anyway.
    tokenizer(src: string): Tokens.Generic | undefined {
      const found = REFERENCE.exec(src);
      return found ? { type: "footnoteMark", raw: found[0], label: found[1]!.toLowerCase() } : undefined;
    },
  },
];

/** Of footnotes with one label the first one counts: makes nothing of the others, and says which labels there are. */
export function firstNotes(tokens: Token[], before: string[]): string[] {
  const found = new Set(before);
  for (const token of within(tokens)) {
    if (token.type !== "footnote") continue;
    if (found.has(token["label"])) Object.assign(token, { type: "space", tokens: [] });
    else found.add(token["label"]);
  }
  return [...found];
}

/** The labels of footnotes in the order of their first marks, behind those that were marked `before`. */
export function marksIn(tokens: Token[], before: string[] = []): string[] {
  const found = new Set(before);
  for (const token of within(tokens)) if (token.type === "footnoteMark") found.add(token["label"]);
  return [...found];
}
