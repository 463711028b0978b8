// What the page has to say for a moment: bounded, said once, and gone by itself.

import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Notices } from "../src/lib/notices.svelte";
import NoticesView from "../src/ui/Notices.svelte";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const words = (notices: Notices) => notices.all.map(({ words }) => words);

test("what_is_said_again_is_said_once_and_counts_as_new", () => {
  const notices = new Notices();
  notices.say("Cannot be kept.");
  notices.say("Imported.");
  vi.advanceTimersByTime(9_000);
  notices.say("Cannot be kept.");
  expect(words(notices)).toEqual(["Imported.", "Cannot be kept."]);
  vi.advanceTimersByTime(9_000);
  expect(words(notices)).toEqual(["Cannot be kept."]);
});

test("each_of_two_deletions_can_be_undone_though_they_are_told_in_the_same_words", () => {
  const notices = new Notices();
  notices.say("Deleted “Hello”.", async () => {});
  notices.say("Deleted “Hello”.", async () => {});
  expect(words(notices)).toEqual(["Deleted “Hello”.", "Deleted “Hello”."]);
});

test("only_the_newest_are_seen_and_the_others_come_back_in_their_time", async () => {
  const notices = new Notices();
  const page = mount(NoticesView, { target: document.body, props: { notices, leave: () => {} } });
  const seen = () => {
    flushSync();
    return [...document.querySelectorAll(".notices p:not([hidden]) > span")].map((span) => span.textContent);
  };
  const undone: number[] = [];
  for (const n of [1, 2, 3, 4, 5]) notices.say(`Deleted ${n}.`, async () => void undone.push(n));
  expect(seen()).toEqual(["Deleted 3.", "Deleted 4.", "Deleted 5."]);
  await notices.undo(notices.last!);
  expect(seen()).toEqual(["Deleted 2.", "Deleted 3.", "Deleted 4."]);
  expect(undone).toEqual([5]);
  vi.advanceTimersByTime(10_000);
  expect(seen()).toEqual([]);
  void unmount(page);
});

test("a_notice_that_was_pointed_at_and_is_covered_does_not_stay_for_ever", () => {
  const notices = new Notices();
  notices.say("First.");
  notices.hold(notices.all[0]!.id);
  for (const text of ["Second.", "Third.", "Fourth."]) notices.say(text);
  vi.advanceTimersByTime(10_000);
  expect(words(notices)).toEqual([]);
});
