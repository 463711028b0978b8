// How soon the page can be used: `make opening`. The real binary on loopback, a real Chromium whose processor is slowed four
// times and that has never been here, and the time from the address until the composer takes what is typed, after which
// nothing keeps the page busy for longer than a letter would wait. Beside it, in turns, the same of a page that is a field
// alone: what the browser takes for itself on this machine, at this hour.

import { createServer } from "node:http";

import { startAskd } from "./askd.mjs";
import { startFake } from "./fake.mjs";
import { startQuietBrowser } from "./quiet.mjs";

const VISITS = Number(process.env.ASKD_VISITS ?? 20);
const SLOWED = Number(process.env.ASKD_SLOWED ?? 4);

/** Milliseconds. */
const BOUND = 300;

const FIELD = `<!doctype html><title>a field</title><textarea></textarea>
<script>document.querySelector("textarea").focus();</script>`;

/** In the page: says when the composer first had the focus, or when the last task of over 50 ms ended, if that is later. */
function watch() {
  let focused = 0;
  let busy = 0;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) busy = startTime + duration;
  }).observe({ type: "longtask", buffered: true });
  addEventListener("focusin", ({ target }) => {
    if (!target.matches("textarea") || focused > 0) return;
    focused = performance.now();
    // What follows at once may keep the reader waiting too; what it loads at its leisure comes later, in steps of its own.
    requestIdleCallback(() => alert(Math.max(focused, busy)));
  });
}

async function startField() {
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(FIELD));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

function told(name, times) {
  const [best, median, worst] = [0, times.length >> 1, times.length - 1].map((at) => times[at].toFixed(0).padStart(5));
  console.log(`${name}  median ${median} ms  best ${best} ms  worst ${worst} ms`);
}

const fake = await startFake();
const askd = await startAskd({ endpoint: fake.url });
const field = await startField();
const browser = await startQuietBrowser();
let late = false;
try {
  const visit = async ({ url }) => Number(await browser.visit(url, SLOWED, watch));
  await visit(askd);
  await visit(field);
  const pages = [];
  const fields = [];
  for (let n = 0; n < VISITS; n++) {
    pages.push(await visit(askd));
    fields.push(await visit(field));
  }
  for (const times of [pages, fields]) times.sort((a, b) => a - b);
  const [median, floor] = [pages, fields].map((times) => times[times.length >> 1]);
  late = median > BOUND;
  console.log(`${VISITS} first visits each, processor slowed ${SLOWED} times: until it can be used`);
  told("the page     ", pages);
  told("a field alone", fields);
  console.log(`${(median / floor).toFixed(1)} times as long as a field alone`);
  console.log(`the page's median is ${late ? "NOT WITHIN" : "ok:"} ${BOUND} ms allowed`);
} finally {
  await browser.close();
  field.close();
  fake.close();
  await askd.close();
}
process.exit(late ? 1 : 0);
