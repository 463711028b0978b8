// What comes from outside may come twice: from a configuration, an import or a server of another version.

import { flushSync, mount, unmount, type Component } from "svelte";
import { afterEach, expect, test } from "vitest";

import type { Chat } from "../src/lib/chat.svelte";
import { outbox } from "../src/lib/keep";
import type { Search } from "../src/lib/search.svelte";
import { settings } from "../src/lib/settings";
import ChoiceSelect from "../src/ui/ChoiceSelect.svelte";
import Found from "../src/ui/Found.svelte";
import Offers from "../src/ui/Offers.svelte";
import Sources from "../src/ui/Sources.svelte";
import Welcome from "../src/ui/Welcome.svelte";

afterEach(() => localStorage.clear());

/** The words of what is found by `selector` in such a part of the page. */
function shown(part: Component<any>, props: Record<string, unknown>, selector: string): string[] {
  const page = mount(part, { target: document.body, props });
  flushSync();
  const words = [...document.querySelectorAll(selector)].map((found) => found.textContent.trim());
  void unmount(page);
  return words;
}

test("two_equal_suggestions_are_two_buttons", () => {
  const page = { ...settings(), suggestions: ["the same", "the same"] };
  expect(shown(Welcome, { page, ask() {}, beside: true }, "section li")).toEqual(["the same", "the same"]);
  HTMLElement.prototype.scrollIntoView = () => {};
  const slash = { id: "o", words: "/", suggestions: page.suggestions, asked: ["the same"], focused: true, take() {} };
  expect(shown(Offers, slash, "[role=option] .words")).toEqual(["the same"]);
});

test("models_whose_names_read_the_same_can_both_be_chosen", () => {
  const endpoints = [
    { name: "a: b", models: ["c"] },
    { name: "a", models: ["b: c"] },
  ];
  const chat = { server: { endpoints }, choice: null } as unknown as Chat;
  expect(shown(ChoiceSelect, { chat }, "option")).toEqual(["a: b: c", "a: b: c"]);
});

test("sources_of_one_number_and_hits_of_one_place_are_all_shown", () => {
  const items = ["One", "Two"].map((title) => ({ n: 1, title, excerpt: "", score: 1 }));
  expect(shown(Sources, { items, question: "?" }, ".card .title")).toEqual(["One", "Two"]);
  const hit = { conversation: "c", turn: "t", field: "question", title: "T", excerpt: [{ text: "T", marked: true }] };
  const search = { hits: [hit, hit], more: false, problem: null, widens: false } as unknown as Search;
  expect(shown(Found, { search, open() {} }, "li .title")).toEqual(["T", "T"]);
});

test("a_question_that_is_kept_under_anothers_name_waits_once", () => {
  const value = { conversation: "c", id: "1", question: "?", asked: 1 };
  for (const key of ["1", "2"]) localStorage.setItem(`askd:outbox:${key}`, JSON.stringify({ at: 1, v: 2, value }));
  expect(outbox().map(({ turn }) => turn.id)).toEqual(["1"]);
});
