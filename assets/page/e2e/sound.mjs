// What must hold of the page in every state that a test brings it to.

import assert from "node:assert/strict";

import { AxeBuilder } from "@axe-core/playwright";

/** Axe finds nothing, and nothing scrolls sideways: neither the page nor the document that lies over it. */
export async function sound(tab, state) {
  const { violations } = await new AxeBuilder({ page: tab.page }).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${state}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`),
    [],
  );
  const sideways = await tab.page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll("dialog[open], dialog[open] .body")]
      .map((box) => box.scrollWidth - box.clientWidth)
      .filter((by) => by > 0),
  );
  assert.deepEqual(sideways, [], `${state}: the page scrolls sideways`);
  const dialogs = await tab.page.evaluate(() =>
    [...document.querySelectorAll("dialog[open]")].map((box) => box.scrollHeight - box.clientHeight),
  );
  assert.ok(
    dialogs.every((by) => by <= 0),
    `${state}: the frame of what lies over the page scrolls with it`,
  );
}
