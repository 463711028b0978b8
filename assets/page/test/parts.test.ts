import { expect, test } from "vitest";

import { parted } from "../src/lib/parts";

const blocks = (count: number) => Array.from({ length: count }, (_, n) => `<p>${n}</p>`);

test("the_parts_hold_all_blocks_in_their_order", () => {
  for (const count of [0, 1, 15, 16, 17, 100]) {
    expect(parted(blocks(count), 0, true).flatMap(({ blocks }) => blocks)).toEqual(blocks(count));
  }
});

test("a_part_is_done_when_it_is_full_of_frozen_blocks", () => {
  const done = (frozen: number, growing: boolean) => parted(blocks(40), frozen, growing).map(({ done }) => done);
  expect(done(15, true)).toEqual([false, false, false]);
  expect(done(16, true)).toEqual([true, false, false]);
  expect(done(38, true)).toEqual([true, true, false]);
});

test("of_a_text_that_grows_no_more_all_parts_are_done", () => {
  expect(parted(blocks(17), 17, false).map(({ done }) => done)).toEqual([true, true]);
});

test("a_part_that_was_done_is_the_same_as_long_as_it_holds_the_same", () => {
  const all = blocks(40).map((html) => ({ html }));
  const before = parted(all.slice(0, 34), 33, true);
  const now = parted(all, 39, true, before);
  expect(now.map((part, n) => part === before[n])).toEqual([true, true, false]);
  expect(now).toEqual(parted(all, 39, true));
  const others = blocks(40).map((html) => ({ html }));
  expect(parted(others, 39, true, before).some((part) => before.includes(part))).toBe(false);
  // The last one was done at an end, and goes on.
  const ended = parted(all.slice(0, 20), 20, false);
  expect(parted(all, 39, true, ended)).toEqual(parted(all, 39, true));
});
