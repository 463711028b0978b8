// The page in large letters, with more room between them, from right to left, in forced colours and without motion:
// nothing overflows, nothing is cut off, nothing moves.

import assert from "node:assert/strict";

import { sound } from "./sound.mjs";
import { PHONE, stage } from "./stage.mjs";

const ARABIC = `## المد والجزر

يسبح الفظ عند المد العالي، ثم يعود إلى الرصيف.

- أولاً
- ثانياً
  1. ثالثاً

> اقتباس

> [!NOTE]
> انتبه إلى الدرجة[^step].

[^step]: إنها عالية.

    وزلقة.

| اليوم | الارتفاع |
|---|---|
| الاثنين | 3 |

\`\`\`js
let n = 1;
\`\`\`

And a line in English.
`;

/** WCAG 1.4.12: what a reader may set without losing a word. */
const SPACING = `* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-block-end: 2em !important; }`;

/** Sets a style sheet of the reader's own, which no policy of the page's forbids. */
function style(tab, css) {
  return tab.page.evaluate((css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [sheet];
  }, css);
}

/** Words that are cut off by their own box; what ends in an ellipsis has all of them in its title or its name. */
function cut(tab) {
  return tab.page.evaluate(() =>
    [...document.querySelectorAll("#app *")]
      .filter((box) => [...box.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ""))
      .filter((box) => box.checkVisibility() && !box.closest(".visually-hidden, textarea, select"))
      .filter((box) => {
        const { overflowX, overflowY, textOverflow, webkitLineClamp } = getComputedStyle(box);
        const wide = ["hidden", "clip"].includes(overflowX) && box.scrollWidth > box.clientWidth + 1;
        const high = ["hidden", "clip"].includes(overflowY) && box.scrollHeight > box.clientHeight + 1;
        return (wide && textOverflow !== "ellipsis") || (high && webkitLineClamp === "none");
      })
      .map((box) => box.outerHTML.slice(0, 120)),
  );
}

/** Two controls never lie on each other. */
function overlaps(tab) {
  return tab.page.evaluate(() => {
    const shown = [...document.querySelectorAll("main button, main a, header button")].filter((one) =>
      one.checkVisibility({ visibilityProperty: true }),
    );
    const boxes = shown.map((one) => ({ name: one.textContent.trim(), box: one.getBoundingClientRect() }));
    return boxes.flatMap(({ name, box }, n) =>
      boxes
        .slice(n + 1)
        .filter(
          ({ box: other }) =>
            Math.min(box.right, other.right) - Math.max(box.left, other.left) > 1 &&
            Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top) > 1,
        )
        .filter(({ box: other }) => box.top > 80 && other.top > 80)
        .map((other) => `${name} and ${other.name}`),
    );
  });
}

async function whole(tab, state) {
  await tab.settled();
  await sound(tab, state);
  assert.deepEqual(await cut(tab), [], `${state}: words are cut off`);
  assert.deepEqual(await overlaps(tab), [], `${state}: one thing lies on another`);
}

const shots = process.env.ASKD_SHOTS;
const shot = (tab, name) => shots && tab.page.screenshot({ path: `${shots}/${name}.png`, animations: "disabled" });

const LARGE = [
  ["at_400_percent", { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 }, ""],
  ["at_200_percent", { viewport: { width: 640, height: 430 }, deviceScaleFactor: 2 }, ""],
  [
    "with_letters_of_twice_the_size",
    { viewport: { width: 1280, height: 860 } },
    "html { font-size: 200% !important; }",
  ],
  ["with_spaced_text", { viewport: { width: 1280, height: 860 } }, SPACING],
  ["with_spaced_text_on_a_telephone", { ...PHONE, viewport: { width: 320, height: 640 } }, SPACING],
];

for (const [name, screen, css] of LARGE) {
  stage({ screen })(`nothing_is_lost_${name}`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.composer.waitFor();
    await style(tab, css);
    await whole(tab, "welcome");
    await tab.hears(fake, "Show me everything, please.", `${ARABIC}\n\n${"Many words in a line. ".repeat(20)}`);
    await whole(tab, "answer");
    await shot(tab, name);
    await tab.sidebar();
    await whole(tab, "sidebar");
    await reader.leave();
  });
}

for (const width of [1280, 320]) {
  const screen = { ...(width < 1024 && PHONE), viewport: { width, height: 860 } };
  stage({ screen })(`the_page_goes_from_right_to_left_at_${width}`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.hears(fake, "متى يسبح الفظ؟", ARABIC);
    const sides = () =>
      tab.text.evaluate((text) =>
        ["h4", "p", "ul", "ol", "blockquote", ".alert strong", ".footnote", "table", "pre"].map(
          (name) => getComputedStyle(text.querySelector(name)).direction,
        ),
      );
    // An answer goes as it is written, whatever the page does, and code never does.
    const written = ["rtl", "rtl", "rtl", "rtl", "rtl", "rtl", "rtl", "rtl", "ltr"];
    assert.deepEqual(await sides(), written);
    await tab.toTheEnd();
    await whole(tab, "an Arabic answer");
    await shot(tab, `arabic-${width}`);
    await tab.page.evaluate(() => {
      document.documentElement.dir = "rtl";
    });
    assert.deepEqual(await sides(), written);
    await whole(tab, "a page from right to left");
    const sidebar = await tab.sidebar();
    const box = await sidebar.boundingBox();
    assert.ok(Math.abs(box.x + box.width - width) < 20, `the list is at the right: ${JSON.stringify(box)}`);
    await sidebar.getByRole("button", { name: /^Actions for “/ }).click();
    const item = await sidebar.getByRole("button", { name: "Rename" }).boundingBox();
    assert.ok(item.x >= 0 && item.x + item.width <= width, "the menu is in view");
    await whole(tab, "a menu from right to left");
    await shot(tab, `rtl-${width}`);
    await reader.leave();
  });
}

stage({ screen: { reducedMotion: "reduce" } })("nothing_moves_where_motion_is_not_wanted", async (scene) => {
  const { fake, askd, reader } = scene;
  const tab = await reader.open(askd.url);
  await tab.ask("Count.");
  const call = await fake.call();
  const moving = () =>
    tab.page.evaluate(() => [
      ...document.getAnimations().map(({ playState }) => playState),
      ...[...document.querySelectorAll("*")].filter((one) => getComputedStyle(one).scrollBehavior === "smooth"),
    ]);
  await tab.says(/^Waiting for the first word/);
  assert.deepEqual(await moving(), []);
  // Where motion is wanted there is some, so that this can fail.
  await tab.page.emulateMedia({ reducedMotion: "no-preference" });
  await tab.settled();
  assert.notDeepEqual(await moving(), []);
  // While words come, they are what moves.
  call.say("one");
  await tab.reads("one");
  assert.deepEqual(await moving(), []);
  call.finish();
  await tab.finished();
  await reader.leave();
});

stage({ screen: { forcedColors: "active" } })("states_are_told_by_frames_where_colours_are_forced", async (scene) => {
  const { fake, askd, reader } = scene;
  const tab = await reader.open(askd.url);
  await tab.ask("Count.");
  const call = await fake.call();
  call.say("```js\nlet n = 1;\n```\n");
  const stop = tab.page.getByRole("button", { name: "Stop" }).locator(".square");
  await stop.waitFor();
  const unlike = (locator, what) =>
    locator.evaluate(
      (one, what) => getComputedStyle(one)[what] !== getComputedStyle(document.body).backgroundColor,
      what,
    );
  assert.ok(await unlike(stop, "borderTopColor"), "the sign to stop is seen");
  assert.ok(await unlike(tab.answer.locator(".foot .mark"), "backgroundColor"), "the state's mark is seen");
  call.finish();
  await tab.finished();
  const wrap = tab.answer.getByRole("button", { name: "Wrap" });
  await wrap.click();
  assert.equal(await wrap.evaluate((one) => getComputedStyle(one).borderTopWidth), "2px");
  const current = (await tab.sidebar()).locator("[aria-current]");
  assert.equal(await current.evaluate((one) => getComputedStyle(one).borderTopWidth), "2px");
  // What is scrolled does not run through what stands over it.
  for (const over of [tab.page.locator(".page header"), tab.page.locator(".composer")]) {
    const ground = await over.evaluate((one) => getComputedStyle(one).backgroundColor);
    assert.doesNotMatch(ground, /rgba|transparent/);
  }
  await sound(tab, "forced colours");
  await shot(tab, "forced-colours");
  await reader.leave();
});

stage()("a_table_that_is_too_wide_is_moved_and_not_squeezed", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const head =
    "| Algorithm | Best | Average | Worst | Stable | Memory | In place | Notes about it |\n|---|---|---|---|---|---|---|---|\n";
  await tab.hears(
    fake,
    "Compare.",
    `${head}| Quicksort | O(n log n) | O(n log n) | O(n^2) | no | O(log n) | yes | the usual one in libraries |\n`,
  );
  const cells = await tab.text.locator("tr:last-child > td").evaluateAll((cells) =>
    cells.map((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return new Set([...range.getClientRects()].map(({ top }) => top)).size;
    }),
  );
  assert.deepEqual(cells, [1, 1, 1, 1, 1, 1, 1, 2]);
  await reader.leave();
});
