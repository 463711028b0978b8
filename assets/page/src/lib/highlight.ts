// Code in colours. What colours it is a fifth of the page, so it is loaded when there is code to be coloured; until then,
// and where that fails, code is shown plain.

import { Lazily } from "./lazily";

/** Longer code is shown plain: colouring runs on each paint of an open block. */
const LONGEST = 20_000;

const languages = new Lazily(() => import("./languages"));

/** Calls `show` with the code as escaped HTML with spans of class `hljs-…`: at once, later, or never. */
export function coloured(code: string, language: string, show: (html: string) => void): void {
  if (language === "" || code.length > LONGEST) return;
  // A block that has been painted anew meanwhile is not in the page any more.
  languages.with((colourer) => {
    const html = colourer.html(code, language);
    if (html !== null) show(html);
  });
}

/** Resolves when code can be coloured, or cannot for now. */
export const load = (): Promise<void> => languages.load();
