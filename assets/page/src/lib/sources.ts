// What an answer's sources look like in words: which of an excerpt's words were asked for, how sure a match is, and the
// list that goes with a copied answer. Pure.

import type { Excerpt } from "./api";
import { say } from "./language";
import type { Source } from "./wire";

/** Words that say how something is asked and not what about; marked, they would hide those that matter. */
const SMALL = new Set(
  (
    "a an and any are as at be but by can could do does did for from had has have how i if in into is it its may me my " +
    "no not of on or our shall should so than that the their them then there these they this those to was we were what " +
    "when where which while who why will with would you your"
  ).split(" "),
);

/** Letters that two words must begin with to count as forms of one word, and how much the longer one may go on. */
const STEM = 4;
const ENDING = 3;

const WORD = /[\p{L}\p{N}]+/gu;

/** An excerpt in which the question's words are marked, also in another form or with other accents. */
export function marked(excerpt: string, question: string): Excerpt {
  const asked = new Set([...question.matchAll(WORD)].map(([word]) => fold(word)).filter((word) => !SMALL.has(word)));
  const parts: Excerpt = [];
  let from = 0;
  for (const { 0: word, index } of excerpt.matchAll(WORD)) {
    if (!means(fold(word), asked)) continue;
    if (index > from) parts.push({ text: excerpt.slice(from, index), marked: false });
    parts.push({ text: word, marked: true });
    from = index + word.length;
  }
  if (from < excerpt.length) parts.push({ text: excerpt.slice(from), marked: false });
  return parts;
}

function means(word: string, asked: Set<string>): boolean {
  if (asked.has(word)) return true;
  if (word.length < STEM || SMALL.has(word)) return false;
  return [...asked].some((other) => {
    const [short, long] = word.length < other.length ? [word, other] : [other, word];
    return short.length >= STEM && long.length - short.length <= ENDING && long.startsWith(short);
  });
}

function fold(word: string): string {
  return word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** How sure a match is, in words and as a figure. */
export function confidence(score: number): string {
  const percent = Math.round(Math.min(Math.max(score, 0), 1) * 100);
  const { strong, likely, weak } = say.sources;
  return (percent >= 75 ? strong : percent >= 45 ? likely : weak)(percent);
}

/** A path of headings in about two lines of a card: its end says most of where the passage stands. */
const TRAIL = 110;

export function trail(heading: string): string {
  const parts = heading.split(" › ");
  let from = parts.length - 1;
  for (let length = parts[from]!.length; from > 0; from -= 1) {
    length += parts[from - 1]!.length + 3;
    if (length > TRAIL) break;
  }
  return from > 0 ? `… › ${parts.slice(from).join(" › ")}` : heading;
}

/** An address of the web with the host that it leads to. */
export function web(address: string | null | undefined): { href: string; host: string } | null {
  const url = address ? URL.parse(address) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? { href: url.href, host: url.host } : null;
}

/** An answer with what its numbers stand for. */
export function withSources(answer: string, sources: Source[]): string {
  if (answer === "" || sources.length === 0) return answer;
  const lines = sources.map(({ n, title, heading, path, url }) => {
    const named = [title, heading, path].filter(Boolean).join(", ");
    return `[${n}] ${named}${web(url) ? ` <${url}>` : ""}`;
  });
  return `${answer.trimEnd()}\n\n${say.sources.heading}\n\n${lines.join("\n")}\n`;
}
