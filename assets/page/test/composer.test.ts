// Where the question is written: what its buttons say, and where what is written in it is kept.

import { createRawSnippet, flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Chat } from "../src/lib/chat.svelte";
import { draft, UNBEGUN } from "../src/lib/keep";
import { newTurn } from "../src/lib/reduce";
import Composer from "../src/ui/Composer.svelte";
import { FakeApi } from "./api";
import { FakeSocket } from "./socket";

const ID = "0190aaaa-0000-7000-8000-000000000000";

let server: FakeApi;
let chat: Chat;
let shown: Record<string, unknown> | null = null;

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  sessionStorage.clear();
  FakeSocket.install();
  server = FakeApi.install();
  vi.stubGlobal("ResizeObserver", Nothing);
});

class Nothing {
  observe() {}
  unobserve() {}
  disconnect() {}
}

afterEach(() => {
  if (shown) void unmount(shown);
  shown = null;
  chat.retire(true);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function show(): void {
  const children = createRawSnippet(() => ({ render: () => "<span></span>" }));
  const ask = (question: string) => chat.ask(question);
  const props = { chat, ask, stop: () => {}, leave: () => {}, kept: true, stored: true, preparing: null, children };
  shown = mount(Composer, { target: document.body, props });
  flushSync();
}

async function settle(): Promise<void> {
  await server.answered();
  vi.advanceTimersByTime(300);
  flushSync();
}

test("an_answer_that_runs_in_another_version_is_told_and_its_stop_says_whose_it_is", async () => {
  const told = { parent: null, question: "?", asked: 0, sent: true, accepted: true };
  server.conversation(ID, [newTurn({ ...told, id: "1", ending: "stop" }), newTurn({ ...told, id: "2" })]);
  chat = new Chat(ID, { begun: true });
  FakeSocket.last.ready();
  show();
  await settle();
  const stop = () => document.querySelector("button[aria-label^=Stop]")?.getAttribute("aria-label");
  const line = () => document.querySelector("form > p")!.textContent.trim();
  expect([stop(), line()]).toEqual(["Stop", ""]);
  chat.show("1");
  flushSync();
  expect([stop(), line()]).toEqual(["Stop the answer in another version", "An answer is running in another version."]);
});

test("what_is_written_goes_with_the_conversation_that_another_question_begins", () => {
  chat = new Chat(ID);
  show();
  const field = document.querySelector("textarea")!;
  field.value = "half a thought";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  expect([draft(UNBEGUN), draft(ID)]).toEqual(["half a thought", ""]);
  chat.ask("What is a turn?");
  flushSync();
  expect([field.value, draft(UNBEGUN), draft(ID)]).toEqual(["half a thought", "", "half a thought"]);
  // Taken back, it leaves a conversation that has not begun.
  chat.stop();
  flushSync();
  expect([field.value, draft(UNBEGUN), draft(ID)]).toEqual(["half a thought", "half a thought", ""]);
});

test("the_arrow_calls_back_what_was_asked_and_leaves_alone_what_is_written", async () => {
  const told = { asked: 0, sent: true, accepted: true, ending: "stop" as const, text: "So." };
  const first = newTurn({ ...told, id: "1", parent: null, question: "What is a turn?" });
  const second = newTurn({ ...told, id: "2", parent: "1", question: "And its end?" });
  server.conversation(ID, [first, second]);
  chat = new Chat(ID, { begun: true });
  FakeSocket.last.ready();
  show();
  await settle();
  const field = document.querySelector("textarea")!;
  const press = (key: string) => {
    field.setSelectionRange(field.value.length, field.value.length);
    field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    flushSync();
    return field.value;
  };
  expect(["ArrowUp", "ArrowUp", "ArrowUp"].map(press)).toEqual(["And its end?", "What is a turn?", "What is a turn?"]);
  expect(draft(ID)).toBe("What is a turn?");
  expect(["ArrowDown", "ArrowDown", "ArrowUp"].map(press)).toEqual(["And its end?", "", "And its end?"]);
  field.value = "And its end, then?";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  expect(press("ArrowUp")).toBe("And its end, then?");
});
