// Which language is spoken, and that each says all of it.

import { expect, test } from "vitest";

import { chosen, LANGUAGES } from "../src/lib/language";
import english from "../src/messages/en";
import german from "../src/messages/de";

test("the first wanted language that there is, is spoken, and a region's is the language's", () => {
  expect(chosen(["fr", "de-AT", "en"], ["en", "de"])).toBe("de");
  expect(chosen(["pt-br"], ["en", "pt", "pt-BR"])).toBe("pt-BR");
  expect(chosen(["zh-Hant-TW"], ["en", "zh-Hant"])).toBe("zh-Hant");
  expect(chosen(["fr"], ["en", "de"])).toBe("en");
  expect(chosen([], ["en", "de"])).toBe("en");
});

test("English and German are there", () => {
  expect(LANGUAGES).toEqual(expect.arrayContaining(["en", "de"]));
});

/** Each text of a catalogue by its path; one that is made from something is only named. */
function texts(catalogue: object, path = ""): [string, string][] {
  return Object.entries(catalogue).flatMap(([key, value]: [string, unknown]) =>
    typeof value === "object" && value !== null
      ? texts(value, `${path}${key}.`)
      : [[path + key, typeof value === "string" ? value : "made"] as [string, string]],
  );
}

test("German says all that English says, and none of it in English", () => {
  const [first, second] = [texts(english), texts(german)];
  expect(second.map(([key]) => key)).toEqual(first.map(([key]) => key));
  const same = second.filter(([, words], n) => words === first[n]?.[1] && / /.test(words));
  expect(same).toEqual([]);
});
