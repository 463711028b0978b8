// The cascade layer that all of the page's styles are in.

import postcss from "postcss";
import { expect, test } from "vitest";

import { layer } from "../plugins/layer";

const layered = (css: string) => postcss([layer()]).process(css, { from: undefined }).css;

test("styles_are_put_into_the_layer_once_however_often_they_come", () => {
  const once = layered("b { margin: 0 } @media print { b { color: red } }");
  expect(once.match(/@layer page/g)).toHaveLength(1);
  expect(once).toMatch(/^@layer page \{[^]*\}$/);
  expect(layered(once)).toBe(once);
  expect(layered("")).toBe("");
});
