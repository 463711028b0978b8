// What a reader does with an answer that still grows stays done: what is selected, pressed and moved to the side.

import assert from "node:assert/strict";

import { stage } from "./stage.mjs";

/** Selects the first `words` in the answer by their own letters. */
function select(tab, words) {
  return tab.page.evaluate((words) => {
    const walker = document.createTreeWalker(document.querySelector(".answer .markdown"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const at = walker.currentNode.data.indexOf(words);
      if (at >= 0)
        return getSelection().setBaseAndExtent(walker.currentNode, at, walker.currentNode, at + words.length);
    }
    throw new Error(`there is no ${words}`);
  }, words);
}

const selected = (tab) => tab.page.evaluate(() => getSelection().toString());

for (const [where, begin, words, ...pieces] of [
  ["a_paragraph", "The quick brown", "quick", " fox **jumps", " over** the `lazy", "` dog."],
  ["a_list", "- one\n- two words", "two words", " and\n", "\n- three\n", "  - four"],
  ["a_code_block", "```js\nlet first = 1;\nlet sec", "first", "ond = 2;\n", "// and on\n", "```\n"],
  ["words_that_become_strong", "So **it is wr", "it is", "itten** here", " and there."],
]) {
  stage()(`what_is_selected_in_${where}_that_grows_stays_selected`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.ask("Tell me.");
    const call = await fake.call();
    call.say(`Before.\n\n${begin}`);
    await tab.text.getByText(words).first().waitFor();
    await select(tab, words);
    for (const [n, piece] of pieces.entries()) {
      const length = (await tab.text.textContent()).length;
      call.say(piece, ` m${n}`);
      await tab.page.waitForFunction(
        (mark) => document.querySelector(".answer .markdown").textContent.includes(mark),
        `m${n}`,
      );
      assert.notEqual((await tab.text.textContent()).length, length);
      assert.equal(await selected(tab), words, `after ${piece}`);
    }
    call.finish();
    await tab.finished();
    assert.equal(await selected(tab), words);
    await reader.leave();
  });
}

stage()("code_that_grows_stays_wrapped_moved_and_focused", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Tell me.");
  const call = await fake.call();
  call.say(`\`\`\`js\nlet first = "${"long ".repeat(90)}";\nlet`);
  const pre = tab.text.locator("pre");
  await pre.waitFor();
  await pre.evaluate((pre) => (pre.scrollLeft = 120));
  const wrap = tab.text.getByRole("button", { name: "Wrap" });
  await wrap.focus();
  call.say(" second = 2;");
  await tab.text.getByText("second").waitFor();
  assert.equal(await pre.evaluate((pre) => pre.scrollLeft), 120);
  await tab.page.keyboard.press("Enter");
  call.say("\nlet third = 3;");
  await tab.text.getByText("third").waitFor();
  assert.equal(await wrap.getAttribute("aria-pressed"), "true");
  assert.equal(
    await pre.evaluate((pre) => getComputedStyle(pre).whiteSpaceCollapse + getComputedStyle(pre).textWrapMode),
    "preservewrap",
  );
  assert.ok(await wrap.evaluate((wrap) => wrap === document.activeElement));
  call.finish();
  await tab.finished();
  assert.ok(await wrap.evaluate((wrap) => wrap === document.activeElement));
  await reader.leave();
});

/** Many blocks of each kind, and which parts of them the browser passes over because they are out of view. */
const LONG = Array.from(
  { length: 30 },
  (_, n) =>
    `## Part ${n}\n\nWords of part ${n}, and more of them.\n\n- one\n- two\n\n\`\`\`js\nlet part = ${n};\n\`\`\`\n\n| a | b |\n|---|---|\n| ${n} | c |\n`,
).join("\n");

const height = (tab) => tab.page.evaluate(() => document.documentElement.scrollHeight);

/** How high the page is with all of it laid out. */
function laidOut(tab) {
  return tab.page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(".markdown .part.resting { content-visibility: visible }");
    document.adoptedStyleSheets = [sheet];
    const height = document.documentElement.scrollHeight;
    document.adoptedStyleSheets = [];
    return height;
  });
}

for (const when of ["streamed", "loaded"]) {
  stage()(`a_long_answer_that_was_${when}_is_passed_over_out_of_view_and_nothing_moves`, async (scene) => {
    const { fake, askd, reader } = scene;
    const tab = await reader.open(askd.url);
    const { page } = tab;
    await tab.ask("Tell me.");
    const call = await fake.call();
    call.say(...LONG.match(/[^]{1,400}/g));
    call.finish();
    await tab.finished();
    if (when === "loaded") {
      await page.reload();
      await tab.finished();
    }
    const before = await height(tab);
    await page.waitForFunction(() => {
      const parts = [...document.querySelectorAll(".part")];
      return parts.filter((part) => !part.firstChild.checkVisibility({ contentVisibilityAuto: true })).length >= 5;
    });
    assert.equal(await page.locator(".part:not(.resting)").count(), 0);
    assert.equal(await height(tab), before);
    assert.equal(await laidOut(tab), before);
    // All of it is there for who looks for it, selects it or goes there.
    assert.ok(await page.evaluate(() => find("Words of part 17", false, false, true)));
    await page.evaluate(() => getSelection().selectAllChildren(document.querySelector(".answer .markdown")));
    assert.match(await page.evaluate(() => getSelection().toString()), /Words of part 3,[^]*Words of part 28,/);
    await tab.answer.getByRole("button", { name: "Contents" }).click();
    await tab.answer.getByRole("navigation").getByRole("button", { name: "Part 12" }).click();
    const heading = tab.text.getByRole("heading", { name: "Part 12" });
    const { y } = await heading.boundingBox();
    assert.ok(y > 0 && y < 200, `${y}`);
    assert.equal(await height(tab), await laidOut(tab));
    await reader.leave();
  });
}
