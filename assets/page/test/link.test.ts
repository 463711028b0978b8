// The connection's promises: it comes back after every loss that one can come back from, and after no other.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { backoff } from "../src/lib/backoff";
import { Link, type Connection } from "../src/lib/link";
import { FakeSocket } from "./socket";

let seen: Connection[];
let busy: boolean;
let readies: number;
let link: Link;

const now = () => seen.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  FakeSocket.install();
  seen = [];
  busy = false;
  readies = 0;
  link = new Link("ws://askd.test/ws", {
    onConnection: (connection) => seen.push(connection),
    onReady: () => (readies += 1),
    onMessage: () => {},
    busy: () => busy,
  });
  link.connect();
});

afterEach(() => {
  link.dispose();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test("it_is_ready_when_the_server_says_so_and_not_before", () => {
  expect(now().kind).toBe("connecting");
  expect(link.send({ type: "cancel", turn: "t" })).toBe(false);
  FakeSocket.last.ready();
  expect(now().kind).toBe("ready");
  expect(readies).toBe(1);
  expect(link.send({ type: "cancel", turn: "t" })).toBe(true);
  expect(FakeSocket.last.sent).toEqual([{ type: "cancel", turn: "t" }]);
});

test("a_lost_connection_comes_back_after_a_backoff", () => {
  FakeSocket.last.ready();
  FakeSocket.last.lose(1006);
  expect(now()).toMatchObject({ kind: "waiting", why: "The connection was lost." });
  vi.advanceTimersByTime(125);
  expect(FakeSocket.all).toHaveLength(2);
  FakeSocket.last.ready();
  expect(readies).toBe(2);
});

test("the_waits_grow_and_stay_under_the_cap", async () => {
  const waits: number[] = [];
  for (let n = 0; n < 12; n++) {
    FakeSocket.last.lose(1006);
    await vi.advanceTimersByTimeAsync(0);
    const waiting = now();
    if (waiting.kind !== "waiting") throw new Error("not waiting");
    waits.push(waiting.until - performance.now());
    vi.advanceTimersByTime(waiting.until - performance.now());
  }
  expect(waits.slice(0, 4)).toEqual([125, 250, 500, 1000]);
  expect(waits.at(-1)).toBe(7500);
});

test("a_server_that_accepts_and_closes_at_once_is_not_hammered", () => {
  for (let n = 0; n < 6; n++) {
    FakeSocket.last.ready();
    FakeSocket.last.lose(1011);
    vi.advanceTimersToNextTimer();
  }
  FakeSocket.last.ready();
  FakeSocket.last.lose(1011);
  const waiting = now();
  expect(waiting.kind === "waiting" && waiting.until - performance.now()).toBe(7500);
});

test("a_good_connection_resets_the_backoff", () => {
  for (let n = 0; n < 5; n++) {
    FakeSocket.last.lose(1006);
    vi.advanceTimersToNextTimer();
  }
  FakeSocket.last.ready();
  vi.advanceTimersByTime(6000);
  FakeSocket.last.lose(1006);
  const waiting = now();
  expect(waiting.kind === "waiting" && waiting.until - performance.now()).toBe(125);
});

test("signed_out_is_final", () => {
  FakeSocket.last.ready();
  FakeSocket.last.lose(1008);
  expect(now().kind).toBe("signedOut");
  link.connect();
  link.reconnect();
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.all).toHaveLength(1);
});

test("a_connection_that_is_refused_because_nobody_has_signed_in_is_not_tried_again", async () => {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (address: string) => {
    asked.push(address);
    return Promise.resolve(new Response("", { status: 401 }));
  });
  FakeSocket.last.lose(1006);
  expect(now().kind).toBe("waiting");
  await vi.waitFor(() => expect(now().kind).toBe("signedOut"));
  expect(asked).toEqual(["/api/v1/me"]);
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.all).toHaveLength(1);
});

test("another_protocol_is_final_and_said", () => {
  FakeSocket.last.ready(2);
  expect(now()).toMatchObject({ kind: "closed", why: expect.stringContaining("Reload") as string });
  expect(readies).toBe(0);
});

test("an_idle_close_sleeps_until_the_reader_is_back", () => {
  FakeSocket.last.ready();
  FakeSocket.last.lose(1001);
  expect(now().kind).toBe("asleep");
  vi.advanceTimersByTime(60_000);
  expect(FakeSocket.all).toHaveLength(1);
  link.connect();
  expect(FakeSocket.all).toHaveLength(2);
});

test("an_idle_close_under_a_running_answer_reconnects", () => {
  busy = true;
  FakeSocket.last.ready();
  FakeSocket.last.lose(1001);
  expect(now().kind).toBe("waiting");
});

test("while_an_answer_may_still_be_caught_the_server_is_tried_often", () => {
  busy = true;
  vi.spyOn(Math, "random").mockReturnValue(1);
  FakeSocket.last.ready();
  FakeSocket.last.lose(1006);
  for (let elapsed = 0; elapsed < 2_500; elapsed += 400) {
    const tries = FakeSocket.all.length;
    vi.advanceTimersByTime(400);
    expect(FakeSocket.all.length).toBeGreaterThan(tries);
    FakeSocket.last.lose(1006);
  }
});

test("a_restart_waits_as_long_as_the_server_said", () => {
  FakeSocket.last.ready();
  FakeSocket.last.tell({ type: "status", state: "draining", reconnect_after_ms: 2000 });
  expect(now().kind).toBe("draining");
  FakeSocket.last.lose(1012);
  expect(now()).toMatchObject({ kind: "waiting", why: "The server is restarting." });
  vi.advanceTimersByTime(1999);
  expect(FakeSocket.all).toHaveLength(1);
  vi.advanceTimersByTime(126);
  expect(FakeSocket.all).toHaveLength(2);
});

test("a_connection_that_never_opens_is_given_up", () => {
  vi.advanceTimersByTime(10_000);
  expect(now().kind).toBe("waiting");
});

test("a_refused_connection_is_explained_by_the_readiness_address", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 503, headers: { "retry-after": "7" } })));
  FakeSocket.last.lose(1006);
  await vi.advanceTimersByTimeAsync(0);
  const waiting = now();
  expect(waiting).toMatchObject({ kind: "waiting", why: "The server is not ready." });
  expect(waiting.kind === "waiting" && waiting.until - performance.now()).toBe(7000);
});

test("what_is_not_json_is_passed_over", () => {
  FakeSocket.last.ready();
  FakeSocket.last.onmessage?.({ data: "{" });
  FakeSocket.last.onmessage?.({ data: "null" });
  expect(now().kind).toBe("ready");
});

describe("backoff", () => {
  test("has_full_jitter_up_to_fifteen_seconds", () => {
    expect(backoff(0, undefined, () => 0)).toBe(0);
    expect(backoff(0, undefined, () => 1)).toBe(250);
    expect(backoff(3, undefined, () => 1)).toBe(2000);
    expect(backoff(1000, undefined, () => 1)).toBe(15_000);
  });
});
