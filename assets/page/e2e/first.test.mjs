// The field that stands before the page does: what is typed there is never lost, and the page comes without a jump.

import assert from "node:assert/strict";

import { sound } from "./sound.mjs";
import { PHONE, stage } from "./stage.mjs";

const MAIN = /\/assets\/main-[^/]*\.js$/;

/** Keeps the page from coming, until it is let. */
async function hold(reader) {
  let come;
  const held = new Promise((resolve) => (come = resolve));
  await reader.context.route(MAIN, async (route) => {
    await held;
    await route.continue();
  });
  return come;
}

/** A service worker would bring the page. */
async function withoutWorker(reader) {
  await reader.context.route("**/sw.js", (route) => route.abort());
}

/** Opens the page, which does not come before it is let. */
async function open(reader, url) {
  const come = await hold(reader);
  const tab = await reader.open(url, { early: true });
  const field = tab.page.locator("#first textarea");
  // To a reader it is the composer already.
  await field.and(tab.page.getByRole("textbox", { name: "Your question" })).waitFor();
  return { tab, field, come };
}

const place = (field) =>
  field.evaluate((field) => {
    const boxes = [field, field.closest(".box"), field.closest("form")].map((element) =>
      element.getBoundingClientRect(),
    );
    return boxes.map(({ x, y, width, height }) => [x, y, width, height].map(Math.round));
  });

const SIZES = {
  on_a_desk: {},
  in_a_window: { viewport: { width: 900, height: 700 } },
  in_a_hand: { ...PHONE, viewport: { width: 390, height: 860 } },
};

for (const [where, screen] of Object.entries(SIZES)) {
  const options = { screen, page: `disclaimer = "${"Answers may be wrong. ".repeat(6)}"` };
  stage(options)(`the_page_comes_where_the_first_field_stood_${where}`, async ({ askd, reader }) => {
    const { tab, field, come } = await open(reader, askd.url);
    await sound(tab, "the first field");
    await field.fill("Two\nlines");
    const before = await place(field);
    come();
    await tab.stands();
    assert.equal(await tab.composer.inputValue(), "Two\nlines");
    assert.deepEqual(await place(tab.composer), before);
    await reader.leave();
  });
}

stage()("what_is_typed_before_the_page_stands_goes_on_in_it", async ({ fake, askd, reader }) => {
  const { tab, come } = await open(reader, askd.url);
  await tab.page.keyboard.type("Why is the ky");
  await tab.page.keyboard.press("ArrowLeft");
  await tab.page.keyboard.press("ArrowLeft");
  come();
  await tab.stands();
  await tab.page.keyboard.type("s");
  assert.equal(await tab.composer.inputValue(), "Why is the sky");
  await tab.page.keyboard.press("Enter");
  const call = await fake.call();
  assert.equal(call.question, "Why is the sky");
  await reader.leave();
});

stage({ screen: { viewport: { width: 320, height: 256 } } })(
  "in_the_smallest_window_what_is_typed_is_in_view_before_and_after",
  async ({ askd, reader }) => {
    const { tab, field, come } = await open(reader, askd.url);
    const seen = (field) =>
      field.evaluate((field) => {
        const { top, bottom } = field.getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight + 0.5;
      });
    await tab.page.keyboard.type("Well?");
    assert.ok(await seen(field));
    come();
    await tab.stands();
    await tab.composer.and(tab.page.locator(":focus")).waitFor();
    assert.ok(await seen(tab.composer));
    await reader.leave();
  },
);

stage()("of_a_long_text_the_same_lines_stay_in_view", async ({ askd, reader }) => {
  const { tab, field, come } = await open(reader, askd.url);
  await field.fill("A line.\n".repeat(40));
  const scrolled = (field) => field.evaluate((field) => field.scrollTop);
  const before = await scrolled(field);
  assert.ok(before > 100);
  come();
  await tab.stands();
  assert.equal(await scrolled(tab.composer), before);
  await reader.leave();
});

stage()("what_is_sent_before_the_page_stands_is_asked_when_it_does", async ({ fake, askd, reader }) => {
  const { tab, field, come } = await open(reader, askd.url);
  await tab.page.keyboard.type("Why?");
  await tab.page.keyboard.press("Enter");
  assert.equal(await field.inputValue(), "Why?");
  come();
  assert.equal((await fake.call()).question, "Why?");
  await tab.stands();
  assert.equal(await tab.composer.inputValue(), "");
  // It is a draft no more.
  await (await tab.sidebar()).getByRole("button", { name: "New conversation" }).click();
  await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
  assert.equal(await tab.composer.inputValue(), "");
  await reader.leave();
});

stage()("what_waits_to_be_sent_in_a_conversation_is_not_sent_in_another", async ({ fake, askd, reader }) => {
  await withoutWorker(reader);
  const tab = await reader.open(askd.url);
  await tab.hears(fake, "First?", "one");
  let here;
  const away = new Promise((resolve) => (here = resolve));
  await reader.context.route(/\/api\/v1\/conversations\/[0-9a-f]/, async (route) => {
    await away;
    await route.continue();
  });
  const come = await hold(reader);
  await tab.page.reload();
  await tab.page.locator("#first textarea:focus").waitFor();
  await tab.page.keyboard.type("Second?");
  await tab.page.keyboard.press("Enter");
  come();
  await tab.page.getByText("Your question is sent as soon as it can be.").waitFor();
  await (await tab.sidebar()).getByRole("button", { name: "New conversation" }).click();
  await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
  assert.equal(await tab.composer.inputValue(), "");
  here();
  // There it is a draft.
  await (await tab.sidebar()).getByRole("link", { name: "First?" }).click();
  await tab.reads("one");
  assert.equal(await tab.composer.inputValue(), "Second?");
  assert.equal(await tab.page.getByRole("article").count(), 1);
  await reader.leave({ away: true });
});

stage()("what_is_sent_before_a_conversation_is_there_again_is_asked_in_it", async ({ fake, askd, reader }) => {
  await withoutWorker(reader);
  const tab = await reader.open(askd.url);
  await tab.hears(fake, "First?", "one");
  const come = await hold(reader);
  await tab.page.reload();
  await tab.page.locator("#first textarea:focus").waitFor();
  await tab.page.keyboard.type("Second?");
  await tab.page.keyboard.press("Enter");
  come();
  const call = await fake.call();
  assert.equal(call.question, "Second?");
  call.say("two");
  call.finish();
  await tab.reads("two");
  assert.equal(await tab.page.getByRole("article").count(), 2);
  await reader.leave({ away: true });
});

stage()("a_draft_that_was_kept_is_written_on_before_the_page_stands", async ({ askd, reader }) => {
  await withoutWorker(reader);
  const tab = await reader.open(askd.url);
  await tab.stands();
  await tab.composer.fill("A draft");
  const come = await hold(reader);
  await tab.page.reload();
  await tab.page.locator("#first textarea:focus").waitFor();
  await tab.page.keyboard.type(", longer");
  come();
  await tab.stands();
  assert.equal(await tab.composer.inputValue(), "A draft, longer");
  await reader.leave({ away: true });
});

stage()("where_the_page_does_not_come_that_is_told_and_what_was_typed_outlives_it", async ({ askd, arrive }) => {
  const reader = await arrive({ locale: "de-DE" });
  await reader.context.route(MAIN, (route) => route.fulfill({ status: 404, body: "" }));
  const tab = await reader.open(askd.url);
  await tab.page.getByRole("alert").getByText("Diese Seite braucht lange, um zu starten.").waitFor();
  await tab.page.keyboard.type("Not lost");
  await sound(tab, "a page that did not come");
  await reader.context.unroute(MAIN);
  await tab.page.getByRole("link", { name: "Neu laden" }).click();
  await tab.stands();
  const composer = tab.page.locator("#app").getByRole("textbox", { name: "Ihre Frage" });
  assert.equal(await composer.inputValue(), "Not lost");
  await reader.leave({ away: true });
});
