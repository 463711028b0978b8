// The question and its editing: what has been written is not lost before it is asked or given up.

import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test } from "vitest";

import Question from "../src/ui/Question.svelte";

type Edit = ((question: string) => boolean) | null;

let shown: Record<string, unknown> | null = null;

function show(edit: Edit, { text = "Sky?", place = "c:" } = {}): void {
  hide();
  const props = { text, rest: false, at: 1, of: 1, place, limit: 16, edit, turnTo: () => {} };
  shown = mount(Question, { target: document.body, props });
  flushSync();
}

function hide(): void {
  if (shown) void unmount(shown);
  shown = null;
}

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});
afterEach(hide);

const field = () => document.querySelector("textarea");

function write(text: string): void {
  document.querySelector<HTMLButtonElement>(".edit")!.click();
  flushSync();
  field()!.value = text;
  field()!.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
}

function press(key: string): void {
  field()!.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  flushSync();
}

test("an_edit_that_cannot_be_asked_now_stays_and_says_why", () => {
  show(() => false);
  write("Sea?");
  press("Enter");
  expect(field()?.value).toBe("Sea?");
  show(null);
  press("Enter");
  expect(field()?.value).toBe("Sea?");
  expect(document.querySelector("form")?.textContent).toContain("when the running answer has ended");
});

test("an_edit_that_is_longer_than_the_server_takes_it_stays_and_says_so", () => {
  const asked: string[] = [];
  show((question) => asked.push(question) > 0);
  // Two bytes each: the limit counts bytes, not letters.
  write("é".repeat(9));
  expect(document.querySelector("form")?.textContent).toContain("18 of 16 bytes");
  press("Enter");
  expect([field()?.value, field()?.getAttribute("aria-invalid")]).toEqual(["é".repeat(9), "true"]);
  expect(document.querySelector("form")?.textContent).toContain("The question is longer than this server takes it.");
  expect(document.querySelector<HTMLButtonElement>("button[type=submit]")?.disabled).toBe(true);
  field()!.value = "é".repeat(8);
  field()!.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  press("Enter");
  expect(asked).toEqual(["é".repeat(8)]);
});

test("an_edit_outlives_the_version_that_it_began_at_and_is_its_places_own", () => {
  show(() => true);
  write("Sea?");
  show(() => true, { text: "Sky, regenerated?" });
  expect(field()?.value).toBe("Sea?");
  show(() => true, { place: "another:" });
  expect(field()).toBeNull();
});

test("an_edit_that_was_asked_or_given_up_is_not_kept", () => {
  const asked: string[] = [];
  const edit = (question: string) => asked.push(question) > 0;
  show(edit);
  for (const key of ["Enter", "Escape"]) {
    write("Sea?");
    press(key);
    expect(field()).toBeNull();
    show(edit);
    expect(field()).toBeNull();
  }
  expect(asked).toEqual(["Sea?"]);
});
