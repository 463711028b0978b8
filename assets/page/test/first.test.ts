// The field that stands before the page does: what is typed into it goes on in the page's own.

import { readFileSync } from "node:fs";

import { beforeEach, expect, test, vi } from "vitest";

import { composed } from "../src/lib/attached";
import { draft, keepDraft, UNBEGUN } from "../src/lib/drafts";
import { First, type Typed } from "../src/lib/first";
import { keepSidebarOpen } from "../src/lib/sidebar";
import german from "../src/messages/de";
import english from "../src/messages/en";

const BODY = /<body>(.*)<\/body>/s.exec(readFileSync("index.html", "utf8"))![1]!;

const ID = "0190aaaa-0000-7000-8000-000000000000";

let first: First;
let field: HTMLTextAreaElement;
const sheet = () => document.getElementById("first");

/** The page as the document brings it. */
function open({ hover = true, settings = {}, path = "/" } = {}): void {
  vi.stubGlobal("matchMedia", () => ({ matches: hover }));
  history.replaceState(null, "", path);
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

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

async function left(): Promise<Typed> {
  let taken: Typed | undefined;
  await first.leave((typed) => void (taken = typed));
  return taken!;
}

test("what is typed is handed on with its cursor, and the field goes behind that", async () => {
  open();
  first.begin();
  type("Half a ques");
  field.setSelectionRange(5, 6, "backward");
  expect(first.stands).toBe(true);
  let stood = false;
  await first.leave(({ text, asked, changed, selection, focused }) => {
    expect({ text, asked, changed, focused }).toEqual({
      text: "Half a ques",
      asked: null,
      changed: true,
      focused: true,
    });
    expect(selection).toEqual([5, 6, "backward"]);
    stood = sheet() !== null;
  });
  expect(stood).toBe(true);
  expect(sheet()).toBeNull();
  expect(first.stands).toBe(false);
  // It is handed on once.
  expect(await left()).toBeUndefined();
});

test("it is as high as its text, also as what was typed before it could be told", () => {
  open();
  field.value = "early";
  first.begin();
  expect(field.parentElement!.dataset["text"]).toBe("early");
  type("\nmore");
  expect(field.parentElement!.dataset["text"]).toBe("early\nmore");
});

test("what is written is a draft at once, and a draft that was kept stands in it", async () => {
  const file = { name: "a.txt", text: "the file" };
  keepDraft(UNBEGUN, composed({ words: "A draft", attached: [file] }));
  open();
  first.begin();
  expect(field.value).toBe("A draft");
  type(", longer");
  const whole = composed({ words: "A draft, longer", attached: [file] });
  expect(draft(UNBEGUN)).toBe(whole);
  expect((await left()).text).toBe(whole);
});

test("a draft in which nothing was written is the page's own to find", async () => {
  keepDraft(ID, "A draft");
  open({ path: `/c/${ID}` });
  first.begin();
  expect(field.value).toBe("A draft");
  expect((await left()).changed).toBe(false);
});

test("Enter empties the field, and what was in it is sent when the page stands", async () => {
  open();
  first.begin();
  expect(press("Enter").defaultPrevented).toBe(true);
  type("/");
  expect(press("Enter").defaultPrevented, "behind it the page would offer something").toBe(true);
  expect(field.value).toBe("/");
  field.value = "";
  type("Well?");
  expect(press("Enter", { shiftKey: true }).defaultPrevented).toBe(false);
  expect(press("Enter", { isComposing: true }).defaultPrevented).toBe(false);
  expect(press("Enter", { repeat: true }).defaultPrevented).toBe(true);
  expect(field.value).toBe("Well?");
  expect(press("Enter").defaultPrevented).toBe(true);
  expect(field.value).toBe("");
  type("And then");
  press("Enter");
  expect(draft(UNBEGUN), "nothing of it is lost by a reload").toBe("Well?\nAnd then");
  expect(await left()).toMatchObject({ text: "And then", asked: "Well?" });
});

test("its button sends as Enter does, when there is something", async () => {
  open();
  first.begin();
  const button = document.querySelector<HTMLButtonElement>("#first button")!;
  expect(button.disabled).toBe(true);
  type("Well?");
  button.click();
  expect(button.disabled).toBe(true);
  expect(document.activeElement).toBe(field);
  expect((await left()).asked).toBe("Well?");
});

test("it stays until a letter of several keys is written", async () => {
  open();
  first.begin();
  field.dispatchEvent(new Event("compositionstart"));
  const taken = left();
  await Promise.resolve();
  expect(sheet()).not.toBeNull();
  type("語");
  expect(draft(UNBEGUN)).toBe("語");
  field.dispatchEvent(new Event("compositionend"));
  expect((await taken).text).toBe("語");
});

test.each([
  ["a mouse", {}, true],
  ["fingers alone", { hover: false }, false],
  ["a document opened over the page", { path: "/?document=a.md" }, false],
])("with %s it takes the focus or does not", async (_, how, takes) => {
  open(how);
  first.begin();
  expect(document.activeElement === field).toBe(takes);
  expect((await left()).focused).toBe(takes);
});

test("nobody comes to the page below before it stands, but to a document that lies over all", async () => {
  const inert = () => document.getElementById("app")!.hasAttribute("inert");
  open({ path: "/?document=a.md" });
  first.begin();
  expect(inert()).toBe(false);
  open();
  first.begin();
  expect(inert()).toBe(true);
  await first.leave(() => expect(inert(), "before the focus comes there").toBe(false));
});

test("it stands where the composer will", () => {
  const beside = () => (first.begin(), sheet()!.classList.contains("beside"));
  open();
  expect(beside()).toBe(true);
  open({ settings: { embed: [] } });
  expect(beside()).toBe(false);
  keepSidebarOpen(false);
  open();
  expect(beside()).toBe(false);
});

test("the operator's disclaimer stands below it as it will below the composer", () => {
  open({ settings: { disclaimer: "Answers may be <wrong>." } });
  first.begin();
  expect(sheet()!.querySelector("form > .disclaimer + .line")).not.toBeNull();
  expect(sheet()!.querySelector(".disclaimer")!.textContent).toBe("Answers may be <wrong>.");
});

test.each([
  ["en", english],
  ["de-CH", german],
])("it speaks the reader's language (%s)", (language, { composer, connection, faults }) => {
  open({ settings: { language } });
  first.begin();
  expect(document.documentElement.lang).toBe(language.slice(0, 2));
  expect([field.ariaLabel, field.placeholder]).toEqual([composer.label, composer.placeholder]);
  expect(document.querySelector<HTMLElement>("#first button")!.ariaLabel).toBe(composer.send);
  const words = [...sheet()!.querySelectorAll(".late p")].map(({ textContent }) => textContent);
  expect(words).toEqual([faults.late, connection.reload]);
});

test("where the page cannot be loaded that is told at once, and nothing is lost, nor sent any more", () => {
  open();
  first.begin();
  type("Well?");
  press("Enter");
  type("More");
  expect(sheet()!.querySelector(".late")).not.toBeNull();
  first.fail("start");
  expect(sheet()!.querySelector(".late")).toBeNull();
  expect(sheet()!.querySelector("[role=alert] p")!.textContent).toBe(english.faults.start);
  expect(sheet()!.querySelector("[role=alert] a")).not.toBeNull();
  expect(field.value).toBe("Well?\nMore");
  press("Enter");
  expect(field.value).toBe("Well?\nMore");
  expect(draft(UNBEGUN)).toBe("Well?\nMore");
});

test("without such a field there is nothing to hand on", async () => {
  document.body.innerHTML = "";
  first = new First();
  first.begin();
  expect(first.stands).toBe(false);
  expect(await left()).toBeUndefined();
});

test("its picture is the composer's", () => {
  const icon = /up: "([^"]+)"/.exec(readFileSync("src/ui/Icon.svelte", "utf8"))![1];
  expect(BODY).toContain(`<path d="${icon}" />`);
});
