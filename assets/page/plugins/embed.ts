// Makes `/embed.js` of `src/embed.ts`: a script of its own beside the page, at an address without a hash, because sites
// write it down. It holds the words of every language, and a size budget fails the build.

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

import { runnerImport, type Plugin } from "vite";

import type { Messages } from "../src/lib/language.ts";

const NAME = "embed.js";

/** Bytes, gzipped. */
const BUDGET = 3 * 1024;

const MESSAGES = "src/messages";

/** Those of each catalogue that the script says itself. */
async function words(): Promise<Record<string, { ask: string; close: string }>> {
  const found = readdirSync(MESSAGES).map(async (file) => {
    const { module } = await runnerImport<{ default: Messages }>(join(MESSAGES, file));
    const { embed, general } = module.default;
    return [basename(file, ".ts"), { ask: embed.ask, close: general.close }] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

export function embed(): Plugin {
  return {
    name: "askd-embed",
    apply: "build",
    config: async () => ({ define: { EMBED_WORDS: JSON.stringify(await words()) } }),
    buildStart() {
      this.emitFile({ type: "chunk", id: "src/embed.ts", fileName: NAME });
    },
    generateBundle(_, bundle) {
      const chunk = bundle[NAME];
      if (chunk?.type !== "chunk" || chunk.imports.length > 0 || chunk.exports.length > 0) {
        this.error("src/embed.ts must become one script by itself");
      }
      // Its names are not to be those of the site that includes it.
      chunk.code = `(()=>{"use strict";${chunk.code}})();\n`;
      const size = gzipSync(chunk.code, { level: 9 }).length;
      if (size > BUDGET) this.error(`${NAME} is ${size} bytes gzipped; the budget is ${BUDGET}`);
      this.info(`${NAME} ${size} bytes gzipped, of ${BUDGET}`);
    },
  };
}
