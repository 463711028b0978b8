// The conversation's promises: no letter lost, none doubled, one end per turn.

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { newTurn, place, reduce, thread, type Event, type Turn } from "../src/lib/reduce";
import { Log, told } from "./log";

const T = "turn";

function asked(more: Partial<Turn> = {}): Turn {
  return newTurn({ id: T, conversation: "c", parent: null, follows: null, question: "?", asked: 0, ...more });
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

  test("stop_waits_for_the_server_once_the_question_was_handed_to_a_connection", () => {
    const stop: Event = { type: "stop", turn: T };
    expect(after([stop]).ending).toBe("cancelled");
    expect(after([{ type: "sent", turn: T }, stop])).toMatchObject({ ending: null, stopping: true });
    expect(after([accepted(), stop])).toMatchObject({ ending: null, stopping: true });
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

describe("another tab", () => {
  test("its_new_turn_comes_in_and_its_end_ends_mine", () => {
    const mine = [asked({ accepted: true, text: "a", seq: 1 })];
    const ended = asked({ accepted: true, text: "ab", seq: 3, ending: "stop" });
    const next = asked({ id: "next", follows: T, asked: 5 });
    expect(reduce(mine, { type: "merge", turns: [ended, next] })).toEqual([ended, next]);
  });

  test("its_cursor_never_moves_mine", () => {
    const mine = [asked({ accepted: true, text: "a", seq: 1 })];
    expect(reduce(mine, { type: "merge", turns: [asked({ text: "abc", seq: 3 })] })).toBe(mine);
  });
});

describe("where the next question goes", () => {
  const fresh = () => "new";

  test("the_first_one_begins_a_conversation", () => {
    expect(place([], fresh)).toEqual({ conversation: "new", parent: null, afresh: false });
  });

  test("a_following_one_names_the_last_accepted_turn", () => {
    const first = asked({ id: "1", accepted: true, ending: "stop" });
    const refused = asked({ id: "2", follows: "1", ending: "refused" });
    expect(place([first, refused], fresh)).toEqual({ conversation: "c", parent: "1", afresh: false });
  });

  test("after_a_lost_answer_it_begins_afresh_and_says_so", () => {
    const lost = asked({ id: "1", accepted: true, ending: "lost" });
    expect(place([lost], fresh)).toEqual({ conversation: "new", parent: null, afresh: true });
    const again = asked({ id: "2", follows: "1", conversation: "new", afresh: true, accepted: true, ending: "stop" });
    expect(place([lost, again], fresh)).toEqual({ conversation: "new", parent: "2", afresh: false });
  });

  test("a_retried_turn_is_no_longer_shown", () => {
    const turns = [asked({ id: "1" }), asked({ id: "2", follows: "1" }), asked({ id: "3", follows: "1" })];
    expect(thread(turns).map((turn) => turn.id)).toEqual(["1", "3"]);
  });
});
