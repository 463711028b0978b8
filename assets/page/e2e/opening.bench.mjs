// How soon the page can be used: `make opening`. The real binary on loopback, a real Chromium whose processor is slowed four
// times and that has never been here, and the time from the address until the composer takes what is typed, after which
// nothing keeps the page busy for longer than a letter would wait.

import { startAskd } from "./askd.mjs";
import { Reader, startBrowser } from "./browser.mjs";
import { startFake } from "./fake.mjs";

const VISITS = Number(process.env.ASKD_VISITS ?? 20);
const SLOWED = Number(process.env.ASKD_SLOWED ?? 4);

/** Milliseconds. */
const BOUND = 300;

/** Notes when the composer first had the focus, and until when a task of over 50 ms ran. */
function watch() {
  const noted = (window.noted = { focused: 0, busy: 0 });
  addEventListener("focusin", ({ target }) => {
    if (target.matches("textarea") && noted.focused === 0) noted.focused = performance.now();
  });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) noted.busy = startTime + duration;
  }).observe({ type: "longtask", buffered: true });
}

/** Milliseconds from the navigation's begin until the page can be used, in a browser that keeps nothing from before. */
async function visit(browser, url) {
  const reader = await Reader.arrive(browser);
  const page = await reader.context.newPage();
  await page.addInitScript(watch);
  const cdp = await reader.context.newCDPSession(page);
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: SLOWED });
  await page.goto(url);
  await page.waitForFunction(() => window.noted.focused > 0);
  // What it does once it stands may keep the reader waiting too.
  await page.evaluate(() => new Promise((idle) => requestIdleCallback(idle)));
  const { focused, busy } = await page.evaluate(() => window.noted);
  await reader.context.close();
  return Math.max(focused, busy);
}

const fake = await startFake();
const askd = await startAskd({ endpoint: fake.url });
const browser = await startBrowser();
let late = false;
try {
  await visit(browser, askd.url);
  const times = [];
  for (let n = 0; n < VISITS; n++) times.push(await visit(browser, askd.url));
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1];
  late = median > BOUND;
  const ms = (time) => `${time.toFixed(0)} ms`.padStart(8);
  console.log(`${VISITS} first visits, processor slowed ${SLOWED} times: until the page can be used`);
  console.log(`median ${ms(median)}  ${late ? "NOT WITHIN" : "ok"} (${BOUND} allowed)`);
  console.log(`best   ${ms(times[0])}`);
  console.log(`worst  ${ms(times.at(-1))}`);
} finally {
  await browser.close();
  fake.close();
  await askd.close();
}
process.exit(late ? 1 : 0);
