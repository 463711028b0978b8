// A sentence of Markdown as it is read aloud: its words, and a word for what only the eye can read. Pure.

import { say } from "./language";
import { plain } from "./plain";
import { decoded } from "./references";
import { OWN_TAGS } from "./tagnames";

/** What is one part of a line, sentence or not, if it has no more letters than these. */
const LONGEST = 120;

/** A formula of so many letters is read as it is, if they are none of TeX's own. */
const SHORT = 16;
const LEGIBLE = /^[\p{L}\p{N}\s=+\-<>.,!()/']*$/u;

/** A letter of the same paragraph. */
const ANY = String.raw`(?:(?!\n[ \t]*\n)[^])`;

/** What a sign of Markdown's or of TeX's would mean in a line: where one begins, another is only text. */
const PARTS = new RegExp(
  [
    "\\$`(?<math>[^`\\n]+)`\\$",
    `(?<ticks>\`+)(?<code>(?!\`)${ANY}*?[^\`])\\k<ticks>(?!\`)`,
    String.raw`\\\((?<round>${ANY}+?)\\\)|\\\[(?<square>${ANY}+?)\\\]`,
    String.raw`(?<![\w$\\])\$\$(?<display>${ANY}+?)\$\$`,
    "(?<![a-z0-9$\\\\]|\\w_)\\$(?![\\s$])(?<inline>(?:\\\\.|[^\\\\\\n$`])*?[^\\s\\\\$`])\\$(?![\\d$])",
    String.raw`(?<escape>\\(?:_|[^\w\s]))`,
    String.raw`!\[(?<image>[^\]\n]{0,300})\]\((?:[^()\s]|\([^()\s]*\))*(?:[ \t]+(?:"[^"\n]*"|'[^'\n]*'))?\)`,
    String.raw`^ {0,3}(?<definition>\[(?!\^|\d+\])[^\]\n]+\]:[ \t]*\S+(?:[ \t]+(?:"[^"\n]*"|'[^'\n]*'|\([^)\n]*\)))?[ \t]*$)`,
    String.raw`(?<![\w\]])\[(?<words>(?!\^|\d+\])[^\[\]\n]+)\]\[(?!\d+\]|\^)[^\[\]\n]*\]`,
    String.raw`^[ \t]{0,3}\[\^(?<note>[^\]\[\s^]{1,999})\]:`,
    String.raw`(?<mark>\[\^[^\]\[\s^]{1,999}\])`,
    String.raw`(?<=^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*>[ \t]*)\[!(?<alert>note|tip|important|warning|caution)\]`,
    String.raw`(?<tag><!--${ANY}*?-->|<\/?(?<name>[a-z][a-z0-9]*)(?:\s[^<>]*)?\/?>)`,
  ].join("|"),
  "gim",
);

/** The beginning of such a part, at the end of a text that still grows. */
const BEGUN = new RegExp(
  [
    `\`+(?:(?!\`)${ANY})*\`*`,
    String.raw`\\(?:\((?:(?!\\\))${ANY})*|\[(?:(?!\\\])${ANY})*)?`,
    String.raw`(?<![\w$\\])\$\$(?:(?!\$\$)${ANY})*`,
    "(?<![\\w$\\\\])\\$(?:(?![\\s$])(?:\\\\.|[^\\\\\\n$])*\\\\?\\$?)?",
    String.raw`\[(?:\^[^\][\s^]{0,999}|!?[^\][\s^]{0,40})(?:\]:?)?`,
    String.raw`!\[[^\]\n]*(?:\](?:\([^)\n]*)?)?`,
    String.raw`(?<=(?:^|\n) {0,3})\[(?!\^|\d+\])[^\]\n]+\]:[^\n]*`,
    String.raw`(?<![\w\]])\[(?!\^)[^\[\]\n]+\](?:\[[^\[\]\n]*)?`,
    String.raw`<(?:!-*|!--${ANY}*|\/?[a-z][^<>]*)?`,
  ]
    .map((part) => `(?:${part})$`)
    .join("|"),
  "i",
);

/** A task of a list, behind the list's mark. */
const TASK = /^([ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+)\[([ xX])\](?=[ \t]+\S)/gm;

type Groups = Partial<Record<string, string>>;

/** As many letters in which no part of a line looks like a sentence's end. */
export function levelled(text: string): string {
  return text.replace(PARTS, (part: string, ...found: unknown[]) => {
    const { mark } = found.at(-1) as Groups;
    if (mark !== undefined) return "\u2060".repeat(part.length);
    return part.length > LONGEST ? part : part.replace(/[.!?\n。！？…]/g, "_");
  });
}

/** How much of a growing text may be read: not what may be the beginning of a part. */
export function settled(text: string): number {
  const near = Math.max(text.length - LONGEST, 0);
  // What is whole begins nothing, unless a letter behind it may make it another part.
  const open = text.replace(PARTS, (part: string, ...found: unknown[]) => {
    const at = found.findLast((value) => typeof value === "number") as number;
    return at + part.length < text.length ? "\u2060".repeat(part.length) : part;
  });
  const begun = BEGUN.exec(open.slice(near));
  return begun === null ? text.length : near + begun.index;
}

/** Its words, and with a stop where the eye sees a line's end. */
export function spoken(sentence: string): string {
  const worded = sentence
    .replace(/\u2060/g, "")
    .replace(/^([ \t>]*#{1,6}[ \t].*?)[ \t]+#+[ \t]*$/gm, "$1")
    .replace(TASK, (_, mark: string, done: string) => `${mark}${done === " " ? say.speech.open : say.speech.done}`)
    .replace(PARTS, (part: string, ...found: unknown[]) => word(part, found.at(-1) as Groups));
  const cells = worded.replace(/`+/g, "").replace(/(?<=^[ \t]*\|.*\S[ \t]*)\|(?=[ \t]*[^\s|-])/gm, ",");
  const words = shown(
    decoded(
      plain([{ text: cells, marked: false }])
        .map(({ text }) => text)
        .join(""),
    ),
  )
    .replace(/\s+/g, " ")
    .replace(/ ,/g, ",")
    .trim();
  if (!/[\p{L}\p{N}\p{S}]/u.test(words)) return "";
  return /[\p{P}]$/u.test(words) ? words : `${words}.`;
}

/** Signs that are shown as they are are others, which mean nothing, until all that mean something are gone. */
const HIDDEN = 0xe000;

function hidden(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, (sign) => String.fromCharCode(HIDDEN + sign.charCodeAt(0)));
}

function shown(text: string): string {
  return text.replace(/[\ue000-\ue07f]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - HIDDEN));
}

function word(part: string, found: Groups): string {
  if (found["code"] !== undefined) return hidden(found["code"]);
  if (found["escape"] !== undefined) return hidden(found["escape"].slice(1));
  if (found["image"] !== undefined) return say.markdown.image(found["image"]);
  if (found["definition"] !== undefined) return "";
  if (found["words"] !== undefined) return found["words"];
  const tex = ["math", "round", "square", "display", "inline"].map((name) => found[name]).find((tex) => tex);
  if (tex !== undefined) return formula(tex.trim());
  if (found["note"] !== undefined) return `${say.speech.footnote(found["note"])}:`;
  if (found["mark"] !== undefined) return "";
  if (found["alert"] !== undefined) return `${say.markdown[found["alert"].toLowerCase() as "note"]}: `;
  const name = found["name"]?.toLowerCase();
  if (found["tag"] === undefined || (name !== undefined && !OWN_TAGS.has(name) && name !== "a")) return part;
  return name === undefined || INLINE.has(name) ? "" : " ";
}

/** Tags within a word. */
const INLINE = new Set("a abbr b code del em i ins kbd mark q s samp small span strong sub sup u var".split(" "));

function formula(tex: string): string {
  return tex.length <= SHORT && LEGIBLE.test(tex) ? tex : say.speech.inLine;
}
