// The page in another language: figures, dates, and what is made of both.

import { beforeAll, expect, test, vi } from "vitest";

import { groups } from "../src/lib/days";
import { language, speak } from "../src/lib/language";
import { probe } from "../src/lib/probe";
import { newTurn } from "../src/lib/reduce";
import { confidence, withSources } from "../src/lib/sources";
import { connectionStatus, facts, preparation, turnStatus } from "../src/lib/words";

const root = document.createElement("html");

beforeAll(() => speak(["de-AT", "en"], root));

const turn = newTurn({ id: "t", parent: null, question: "?", asked: 0 });

test("the document is in the language that is spoken", () => {
  expect(language).toBe("de");
  expect(root.lang).toBe("de");
});

test("figures have the language's marks", () => {
  const timing = { first_chunk_ms: 1234, total_ms: 21_234 };
  const usage = { prompt_tokens: 12_345, completion_tokens: 101 };
  expect(facts({ ...turn, timing, usage })).toBe(
    "Erstes Wort nach 1,23 s · Insgesamt 21,2 s · 12.345 Tokens gelesen, 101 geschrieben · 5,0 Tokens pro Sekunde",
  );
  expect(preparation({ unread: true, progress: { task: "reading", done: 1_000, of: 20_000 } })).toBe(
    "Die Dokumente werden eingelesen: 1.000 von 20.000 Dateien.",
  );
});

test("conversations stand under the months in the language", () => {
  const head = { id: "a", title: "", created: 0, updated: new Date(2026, 2, 3).getTime(), turns: 1, running: false };
  const names = (now: Date) => groups([head], now.getTime()).map(({ name }) => name);
  expect(names(new Date(2026, 2, 3))).toEqual(["Heute"]);
  expect(names(new Date(2026, 7, 3))).toEqual(["März 2026"]);
});

test("the server's sentences come in the language, with its own words where they say more", () => {
  const problem = { code: "upstream_timeout" as const, message: "The endpoint was silent." };
  expect(turnStatus({ ...turn, accepted: true, ending: "failed", problem }, { kind: "ready" })?.words).toBe(
    "Der Endpunkt hat zu lange nichts gesendet. (Meldung des Servers: „The endpoint was silent.“)",
  );
  const why = "Die Verbindung ist abgebrochen.";
  expect(connectionStatus({ kind: "waiting", until: 65_000, why }, 0)).toBe(`${why} Neuer Versuch in 1 min 5 s`);
});

test("a copied answer names its sources in the language", () => {
  const source = { n: 1, title: "Handbuch", excerpt: "", score: 0.8 };
  expect(withSources("So ist es [1].", [source])).toBe("So ist es [1].\n\nQuellen:\n\n[1] Handbuch\n");
  expect(confidence(0.8)).toBe("Passt gut, 80 %");
});

test("why a session is refused comes in the language, with the server's own words", async () => {
  const refused = { code: "rate_limited", message: "You have too many; ask again in 5s.", retry_after_ms: 5_000 };
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ session_refused: refused })));
  const found = await probe();
  vi.unstubAllGlobals();
  expect(found).toMatchObject({ why: expect.stringMatching(/^Das ist mehr,.*„You have too many\.“/) as string });
});
