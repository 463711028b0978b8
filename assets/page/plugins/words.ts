// Words of the catalogues for scripts that load none: the frame's button and the field before the page.

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

import { runnerImport } from "vite";

import type { Messages } from "../src/lib/language.ts";

const MESSAGES = "src/messages";

/** What is picked from each language's catalogue, by the language's tag. */
export async function words<T>(pick: (messages: Messages) => T): Promise<Record<string, T>> {
  const found = readdirSync(MESSAGES).map(async (file) => {
    const { module } = await runnerImport<{ default: Messages }>(join(MESSAGES, file));
    return [basename(file, ".ts"), pick(module.default)] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}
