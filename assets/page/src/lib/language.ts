// The language that the page speaks: one catalogue of `messages/`, chosen before anything is shown. English is part of the
// page's first load, the others are fetched where they are wanted.

import english from "../messages/en";
import { chosen, direction } from "./choose";
import { write } from "./figures";

export { language } from "./figures";

/** A catalogue: the English one's keys. */
export type Messages = typeof english;

/** What the page says, in the reader's language. */
export let say: Messages = english;

const OTHERS = import.meta.glob<{ default: Messages }>(["../messages/*.ts", "!../messages/en.ts"]);

/** The tags of all languages that there are. */
export const LANGUAGES = ["en", ...Object.keys(OTHERS).map((path) => path.slice(path.lastIndexOf("/") + 1, -3))];

/** Speaks the first of these languages that there is, for good; without its file it stays with English. */
export async function speak(wanted: readonly string[], root: HTMLElement = document.documentElement): Promise<void> {
  let tag = chosen(wanted, LANGUAGES);
  try {
    const file = OTHERS[`../messages/${tag}.ts`];
    if (file !== undefined) say = (await file()).default;
  } catch {
    tag = "en";
  }
  write(tag);
  root.lang = tag;
  root.dir = direction(tag);
}
