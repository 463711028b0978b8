// The page where people sign in, and what it says to those whom the server refuses.

import { expect, test, vi } from "vitest";

import { begin } from "../src/lib/sign-in";

/** What is said in a language to somebody who is to wait as the server says. */
async function told(language: string, wait: string | null): Promise<string | null> {
  const settings = JSON.stringify({ base: "/", language, signIn: "password" });
  document.body.innerHTML = `<script id="askd-page" type="application/json">${settings}</script><main id="sign-in"></main>`;
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  const headers: Record<string, string> = wait === null ? {} : { "retry-after": wait };
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("", { status: 429, headers })));
  begin();
  const alert = document.querySelector("[role=alert]")!;
  document.querySelector("form")!.dispatchEvent(new Event("submit", { cancelable: true }));
  await vi.waitFor(() => expect(alert.textContent).not.toBe(""), { interval: 1 });
  vi.unstubAllGlobals();
  return alert.textContent;
}

test("how_long_to_wait_is_said_in_words_and_never_as_shorter_than_it_is", async () => {
  for (const [wait, english, german] of [
    ["1", "1 second", "1 Sekunde"],
    ["30", "30 seconds", "30 Sekunden"],
    ["119", "119 seconds", "119 Sekunden"],
    ["120", "2 minutes", "2 Minuten"],
    ["121", "3 minutes", "3 Minuten"],
    ["900", "15 minutes", "15 Minuten"],
    [null, "60 seconds", "60 Sekunden"],
    ["Wed, 21 Oct 2026 07:28:00 GMT", "60 seconds", "60 Sekunden"],
  ] as const) {
    expect(await told("en", wait)).toContain(`Try again in ${english}.`);
    expect(await told("de", wait)).toContain(`in ${german} noch einmal.`);
  }
});
