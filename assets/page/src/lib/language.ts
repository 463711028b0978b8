// The language that the page speaks: one catalogue of `messages/`, chosen before anything is shown. English is part of the
// page's first load, the others are fetched where they are wanted.

import english from "../messages/en";
import { write } from "./figures";

export { language } from "./figures";

/** A catalogue: the English one's keys. */
export type Messages = typeof english;

/** What the page says, in the reader's language. */
export let say: Messages = english;

const OTHERS = import.meta.glob<{ default: Messages }>(["../messages/*.ts", "!../messages/en.ts"]);

/** The tags of all languages that there are. */
export const LANGUAGES = ["en", ...Object.keys(OTHERS).map((path) => path.slice(path.lastIndexOf("/") + 1, -3))];

/** The first of the wanted languages that there is; a region's is taken for the language itself. */
export function chosen(wanted: readonly string[], known: readonly string[] = LANGUAGES): string {
  for (const tag of wanted) {
    for (let part = tag.toLowerCase(); part !== ""; part = part.slice(0, Math.max(part.lastIndexOf("-"), 0))) {
      const found = known.find((other) => other.toLowerCase() === part);
      if (found !== undefined) return found;
    }
  }
  return "en";
}

/** Languages that are written from right to left. */
const LEFTWARDS = /^(ar|arc|ckb|dv|fa|he|ks|ps|sd|syr|ug|ur|yi)(-(?!latn)|$)/i;

/** How a language is written. */
export function direction(tag: string): "ltr" | "rtl" {
  return LEFTWARDS.test(tag) ? "rtl" : "ltr";
}

/** Speaks the first of these languages that there is, for good; without its file it stays with English. */
export async function speak(wanted: readonly string[], root: HTMLElement = document.documentElement): Promise<void> {
  const tag = chosen(wanted);
  try {
    const file = OTHERS[`../messages/${tag}.ts`];
    if (file !== undefined) say = (await file()).default;
  } catch {
    return;
  }
  write(tag);
  root.lang = tag;
  root.dir = direction(tag);
}
