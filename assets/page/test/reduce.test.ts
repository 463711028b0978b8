// The conversation's promises: no letter lost, none doubled, one end per turn.

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { newTurn, reduce, type Event, type Turn } from "../src/lib/reduce";
import { Log, told } from "./log";

const T = "turn";

function asked(more: Partial<Turn> = {}): Turn {
  return newTurn({ id: T, parent: null, question: "?", asked: 0, ...more });
}

function after(events: Event[], turns: Turn[] = [asked()]): Turn {
  return events.reduce(reduce, turns).at(-1)!;
}

const chunk = (seq: number, text: string, channel?: "reasoning"): Event => ({
  type: "chunk",
  turn: T,
  seq,
  text,
  ...(channel && { channel }),
});
const accepted = (at = 0): Event => ({ type: "accepted", turn: T, conversation: "c", parent: null, after: at });
const complete = (seq: number, outcome: "stop" | "failed" = "stop"): Event => ({
  type: "complete",
  turn: T,
  seq,
  outcome,
  timing: { first_chunk_ms: 1, total_ms: 2 },
});

describe("whatever the connection does", () => {
  test("drops_and_resumes_over_random_chunkings_give_the_exact_text", () => {
    const pieces = fc.array(
      fc.record({ text: fc.string({ unit: "grapheme", minLength: 1 }), reasoning: fc.boolean() }),
      { minLength: 1, maxLength: 40 },
    );
    // Each connection: how many frames arrive, how many events each frame joins, how many arrive twice, and whether
    // the server has lost its log's end and starts over.
    const connections = fc.array(
      fc.record({
        frames: fc.nat(12),
        join: fc.integer({ min: 1, max: 5 }),
        again: fc.boolean(),
        startOver: fc.boolean(),
      }),
      { maxLength: 8 },
    );
    let dropped = 0;
    fc.assert(
      fc.property(pieces, connections, (events, drops) => {
        const log = new Log(T, events);
        let turns = [asked()];
        for (const { frames, join, again, startOver } of drops) {
          if (turns[0]!.ending !== null) break;
          const from = startOver ? 0 : turns[0]!.seq;
          turns = reduce(turns, accepted(from));
          for (const frame of log.frames(from, join).slice(0, frames)) {
            const before = turns[0]!.seq;
            turns = reduce(turns, frame);
            expect(turns[0]!.seq).toBeGreaterThan(before);
            if (again) expect(reduce(turns, frame)).toBe(turns);
          }
          dropped += 1;
        }
        turns = reduce(turns, accepted(turns[0]!.seq));
        for (const frame of log.frames(turns[0]!.seq, 3)) turns = reduce(turns, frame);
        expect(turns[0]!.text).toBe(told(events, false));
        expect(turns[0]!.thinking).toBe(told(events, true));
        expect(turns[0]!.ending).toBe("stop");
      }),
      { numRuns: 500 },
    );
    expect(dropped).toBeGreaterThan(500);
  });

  test("a_chunk_at_or_below_the_last_seq_is_ignored", () => {
    const turns = [accepted(), chunk(3, "abc")].reduce(reduce, [asked()]);
    expect(reduce(turns, chunk(3, "abc"))).toBe(turns);
    expect(reduce(turns, chunk(1, "a"))).toBe(turns);
    expect(reduce(turns, chunk(4, "d"))[0]!.text).toBe("abcd");
  });

  test("accepted_after_zero_forgets_what_the_page_has", () => {
    const turn = after([accepted(), chunk(2, "ab"), chunk(3, "hm", "reasoning"), accepted(0)]);
    expect(turn).toMatchObject({ text: "", thinking: "", seq: 0, accepted: true });
  });

  test("accepted_at_the_cursor_keeps_what_the_page_has", () => {
    expect(after([accepted(), chunk(2, "ab"), accepted(2), chunk(3, "c")]).text).toBe("abc");
  });

  test("nothing_comes_after_the_end", () => {
    const turns = [accepted(), chunk(1, "a"), complete(2)].reduce(reduce, [asked()]);
    for (const late of [accepted(), chunk(3, "b"), complete(4, "failed"), { type: "stop", turn: T } as Event]) {
      expect(reduce(turns, late)).toBe(turns);
    }
  });

  test("an_event_of_an_unknown_turn_changes_nothing", () => {
    const turns = [asked()];
    expect(reduce(turns, { ...chunk(1, "a"), turn: "other" } as Event)).toBe(turns);
  });
});

describe("how a turn ends", () => {
  test("an_accepted_turns_error_waits_for_its_complete", () => {
    const error: Event = { type: "error", turn: T, code: "upstream_failed", message: "It broke." };
    expect(after([accepted(), chunk(1, "a"), error]).ending).toBeNull();
    expect(after([accepted(), chunk(1, "a"), error, complete(2, "failed")])).toMatchObject({
      ending: "failed",
      text: "a",
      problem: { message: "It broke." },
    });
  });

  test("a_refused_question_ends_at_once", () => {
    const error: Event = { type: "error", turn: T, code: "rate_limited", message: "Too many." };
    expect(after([error])).toMatchObject({ ending: "refused", problem: { code: "rate_limited" } });
  });

  test("an_answer_that_the_server_forgot_is_lost_and_keeps_its_text", () => {
    const error: Event = { type: "error", turn: T, code: "unknown_turn", message: "No such turn." };
    expect(after([accepted(), chunk(1, "kept"), error])).toMatchObject({ ending: "lost", text: "kept" });
  });

  test("stop_waits_for_the_server", () => {
    const stop: Event = { type: "stop", turn: T };
    expect(after([{ type: "sent", turn: T }, stop])).toMatchObject({ ending: null, stopping: true });
    expect(after([accepted(), stop])).toMatchObject({ ending: null, stopping: true });
  });

  test("a_question_taken_back_is_gone", () => {
    expect(reduce([asked()], { type: "withdraw", turn: T })).toEqual([]);
  });

  test("a_question_that_was_never_taken_gives_way_to_the_next_at_its_place", () => {
    const refused = asked({ id: "1", ending: "refused" });
    const failed = asked({ id: "2", ending: "failed", accepted: true });
    const elsewhere = asked({ id: "3", parent: "2", ending: "refused" });
    const turns = reduce([refused, failed, elsewhere], { type: "ask", turn: asked() });
    expect(turns.map((turn) => turn.id)).toEqual(["2", "3", T]);
  });

  test("a_refused_resume_ends_the_turn_and_a_failure_of_the_answer_does_not", () => {
    const problem = { turn: T, code: "internal", message: "It broke." } as const;
    expect(after([accepted(), chunk(1, "a"), { type: "refused", ...problem }])).toMatchObject({
      ending: "lost",
      text: "a",
      problem: { message: "It broke." },
    });
    expect(after([accepted(), { type: "error", ...problem }]).ending).toBeNull();
  });

  test("the_place_in_line_is_gone_with_the_first_event", () => {
    expect(after([accepted(), { type: "queued", turn: T, position: 2 }]).place).toBe(2);
    expect(after([accepted(), { type: "queued", turn: T, position: 2 }, chunk(1, "a")]).place).toBeNull();
  });
});

describe("what the server has of the conversation", () => {
  const there = (more: Partial<Turn> = {}) => asked({ sent: true, accepted: true, ...more });
  const merge = (mine: Turn[], theirs: Turn[], following: string | null = null) =>
    reduce(mine, { type: "merge", turns: theirs, following });

  test("its_new_turns_come_in_before_what_only_the_page_has", () => {
    const waiting = asked({ id: "waiting", asked: -5 });
    const theirs = [there({ id: "1" }), there({ id: "2", parent: "1" })];
    expect(merge([theirs[0]!, waiting], theirs)).toEqual([...theirs, waiting]);
  });

  test("an_answer_that_ended_there_ends_here", () => {
    const ended = there({ text: "ab", seq: 3, ending: "stop" });
    expect(merge([there({ text: "a", seq: 1 })], [ended], T)).toEqual([ended]);
    expect(merge([asked()], [ended])).toEqual([ended]);
  });

  test("an_end_that_only_the_page_knew_is_taken_back", () => {
    const running = there({ text: "a", seq: 1 });
    expect(merge([there({ ending: "lost" })], [running])).toEqual([running]);
    expect(merge([asked({ ending: "refused" })], [running])).toEqual([running]);
  });

  test("the_cursor_of_a_followed_answer_is_never_moved", () => {
    const mine = [there({ text: "a", seq: 1 })];
    expect(merge(mine, [there({ text: "abc", seq: 3 })], T)).toBe(mine);
    expect(merge(mine, [there({ text: "abc", seq: 3 })])[0]).toMatchObject({ text: "abc", seq: 3 });
  });

  test("an_older_word_of_the_server_undoes_nothing", () => {
    const mine = [there({ text: "abc", seq: 3, ending: "stop" }), there({ id: "2", text: "xy", seq: 2 })];
    expect(merge(mine, [there({ text: "a", seq: 1 }), there({ id: "2", text: "x", seq: 1 })])).toBe(mine);
    expect(merge(mine, [])).toBe(mine);
  });

  test("a_wish_to_stop_outlives_it", () => {
    const mine = [there({ stopping: true })];
    expect(merge(mine, [there({ text: "a", seq: 1 })])[0]).toMatchObject({ stopping: true, seq: 1 });
  });
});
