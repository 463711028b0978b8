// Spacing, type and colours come from the one set of tokens in `ground.css`. What goes with the letters around it is in em.

import postcss from "postcss";
import { expect, test } from "vitest";

import { files } from "./source";

const SPACING = /^(?:scroll-)?(?:margin|padding|(?:row-|column-)?gap|inset|top|bottom|left|right)(?:-|$)/;
/** A line's width is of no token's. */
const LENGTH = /\d(?:rem|vw|vh|pt)\b|(?:[4-9]|\d\d)px\b/;
const COLOUR = /#[\da-f]{3,8}\b|\b(?:rgb|hsl|oklch)\(/i;

/** Where the tokens are, and those for paper. */
const TOKENS = new Set(["ground.css", "print.css"]);

const styled = [
  ...files("src/ui", ".svelte").map(
    ([name, source]) => [name, /<style>([^]*)<\/style>/.exec(source)?.[1] ?? ""] as const,
  ),
  ...files("src/styles", ".css").filter(([name]) => !TOKENS.has(name)),
];

/** What a style sheet decides by itself. */
function own(css: string): string[] {
  const found: string[] = [];
  postcss.parse(css).walkDecls(({ prop, value }) => {
    // What stands in for a token while there is none is of no token's.
    const plain = value.replace(/var\([^()]*\)/g, "");
    const size = (SPACING.test(prop) || /^(font-size|border-radius)$/.test(prop)) && LENGTH.test(plain);
    if (size || COLOUR.test(plain)) found.push(`${prop}: ${value}`);
  });
  return found;
}

test("a_length_and_a_colour_of_ones_own_are_found", () => {
  expect(own("b { margin: 0 1rem; font-size: 1.1rem; color: #fff; gap: var(--x, 1rem); inset: 1em }")).toEqual([
    "margin: 0 1rem",
    "font-size: 1.1rem",
    "color: #fff",
  ]);
});

test.each(styled)("%s takes spacing, type and colours from the tokens", (_, css) => {
  expect(own(css)).toEqual([]);
});
