// Which conversation is shown, and how it stays in step with the address, the list and the other tabs.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Chats } from "../src/lib/chats.svelte";
import { keepWaiting, outbox } from "../src/lib/keep";
import { newTurn, type Turn } from "../src/lib/reduce";
import { FakeApi } from "./api";
import { FakeSocket } from "./socket";

const A = "0190aaaa-0000-7000-8000-00000000000a";
const B = "0190aaaa-0000-7000-8000-00000000000b";

let server: FakeApi;
let silence: (() => void) | undefined;
let chats: Chats;

const head = (id: string, title: string) => ({ id, title, created: 0, updated: 1, turns: 1, running: false });
const turn = (id: string, more: Partial<Turn> = {}) =>
  newTurn({ id, parent: null, question: `Question ${id}`, asked: 0, ...more });
const ended = (id: string) => turn(id, { sent: true, accepted: true, ending: "stop", text: "x", seq: 1 });

/** The page, opened at this address. */
async function arrive(path: string): Promise<Chats> {
  silence?.();
  history.replaceState(null, "", path);
  chats = new Chats();
  silence = chats.listen();
  await settle();
  return chats;
}

async function settle(): Promise<void> {
  await server.answered();
  vi.advanceTimersByTime(300);
  await server.answered();
}

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  FakeSocket.install();
  server = FakeApi.install();
  server.heads = [head(A, "First"), head(B, "Second")];
  server.conversation(A, [ended("a1")]);
  server.conversation(B, [ended("b1")]);
});

afterEach(() => {
  silence?.();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("the_address_is_the_conversations", async () => {
  await arrive(`/c/${A}`);
  expect(chats.current.last?.id).toBe("a1");
  chats.open(B);
  await settle();
  expect([location.pathname, chats.current.last?.id]).toEqual([`/c/${B}`, "b1"]);
  chats.begin();
  expect([location.pathname, chats.current.last]).toEqual(["/", null]);
  chats.ask("New?");
  expect(location.pathname).toBe(`/c/${chats.current.id}`);
});

test("a_question_in_the_place_of_an_unknown_conversation_begins_a_new_one", async () => {
  const unknown = "0190aaaa-0000-7000-8000-0000000000ff";
  await arrive(`/c/${unknown}`);
  expect(chats.current.presence).toEqual({ kind: "unknown" });
  expect(chats.ask("Here?")).toBe(true);
  expect(chats.current.id).not.toBe(unknown);
  expect(location.pathname).toBe(`/c/${chats.current.id}`);
});

test("an_address_that_no_conversation_can_have_is_unknown_and_a_question_there_begins_a_new_one", async () => {
  await arrive("/c/nonsense");
  expect(chats.current.presence).toEqual({ kind: "unknown" });
  expect(server.asked.filter((call) => call !== "GET /conversations")).toEqual([]);
  chats.begin();
  expect([location.pathname, chats.current.presence]).toEqual(["/", { kind: "unbegun" }]);
  history.replaceState(null, "", "/c/nonsense");
  dispatchEvent(new Event("popstate"));
  expect(chats.current.presence).toEqual({ kind: "unknown" });
  expect(chats.ask("Here?")).toBe(true);
  expect(location.pathname).toBe(`/c/${chats.current.id}`);
});

test("what_waited_when_the_page_was_left_is_sent_from_wherever_the_reader_comes_back", async () => {
  keepWaiting({ conversation: A, turn: turn("w", { parent: "a1" }) });
  keepWaiting({
    conversation: B,
    turn: turn("r", { ending: "refused", problem: { code: "internal", message: "No." } }),
  });
  await arrive("/");
  expect(chats.behind.map((chat) => chat.id)).toEqual([A]);
  for (const socket of FakeSocket.all) socket.ready();
  const sent = FakeSocket.all.flatMap((socket) => socket.sent);
  expect(sent).toMatchObject([{ type: "question", turn: "w", conversation: A, parent: "a1" }]);
});

test("a_stop_that_the_lost_connection_kept_back_is_sent_after_a_reload_wherever_that_is", async () => {
  const running = turn("a1", { sent: true, accepted: true, text: "x", seq: 1 });
  server.conversation(A, [running]);
  for (const path of [`/c/${A}`, "/"]) {
    await arrive(`/c/${A}`);
    FakeSocket.last.ready();
    FakeSocket.last.lose(1006);
    chats.stop();
    await settle();
    FakeSocket.all = [];
    await arrive(path);
    for (const socket of FakeSocket.all) socket.ready();
    await settle();
    const stopped = FakeSocket.all.find((socket) => socket.sent.length > 0)!;
    expect(stopped.sent).toMatchObject([
      { type: "resume", turn: "a1" },
      { type: "cancel", turn: "a1" },
    ]);
    stopped.tell({ type: "complete", turn: "a1", seq: 2, outcome: "cancelled", timing: { total_ms: 2 } });
    await settle();
    expect(outbox()).toEqual([]);
  }
});

test("a_refused_question_whose_conversation_is_nowhere_can_be_reached_until_it_is_asked_again", async () => {
  await arrive("/");
  FakeSocket.last.ready();
  chats.ask("Hello?");
  FakeSocket.last.tell({ type: "error", code: "storage_failed", message: "The disk is full." });
  await settle();
  const refused = chats.current.id;
  const listed = () => chats.refused.map(({ conversation, turn }) => [conversation, turn.question]);
  chats.begin();
  await settle();
  expect(chats.current.last).toBeNull();
  expect(listed()).toEqual([[refused, "Hello?"]]);
  await arrive("/");
  expect(listed()).toEqual([[refused, "Hello?"]]);
  chats.open(refused);
  FakeSocket.last.ready();
  await settle();
  expect(chats.current.last).toMatchObject({ question: "Hello?", ending: "refused" });
  chats.current.askBeside(chats.current.last!, "Hello?");
  const id = String(FakeSocket.last.sent.at(-1)!["turn"]);
  FakeSocket.last.tell({ type: "accepted", turn: id, conversation: refused, parent: null, after: 0 });
  await settle();
  expect(listed()).toEqual([]);
});

test("a_refused_question_can_be_thrown_away_and_nothing_is_left_of_it", async () => {
  await arrive("/");
  const refuse = async () => {
    FakeSocket.last.ready();
    chats.ask("Hello?");
    FakeSocket.last.tell({ type: "error", code: "storage_failed", message: "The disk is full." });
    await settle();
  };
  await refuse();
  chats.discard(chats.current.last!);
  expect([location.pathname, chats.current.last, outbox()]).toEqual(["/", null, []]);
  // Also after a reload, when nobody knows any such conversation.
  await refuse();
  await arrive(location.pathname);
  expect(chats.current.presence).toEqual({ kind: "unknown" });
  chats.discard(chats.current.last!);
  await settle();
  expect([location.pathname, chats.current.presence.kind, outbox()]).toEqual(["/", "unbegun", []]);
  expect(chats.refused).toEqual([]);
});

test("a_refused_first_question_leaves_nothing_also_while_the_storage_still_fails", async () => {
  const problem = { code: "storage_failed", message: "Full." } as const;
  const refused = (parent: string | null) => turn("r", { parent, ending: "refused", problem });
  for (const [parent, path] of [
    [null, "/"],
    ["a1", `/c/${A}`],
  ] as const) {
    keepWaiting({ conversation: A, turn: refused(parent) });
    server.keeps = false;
    await arrive(`/c/${A}`);
    expect(chats.current.presence.kind).toBe("failed");
    chats.discard(chats.current.last!);
    expect([location.pathname, outbox()]).toEqual([path, []]);
  }
});

test("a_refused_question_behind_others_goes_alone", async () => {
  const problem = { code: "storage_failed", message: "Full." } as const;
  keepWaiting({ conversation: A, turn: turn("r", { parent: "a1", ending: "refused", problem }) });
  await arrive(`/c/${A}`);
  expect(chats.current.shown.map(({ turn }) => turn.id)).toEqual(["a1", "r"]);
  chats.discard(chats.current.last!);
  expect([location.pathname, chats.current.shown.map(({ turn }) => turn.id)]).toEqual([`/c/${A}`, ["a1"]]);
  expect(outbox()).toEqual([]);
});

test("what_another_tab_threw_away_goes_here_too", async () => {
  const problem = { code: "storage_failed", message: "Full." } as const;
  keepWaiting({ conversation: A, turn: turn("r", { parent: "a1", ending: "refused", problem }) });
  await arrive(`/c/${A}`);
  localStorage.clear();
  dispatchEvent(new StorageEvent("storage", { key: "askd:outbox:r", newValue: null }));
  await settle();
  expect(chats.current.shown.map(({ turn }) => turn.id)).toEqual(["a1"]);
});

test("a_question_whose_conversation_is_nowhere_yet_is_listed_as_waiting", async () => {
  await arrive("/");
  chats.ask("Hello?");
  await settle();
  expect(chats.waiting.map((chat) => chat.last?.question)).toEqual(["Hello?"]);
  const asked = chats.current.id;
  chats.begin();
  await settle();
  expect(chats.waiting.map((chat) => chat.id)).toEqual([asked]);
  chats.open(asked);
  expect(chats.current.last?.question).toBe("Hello?");
  expect(chats.stop()).toBe("Hello?");
  expect(location.pathname).toBe("/");
  expect(outbox()).toEqual([]);
});

test("what_another_tab_took_back_is_not_sent_by_this_one", async () => {
  keepWaiting({ conversation: A, turn: turn("w", { parent: "a1" }) });
  await arrive("/");
  localStorage.clear();
  dispatchEvent(new StorageEvent("storage", { key: "askd:outbox:w", newValue: null }));
  expect(chats.behind).toEqual([]);
  for (const socket of FakeSocket.all) socket.ready();
  expect(FakeSocket.all.flatMap((socket) => socket.sent)).toEqual([]);
});

test("a_deletion_leaves_the_conversation_and_undo_brings_both_back", async () => {
  await arrive(`/c/${A}`);
  const deleted = head(A, "First");
  await chats.remove(deleted);
  await settle();
  expect([location.pathname, chats.list.heads.map(({ id }) => id)]).toEqual(["/", [B]]);
  const [notice] = chats.notices.all;
  expect(notice?.words).toBe("Deleted “First”.");
  server.heads = [deleted, ...server.heads];
  void chats.notices.undo(notice!);
  await settle();
  expect(chats.notices.all).toEqual([]);
  expect([location.pathname, chats.list.heads.map(({ id }) => id)]).toEqual([`/c/${A}`, [A, B]]);
});

test("undo_is_seen_at_once_also_where_the_reader_has_gone_back_to_the_address", async () => {
  await arrive(`/c/${A}`);
  await chats.remove(head(A, "First"));
  server.forget(A);
  chats.open(A);
  await settle();
  expect(chats.current.presence).toEqual({ kind: "unknown" });
  server.conversation(A, [ended("a1")]);
  server.heads = [head(A, "First"), ...server.heads];
  void chats.notices.undo(chats.notices.last!);
  await settle();
  await settle();
  expect(chats.current.presence).toEqual({ kind: "here" });
});

test("undo_does_not_take_a_reader_away_who_has_gone_on", async () => {
  for (const on of [() => chats.open(B), () => void chats.ask("New?")]) {
    server.heads = [head(A, "First"), head(B, "Second")];
    await arrive(`/c/${A}`);
    const deleted = head(A, "First");
    await chats.remove(deleted);
    on();
    await settle();
    const there = [location.pathname, chats.current];
    server.heads = [deleted, ...server.heads];
    void chats.notices.undo(chats.notices.last!);
    await settle();
    expect([location.pathname, chats.current]).toEqual(there);
    expect(chats.list.find(A)).toBeDefined();
  }
});

test("a_deletion_that_the_server_did_not_take_is_told_and_has_stopped_and_left_nothing", async () => {
  server.conversation(A, [turn("a1", { sent: true, accepted: true })]);
  await arrive(`/c/${A}`);
  FakeSocket.last.ready();
  const shown = chats.current;
  server.away = true;
  await chats.remove(head(A, "First"));
  await settle();
  expect(chats.notices.all).toMatchObject([{ words: "Cannot reach the server.", undo: null }]);
  expect([location.pathname, chats.current, chats.list.heads.map(({ id }) => id)]).toEqual([`/c/${A}`, shown, [A, B]]);
  expect(FakeSocket.last.sent.map(({ type }) => type)).toEqual(["resume"]);
});

test("a_conversation_is_left_only_when_the_server_has_deleted_it", async () => {
  await arrive(`/c/${A}`);
  const removed = chats.remove(head(A, "First"));
  expect(location.pathname).toBe(`/c/${A}`);
  await removed;
  expect(location.pathname).toBe("/");
});

test("a_question_that_waits_in_a_deleted_conversation_does_not_begin_it_again", async () => {
  await arrive(`/c/${A}`);
  chats.ask("Still here?");
  await chats.remove(head(A, "First"));
  await settle();
  for (const socket of FakeSocket.all) socket.ready();
  expect(FakeSocket.all.flatMap((socket) => socket.sent)).toEqual([]);
  expect(outbox()).toEqual([]);
});

test("one_file_is_imported_at_a_time_and_its_name_is_told_meanwhile", async () => {
  await arrive("/");
  const file = new File(["{}"], "all.json");
  const imports = () => server.asked.filter((call) => call === "POST /import").length;
  void chats.bringIn(file);
  void chats.bringIn(file);
  expect([chats.importing, imports()]).toEqual(["all.json", 1]);
  await settle();
  expect(chats.notices.all.map(({ words }) => words)).toEqual(["2 conversations were imported."]);
  expect(chats.importing).toBeNull();
  server.away = true;
  await chats.bringIn(file);
  expect([chats.importing, imports()]).toEqual([null, 2]);
  // Which of the files it was is said with the reason.
  expect(chats.notices.all.at(-1)?.words).toMatch(/^“all\.json” was not imported\. ./);
});

test("what_changed_elsewhere_comes_with_the_focus_and_every_fifteen_seconds", async () => {
  await arrive(`/c/${A}`);
  server.heads = [{ ...head(A, "First"), turns: 2 }];
  server.conversation(A, [ended("a1"), { ...ended("a2"), parent: "a1" }]);
  dispatchEvent(new Event("focus"));
  await settle();
  expect(chats.current.shown.map(({ turn }) => turn.id)).toEqual(["a1", "a2"]);
  server.heads = [];
  vi.advanceTimersByTime(15_000);
  await settle();
  expect(chats.list.heads).toEqual([]);
});

test("a_conversation_deleted_elsewhere_is_told_when_the_list_no_longer_has_it", async () => {
  await arrive(`/c/${A}`);
  server.heads = [head(B, "Second")];
  server.forget(A);
  dispatchEvent(new Event("focus"));
  await settle();
  expect(chats.current.presence).toEqual({ kind: "unknown" });
});

test("a_conversation_deleted_elsewhere_is_told_however_far_down_the_list_it_was", async () => {
  server.limit = 1;
  await arrive(`/c/${B}`);
  expect(chats.list.find(B)).toBeUndefined();
  const fetched = () => server.asked.filter((call) => call === `GET /conversations/${B}`).length;
  const before = fetched();
  vi.advanceTimersByTime(15_000);
  await settle();
  expect([chats.current.presence.kind, fetched()]).toEqual(["here", before]);
  server.heads = [head(A, "First")];
  server.forget(B);
  dispatchEvent(new Event("focus"));
  await settle();
  expect([chats.current.presence.kind, chats.current.gone]).toEqual(["unknown", true]);
});

test("a_conversation_that_a_long_list_loses_is_asked_for_without_the_readers_doing", async () => {
  server.limit = 1;
  await arrive(`/c/${A}`);
  server.heads = [head(B, "Second"), head("0190aaaa-0000-7000-8000-00000000000c", "Third")];
  server.forget(A);
  vi.advanceTimersByTime(15_000);
  await settle();
  expect([chats.list.next, chats.current.gone]).toEqual(["1", true]);
});

test("a_question_below_what_a_deleted_conversation_has_left_begins_a_new_one", async () => {
  await arrive(`/c/${A}`);
  server.heads = [head(B, "Second")];
  server.forget(A);
  dispatchEvent(new Event("focus"));
  await settle();
  expect(chats.current.shown).toHaveLength(1);
  expect(chats.current.placed).toBe(false);
  expect(chats.ask("Still here?")).toBe(true);
  expect(chats.current.id).not.toBe(A);
  expect(chats.current.turns.map(({ question, parent }) => [question, parent])).toEqual([["Still here?", null]]);
});

test("a_server_that_cannot_keep_conversations_is_told_when_an_answer_has_ended_and_until_it_can", async () => {
  await arrive(`/c/${A}`);
  FakeSocket.last.ready();
  await settle();
  server.keeps = false;
  chats.ask("Why?");
  const id = String(FakeSocket.last.sent.at(-1)!["turn"]);
  FakeSocket.last.tell({ type: "accepted", turn: id, conversation: A, parent: "a1", after: 0 });
  FakeSocket.last.tell({ type: "complete", turn: id, seq: 1, outcome: "stop", timing: { total_ms: 2 } });
  await settle();
  expect(chats.kept).toBe(false);
  server.keeps = true;
  vi.advanceTimersByTime(15_000);
  await settle();
  expect(chats.kept).toBe(true);
});

test("a_server_that_notices_late_that_it_cannot_keep_conversations_is_asked_once_more", async () => {
  await arrive(`/c/${A}`);
  FakeSocket.last.ready();
  await settle();
  server.keeps = false;
  vi.advanceTimersByTime(15_000);
  await settle();
  expect(chats.kept).toBe(false);
});

test("a_server_that_cannot_keep_an_answer_is_told_while_it_grows", async () => {
  await arrive(`/c/${A}`);
  FakeSocket.last.ready();
  await settle();
  chats.ask("Why?");
  const id = String(FakeSocket.last.sent.at(-1)!["turn"]);
  FakeSocket.last.tell({ type: "accepted", turn: id, conversation: A, parent: "a1", after: 0 });
  for (let n = 0; n < 4; n++) {
    vi.advanceTimersByTime(15_000);
    await settle();
  }
  expect(chats.kept).toBe(true);
  server.keeps = false;
  vi.advanceTimersByTime(15_000);
  await settle();
  expect(chats.kept).toBe(false);
});

test("how_far_the_documents_are_is_followed_until_they_are_ready", async () => {
  server.documents = { detail: "documents_unread", progress: { task: "reading", done: 12, of: 1340 } };
  await arrive(`/c/${A}`);
  FakeSocket.last.ready();
  await settle();
  expect(chats.preparing.words).toBe("The documents are being read: 12 of 1,340 files.");
  // Between the two there is a moment without either.
  server.documents = {};
  vi.advanceTimersByTime(2_000);
  await settle();
  expect(chats.preparing.words).toBeNull();
  server.documents = { progress: { task: "embedding", done: 3, of: 9 } };
  vi.advanceTimersByTime(2_000);
  await settle();
  expect(chats.preparing.words).toContain("by meaning too, 3 of 9 passages so far");
  server.documents = {};
  vi.advanceTimersByTime(2_000);
  await settle();
  expect(chats.preparing.words).toBeNull();
  for (let n = 0; n < 4; n++) {
    vi.advanceTimersByTime(2_000);
    await settle();
  }
  // Nobody asks any more, until the page is looked at again.
  server.documents = { detail: "documents_unread" };
  vi.advanceTimersByTime(60_000);
  await settle();
  expect(chats.preparing.words).toBeNull();
  document.dispatchEvent(new Event("visibilitychange"));
  await settle();
  expect(chats.preparing.words).toBe("The documents cannot be searched yet.");
});

test("an_answer_whose_end_was_seen_here_runs_no_more_whatever_the_list_says", async () => {
  const running = { ...head(A, "First"), running: true };
  const elsewhere = { ...head(B, "Second"), running: true };
  server.heads = [running, elsewhere];
  await arrive(`/c/${A}`);
  FakeSocket.last.ready();
  await settle();
  expect(chats.list.heads.map((head) => chats.running(head))).toEqual([false, true]);
  chats.ask("Why?");
  const id = String(FakeSocket.last.sent.at(-1)!["turn"]);
  FakeSocket.last.tell({ type: "accepted", turn: id, conversation: A, parent: "a1", after: 0 });
  await settle();
  expect(chats.running(running)).toBe(true);
});

test("a_listed_conversation_says_that_a_question_in_it_waits_until_it_is_sent", async () => {
  keepWaiting({ conversation: A, turn: turn("w", { parent: "a1" }) });
  await arrive("/");
  const waits = () => chats.list.heads.map((head) => chats.waits(head));
  expect(waits()).toEqual([true, false]);
  for (const socket of FakeSocket.all) socket.ready();
  await settle();
  expect(waits()).toEqual([false, false]);
  // It went into a connection that is lost: whether it has arrived is not known.
  for (const socket of FakeSocket.all) socket.lose(1006);
  expect(waits()).toEqual([true, false]);
});

test("a_search_leads_to_the_branch_of_what_was_found", async () => {
  server.conversation(B, [ended("b1"), ended("b2")]);
  await arrive("/");
  chats.open(B, "b1");
  await settle();
  expect(chats.current.shown.map(({ turn }) => turn.id)).toEqual(["b1"]);
  expect(chats.sought).toBe("b1");
});
