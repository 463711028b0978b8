// What happens to the built files before they go into the binary: text is kept as `.gz` alone, and a
// size budget for the first load that fails the build when the page outgrows it.

import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

import { gzipAsync } from "@gfx/zopfli";
import type { Plugin, Rolldown } from "vite";

/** What a visit loads beside what the document names. */
const LOADED = ["src/main.ts", "src/ui/parts.ts"];

/** The page's languages: of those that are not in it a visit loads one, so the largest counts. */
const LANGUAGES = readdirSync("src/messages").map((file) => new RegExp(`^assets/${basename(file, ".ts")}-`));

/** Bytes, gzipped, of everything that a first visit loads. */
const FIRST_LOAD_BUDGET = 120 * 1024;

/** Bytes, gzipped, of the scripts that the field waits for which stands before the page does. */
const FIELD_BUDGET = 6 * 1024;

/** How often zopfli looks for a shorter form: it is a 25th shorter than gzip's own, and more of them gain next to nothing. */
const ITERATIONS = 5;

/** The documents that the server fills in for each deployment. */
const DOCUMENTS = ["index.html", "sign-in.html", "admin.html"];

/** What it replaces in them; without these it cannot put the operator's words in. */
const MARKERS = [
  '<html lang="en">',
  "</head>",
  "</body>",
  "<title>askd</title>",
  '<script id="askd-page" type="application/json">{}</script>',
];

/** Files at or below this size gain nothing from compression. */
const WORTH_COMPRESSING = 512;

const TEXT = /\.(html|js|css|svg|json|txt|webmanifest)$/;

export function pack(): Plugin {
  let out = "dist";
  let named = new Set<string>();
  let loaded = new Set<string>();
  return {
    name: "askd-pack",
    apply: "build",
    configResolved(config) {
      out = config.build.outDir;
    },
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      const of = (module: string) => chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(module));
      named = together(bundle, of("index.html"));
      loaded = new Set([...named, ...LOADED.flatMap((module) => [...together(bundle, of(module))])]);
    },
    async closeBundle() {
      const html = readFileSync(join(out, "index.html"), "utf8");
      let [total, field, language] = [0, 0, 0];
      for (const file of files(out).filter((name) => TEXT.test(name))) {
        const bytes = await compress(file);
        const name = relative(out, file);
        if (named.has(name) && name.endsWith(".js")) field += bytes;
        if (name === "index.html" || html.includes(`/${name}"`) || loaded.has(name)) total += bytes;
        else if (LANGUAGES.some((tag) => tag.test(name))) language = Math.max(language, bytes);
      }
      total += language;
      if (field === 0 || field > FIELD_BUDGET) {
        this.error(`the first field waits for ${field} bytes of scripts; the budget is ${FIELD_BUDGET}`);
      }
      for (const name of DOCUMENTS) {
        const document = readFileSync(join(out, name), "utf8");
        const amiss = MARKERS.find((marker) => document.split(marker).length !== 2);
        if (amiss !== undefined) this.error(`${name} must hold exactly one ${amiss}`);
      }
      const kib = (total / 1024).toFixed(1);
      if (total > FIRST_LOAD_BUDGET) {
        this.error(`the first load is ${kib} KiB gzipped; the budget is ${FIRST_LOAD_BUDGET / 1024} KiB`);
      }
      this.info(`first load ${kib} KiB gzipped, of ${FIRST_LOAD_BUDGET / 1024}`);
    },
  };
}

/** The names of a chunk, of those that it cannot run without, and of their styles. */
function together(bundle: Rolldown.OutputBundle, chunk: Rolldown.OutputChunk | undefined): Set<string> {
  const names = new Set<string>();
  const left = chunk ? [chunk.fileName] : [];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    const file = bundle[name];
    if (names.has(name) || file?.type !== "chunk") continue;
    names.add(name);
    file.viteMetadata?.importedCss.forEach((style) => names.add(style));
    left.push(...file.imports);
  }
  return names;
}

/** Packs one file, where that gains anything, and returns its size on the wire, gzipped. */
async function compress(file: string): Promise<number> {
  const bytes = readFileSync(file);
  const gz = await gzipAsync(bytes, { numiterations: ITERATIONS });
  // What the server fills in has no fixed compressed form.
  const fixed = !DOCUMENTS.includes(basename(file));
  if (bytes.length > WORTH_COMPRESSING && gz.length < bytes.length && fixed) {
    writeFileSync(`${file}.gz`, gz);
    // Who does not take it gets what the server unpacks: brotli would save a tenth of the way, where there is TLS, and cost
    // the binary as much again.
    rmSync(file);
  }
  return gz.length;
}

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}
