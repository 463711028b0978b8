// The page below a path of its host, behind a proxy that takes the path off or passes it on: every address is below it.

import assert from "node:assert/strict";

import { startReverse } from "./reverse.mjs";
import { stage } from "./stage.mjs";

const BASE = "/tools/askd/";
const documents = { "lights.md": "# Lights\n\n## Towers\n\nThe tall lighthouse shines over the northern bay.\n" };
const scene = stage({ base: BASE, documents });

/** Asks something that the documents answer, and takes the answer from the endpoint. */
const hears = (tab, fake, question, answer) => tab.hears(fake, question, `${answer} [1]`);

for (const strip of [true, false]) {
  const name = strip ? "takes_the_path_off" : "passes_the_path_on";
  scene(`the_page_works_below_a_path_whose_proxy_${name}`, async ({ fake, askd, reader }) => {
    const proxy = await startReverse(askd.port, { base: BASE, strip });
    try {
      const tab = await reader.open(proxy.url);
      const { page } = tab;
      const failed = [];
      page.on("response", (answer) => answer.status() >= 400 && failed.push(answer.url()));
      await askd.indexed("lights.md");
      failed.length = 0;
      await hears(tab, fake, "What does the lighthouse shine over?", "The bay.");
      const first = page.url();
      assert.match(first, /\/tools\/askd\/c\/[0-9a-f-]{36}$/);
      await page.reload();
      await tab.text.getByText("The bay.").waitFor();

      // A source's card opens its document, whose file can be had.
      await tab.answer.getByRole("link", { name: /^Read source 1 in its document/ }).click();
      const sheet = page.getByRole("dialog", { name: /^Document/ });
      await sheet.getByText("The tall lighthouse").first().waitFor();
      const file = await sheet.getByRole("link", { name: /^Download/ }).evaluate((link) => link.href);
      assert.ok(file.startsWith(`${proxy.url}api/v1/document/file?`), file);
      await page.goBack();
      await sheet.waitFor({ state: "detached" });

      const sidebar = await tab.sidebar();
      await sidebar.getByRole("button", { name: "New conversation" }).click();
      assert.equal(page.url(), proxy.url);
      await hears(tab, fake, "Where is the lighthouse?", "In the north.");
      const second = page.url();
      await page.goBack();
      assert.equal(page.url(), proxy.url);
      await page.goBack();
      await tab.text.getByText("The bay.").waitFor();
      assert.equal(page.url(), first);
      await page.goForward();
      await page.goForward();
      await tab.text.getByText("In the north.").waitFor();
      assert.equal(page.url(), second);

      await sidebar.getByRole("button", { name: "Actions for all conversations" }).click();
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Export as JSON" }).last().click(),
      ]);
      assert.ok(download.url().startsWith(`${proxy.url}api/v1/export`), download.url());
      assert.equal(await download.failure(), null);

      const cookies = await reader.context.cookies();
      assert.deepEqual(
        cookies.map(({ name }) => name),
        ["askd_owner_tools_askd"],
      );
      const kept = await page.evaluate(() => Object.keys(localStorage));
      assert.deepEqual(
        kept.filter((key) => !key.startsWith("askd/tools/askd:")),
        [],
      );
      assert.deepEqual([...proxy.outside, ...failed], []);
      // Going back at once closes what was being opened, which Chromium tells.
      await reader.leave({ away: true });
    } finally {
      proxy.close();
    }
  });
}

scene("past_the_proxy_the_page_goes_on_below_the_path", async ({ fake, askd, reader }) => {
  for (const start of ["/", "/tools/askd", "/tools/askd/"]) {
    const tab = await reader.open(askd.url + start);
    await tab.stands();
    assert.equal(tab.page.url(), askd.url + BASE);
    await hears(tab, fake, `What is seen from ${start}?`, "The bay.");
    const { pathname } = new URL(tab.page.url());
    assert.ok(pathname.startsWith(`${BASE}c/`), pathname);
    await tab.page.goto(askd.url + pathname.slice(BASE.length - 1));
    await tab.text.getByText("The bay.").waitFor();
    assert.equal(new URL(tab.page.url()).pathname, pathname);
  }
  await reader.leave();
});
