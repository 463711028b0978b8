// A part that breaks says so in its own place, and can be tried again.

import { createRawSnippet, flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { faults } from "../src/lib/faults.svelte";
import Guard from "../src/ui/Guard.svelte";

let broken: boolean;
let told: ReturnType<typeof vi.spyOn>;
let shown: Record<string, unknown>;

const part = createRawSnippet(() => ({
  render: () => {
    if (broken) throw new Error("broke");
    return "<p>the part</p>";
  },
}));

beforeEach(() => {
  broken = true;
  told = vi.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(() => {
  void unmount(shown);
  vi.restoreAllMocks();
});

function show(props: { all?: boolean; broke?: () => void } = {}): string[] {
  shown = mount(Guard, { target: document.body, props: { children: part, ...props } });
  flushSync();
  return [...document.querySelectorAll("button")].map((button) => button.textContent);
}

test("a_part_that_breaks_says_so_once_and_comes_back_when_it_can", () => {
  expect(show()).toEqual(["Try again", "Reload"]);
  expect(document.querySelector("[role=alert] p")?.textContent).toMatch(/^This part of the page has broken\./);
  expect(told).toHaveBeenCalledTimes(1);
  broken = false;
  document.querySelector("button")?.click();
  flushSync();
  expect(document.body.textContent).toBe("the part");
});

test("all_of_the_page_is_made_anew_only_by_loading_it", () => {
  expect(show({ all: true })).toEqual(["Reload"]);
});

test("what_has_no_place_for_a_sentence_says_it_elsewhere", () => {
  const broke = vi.fn();
  expect(show({ broke })).toEqual([]);
  expect(broke).toHaveBeenCalledTimes(1);
});

test("what_nobody_has_caught_is_noticed_if_it_is_the_pages_own", () => {
  const stop = faults.watch();
  const errs = (message: string, filename: string) =>
    window.dispatchEvent(new ErrorEvent("error", { message, filename }));
  errs("ResizeObserver loop completed with undelivered notifications.", `${location.origin}/assets/index.js`);
  errs("Uncaught TypeError", "chrome-extension://abc/content.js");
  errs("Script error.", "");
  expect(faults.happened).toBe(false);
  errs("Uncaught TypeError", `${location.origin}/assets/index.js`);
  expect(faults.happened).toBe(true);
  faults.happened = false;
  window.dispatchEvent(new Event("unhandledrejection"));
  expect(faults.happened).toBe(true);
  stop();
});
