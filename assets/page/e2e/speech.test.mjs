// What a screen reader is given to read while an answer comes: the texts of the live region, in their order.

import assert from "node:assert/strict";

import { stage } from "./stage.mjs";

const test = stage();

/** From here on, each text that the region has is kept as it comes. */
async function listen(tab) {
  await tab.composer.waitFor();
  await tab.page.evaluate(() => {
    const region = document.querySelector("#app > [role=status]");
    window.heard = [];
    new MutationObserver(() => window.heard.push(region.textContent)).observe(region, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  return {
    all: () => tab.page.evaluate(() => window.heard),
    until: (words) => tab.page.waitForFunction((words) => window.heard.join(" ").includes(words), words),
  };
}

test("an_answer_is_heard_in_whole_sentences_each_once_and_its_end_in_one_word", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const heard = await listen(tab);
  await tab.ask("How is the tide?");
  const call = await fake.call();
  await heard.until("Waiting for the first word");
  // By letters, as the fastest and the slowest models send them.
  call.say(..."The *tide* is high. It will");
  await heard.until("The tide is high.");
  call.say(..." fall.\n\n```js\nlet n = 1;\nlet m = 2;\n```\n\nThen it");
  await heard.until("It will fall. Code, 2 lines.");
  call.say(" rises");
  call.finish();
  await tab.finished();
  await heard.until("The answer is complete.");
  const texts = await heard.all();
  assert.deepEqual(texts.slice(texts.indexOf("Answering")), [
    "Answering",
    "The tide is high.",
    "It will fall. Code, 2 lines.",
    "Then it rises. The answer is complete.",
  ]);
  await tab.settled();
  assert.deepEqual(await heard.all(), texts);
  await reader.leave();
});

test("an_answer_that_was_stopped_is_heard_to_its_last_word_and_why_it_ended", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const heard = await listen(tab);
  await tab.ask("Go on for ever.");
  const call = await fake.call();
  call.say("On and on");
  await tab.reads("On and on");
  await tab.page.keyboard.press("Escape");
  await tab.says("Stopped by you.");
  await heard.until("On and on. Stopped by you.");
  assert.equal((await heard.all()).join(" ").split("On and on").length, 2);
  await reader.leave();
});
