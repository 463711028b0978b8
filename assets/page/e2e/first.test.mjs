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

/** Opens the page, which does not come before it is let. */
async function open(reader, url) {
  const come = await hold(reader);
  const tab = await reader.open(url);
  const field = tab.page.locator("#first textarea");
  await field.and(tab.page.getByRole("textbox", { name: await tab.page.title() })).waitFor();
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

stage()("what_is_sent_before_the_page_stands_is_asked_when_it_does", async ({ fake, askd, reader }) => {
  const { tab, field, come } = await open(reader, askd.url);
  await tab.page.keyboard.type("Why?");
  await tab.page.keyboard.press("Enter");
  await tab.page.keyboard.type("!");
  assert.equal(await field.inputValue(), "Why?");
  come();
  assert.equal((await fake.call()).question, "Why?");
  await tab.stands();
  assert.equal(await tab.composer.inputValue(), "");
  await reader.leave();
});

stage()("a_draft_comes_back_before_what_is_typed_meanwhile", async ({ askd, reader }) => {
  // A service worker would bring the page.
  await reader.context.route("**/sw.js", (route) => route.abort());
  const tab = await reader.open(askd.url);
  await tab.stands();
  await tab.composer.fill("A draft");
  const come = await hold(reader);
  await tab.page.reload();
  await tab.page.locator("#first textarea:focus").waitFor();
  await tab.page.keyboard.type("more");
  come();
  await tab.stands();
  assert.equal(await tab.composer.inputValue(), "A draft\nmore");
  await reader.leave({ away: true });
});

stage()("where_the_page_does_not_come_what_was_typed_stays", async ({ askd, reader }) => {
  await reader.context.route(MAIN, (route) => route.fulfill({ status: 404, body: "" }));
  const tab = await reader.open(askd.url);
  await tab.page.getByText("This page takes long to start.").waitFor();
  await tab.page.keyboard.type("Not lost");
  assert.equal(await tab.page.locator("#first textarea").inputValue(), "Not lost");
  await sound(tab, "a page that did not come");
  await reader.leave({ away: true });
});
