// The page in another site's frame: the button, the panel, and who is let in.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { AxeBuilder } from "@axe-core/playwright";

import { startAskd } from "./askd.mjs";
import { Reader, startBrowser, Tab } from "./browser.mjs";
import { startFake } from "./fake.mjs";
import { startSite } from "./site.mjs";
import { PHONE } from "./stage.mjs";

let browser;

before(async () => {
  // Foreign frames get no storage, and no cookies but those that are kept apart for each site.
  browser = await startBrowser(["--test-third-party-cookie-phaseout"]);
});
after(() => browser.close());

/** Where pictures are kept, if they are wanted. */
const shots = process.env.ASKD_SHOTS;

/**
 * A site at `host` with askd's button, whose script has these `attributes`; `stranger`: one that askd does not know. The
 * reader is at the site. `tls`: askd takes itself to be behind TLS, and Chromium takes this machine for as safe.
 */
function embedded({ host = "127.0.0.1", screen = {}, attributes = "", tls = false, look = "" } = {}) {
  return (name, scene) =>
    test(name, async () => {
      const fake = await startFake();
      const [site, stranger] = await Promise.all([startSite(host), startSite()]);
      const askd = await startAskd({
        endpoint: fake.url,
        server: tls ? 'public_url = "https://ask.example.org"' : "",
        page: `embed_origins = [${JSON.stringify(site.origin)}]\n${look}`,
      });
      for (const one of [site, stranger]) one.includes(askd.url, attributes);
      const reader = await Reader.arrive(browser, screen);
      try {
        await scene({ fake, askd, site, stranger, reader });
      } finally {
        await reader.context.close();
        for (const one of [site, stranger, fake]) one.close();
        await askd.close();
      }
    });
}

/** A site's page, in the words of somebody who reads it. */
class Visit {
  constructor(page) {
    this.page = page;
    this.button = page.getByRole("button", { name: "Ask a question" });
    this.panel = page.getByRole("dialog", { name: "Ask a question" });
    this.closing = this.panel.getByRole("button", { name: "Close" });
    this.frame = page.frameLocator("iframe");
  }

  static async at(reader, url) {
    return new Visit((await reader.open(url)).page);
  }

  /** Opens the panel, and gives the page in it once it is there. */
  async open() {
    await this.button.click();
    return this.inside();
  }

  async inside() {
    await this.frame.locator("#app").getByRole("textbox", { name: "Your question" }).waitFor();
    await this.frame.locator("#first").waitFor({ state: "detached" });
    return new Tab(this.page.frames().find((frame) => frame.url().includes("/embed")));
  }

  /** Waits until the panel is closed and the button has the focus again. */
  async closed() {
    await this.panel.waitFor({ state: "hidden" });
    await this.button.and(this.page.locator(":focus")).waitFor();
  }
}

/** Has the page ask the server for its conversations, and for what has become of this one, and waits until it knows. */
async function refetched(tab) {
  // Bounded, as `finished()` of a response is not.
  const fetched = tab.page.page().waitForEvent("requestfinished", {
    predicate: (request) => request.url().includes("/api/v1/conversations"),
  });
  await tab.page.evaluate(() => dispatchEvent(new Event("focus")));
  await fetched;
  await tab.settled();
}

/** Waits until the question can be typed. */
const composerFocused = (tab) => tab.composer.and(tab.page.locator(":focus")).waitFor();

embedded()(
  "a_question_is_asked_and_answered_by_keyboard_alone_beside_a_strict_policy",
  async ({ fake, site, reader }) => {
    const visit = await Visit.at(reader, site.url);
    const { keyboard } = visit.page;
    // Nothing is loaded before it is wanted.
    assert.equal(visit.page.frames().length, 1);
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    await visit.button.and(visit.page.locator(":focus")).waitFor();
    await keyboard.press("Enter");
    const tab = await visit.inside();
    await composerFocused(tab);
    await keyboard.type("What is a turn?");
    await keyboard.press("Enter");
    const call = await fake.call();
    assert.equal(call.question, "What is a turn?");
    call.say("A question and ");
    await tab.reads("A question and");
    // Escape stops what runs, and only then is for the panel.
    await keyboard.press("Escape");
    await tab.answer.getByText("Stopped").waitFor();
    await visit.panel.waitFor();
    await keyboard.press("Escape");
    await visit.closed();
    // The same conversation is still there.
    await keyboard.press("Enter");
    await composerFocused(tab);
    await tab.hears(fake, "And then?", "its answer.");
    assert.equal(await tab.page.evaluate(() => location.pathname), "/embed");
    // Outside of the frame the panel itself hears it.
    await visit.closing.focus();
    await keyboard.press("Escape");
    await visit.closed();
    assert.equal(visit.page.url(), site.url);
    await reader.leave();
  },
);

embedded()("the_mouse_opens_the_panel_and_closes_it_by_its_button_or_beside_it", async ({ fake, site, reader }) => {
  const visit = await Visit.at(reader, site.url);
  const tab = await visit.open();
  await composerFocused(tab);
  await visit.closing.click();
  await visit.closed();
  await visit.button.click();
  await composerFocused(tab);
  await visit.page.mouse.click(100, 100);
  await visit.closed();
  await visit.button.click();
  await tab.hears(fake, "What is askd?", "A page.");
  await tab.page.getByRole("button", { name: "New conversation" }).click();
  await tab.page.getByRole("heading", { name: "Ask the test" }).waitFor();
  await composerFocused(tab);
  await reader.leave();
});

embedded()(
  "the_conversation_goes_on_after_a_reload_and_on_the_sites_next_page_and_in_full",
  async ({ fake, askd, site, reader }) => {
    const visit = await Visit.at(reader, site.url);
    const tab = await visit.open();
    await tab.hears(fake, "What is askd?", "A page.");
    await tab.page.evaluate(() => location.reload());
    await (await visit.inside()).reads("A page.");
    // The frame has left no steps in the site's way back.
    await visit.closing.click();
    await visit.page.getByRole("link", { name: "The next page" }).click();
    await visit.page.waitForURL(/next$/);
    const again = await visit.open();
    await again.reads("A page.");
    const opened = reader.context.waitForEvent("page");
    await again.page.getByRole("link", { name: "Open this conversation in a new tab" }).click();
    const full = new Tab(await opened);
    await full.page.waitForURL(new RegExp(`^${askd.url}/c/`));
    await full.reads("A page.");
    await reader.leave();
  },
);

embedded()("a_site_that_is_not_named_gets_nothing", async ({ askd, stranger, reader }) => {
  const visit = await Visit.at(reader, stranger.url);
  const refusal = visit.page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
  await visit.button.click();
  assert.match((await refusal).text(), new RegExp(askd.url.replace("http://", "")));
  const inside = visit.page.frames().filter((frame) => frame !== visit.page.mainFrame());
  for (const frame of inside) assert.equal(await frame.locator("#app").count(), 0);
  // Whoever opened it can leave it.
  await visit.closing.click();
  await visit.closed();
});

embedded()("no_other_address_of_askd_can_be_framed_by_a_named_site", async ({ askd, site, reader }) => {
  const { page } = await Visit.at(reader, site.url);
  for (const path of ["/", "/c/01900000-0000-7000-8000-000000000000"]) {
    const refused = page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
    await page.evaluate((src) => {
      document.body.append(Object.assign(document.createElement("iframe"), { src }));
    }, askd.url + path);
    await refused;
  }
});

embedded()("neither_side_hears_a_message_of_anybody_else", async ({ fake, site, reader }) => {
  const visit = await Visit.at(reader, site.url);
  const tab = await visit.open();
  await tab.hears(fake, "What is askd?", "A page.");
  // The site itself, and a frame of its own: neither is the panel's frame.
  await visit.page.evaluate(() => window.postMessage({ askd: "close" }, "*"));
  await visit.page.evaluate(async (page) => {
    const frame = document.querySelector("aside").shadowRoot.querySelector("iframe").contentWindow;
    for (const said of [null, "close", { askd: "else" }, { askd: "close" }]) frame.postMessage(said, page);
  }, tab.page.url());
  await tab.settled();
  await visit.panel.waitFor();
  await tab.reads("A page.");
  await reader.leave();
});

// To 127.0.0.1, localhost is another site: no cookie of ours is sent there, or kept.
const apart = { host: "localhost" };

/** The reader's cookies of askd, and whether each is kept apart. */
async function cookies(reader) {
  const own = (await reader.context.cookies()).filter(({ name }) => name.includes("askd"));
  return own.map(({ name, partitionKey }) => [name, Boolean(partitionKey)]);
}

for (const [options, named, kept] of [
  [
    { tls: true },
    "a_foreign_sites_frame_over_tls_keeps_its_reader_by_a_cookie_for_that_site_alone",
    [["__Host-askd_framed", true]],
  ],
  [{}, "a_foreign_sites_frame_without_tls_keeps_its_reader_without_any_cookie", []],
]) {
  embedded({ ...apart, ...options })(named, async ({ fake, askd, site, reader }) => {
    const visit = await Visit.at(reader, site.url);
    const tab = await visit.open();
    await tab.hears(fake, "What is askd?", "A page.");
    assert.deepEqual(await cookies(reader), kept);
    await tab.page.evaluate(() => location.reload());
    const back = await visit.inside();
    await back.reads("A page.");
    // What is fetched and what is asked is one reader's.
    await back.hears(fake, "And then?", "More.");
    await refetched(back);
    await back.reads("More.");
    // In a tab of their own they are somebody else, and are not sent to what they could not see there.
    const link = back.page.getByRole("link", { name: "Open the full page in a new tab" });
    assert.equal(await link.getAttribute("href"), "/");
    const own = await reader.open(askd.url);
    const sidebar = await own.sidebar();
    await sidebar.getByText("No conversations yet").waitFor();
    assert.equal(await sidebar.getByRole("link").count(), 0);
    await reader.leave();
  });
}

embedded(apart)(
  "where_nothing_is_kept_the_page_says_so_and_the_frame_works_while_it_is_there",
  async ({ fake, askd, site, reader }) => {
    const visit = await Visit.at(reader, site.url);
    const tab = await visit.open();
    await tab.page.getByText("This browser keeps nothing").waitFor();
    await tab.hears(fake, "What is askd?", "A page.");
    assert.deepEqual(await cookies(reader), []);
    await refetched(tab);
    // Also over a new connection it is the same reader.
    await askd.stop();
    await tab.page.getByText(/Reconnecting/).waitFor();
    await askd.start();
    await tab.hears(fake, "And then?", "More.");
    await refetched(tab);
    await tab.reads("More.");
  },
);

for (const [width, height] of [
  [1280, 860],
  [390, 844],
  [320, 568],
]) {
  for (const colorScheme of ["light", "dark"]) {
    const screen = { ...(width < 1024 && PHONE), viewport: { width, height }, colorScheme };
    embedded({ screen })(
      `nothing_is_found_in_button_panel_and_frame_at_${width}_${colorScheme}`,
      async ({ fake, site, reader }) => {
        const visit = await Visit.at(reader, site.url);
        const check = async (state) => {
          if (shots) await visit.page.screenshot({ path: `${shots}/embed-${state}-${width}-${colorScheme}.png` });
          const { violations } = await new AxeBuilder({ page: visit.page }).analyze();
          const told = violations.map(({ id, nodes }) => `${state}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`);
          assert.deepEqual(told, []);
          for (const frame of visit.page.frames()) {
            const by = await frame.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(by <= 0, `${state}: ${frame.url()} scrolls sideways`);
          }
        };
        await visit.button.waitFor();
        await check("button");
        const tab = await visit.open();
        await check("welcome");
        await tab.hears(
          fake,
          "What is askd?",
          "A **page** for your questions.\n\n```sh\naskd check\n```\n\n- one\n- two",
        );
        await check("answered");
        if (screen.hasTouch) await visit.closing.tap();
        else await visit.closing.click();
        await visit.closed();
        await reader.leave();
      },
    );
  }
}

embedded({ attributes: 'data-label="Fragen?" data-position="left"', screen: { reducedMotion: "reduce" } })(
  "the_site_chooses_words_and_side_and_a_reader_without_motion_sees_none",
  async ({ site, reader }) => {
    const { page } = await Visit.at(reader, site.url);
    const button = page.getByRole("button", { name: "Fragen?" });
    await button.click();
    const panel = page.getByRole("dialog", { name: "Fragen?" });
    const box = await panel.boundingBox();
    assert.ok(box.x < 100, `${box.x}`);
    assert.equal(await panel.evaluate((dialog) => dialog.getAnimations().length), 0);
    await panel.locator("iframe").waitFor();
    assert.equal(await panel.locator("iframe").getAttribute("title"), "Fragen?");
    await reader.leave();
  },
);

test("without_a_named_site_there_is_no_script", async () => {
  const askd = await startAskd();
  try {
    for (const path of ["/embed", "/embed.js"]) assert.equal((await fetch(askd.url + path)).status, 404);
    assert.match(askd.log, /page\.embed_origins names none/);
  } finally {
    await askd.close();
  }
});

embedded({ look: 'accent = "#fe0"' })(
  "the_button_has_the_operators_accent_as_the_page_computes_it",
  async ({ site, reader }) => {
    const page = await reader.context.newPage();
    await page.goto(site.url);
    const { button } = new Visit(page);
    const colours = () =>
      button.evaluate((element) => [getComputedStyle(element).backgroundColor, getComputedStyle(element).color]);
    assert.deepEqual(await colours(), ["rgb(118, 110, 4)", "rgb(255, 255, 255)"]);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.deepEqual(await colours(), ["rgb(255, 238, 0)", "rgb(23, 24, 22)"]);
  },
);
