// Makes `/embed.js` of `src/embed.ts`: a script of its own beside the page, at an address without a hash, because sites
// write it down. It holds the words of every language, and a size budget fails the build.

import { gzipSync } from "node:zlib";

import type { Plugin } from "vite";

import { words } from "./words.ts";

const NAME = "embed.js";

/** Bytes, gzipped. */
const BUDGET = 3 * 1024;

export function embed(): Plugin {
  return {
    name: "askd-embed",
    apply: "build",
    config: async () => {
      const said = await words(({ embed, general }) => ({ ask: embed.ask, close: general.close }));
      return { define: { EMBED_WORDS: JSON.stringify(said) } };
    },
    buildStart() {
      this.emitFile({ type: "chunk", id: "src/embed.ts", fileName: NAME });
    },
    generateBundle(_, bundle) {
      const chunk = bundle[NAME];
      if (chunk?.type !== "chunk" || chunk.imports.length > 0 || chunk.exports.length > 0) {
        this.error("src/embed.ts must become one script by itself");
      }
      // Its names are not to be those of the site that includes it. The server fills in what the operator's own look is.
      chunk.code = `(EMBED_OWN=>{"use strict";${chunk.code}})("");\n`;
      const size = gzipSync(chunk.code, { level: 9 }).length;
      if (size > BUDGET) this.error(`${NAME} is ${size} bytes gzipped; the budget is ${BUDGET}`);
      this.info(`${NAME} ${size} bytes gzipped, of ${BUDGET}`);
    },
  };
}
