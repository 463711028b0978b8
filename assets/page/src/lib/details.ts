// `<details>` that goes on behind a blank line, as GitHub has it: Markdown's own blocks stand in it, up to its end tag.

import type { TokenizerExtension, TokenizerThis, Tokens } from "marked";

const OPENS = /^ {0,3}<details(?:\s[^<>]*)?>/i;

/** What a block of HTML is: the lines before a blank one. */
const HEAD = /^[^\n]*(?:\n(?![ \t]*(?:\n|$))[^\n]*)*/;

/** Its tags; within a fence they are code. */
const TAGS = /<(\/?)details(?:\s[^<>]*)?>|^ {0,3}(`{3,}|~{3,})[^\n]*(?:\n(?! {0,3}\2)[^\n]*)*/gim;

/** Deeper than anybody folds. */
const DEEPEST = 8;

/** `head`: the HTML that it begins with, in which `depth` of them are open. */
export type Details = Tokens.Generic & { head: string; depth: number; tokens: Tokens.Generic[] };

let within = 0;

export const details: TokenizerExtension = {
  name: "details",
  level: "block",
  tokenizer(this: TokenizerThis, src: string): Details | undefined {
    if (within >= DEEPEST || !OPENS.test(src)) return undefined;
    const [head] = HEAD.exec(src)!;
    const depth = opened(head);
    // As long as no line follows it, it is HTML as any other.
    if (depth <= 0 || head.length === src.length) return undefined;
    const end = ending(src, head.length, depth);
    within += 1;
    try {
      const tokens = this.lexer.blockTokens(src.slice(head.length, end.from), []);
      return { type: "details", raw: src.slice(0, end.to), head, depth, tokens };
    } finally {
      within -= 1;
    }
  },
};

/** How many are open at a text's end. */
function opened(text: string): number {
  let depth = 0;
  for (const [tag, slash] of text.matchAll(TAGS)) if (tag.startsWith("<")) depth += slash === "/" ? -1 : 1;
  return depth;
}

/** Where the end tag stands that closes the first of so many; one that has no end goes to the text's. */
function ending(src: string, from: number, depth: number): { from: number; to: number } {
  const rest = src.slice(from);
  for (const { 0: tag, 1: slash, index } of rest.matchAll(TAGS)) {
    if (!tag.startsWith("<")) continue;
    depth += slash === "/" ? -1 : 1;
    if (depth > 0) continue;
    const behind = index + tag.length;
    const [line] = /^[ \t]*(?:\n|$)/.exec(rest.slice(behind)) ?? [""];
    return { from: from + index, to: from + behind + line.length };
  }
  return { from: src.length, to: src.length };
}
