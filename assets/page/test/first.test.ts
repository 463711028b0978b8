// The field that stands before the page does: what is typed into it goes on in the page's own.

import { readFileSync } from "node:fs";

import { beforeEach, expect, test, vi } from "vitest";

import { First } from "../src/lib/first";
import { keepSidebarOpen } from "../src/lib/sidebar";

const BODY = /<body>(.*)<\/body>/s.exec(readFileSync("index.html", "utf8"))![1]!;

let first: First;
let field: HTMLTextAreaElement;
const sheet = () => document.getElementById("first");

/** The page as the document brings it. */
function open({ hover = true, wide = true, settings = {}, search = "" } = {}): void {
  vi.stubGlobal("matchMedia", (query: string) => ({ matches: query.includes("hover") ? hover : wide }));
  history.replaceState(null, "", `/${search}`);
  document.body.innerHTML = `<script id="askd-page" type="application/json">${JSON.stringify(settings)}</script>${BODY}`;
  field = document.querySelector("textarea")!;
  first = new First();
}

function type(text: string): void {
  field.value += text;
  field.dispatchEvent(new Event("input"));
}

function press(key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, cancelable: true, ...more });
  field.dispatchEvent(event);
  return event;
}

beforeEach(() => localStorage.clear());

test("what is typed is handed on with its cursor, and the field goes", async () => {
  open();
  first.begin();
  type("Half a ques");
  field.setSelectionRange(5, 6);
  expect(first.stands).toBe(true);
  expect(await first.leave()).toEqual({ text: "Half a ques", start: 5, end: 6, focused: true, sent: false });
  expect(sheet()).toBeNull();
  expect(first.stands).toBe(false);
});

test("it is as high as its text, also as what was typed before it could be told", () => {
  open();
  field.value = "early";
  first.begin();
  expect(field.parentElement!.dataset["text"]).toBe("early");
  type("\nmore");
  expect(field.parentElement!.dataset["text"]).toBe("early\nmore");
});

test("Enter sends, once the page can, and what was sent is not written on", async () => {
  open();
  first.begin();
  expect(press("Enter").defaultPrevented).toBe(true);
  expect(field.readOnly, "nothing is written").toBe(false);
  type("Well?");
  expect(press("Enter", { shiftKey: true }).defaultPrevented).toBe(false);
  expect(press("Enter", { isComposing: true }).defaultPrevented).toBe(false);
  expect(field.readOnly).toBe(false);
  expect(press("Enter").defaultPrevented).toBe(true);
  expect(field.readOnly).toBe(true);
  expect(await first.leave()).toMatchObject({ text: "Well?", sent: true });
});

test("it stays until a letter of several keys is written", async () => {
  open();
  first.begin();
  field.dispatchEvent(new Event("compositionstart"));
  const typed = first.leave();
  await Promise.resolve();
  expect(sheet()).not.toBeNull();
  type("語");
  field.dispatchEvent(new Event("compositionend"));
  expect((await typed).text).toBe("語");
});

test.each([
  ["a mouse", {}, true],
  ["fingers alone", { hover: false }, false],
  ["a document opened over the page", { search: "?document=a.md" }, false],
])("with %s it takes the focus or does not", async (_, how, takes) => {
  open(how);
  first.begin();
  expect(document.activeElement === field).toBe(takes);
  expect((await first.leave()).focused).toBe(takes);
});

test("it stands where the composer will", () => {
  const beside = () => (first.begin(), sheet()!.classList.contains("beside"));
  open();
  expect(beside()).toBe(true);
  open({ wide: false });
  expect(beside()).toBe(false);
  open({ settings: { embed: [] } });
  expect(beside()).toBe(false);
  keepSidebarOpen(false);
  open();
  expect(beside()).toBe(false);
});

test("it is named, and the operator's disclaimer stands below it as it will below the composer", () => {
  open({ settings: { title: "Harbour desk", disclaimer: "Answers may be <wrong>." } });
  first.begin();
  expect(field.ariaLabel).toBe("Harbour desk");
  expect(sheet()!.querySelector("form > .disclaimer + .line")).not.toBeNull();
  expect(sheet()!.querySelector(".disclaimer")!.textContent).toBe("Answers may be <wrong>.");
});

test("where the page cannot be loaded, what to do is told at once and what was typed stays", () => {
  open();
  first.begin();
  type("Well?");
  press("Enter");
  expect(sheet()!.querySelector(".late")).not.toBeNull();
  first.fail();
  expect(sheet()!.querySelector(".late")).toBeNull();
  expect(sheet()!.querySelector(".unstarted a")).not.toBeNull();
  expect(field.value).toBe("Well?");
  expect(field.readOnly).toBe(false);
});

test("without such a field nothing was typed", async () => {
  document.body.innerHTML = "";
  first = new First();
  first.begin();
  expect(first.stands).toBe(false);
  expect(await first.leave()).toEqual({ text: "", start: 0, end: 0, focused: false, sent: false });
});
