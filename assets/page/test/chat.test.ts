// A conversation over a connection that comes and goes: what is sent, when, and how often.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Chat } from "../src/lib/chat.svelte";
import { keepChoice, keepOptions, options, outbox } from "../src/lib/keep";
import { newTurn, type Turn } from "../src/lib/reduce";
import { FakeApi } from "./api";
import { FakeSocket } from "./socket";

const ID = "0190aaaa-0000-7000-8000-000000000000";

let chat: Chat;
let server: FakeApi;

/** The view sees the state at the next frame. */
const settle = () => vi.advanceTimersByTime(300);

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  FakeSocket.install();
  server = FakeApi.install();
  chat = new Chat(ID);
});

afterEach(() => {
  chat.retire(true);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function told(more: Partial<Turn> & { id: string }): Turn {
  return newTurn({ parent: null, question: "Why?", asked: 0, sent: true, accepted: true, ...more });
}

function accept(after = 0): string {
  const turn = String(FakeSocket.last.sent.at(-1)!["turn"]);
  const question = FakeSocket.all.flatMap((socket) => socket.sent).findLast((message) => message["turn"] === turn);
  FakeSocket.last.tell({
    type: "accepted",
    turn,
    conversation: String(question?.["conversation"] ?? ID),
    parent: (question?.["parent"] as string | null | undefined) ?? null,
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

test("a_reload_fetches_the_conversation_and_resumes_its_answer", async () => {
  server.conversation(ID, [told({ id: "1", text: "Because", seq: 2 })]);
  const reloaded = new Chat(ID, { begun: true });
  expect(reloaded.presence).toEqual({ kind: "loading" });
  expect(reloaded.ask("Too early?")).toBe(false);
  await server.answered();
  settle();
  expect(reloaded.presence).toEqual({ kind: "here" });
  expect(reloaded.last).toMatchObject({ question: "Why?", text: "Because", seq: 2 });
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toEqual([{ type: "resume", turn: "1", after: 2 }]);
  end("1", 3);
  reloaded.retire(true);
});

test("a_question_that_waits_survives_a_reload_and_is_kept_no_longer_than_needed", async () => {
  chat.ask("Why?");
  expect(outbox()).toMatchObject([{ conversation: ID, turn: { question: "Why?", sent: false } }]);
  const reloaded = new Chat(ID, { begun: true });
  expect(reloaded.last).toMatchObject({ question: "Why?", ending: null });
  FakeSocket.last.ready();
  await server.answered();
  expect(FakeSocket.last.sent).toMatchObject([{ type: "question", text: "Why?" }]);
  expect(outbox()).toMatchObject([{ turn: { sent: true } }]);
  accept();
  expect(outbox()).toEqual([]);
  reloaded.retire(true);
});

test("a_question_that_the_browser_has_no_room_for_says_so_and_is_still_sent", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  chat.ask("Why?");
  expect([chat.last?.kept, outbox()]).toEqual([false, []]);
  vi.restoreAllMocks();
  FakeSocket.last.ready();
  settle();
  expect(FakeSocket.last.sent).toMatchObject([{ type: "question", text: "Why?" }]);
  expect(chat.last?.kept).toBe(true);
});

test("a_refused_question_is_shown_after_a_reload_and_not_sent_by_itself", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  FakeSocket.last.tell({ type: "error", code: "storage_failed", message: "The disk is full." });
  const reloaded = new Chat(ID, { begun: true });
  FakeSocket.last.ready();
  expect(reloaded.last).toMatchObject({ ending: "refused", problem: { message: "The disk is full." } });
  expect(FakeSocket.last.sent).toEqual([]);
  reloaded.retire(true);
});

test("no_second_question_goes_out_while_an_answer_is_open", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  expect(chat.ask("And?")).toBe(false);
  end(accept(), 1);
  expect(chat.ask("And?")).toBe(true);
});

test("a_question_asked_while_an_answers_connection_is_lost_is_sent_once_behind_its_end", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  FakeSocket.last.lose(1006);
  expect(chat.ask("And?")).toBe(true);
  settle();
  expect(chat.shown.map(({ turn }) => turn.question)).toEqual(["Why?", "And?"]);
  expect(chat.ask("One more?")).toBe(false);
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toMatchObject([{ type: "resume", turn }]);
  end(accept(), 1);
  expect(FakeSocket.last.sent.slice(1)).toMatchObject([{ type: "question", text: "And?", parent: turn }]);
  end(accept(), 1);
  expect(outbox()).toEqual([]);
});

test("a_question_that_waits_behind_an_answer_still_does_after_a_reload", async () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  FakeSocket.last.lose(1006);
  chat.ask("And?");
  server.conversation(ID, [told({ id: turn, text: "Bec", seq: 1 })]);
  const reloaded = new Chat(ID, { begun: true });
  const socket = FakeSocket.last;
  socket.ready();
  expect(socket.sent).toEqual([]);
  await server.answered();
  settle();
  expect(socket.sent).toEqual([{ type: "resume", turn, after: 1 }]);
  socket.tell({ type: "complete", turn, seq: 2, outcome: "stop", timing: { total_ms: 2 } });
  expect(socket.sent.slice(1)).toMatchObject([{ type: "question", text: "And?", parent: turn }]);
  reloaded.retire(true);
});

test("a_question_asked_while_an_answer_runs_is_in_line_behind_it_and_another_one_is_not_taken", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  settle();
  expect(chat.takes).toBe(true);
  expect([chat.ask("And?"), chat.ask("And what else?")]).toEqual([true, false]);
  settle();
  expect(chat.takes).toBe(false);
  const questions = () => FakeSocket.last.sent.filter(({ type }) => type === "question").map(({ text }) => text);
  expect(questions()).toEqual(["Why?"]);
  end(turn, 1);
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: "question", text: "And?", parent: turn });
  settle();
  expect(chat.takes).toBe(false);
});

test("stop_stops_the_answer_and_the_question_in_line_is_asked_then", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  chat.ask("And?");
  expect(chat.stop()).toBeNull();
  settle();
  expect(chat.shown.map(({ turn }) => [turn.question, turn.stopping])).toEqual([
    ["Why?", true],
    ["And?", false],
  ]);
  expect(FakeSocket.last.sent.at(-1)).toEqual({ type: "cancel", turn });
  FakeSocket.last.tell({ type: "complete", turn, seq: 1, outcome: "cancelled", timing: { total_ms: 2 } });
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: "question", text: "And?", parent: turn });
});

test("the_question_in_line_is_taken_back_by_itself_and_the_answer_goes_on", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  chat.ask("And?");
  settle();
  const waiting = chat.last!;
  expect(chat.takeBack(waiting)).toBe(true);
  settle();
  expect(chat.last).toMatchObject({ question: "Why?", stopping: false, ending: null });
  expect(outbox()).toEqual([]);
  expect([chat.takeBack(waiting), chat.takeBack(chat.last!)]).toEqual([false, false]);
  end(turn, 1);
  expect(FakeSocket.last.sent.map(({ type }) => type)).toEqual(["question"]);
});

test("without_a_connection_too_stop_means_the_answer_and_not_the_question_in_line", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  accept();
  FakeSocket.last.lose(1006);
  chat.ask("And?");
  expect(chat.stop()).toBeNull();
  settle();
  expect(chat.shown.map(({ turn }) => turn.stopping)).toEqual([true, false]);
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

test("stop_takes_back_a_question_that_no_connection_was_given", () => {
  chat.ask("Why?");
  expect(chat.stop()).toBe("Why?");
  settle();
  expect(chat.last).toBeNull();
  expect(outbox()).toEqual([]);
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toHaveLength(0);
});

test("a_question_refused_for_a_limit_is_kept_with_the_time_when_it_can_be_asked_again", () => {
  vi.setSystemTime(1_000_000);
  FakeSocket.last.ready();
  chat.ask("Why?");
  FakeSocket.last.tell({ type: "error", code: "rate_limited", message: "Too many.", retry_after_ms: 30_000 });
  settle();
  expect(chat.last).toMatchObject({ ending: "refused", question: "Why?", problem: { again: 1_030_000 } });
  const reloaded = new Chat(ID);
  expect(reloaded.last).toMatchObject({ ending: "refused", problem: { again: 1_030_000 } });
  reloaded.retire(true);
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

test("a_question_that_a_server_going_down_no_longer_takes_is_sent_to_its_successor", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const question = FakeSocket.last.sent[0];
  FakeSocket.last.tell({ type: "status", state: "draining", reconnect_after_ms: 100 });
  FakeSocket.last.tell({ type: "error", code: "queue_full", message: "The server is going down." });
  settle();
  expect(chat.last).toMatchObject({ ending: null, problem: null });
  FakeSocket.last.lose(1012);
  vi.advanceTimersByTime(400);
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent).toEqual([question]);
});

test("an_answer_that_the_server_has_no_more_is_lost_and_its_text_stays", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  FakeSocket.last.tell({ type: "chunk", turn, seq: 1, text: "Bec" });
  reconnect();
  FakeSocket.last.tell({ type: "error", code: "unknown_turn", message: "No such turn." });
  settle();
  expect(chat.last).toMatchObject({ ending: "lost", text: "Bec" });
});

test("the_same_again_and_an_edited_question_stand_beside_the_first", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const first = accept();
  end(first, 1);
  chat.ask("And?");
  end(accept(), 1);
  for (const question of ["And?", "But?"]) {
    chat.askBeside(chat.last!, question);
    expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: "question", text: question, parent: first });
    end(accept(), 1);
  }
  expect(chat.shown.map(({ turn, beside }) => [turn.question, beside.length])).toEqual([
    ["Why?", 1],
    ["But?", 3],
  ]);
});

test("the_branch_that_was_turned_to_is_where_the_next_question_goes_also_after_a_reload", async () => {
  const turns = [told({ id: "1", ending: "stop" }), told({ id: "2", ending: "stop" })];
  server.conversation(ID, turns);
  const first = new Chat(ID, { begun: true });
  await server.answered();
  settle();
  expect(first.last?.id).toBe("2");
  first.show("1");
  expect(first.last?.id).toBe("1");
  first.retire(true);
  const reloaded = new Chat(ID, { begun: true });
  await server.answered();
  settle();
  expect(reloaded.last?.id).toBe("1");
  FakeSocket.last.ready();
  reloaded.ask("And?");
  settle();
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: "question", text: "And?", parent: "1" });
  expect(reloaded.shown.map(({ turn }) => turn.question)).toEqual(["Why?", "And?"]);
  end(accept(), 1);
  reloaded.retire(true);
});

test("stop_means_what_is_shown_and_an_answer_in_another_version_is_told", async () => {
  server.conversation(ID, [told({ id: "1", ending: "stop" }), told({ id: "2", text: "B", seq: 1 })]);
  const two = new Chat(ID, { begun: true });
  await server.answered();
  settle();
  const socket = FakeSocket.last;
  socket.ready();
  expect(two.elsewhere).toBe(false);
  two.show("1");
  expect([two.open, two.elsewhere]).toEqual([true, true]);
  // The connection is lost, and a question waits in what is shown.
  socket.lose(1006);
  two.ask("And?");
  two.show("2");
  expect(two.elsewhere).toBe(false);
  expect(two.stop()).toBeNull();
  settle();
  expect(two.last).toMatchObject({ id: "2", stopping: true });
  two.show("1");
  expect(two.stop()).toBe("And?");
  two.retire(true);
});

test("an_answer_that_was_cut_goes_on_behind_itself", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  FakeSocket.last.tell({ type: "complete", turn, seq: 1, outcome: "length", timing: { total_ms: 2 } });
  settle();
  chat.continue(chat.last!);
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: "question", text: "Continue.", parent: turn });
});

test("a_conversation_that_the_server_does_not_have_is_unknown", async () => {
  const other = new Chat(ID, { begun: true });
  await server.answered();
  expect(other.presence).toEqual({ kind: "unknown" });
  other.retire(true);
});

test("a_conversation_that_could_not_be_fetched_is_fetched_when_the_connection_is_back", async () => {
  server.away = true;
  const other = new Chat(ID, { begun: true });
  await server.answered();
  expect(other.presence).toEqual({ kind: "failed", why: "Cannot reach the server." });
  server.away = false;
  server.conversation(ID, [told({ id: "1", ending: "stop" })]);
  FakeSocket.last.ready();
  await server.answered();
  settle();
  expect(other.presence).toEqual({ kind: "here" });
  other.retire(true);
});

test("after_a_crash_an_end_that_was_not_kept_is_shown_as_the_server_has_it", async () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  FakeSocket.last.tell({ type: "chunk", turn, seq: 2, text: "Because." });
  end(turn, 3);
  expect(chat.last).toMatchObject({ ending: "stop", text: "Because." });
  server.conversation(ID, [told({ id: turn, text: "Bec", seq: 1, ending: "interrupted" })]);
  reconnect();
  await server.answered();
  settle();
  expect(chat.last).toMatchObject({ ending: "interrupted", text: "Bec" });
});

test("a_chosen_model_is_named", () => {
  FakeSocket.last.ready();
  chat.choice = { endpoint: "local", model: "large" };
  chat.ask("Why?");
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ endpoint: "local", model: "large" });
});

test("the_model_that_was_chosen_last_is_a_new_conversations_and_not_an_old_ones", async () => {
  keepChoice({ endpoint: "local", model: "large" });
  const fresh = new Chat("0190aaaa-0000-7000-8000-000000000001");
  FakeSocket.last.ready();
  fresh.ask("Why?");
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ endpoint: "local", model: "large" });
  end(accept(), 1);
  fresh.retire(true);
  server.conversation(ID, [told({ id: "1", ending: "stop", endpoint: "local", model: "small" })]);
  const old = new Chat(ID, { begun: true });
  await server.answered();
  expect(old.choice).toEqual({ endpoint: "local", model: "small" });
  old.retire(true);
  // One that is no longer offered is not named.
  keepChoice({ endpoint: "local", model: "gone" });
  const other = new Chat("0190aaaa-0000-7000-8000-000000000002");
  FakeSocket.last.ready();
  other.ask("Why?");
  expect(FakeSocket.last.sent.at(-1)).not.toHaveProperty("model");
  end(accept(), 1);
  other.retire(true);
});

test("a_turn_of_another_tab_comes_in_with_the_list_and_is_followed", async () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  end(turn, 1);
  const head = { id: ID, title: "Why?", created: 0, updated: 0, turns: 1, running: false };
  chat.compare(head);
  expect(server.asked).toEqual([]);
  server.conversation(ID, [told({ id: turn, ending: "stop" }), told({ id: "other", parent: turn, seq: 4 })]);
  chat.compare({ ...head, turns: 2, running: true });
  await server.answered();
  settle();
  expect(chat.shown).toHaveLength(2);
  expect(FakeSocket.last.sent.at(-1)).toEqual({ type: "resume", turn: "other", after: 4 });
});

test("an_answer_begun_in_another_tab_is_shown_where_an_earlier_version_was_looked_at", async () => {
  const versions = [told({ id: "1", ending: "stop" }), told({ id: "2", ending: "stop" })];
  server.conversation(ID, versions);
  const other = new Chat(ID, { begun: true });
  FakeSocket.last.ready();
  await server.answered();
  other.show("1");
  server.conversation(ID, [...versions, told({ id: "3", parent: "2" })]);
  other.compare({ id: ID, title: "Why?", created: 0, updated: 0, turns: 3, running: true });
  await server.answered();
  settle();
  expect(other.shown.map(({ turn }) => turn.id)).toEqual(["2", "3"]);
  other.show("1");
  expect(other.last?.id).toBe("1");
  end("3", 1);
  await other.refresh();
  expect(other.last?.id).toBe("1");
  other.retire(true);
});

test("a_tab_stays_with_its_own_question_when_another_tab_has_asked_at_the_same_place", async () => {
  FakeSocket.last.ready();
  chat.ask("First?");
  const first = accept();
  chat.ask("Mine?");
  const mine = chat.last!.id;
  // The other tab has seen the end first, and its question is there before this one's.
  const theirs = [
    told({ id: first, question: "First?", ending: "stop", seq: 1 }),
    told({ id: "other", parent: first, question: "Theirs?" }),
  ];
  server.conversation(ID, theirs);
  const head = { id: ID, title: "", created: 0, updated: 0, turns: 2, running: true };
  chat.compare(head);
  await server.answered();
  settle();
  expect(chat.shown.map(({ turn }) => turn.question)).toEqual(["First?", "Mine?"]);
  expect(chat.shown[1]!.beside.map(({ question }) => question)).toEqual(["Theirs?", "Mine?"]);
  // It is not behind the other one: it is asked now.
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ type: "question", text: "Mine?", parent: first });
  expect(accept()).toBe(mine);
  settle();

  const calls = server.asked.length;
  theirs[1] = { ...theirs[1]!, text: "All of it", seq: 3, ending: "stop" };
  server.conversation(ID, [...theirs, told({ id: mine, parent: first, question: "Mine?" })]);
  chat.show("other");
  expect(chat.aside(chat.last!)).toBe(true);
  // What this tab does not follow it fetches.
  await server.answered();
  expect(server.asked.length).toBe(calls + 1);
  settle();
  expect(chat.last).toMatchObject({ text: "All of it", ending: "stop" });
  expect(chat.elsewhere).toBe(true);
  chat.show(mine);
  end(mine, 1);
  expect(chat.last).toMatchObject({ id: mine, ending: "stop" });
});

test("an_answer_that_another_tab_follows_is_fetched_with_the_list_and_followed_when_the_own_one_has_ended", async () => {
  FakeSocket.last.ready();
  chat.ask("Mine?");
  const mine = accept();
  const both = [told({ id: mine, question: "Mine?" }), told({ id: "other", question: "Theirs?" })];
  server.conversation(ID, both);
  const head = { id: ID, title: "", created: 0, updated: 0, turns: 2, running: true };
  chat.compare(head);
  await server.answered();
  settle();
  expect(chat.last?.id).toBe(mine);
  expect(chat.aside(chat.last!)).toBe(false);
  server.conversation(ID, [both[0]!, { ...both[1]!, text: "Some", seq: 2 }]);
  chat.compare(head);
  await server.answered();
  end(mine, 1);
  expect(FakeSocket.last.sent.at(-1)).toEqual({ type: "resume", turn: "other", after: 2 });
  end("other", 3);
});

test("a_left_conversation_follows_its_answer_to_the_end", () => {
  FakeSocket.last.ready();
  chat.ask("Why?");
  const turn = accept();
  chat.retire(true);
  FakeSocket.last.tell({ type: "chunk", turn, seq: 1, text: "Because" });
  end(turn, 2);
  expect(chat.last).toMatchObject({ text: "Because", ending: "stop" });
  expect(FakeSocket.last.readyState).toBe(FakeSocket.CLOSED);
});

test("how_it_is_to_be_answered_goes_with_each_question_also_one_that_waits", () => {
  const wanted = { temperature: 0.2, max_tokens: 300 };
  keepOptions(wanted);
  chat.retire(true);
  chat = new Chat(ID);
  expect(chat.ask("Why?")).toBe(true);
  // What is chosen after it was asked is for the next one.
  chat.options = {};
  expect(outbox()[0]?.turn.options).toEqual(wanted);
  FakeSocket.last.ready();
  expect(FakeSocket.last.sent.at(-1)).toMatchObject({ text: "Why?", options: wanted });
  end(accept(), 1);
  expect(chat.askBeside(chat.last!, "Why not?")).toBe(true);
  expect(FakeSocket.last.sent.at(-1)).not.toHaveProperty("options");
});

test("options_that_no_server_would_take_are_as_if_they_were_not_kept", () => {
  localStorage.setItem(
    "askd:options:last",
    JSON.stringify({ at: 1, v: 2, value: { temperature: 5, max_tokens: 0.5, top_p: 1 } }),
  );
  expect(options()).toEqual({});
});
