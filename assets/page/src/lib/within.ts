// What Markdown's reader makes of a text: tokens, which hold others.

import type { Token, Tokens } from "marked";

/** Tokens with all that are in them, in the order in which they are read. */
export function* within(tokens: Token[]): Generator<Token> {
  for (const token of tokens) {
    yield token;
    for (const inner of partsOf(token)) yield* within(inner);
  }
}

function partsOf(token: Token): Token[][] {
  if (token.type === "list") return (token as Tokens.List).items.map(({ tokens }) => tokens);
  if (token.type !== "table") return "tokens" in token && token.tokens ? [token.tokens] : [];
  const { header, rows } = token as Tokens.Table;
  return [header, ...rows].flat().map(({ tokens }) => tokens);
}
