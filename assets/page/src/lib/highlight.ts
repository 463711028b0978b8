// Code in colours. What colours it is a fifth of the page, so it is loaded when there is code to be coloured; until then,
// and where that fails, code is shown plain.

import { Lazily } from "./lazily";

/** Longer code is shown plain: colouring runs on each paint of an open block. */
const LONGEST = 20_000;

const languages = new Lazily(() => import("./languages"));

/**
 * The code as text and spans of class `hljs-…`; `null`: without colours, for good or until `later` is called.
 */
export function coloured(code: string, language: string, later: () => void): DocumentFragment | null {
  if (language === "" || code.length > LONGEST) return null;
  return languages.now(later)?.nodes(code, language) ?? null;
}

/** Resolves when code can be coloured, or cannot for now. */
export const load = (): Promise<void> => languages.load();
