// Identifiers and the operator's settings.

import { expect, test } from "vitest";

import { uuid7 } from "../src/lib/ids";
import { settings } from "../src/lib/settings";

test("identifiers_are_uuid_v7_in_the_order_of_time", () => {
  const ids = [1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000].map((at) => uuid7(at));
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ids.toSorted()).toEqual(ids);
  expect(parseInt(ids[0]!.replaceAll("-", "").slice(0, 12), 16)).toBe(1_700_000_000_000);
});

test("settings_come_from_the_page_and_have_defaults", () => {
  const page = (json: string) =>
    new DOMParser().parseFromString(`<script id="askd-page" type="application/json">${json}</script>`, "text/html");
  const whole = {
    base: "/b/",
    title: "T",
    welcome: "W",
    suggestions: ["a"],
    language: "de",
    logo: "/assets/own-1.svg",
    footer: [{ text: "Imprint", url: "/imprint" }],
    disclaimer: "Mind it.",
    stamp: "0123",
    embed: ["https://docs.example.org"],
    signIn: "password",
  };
  expect(settings(page(JSON.stringify(whole)))).toEqual(whole);
  const none = {
    base: "/",
    title: "askd",
    welcome: "",
    suggestions: [],
    language: null,
    logo: null,
    footer: [],
    disclaimer: null,
    stamp: null,
    embed: null,
    signIn: "none",
  };
  expect(settings(page("{}"))).toEqual(none);
  expect(settings(page("{"))).toEqual(none);
});
