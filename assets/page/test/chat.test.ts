// A conversation over a connection that comes and goes: what is sent, when, and how often.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Chat } from "../src/lib/chat.svelte";
import { load } from "../src/lib/keep";
import { FakeSocket } from "./socket";

const ID = "0190aaaa-0000-7000-8000-000000000000";

let chat: Chat;

/** The view sees the state at the next frame. */
const settle = () => vi.advanceTimersByTime(300);

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  FakeSocket.install();
  chat = new Chat(ID);
});

afterEach(() => {
  chat.retire(true);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function accept(after = 0): string {
  const turn = String(FakeSocket.last.sent.at(-1)!["turn"]);
  const question = FakeSocket.all.flatMap((socket) => socket.sent).findLast((message) => message["turn"] === turn);
  FakeSocket.last.tell({
    type: "accepted",
    turn,
    conversation: String(question?.["conversation"] ?? ID),
    parent: null,
    after,
  });
  return turn;
}

function end(turn: string, seq: number): void {
  FakeSocket.last.tell({
    type: "complete",
    turn,
    seq,
    outcome: "stop",
    timing: { first_chunk_ms: 1, total_ms: 2 },
  });
  settle();
}

function reconnect(): void {
  FakeSocket.last.lose(1006);
  vi.advanceTimersByTime(250);
  FakeSocket.last.ready();
}

test("a_question_asked_while_not_connected_is_sent_once_when_ready", () => {
  expect(chat.ask("Why?")).toBe(true);
  expect(FakeSocket.last.sent).toHaveLength(0);
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toMatchObject([{ type: "question", text: "Why?", conversation: ID, parent: null }]);
  accept();
  settle();
  expect(FakeSocket.last.sent).toHaveLength(1);
});

test("a_question_never_accepted_is_sent_again_with_the_same_turn", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const first = FakeSocket.last.sent[0];
  reconnect();
  expect(FakeSocket.last.sent).toEqual([first]);
});

test("an_unacknowledged_question_does_not_wait_for_a_dead_socket", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  vi.advanceTimersByTime(10_000);
  expect(FakeSocket.all).toHaveLength(2);
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toMatchObject([{ type: "question", text: "Why?" }]);
});

test("a_running_turn_is_resumed_behind_its_last_seq", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  FakeSocket.last.tell({ type: "chunk", turn, seq: 7, text: "Because" });
  reconnect();
  expect(FakeSocket.last.sent).toEqual([{ type: "resume", turn, after: 7 }]);
});

test("a_reload_shows_what_is_kept_and_resumes_it", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  FakeSocket.last.tell({ type: "chunk", turn, seq: 2, text: "Because" });
  chat.saveNow();
  const reloaded = new Chat(ID);
  expect(reloaded.shown).toMatchObject([{ question: "Why?", text: "Because", seq: 2 }]);
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toEqual([{ type: "resume", turn, after: 2 }]);
  end(turn, 3);
  reloaded.retire(true);
});

test("no_second_question_goes_out_while_an_answer_is_open", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  expect(chat.ask("And?")).toBe(false);
  end(accept(), 1);
  expect(chat.ask("And?")).toBe(true);
});

test("the_next_question_names_its_parent", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  end(turn, 1);
  chat.ask("And?");
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: "question", conversation: ID, parent: turn });
});

test("stop_is_sent_at_once_and_again_after_a_reconnect", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  chat.stop();
  expect(FakeSocket.last.sent.at(-1)).toEqual({ type: "cancel", turn });
  reconnect();
  expect(FakeSocket.last.sent).toEqual([
    { type: "resume", turn, after: 0 },
    { type: "cancel", turn },
  ]);
});

test("stop_in_the_gap_before_accepted_is_sent_behind_the_question_when_the_connection_is_back", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const question = FakeSocket.last.sent[0]!;
  const turn = String(question["turn"]);
  FakeSocket.last.lose(1006);
  chat.stop();
  settle();
  expect(chat.last).toMatchObject({ stopping: true, ending: null });
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toEqual([question, { type: "cancel", turn }]);
  FakeSocket.last.tell({ type: "accepted", turn, conversation: ID, parent: null, after: 0 });
  FakeSocket.last.tell({ type: "complete", turn, seq: 1, outcome: "cancelled", timing: { total_ms: 2 } });
  settle();
  expect(chat.last).toMatchObject({ ending: "cancelled" });
});

test("stop_in_the_gap_survives_a_reload", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  FakeSocket.last.lose(1006);
  chat.stop();
  const reloaded = new Chat(ID);
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toMatchObject([{ type: "question", text: "Why?" }, { type: "cancel" }]);
  FakeSocket.last.tell({ type: "error", code: "rate_limited", message: "Too many." });
  settle();
  expect(reloaded.last).toMatchObject({ ending: "cancelled" });
  reloaded.retire(true);
});

test("stop_of_a_question_that_no_connection_was_given_ends_it_here", () => {
  chat.ask("Why?");
  chat.stop();
  settle();
  expect(chat.last).toMatchObject({ ending: "cancelled" });
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toHaveLength(0);
});

test.each(["bad_field", "rate_limited", "internal"] as const)("a_resume_refused_with_%s_ends_the_turn", (code) => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  FakeSocket.last.tell({ type: "chunk", turn, seq: 1, text: "Bec" });
  reconnect();
  FakeSocket.last.tell({ type: "error", code, message: "Not like this." });
  settle();
  expect(chat.last).toMatchObject({ ending: "lost", text: "Bec", problem: { message: "Not like this." } });
  expect(chat.ask("And?")).toBe(true);
});

test("a_busy_session_is_asked_again_after_a_pause", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  reconnect();
  FakeSocket.last.tell({ type: "error", code: "busy", message: "An answer is running." });
  expect(FakeSocket.last.sent).toHaveLength(1);
  vi.advanceTimersByTime(1_000);
  expect(FakeSocket.last.sent).toEqual(Array(2).fill({ type: "resume", turn, after: 0 }));
  accept();
  end(turn, 1);
  expect(chat.last).toMatchObject({ ending: "stop", problem: null });
});

test("a_session_that_stays_busy_ends_the_turn", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  accept();
  reconnect();
  const busy = () => FakeSocket.last.tell({ type: "error", code: "busy", message: "An answer is running." });
  for (let n = 0; n < 10; n++) {
    busy();
    vi.advanceTimersByTime(1_000);
  }
  expect(FakeSocket.last.sent).toHaveLength(11);
  expect(chat.last).toMatchObject({ ending: null });
  busy();
  settle();
  expect(chat.last).toMatchObject({ ending: "lost", problem: { code: "busy" } });
});

test("a_connection_lost_during_the_pause_is_asked_once_when_it_is_back", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  reconnect();
  FakeSocket.last.tell({ type: "error", code: "busy", message: "An answer is running." });
  FakeSocket.last.lose(1006);
  vi.advanceTimersByTime(500);
  FakeSocket.last.ready();
  vi.advanceTimersByTime(2_000);
  expect(FakeSocket.last.sent).toEqual([{ type: "resume", turn, after: 0 }]);
});

test("a_draining_server_gets_no_new_question_and_its_successor_does", () => {
  FakeSocket.last.ready();
  FakeSocket.last.tell({ type: "status", state: "draining", reconnect_after_ms: 100 });
  chat.ask("Why?");
  expect(FakeSocket.last.sent).toHaveLength(0);
  FakeSocket.last.lose(1012);
  vi.advanceTimersByTime(400);
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toMatchObject([{ type: "question", text: "Why?" }]);
});

test("after_a_restart_the_answer_is_lost_and_the_next_question_begins_afresh", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  FakeSocket.last.tell({ type: "chunk", turn, seq: 1, text: "Bec" });
  reconnect();
  FakeSocket.last.tell({ type: "error", code: "unknown_turn", message: "No such turn." });
  settle();
  expect(chat.last).toMatchObject({ ending: "lost", text: "Bec" });
  chat.ask("And?");
  settle();
  const question = FakeSocket.last.sent.at(-1)!;
  expect(question).toMatchObject({ type: "question", text: "And?", parent: null });
  expect(question["conversation"]).not.toBe(ID);
  expect(chat.last?.afresh).toBe(true);
});

test("a_question_behind_a_forgotten_turn_is_asked_again_without_it", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  end(accept(), 1);
  chat.ask("And?");
  const refused = FakeSocket.last.sent.at(-1)!;
  FakeSocket.last.tell({ type: "error", code: "unknown_conversation", message: "No such conversation." });
  settle();
  const again = FakeSocket.last.sent.at(-1)!;
  expect(again).toMatchObject({ type: "question", text: "And?", turn: refused["turn"], parent: null });
  expect(again["conversation"]).not.toBe(ID);
  expect(chat.last).toMatchObject({ afresh: true, ending: null });
});

test("retry_asks_the_same_behind_the_same_parent", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const first = accept();
  end(first, 1);
  chat.ask("And?");
  const failed = accept();
  end(failed, 1);
  chat.retry(chat.last!);
  settle();
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: "question", text: "And?", parent: first });
  expect(chat.shown.map((turn) => turn.id)).not.toContain(failed);
});

test("a_chosen_model_is_named", () => {
  FakeSocket.last.ready();
  chat.choice = { endpoint: "local", model: "large" };
  chat.ask("Why?");
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ endpoint: "local", model: "large" });
});

test("a_turn_of_another_tab_comes_in_and_is_followed", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  end(accept(), 1);
  const other = { ...chat.last!, id: "other", follows: chat.last!.id, asked: Date.now() + 1, ending: null, seq: 0 };
  const newValue = JSON.stringify({ at: 1, v: 1, turns: [...chat.turns, other] });
  dispatchEvent(new StorageEvent("storage", { key: `askd:conversation:${ID}`, newValue }));
  settle();
  expect(chat.shown).toHaveLength(2);
  expect(FakeSocket.last.sent.at(-1)).toEqual({ type: "resume", turn: "other", after: 0 });
});

test("an_idle_tab_does_not_write_over_what_another_has_kept", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  end(accept(), 1);
  const longer = JSON.stringify({ at: 1, v: 1, turns: [...chat.turns, { ...chat.last!, id: "other" }] });
  localStorage.setItem(`askd:conversation:${ID}`, longer);
  chat.saveNow();
  expect(load(ID)).toHaveLength(2);
});

test("a_left_conversation_follows_its_answer_to_the_end", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  chat.retire(true);
  FakeSocket.last.tell({ type: "chunk", turn, seq: 1, text: "Because" });
  end(turn, 2);
  expect(load(ID)).toMatchObject([{ text: "Because", ending: "stop" }]);
  expect(FakeSocket.last.readyState).toBe(FakeSocket.CLOSED);
});
