// What an answer cites: each `[n]` that names a source becomes a button that leads to it.

import { element } from "./elements";
import { say } from "./language";

/** What an answer cites as `[n]`: each number with its source's title. */
export type Cited = ReadonlyMap<number, string>;

/** Letters of a link's words that may be nothing but numbers: what is tested may come from anybody. */
const LONGEST_NUMBERS = 40;

/** Makes a button of each `[n]` that names a source. In code, formulas and links it is what it says. */
export function cite(within: DocumentFragment, cited: Cited): void {
  for (const link of within.querySelectorAll("a")) if (names(link, cited)) link.replaceWith(`[${link.textContent}]`);
  const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (/\[\d/.test(text.data) && !text.parentElement?.closest("code, pre, kbd, samp, a, .formula")) found.push(text);
  }
  for (const text of found) {
    const parts = text.data.split(/\[(\d{1,4})\]/);
    // Every second part is a number.
    const marks = parts.flatMap((part, at): (Node | string)[] => {
      if (at % 2 === 0) return part === "" ? [] : [part];
      const title = cited.get(Number(part));
      return [title === undefined ? `[${part}]` : citation(part, title)];
    });
    text.replaceWith(...marks);
  }
}

/** Whether a link has nothing but sources' numbers for its words: then it names them, wherever it would lead. */
function names(link: Element, cited: Cited): boolean {
  const words = link.textContent.trim();
  const isNumbers = words.length <= LONGEST_NUMBERS && /^[[\s]*(?:sources?)?[\d\s,;–-]+\]*$/i.test(words);
  return isNumbers && (words.match(/\d+/g) ?? []).some((number) => cited.has(Number(number)));
}

function citation(n: string, title: string): HTMLElement {
  const label = say.sources.source(Number(n), title);
  return element("button", { type: "button", class: "cite", "data-cite": n, "aria-label": label, title }, n);
}
