// The page for admins: what they see and do, and that nobody else sees it.

import assert from "node:assert/strict";

import { enter } from "./door.mjs";
import { startReverse } from "./reverse.mjs";
import { look } from "./shots.mjs";
import { PHONE, stage } from "./stage.mjs";

const SERVED = { users: ["ada", "bob"], admins: ["ada"] };

/** Brings in bob, whose question is being answered. */
async function asked({ fake, askd, arrive }) {
  const bob = await (await arrive()).open(askd.url);
  await enter(bob, "bob");
  await bob.ask("Where do walnuts grow?");
  const call = await fake.call();
  call.say("On trees, ");
  await bob.text.getByText("On trees,").waitFor();
  return { bob, call };
}

for (const width of [1280, 390, 320, 2560]) {
  for (const colorScheme of ["light", "dark"]) {
    const screen = {
      viewport: { width, height: 900 },
      colorScheme,
      reducedMotion: "reduce",
      ...(width < 500 && PHONE),
    };
    stage({ ...SERVED, screen })(
      `an admin sees a running answer and no letter of it, and stops it, ${width} wide and ${colorScheme}`,
      async (scene) => {
        const { askd, reader } = scene;
        const { bob, call } = await asked(scene);
        const ada = await reader.open(askd.url);
        await enter(ada, "ada");
        const sidebar = await ada.sidebar();
        await sidebar.getByRole("button", { name: "Actions for your account" }).click();
        await ada.page.getByRole("link", { name: "Server" }).click();
        const { page } = ada;
        const stop = page.getByRole("button", { name: /^Stop the answer asked at .* by bob$/ });
        await stop.waitFor();
        const turns = page.getByRole("region", { name: /^Answers that run/ });
        assert.match(await turns.innerText(), /fake-1\s+writing\s+10 byte/);
        for (const part of [/^Answers that run/, /^Endpoints/, /^Open sessions/]) {
          const hidden = await page
            .getByRole("region", { name: part })
            .evaluate((box) => box.scrollWidth - box.clientWidth);
          if (width < 500) assert.equal(hidden, 0, `${part} is not cut off`);
        }
        assert.equal(await page.getByRole("cell", { name: "writing" }).count(), 1, "a card is still a row of a table");
        await page.getByText("They are not written down: knowledge.misses is not set.").waitFor();
        assert.equal(await page.getByRole("button", { name: "Show them" }).count(), 0);
        await page.getByRole("button", { name: "Show it" }).click();
        await page.getByText('password_hash = "***"').waitFor();
        await look(ada, "admin");
        const all = await page.content();
        assert.ok(!all.includes("walnut") && !all.includes("On trees"), "no letter of it");
        assert.ok(!all.includes("argon2"), "no secret");
        await stop.click();
        const sheet = page.getByRole("dialog");
        await sheet.getByText("Stop this answer?").waitFor();
        await look(ada, "admin-sure");
        await sheet.getByRole("button", { name: "Stop" }).click();
        await page.getByText("The answer was stopped.").waitFor();
        await call.closed;
        await stop.waitFor({ state: "detached" });
        await bob.says("Interrupted: whoever runs this server stopped the answer.");
        await reader.leave({ refused: true });
      },
    );
  }
}

stage(SERVED)("who is no admin finds nothing there, signed in or not", async ({ askd, reader }) => {
  const tab = await reader.open(askd.url);
  const status = async () => (await tab.page.request.get(`${askd.url}/admin`)).status();
  assert.equal(await status(), 404);
  await enter(tab, "bob");
  assert.equal(await status(), 404);
  const sidebar = await tab.sidebar();
  await sidebar.getByRole("button", { name: "Actions for your account" }).click();
  await tab.page.getByRole("button", { name: "API tokens" }).waitFor();
  assert.equal(await tab.page.getByRole("link", { name: "Server" }).count(), 0);
  await reader.leave({ refused: true });
});

stage(SERVED)("what is looked at again moves neither the view nor the focus", async (scene) => {
  const { askd, reader } = scene;
  await asked(scene);
  const ada = await reader.open(askd.url);
  await enter(ada, "ada");
  const { page } = ada;
  await page.setViewportSize({ width: 1280, height: 300 });
  await page.goto(`${askd.url}/admin`);
  const stop = page.getByRole("button", { name: /^Stop the answer/ });
  await stop.focus();
  await page.evaluate(() => scrollTo(0, 120));
  const looked = () => page.waitForResponse((answer) => answer.url().endsWith("/admin/overview"));
  await looked();
  await looked();
  assert.ok(await stop.evaluate((button) => button === document.activeElement));
  assert.equal(await page.evaluate(() => scrollY), 120);
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.ok(await stop.evaluate((button) => button === document.activeElement), "the focus is back");
  await reader.leave({ refused: true });
});

stage(SERVED)("an admin signs a user out, and reads the configuration again", async (scene) => {
  const { askd, reader } = scene;
  const { bob } = await asked(scene);
  const ada = await reader.open(askd.url);
  await enter(ada, "ada");
  const { page } = ada;
  await page.goto(`${askd.url}/admin`);
  await page.getByRole("button", { name: "Read it again" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Read it again" }).click();
  await page.getByRole("status").getByText("Nothing in it has changed.").waitFor();
  await page.getByRole("button", { name: "Sign out bob everywhere" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await page.getByText("bob: 1 sign-ins and 0 API tokens have ended.").waitFor();
  await bob.page.getByText("You are signed out.").waitFor();
  // By name, too, where there is no session of theirs.
  await page.getByRole("textbox", { name: "User's name" }).fill("bob");
  await page.getByRole("button", { name: "Sign out everywhere", exact: true }).click();
  await page.getByRole("dialog").getByText("Sign out bob everywhere?").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await page.getByText("bob: 0 sign-ins and 0 API tokens have ended.").waitFor();
  await reader.leave({ refused: true });
});

stage({ ...SERVED, screen: { locale: "de-DE" } })("in German too", async ({ askd, reader }) => {
  const tab = await reader.open(askd.url);
  await tab.page.getByRole("textbox", { name: "Name" }).waitFor();
  await tab.page.request.post(`${askd.url}/api/v1/sign-in`, { data: { name: "ada", password: "ada's password" } });
  await tab.page.goto(`${askd.url}/admin`);
  await tab.page.getByRole("heading", { name: /^Offene Sitzungen/ }).waitFor();
  assert.equal(await tab.page.evaluate(() => document.documentElement.lang), "de");
  await reader.leave({ refused: true });
});

stage({ ...SERVED, base: "/tools/askd/" })("below a path of its host too", async ({ askd, reader }) => {
  const proxy = await startReverse(askd.port, { base: "/tools/askd/", strip: false });
  try {
    const tab = await reader.open(proxy.url);
    await enter(tab, "ada");
    const sidebar = await tab.sidebar();
    await sidebar.getByRole("button", { name: "Actions for your account" }).click();
    await tab.page.getByRole("link", { name: "Server" }).click();
    await tab.page.getByRole("heading", { name: "Endpoints" }).waitFor();
    await tab.page.getByRole("cell", { name: "fake-1" }).waitFor();
    assert.equal(tab.page.url(), `${proxy.url}admin`);
    await reader.leave({ refused: true });
  } finally {
    proxy.close();
  }
});
