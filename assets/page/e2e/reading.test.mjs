// What a reader does with an answer that still grows stays done: what is selected, pressed and moved to the side.

import assert from "node:assert/strict";

import { PHONE, stage } from "./stage.mjs";

/** Where pictures are kept, if they are wanted. */
const shots = process.env.ASKD_SHOTS;
const shot = (tab, name) => shots && tab.page.screenshot({ path: `${shots}/${name}.png`, animations: "disabled" });

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

/** Many blocks of each kind, some of which are made once more when colours and formulas have come. */
const LONG = Array.from(
  { length: 40 },
  (_, n) =>
    `## Part ${n}\n\nWords of part ${n}, ${"and more of them, ".repeat(12)}.\n\n- one\n- two\n\n\`\`\`js\nlet part = ${n};\n\`\`\`\n\n` +
    `| a | b |\n|---|---|\n| ${n} | c |\n\n$$\n\\frac{${n}}{\\sqrt{x}}\n$$\n`,
).join("\n");

async function askLong(tab, fake, text = LONG) {
  await tab.ask("Tell me.");
  const call = await fake.call();
  call.say(...text.match(/[^]{1,400}/g));
  return call;
}

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

/** All of an answer rests, as it was laid out; what is out of view is passed over. */
async function rests(tab) {
  await tab.page.waitForFunction(() => {
    const parts = [...document.querySelectorAll(".part")];
    const passed = parts.filter((part) => !part.firstChild.checkVisibility({ contentVisibilityAuto: true }));
    return passed.length >= 5 && parts.every((part) => part.matches(".resting")) && document.querySelector("math");
  });
}

for (const when of ["streamed", "loaded"]) {
  stage()(`a_long_answer_that_was_${when}_is_passed_over_out_of_view_and_nothing_moves`, async (scene) => {
    const { fake, askd, reader } = scene;
    const tab = await reader.open(askd.url);
    const { page } = tab;
    (await askLong(tab, fake)).finish();
    await tab.finished();
    if (when === "loaded") {
      await page.reload();
      await tab.finished();
    }
    await rests(tab);
    assert.equal(await height(tab), await laidOut(tab));
    // All of it is there for who looks for it, selects it or goes there.
    assert.ok(await page.evaluate(() => find("Words of part 17", false, false, true)));
    await page.evaluate(() => getSelection().selectAllChildren(document.querySelector(".answer .markdown")));
    assert.match(await page.evaluate(() => getSelection().toString()), /Words of part 3,[^]*Words of part 28,/);
    await tab.answer.locator(".foot").getByRole("button", { name: "Contents" }).click();
    await tab.answer.getByRole("navigation").getByRole("button", { name: "Part 12" }).click();
    const heading = tab.text.getByRole("heading", { name: "Part 12" });
    const { y } = await heading.boundingBox();
    assert.ok(y > 0 && y < 200, `${y}`);
    assert.equal(await height(tab), await laidOut(tab));
    await reader.leave();
  });
}

for (const screen of [{}, PHONE]) {
  const where = screen === PHONE ? "in_a_hand" : "on_a_desk";
  stage({ screen })(`the_contents_are_offered_where_an_answer_begins_while_it_grows_${where}`, async (scene) => {
    const { fake, askd, reader } = scene;
    const tab = await reader.open(askd.url);
    await tab.ask("Tell me all.");
    const call = await fake.call();
    const part = (n) => `## Part ${n}\n\n${"Words of it, and more. ".repeat(20)}\n\n`;
    call.say(part(1), part(2), part(3));
    await tab.text.getByRole("heading", { name: "Part 3" }).waitFor();
    const head = tab.answer.locator(".head").getByRole("button", { name: "Contents" });
    assert.equal(await head.count(), 0, "a short answer has none");
    const first = tab.text.getByRole("heading", { name: "Part 1", exact: true });
    const offset = () => first.evaluate((one) => one.getBoundingClientRect().top + scrollY);
    const before = await offset();
    call.say(part(4), part(5), part(6));
    await head.waitFor();
    assert.equal(await offset(), before, "nothing makes way for it");
    await shot(tab, `contents-offered-${where}`);
    // It stands in nobody's way.
    await head.click();
    const contents = tab.answer.getByRole("navigation", { name: "Contents of the answer" });
    assert.equal(await contents.getByRole("button").count(), 6);
    await shot(tab, `contents-${where}`);
    call.say(part(7));
    await contents.getByRole("button", { name: "Part 7" }).waitFor();
    await contents.getByRole("button", { name: "Part 4" }).click();
    const { y } = await tab.text.getByRole("heading", { name: "Part 4" }).boundingBox();
    assert.ok(y > 0 && y < 200, `${y}`);
    call.finish();
    await tab.finished();
    await head.click();
    await contents.waitFor({ state: "detached" });
    await reader.leave();
  });
}

/** Where the heading of a part is in the view. */
const at = (tab, part) =>
  tab.text
    .getByRole("heading", { name: `Part ${part}`, exact: true })
    .evaluate((one) => one.getBoundingClientRect().top);

const goTo = (tab, part) =>
  tab.text
    .getByRole("heading", { name: `Part ${part}`, exact: true })
    .evaluate((one) => scrollBy({ top: one.getBoundingClientRect().top - 150, behavior: "instant" }));

/** Waits until the heading stands there, and stays. */
async function stands(tab, part, top) {
  await tab.page.waitForFunction(
    ([words, top]) => {
      const one = [...document.querySelectorAll("h4")].find(({ textContent }) => textContent === words);
      return one && Math.abs(one.getBoundingClientRect().top - top) < 30;
    },
    [`Part ${part}`, top],
  );
  for (let n = 0; n < 4; n += 1) await tab.settled();
  const now = await at(tab, part);
  assert.ok(Math.abs(now - top) < 30, `part ${part} was at ${top} and is at ${now}`);
}

stage()("with_another_width_the_same_words_stay_in_view", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const { page } = tab;
  (await askLong(tab, fake)).finish();
  await tab.finished();
  await rests(tab);
  for (const [part, width] of [
    [20, 900],
    [30, 390],
    [10, 1280],
    [5, 600],
  ]) {
    await goTo(tab, part);
    await tab.settled();
    const top = await at(tab, part);
    await page.setViewportSize({ width, height: 800 });
    await stands(tab, part, top);
  }
  await rests(tab);
  await tab.settled();
  assert.equal(await height(tab), await laidOut(tab));
  await reader.leave();
});

stage()("a_reload_leaves_a_reader_where_they_were", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const { page } = tab;
  const call = await askLong(tab, fake);
  await tab.text.getByText("Words of part 39").waitFor();
  for (const over of [false, true]) {
    if (over) {
      call.finish();
      await tab.finished();
    }
    await goTo(tab, 20);
    await tab.settled();
    const top = await at(tab, 20);
    await page.reload();
    await stands(tab, 20, top);
  }
  // Who was at the end is there.
  await tab.jump.click();
  await tab.jump.waitFor({ state: "detached" });
  await page.reload();
  await tab.finished();
  await tab.restsAtTheEnd();
  await tab.jump.waitFor({ state: "detached" });
  // A conversation that is opened begins with its newest question.
  const [address] = [page.url()];
  await page.goto(askd.url);
  await page.goto(address);
  await tab.jump.waitFor();
  await reader.leave();
});

stage()("who_comes_back_to_a_conversation_is_where_they_were", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const { page } = tab;
  const call = await askLong(tab, fake);
  await tab.text.getByText("Words of part 39").waitFor();
  call.finish();
  await tab.finished();
  await goTo(tab, 20);
  await tab.settled();
  const top = await at(tab, 20);
  await page.getByRole("button", { name: "New conversation" }).click();
  await tab.hears(fake, "Another one?", "Yes.");
  await page.goBack();
  await page.goBack();
  await stands(tab, 20, top);
  await page.goForward();
  await page.goForward();
  await tab.reads("Yes.");
  await page.goBack();
  await page.goBack();
  await stands(tab, 20, top);
  // Opened from the list it begins with its newest question.
  await page.getByRole("link", { name: "Another one?" }).click();
  await tab.reads("Yes.");
  await page.getByRole("navigation").getByRole("link").last().click();
  await tab.jump.waitFor();
  assert.ok((await at(tab, 20)) > 860, "the twentieth part is far below");
  // Chromium complains of connections that were given up while they were being made.
  await reader.leave({ away: true });
});

stage({ screen: { viewport: { width: 390, height: 800 } } })(
  "nothing_of_an_answer_is_cut_at_its_side",
  async (scene) => {
    const { fake, askd, reader } = scene;
    const tab = await reader.open(askd.url);
    const { page } = tab;
    const sum = Array.from({ length: 40 }, (_, n) => `x_{${n}}`).join(" + ");
    await tab.hears(
      fake,
      "Count.",
      `100. one hundred\n101. next\n\nso\n\n1000000. a million\n\nThe sum $${sum}$ is long.`,
    );
    await page.waitForFunction(() => document.querySelector("math") && !document.querySelector(".part:not(.resting)"));
    const lists = await tab.text.locator("ol").evaluateAll((all) =>
      all.map((list) => {
        const { paddingInlineStart, fontSize } = getComputedStyle(list);
        const digits = String(list.start + list.children.length - 1).length;
        // A digit is wider than half a letter.
        return Number.parseFloat(paddingInlineStart) - (digits + 1) * Number.parseFloat(fontSize) * 0.5;
      }),
    );
    assert.equal(lists.length, 2);
    for (const room of lists) assert.ok(room >= 0, `${lists}`);
    const formula = page.getByRole("group", { name: "Formula" });
    const { scrolled, wide } = await formula.evaluate((one) => {
      one.scrollLeft = 10_000;
      return { scrolled: one.scrollLeft, wide: one.scrollWidth - one.clientWidth };
    });
    assert.ok(wide > 100 && Math.abs(scrolled - wide) < 2, `${scrolled} of ${wide}`);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
    await reader.leave();
  },
);

stage({ screen: { viewport: { width: 390, height: 600 } } })(
  "a_footnote_far_below_leads_back_to_the_mark_that_it_was_come_to_by",
  async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const { page } = tab;
    await tab.hears(
      fake,
      "Is it so?",
      `It is[^why].\n\n${"Words.\n\n".repeat(60)}[^why]: They say so.\n\n    And on.\n`,
    );
    const mark = tab.text.getByRole("button", { name: "Footnote 1", exact: true });
    const note = tab.text.getByRole("note");
    await mark.focus();
    await page.keyboard.press("Enter");
    assert.ok(await note.evaluate((note) => note === document.activeElement));
    const [first, second] = await note.getByRole("paragraph").all();
    assert.ok((await second.boundingBox()).y >= (await first.boundingBox()).y + (await first.boundingBox()).height + 4);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.ok(await mark.evaluate((mark) => mark === document.activeElement));
    const { y } = await mark.boundingBox();
    assert.ok(y > 0 && y < 600, `${y}`);
    await reader.leave();
  },
);

stage()("fenced_mathematics_are_code_until_they_are_whole_and_a_formula_then", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Tell me.");
  const call = await fake.call();
  call.say("So it is:\n\n```math\n\\frac{a}{b}\n");
  await tab.text.locator(".code-box").waitFor();
  assert.equal(await tab.text.locator(".formula").count(), 0);
  call.say("```\n\nor $$\na \\\\\n+ b\n$$ it is.");
  call.finish();
  await tab.finished();
  await tab.text.locator(".formula-block math").nth(1).waitFor();
  assert.equal(await tab.text.locator(".code-box, li").count(), 0);
  await reader.leave();
});

// By a font that was made for formulas; one of those that markdown.css names must be installed.
stage()("an_index_is_below_the_line_and_a_root_over_all_that_it_is_of", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.hears(fake, "Set it.", "$a_n$ and $$\\sqrt{\\frac{a}{b}}$$");
  await tab.text.locator("msqrt").waitFor();
  const { below, over } = await tab.text.evaluate((text) => {
    const box = (name) => text.querySelector(name).getBoundingClientRect();
    return {
      below: box("msub > :last-child").bottom - box("msub > :first-child").bottom,
      over: box("msqrt").height - box("mfrac").height,
    };
  });
  assert.ok(below > 2 && over > 2, `${below} below, ${over} over`);
  await reader.leave();
});
