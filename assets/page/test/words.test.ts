// Every state has its words, and they are true.

import { expect, test, vi } from "vitest";

import type { Connection } from "../src/lib/link";
import { newTurn, type Turn } from "../src/lib/reduce";
import {
  announcement,
  broughtIn,
  connectionStatus,
  facts,
  lasting,
  preparation,
  turnStatus,
  unfounded,
  until,
} from "../src/lib/words";
import english from "../src/messages/en";

const ready: Connection = { kind: "ready" };
const away: Connection = { kind: "waiting", until: 4200, why: "The connection was lost." };

function turn(more: Partial<Turn>): Turn {
  return newTurn({ id: "t", parent: null, question: "?", asked: 0, ...more });
}

test.each<[string, Partial<Turn>, Connection]>([
  ["Sending", { sent: true }, ready],
  ["In line behind the answer above", {}, ready],
  ["Connecting", {}, { kind: "connecting" }],
  ["Waiting for the connection; the question is kept", {}, away],
  [
    "Waiting for the connection; this browser has no room to keep the question, so leave the page open until it is sent",
    { kept: false },
    away,
  ],
  ["Waiting for the connection; the question is kept", {}, { kind: "draining" }],
  ["Waiting in line: place 3", { accepted: true, place: 3 }, ready],
  ["Waiting for the first word", { accepted: true }, ready],
  ["Thinking", { accepted: true, thinking: "hm" }, ready],
  ["Answering", { accepted: true, thinking: "hm", text: "a" }, ready],
  ["Answering", { accepted: true, text: "a" }, { kind: "draining" }],
  ["Stopping", { accepted: true, stopping: true }, ready],
  ["The connection was lost; trying to catch up with the answer", { accepted: true }, away],
  ["Will be stopped when the connection is back", { accepted: true, stopping: true }, away],
  ["Stopped by you.", { ending: "cancelled" }, ready],
  ["Cut off: the answer reached its length limit.", { ending: "length", text: "a" }, ready],
  [
    "Not asked: the server no longer has this conversation.",
    { ending: "lost", problem: { code: "unknown_conversation", message: "No such conversation." } },
    ready,
  ],
  [
    english.status.unreadable,
    { accepted: true, ending: "lost", problem: { code: "storage_failed", message: "Cannot be kept." } },
    ready,
  ],
  ["Too many.", { ending: "lost", problem: { code: "rate_limited", message: "Too many." } }, ready],
  ["It broke.", { ending: "failed", problem: { code: "upstream_failed", message: "It broke." } }, ready],
])("%s", (words, more, connection) => {
  expect(turnStatus(turn(more), connection)?.words).toBe(words);
});

test.each([
  [{ unread: false, progress: null }, null],
  [{ unread: true, progress: null }, "The documents cannot be searched yet."],
  [
    { unread: false, progress: { task: "reading" as const, done: 1, of: 20_000 } },
    "Changed documents are being read: 1 of 20,000 files.",
  ],
])("documents_in_the_state_%j_have_their_words", (documents, words) => {
  expect(preparation(documents)).toBe(words);
});

test.each([
  [null, null],
  ["cited" as const, "Not from the documents: nothing in them matched."],
  ["unsearched" as const, "Not from the documents: they could not be searched."],
])("an_answer_with_no_source_and_the_basis_%j_says_so", (basis, words) => {
  expect(unfounded({ basis, sources: [] })).toBe(words);
});

test.each<[Partial<Turn>, string | null]>([
  [{ timing: null }, null],
  [{ timing: { total_ms: 75_000 } }, "1 min 15 s in all"],
  [
    { thinking: "Hm.", timing: { first_chunk_ms: 500, first_word_ms: 4_000, total_ms: 9_000 } },
    "Began to think after 0.50 s · First word after 4.00 s · 9.00 s in all",
  ],
  [
    { thinking: "Hm.", timing: { first_chunk_ms: 500, total_ms: 9_000 } },
    "Began to think after 0.50 s · 9.00 s in all",
  ],
  [{ timing: { total_ms: 9_000, stopped_us: 340 } }, "9.00 s in all · Request to the endpoint closed in 0.3 ms"],
  [
    {
      model: "m",
      endpoint: "e",
      timing: { first_chunk_ms: 800, total_ms: 10_800 },
      usage: { prompt_tokens: 1234, completion_tokens: 301 },
    },
    "m at e · First word after 0.80 s · 10.8 s in all · 1,234 tokens read, 301 written · 30.0 tokens a second",
  ],
  [
    { timing: { first_chunk_ms: 5, total_ms: 6 }, usage: { prompt_tokens: 1, completion_tokens: 1 } },
    "First word after 0.01 s · 0.01 s in all · 1 token read, 1 written",
  ],
  [
    { timing: { first_chunk_ms: 800, total_ms: 9_000 }, thinking: "Hm." },
    "Began to think after 0.80 s · 9.00 s in all",
  ],
])("what_an_answer_took_is_told_of_%j", (more, words) => {
  expect(facts(turn(more))).toBe(words);
});

test("what_goes_on_says_for_how_long_it_has_been_where_it_is", () => {
  expect([1_900, 9_000, 75_000].map((ticks) => lasting(0, 0, ticks))).toEqual([null, "9 s", "1 min 15 s"]);
  // A clock that only goes forward does not do this; if it did, nothing absurd would be told.
  expect(lasting(9_000, 0, 1_000)).toBeNull();
});

test("of_what_began_before_the_page_knew_of_it_is_told_when_it_was_asked", () => {
  vi.useFakeTimers({ now: 100_000 });
  expect([99_000, 91_000, 200_000].map((asked) => lasting(null, asked, 5))).toEqual([null, "asked 9 s ago", null]);
  vi.useRealTimers();
});

test.each([
  [9_400, "10 s to go"],
  [75_000, "1 min 15 s to go"],
  [0, "possible now"],
  [-5_000, "possible now"],
])("a_question_that_was_refused_for_%i_ms_says_when_it_can_be_asked_again", (left, words) => {
  const problem = { code: "rate_limited" as const, message: "Too many.", again: 1_000_000 + left };
  expect(until({ problem, ending: "refused" }, 1_000_000)).toBe(words);
  expect(until({ problem, ending: "lost" }, 1_000_000)).toBeNull();
});

test("the_time_of_a_refusal_is_told_once_and_counted_down_where_the_page_knows_it", () => {
  const message = "You have used up your 9 tokens of today; ask again in 5h 3m, when a new day begins (UTC).";
  const words = (again?: number) => {
    const problem = { code: "rate_limited" as const, message, ...(again !== undefined && { again }) };
    return turnStatus(turn({ ending: "refused", problem }), ready)?.words;
  };
  expect(words(1_000)).toBe("You have used up your 9 tokens of today.");
  expect(words()).toBe(message);
});

test("a_wait_of_hours_is_told_as_a_time_of_the_day", () => {
  const again = new Date(2026, 2, 3, 14, 5).getTime();
  const problem = { code: "rate_limited" as const, message: "Too many.", again };
  expect(until({ problem, ending: "refused" }, again - 3_600_000)).toMatch(/^possible at 0?2:05.PM$/);
  const unknown = { code: "rate_limited" as const, message: "Too many." };
  expect(until({ problem: unknown, ending: "refused" }, 0)).toBeNull();
});

test("where_documents_are_searched_that_is_told_until_it_is_known_what_they_gave", () => {
  const told = (more: Partial<Turn>) => turnStatus(turn({ accepted: true, ...more }), ready, true)?.words;
  expect(told({})).toBe("Searching the documents");
  expect(told({ place: 1 })).toBe("Waiting in line: place 1");
  expect(told({ basis: "cited" })).toBe("Waiting for the first word");
  expect(told({ basis: "unsearched" })).toBe("Waiting for the first word");
});

test("of_an_answer_that_the_page_does_not_follow_no_stage_is_told", () => {
  const aside = (more: Partial<Turn>) => turnStatus(turn({ accepted: true, ...more }), ready, false, true)?.words;
  expect(aside({})).toBe(english.status.aside);
  expect(aside({ text: "a" })).toBe(english.status.aside);
  expect(aside({ stopping: true })).toBe("Stopping");
  expect(aside({ ending: "stop", text: "a" })).toBeUndefined();
});

test("a_whole_answer_speaks_for_itself", () => {
  expect(turnStatus(turn({ ending: "stop", text: "a" }), ready)).toBeNull();
});

test("every_end_but_a_whole_one_and_the_length_limit_can_be_retried", () => {
  const retries = (["cancelled", "failed", "refused", "lost", "interrupted", "content_filter"] as const).map(
    (ending) => turnStatus(turn({ ending, text: "a" }), ready)?.retry,
  );
  expect(retries).toEqual([true, true, true, true, true, true]);
  expect(turnStatus(turn({ ending: "length", text: "a" }), ready)?.retry).toBe(false);
});

test("an_answer_that_ended_early_can_go_on_and_one_that_never_began_cannot", () => {
  const goesOn = (more: Partial<Turn>) => turnStatus(turn(more), ready)?.goesOn;
  for (const ending of ["cancelled", "interrupted", "length"] as const) {
    expect(goesOn({ ending, text: "a" })).toBe(true);
    expect(goesOn({ ending })).toBe(false);
  }
  expect(goesOn({ ending: "failed", text: "a" })).toBe(false);
});

test("an_interrupted_answer_says_who_or_what_interrupted_it", () => {
  const told = ([null, "left", "stopped", "crashed", "unkept"] as const).map(
    (cause) => turnStatus(turn({ ending: "interrupted", text: "a", cause }), ready)!.words,
  );
  expect(told).toEqual([
    "Interrupted: the server stopped, or nobody was reading, before the answer was whole.",
    "Interrupted: nobody was reading any more before the answer was whole.",
    "Interrupted: the server was stopped before the answer was whole.",
    "Interrupted: the server broke off before the answer was whole, and its last words may be missing.",
    "Interrupted: the server could not keep the rest of the answer.",
  ]);
});

test("an_import_is_counted_in_words", () => {
  expect(broughtIn({ imported: 1, skipped: 0, expired: 0 })).toBe("1 conversation was imported.");
  expect(broughtIn({ imported: 3, skipped: 1, expired: 0 })).toBe("3 conversations were imported. 1 was here already.");
  expect(broughtIn({ imported: 0, skipped: 0, expired: 2 })).toBe(
    "0 conversations were imported. 2 are older than what is kept here.",
  );
});

test("the_countdown_counts", () => {
  expect(connectionStatus(away, 0)).toBe("The connection was lost. Reconnecting in 5 s");
  expect(connectionStatus(away, 4200)).toBe("The connection was lost. Reconnecting");
  expect(connectionStatus(ready, 0)).toBeNull();
});

test("a_screen_reader_hears_states_and_no_ticking", () => {
  const waiting = turn({ accepted: true });
  expect(announcement(waiting, turnStatus(waiting, ready))).toBe("Waiting for the first word");
  expect(announcement(turn({ ending: "stop", text: "a" }), null)).toBe("The answer is complete.");
});
