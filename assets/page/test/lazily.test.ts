// A part that cannot be loaded is done without, and is tried again.

import { expect, test, vi } from "vitest";

import { Lazily } from "../src/lib/lazily";

test("a_part_that_is_gone_is_done_without_and_tried_again_for_the_next_one", async () => {
  const fetch = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new TypeError("404")).mockResolvedValue("part");
  const part = new Lazily(fetch);
  const told: string[] = [];
  expect(part.now(() => told.push("first"))).toBeNull();
  await part.load();
  expect(part.now(() => told.push("second"))).toBeNull();
  await part.load();
  expect(part.now(() => told.push("third"))).toBe("part");
  expect(told).toEqual(["second"]);
  expect(fetch).toHaveBeenCalledTimes(2);
});

test("one_who_breaks_with_it_takes_it_from_no_other", async () => {
  const told = vi.spyOn(console, "error").mockImplementation(() => {});
  const part = new Lazily(() => Promise.resolve("part"));
  const later = vi.fn();
  part.now(() => {
    throw new Error("broke");
  });
  part.now(later);
  await part.load();
  expect(later).toHaveBeenCalledOnce();
  expect(part.now(later)).toBe("part");
  expect(told).toHaveBeenCalledTimes(1);
  told.mockRestore();
});
