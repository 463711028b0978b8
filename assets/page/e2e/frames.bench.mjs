// How smoothly the page shows one very long answer: `make frames`. The real binary, a real Chromium whose processor is
// slowed four times, an endpoint that gives 200 tokens a second, and 50,000 of them with code and tables.
//
// A frame's length is the work that is done for it on the page's thread: from its callbacks until what follows them, style
// and layout and painting, is done. What runs between two frames (a message comes in) counts as script only, but no task may
// be longer than a frame may be: the browser itself reports those of 50 ms and more.

import { readFileSync } from "node:fs";

import { startAskd } from "./askd.mjs";
import { Reader, startBrowser } from "./browser.mjs";
import { startFake } from "./fake.mjs";

const TOKENS = Number(process.env.ASKD_TOKENS ?? 50_000);
const PER_SECOND = Number(process.env.ASKD_RATE ?? 200);
const SLOWED = Number(process.env.ASKD_SLOWED ?? 4);

const BOUNDS = { longest: 50, p95: 16, growth: 2.2, memory: 150 };

/** A block of some 6 KB, as whoever asks for a whole file gets. */
function file(n) {
  const lines = Array.from(
    { length: 120 },
    (_, line) => `  "key_${line}": { "part": ${n}, "values": [${line}, true, "text"] }`,
  );
  return `\`\`\`json\n{\n${lines.join(",\n")}\n}\n\`\`\``;
}

/** A section in about 400 tokens: a heading, words, a list, code, a table. One in eight has a file in it. */
function section(n) {
  const words = "The answer goes on with another sentence of the usual length, and *some* of it is **marked** `so`. ";
  const code = Array.from({ length: 14 }, (_, line) => `    let value_${line} = compute(${line}, "text ${n}"); // why`);
  const rows = Array.from({ length: 8 }, (_, row) => `| row ${row} | ${n * row} | a cell with words |`);
  return [
    `## Part ${n}`,
    words.repeat(4).trim(),
    Array.from({ length: 5 }, (_, item) => `- item ${item}: ${words.trim()}`).join("\n"),
    `\`\`\`rust\nfn part_${n}() {\n${code.join("\n")}\n}\n\`\`\``,
    `| name | number | words |\n| --- | ---: | --- |\n${rows.join("\n")}`,
    words.repeat(2).trim(),
    ...(n % 8 === 4 ? [file(n)] : []),
    "",
  ].join("\n\n");
}

/** So many pieces of about four letters, as a model gives them. */
function tokens(count) {
  const found = [];
  for (let n = 1; found.length < count; n++) found.push(...section(n).match(/[^]{1,4}/g));
  return found.slice(0, count);
}

/** Gives the pieces at their pace, whatever the timers do. */
async function stream(call, pieces, at) {
  const begun = performance.now();
  for (let given = 0; given < pieces.length;) {
    const due = Math.min(Math.floor(((performance.now() - begun) / 1000) * PER_SECOND), pieces.length);
    if (due > given) call.say(...pieces.slice(given, due));
    if (given < at.count && due >= at.count) await at.then();
    given = due;
    await new Promise((next) => setTimeout(next, 1000 / PER_SECOND));
  }
  call.finish();
}

/** From now on the page notes the work of each frame, and what the browser calls a long task. */
function watch() {
  const noted = (window.noted = { frames: [], long: [] });
  const answer = document.querySelector(".answer");
  // What a test looks for in the page by its role takes longer than the page's own work.
  noted.over = new Promise((over) => {
    const changes = new MutationObserver(() => answer.getAttribute("aria-busy") === "false" && over());
    changes.observe(answer, { attributeFilter: ["aria-busy"] });
  });
  const { port1, port2 } = new MessageChannel();
  let begun = 0;
  port1.onmessage = () => noted.frames.push(performance.now() - begun);
  // Asked for in the frame before, it is the first callback of the next; its message comes when all of that is painted.
  const frame = () => {
    begun = performance.now();
    port2.postMessage(null);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => noted.long.push(...list.getEntries().map(({ duration }) => duration))).observe({
    type: "longtask",
  });
}

/** So many frames of the same work, which is of the kind that an answer makes: elements, their style, layout and paint. */
function measureAlike(count) {
  const box = document.body.appendChild(document.createElement("div"));
  box.style.cssText = "position: fixed; inset: 0; overflow: hidden; contain: strict";
  const work = () => {
    const words = Array.from({ length: 150 }, (_, n) => {
      const word = document.createElement(n % 5 ? "span" : "strong");
      word.textContent = `word ${n} `;
      return word;
    });
    box.replaceChildren(...words);
  };
  return new Promise((done) => {
    const taken = [];
    const { port1, port2 } = new MessageChannel();
    let begun = 0;
    port1.onmessage = () => {
      taken.push(performance.now() - begun);
      if (taken.length < count) return requestAnimationFrame(frame);
      box.remove();
      done(taken);
    };
    const frame = () => {
      begun = performance.now();
      port2.postMessage(null);
      work();
    };
    requestAnimationFrame(frame);
  });
}

/** Seconds that scripts, and all of the page's tasks, have taken so far. */
async function metrics(cdp) {
  const { metrics } = await cdp.send("Performance.getMetrics");
  const of = (name) => metrics.find((metric) => metric.name === name).value;
  return { script: of("ScriptDuration"), task: of("TaskDuration") };
}

/** MB of the page's objects once what is waste has gone, and of the whole process that shows it, without what it shares. */
async function memory(cdp, browser) {
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
  const private_ = processInfo
    .filter(({ type }) => type === "renderer")
    .map(({ id }) => /^Private_Dirty:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, "utf8")));
  return { heap: usedSize / 1e6, process: Math.max(...private_.map((found) => Number(found[1]) / 1e3)) };
}

const quantile = (sorted, part) => sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)];

const fake = await startFake();
const askd = await startAskd({ endpoint: fake.url });
const browser = await startBrowser();
let late = false;
try {
  const reader = await Reader.arrive(browser);
  const tab = await reader.open(askd.url);
  const cdp = await reader.context.newCDPSession(tab.page);
  const whole = await browser.newBrowserCDPSession();
  await cdp.send("Performance.enable");
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: SLOWED });
  const alike = (await tab.page.evaluate(measureAlike, 1000)).sort((a, b) => a - b);
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await tab.ask("A very long answer, please.");
  const call = await fake.call();
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: SLOWED });
  await tab.page.evaluate(watch);

  const before = await metrics(cdp);
  let half;
  const pieces = tokens(TOKENS);
  await stream(call, pieces, { count: TOKENS / 2, then: async () => (half = await metrics(cdp)) });
  await tab.page.evaluate(() => window.noted.over);
  const end = await metrics(cdp);
  const { frames, long } = await tab.page.evaluate(({ frames, long } = window.noted) => ({ frames, long }));
  const held = await memory(cdp, whole);
  const shown = await tab.text.evaluate((text) => text.textContent.length);

  frames.sort((a, b) => a - b);
  const longest = Math.max(frames.at(-1), ...long);
  const [first, second] = [half.script - before.script, end.script - half.script];
  const row = (name, figure, bound) => {
    const held = bound === undefined ? "" : figure <= bound ? `ok (${bound} allowed)` : `NOT WITHIN ${bound}`;
    late ||= bound !== undefined && figure > bound;
    console.log(`${name.padEnd(48)}${figure.toFixed(1).padStart(10)}  ${held}`);
  };
  console.log(`${TOKENS} tokens at ${PER_SECOND} a second, processor slowed ${SLOWED} times`);
  row("letters shown", shown);
  row("frames", frames.length);
  row("a frame's work, median, ms", quantile(frames, 0.5));
  row("a frame's work, p95, ms", quantile(frames, 0.95), BOUNDS.p95);
  row("a frame's work, p99, ms", quantile(frames, 0.99));
  row("the longest frame or task, ms", longest, BOUNDS.longest);
  row("tasks over 50 ms", long.length);
  row("yardstick: median of frames that are alike, ms", quantile(alike, 0.5));
  row("yardstick: p95, ms", quantile(alike, 0.95));
  row("yardstick: the longest of 1,000, ms", alike.at(-1));
  row("a frame's p95, in yardstick's medians", quantile(frames, 0.95) / quantile(alike, 0.5));
  row("script of the first half, s", first);
  row("script of the second half, s", second);
  row("script of all, by that of the first half", (first + second) / first, BOUNDS.growth);
  row("all of the page's work, s", end.task - before.task);
  row("the page's objects, MB", held.heap);
  row("its process, MB of its own", held.process, BOUNDS.memory);
} finally {
  await browser.close();
  fake.close();
  await askd.close();
}
process.exit(late ? 1 : 0);
