// A look at a state: a picture of it, where `ASKD_SHOTS` says where to, and that it is sound.

import { mkdirSync } from "node:fs";

import { sound } from "./sound.mjs";

const shots = process.env.ASKD_SHOTS;

export async function look(tab, state) {
  if (shots) {
    mkdirSync(shots, { recursive: true });
    const { width } = tab.page.viewportSize();
    const dark = await tab.page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches);
    const path = `${shots}/${state}-${width}-${dark ? "dark" : "light"}.png`;
    await tab.page.screenshot({ path, animations: "disabled" });
  }
  await sound(tab, state);
}
