// A real Chromium, and a page in it that remembers everything it complained about.

import assert from "node:assert/strict";

import { chromium } from "playwright-core";

export const CHROMIUM = process.env.ASKD_CHROMIUM ?? "/usr/bin/chromium";

export const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long a test waits for what comes in a moment; on a machine that does much else, a moment is long. */
const PATIENCE_MS = 30_000;

/** What Chromium itself says when a server is away: not a fault of the page, and only told where that is the test. */
const AWAY =
  /WebSocket connection to .* failed|Failed to load resource|occurred when fetching the script|fetch dynamically imported module/;

/** What Chromium says of a request by somebody who has not signed in. */
const REFUSED = /status of 401|Unexpected response code: 401/;

/** What Chromium says of a page that the test closes while it connects. */
const CLOSING = /WebSocket is closed before the connection is established/;

const HOW = {
  executablePath: CHROMIUM,
  headless: true,
  args: FLAGS,
};

export function startBrowser(flags = []) {
  return chromium.launch({ ...HOW, args: [...FLAGS, ...flags] });
}

/** A browser with a profile in this folder: in one that forgets, no page can be installed. */
export function startInstaller(profile) {
  return chromium.launchPersistentContext(profile, HOW);
}

/** A reader whose browser's profile is in this folder, with the settings that the test has put there. */
export async function startPersistent(folder) {
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: CHROMIUM,
    headless: true,
    args: FLAGS,
    viewport: { width: 1280, height: 860 },
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return new Reader(context);
}

/** One reader: a browser profile of their own, with as many tabs as the test opens. */
export class Reader {
  #complaints = [];

  constructor(context) {
    this.context = context;
  }

  static async arrive(browser, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    return new Reader(context);
  }

  /** Opens a page, and waits until it stands or says that it does not, unless it is `early` that it is wanted. */
  async open(url, { early = false } = {}) {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => this.#complaints.push(String(error)));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.#complaints.push(message.text());
    });
    await page.goto(url);
    if (!early) await page.waitForFunction(() => document.querySelector("#first > .late") === null);
    return new Tab(page);
  }

  /**
   * Closes all tabs. Nothing may have been complained about; `away` forgives what a lost server makes Chromium say, `refused`
   * what one says that knows nobody, and what the test itself has broken must have been `told`, once.
   */
  async leave({ away = false, refused = false, told = null } = {}) {
    await this.context.close();
    const forgiven = (text) => CLOSING.test(text) || (away && AWAY.test(text)) || (refused && REFUSED.test(text));
    const complaints = this.#complaints.filter((text) => told?.test(text) || !forgiven(text));
    const expected = told === null ? [] : complaints.filter((text) => told.test(text)).slice(0, 1);
    assert.deepEqual(complaints, expected);
    assert.equal(expected.length, told === null ? 0 : 1, "the fault is told");
  }
}

/** A tab, in the words of somebody who uses it. */
export class Tab {
  constructor(page) {
    this.page = page;
    // Not the field that stands before the page does.
    this.composer = page.locator("#app").getByRole("textbox", { name: "Your question" });
    this.answer = page.locator(".answer").last();
    this.text = this.answer.locator(".markdown").last();
    this.status = this.answer.locator(".foot p");
    this.jump = page.getByRole("button", { name: "Jump to the end" });
  }

  /** Waits until the page itself stands, and no longer the field before it. */
  async stands() {
    await this.page.locator("#first").waitFor({ state: "detached" });
  }

  /** The conversations, brought into view where there is no room for them beside the page. */
  async sidebar() {
    await this.stands();
    const sidebar = this.page.getByRole("navigation", { name: "Conversations" });
    if (!(await sidebar.isVisible())) await this.page.getByRole("button", { name: "Show conversations" }).click();
    await sidebar.waitFor();
    return sidebar;
  }

  /** Asks, and takes the whole answer from the endpoint. */
  async hears(fake, question, answer) {
    await this.ask(question);
    const call = await fake.call();
    call.say(answer);
    call.finish();
    await this.finished();
    return call;
  }

  /** Asks, and waits until the page shows it: before that, the last answer is still another question's. */
  async ask(question) {
    await this.stands();
    const shown = this.page.getByRole("article");
    const before = await shown.count();
    await this.composer.fill(question);
    await this.send();
    await shown.nth(before).waitFor();
  }

  /** Sends what stands in the field, as its reader does: with a finger the button is pressed. */
  async send(field = this.composer) {
    const touched = await field.evaluate(() => matchMedia("(hover: none) and (pointer: coarse)").matches);
    if (touched) await field.locator("xpath=ancestor::form").locator("[type=submit]").click({ force: true });
    else await field.press("Enter");
  }

  /** Waits until the last answer's words are exactly these. */
  async reads(words) {
    await this.#until(this.text, words);
  }

  /** Waits until the last answer's state is told in these words. */
  async says(words) {
    await this.#until(this.status, words, (text) => text.replace(/ \([^()]*\d+ s[^()]*\)$/, ""));
  }

  /** Goes to the end, where none of the last answer's buttons stands half behind the composer. */
  async toTheEnd() {
    await this.page.evaluate(() => scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" }));
    await this.restsAtTheEnd();
  }

  /** Waits until the page has dealt with all that has already come to it, frames and scrolling included. */
  async settled() {
    await this.page.evaluate(() => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))));
  }

  /** Where the view is once nothing that has come can still move it. */
  async top() {
    await this.settled();
    return this.page.evaluate(() => window.scrollY);
  }

  /** Turns the wheel, and waits until the view has come to where that takes it. */
  async wheel(down) {
    const to = await this.page.evaluate((down) => {
      const end = document.documentElement.scrollHeight - window.innerHeight;
      return Math.min(Math.max(window.scrollY + down, 0), end);
    }, down);
    await this.page.mouse.move(600, 400);
    await this.page.mouse.wheel(0, down);
    await this.page.waitForFunction((to) => Math.abs(window.scrollY - to) < 1, to);
  }

  /** From here on it counts how often the way to the end is offered, be it for a moment. */
  async countJumps() {
    await this.page.evaluate(() => {
      window.jumps = 0;
      const offers = (node) => node.textContent?.includes("Jump to the end");
      new MutationObserver((changes) => {
        window.jumps += changes.flatMap(({ addedNodes }) => [...addedNodes]).filter(offers).length;
      }).observe(document.body, { childList: true, subtree: true });
    });
  }

  jumps() {
    return this.page.evaluate(() => window.jumps);
  }

  /** Waits until the view is at the page's end. */
  async restsAtTheEnd() {
    await this.page.waitForFunction(
      () => document.documentElement.scrollHeight - window.innerHeight - window.scrollY < 2,
    );
  }

  /** Waits until the server says that it can keep conversations. */
  kept() {
    return this.eventually(async () => (await fetch("/readyz")).ok);
  }

  /** Waits for what the page itself must wait for to know: `waitForFunction` would take its promise for the truth. */
  async eventually(predicate, argument) {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await this.page.evaluate(predicate, argument))) assert.ok(Date.now() < deadline, `never: ${predicate}`);
  }

  async finished() {
    await this.answer.getByRole("button", { name: "Copy the answer" }).waitFor();
    await this.status.waitFor({ state: "detached" });
  }

  async #until(locator, words, read = (text) => text) {
    const matches = (text) => (words instanceof RegExp ? words.test(text) : text === words);
    const deadline = Date.now() + PATIENCE_MS;
    let text = "";
    while (Date.now() < deadline) {
      text = (await locator.count()) > 0 ? read((await locator.innerText()).trim()) : "";
      if (matches(text)) return;
      await this.page.evaluate(() => new Promise((next) => requestAnimationFrame(() => setTimeout(next, 10))));
    }
    assert.fail(`wanted ${words}, the page shows “${text}”`);
  }
}
