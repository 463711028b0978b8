// The operator's own: language, logo, accent, footer, disclaimer and stylesheet, and the page without any of them.

import assert from "node:assert/strict";
import { look } from "./shots.mjs";
import { PHONE, stage } from "./stage.mjs";

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 40" onload="window.owned = 1">
<style>rect { fill: #0b5cad } @media (prefers-color-scheme: dark) { rect { fill: #7fb8f2 } }</style>
<rect width="80" height="40" rx="10"/><circle cx="24" cy="20" r="9" fill="#fff"/><path d="M44 11h24v5H44zm0 13h16v5H44z" fill="#fff"/>
<script>window.owned = 1</script></svg>`;

const CSS = `h1 { text-decoration: underline }
body::after { content: ""; background: url(https://elsewhere.example/pixel.png) }`;

/** As yellow as can be: it is too pale for a light page. */
const PAGE = `accent = "#fe0"
logo = "logo.svg"
css = "own.css"
disclaimer = "Answers can be wrong. Check what matters before you rely on it."
footer = [{ text = "Imprint", url = "https://example.org/imprint" }, { text = "Privacy", url = "/privacy" }, { text = "Contact", url = "mailto:ask@example.org" }]`;

const ANSWER =
  "See [the rules](https://example.org/) and `this`.\n\n> [!NOTE]\n> A note.\n\n| a |\n|---|\n| [b](https://example.org/b) |\n";

/** The contrast of an element's words, or of its picture, with what is behind them, by WCAG. */
function contrast(locator) {
  return locator.evaluate((element) => {
    const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
    const luminance = (colour) => {
      const [red, green, blue] = parts(colour).map((part) =>
        part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    let ground = element;
    while (ground && parts(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
    const both = [
      luminance(getComputedStyle(element).color),
      luminance(getComputedStyle(ground ?? document.documentElement).backgroundColor),
    ];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  });
}

const colour = (locator, property) => locator.evaluate((element, name) => getComputedStyle(element)[name], property);

async function isReadable(locator, what) {
  const found = await contrast(locator);
  assert.ok(found >= 4.5, `${what}: ${found}`);
}

/** The picture is there, as wide as it is high twice over. */
async function isWhole(logo) {
  const [width, height] = await logo.evaluate(async (image) => {
    await image.decode();
    const { width, height } = image.getBoundingClientRect();
    return [width, height];
  });
  assert.ok(height >= 24 && Math.abs(width - 2 * height) < 1, `${width} x ${height}`);
}

for (const width of [1280, 390, 320]) {
  for (const colorScheme of ["light", "dark"]) {
    // Colours are measured, and not on their way from one to another.
    const still = { reducedMotion: "reduce", colorScheme };
    const screen = { ...(width < 1024 && PHONE), viewport: { width, height: 860 }, ...still };
    const files = { "logo.svg": LOGO, "own.css": CSS.split("\n")[0] };
    stage({ screen, page: PAGE, files })(
      `the_page_wears_what_the_operator_gave_it_${width}_${colorScheme}`,
      async (scene) => {
        const { fake, askd, reader } = scene;
        const asked = [];
        reader.context.on("request", (request) => asked.push(request.url()));
        const tab = await reader.open(askd.url);
        const { page } = tab;
        const title = page.getByRole("heading", { name: "Ask the test" });
        await isWhole(page.getByRole("main").getByRole("img", { name: "Ask the test" }));
        assert.equal(await colour(title, "textDecorationLine"), "underline");
        await page.getByText("Answers can be wrong.").waitFor();
        const imprint = page.getByRole("link", { name: "Imprint" });
        assert.equal(await imprint.count(), 1);
        assert.equal(await imprint.getAttribute("href"), "https://example.org/imprint");
        await look(tab, "own-welcome");

        await tab.hears(fake, "What holds here?", ANSWER);
        await page.getByText("Answers can be wrong.").waitFor();
        await isWhole(page.getByRole("banner").getByRole("img", { name: "Ask the test" }));
        const link = tab.answer.getByRole("link", { name: "the rules" });
        // Where it does, it is shown as it is.
        const shown = await colour(link, "color");
        assert.equal(shown === "rgb(255, 238, 0)", colorScheme === "dark", shown);
        await isReadable(link, "a link");
        await isReadable(tab.answer.getByText("Note", { exact: true }), "an alert");
        await isReadable(tab.answer.getByRole("link", { name: "b", exact: true }), "a link in a table");
        await tab.composer.fill("More");
        const send = page.getByRole("button", { name: "Send" });
        assert.equal(await colour(send, "backgroundColor"), shown);
        await isReadable(send, "what stands on the accent");
        await look(tab, "own-answer");

        const sidebar = await tab.sidebar();
        for (const [name, href] of [
          ["Imprint", "https://example.org/imprint"],
          ["Privacy", "/privacy"],
          ["Contact", "mailto:ask@example.org"],
        ])
          assert.equal(await sidebar.getByRole("link", { name }).getAttribute("href"), href);
        await look(tab, "own-sidebar");
        assert.deepEqual(
          asked.filter((url) => new URL(url).origin !== askd.url),
          [],
        );
        await reader.leave();
      },
    );

    stage({ screen })(
      `without_them_nothing_stands_in_their_place_${width}_${colorScheme}`,
      async ({ fake, askd, reader }) => {
        const tab = await reader.open(askd.url);
        await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
        assert.equal(await tab.page.getByRole("img", { name: "Ask the test" }).count(), 0);
        await look(tab, "plain-welcome");
        await tab.hears(fake, "What holds here?", ANSWER);
        await look(tab, "plain-answer");
        await tab.sidebar();
        await look(tab, "plain-sidebar");
        await reader.leave();
      },
    );
  }
}

stage({ page: 'language = "de"' })("the_operators_language_goes_before_the_browsers", async ({ askd, reader }) => {
  const { page } = await reader.open(askd.url);
  await page.locator("#app").getByRole("textbox", { name: "Ihre Frage" }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  await reader.leave();
});

stage({ page: 'css = "own.css"', files: { "own.css": CSS } })(
  "the_operators_styles_win_and_reach_no_other_host",
  async ({ askd, reader }) => {
    const asked = [];
    reader.context.on("requestfinished", (request) => asked.push(request.url()));
    const { page } = await reader.open(askd.url);
    const title = page.getByRole("heading", { name: "Ask the test" });
    assert.equal(await colour(title, "textDecorationLine"), "underline");
    assert.ok(asked.some((url) => /\/assets\/own-.*\.css$/.test(url)));
    assert.deepEqual(
      asked.filter((url) => new URL(url).origin !== askd.url),
      [],
    );
    await assert.rejects(() => reader.leave(), /elsewhere\.example/);
  },
);

stage({ page: 'logo = "logo.svg"', files: { "logo.svg": LOGO } })(
  "a_logo_that_is_opened_by_itself_runs_nothing",
  async ({ askd, reader }) => {
    const tab = await reader.open(askd.url);
    const logo = tab.page.getByRole("img", { name: "Ask the test" });
    const address = await logo.evaluate((image) => image.src);
    const alone = await reader.context.newPage();
    await alone.goto(address);
    assert.equal(await alone.evaluate(() => document.documentElement.localName), "svg");
    assert.equal(await alone.evaluate(() => window.owned), undefined);
    assert.equal(await tab.page.evaluate(() => window.owned), undefined);
    await reader.leave();
  },
);

for (const [width, height] of [
  [844, 390],
  [667, 375],
])
  stage({
    screen: { ...PHONE, viewport: { width, height } },
    page: `disclaimer = "${"Answers can be wrong: check what matters. ".repeat(7).trim()}"`,
  })(`on_a_telephone_on_its_side_a_long_disclaimer_is_a_line_that_opens_${width}`, async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await tab.hears(fake, "What holds here?", "A line of the answer.\n\n".repeat(20));
    const disclaimer = tab.page.getByRole("button", { name: /^Answers can be wrong/ });
    const tall = async () => (await disclaimer.boundingBox()).height;
    const line = await tall();
    assert.ok(line <= 44, `${line} pixels`);
    const { y } = await tab.page.locator(".composer .box").boundingBox();
    assert.ok(y > 0.45 * height, `${y} pixels of ${height} are the answer's`);
    await look(tab, "own-disclaimer");
    await disclaimer.click();
    const cut = await disclaimer.evaluate((button) => button.scrollWidth - button.clientWidth);
    assert.ok(
      cut <= 0 && (await disclaimer.evaluate((button) => getComputedStyle(button).whiteSpace)) === "normal",
      "all of it is shown",
    );
    assert.equal(await disclaimer.getAttribute("aria-expanded"), "true");
    await reader.leave();
  });
