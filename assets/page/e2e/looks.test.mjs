// How the page stands in every size and scheme: axe finds nothing, nothing scrolls sideways, and every control is large
// enough.

import assert from "node:assert/strict";

import { sound } from "./sound.mjs";
import { PHONE, stage } from "./stage.mjs";

const ANSWER = `## A heading

Some *words* with \`code\`, a [link](https://example.org/) and ${"averylongword".repeat(12)}.

1. one
   - nested
2. two

\`\`\`rust
fn main() { println!("{}", "a line that is longer than any telephone is wide, by far, and then some more of it"); }
\`\`\`

| a column | another column | a third column | and a fourth column | and the last one |
|---|---|---|---|---|
| ${"cell ".repeat(5)} | ${"cell ".repeat(5)} | 3 | 4 | 5 |

> A quotation.

> [!WARNING]
> Mind the step[^1], and the *door*.

[^1]: It is high.

Euler found $e^{i\\pi} + 1 = 0$, and this is wider than a telephone:

$$
\\int_0^\\infty \\frac{x^{3}}{e^{x}-1}\\,dx = \\sum_{n=1}^{\\infty} \\int_0^\\infty x^{3} e^{-nx}\\,dx = 6 \\sum_{n=1}^{\\infty} \\frac{1}{n^{4}} = \\frac{\\pi^{4}}{15} \\approx 6.4939394
$$

### A part of it

Words.

### Another, *longer* one

Words.

## The end

\\[\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}\\]
`;

/** What is smaller than a finger, or without one than a mouse needs. A link among words is as high as they are. */
function small(tab) {
  return tab.page.evaluate(() => {
    const least = matchMedia("(pointer: coarse)").matches ? 44 : 24;
    return [
      ...document.querySelectorAll(
        "button:not(.cite, .to-footnote), a:not(.markdown a), input, select, summary, textarea",
      ),
    ]
      .map((control) => ({ control, box: control.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && Math.min(box.width, box.height) < least - 0.1)
      .map(({ control, box }) => `${control.ariaLabel ?? control.textContent.trim()}: ${box.width} x ${box.height}`);
  });
}

/** Where pictures of each state are kept, if they are wanted; then the widths are those that the pictures are wanted at. */
const shots = process.env.ASKD_SHOTS;
const WIDTHS = shots ? [390, 820, 1280, 1440] : [2560, 1280, 820, 390, 320];

async function check(tab, state) {
  if (shots) {
    const { width } = tab.page.viewportSize();
    const scheme = await tab.page.evaluate(() =>
      matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
    );
    await tab.page.screenshot({
      path: `${shots}/${state.replaceAll(" ", "-")}-${width}-${scheme}.png`,
      animations: "disabled",
    });
  }
  assert.deepEqual(await small(tab), [], state);
  await sound(tab, state);
}

const phone = { screen: { ...PHONE, viewport: { width: 390, height: 860 } }, models: ["small", "large"] };

stage(phone)("nothing_is_found_while_the_server_is_away_and_when_it_is_back", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.ask("Count.");
  (await fake.call()).say("one ");
  await tab.reads("one");
  await askd.kill();
  await tab.page.getByText(/Reconnecting/).waitFor();
  await check(tab, "away");
  await askd.start();
  await tab.says(/^Interrupted/);
  await check(tab, "interrupted");
  await tab.page.goto(`${askd.url}/c/01900000-0000-7000-8000-000000000000`);
  await tab.page.getByRole("heading", { name: "There is no such conversation" }).waitFor();
  await check(tab, "unknown");
  await reader.leave({ away: true });
});

for (const width of WIDTHS) {
  for (const colorScheme of ["light", "dark"]) {
    const screen = { ...(width < 1024 && PHONE), viewport: { width, height: 860 }, colorScheme };
    stage({ screen })(`nothing_is_found_at_${width}_${colorScheme}`, async ({ fake, askd, reader }) => {
      const tab = await reader.open(askd.url);
      await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
      await check(tab, "welcome");
      await tab.ask("Show me everything, please.");
      const call = await fake.call();
      call.think("Everything, then.");
      call.say(ANSWER.slice(0, 400));
      await tab.says("Answering");
      await check(tab, "streaming");
      call.say(ANSWER.slice(400));
      await tab.answer.locator("math").nth(2).waitFor();
      await check(tab, "streaming further");
      await tab.page.getByRole("button", { name: "Jump to the end" }).click();
      await check(tab, "streaming at the end");
      await tab.ask("And then?");
      await tab.says(/^In line behind the answer above/);
      await check(tab, "in line");
      await tab.page.keyboard.press("Escape");
      await tab.page.getByText(/^In line behind/).waitFor({ state: "detached" });
      assert.equal(await tab.composer.inputValue(), "And then?");
      await tab.composer.fill("");
      call.finish();
      await tab.finished();
      await tab.answer.getByText("The model's thinking").click();
      await check(tab, "finished");
      await tab.page.getByRole("button", { name: "Contents" }).click();
      await check(tab, "contents");
      await tab.page.getByRole("button", { name: "A part of it" }).click();
      await tab.answer.getByRole("heading", { name: "A part of it" }).and(tab.page.locator(":focus")).waitFor();
      await tab.ask("And now fail.");
      (await fake.call()).refuse(500, "nothing works");
      await tab.page.getByRole("button", { name: "Retry" }).waitFor();
      await check(tab, "failed");
      await tab.page.getByRole("button", { name: "Retry" }).click();
      const retried = await fake.call();
      retried.say("Better.");
      retried.finish();
      await tab.finished();
      await tab.page.getByText("2/2").waitFor();
      await tab.page.getByRole("button", { name: "Edit this question" }).last().click();
      await check(tab, "branches and an edited question");
      await tab.page.getByRole("button", { name: "Cancel" }).click();
      const sidebar = await tab.sidebar();
      await sidebar.getByRole("link").first().waitFor();
      await check(tab, "sidebar");
      await sidebar
        .getByRole("button", { name: /^Actions for “/ })
        .first()
        .click();
      await sidebar.getByRole("button", { name: "Rename" }).waitFor();
      await check(tab, "menu");
      await tab.page.keyboard.press("Escape");
      await sidebar.getByRole("searchbox").fill("everything");
      await sidebar.locator("mark").first().waitFor();
      await check(tab, "search");
      await sidebar.getByRole("searchbox").fill("");
      await sidebar
        .getByRole("button", { name: /^Actions for “/ })
        .first()
        .click();
      await sidebar.getByRole("button", { name: "Delete" }).click();
      await tab.page.getByRole("button", { name: "Undo" }).waitFor();
      await check(tab, "notice");
      await (await tab.sidebar()).getByRole("button", { name: "Actions for all conversations" }).click();
      await tab.page.getByRole("button", { name: "Keyboard shortcuts" }).click();
      await tab.page.getByRole("dialog", { name: "Keyboard" }).waitFor();
      await check(tab, "keyboard");
      await tab.page.keyboard.press("Escape");
      await tab.page.getByRole("dialog", { name: "Keyboard" }).waitFor({ state: "hidden" });
      await reader.leave();
    });
  }
}
