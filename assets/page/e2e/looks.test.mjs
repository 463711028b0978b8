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

    - And steep.

- [ ] <a href="https://example.org/">open</a>
- [x] done
- none

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

/** Where pictures of each state are kept, if they are wanted. */
const shots = process.env.ASKD_SHOTS;

/** Each state is brought about once on a desk and once in a hand, and then looked at in all sizes of its kind. */
const KINDS = {
  desk: { screen: {}, widths: shots ? [1440, 1280] : [2560, 1280] },
  hand: { screen: { ...PHONE, viewport: { width: 820, height: 860 } }, widths: [820, 390, 320] },
};

/**
 * Looks at a state in each width and scheme; the dark colours do not hang on the width, so they are read in one of them.
 * `again`: brings about what goes when the width changes.
 */
async function check(tab, kind, state, again = async () => {}) {
  const { page } = tab;
  for (const width of KINDS[kind].widths) {
    await page.setViewportSize({ width, height: 860 });
    await tab.settled();
    await again();
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const name = `${state} at ${width}, ${colorScheme}`;
      if (shots) {
        const path = `${shots}/${state.replaceAll(" ", "-")}-${width}-${colorScheme}.png`;
        await page.screenshot({ path, animations: "disabled" });
      }
      if (colorScheme === "light") {
        assert.deepEqual(await small(tab), [], name);
        await sound(tab, name);
      } else if (width === KINDS[kind].widths.at(-1)) await sound(tab, name, true);
    }
  }
  await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
  await sound(tab, `${state} in forced colours`, true);
  await page.emulateMedia({ forcedColors: "none" });
}

/** Where the words of each item begin, and how far before them its box stands. */
function items(tab) {
  return tab.page.evaluate(() => {
    const startOf = (node) => {
      const range = document.createRange();
      range.selectNodeContents(node);
      const { left, right } = range.getClientRects()[0];
      return getComputedStyle(document.querySelector(".answer ul")).direction === "rtl" ? -right : left;
    };
    const words = (item) => [...item.querySelectorAll("*"), item].flatMap(({ childNodes }) => [...childNodes]);
    return [...document.querySelectorAll(".answer ul > li")].map((item) => {
      const check = item.querySelector(":scope > .check, :scope > p > .check");
      const text = words(item).find((node) => node instanceof Text && /\p{L}/u.test(node.data));
      return { words: Math.round(startOf(text)), ahead: check && startOf(text) - startOf(check) };
    });
  });
}

for (const [how, list] of [
  ["tight", "- [ ] open\n- bullet\n- [x] done"],
  ["loose", "- [ ] open\n\n- bullet\n\n- [x] done"],
  ["right_to_left", "- [ ] שלום\n- עולם\n- [x] עולם"],
])
  stage()(`a_task_stands_as_far_in_as_the_bullets_beside_it_in_a_${how}_list`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.hears(fake, "What is to be done?", list);
    const found = await items(tab);
    assert.equal(new Set(found.map(({ words }) => words)).size, 1, JSON.stringify(found));
    for (const { ahead } of [found[0], found[2]]) assert.ok(ahead > 12, `${ahead}`);
    await reader.leave();
  });

/** Of each item, how far its words and its box begin from its list's side, and whether they go beyond what shows them. */
function sides(tab) {
  return tab.text.evaluate((text) => {
    const bounds = text.querySelector(".part").getBoundingClientRect();
    return [...text.querySelectorAll("li")].map((item) => {
      const range = document.createRange();
      range.selectNodeContents(item);
      const { left, right } = range.getBoundingClientRect();
      const list = item.parentElement.getBoundingClientRect();
      return {
        from: Math.round(item.parentElement.dir === "rtl" ? list.right - right : left - list.left),
        isWhole: left >= bounds.left && right <= bounds.right,
      };
    });
  });
}

for (const [list, from] of [
  ["1. قاعدة البيانات\n2. **HTML**: لغة توصيف النص\n3. CSS: لغة الأنماط\n4. جافاسكربت", 20],
  ["- العنصر\n\n- React مكتبة\n\n  Two words\n\n- عربي", 20],
  ["- [x] إطار عمل\n- [x] Vue إطار عمل", 0],
  ["- [x] إطار عمل\n\n- [ ] Vue إطار عمل", 0],
  ["- First\n- شيء بالعربية\n- Third", 20],
  ["- [ ] First\n- [x] شيء بالعربية", 0],
])
  stage()(`each_item_of_${JSON.stringify(list)}_stands_at_its_lists_side`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.hears(fake, "What is to be done?", list);
    const found = await sides(tab);
    assert.ok(found.length > 1);
    for (const item of found) {
      assert.ok(Math.abs(item.from - from) < 8, `${item.from} from the side`);
      assert.ok(item.isWhole);
    }
    await reader.leave();
  });

for (const [kind, { screen }] of Object.entries(KINDS)) {
  const options = { screen, models: ["small", "large"] };
  const here = `on_a_${kind}`.replace("on_a_hand", "in_a_hand");

  stage(options)(`nothing_is_found_while_the_server_is_away_${here}`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const { page } = tab;
    const look = (state) => check(tab, kind, state);
    await tab.ask("Count.");
    (await fake.call()).say("one ");
    await tab.reads("one");
    await askd.kill();
    await page.getByText(/Reconnecting/).waitFor();
    await look("away");
    await askd.start();
    await tab.says(/^Interrupted/);
    await look("interrupted");
    // What is deleted elsewhere is gone here.
    await page.evaluate(async () => {
      const { pathname } = location;
      await fetch(`/api/v1/conversations${pathname.slice(2)}`, { method: "DELETE" });
    });
    await page.getByRole("heading", { name: "The server no longer has this conversation" }).waitFor();
    await look("gone");
    await page.goto(`${askd.url}/c/01900000-0000-7000-8000-000000000000`);
    await page.getByRole("heading", { name: "There is no such conversation" }).waitFor();
    await look("unknown");
    let go;
    const held = new Promise((next) => (go = next));
    await page.route("**/api/v1/conversations/*", async (route) => {
      await held;
      await route.abort();
    });
    await page.reload();
    await page.getByText("Loading the conversation").waitFor();
    await look("loading");
    go();
    await reader.leave({ away: true });
  });

  stage(options)(`nothing_is_found_in_a_conversation_${here}`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const { page } = tab;
    const look = (state) => check(tab, kind, state);
    await page.getByRole("heading", { name: "Ask the test" }).waitFor();
    await look("welcome");
    await tab.ask("Show me everything, please.");
    const call = await fake.call();
    await tab.says(/^Waiting for the first word/);
    await look("waiting");
    call.think("Everything, then.");
    await tab.says("Thinking");
    await look("thinking");
    call.say(ANSWER.slice(0, 400));
    await tab.says("Answering");
    await look("writing");
    call.say(ANSWER.slice(400));
    await tab.answer.locator("math").nth(2).waitFor();
    await look("writing further");
    await tab.jump.click();
    await look("writing at the end");
    await tab.ask("And then?");
    await tab.says(/^In line behind the answer above/);
    await look("in line");
    await page.getByRole("button", { name: "Take back" }).click();
    await page.getByText(/^In line behind/).waitFor({ state: "detached" });
    assert.equal(await tab.composer.inputValue(), "And then?");
    await tab.composer.fill("");
    call.finish();
    await tab.finished();
    await tab.answer.getByText("The model's thinking").click();
    await look("finished");
    await tab.answer.locator(".foot").getByRole("button", { name: "Contents" }).click();
    await tab.answer.getByRole("button", { name: "Details" }).click();
    await look("contents and details");
    await page.getByRole("button", { name: "A part of it" }).click();
    await tab.answer.getByRole("heading", { name: "A part of it" }).and(page.locator(":focus")).waitFor();
    await tab.ask("And now fail.");
    (await fake.call()).refuse(500, "nothing works");
    await page.getByRole("button", { name: "Retry" }).waitFor();
    await look("failed");
    await page.getByRole("button", { name: "Retry" }).click();
    const cut = await fake.call();
    cut.say("Better, but");
    cut.finish("length");
    await tab.says(/^Cut off/);
    await page.getByText("2/2").waitFor();
    await look("cut off and versions");
    await tab.answer.getByRole("button", { name: "Regenerate" }).click();
    (await fake.call()).say("Better.");
    await tab.reads("Better.");
    await page.getByRole("button", { name: "Stop" }).click();
    await tab.says("Stopped by you.");
    await look("stopped");
    await page.getByRole("button", { name: "Edit this question" }).last().click();
    await look("an edited question");
    await page.getByRole("button", { name: "Cancel" }).click();
    await reader.leave();
  });

  stage(options)(`nothing_is_found_among_the_conversations_${here}`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const { page } = tab;
    await tab.hears(fake, "Show me everything, please.", "Everything.");
    const sidebar = await tab.sidebar();
    await sidebar.getByRole("link").first().waitFor();
    const look = (state, again) => check(tab, kind, state, again);
    const dots = sidebar.getByRole("button", { name: /^Actions for “/ }).first();
    await look("sidebar");
    const rename = sidebar.getByRole("button", { name: "Rename" });
    // A menu whose button has moved has closed by itself.
    const open = async () => {
      if (await rename.isVisible()) return;
      await dots.click();
      await rename.waitFor();
    };
    await look("menu", open);
    await open();
    await rename.click();
    await sidebar.getByRole("textbox", { name: "Title" }).waitFor();
    await look("renaming");
    await page.keyboard.press("Escape");
    await sidebar.getByRole("searchbox").fill("everything");
    await sidebar.locator("mark").first().waitFor();
    await look("search");
    await sidebar.getByRole("searchbox").fill("nothing of the kind");
    await sidebar.getByText("Nothing found.").waitFor();
    await look("search for nothing");
    await sidebar.getByRole("searchbox").fill("");
    await dots.click();
    await sidebar.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Undo" }).waitFor();
    await look("notice", () => page.getByRole("button", { name: "Undo" }).hover());
    await (await tab.sidebar()).getByRole("button", { name: "Actions for all conversations" }).click();
    await page.getByRole("button", { name: "Keyboard shortcuts" }).click();
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await look("keyboard");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor({ state: "hidden" });
    await reader.leave();
  });

  stage(options)(`nothing_is_found_while_a_question_is_written_${here}`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const { page } = tab;
    const look = (state, again) => check(tab, kind, state, again);
    await page.locator("input[type=file][multiple]").setInputFiles([
      {
        name: "a plan with a long name, as plans have them.md",
        mimeType: "text/markdown",
        buffer: Buffer.from("# A plan"),
      },
      { name: "figures.csv", mimeType: "text/csv", buffer: Buffer.from("a,b\n1,2\n") },
    ]);
    await page.getByRole("list", { name: "Attached" }).getByText("figures.csv").waitFor();
    await tab.composer.fill("What do they say?\n\nIn a line or two.");
    await look("attached");
    await tab.send();
    (await fake.call()).finish("stop");
    await tab.says("The model ended without a word.");
    await look("attached and asked");
    const panel = page.getByRole("dialog", { name: "How to answer" });
    // Like a menu, it closes when its button moves.
    await look("how to answer", async () => {
      if (await panel.isVisible()) return;
      await page.getByRole("button", { name: "How to answer" }).click();
      await panel.waitFor();
    });
    await page.keyboard.press("Escape");
    await tab.composer.fill("/");
    await page.getByRole("listbox", { name: "Suggestions" }).waitFor();
    await look("offers", () => tab.composer.focus());
    await reader.leave();
  });

  const documents = {
    "tide.md": `# Tides\n\n## Spring tide\n\nAt spring tide the walrus swims.\n\n${"More of it. ".repeat(200)}\n`,
  };
  stage({ ...options, documents })(`nothing_is_found_in_sources_and_documents_${here}`, async (scene) => {
    const { fake, askd, reader } = scene;
    const tab = await reader.open(askd.url);
    await askd.indexed("tide.md");
    await tab.hears(fake, "Does the walrus swim?", "It swims at spring tide [1].");
    await tab.text.getByRole("button", { name: /^Source 1: / }).click();
    await check(tab, kind, "sources");
    await tab.answer
      .getByRole("link", { name: /^Read source 1/ })
      .first()
      .click();
    await tab.page
      .getByRole("dialog", { name: /^Document: / })
      .locator(".cited")
      .waitFor();
    await check(tab, kind, "document");
    await reader.leave();
  });
}
