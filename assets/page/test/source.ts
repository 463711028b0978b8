// The page's own source, for tests that read it.

import { readdirSync, readFileSync } from "node:fs";

/** The files of a folder with such an ending, each with what is in it. */
export const files = (folder: string, ending: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .map((name) => [name, readFileSync(`${folder}/${name}`, "utf8")] as const);
