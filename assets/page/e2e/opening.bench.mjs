// How soon the page can be used: `make opening`. The real binary on loopback, a real Chromium whose processor is slowed four
// times and that has never been here, and three times from the address: until a field takes what is typed; for how long at most
// a letter that is typed there waits while the page is made behind it; until the page itself stands. Beside it, in turns, a
// page that is a field alone: what the browser takes for itself on this machine, at this hour.

import { createServer } from "node:http";

import { startAskd } from "./askd.mjs";
import { startFake } from "./fake.mjs";
import { startQuietBrowser } from "./quiet.mjs";

const VISITS = Number(process.env.ASKD_VISITS ?? 20);
const SLOWED = Number(process.env.ASKD_SLOWED ?? 4);

/** Milliseconds: until something can be typed, and until a letter that is typed is seen. */
const BOUND = { usable: 300, wait: 100 };

const FIELD = `<!doctype html><title>a field</title><textarea></textarea>
<script>document.querySelector("textarea").focus();</script>`;

/** In the page: says when a field first had the focus, how long the longest task after that was, and when the page stood. */
function watch() {
  let usable = 0;
  let wait = 0;
  new PerformanceObserver((list) => {
    const after = list.getEntries().filter(({ startTime }) => usable > 0 && startTime > usable);
    wait = Math.max(wait, ...after.map(({ duration }) => duration));
  }).observe({ type: "longtask", buffered: true });
  addEventListener("focusin", ({ target }) => {
    if (usable > 0 || !target.matches("textarea")) return;
    usable = performance.now();
    const stands = () => {
      if (document.getElementById("first") !== null) return false;
      const stood = performance.now();
      requestIdleCallback(() => alert(JSON.stringify({ usable, wait, stood })));
      return true;
    };
    if (stands()) return;
    const seen = new MutationObserver(() => stands() && seen.disconnect());
    seen.observe(document.body, { childList: true });
  });
}

async function startField() {
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(FIELD));
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** The middle one of what was measured. */
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

function told(name, times, bound = Infinity) {
  const [best, worst] = [Math.min(...times), Math.max(...times)];
  const figures = [median(times), best, worst].map((time) => time.toFixed(0).padStart(5));
  const within = median(times) <= bound;
  const verdict = bound === Infinity ? "" : `  ${within ? "ok" : "NOT WITHIN"}: ${bound} ms allowed`;
  console.log(`${name}  median ${figures[0]} ms  best ${figures[1]} ms  worst ${figures[2]} ms${verdict}`);
  return within;
}

const fake = await startFake();
const askd = await startAskd({ endpoint: fake.url });
const field = await startField();
const browser = await startQuietBrowser();
let fine = true;
try {
  const visit = async ({ url }) => JSON.parse(await browser.visit(url, SLOWED, watch));
  await visit(askd);
  await visit(field);
  const pages = [];
  const fields = [];
  for (let n = 0; n < VISITS; n++) {
    pages.push(await visit(askd));
    fields.push(await visit(field));
  }
  const [usable, waits, stood] = ["usable", "wait", "stood"].map((figure) => pages.map((visit) => visit[figure]));
  const alone = fields.map((visit) => visit.usable);
  console.log(`${VISITS} first visits each, processor slowed ${SLOWED} times`);
  const soon = told("takes what is typed     ", usable, BOUND.usable);
  told("a field alone           ", alone);
  const smooth = told("a letter waits at most  ", waits, BOUND.wait);
  told("the page itself stands  ", stood);
  console.log(`${(median(usable) / median(alone)).toFixed(1)} times as long as a field alone`);
  fine = soon && smooth;
} finally {
  await browser.close();
  field.close();
  fake.close();
  await askd.close();
}
process.exit(fine ? 0 : 1);
