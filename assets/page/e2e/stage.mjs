// What each test of a file is given: an endpoint and an askd of its own, and a reader in the file's browser.

import { after, before, test } from "node:test";

import { startAskd } from "./askd.mjs";
import { Reader, startBrowser } from "./browser.mjs";
import { startFake } from "./fake.mjs";

let browser;

before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());

/** As a telephone is, apart from its size. */
export const PHONE = { hasTouch: true, isMobile: true };

/**
 * Declares tests whose readers have such a `screen`; the other options are askd's. Each test sets the stage, plays its
 * scene, and clears it away, whatever became of it. `arrive` brings in a further reader.
 */
export function stage({ screen = {}, modelless = false, ...options } = {}) {
  return (name, scene) =>
    test(name, async () => {
      const fake = await startFake();
      const askd = await startAskd({ endpoint: modelless ? null : fake.url, ...options });
      const readers = [];
      const arrive = async (more = {}) => {
        readers.push(await Reader.arrive(browser, { ...screen, ...more }));
        return readers.at(-1);
      };
      try {
        await scene({ fake, askd, reader: await arrive(), arrive });
      } finally {
        await Promise.all(readers.map((reader) => reader.context.close()));
        fake.close();
        await askd.close();
      }
    });
}
