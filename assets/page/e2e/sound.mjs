// What must hold of the page in every state that a test brings it to.

import assert from "node:assert/strict";

import { AxeBuilder } from "@axe-core/playwright";

/** WCAG 2.2 at level AA, and what is good practice beside it. No rule of these is left out. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What depends on the colours alone. */
const COLOURS = ["color-contrast", "link-in-text-block"];

/** On the way from one scheme's colours to the other's are others than anybody reads in. */
function transitionsOver() {
  const under = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
  return Promise.allSettled(under.map(({ finished }) => finished)).then(() => {});
}

/**
 * Axe finds nothing, and nothing scrolls sideways: neither the page nor the document that lies over it. `coloured`: only the
 * colours are others than when it was looked at last.
 */
export async function sound(tab, state, coloured = false) {
  await tab.page.evaluate(transitionsOver);
  const { violations } = await new AxeBuilder({ page: tab.page })
    .options({
      runOnly: coloured ? { type: "rule", values: COLOURS } : { type: "tag", values: RULES },
      // Axe itself leaves it out unless it is named.
      rules: coloured ? {} : { "target-size": { enabled: true } },
      resultTypes: ["violations"],
    })
    // There are no frames in the page, for which it would open another one each time.
    .setLegacyMode()
    .analyze();
  const faults = [];
  for (const { id, nodes } of violations) {
    const found = id === "target-size" ? await stillSmall(tab, nodes) : nodes;
    if (found.length > 0) faults.push({ id, nodes: found });
  }
  assert.deepEqual(
    faults.map(({ id, nodes }) => `${state}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`),
    [],
  );
  const sideways = await tab.page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll("dialog[open], dialog[open] .body")]
      .map((box) => box.scrollWidth - box.clientWidth)
      .filter((by) => by > 0),
  );
  assert.deepEqual(sideways, [], `${state}: the page scrolls sideways`);
  const dialogs = await tab.page.evaluate(() =>
    [...document.querySelectorAll("dialog[open]:has(.body)")].map((box) => box.scrollHeight - box.clientHeight),
  );
  assert.ok(
    dialogs.every((by) => by <= 0),
    `${state}: the document's frame scrolls with it`,
  );
}

/** Which of these are too small to be hit also where nothing is over them: the composer and the title line cover some in part. */
async function stillSmall(tab, nodes) {
  const before = await tab.top();
  const small = [];
  for (const node of nodes) {
    const place = tab.page.locator(node.target.join(" ")).first();
    await place.evaluate((one) => one.scrollIntoView({ block: "center", behavior: "instant" }));
    await tab.settled();
    const { violations } = await new AxeBuilder({ page: tab.page })
      .include(node.target)
      .withRules(["target-size"])
      .setLegacyMode()
      .analyze();
    if (violations.length > 0) small.push(node);
  }
  await tab.page.evaluate((top) => scrollTo({ top, behavior: "instant" }), before);
  await tab.settled();
  return small;
}
