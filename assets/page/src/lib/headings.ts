// How deep an answer's headings stand: by their marks for the eye, by those above them for a screen reader, so that an answer
// which begins with `##` leaves no level out.

import type { Token } from "marked";

import { within } from "./within";

/** The page's title and the question stand above. */
const ABOVE = 2;

/** The marks of the headings that what follows stands under, from the outermost in. */
export type Trail = readonly number[];

/** Gives each heading among tokens its `level`, below those that stand `above`; says what follows stands under. */
export function levelled(tokens: Token[], above: Trail): Trail {
  let trail = above;
  for (const token of within(tokens)) {
    if (token.type !== "heading" || token.tokens?.length === 0) continue;
    trail = [...trail.filter((depth) => depth < token["depth"]), token["depth"]];
    Object.assign(token, { level: ABOVE + trail.length });
  }
  return trail;
}

/** The level that a heading of so many marks is seen at: `#` is the third, and HTML has six. */
export function seenLevel(depth: number): number {
  return Math.min(ABOVE + depth, 6);
}
