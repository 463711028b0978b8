// An excerpt of an answer as plain text: what the model wrote as Markdown, without the signs that are not read. An
// excerpt may begin and end anywhere, so a sign goes also where its other half was cut off. Pure.

import type { Excerpt } from "./api";

/** Signs that go; of those that stand around something, the groups stay. */
const SIGNS: RegExp[] = [
  // Fences, headings, quotations, rules and the marks of lists, each at a line's beginning.
  /^[ \t]*(?:(?:[-*_][ \t]*){3,}$|(?:(?:>|[-*+](?=[ \t]))[ \t]*(?=[>`~#]|[-*+][ \t]))*(?:`{3,}.*|~{3,}.*|#{1,6}(?=[ \t])|(?:>[ \t]?)+|[-*+](?=[ \t]))|\|?(?:[ \t]*:?-{3,}:?[ \t]*\|)+.*$)/gm,
  /`+/g,
  /\*\*+|~~+/g,
  // Emphasis, but not the sign within a word or between spaces.
  /(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)/g,
  // Links and images: the words stay.
  /!?\[(?=[^\]]*\]\()|\]\((?:[^()\s]|\([^()\s]*\))*(?:\s[^)]*)?\)?/g,
  // The walls of a table, whose lines begin with one.
  /(?<=^[ \t]*(?:\|.*)?)\|/gm,
];

/** How much may stand before the first marked word, so that it is within the lines that are shown. */
const LEAD = 40;

/** An excerpt that begins near its first marked word. */
export function near(excerpt: Excerpt): Excerpt {
  const [lead, ...rest] = excerpt;
  if (lead === undefined || lead.marked || lead.text.length <= LEAD || rest.length === 0) return excerpt;
  // At a word's beginning, if there is one; never within a letter of two code units.
  const left = lead.text.slice(-LEAD).replace(/^[\udc00-\udfff]/, "");
  return [{ text: `…${left.replace(/^\S*\s+(?=\S)/, "")}`, marked: false }, ...rest];
}

export function plain(excerpt: Excerpt): Excerpt {
  const text = excerpt.map((part) => part.text).join("");
  const gone = new Set<number>();
  for (const sign of SIGNS) {
    for (const found of text.matchAll(sign)) {
      for (let at = found.index; at < found.index + found[0].length; at++) gone.add(at);
    }
  }
  let at = 0;
  return excerpt
    .map(({ text, marked }) => {
      const from = at;
      at += text.length;
      // By code unit: every sign is one, so no letter is cut in two.
      const kept = Array.from({ length: text.length }, (_, n) => (gone.has(from + n) ? "" : text[n]));
      return { text: kept.join(""), marked };
    })
    .filter(({ text }) => text !== "");
}
