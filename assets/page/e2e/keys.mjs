// A reader who has a keyboard and nothing else. After each press the focus must stand somewhere that can be seen.

import assert from "node:assert/strict";

/** With so many presses a reader has been everywhere on the page. */
const MOST = 80;

/** At most so many presses are the browser's. */
const OWN = 3;

/** How long the focus may be on its way. */
const PATIENCE_MS = 10_000;

export class Keys {
  constructor(tab) {
    this.page = tab.page;
    this.answer = tab.answer;
  }

  /** Presses a key, and looks where that has led. */
  async press(key) {
    await this.page.keyboard.press(key);
    await this.#seen(key);
  }

  async type(words) {
    await this.page.keyboard.type(words);
    await this.#seen(words);
  }

  /** Goes on by Tab, or back, until it stands at what is looked for. */
  async to(target, key = "Tab") {
    for (let n = 0; n < MOST; n += 1) {
      if (await this.#at(target)) return;
      await this.page.keyboard.press(key);
      // Behind the last thing are the browser's own, before the first comes again.
      for (let own = 0; own < OWN && (await this.#outside()); own += 1) await this.page.keyboard.press(key);
      await this.#seen(key);
    }
    assert.fail(`${target} is not reached by ${key}`);
  }

  back(target) {
    return this.to(target, "Shift+Tab");
  }

  /** Goes there and presses it. */
  async use(target, key = "Enter") {
    await this.to(target);
    await this.press(key);
  }

  /** Waits until the focus has come to it of itself. */
  async stands(target) {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await this.#at(target))) {
      if (Date.now() > deadline) assert.fail(`the focus is not at ${target} but ${await this.page.evaluate(standing)}`);
      await this.page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
    }
    await this.#seen("of itself");
  }

  /** Whether the focus is with the browser, once it has drawn where it is. */
  async #outside() {
    await this.page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
    return this.page.evaluate(() => document.activeElement === document.body);
  }

  async #at(target) {
    const found = await target.elementHandles();
    const at = await Promise.all(found.map((one) => one.evaluate((one) => one === document.activeElement)));
    return at.includes(true);
  }

  async #seen(after) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const fault = await this.page.evaluate(standing);
      if (!fault.startsWith("lost: ")) return;
      if (Date.now() > deadline) assert.fail(`after ${after}: ${fault}`);
      await this.page.evaluate(() => new Promise((next) => requestAnimationFrame(next)));
    }
  }
}

/** Where the focus is, in the page; `lost: ` and why, where nobody would see it. */
function standing() {
  const at = document.activeElement;
  if (at === null || at === document.body) return "lost: the page's start";
  const name = `${at.tagName} “${(at.ariaLabel ?? at.textContent).trim().slice(0, 60)}”`;
  const view = { top: 0, left: 0, bottom: innerHeight, right: innerWidth };
  const [box] = at.getClientRects();
  if (!box) return `lost: ${name} is not shown`;
  const top = Math.max(box.top, view.top);
  const bottom = Math.min(box.bottom, view.bottom);
  const left = Math.max(box.left, view.left);
  const right = Math.min(box.right, view.right);
  if (bottom - top < 1 || right - left < 1) return `lost: ${name} is out of view`;
  // What is large is seen where it is not covered; what is small must not be covered in its middle.
  const places = [0.5, 0.2, 0.8].map((part) =>
    document.elementFromPoint((left + right) / 2, top + (bottom - top) * part),
  );
  if (!places.some((hit) => hit && (at.contains(hit) || hit.contains(at)))) {
    return `lost: ${name} at ${Math.round(top)} to ${Math.round(bottom)} of ${innerHeight} is covered by ${places[0]?.className}`;
  }
  const outlined = (element) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1;
  };
  // A field has its frame around it, of another colour while the focus is in it.
  const frame = at.matches("textarea") ? at.closest(".box") : null;
  const coloured = (element) => {
    const { borderTopColor } = getComputedStyle(element);
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = "var(--line)";
    const before = getComputedStyle(probe).color;
    probe.remove();
    return borderTopColor !== before;
  };
  const forced = matchMedia("(forced-colors: active)").matches;
  const shown = outlined(at) || (frame !== null && (forced ? outlined(frame) : coloured(frame)));
  return shown ? name : `lost: ${name} has no frame`;
}
