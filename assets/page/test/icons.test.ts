// The icon's drawing, as far as pixels are made from it.

import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { read } from "../plugins/icons";

test("the_icon_is_of_rectangles_that_the_build_can_draw", () => {
  const boxes = read(readFileSync("src/favicon.svg", "utf8"));
  expect(boxes[0]).toEqual({ x: 0, y: 0, width: 32, height: 32, rx: 9, fill: [0x2c, 0x61, 0x52] });
  expect(boxes.length).toBeGreaterThan(1);
});

test("a_drawing_of_anything_else_ends_the_build", () => {
  for (const drawn of [
    '<path d="M8 11h16" />',
    '<rect x="0" y="0" width="1" height="1" fill="#000000" />',
    '<rect x="0" y="0" width="1" height="1" rx="0" fill="red" />',
  ])
    expect(() => read(`<svg viewBox="0 0 32 32">${drawn}</svg>`)).toThrow("no <rect>");
});
