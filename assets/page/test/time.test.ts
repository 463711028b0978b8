// Days go by the server's clock, durations by one that only goes forward.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

const HOUR = 60 * 60_000;
const TRUE = Date.parse("2026-03-01T12:00:00Z");

let time: typeof import("../src/lib/time");

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules();
  time = await import("../src/lib/time");
});

afterEach(() => vi.useRealTimers());

const heard = () => time.heard(new Date(TRUE).toUTCString());

test("a_device_whose_clock_is_right_goes_by_its_own", () => {
  vi.setSystemTime(TRUE + 900);
  heard();
  expect([time.now(), time.ahead()]).toEqual([TRUE + 900, 0]);
});

test.each([5 * HOUR, -30 * HOUR])("a_device_that_is_%i_ms_off_goes_by_the_server", (off) => {
  vi.setSystemTime(TRUE + off);
  expect(time.now()).toBe(TRUE + off);
  heard();
  expect([time.now(), time.ahead()]).toEqual([TRUE, off]);
  vi.advanceTimersByTime(4_000);
  expect([time.now(), time.ahead()]).toEqual([TRUE + 4_000, off]);
});

test("a_clock_that_is_set_while_the_page_is_open_moves_no_duration", () => {
  vi.setSystemTime(TRUE);
  const began = time.ticks();
  vi.setSystemTime(TRUE - 7 * HOUR);
  vi.advanceTimersByTime(3_000);
  expect(time.ticks() - began).toBe(3_000);
});

test("a_clock_that_has_been_set_right_is_no_longer_ahead", () => {
  vi.setSystemTime(TRUE + HOUR);
  heard();
  vi.setSystemTime(TRUE);
  heard();
  expect(time.ahead()).toBe(0);
});

test.each([null, "", "yesterday"])("an_answer_with_the_date_%j_says_nothing_of_the_time", (date) => {
  vi.setSystemTime(TRUE);
  time.heard(date);
  expect(time.now()).toBe(TRUE);
});
