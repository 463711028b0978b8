// What the browser keeps: bounded, the oldest dropped, and never a reason to fail.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { available, load, save } from "../src/lib/keep";
import { newTurn } from "../src/lib/reduce";

const turns = (text: string) => [
  newTurn({ id: "t", conversation: "c", parent: null, follows: null, question: "?", asked: 0, text }),
];

let clock = 1_000_000;

beforeEach(() => {
  localStorage.clear();
  // Each look at the clock is a millisecond later, so that every save has its place in time.
  vi.spyOn(Date, "now").mockImplementation(() => clock++);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

test("what_was_saved_is_loaded", () => {
  expect(save("a", turns("text"))).toBe(true);
  expect(load("a")).toEqual(turns("text"));
  expect(load("b")).toEqual([]);
});

test("twenty_conversations_are_kept_and_the_oldest_go", () => {
  for (let n = 0; n < 25; n++) save(`c${n}`, turns("x"));
  const kept = Array.from({ length: 25 }, (_, n) => n).filter((n) => load(`c${n}`).length > 0);
  expect(kept).toEqual(Array.from({ length: 20 }, (_, n) => n + 5));
});

test("two_million_characters_are_kept_and_the_oldest_go", () => {
  save("old", turns("x".repeat(900_000)));
  save("middle", turns("x".repeat(900_000)));
  expect(save("new", turns("x".repeat(900_000)))).toBe(true);
  expect([load("old").length, load("middle").length, load("new").length]).toEqual([0, 1, 1]);
});

test("a_conversation_beyond_the_bound_is_not_kept_and_says_so", () => {
  save("other", turns("x"));
  expect(save("huge", turns("x".repeat(2_000_001)))).toBe(false);
  expect(load("other")).toHaveLength(1);
});

test("refused_storage_is_no_error", () => {
  vi.stubGlobal("localStorage", {
    getItem: () => {
      throw new DOMException("denied", "SecurityError");
    },
    setItem: () => {
      throw new DOMException("denied", "SecurityError");
    },
  });
  expect(available()).toBe(false);
  expect(save("a", turns("x"))).toBe(false);
  expect(load("a")).toEqual([]);
});

test("what_is_not_ours_is_an_empty_conversation", () => {
  localStorage.setItem("askd:conversation:a", "{broken");
  localStorage.setItem("askd:conversation:b", '{"turns":5}');
  expect(load("a")).toEqual([]);
  expect(load("b")).toEqual([]);
});

describe("what another hand has written", () => {
  const write = (turn: object, v: unknown = 1) => {
    const turns = [{ id: "t", conversation: "c", question: "?", ...turn }];
    localStorage.setItem("askd:conversation:a", JSON.stringify({ at: 1, v, turns }));
  };

  test.each([null, 0, 2, "1"])("of_version_%s_is_not_read", (v) => {
    write({}, v);
    expect(load("a")).toEqual([]);
  });

  test.each([{ id: 5 }, { conversation: null }, { question: ["?"] }])("a_turn_without_%j_is_dropped", (wrong) => {
    write(wrong);
    expect(load("a")).toEqual([]);
  });

  test("a_turn_of_wrong_fields_is_one_just_begun", () => {
    const begun = newTurn({ id: "t", conversation: "c", parent: null, follows: null, question: "?", asked: 0 });
    write({});
    expect(load("a")).toEqual([begun]);
    const others = Object.keys(begun).filter((name) => !["id", "conversation", "question"].includes(name));
    for (const wrong of [5.5, "x", ["x"]]) {
      write(Object.fromEntries(others.map((name) => [name, wrong])));
      expect(load("a")).toHaveLength(1);
    }
    write(Object.fromEntries(others.map((name) => [name, false])));
    expect(load("a")).toEqual([begun]);
  });

  test("a_text_that_does_not_fit_is_asked_for_again_from_its_beginning", () => {
    write({ accepted: true, seq: 7, text: null, thinking: "", sources: [] });
    expect(load("a")).toMatchObject([{ accepted: true, seq: 0, text: "" }]);
    write({ accepted: true, seq: 7, text: "kept", thinking: "", sources: [] });
    expect(load("a")).toMatchObject([{ accepted: true, seq: 7, text: "kept" }]);
  });

  test("a_source_that_is_none_is_dropped", () => {
    const source = { n: 1, title: "t", excerpt: "e", score: 0.5 };
    write({ sources: [null, source, { n: 2 }, { ...source, url: 3 }], ending: "stop" });
    expect(load("a")).toMatchObject([{ sources: [source], ending: "stop" }]);
  });
});
