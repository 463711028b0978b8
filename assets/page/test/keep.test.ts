// What the browser keeps: bounded, the oldest dropped, and never a reason to fail.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { draft, editDraft, keepDraft, keepEditDraft } from "../src/lib/drafts";
import { available, branch, choice, keepChoice, forgetOld, keepBranch } from "../src/lib/keep";
import { UNBEGUN, unsent } from "../src/lib/drafts";
import { keepWaiting, outbox, withdraw } from "../src/lib/keep";
import { newTurn } from "../src/lib/reduce";
import { keepSidebarOpen, sidebarOpen } from "../src/lib/sidebar";

const waiting = (id: string, more = {}) => ({
  conversation: "c",
  turn: newTurn({ id, parent: null, question: "?", asked: Number(id), ...more }),
});

let clock = 1_000_000;

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  // Each look at the clock is a millisecond later, so that every write has its place in time.
  vi.spyOn(Date, "now").mockImplementation(() => clock++);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("what_is_written_and_not_sent_is_told_the_last_first", () => {
  keepDraft(UNBEGUN, "of this tab alone");
  keepDraft("a", "first");
  keepDraft("b", "second");
  keepDraft("c", " ");
  keepDraft("a", "first, and more");
  expect(unsent()).toEqual([
    { conversation: "a", text: "first, and more" },
    { conversation: "b", text: "second" },
  ]);
});

test("a_draft_a_branch_and_the_sidebar_are_kept", () => {
  keepDraft("a", "half a ques");
  keepBranch("a", "turn");
  expect([draft("a"), draft("b"), branch("a"), branch("b")]).toEqual(["half a ques", "", "turn", null]);
  keepDraft("a", "");
  keepBranch("a", null);
  expect(sessionStorage).toHaveLength(0);
  expect(localStorage).toHaveLength(0);
  expect(choice()).toBeNull();
  keepChoice({ endpoint: "local", model: "large" });
  expect(choice()).toEqual({ endpoint: "local", model: "large" });
  expect(sidebarOpen()).toBe(true);
  keepSidebarOpen(false);
  expect(sidebarOpen()).toBe(false);
});

test("the_draft_of_a_new_conversation_is_its_tabs", () => {
  keepDraft(UNBEGUN, "half a ques");
  expect([draft(UNBEGUN), localStorage.length]).toEqual(["half a ques", 0]);
  // Another tab has a storage of its own.
  sessionStorage.clear();
  expect(draft(UNBEGUN)).toBe("");
});

/** Another tab: what it keeps of its own is in a place of its own. */
function tab(): (act: () => void) => void {
  const own = new Map<string, string>();
  return (act) => {
    sessionStorage.clear();
    own.forEach((kept, key) => sessionStorage.setItem(key, kept));
    act();
    own.clear();
    for (const key of Object.keys(sessionStorage)) own.set(key, sessionStorage.getItem(key)!);
  };
}

test.each([
  ["a draft", draft, keepDraft],
  ["an edit", editDraft, keepEditDraft],
])("%s_is_its_tabs_whatever_another_tab_writes_sends_or_gives_up", (_, read, keep) => {
  const [one, two, next] = [tab(), tab(), tab()];
  one(() => keep("a", "written with care"));
  // Given up without a word of its own, then written and sent, then only written.
  for (const words of [[""], ["other words", ""], ["other words"]]) {
    two(() => words.forEach((text) => keep("a", text)));
    one(() => expect(read("a")).toBe("written with care"));
  }
  two(() => keep("a", ""));
  one(() => keep("a", "written with more care"));
  // A tab that had none goes on with it, and has sent it then.
  next(() => {
    expect(read("a")).toBe("written with more care");
    keep("a", "");
    expect(read("a")).toBe("");
  });
  one(() => expect(read("a")).toBe("written with more care"));
});

test("what_waits_is_kept_whole_until_it_is_withdrawn", () => {
  const endpoint = { endpoint: "local", model: "small" };
  const refused = { ending: "refused", problem: { code: "storage_failed", message: "Full." } };
  const all = [
    waiting("1", { parent: "0", ...endpoint }),
    waiting("2", { sent: true, stopping: true }),
    waiting("3", refused),
  ];
  for (const one of all.toReversed()) keepWaiting(one);
  expect(outbox()).toEqual(all);
  withdraw("2");
  expect(outbox()).toEqual([all[0], all[2]]);
});

test("fifty_drafts_are_kept_and_the_oldest_go", () => {
  keepWaiting(waiting("1"));
  for (let n = 0; n < 60; n++) keepDraft(`c${n}`, "x");
  const kept = Array.from({ length: 60 }, (_, n) => n).filter((n) => draft(`c${n}`) !== "");
  expect(kept).toEqual(Array.from({ length: 50 }, (_, n) => n + 10));
  expect(outbox()).toHaveLength(1);
});

test("nothing_that_waits_goes_for_another_and_what_was_refused_takes_no_place_of_it", () => {
  const refused = { ending: "refused", problem: { code: "storage_failed", message: "Full." } };
  for (let n = 100; n < 160; n++) keepWaiting(waiting(`${n}`, refused));
  const kept = Array.from({ length: 51 }, (_, n) => keepWaiting(waiting(`${200 + n}`)));
  expect(kept).toEqual([...Array<boolean>(50).fill(true), false]);
  // What has its place already keeps it.
  expect(keepWaiting(waiting("200", { sent: true }))).toBe(true);
  const ids = outbox().map(({ turn }) => Number(turn.id));
  const from = (first: number) => Array.from({ length: 50 }, (_, n) => first + n);
  expect(ids).toEqual([...from(110), ...from(200)]);
});

/** As much as a browser keeps for one address, less what is to be left of it. */
function fill(left: number): void {
  localStorage.setItem("somebody:else", "");
  const used = Object.entries({ ...localStorage }).reduce((sum, [key, kept]) => sum + key.length + kept.length, 0);
  localStorage.setItem("somebody:else", "x".repeat(5_000_000 - used - left));
}

test("a_waiting_question_takes_the_room_of_the_oldest_drafts_and_of_nothing_else", () => {
  for (const id of ["a", "b", "c"]) keepDraft(id, "x".repeat(400));
  sessionStorage.clear();
  keepBranch("a", "turn");
  expect(keepWaiting(waiting("1"))).toBe(true);
  fill(10);
  expect(keepWaiting(waiting("2"))).toBe(true);
  expect([draft("a"), draft("b"), draft("c")].map((text) => text.length)).toEqual([0, 400, 400]);
  expect(keepWaiting(waiting("3", { question: "x".repeat(2_000) }))).toBe(false);
  expect([outbox().map(({ turn }) => turn.id), branch("a")]).toEqual([["1", "2"], "turn"]);
});

test("a_draft_longer_than_a_question_is_in_its_tab_alone", () => {
  keepDraft("a", "é".repeat(8), 16);
  expect(localStorage).toHaveLength(1);
  keepDraft("a", "é".repeat(9), 16);
  expect([draft("a"), localStorage.length]).toEqual(["é".repeat(9), 0]);
});

test("refused_storage_is_no_error", () => {
  const denied = () => {
    throw new DOMException("denied", "SecurityError");
  };
  for (const storage of ["localStorage", "sessionStorage"])
    vi.stubGlobal(storage, { getItem: denied, setItem: denied, removeItem: denied });
  expect(available()).toBe(false);
  keepDraft("a", "x");
  keepDraft(UNBEGUN, "x");
  expect(keepWaiting(waiting("1"))).toBe(false);
  forgetOld();
  expect(draft(UNBEGUN)).toBe("");
  expect(draft("a")).toBe("");
  expect(sidebarOpen()).toBe(true);
});

test("what_is_not_ours_is_as_if_it_were_not_there", () => {
  const write = (key: string, kept: unknown) => localStorage.setItem(key, JSON.stringify(kept));
  localStorage.setItem("askd:draft:a", "{broken");
  write("askd:draft:b", { at: 1, v: 1, value: "of another version" });
  write("askd:draft:c", { at: 1, v: 2, value: 5 });
  expect(["a", "b", "c"].map(draft)).toEqual(["", "", ""]);
  const good = { conversation: "c", id: "1", question: "?" };
  for (const wrong of [{ id: 5 }, { conversation: null }, { question: ["?"] }]) {
    write("askd:outbox:1", { at: 1, v: 2, value: { ...good, ...wrong } });
    expect(outbox()).toEqual([]);
  }
  write("askd:outbox:1", { at: 1, v: 2, value: { ...good, parent: 5, asked: "x", sent: 1, refused: "no" } });
  expect(outbox()).toEqual([{ conversation: "c", turn: newTurn({ id: "1", parent: null, question: "?", asked: 0 }) }]);
});

test("conversations_that_an_earlier_version_kept_are_forgotten", () => {
  localStorage.setItem("askd:conversation:a", '{"at":1,"v":1,"turns":[]}');
  localStorage.setItem("somebody:else", "1");
  forgetOld();
  expect(Object.keys(localStorage)).toEqual(["somebody:else"]);
});
