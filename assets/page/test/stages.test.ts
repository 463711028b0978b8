// Each stage of an open turn, and for how long it has been there.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { Connection } from "../src/lib/link";
import { newTurn, type Turn } from "../src/lib/reduce";
import { stageOf, Stages } from "../src/lib/stages";
import { ticks } from "../src/lib/time";

const ready: Connection = { kind: "ready" };
const away: Connection = { kind: "waiting", until: 0, why: "" };

const turn = (more: Partial<Turn> = {}) => newTurn({ id: "t", parent: null, question: "?", asked: 0, ...more });

let stages: Stages;

beforeEach(() => {
  vi.useFakeTimers();
  stages = new Stages();
  stages.connection(ready);
});

afterEach(() => vi.useRealTimers());

/** Milliseconds that the turn has been where it is; `null`: nobody here knows. */
function at(told: Turn, connection = ready): number | null {
  const since = stages.since(told, connection);
  return since === null ? null : ticks() - since;
}

/** The turn is so from now on, and this long. */
function goes(more: Partial<Turn>, ms: number): Turn {
  const told = turn(more);
  stages.note([told]);
  vi.advanceTimersByTime(ms);
  return told;
}

test("every_stage_has_its_name", () => {
  const accepted = { sent: true, accepted: true };
  const met = [
    turn(),
    turn({ sent: true }),
    turn({ ...accepted, place: 2 }),
    turn(accepted),
    turn({ ...accepted, basis: "cited" }),
    turn({ ...accepted, basis: "cited", thinking: "hm" }),
    turn({ ...accepted, thinking: "hm", text: "a" }),
    turn({ ...accepted, text: "a", stopping: true }),
  ].map(stageOf);
  expect(met).toEqual(["unsent", "sending", "queued", "begun", "grounded", "thinking", "writing", "stopping"]);
});

test("each_stage_counts_its_own_time", () => {
  expect(at(goes({}, 3_000))).toBe(3_000);
  expect(at(goes({ sent: true }, 1_000))).toBe(1_000);
  goes({ accepted: true, place: 2 }, 5_000);
  // Another place in the line is the same waiting.
  expect(at(goes({ accepted: true, place: 1 }, 5_000))).toBe(10_000);
  goes({ accepted: true, text: "a" }, 2_000);
  expect(at(goes({ accepted: true, text: "ab" }, 500))).toBe(2_500);
});

test("of_an_answer_that_was_running_before_nobody_knows_when_it_began_to", () => {
  expect(at(goes({ accepted: true, thinking: "hm" }, 4_000))).toBeNull();
  expect(at(goes({ accepted: true, thinking: "hm", text: "a" }, 4_000))).toBe(4_000);
});

test("without_a_connection_the_time_since_its_loss_counts", () => {
  goes({}, 0);
  const writing = goes({ accepted: true, text: "a" }, 60_000);
  stages.connection(away);
  vi.advanceTimersByTime(7_000);
  stages.connection({ kind: "connecting" });
  vi.advanceTimersByTime(1_000);
  expect(at(writing, away)).toBe(8_000);
  stages.connection(ready);
  expect(at(writing)).toBe(68_000);
});

test("a_question_asked_without_a_connection_waits_since_it_was_asked", () => {
  stages.connection(away);
  vi.advanceTimersByTime(30_000);
  expect(at(goes({}, 2_000), away)).toBe(2_000);
});
