// Why a session was refused is the server's own sentence, wherever it can say one.

import { afterEach, expect, test, vi } from "vitest";

import { probe } from "../src/lib/probe";
import english from "../src/messages/en";

const REFUSED = {
  code: "rate_limited",
  message: "You have as many sessions open as you may, until you close a tab; ask again in 5s.",
  retry_after_ms: 5_000,
};

/** A server with these answers at its addresses. */
function serving(answers: Record<string, () => Response>): void {
  vi.stubGlobal("fetch", (address: string) => Promise.resolve(answers[address]!()));
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a_session_that_is_refused_for_a_limit_is_explained_in_the_servers_words_without_the_time_that_the_page_counts_down", async () => {
  serving({ "/api/v1/me": () => Response.json({ name: null, session_refused: REFUSED }) });
  expect(await probe()).toEqual({
    why: "You have as many sessions open as you may, until you close a tab.",
    retryAfterMs: 5_000,
  });
});

test("a_wait_without_measure_is_not_waited_for", async () => {
  serving({ "/api/v1/me": () => Response.json({ session_refused: { ...REFUSED, retry_after_ms: 9e9 } }) });
  expect(await probe()).toMatchObject({ retryAfterMs: 60_000 });
});

test.each([
  ["names no reason", () => Response.json({ name: null })],
  ["is none that is known", () => new Response("<html>", { status: 200 })],
  ["has no such address", () => new Response("", { status: 404 })],
])("where_the_answer_%s_the_readiness_tells_what_it_knows", async (_, me) => {
  serving({ "/api/v1/me": me, "/readyz": () => Response.json({ state: "up" }) });
  expect(await probe()).toEqual({ why: english.connection.blocked, retryAfterMs: 0 });
  const retry = { status: 503, headers: { "retry-after": "7" } };
  serving({ "/api/v1/me": me, "/readyz": () => new Response("", retry) });
  expect(await probe()).toEqual({ why: english.connection.notReady, retryAfterMs: 7_000 });
});
