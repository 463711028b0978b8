// The server is out of reach, and the page opens all the same: it says so, shows what waits in the browser, and catches up.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startInstaller } from "./browser.mjs";
import { startReverse } from "./reverse.mjs";
import { PHONE, stage } from "./stage.mjs";

/** Waits until the browser has kept the page, under the title that it has. */
async function kept(tab, base = "/") {
  await tab.eventually(async (base) => {
    const shell = await (await caches.open(`askd${base}`)).match(base);
    return navigator.serviceWorker && shell && (await shell.text()).includes(document.title.split(" · ").at(-1));
  }, base);
  // One that is still being activated answers for no navigation yet.
  await tab.eventually(async () => (await navigator.serviceWorker.ready).active?.state === "activated");
}

const AWAY = /Cannot reach the server\./;

stage()("a_reload_without_the_server_opens_the_page_which_says_so_and_later_sends_what_waits", async (scene) => {
  const { fake, askd, reader } = scene;
  const tab = await reader.open(askd.url);
  const { page } = tab;
  await kept(tab);
  await askd.kill();
  await page.reload();
  await page.getByRole("heading", { name: "Ask the test" }).waitFor();
  await page.getByText(AWAY).first().waitFor();
  await tab.ask("Are you there?");
  await page.reload();
  await page.getByText("Are you there?").first().waitFor();
  await tab.says(/^Waiting for the connection; the question is kept/);
  assert.match(page.url(), /\/c\/[0-9a-f-]{36}$/);
  // At another address it is told of, too.
  await page.goto(askd.url);
  const sidebar = await tab.sidebar();
  await sidebar.getByText("Waiting to be sent").waitFor();
  await sidebar.getByRole("button", { name: "Are you there?" }).click();
  await askd.start();
  const call = await fake.call();
  call.say("Now I am.");
  call.finish();
  await tab.reads("Now I am.");
  await reader.leave({ away: true });
});

stage()("with_the_server_there_the_page_is_the_servers_and_never_what_was_kept", async ({ askd, reader }) => {
  const tab = await reader.open(askd.url);
  const { page } = tab;
  await kept(tab);
  // Another server's page: this file is not of its build, and the title is another one.
  await page.evaluate(async () => {
    const cache = await caches.open("askd/");
    await cache.put("/assets/of-a-version-before.js", new Response("old"));
  });
  await askd.stop();
  askd.call("Ask the next test");
  await askd.start();
  await page.reload();
  await page.getByRole("heading", { name: "Ask the next test" }).waitFor();
  await kept(tab);
  await tab.eventually(async () => !(await caches.match("/assets/of-a-version-before.js")));
  await askd.kill();
  await page.reload();
  await page.getByRole("heading", { name: "Ask the next test" }).waitFor();
  await reader.leave({ away: true });
});

stage()("of_conversations_nothing_is_kept_in_the_browser", async ({ fake, askd, reader }) => {
  const tab = await reader.open(askd.url);
  const { page } = tab;
  await tab.hears(fake, "What is the secret of it?", "A riddle.");
  await page.reload();
  await tab.text.getByText("A riddle.").waitFor();
  await kept(tab);
  const { addresses, texts } = await page.evaluate(async () => {
    const texts = Object.values(localStorage);
    const addresses = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        addresses.push(new URL(request.url).pathname);
        texts.push(await (await cache.match(request)).text());
      }
    }
    return { addresses, texts };
  });
  assert.ok(addresses.includes("/"), `${addresses}`);
  assert.deepEqual(
    addresses.filter((address) => address !== "/" && !address.startsWith("/assets/")),
    [],
  );
  assert.deepEqual(
    texts.filter((text) => /secret of it|riddle/.test(text)),
    [],
  );
  await askd.kill();
  await page.reload();
  await page.getByRole("heading", { name: "The conversation cannot be shown now" }).waitFor();
  await page.getByText(AWAY).first().waitFor();
  await tab.composer.fill("And whose riddle?");
  await page.goto(askd.url);
  await (await tab.sidebar()).getByRole("button", { name: "And whose riddle?" }).click();
  assert.equal(await tab.composer.inputValue(), "And whose riddle?");
  await askd.start();
  await tab.text.getByText("A riddle.").waitFor();
  await reader.leave({ away: true });
});

stage({ base: "/askd/" })("below_a_path_and_behind_a_proxy_it_is_the_same", async ({ askd, reader }) => {
  const proxy = await startReverse(askd.port, { base: "/askd/", strip: true });
  try {
    const tab = await reader.open(proxy.url);
    const { page } = tab;
    await kept(tab, "/askd/");
    await askd.kill();
    // The proxy says 502 now.
    await page.reload();
    await page.getByRole("heading", { name: "Ask the test" }).waitFor();
    await page.getByRole("button", { name: "Try now" }).waitFor();
    assert.deepEqual(proxy.outside, []);
    await reader.leave({ away: true });
  } finally {
    proxy.close();
  }
});

stage({ base: "/askd/" })("where_askd_is_no_longer_nothing_of_it_stays", async ({ askd, reader }) => {
  const proxy = await startReverse(askd.port, { base: "/askd/", strip: true });
  try {
    const tab = await reader.open(proxy.url);
    const { page } = tab;
    await kept(tab, "/askd/");
    proxy.remove();
    assert.equal((await page.reload()).status(), 404);
    await tab.eventually(async () => {
      const left = [...(await navigator.serviceWorker.getRegistrations()), ...(await caches.keys())];
      return left.length === 0;
    });
    await reader.leave({ away: true });
  } finally {
    proxy.close();
  }
});

stage({ screen: { ...PHONE, viewport: { width: 390, height: 860 } } })(
  "the_browser_finds_nothing_that_would_keep_it_from_installing_the_page",
  async ({ askd }) => {
    const profile = await mkdtemp(join(tmpdir(), "askd-profile-"));
    const context = await startInstaller(profile);
    try {
      const page = await context.newPage();
      await page.goto(askd.url);
      const devtools = await context.newCDPSession(page);
      const { errors, url, data } = await devtools.send("Page.getAppManifest");
      assert.deepEqual(errors, []);
      assert.equal(url, `${askd.url}/manifest.webmanifest`);
      assert.equal(JSON.parse(data).name, "Ask the test");
      const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
      assert.deepEqual(installabilityErrors, []);
    } finally {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    }
  },
);
