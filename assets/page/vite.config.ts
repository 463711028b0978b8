// How the page is built: hashed names under `assets/`, nothing inlined (the server's CSP forbids it), and
// every text file with compressed siblings, so that the server compresses nothing while it serves.

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { embed } from "./plugins/embed.ts";
import { first } from "./plugins/first.ts";
import { icons } from "./plugins/icons.ts";
import { layer } from "./plugins/layer.ts";
import { pack } from "./plugins/pack.ts";
import { signIn } from "./plugins/sign-in.ts";

/** How long a test may take: on a machine that does much else, what takes a moment here takes long. */
const PATIENCE_MS = 30_000;

/** What `src/first.ts` imports; its budget (plugins/pack.ts) does not let it grow unseen. */
const FIELD =
  /\/src\/lib\/(attached|base|bytes|choose|drafts|figures|first|frame|idle|place|settings|sidebar|store|touch)\.ts$|preload-helper/;

export default defineConfig({
  plugins: [svelte(), icons("src/favicon.svg"), first(), signIn(), embed(), pack()],
  // Files find one another from where they are. The page itself is also served for `c/<conversation>`, so the server makes
  // its addresses absolute: only it knows below which path the browser sees it.
  base: "./",
  css: { postcss: { plugins: [layer()] } },
  build: {
    outDir: process.env["ASKD_PAGE_OUT"] ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: { index: "index.html", "sign-in": "sign-in.html", admin: "admin.html", sw: "src/sw.ts" },
      // The service worker's address stays, and is at the root of what it serves.
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        // What the first screen and what comes after it are both made of is one file, not one for each that shares it; and what
        // the first field is made of waits for none of it.
        codeSplitting: {
          groups: [
            { name: "ground", test: /\/src\/styles\/(ground|controls)\.css$/, priority: 2 },
            { name: "field", test: FIELD, priority: 1 },
            { name: "shared", test: /\/src\/|\/svelte\//, minShareCount: 2 },
          ],
        },
      },
    },
  },
  // The tests mount components, and outside a browser Svelte's entry is the server's.
  resolve: process.env["VITEST"] ? { conditions: ["browser"] } : {},
  test: { environment: "jsdom", include: ["test/**/*.test.ts"], testTimeout: PATIENCE_MS },
});
