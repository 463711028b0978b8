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
