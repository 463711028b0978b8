// Which language is spoken, and that each says all of it.

import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { chosen, direction } from "../src/lib/choose";
import { LANGUAGES } from "../src/lib/language";
import { told, type Problems } from "../src/lib/problems";
import english from "../src/messages/en";
import german from "../src/messages/de";

test("the first wanted language that there is, is spoken, and a region's is the language's", () => {
  expect(chosen(["fr", "de-AT", "en"], ["en", "de"])).toBe("de");
  expect(chosen(["pt-br"], ["en", "pt", "pt-BR"])).toBe("pt-BR");
  expect(chosen(["zh-Hant-TW"], ["en", "zh-Hant"])).toBe("zh-Hant");
  expect(chosen(["fr"], ["en", "de"])).toBe("en");
  expect(chosen([], ["en", "de"])).toBe("en");
});

test("a language that is written from right to left turns the page round", () => {
  expect(["ar", "he-IL", "fa", "ur"].map(direction)).toEqual(["rtl", "rtl", "rtl", "rtl"]);
  expect(["en", "de", "arn", "ks-Latn", "zh-Hant"].map(direction)).toEqual(["ltr", "ltr", "ltr", "ltr", "ltr"]);
});

test("English and German are there", () => {
  expect(LANGUAGES).toEqual(expect.arrayContaining(["en", "de"]));
});

type Text = string | ((...values: (string | number)[]) => string);

/** Each text of a catalogue by its path, apart from the server's, which English leaves to the server. */
function texts(catalogue: object, path = ""): [string, Text][] {
  return Object.entries(catalogue)
    .filter(([key]) => key !== "problems")
    .flatMap(([key, value]: [string, unknown]) =>
      typeof value === "object" && value !== null
        ? texts(value, `${path}${key}.`)
        : [[path + key, value as Text] as [string, Text]],
    );
}

/** A text as it is read; one that is made of values, for so much of everything. */
function read(text: Text, much: number): string {
  return typeof text === "string" ? text : text(...Array.from({ length: text.length }, (_, n) => much + n));
}

/** Two words that no other language is likely to share. */
const SENTENCE = /\p{L}{4,}\P{L}+\p{L}{4,}/u;

test("German says all that English says, and none of it in English", () => {
  const [first, second] = [texts(english), texts(german)];
  expect(second.map(([key, text]) => [key, text.length > 0])).toEqual(first.map(([key]) => [key, true]));
  const same = second.filter(([, text], n) => {
    const words = read(text, 2);
    return SENTENCE.test(words) && words === read(first[n]![1], 2);
  });
  expect(same).toEqual([]);
});

const made = [english, german].flatMap((catalogue, n) =>
  texts(catalogue).flatMap(([key, text]) =>
    typeof text === "function" ? [[n === 0 ? "English" : "German", key, text] as const] : [],
  ),
);

test.each(made)("%s %s is a text for nothing, one and many, and says each value", (_, __, text) => {
  for (const much of [0, 1, 20]) {
    const words = read(text, much);
    expect(words).not.toMatch(/undefined|NaN|null|object/);
    for (let n = 0; n < text.length; n++) expect(words).toMatch(much + n === 1 ? /1|first|erste/ : String(much + n));
  }
});

test("each language counts as it does", () => {
  expect(english.everything.imported(1)).toBe("1 conversation was imported.");
  expect(english.everything.imported(1200)).toBe("1,200 conversations were imported.");
  expect(german.everything.imported(1)).toBe("1 Unterhaltung wurde importiert.");
  expect(german.everything.imported(2)).toBe("2 Unterhaltungen wurden importiert.");
  expect(german.search.places(1)).toBe("1 Stelle gefunden.");
});

/** Every code that the server has for a failure: the protocol's, and the API's. */
function codes(): string[] {
  const [wire, api] = ["src/lib/wire.ts", "../../src/http/api/refusal.rs"].map((path) => readFileSync(path, "utf8"));
  const protocol = /export type ErrorCode = (.*);/.exec(wire!)![1]!.match(/[a-z_]+/g)!;
  const others = [...api!.matchAll(/^ +"([a-z_]+)",$/gm)].map(([, code]) => code!);
  expect(others).toContain("unknown_document");
  return [...protocol, ...others];
}

test("German has a sentence for every failure of the server", () => {
  const problems: Problems = german.problems;
  expect(Object.keys(problems).toSorted()).toEqual([...new Set(codes())].toSorted());
});

test("a failure is told in the reader's language, with what only the server knows", () => {
  const refused = { code: "upstream_refused", message: "The endpoint refused the request (404): no such model" };
  expect(told(refused, english.problems)).toBe(refused.message);
  expect(told(refused, german.problems)).toBe(
    "Der Endpunkt hat die Anfrage abgelehnt. (Meldung des Servers: „The endpoint refused the request (404): no such model“)",
  );
  expect(told({ code: "question_empty", message: "The question is empty." }, german.problems)).toBe(
    "Die Frage ist leer.",
  );
});

test.each(["from_a_newer_server", "constructor", ""])(
  "a failure of the unknown kind “%s” is told as it came",
  (code) => {
    expect(told({ code, message: "What came." }, german.problems)).toBe("What came.");
  },
);
