// Signing in and out at the page, and what others who use the same browser find.

import assert from "node:assert/strict";

import { password } from "./askd.mjs";
import { door, enter } from "./door.mjs";
import { look } from "./shots.mjs";
import { PHONE, stage } from "./stage.mjs";

const USERS = ["ada", "bob"];

async function leave(tab, how = "Sign out") {
  const sidebar = await tab.sidebar();
  await sidebar.getByRole("button", { name: "Actions for your account" }).click();
  await tab.page.getByRole("button", { name: how, exact: true }).click();
  await door(tab).name.waitFor();
}

/** Ada signs out everywhere, at another browser. */
async function signedOutFromAfar(reader, askd) {
  const elsewhere = await reader.context.browser().newContext();
  const far = await elsewhere.newPage();
  await far.goto(askd.url);
  await far.evaluate(async (secret) => {
    const post = (path, body) =>
      fetch(`/api/v1/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    await post("sign-in", { name: "ada", password: secret });
    await post("sign-out", { everywhere: true });
  }, password("ada"));
  await elsewhere.close();
}

for (const width of [1440, 820, 390, 320]) {
  for (const colorScheme of ["light", "dark"]) {
    const screen = {
      viewport: { width, height: 700 },
      colorScheme,
      reducedMotion: "reduce",
      ...(width < 500 && PHONE),
    };
    const page = `accent = "#0b5cad"\nfooter = [{ text = "Imprint", url = "https://example.org/imprint" }]`;
    stage({ screen, users: USERS, page })(
      `the page where people sign in is sound, ${width} wide and ${colorScheme}`,
      async ({ askd, reader }) => {
        const tab = await reader.open(askd.url);
        const { name, password: secret, told } = door(tab);
        await name.waitFor();
        await look(tab, "sign-in");
        await name.fill("ada");
        await secret.fill("a wrong one");
        await secret.press("Enter");
        await tab.page.waitForFunction(() => document.querySelector("[role=alert]").textContent !== "");
        assert.equal(await told.textContent(), "The name or the password is wrong.");
        assert.equal(await name.inputValue(), "ada");
        await look(tab, "sign-in-refused");
        await enter(tab, "ada");
        await tab.sidebar();
        await look(tab, "signed-in");
        await tab.page.getByRole("button", { name: "Actions for your account" }).click();
        await tab.page.getByRole("button", { name: "API tokens" }).click();
        await tab.page.getByRole("textbox", { name: "What it is for" }).fill("my script");
        await tab.page.getByRole("button", { name: "Make a token" }).click();
        await tab.page.locator("dialog code").waitFor();
        await look(tab, "tokens");
        await reader.leave({ refused: true });
      },
    );
  }
}

stage({ users: USERS })(
  "with the keyboard alone somebody signs in, asks, and signs out",
  async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    const { name } = door(tab);
    await name.waitFor();
    assert.ok(await name.evaluate((field) => field === document.activeElement));
    const keys = tab.page.keyboard;
    await keys.type("ada");
    await keys.press("Tab");
    await keys.type(password("ada"));
    await keys.press("Enter");
    await tab.composer.waitFor();
    await tab.hears(fake, "Anybody there?", "Here I am.");
    await tab.reads("Here I am.");
    const account = tab.page.getByRole("button", { name: "Actions for your account" });
    await account.focus();
    await keys.press("Enter");
    await tab.page.getByRole("button", { name: "API tokens" }).waitFor();
    // The menu has the focus once it stands.
    await tab.page.waitForFunction(() => document.activeElement.textContent === "API tokens");
    await keys.press("ArrowDown");
    await tab.page.waitForFunction(() => document.activeElement.textContent === "Sign out");
    await keys.press("Enter");
    await name.waitFor();
    await reader.leave({ refused: true });
  },
);

stage({ users: USERS })(
  "whose sign-in ends keeps what is written, and goes on where that was",
  async ({ askd, reader }) => {
    const tab = await reader.open(askd.url);
    await door(tab).name.waitFor();
    await enter(tab, "ada");
    await tab.stands();
    await tab.composer.fill("Half a question");
    await signedOutFromAfar(reader, askd);
    await tab.page.getByText("You are signed out. Sign in to go on; what you have written is kept.").waitFor();
    assert.equal(await tab.composer.inputValue(), "Half a question");
    await tab.composer.fill("Half a question, and more");
    await tab.page.getByRole("button", { name: "Sign in" }).click();
    await door(tab).name.waitFor();
    await enter(tab, "ada");
    assert.equal(await tab.composer.inputValue(), "Half a question, and more");
    await reader.leave({ refused: true, away: true });
  },
);

stage({ users: USERS })(
  "another user of the same browser finds nothing of the one before",
  async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await door(tab).name.waitFor();
    await enter(tab, "ada");
    await tab.hears(fake, "What does Ada ask?", "This.");
    await tab.composer.fill("Ada's draft");
    const kept = () => tab.page.evaluate(() => JSON.stringify({ ...localStorage }));
    await tab.page.waitForFunction(() => JSON.stringify({ ...localStorage }).includes("Ada's draft"));
    const conversation = tab.page.url();
    // Not by her own will: then her draft is kept, for her.
    await signedOutFromAfar(reader, askd);
    await tab.page.getByRole("button", { name: "Sign in" }).click();
    await door(tab).name.waitFor();
    await enter(tab, "bob");
    assert.equal(tab.page.url(), conversation);
    assert.equal(await tab.composer.inputValue(), "");
    assert.equal(await tab.page.getByText("What does Ada ask?").count(), 0);
    await leave(tab);
    await enter(tab, "ada");
    assert.equal(await tab.composer.inputValue(), "Ada's draft");
    await leave(tab);
    assert.ok(!(await kept()).includes("Ada's draft"), "who signs out leaves nothing behind");
    await reader.leave({ refused: true, away: true });
  },
);

stage({ users: USERS })(
  "who signs out in one tab leaves nothing in the others either",
  async ({ fake, askd, reader }) => {
    const tab = await reader.open(askd.url);
    await door(tab).name.waitFor();
    await enter(tab, "ada");
    const other = await reader.open(askd.url);
    await other.hears(fake, "What does Ada ask?", "This.");
    await other.composer.fill("Ada's draft");
    await leave(tab);
    await door(other).name.waitFor();
    assert.equal(await other.page.getByText("What does Ada ask?").count(), 0);
    const kept = await other.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
    assert.ok(!kept.includes("Ada"), kept);
    await reader.leave({ refused: true, away: true });
  },
);

stage({ users: USERS })("a token is shown once, opens the API, and is taken back", async ({ askd, reader }) => {
  const tab = await reader.open(askd.url);
  await door(tab).name.waitFor();
  await enter(tab, "ada");
  const sidebar = await tab.sidebar();
  const sheet = tab.page.getByRole("dialog", { name: "API tokens" });
  const show = async () => {
    await sidebar.getByRole("button", { name: "Actions for your account" }).click();
    await tab.page.getByRole("button", { name: "API tokens" }).click();
  };
  await show();
  await sheet.getByRole("textbox", { name: "What it is for" }).fill("my script");
  await sheet.getByRole("button", { name: "Make a token" }).click();
  const secret = await sheet.locator("code").textContent();
  const status = async () =>
    (await fetch(`${askd.url}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } })).status;
  assert.equal(await status(), 200);
  await sheet.getByRole("button", { name: "Close" }).click();
  await show();
  const back = sheet.getByRole("button", { name: "Take back “my script”" });
  await back.waitFor();
  assert.equal(await sheet.locator("code").count(), 0);
  await back.click();
  await back.waitFor({ state: "detached" });
  assert.equal(await status(), 401);
  await reader.leave({ refused: true });
});

stage()("what a browser had before is offered to whoever signs in there, once", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.hears(fake, "Asked before", "Answered.");
  await askd.stop();
  askd.letIn(USERS);
  await askd.start();
  await tab.page.getByText("You are signed out.").waitFor();
  await tab.page.getByRole("button", { name: "Sign in" }).click();
  await enter(tab, "ada");
  const sidebar = await tab.sidebar();
  await sidebar.getByText("This browser has 1 conversation from before you signed in.").waitFor();
  await look(tab, "take-over");
  await sidebar.getByRole("button", { name: "Take over" }).click();
  await tab.page.getByText("1 conversation is yours now.").waitFor();
  await sidebar.getByRole("link", { name: "Asked before" }).click();
  await tab.reads("Answered.");
  await tab.page.reload();
  await tab.stands();
  await tab.page.getByRole("button", { name: "Actions for your account" }).waitFor();
  assert.equal(await tab.page.getByText("from before you signed in").count(), 0);
  await reader.leave({ refused: true, away: true });
});

stage({ users: USERS, screen: { locale: "de-DE" } })("in German too", async ({ askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.page.getByRole("heading", { name: "Anmelden" }).waitFor();
  assert.equal(await tab.page.evaluate(() => document.documentElement.lang), "de");
  await reader.leave({ refused: true });
});
