// Where the question is written: what its buttons say, and where what is written in it is kept.

import { createRawSnippet, flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Chat } from "../src/lib/chat.svelte";
import { draft, keepDraft, UNBEGUN } from "../src/lib/drafts";
import type { Typed } from "../src/lib/first";
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
  // A page that is not laid out has nothing to scroll.
  Element.prototype.scrollIntoView = () => {};
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
  const page = { stop: () => {}, leave: () => {}, kept: true, stored: true, preparing: null, children };
  const props = { chat, ask, suggestions: ["What is askd?", "How long is parental leave?"], ...page };
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

/** What a reader pastes: text, and files beside it. */
function paste(text: string, files: File[] = []): Event {
  const event = new Event("paste", { bubbles: true, cancelable: true });
  Object.assign(event, { clipboardData: { getData: () => text, files } });
  document.querySelector("textarea")!.dispatchEvent(event);
  flushSync();
  return event;
}

function begin(): HTMLTextAreaElement {
  chat = new Chat(ID);
  FakeSocket.last.ready();
  show();
  return document.querySelector("textarea")!;
}

function write(field: HTMLTextAreaElement, text: string): void {
  field.focus();
  field.value = text;
  field.setSelectionRange(text.length, text.length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
}

function press(field: HTMLTextAreaElement, key: string): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  field.dispatchEvent(event);
  flushSync();
  return event.defaultPrevented;
}

const chips = () => [...document.querySelectorAll(".chip .name")].map((chip) => chip.textContent);
const button = (label: string) => document.querySelector<HTMLButtonElement>(`button[aria-label="${label}"]`)!;
const LONG = "a line\n".repeat(30);

test("long_text_that_is_pasted_is_a_chip_of_the_draft_and_short_text_is_the_fields", () => {
  const field = begin();
  write(field, "What is this?");
  expect(paste("short").defaultPrevented).toBe(false);
  expect(paste(LONG).defaultPrevented).toBe(true);
  expect([chips(), field.value]).toEqual([["Pasted text"], "What is this?"]);
  // It comes back with the draft.
  void unmount(shown!);
  show();
  expect([chips(), document.querySelector("textarea")!.value]).toEqual([["Pasted text"], "What is this?"]);
  press(document.querySelector("textarea")!, "Enter");
  expect([chips(), draft(UNBEGUN)]).toEqual([[], ""]);
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({
    text: `What is this?\n\n\`\`\`text pasted\n${LONG}\n\`\`\``,
  });
});

test("a_chip_that_is_removed_can_be_put_back_and_one_that_was_pasted_unfolded_where_the_caret_is", async () => {
  const field = begin();
  write(field, "ab");
  paste(LONG);
  button("Remove “Pasted text”").click();
  await vi.advanceTimersByTimeAsync(0);
  flushSync();
  expect([chips(), draft(UNBEGUN), document.activeElement?.textContent.trim()]).toEqual([
    [],
    "ab",
    "Put “Pasted text” back",
  ]);
  (document.activeElement as HTMLElement).click();
  await vi.advanceTimersByTimeAsync(0);
  flushSync();
  expect([chips(), document.activeElement]).toEqual([["Pasted text"], button("Remove “Pasted text”")]);
  field.setSelectionRange(1, 1);
  button("Put the text into the field").click();
  await vi.advanceTimersByTimeAsync(0);
  flushSync();
  expect([chips(), field.value, field.selectionEnd]).toEqual([[], `a${LONG}b`, 1 + LONG.length]);
});

test("a_slash_offers_what_begins_so_and_enter_takes_it_into_the_field", () => {
  const field = begin();
  const offered = () => [...document.querySelectorAll("[role=option]")].map((option) => option.textContent.trim());
  write(field, "/");
  expect(offered()).toEqual(["What is askd?", "How long is parental leave?"]);
  expect(press(field, "ArrowDown")).toBe(true);
  expect(document.getElementById(field.getAttribute("aria-activedescendant")!)?.textContent.trim()).toBe(
    "How long is parental leave?",
  );
  press(field, "Enter");
  expect([field.value, offered(), chat.turns]).toEqual(["How long is parental leave?", [], []]);
  write(field, "/wha");
  expect(offered()).toEqual(["What is askd?"]);
  // Escape is the list's, and what stands there is then a question like any other.
  expect(press(field, "Escape")).toBe(true);
  write(field, "/what");
  expect([offered(), field.hasAttribute("aria-activedescendant")]).toEqual([[], false]);
  press(field, "Enter");
  expect(chat.turns.map(({ question }) => question)).toEqual(["/what"]);
});

test("a_slash_that_nothing_begins_with_is_a_letter", () => {
  const field = begin();
  write(field, "/etc/hosts");
  expect(document.querySelector("[role=listbox]")).toBeNull();
  press(field, "Enter");
  expect(chat.turns.map(({ question }) => question)).toEqual(["/etc/hosts"]);
});

const typed: Typed = {
  draft: UNBEGUN,
  text: "",
  changed: true,
  sends: false,
  selection: [0, 0, "none"],
  scrolled: 0,
  focused: true,
};

async function goOn(what: Partial<Typed>): Promise<void> {
  await (shown as { goOn: (what: Typed) => Promise<void> }).goOn({ ...typed, ...what });
  flushSync();
}

test("what_was_typed_before_the_page_stood_goes_on_where_the_cursor_was", async () => {
  chat = new Chat(ID);
  show();
  const field = document.querySelector("textarea")!;
  await goOn({ text: "Half a ques", selection: [5, 6, "backward"] });
  expect(field.value).toBe("Half a ques");
  expect(document.activeElement).toBe(field);
  expect([field.selectionStart, field.selectionEnd, field.selectionDirection]).toEqual([5, 6, "backward"]);
  expect(draft(UNBEGUN)).toBe("Half a ques");
});

test("what_was_to_be_sent_before_the_page_stood_is_sent_and_is_no_draft_any_more", async () => {
  chat = new Chat(ID);
  show();
  keepDraft(UNBEGUN, "Well?");
  await goOn({ text: "Well?", sends: true });
  expect(chat.turns.map(({ question }) => question)).toEqual(["Well?"]);
  expect(document.querySelector("textarea")!.value).toBe("");
  expect(draft(UNBEGUN)).toBe("");
});

test("what_was_written_for_another_conversation_is_left_to_it", async () => {
  chat = new Chat(ID);
  show();
  await goOn({ draft: "0190bbbb-0000-7000-8000-000000000000", text: "Well?", sends: true });
  expect(chat.turns).toEqual([]);
  expect(document.querySelector("textarea")!.value).toBe("");
});

const ended = { parent: null, question: "?", asked: 0, sent: true, accepted: true, ending: "stop" } as const;

/** A conversation that is on its way, with a question in the field that was to be sent before, and what the reader does then. */
async function early(act: (field: HTMLTextAreaElement) => void = () => {}): Promise<string> {
  server.conversation(ID, [newTurn({ id: "1", ...ended })]);
  chat = new Chat(ID, { begun: true });
  show();
  await goOn({ draft: ID, text: "Well?", sends: true });
  const field = document.querySelector("textarea")!;
  expect(field.value).toBe("Well?");
  expect(document.querySelector("form > p")!.textContent).toContain("Your question is sent as soon as it can be.");
  act(field);
  flushSync();
  const { value } = field;
  FakeSocket.last.ready();
  await settle();
  return value;
}

const questions = () => chat.turns.map(({ question }) => question);

test("what_cannot_be_sent_yet_stands_in_the_field_and_is_sent_when_its_conversation_is_here", async () => {
  await early();
  expect(questions()).toEqual(["?", "Well?"]);
  expect(document.querySelector("textarea")!.value).toBe("");
});

test.each([
  [
    "has_written_on",
    (field: HTMLTextAreaElement) => {
      field.value = "Well? And";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    },
  ],
  [
    "has_taken_back_another_question",
    () => {
      (shown as { giveBack: (question: string) => void }).giveBack("Before?");
      flushSync();
    },
  ],
  [
    "has_taken_it_back",
    (field: HTMLTextAreaElement) => {
      expect((shown as { hold: () => boolean }).hold()).toBe(true);
      expect(field.value).toBe("Well?");
    },
  ],
])("what_cannot_be_sent_yet_is_not_sent_when_the_reader_%s", async (_, act) => {
  const written = await early(act);
  expect(questions()).toEqual(["?"]);
  expect(document.querySelector("textarea")!.value).toBe(written);
});

test("a_key_that_is_held_down_sends_once", () => {
  chat = new Chat(ID);
  show();
  const field = document.querySelector("textarea")!;
  field.value = "Well?";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  const held = new KeyboardEvent("keydown", { key: "Enter", repeat: true, bubbles: true, cancelable: true });
  field.dispatchEvent(held);
  expect(held.defaultPrevented).toBe(true);
  expect(chat.turns).toEqual([]);
});

test("a_question_that_comes_back_stands_alone_or_before_what_is_written_which_is_told", () => {
  chat = new Chat(ID);
  show();
  const field = document.querySelector("textarea")!;
  const line = () => document.querySelector("form > p")!.textContent.trim();
  const { giveBack } = shown as { giveBack: (question: string) => void };
  giveBack("And then?");
  flushSync();
  expect(field.value).toBe("And then?");
  expect(line()).not.toContain("stands before");
  giveBack("Why?");
  flushSync();
  expect(field.value).toBe("Why?\n\nAnd then?");
  expect(line()).toBe("Your question stands before what you were writing, with an empty line between them.");
});

test("with_a_finger_enter_begins_a_new_line_and_the_button_or_ctrl_and_enter_send", async () => {
  vi.stubGlobal("matchMedia", (query: string) => ({ matches: query.includes("hover: none") }));
  const field = begin();
  write(field, "One");
  const key = (more: KeyboardEventInit) => {
    const event = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...more });
    field.dispatchEvent(event);
    flushSync();
    return event.defaultPrevented;
  };
  expect(field.getAttribute("enterkeyhint")).toBe("enter");
  expect([key({}), chat.turns.length]).toEqual([false, 0]);
  expect([key({ ctrlKey: true }), chat.turns.length]).toEqual([true, 1]);
});
