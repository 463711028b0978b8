// The page as a screen reader has it at each stage of a turn, against `stages.txt`. `ASKD_STAGES=write` writes that anew.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after } from "node:test";

import { stage } from "./stage.mjs";

const FILE = new URL("stages.txt", import.meta.url);
const writes = process.env.ASKD_STAGES === "write";

/** Each stage by its name, in the order of the file. */
const stored = new Map(
  writes
    ? []
    : readFileSync(FILE, "utf8")
        .split(/^# /m)
        .slice(1)
        .map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1).trim()]),
);
const seen = new Map();

/** How many stages there are: none may be left out unseen. */
const STAGES = 9;

after(() => {
  if (writes) writeFileSync(FILE, [...seen].map(([name, tree]) => `# ${name}\n${tree}\n`).join("\n"));
});

async function compare(tab, name) {
  await tab.settled();
  const tree = await tab.page.locator("#app").ariaSnapshot();
  // Seconds pass, and identifiers are of the moment.
  const still = tree.replace(/ \((?:\d+ min )?\d+ s\)/g, "").replace(/\/c\/[0-9a-f-]{36}/g, "/c/ID");
  seen.set(name, still.trim());
  if (!writes) assert.equal(still.trim(), stored.get(name), name);
}

const documents = { "tide.md": "# Tides\n\n## Spring tide\n\nAt spring tide the walrus swims.\n" };

stage({ concurrency: 1, documents })("each_stage_of_a_turn_is_the_tree_that_is_stored", async (scene) => {
  const { fake, askd, reader, arrive } = scene;
  const tab = await reader.open(askd.url);
  await tab.composer.waitFor();
  await askd.indexed("tide.md");
  await compare(tab, "empty");

  // Somebody else has the only place at the endpoint.
  const other = await (await arrive()).open(askd.url);
  await other.ask("When is it?");
  const theirs = await fake.call();
  await tab.ask("Does the walrus swim?");
  await tab.says(/^Waiting in line: place 1/);
  await compare(tab, "in line");
  theirs.finish();
  const call = await fake.call();
  await tab.says(/^Waiting for the first word/);
  await compare(tab, "waiting");
  call.think("Let me see.");
  await tab.says("Thinking");
  await compare(tab, "thinking");
  call.say("It swims");
  await tab.reads("It swims");
  await compare(tab, "writing");
  await tab.ask("And then?");
  await tab.says(/^In line behind the answer above/);
  await compare(tab, "in line behind an answer");
  await tab.page.getByRole("button", { name: "Take back" }).click();
  await tab.page.getByRole("main").getByText("In line behind").waitFor({ state: "detached" });
  await tab.composer.fill("");
  call.say(" [1].");
  call.finish();
  await tab.finished();
  await compare(tab, "done with a source");

  await tab.ask("Fail.");
  (await fake.call()).refuse(500, "nothing works");
  await tab.answer.getByRole("button", { name: "Retry" }).waitFor();
  await compare(tab, "failed");
  await tab.answer.getByRole("button", { name: "Retry" }).click();
  (await fake.call()).say("One ");
  await tab.reads("One");
  await tab.page.getByRole("button", { name: "Stop" }).click();
  await tab.says("Stopped by you.");
  await compare(tab, "stopped");
  await reader.leave();
  assert.equal(seen.size, STAGES);
});
