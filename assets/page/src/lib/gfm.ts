// What GitHub's Markdown has beside `marked`'s: alerts and footnotes.

import type { Token, TokenizerExtension, TokenizerThis, Tokens } from "marked";

import { within } from "./within";

type Kind = "note" | "tip" | "important" | "warning" | "caution";

const ALERT = /^ {0,3}>[ \t]*\[!(note|tip|important|warning|caution)\][ \t]*(?:\n|$)/i;

/** What a quotation that begins with `[!NOTE]` or the like is; `null`: it is a quotation. */
export function alertKind(raw: string): Kind | null {
  return (ALERT.exec(raw)?.[1]?.toLowerCase() as Kind | undefined) ?? null;
}

/** A footnote's name: no blank, no bracket. */
const LABEL = String.raw`\[\^([^\]\[\s^]{1,40})\]`;

/** The line with the name, the lines that go on, and what is indented behind blank lines. */
const DEFINITION = new RegExp(
  String.raw`^ {0,3}${LABEL}:[ \t]*([^\n]*(?:\n(?![ \t]*(?:\n|$)| {0,3}\[\^)[^\n]+)*(?:(?:\n[ \t]*)+\n(?: {4}|\t)[^\n]*(?:\n(?![ \t]*(?:\n|$))[^\n]+)*)*)(?:\n|$)`,
);

const REFERENCE = new RegExp(`^${LABEL}(?!:)`);

export type Footnote = Tokens.Generic & { label: string; tokens: Tokens.Generic[] };

let isWithin = false;

/** Footnotes stand where they are written; their marks lead to them. */
export const footnotes: TokenizerExtension[] = [
  {
    name: "footnote",
    level: "block",
    tokenizer(this: TokenizerThis, src: string): Footnote | undefined {
      const found = isWithin ? null : DEFINITION.exec(src);
      if (!found) return undefined;
      const [raw, label = "", text = ""] = found;
      // In a footnote there is none: `marked` would call itself for each.
      isWithin = true;
      try {
        const tokens = this.lexer.blockTokens(text.replace(/\n(?: {4}|\t)/g, "\n"), []);
        return { type: "footnote", raw, label, tokens };
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
      return found ? { type: "footnoteMark", raw: found[0], label: found[1] } : undefined;
    },
  },
];

/** The labels of footnotes in the order of their first marks, behind those that were marked `before`. */
export function marksIn(tokens: Token[], before: string[] = []): string[] {
  const found = new Set(before);
  for (const token of within(tokens)) if (token.type === "footnoteMark") found.add(token["label"]);
  return [...found];
}
