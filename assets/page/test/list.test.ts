// The list of conversations, the search in them, and how a failure of either is told.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { Head } from "../src/lib/api";
import { groups } from "../src/lib/days";
import { List } from "../src/lib/list.svelte";
import { Notices } from "../src/lib/notices.svelte";
import { places, Search } from "../src/lib/search.svelte";
import { found } from "../src/lib/words";
import { FakeApi } from "./api";

const head = (id: number, more: Partial<Head> = {}): Head => ({
  id: `${id}`,
  title: `Title ${id}`,
  created: 0,
  updated: 100 - id,
  turns: 1,
  running: false,
  ...more,
});

let server: FakeApi;

beforeEach(() => {
  vi.useFakeTimers();
  server = FakeApi.install();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the list", () => {
  const ids = (list: List) => list.heads.map((head) => Number(head.id));

  test("it_grows_by_pages_to_its_end_and_holds_nothing_twice", async () => {
    server.heads = [1, 2, 3, 4, 5].map((id) => head(id));
    server.limit = 2;
    const list = new List();
    await list.refresh();
    expect(ids(list)).toEqual([1, 2]);
    await list.more();
    await list.more();
    await list.more();
    expect(ids(list)).toEqual([1, 2, 3, 4, 5]);
    expect(list.next).toBeNull();
    expect(server.asked).toHaveLength(3);
  });

  test("what_moved_or_went_or_changed_is_seen_on_every_page_that_is_shown", async () => {
    server.heads = [1, 2, 3, 4, 5].map((id) => head(id));
    server.limit = 2;
    const list = new List();
    await list.refresh();
    await list.more();
    server.heads = [head(5, { updated: 200 }), head(1), head(4, { title: "Better" })];
    await list.refresh();
    expect(list.heads).toEqual(server.heads);
    expect(list.next).toBeNull();
  });

  test("what_came_in_numbers_leaves_no_gap_and_the_rest_can_be_shown", async () => {
    server.heads = [head(90)];
    server.limit = 2;
    const list = new List();
    await list.refresh();
    server.heads = [...[1, 2, 3, 4, 5].map((id) => head(id)), head(90)];
    await list.refresh();
    expect(ids(list)).toEqual([1, 2]);
    await list.more();
    await list.more();
    expect(ids(list)).toEqual([1, 2, 3, 4, 5, 90]);
    expect(list.next).toBeNull();
  });

  test("a_further_page_is_not_put_behind_a_list_that_was_fetched_anew_meanwhile", async () => {
    server.heads = [1, 2, 3, 4].map((id) => head(id));
    server.limit = 2;
    const list = new List();
    await list.refresh();
    const more = list.more();
    server.heads = [head(1)];
    list.next = null;
    await more;
    expect(ids(list)).toEqual([1, 2]);
    expect([list.next, list.growing]).toEqual([null, false]);
  });

  test("a_later_fetch_takes_the_place_of_an_earlier_one", async () => {
    server.heads = [head(1)];
    const list = new List();
    const first = list.refresh();
    server.heads = [head(2)];
    await Promise.all([list.refresh(), first]);
    expect(ids(list)).toEqual([2]);
    expect(list.problem).toBeNull();
  });

  test("a_deletion_is_seen_when_the_server_has_taken_it", async () => {
    server.heads = [head(1), head(2)];
    const list = new List();
    await list.refresh();
    const deleted = list.remove("1");
    expect(ids(list)).toEqual([1, 2]);
    await deleted;
    expect(ids(list)).toEqual([2]);
    server.away = true;
    await expect(list.remove("2")).rejects.toThrow("Cannot reach the server.");
    expect(ids(list)).toEqual([2]);
  });

  test("a_restored_one_is_at_its_place_at_once", async () => {
    server.heads = [head(1, { updated: 3 }), head(2, { updated: 2 }), head(3, { updated: 1 })];
    const list = new List();
    await list.refresh();
    const [, deleted] = server.heads;
    await list.remove("2");
    server.heads.splice(1, 0, deleted!);
    await list.restore("2");
    expect(ids(list)).toEqual([1, 2, 3]);
  });

  test("a_new_title_is_seen_at_once_and_kept_by_the_server", async () => {
    server.heads = [head(1)];
    const list = new List();
    await list.refresh();
    const renamed = list.rename("1", "Better");
    expect(list.heads[0]!.title).toBe("Better");
    await renamed;
    expect(server.heads[0]!.title).toBe("Better");
  });

  test("storage_that_fails_is_told_of_what_the_reader_was_about", async () => {
    server.heads = [head(1)];
    const list = new List();
    await list.refresh();
    server.keeps = false;
    await list.refresh();
    expect(list.problem).toMatch(/^Conversations cannot be read right now/);
    await expect(list.rename("1", "Better")).rejects.toThrow("Conversations cannot be kept.");
  });

  test("a_title_that_was_not_taken_is_put_back_alone", async () => {
    server.heads = [head(1), head(2)];
    const list = new List();
    await list.refresh();
    server.away = true;
    const renamed = list.rename("1", "Better");
    // Meanwhile the list has become another one.
    list.heads = [head(3), ...list.heads];
    await expect(renamed).rejects.toThrow("Cannot reach the server.");
    expect(list.heads.map(({ title }) => title)).toEqual(["Title 3", "Title 1", "Title 2"]);
  });

  test("a_server_that_is_away_is_told_and_what_is_known_stays", async () => {
    server.heads = [head(1)];
    const list = new List();
    await list.refresh();
    server.away = true;
    await list.refresh();
    expect(list.problem).toBe("Cannot reach the server.");
    expect(ids(list)).toEqual([1]);
    server.away = false;
    await list.refresh();
    expect(list.problem).toBeNull();
  });
});

describe("days", () => {
  const at = (text: string) => new Date(text).getTime();
  const now = at("2026-03-15T10:00:00");
  const names = (...times: string[]) =>
    groups(
      times.map((time, n) => head(n, { updated: at(time) })),
      now,
    ).map(({ name, heads }) => [name, heads.length]);

  test("conversations_stand_by_the_calendars_days_and_then_by_months", () => {
    const times = ["2026-03-15T09:59:00", "2026-03-15T00:00:00", "2026-03-14T23:59:59", "2026-03-14T00:00:00"];
    expect(
      names(
        ...times,
        "2026-03-13T23:59:00",
        "2026-03-08T00:00:00",
        "2026-03-07T23:59:59",
        "2026-02-01T00:00:00",
        "2025-03-01T00:00:00",
      ),
    ).toEqual([
      ["Today", 2],
      ["Yesterday", 2],
      ["Previous 7 days", 2],
      ["March 2026", 1],
      ["February 2026", 1],
      ["March 2025", 1],
    ]);
  });

  test("a_clock_that_is_ahead_is_today", () => {
    expect(names("2026-03-17T00:00:00")).toEqual([["Today", 1]]);
  });
});

describe("the search", () => {
  const hit = { conversation: "1", title: "T", turn: "2", field: "answer" as const, excerpt: [], asked: 0 };

  test("it_asks_when_the_reader_pauses_and_only_for_the_last", async () => {
    server.hits = [hit];
    const search = new Search();
    for (const query of ["s", "sk", "sky"]) search.type(query);
    vi.advanceTimersByTime(200);
    await server.answered();
    expect(server.asked).toEqual(["GET /search?q=sky&limit=20"]);
    expect(search.hits).toEqual([hit]);
  });

  test("an_answer_to_what_is_no_longer_asked_is_not_shown", async () => {
    server.hits = [hit];
    const search = new Search();
    search.type("sky");
    vi.advanceTimersByTime(200);
    search.type("");
    await server.answered();
    expect(search.hits).toBeNull();
    expect(search.problem).toBeNull();
  });

  test("what_is_only_the_first_of_it_says_so_and_can_be_more", async () => {
    server.hits = Array.from({ length: 120 }, (_, n) => ({ ...hit, turn: String(n) }));
    const search = new Search();
    const said = () => found(search.hits!.length, search.more);
    search.type("sky");
    vi.advanceTimersByTime(200);
    await server.answered();
    expect([said(), search.widens]).toEqual(["The first 20 places. More words find fewer.", true]);
    await search.widen();
    expect([said(), search.widens]).toEqual(["The first 100 places. More words find fewer.", false]);
    server.hits = server.hits.slice(0, 20);
    search.type("sky high");
    vi.advanceTimersByTime(200);
    await server.answered();
    expect([said(), search.widens]).toEqual(["20 places found.", false]);
  });

  test("what_was_found_is_found_again_as_far_as_it_was_shown", async () => {
    server.hits = Array.from({ length: 30 }, (_, n) => ({ ...hit, turn: String(n) }));
    const search = new Search();
    search.again();
    search.type("sky");
    vi.advanceTimersByTime(200);
    await server.answered();
    await search.widen();
    server.hits = server.hits.slice(5);
    search.again();
    expect(search.hits).toHaveLength(30);
    await server.answered();
    expect(search.hits).toEqual(server.hits);
    expect(server.asked.map((call) => call.split("=").at(-1))).toEqual(["20", "100", "100"]);
  });

  test("a_title_that_is_the_first_question_is_one_place_with_it", () => {
    const marked = (text: string) =>
      text.split(/(?<=\W)(?=sky)|(?<=sky)(?=\W)/).map((text) => ({ text, marked: text === "sky" }));
    const title = (text: string, more = {}) => {
      return { ...hit, turn: null, field: "title" as const, title: text, excerpt: marked(text), ...more };
    };
    const question = (turn: string, text: string, more = {}) => {
      return { ...hit, turn, field: "question" as const, excerpt: marked(text), ...more };
    };
    const [again, first] = [question("b", "Is the sky blue?"), question("a", "Is the sky blue?")];
    const answer = { ...hit, turn: "a", excerpt: marked("The sky, yes.") };
    expect(places([title("Is the sky blue?"), again, first, answer])).toEqual([first, again, answer]);
    const long = question("c", "And the sky? Tell me all that there is.");
    expect(places([title("And the sky? Tell me…"), long])).toEqual([long]);
    const lines = question("d", "And the sky?\n\nTell me all.");
    expect(places([title("And the sky?"), lines])).toEqual([lines]);
    // A title of the reader's own, another conversation's question, and another question.
    const others = [
      question("d", "Is the sky blue?", { conversation: "2" }),
      question("e", "Is the sky green?"),
      question("f", "sky"),
      question("g", "Is the sky blue? Say it."),
    ];
    const own = title("The sky");
    expect(places([own, title("Is the sky blue?"), ...others])).toEqual([own, title("Is the sky blue?"), ...others]);
  });

  test("its_failure_is_a_sentence", async () => {
    server.away = true;
    const search = new Search();
    search.type("sky");
    vi.advanceTimersByTime(200);
    await server.answered();
    expect(search.problem).toBe("Cannot reach the server.");
  });
});

test("a_notice_goes_after_ten_seconds_unless_the_reader_is_at_it", () => {
  const notices = new Notices();
  notices.say("Deleted.", async () => {});
  notices.say("Renamed.");
  notices.hold(notices.all[0]!.id);
  vi.advanceTimersByTime(10_000);
  expect(notices.all.map(({ words }) => words)).toEqual(["Deleted."]);
  notices.leave(notices.all[0]!.id);
  vi.advanceTimersByTime(10_000);
  expect(notices.all).toEqual([]);
});

test("what_was_said_last_is_undone_once_and_its_notice_stays_until_it_is", async () => {
  const notices = new Notices();
  const done: string[] = [];
  let release = () => {};
  notices.say("First.", async () => void done.push("first"));
  notices.say("Second.", async () => {
    await new Promise<void>((resolve) => (release = resolve));
    done.push("second");
  });
  notices.say("Third.");
  const second = notices.last!;
  const undone = notices.undo(second);
  void notices.undo(second);
  notices.leave(second.id);
  vi.advanceTimersByTime(60_000);
  expect(notices.all.map(({ words }) => words)).toEqual(["Second."]);
  release();
  await undone;
  expect([done, notices.all]).toEqual([["second"], []]);
});
