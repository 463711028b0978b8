// Faults on the page's side: what the browser refuses, what breaks in the page, and a page that is not the server's any
// more. In each case a sentence says so, and the page goes on.

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startPersistent } from "./browser.mjs";
import { sound } from "./sound.mjs";
import { stage } from "./stage.mjs";

const test = stage();

test("a_browser_that_refuses_storage_and_the_way_to_other_tabs_is_told_so_and_is_answered", async ({
  fake,
  askd,
  reader,
}) => {
  await reader.context.addInitScript(() => {
    const refused = {
      get: () => {
        throw new DOMException("Access is denied.", "SecurityError");
      },
    };
    for (const name of ["localStorage", "sessionStorage", "BroadcastChannel"])
      Object.defineProperty(window, name, refused);
  });
  const tab = await reader.open(askd.url);
  await tab.page.getByText("This browser keeps nothing").waitFor();
  await tab.hears(fake, "Why?", "Because.");
  await tab.reads("Because.");
  await reader.leave();
});

test("a_browser_with_no_room_for_a_draft_says_so_while_it_is_written", async ({ fake, askd, reader }) => {
  await reader.context.addInitScript(() => {
    const set = Storage.prototype.setItem;
    Storage.prototype.setItem = function (key, value) {
      if (value.includes("enormous")) throw new DOMException("full", "QuotaExceededError");
      set.call(this, key, value);
    };
  });
  const tab = await reader.open(askd.url);
  const full = tab.page.getByText("This browser has no more room");
  await tab.composer.fill("small");
  assert.equal(await full.count(), 0);
  await tab.composer.fill("enormous");
  await full.waitFor();
  await tab.composer.press("Enter");
  await full.waitFor({ state: "detached" });
  const call = await fake.call();
  assert.equal(call.question, "enormous");
  call.say("Taken.");
  call.finish();
  await tab.finished();
  await reader.leave();
});

test("a_browser_that_takes_no_cookie_is_told_so_and_its_conversation_goes_on", async ({ fake, askd }) => {
  const profile = await mkdtemp(join(tmpdir(), "askd-profile-"));
  await mkdir(join(profile, "Default"));
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(join(profile, "Default", "Preferences"), JSON.stringify(settings));
  const reader = await startPersistent(profile);
  try {
    const tab = await reader.open(askd.url);
    const remark = tab.page.getByText("This browser does not take the page's cookie");
    await remark.waitFor();
    await tab.hears(fake, "One?", "one");
    await tab.hears(fake, "Two?", "two");
    // The list is fetched anew behind each answer; what it lacks is not said to be deleted.
    await tab.page.evaluate(() => fetch("/api/v1/conversations"));
    await tab.settled();
    assert.equal(await tab.page.getByText("no longer has this conversation").count(), 0);
    assert.equal(await tab.page.getByRole("article").count(), 2);
    await tab.page.getByRole("button", { name: "Dismiss" }).click();
    await remark.waitFor({ state: "detached" });
    await tab.page.reload();
    await tab.page.getByRole("heading", { name: "There is no such conversation" }).waitFor();
    assert.equal(await remark.count(), 2, "the reason stands there, and above the composer");
  } finally {
    await reader.context.close();
    await rm(profile, { recursive: true });
  }
});

/** From the next page on the device's clock is so many hours ahead; `window.hours` sets it anew. */
const setClock = (reader, ahead) =>
  reader.context.addInitScript((ahead) => {
    window.hours = ahead;
    const True = Date;
    window.Date = class extends True {
      constructor(...parts) {
        if (parts.length > 0) super(...parts);
        else super(window.Date.now());
      }
      static now() {
        return True.now() + window.hours * 3_600_000;
      }
    };
  }, ahead);

test("a_device_whose_clock_is_a_day_off_is_told_so_and_has_the_right_days", async ({ fake, askd, reader }) => {
  await setClock(reader, 30);
  const tab = await reader.open(askd.url);
  await tab.hears(fake, "What day is it?", "Today.");
  const sidebar = await tab.sidebar();
  await sidebar.getByRole("link", { name: "What day is it?" }).waitFor();
  assert.deepEqual(await sidebar.getByRole("heading", { level: 2 }).allInnerTexts(), ["Today"]);
  await tab.page.getByText("This device's clock is 30 hours ahead of the server's.").waitFor();
  await sound(tab, "a remark");
  await reader.leave();
});

test("a_clock_that_jumps_while_an_answer_is_waited_for_makes_no_absurd_times", async ({ fake, askd, reader }) => {
  await setClock(reader, 0);
  const tab = await reader.open(askd.url);
  await tab.ask("Wait.");
  const call = await fake.call();
  /** The seconds that are told, once there are as many. */
  const waited = async (least) => {
    const told = await tab.page.waitForFunction((least) => {
      const words = [...document.querySelectorAll(".answer .foot p")].at(-1)?.textContent ?? "";
      const told = /\((.*)\)$/.exec(words.trim())?.[1];
      return told !== undefined && (parseInt(told) >= least || !/^\d+ s$/.test(told)) && told;
    }, least);
    return told.jsonValue();
  };
  const first = await waited(2);
  await tab.page.evaluate(() => (window.hours = -7));
  const back = await waited(parseInt(first) + 1);
  await tab.page.evaluate(() => (window.hours = 48));
  const forth = await waited(parseInt(back) + 1);
  for (const told of [first, back, forth]) assert.match(told, /^\d+ s$/);
  call.say("Here.");
  await tab.reads("Here.");
  const writing = /\((\d+) s\)/.exec(await tab.status.innerText())?.[1] ?? 0;
  assert.ok(Number(writing) < parseInt(forth), "writing has only begun");
  call.finish();
  await tab.finished();
  await reader.leave();
});

test("what_an_old_page_can_no_longer_load_is_done_without", async ({ fake, askd, reader }) => {
  const gone = [];
  await reader.context.route(/\/assets\/(languages|typeset)-[^/]*\.js$/, (route) => {
    gone.push(route.request().url());
    return route.fulfill({ status: 404, body: "" });
  });
  const tab = await reader.open(askd.url);
  await tab.hears(fake, "Show me.", "```rust\nfn main() {}\n```\n\nAnd $e^x$, *too*.");
  await tab.settled();
  assert.ok(gone.length >= 2, `${gone}`);
  assert.equal((await tab.answer.locator("pre").innerText()).trim(), "fn main() {}");
  assert.match(await tab.text.innerText(), /And e\^x, too\./);
  await tab.hears(fake, "And on?", "On.");
  await tab.reads("On.");
  await reader.leave({ away: true });
});

test("an_answer_is_plain_text_until_what_shows_it_has_come", async ({ fake, askd, reader }) => {
  const parts = /\/assets\/parts-[^/]*\.js$/;
  await reader.context.route(parts, (route) => route.fulfill({ status: 404, body: "" }));
  const tab = await reader.open(askd.url);
  const { page } = tab;
  await page.locator("main").getByText("Answers to **everything**.").waitFor();
  await tab.ask("Why?");
  const call = await fake.call();
  call.say("*Because.*");
  await tab.answer.getByText("so it is shown as plain text").waitFor();
  await tab.answer.getByText("*Because.*").waitFor();
  await tab.says(/^Answering/);
  await sound(tab, "an answer without its parts");
  call.finish();
  await tab.answer.getByRole("button", { name: "Copy" }).waitFor();
  await reader.context.unroute(parts);
  await tab.answer.getByRole("button", { name: "Try again" }).focus();
  await page.keyboard.press("Enter");
  await tab.answer.locator("em").getByText("Because.").waitFor();
  await tab.eventually(() => document.activeElement.matches("article"));
  await reader.leave({ away: true, told: /fetch dynamically imported module/ });
});

test("what_shows_an_answer_is_waited_for_with_the_question_and_its_state", async ({ fake, askd, reader }) => {
  let come;
  const coming = new Promise((resolve) => (come = resolve));
  await reader.context.route(/\/assets\/parts-[^/]*\.js$/, async (route) => {
    await coming;
    await route.continue();
  });
  const tab = await reader.open(askd.url);
  await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
  await tab.ask("Why?");
  const call = await fake.call();
  await tab.says(/^Waiting for the first word/);
  call.say("*Because.*");
  await tab.says(/^Answering/);
  await tab.answer.getByText("*Because.*").waitFor();
  come();
  await tab.answer.locator("em").getByText("Because.").waitFor();
  call.finish();
  await tab.finished();
  await reader.leave();
});

test("a_language_that_cannot_be_loaded_leaves_the_page_in_english", async ({ askd, arrive }) => {
  const reader = await arrive({ locale: "de-DE" });
  await reader.context.route(/\/assets\/de-[^/]*\.js$/, (route) => route.fulfill({ status: 404, body: "" }));
  const tab = await reader.open(askd.url);
  await tab.composer.waitFor();
  assert.equal(await tab.page.locator("html").getAttribute("lang"), "en");
  await reader.leave({ away: true });
});

test("an_answer_that_cannot_be_rendered_is_plain_text_and_all_else_goes_on", async ({ fake, askd, reader }) => {
  await reader.context.addInitScript(() => {
    const append = Element.prototype.append;
    Element.prototype.append = function (...nodes) {
      const isPoison = (node) => node instanceof DocumentFragment && node.textContent.includes("poison");
      if (nodes.some(isPoison)) throw new Error("broken by the test");
      append.apply(this, nodes);
    };
  });
  const tab = await reader.open(askd.url);
  await tab.hears(fake, "One?", "a *fine* one");
  await tab.ask("Two?");
  const call = await fake.call();
  call.say("a *poison*");
  await tab.answer.getByText("so it is shown as plain text").waitFor();
  await tab.composer.fill("A draft");
  call.say(" that grows");
  await tab.answer.getByText("a *poison* that grows").waitFor();
  call.finish();
  await tab.finished();
  await sound(tab, "plain text");
  assert.equal(await tab.page.locator(".answer").first().locator("em").innerText(), "fine");
  assert.equal(await tab.composer.inputValue(), "A draft");
  await tab.hears(fake, "Three?", "a *third* one");
  assert.equal(await tab.answer.locator("em").innerText(), "third");
  await reader.leave({ told: /broken by the test/ });
});

test("a_part_that_breaks_says_so_and_comes_back_while_the_rest_goes_on", async ({ fake, askd, reader }) => {
  const list = /\/api\/v1\/conversations(\?|$)/;
  const head = { id: "01900000-0000-7000-8000-000000000000", title: null, created: 0, updated: 0, turns: 1 };
  await reader.context.route(list, (route) => route.fulfill({ json: { conversations: [head], next: null } }));
  const tab = await reader.open(askd.url);
  const sidebar = await tab.sidebar();
  await sidebar.getByText("This part of the page has broken.").waitFor();
  await sound(tab, "a broken part");
  await tab.composer.fill("A draft");
  await reader.context.unroute(list);
  await tab.hears(fake, "Why?", "Because.");
  await tab.reads("Because.");
  await sidebar.getByRole("button", { name: "Try again" }).click();
  await sidebar.getByRole("link", { name: "Why?" }).waitFor();
  await reader.leave({ told: /TypeError/ });
});

test("what_fails_unseen_is_said_once_and_the_draft_stays", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.composer.fill("A draft");
  const said = tab.page.getByText("Something in this page has not worked.");
  await tab.page.evaluate(() => void Promise.reject(new Error("broken by the test")));
  await said.waitFor();
  assert.equal(await tab.composer.inputValue(), "A draft");
  await tab.page.getByRole("button", { name: "Dismiss" }).click();
  await said.waitFor({ state: "detached" });
  await tab.hears(fake, "Why?", "Because.");
  assert.equal(await said.count(), 0);
  await reader.leave({ told: /broken by the test/ });
});

test("a_page_that_cannot_start_says_so", async ({ askd, reader }) => {
  await reader.context.addInitScript(() => {
    const broken = {
      get: () => {
        throw new Error("broken by the test");
      },
    };
    Object.defineProperty(navigator, "languages", broken);
  });
  const tab = await reader.open(askd.url);
  await tab.page.getByText("The page could not start.").waitFor();
  await reader.leave({ told: /broken by the test/ });
});

test("a_page_whose_script_does_not_come_says_so_after_a_while", async ({ askd, reader }) => {
  await reader.context.route(/\/assets\/index-[^/]*\.js$/, (route) => route.fulfill({ status: 404, body: "" }));
  const tab = await reader.open(askd.url, { early: true });
  const late = tab.page.getByText("This page takes long to start.");
  assert.equal(await late.isVisible(), false);
  await tab.page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
  assert.equal(await late.isVisible(), true);
  await reader.context.unroute(/\/assets\/index-[^/]*\.js$/);
  await tab.page.getByRole("link", { name: "Reload" }).click();
  await tab.composer.waitFor();
  assert.equal(await late.count(), 0);
  await reader.leave({ away: true });
});

test("a_newer_page_is_offered_and_never_forced", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const offered = tab.page.getByText("There is a newer version of this page.");
  await tab.hears(fake, "Why?", "Because of *scattering*.");
  await tab.composer.fill("A draft");
  await tab.text.evaluate((text) => getSelection().selectAllChildren(text));
  // The same page after a restart is no other one.
  await askd.stop();
  await askd.start();
  await tab.hears(fake, "Still there?", "Yes.");
  assert.equal(await offered.count(), 0);
  await tab.composer.fill("A draft");
  await tab.text.evaluate((text) => getSelection().selectAllChildren(text));
  askd.call("Another page");
  await askd.stop();
  await askd.start();
  await offered.waitFor();
  await sound(tab, "a newer page");
  assert.equal(await tab.page.evaluate(() => getSelection().toString()), "Yes.");
  assert.equal(await tab.composer.inputValue(), "A draft");
  await tab.page.getByRole("button", { name: "Dismiss" }).click();
  await offered.waitFor({ state: "detached" });
  // Dismissed, it is not offered again; a further one is.
  askd.call("A third page");
  await askd.stop();
  await askd.start();
  await offered.waitFor();
  await tab.page.getByRole("button", { name: "Reload" }).click();
  await tab.page.waitForFunction(() => document.title.endsWith("A third page"));
  await tab.finished();
  assert.equal(await tab.composer.inputValue(), "A draft");
  assert.equal(await offered.count(), 0);
  await reader.leave({ away: true });
});

const documents = { "leave.md": "# Leave\n\nParents get sixteen weeks.\n" };

stage({ documents })(
  "searching_the_documents_is_told_until_they_have_given_something",
  async ({ fake, askd, reader }) => {
    const held = [];
    let release = () => {};
    const released = new Promise((resolve) => (release = resolve));
    await reader.context.routeWebSocket(/\/ws$/, (near) => {
      const far = near.connectToServer();
      far.onMessage(async (message) => {
        held.push(JSON.parse(message).type);
        if (held.includes("sources")) await released;
        near.send(message);
      });
    });
    const tab = await reader.open(askd.url);
    await askd.indexed("leave.md");
    await tab.ask("How many weeks do parents get?");
    await tab.says("Searching the documents");
    release();
    const call = await fake.call();
    await tab.says("Waiting for the first word");
    call.say("Sixteen [1].");
    call.finish();
    await tab.finished();
    await reader.leave();
  },
);
