// A conversation on paper: its words and where they are from, and nothing to be pressed.

import assert from "node:assert/strict";

import { stage } from "./stage.mjs";

const animals = ["walrus", "seal", "otter", "heron", "eider"];
const documents = Object.fromEntries(
  animals.map((name) => [`zoo/${name}.md`, `# The ${name}\n\nThe ${name} is fed.\n`]),
);

const ANSWER = `They are [1], see [the plan](https://example.org/plan).

${"They are fed, each in its turn, and nobody goes without.\n\n".repeat(40)}
\`\`\`python
print("a line that is much longer than any paper is wide, and that has therefore to be broken before it is printed on it")
\`\`\`

| Month | a | b | c | d | e | f | g | h | i | j | Region |
|---|---|---|---|---|---|---|---|---|---|---|---|
| September | 10 | 20 | 30 | 40 | 50 | 60 | 70 | 80 | 90 | 100 | Northern |

<details><summary>More</summary>

What was folded.

</details>
`;

stage({ documents, knowledge: "min_score = 0\npassages = 6" })(
  "a_conversation_prints_as_a_document",
  async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const { page, answer } = tab;
    await askd.indexed("zoo/eider.md");
    await tab.ask("Who is fed?");
    const call = await fake.call();
    call.think("All of them.");
    call.say(ANSWER);
    call.finish();
    await tab.finished();
    assert.equal(await answer.locator("[data-source]").count(), 0);
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    assert.ok(await page.evaluate(() => scrollY > 100), "it is scrolled");
    await page.emulateMedia({ media: "print" });
    await answer.locator("[data-source]").nth(4).waitFor();
    for (const unprinted of [
      page.getByRole("navigation"),
      tab.composer,
      answer.locator(":scope > details > summary"),
      page.getByRole("banner").getByRole("button"),
    ])
      for (const one of await unprinted.all()) assert.equal(await one.isVisible(), false, `${unprinted}`);
    const buttons = await page.locator("button:visible").evaluateAll((all) => all.map((button) => button.className));
    // A citation's number is a word of the answer.
    assert.deepEqual(buttons, ["cite"]);
    const behind = (link) => getComputedStyle(link, "::after").content;
    assert.match(
      await tab.text.getByRole("link", { name: "the plan" }).evaluate(behind),
      /https:\/\/example\.org\/plan/,
    );
    const places = await answer
      .locator(".links a")
      .evaluateAll((all) => all.map((a) => getComputedStyle(a, "::after").content));
    assert.deepEqual(places.sort(), animals.map((name) => `"zoo/${name}.md"`).sort());
    const cut = await answer.locator("pre").evaluate((pre) => pre.scrollWidth - pre.clientWidth);
    assert.ok(cut <= 0, "code is broken, not cut off");
    assert.ok(await answer.getByText("What was folded.").isVisible());
    await page.setViewportSize({ width: 680, height: 860 });
    const table = await tab.text.locator("table").evaluate((table) => ({
      over: table.getBoundingClientRect().right - table.parentElement.getBoundingClientRect().right,
      lines:
        Math.max(...[...table.rows[1].cells].map((cell) => cell.offsetHeight)) /
        parseFloat(getComputedStyle(table).lineHeight),
    }));
    assert.ok(table.over <= 0 && table.lines < 2, `no word is broken: ${JSON.stringify(table)}`);
    const room = await page.evaluate(() =>
      [".page", "main", ".answer .foot"].map((part) => {
        const { minHeight, paddingBottom, marginTop } = getComputedStyle(document.querySelector(part));
        return [minHeight, paddingBottom, marginTop].map(parseFloat).map((size) => size || 0);
      }),
    );
    assert.deepEqual(
      room,
      [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
      "nothing stands behind the last words",
    );
    const ground = page.getByRole("heading", { name: "Who is fed?" });
    assert.equal(await ground.evaluate((question) => getComputedStyle(question).borderTopStyle), "solid");
    await page.setViewportSize({ width: 1280, height: 860 });
    const { bottom, top } = await page.evaluate(() => ({
      bottom: document.querySelector("header").getBoundingClientRect().bottom,
      top: document.querySelector("article").getBoundingClientRect().top,
    }));
    assert.ok(bottom <= top, "the title stands above the conversation, however far that was scrolled");
    await page.emulateMedia({ media: "screen" });
    await answer.locator(".chip").nth(4).waitFor();
    assert.equal(await answer.locator("[data-source]").count(), 0);
    await reader.leave();
  },
);

const SUM = Array.from({ length: 40 }, (_, n) => `a_{${n}} x^{${n}}`).join(" + ");

stage()("on_paper_a_long_formula_is_as_small_as_it_must_be_and_not_cut_off", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const { page, text } = tab;
  await tab.hears(fake, "A polynomial?", `Short: $$a + b$$\n\n$$${SUM}$$\n\nIn words, $${SUM}$ it is.\n`);
  await text.locator("math").nth(2).waitFor();
  await page.setViewportSize({ width: 680, height: 860 });
  await page.pdf();
  await page.emulateMedia({ media: "print" });
  const formulas = await text.locator(".formula").evaluateAll((boxes) =>
    boxes.map((box) => {
      const { right } = box.closest(".markdown").getBoundingClientRect();
      const math = box.querySelector("math");
      const over =
        Math.max(...[...math.querySelectorAll("*")].map((part) => part.getBoundingClientRect().right)) - right;
      return { over: Math.round(over), size: parseFloat(getComputedStyle(math).fontSize) };
    }),
  );
  assert.deepEqual(
    formulas.map(({ over }) => over > 0),
    [false, false, false],
    JSON.stringify(formulas),
  );
  const [short, ...long] = formulas.map(({ size }) => size);
  assert.ok(
    long.every((size) => size < short),
    JSON.stringify(formulas),
  );
  await reader.leave();
});
