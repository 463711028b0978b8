// The focus stays in the page when the button that has it goes without having been pressed.

import { createRawSnippet, flushSync, mount, tick, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Chat } from "../src/lib/chat.svelte";
import Composer from "../src/ui/Composer.svelte";
import Transcript from "../src/ui/Transcript.svelte";
import { FakeApi } from "./api";
import { FakeSocket } from "./socket";

let chat: Chat;
let shown: Record<string, unknown>[] = [];
const leave = vi.fn();

class Nothing {
  observe() {}
  unobserve() {}
  disconnect() {}
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
  localStorage.clear();
  sessionStorage.clear();
  FakeSocket.install();
  FakeApi.install();
  vi.stubGlobal("ResizeObserver", Nothing);
  vi.stubGlobal("IntersectionObserver", Nothing);
  Element.prototype.scrollIntoView = () => {};
  chat = new Chat("0190aaaa-0000-7000-8000-000000000000");
  leave.mockClear();
});

afterEach(() => {
  for (const page of shown.splice(0)) void unmount(page);
  chat.retire(true);
  document.body.replaceChildren();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function compose(): void {
  const children = createRawSnippet(() => ({ render: () => "<span></span>" }));
  const page = { stop: () => {}, leave, kept: true, stored: true, preparing: null, suggestions: [], children };
  shown.push(mount(Composer, { target: document.body, props: { chat, ask: () => false, ...page } }));
  flushSync();
}

function converse(): void {
  const ways = { asked: () => {}, anew: () => {}, takeBack: () => {}, discard: () => {} };
  shown.push(mount(Transcript, { target: document.body, props: { chat, sought: null, ...ways } }));
  flushSync();
}

const button = (words: string) =>
  [...document.querySelectorAll("button")].find(
    (each) => each.getAttribute("aria-label") === words || each.textContent?.trim() === words,
  )!;

async function settled(): Promise<void> {
  vi.advanceTimersByTime(100);
  flushSync();
  await tick();
  await tick();
}

function answered(): void {
  FakeSocket.last.tell({ type: "accepted", turn: chat.last!.id, conversation: chat.id, parent: null, after: 0 });
}

function ended(): void {
  const turn = chat.last!.id;
  FakeSocket.last.tell({ type: "chunk", turn, seq: 1, text: "Because." });
  FakeSocket.last.tell({ type: "complete", turn, seq: 2, outcome: "stop", timing: { total_ms: 2 } });
}

test("an_answer_that_ends_by_itself_hands_on_the_focus_of_what_stops_it", async () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  compose();
  answered();
  await settled();
  button("Stop").focus();
  expect(leave).not.toHaveBeenCalled();
  ended();
  await settled();
  expect(button("Stop")).toBeUndefined();
  expect(leave).toHaveBeenCalledOnce();
});

test("what_ends_while_the_focus_is_elsewhere_leaves_it_there", async () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  compose();
  answered();
  await settled();
  button("Stop").focus();
  document.querySelector("textarea")!.focus();
  ended();
  await settled();
  expect(leave).not.toHaveBeenCalled();
  expect(document.activeElement).toBe(document.querySelector("textarea"));
});

test("a_connection_that_is_back_hands_on_the_focus_of_what_tries_it", async () => {
  // The next try is not at once.
  vi.spyOn(Math, "random").mockReturnValue(0.99);
  FakeSocket.last.lose(1006);
  compose();
  await settled();
  button("Try now").focus();
  expect(document.activeElement).toBe(button("Try now"));
  vi.advanceTimersByTime(300);
  FakeSocket.last.ready();
  await settled();
  expect(leave).toHaveBeenCalledOnce();
});

test("a_question_that_goes_hands_on_the_focus_of_what_takes_it_back_to_its_turn", async () => {
  chat.ask("Why?");
  converse();
  await settled();
  button("Take back").focus();
  FakeSocket.last.ready();
  answered();
  await settled();
  expect(button("Take back")).toBeUndefined();
  expect(document.activeElement).toBe(document.querySelector("article"));
});

test.each(["Regenerate", "Edit this question"])("a_question_from_elsewhere_hands_on_the_focus_of_%s", async (words) => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  answered();
  ended();
  converse();
  await settled();
  button(words).focus();
  expect(document.activeElement).toBe(button(words));
  chat.ask("And?");
  await settled();
  expect(document.activeElement).toBe(document.querySelector("article"));
});
