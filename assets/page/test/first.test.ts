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
  vi.stubGlobal("matchMedia", (query: string) => ({ matches: query.includes("hover: none") !== hover }));
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
  await first.leave(({ selection, ...typed }) => {
    const how = { draft: UNBEGUN, changed: true, sends: false, scrolled: 0, focused: true };
    expect(typed).toEqual({ text: "Half a ques", ...how });
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
  expect(draft(UNBEGUN)).toBe("early");
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

test("Enter sends what stands there when the page does", async () => {
  open();
  first.begin();
  expect(press("Enter").defaultPrevented).toBe(true);
  type("Well?");
  expect(press("Enter", { shiftKey: true }).defaultPrevented).toBe(false);
  expect(press("Enter", { isComposing: true }).defaultPrevented).toBe(false);
  expect(press("Enter").defaultPrevented).toBe(true);
  expect(field.value).toBe("Well?");
  expect(await left()).toMatchObject({ text: "Well?", sends: true });
});

test.each([
  ["the reader writes on", () => (type("Well?"), press("Enter"), type(" And"))],
  ["the reader takes it back", () => (type("Well?"), press("Enter"), press("Escape"))],
  ["a key is only held down", () => (type("Well?"), press("Enter", { repeat: true }))],
  ["there is nothing to send", () => (type(" "), press("Enter"))],
  ["the page would offer something", () => (type("/"), press("Enter"))],
  ["the page does not come", () => (type("Well?"), press("Enter"), first.fail("late"))],
])("nothing is sent where %s", async (_, act) => {
  open();
  first.begin();
  act();
  const text = field.value;
  expect(await left()).toMatchObject({ text, sends: false });
});

test("what is attached is not sent unseen", async () => {
  keepDraft(UNBEGUN, composed({ words: "Why?", attached: [{ name: "a.txt", text: "the file" }] }));
  open();
  first.begin();
  press("Enter");
  expect((await left()).sends).toBe(false);
});

test("with a finger Enter begins a new line, and the button or Ctrl and Enter send", async () => {
  open({ hover: false });
  first.begin();
  expect(field.enterKeyHint).toBe("enter");
  type("Well?");
  expect(press("Enter").defaultPrevented).toBe(false);
  expect(press("Enter", { ctrlKey: true }).defaultPrevented).toBe(true);
  expect((await left()).sends).toBe(true);
});

test("its button sends as Enter does, when there is something", async () => {
  open();
  first.begin();
  const button = document.querySelector<HTMLButtonElement>("#first button")!;
  expect(button.disabled).toBe(true);
  type("Well?");
  button.focus();
  button.click();
  expect(await left()).toMatchObject({ sends: true, focused: true });
});

test("what is written is its conversation's, wherever the reader goes meanwhile", async () => {
  open({ path: `/c/${ID}` });
  first.begin();
  type("Ha");
  history.replaceState(null, "", "/");
  type("lf");
  expect(draft(ID)).toBe("Half");
  expect(draft(UNBEGUN)).toBe("");
  expect((await left()).draft).toBe(ID);
});

test("what is begun after going back is begun there", async () => {
  open({ path: `/c/${ID}` });
  first.begin();
  history.replaceState(null, "", "/");
  type("Wholly new");
  expect(draft(UNBEGUN)).toBe("Wholly new");
  expect((await left()).draft).toBe(UNBEGUN);
});

test("with a finger, the button takes the focus from the field", async () => {
  open({ hover: false });
  first.begin();
  type("Well?");
  document.querySelector<HTMLButtonElement>("#first button")!.focus();
  expect((await left()).focused).toBe(false);
});

test("the field goes also when the page cannot take what was typed", async () => {
  open();
  first.begin();
  type("Half");
  const broken = first.leave(() => {
    throw new Error("broken by the test");
  });
  await expect(broken).rejects.toThrow("broken by the test");
  expect(sheet()).toBeNull();
  expect(draft(UNBEGUN)).toBe("Half");
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

test("where the page cannot be made that is told at once, and nothing is lost", () => {
  open();
  first.begin();
  type("Well?");
  expect(sheet()!.querySelector(".late")).not.toBeNull();
  first.fail("start");
  expect(sheet()!.querySelector(".late")).toBeNull();
  expect(sheet()!.querySelector("[role=alert] p")!.textContent).toBe(english.faults.start);
  expect(sheet()!.querySelector("[role=alert] a")).not.toBeNull();
  expect(field.value).toBe("Well?");
  expect(draft(UNBEGUN)).toBe("Well?");
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
