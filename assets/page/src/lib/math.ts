// Formulas in TeX: where they are in Markdown, and how they come to stand in the page. What sets them is loaded when there
// is one; until then, and where that fails or the formula is none, its source is shown.

import type { TokenizerExtension, Tokens } from "marked";

import { element } from "./elements";
import { say } from "./language";
import { Lazily } from "./lazily";

/** Letters of a formula with its marks; what is longer stays as it is written. */
export const LONGEST = 2_000;

/** How far formulas within a paragraph are looked for. */
const FARTHEST = 2_048;

/** A formula of so many letters within a line is not wider than a telephone. */
const SURELY_FITS = 30;

/** Between dollars, brackets or the names of an environment, on lines of their own; a blank line ends a paragraph, and with it what may be one. */
const BLOCK =
  /^ {0,3}(?:\$\$((?:(?!\n[ \t]*\n|\$\$)[^])+)\$\$|\\\[((?:(?!\n[ \t]*\n|\\\])[^])+)\\\]|(\\begin\{(?<name>(?:align|alignat|equation|gather|multline)\*?)\}(?:(?!\n[ \t]*\n|\\(?:begin|end)\{\k<name>\})[^])*\\end\{\k<name>\}))[ \t]*(?:\n+|$)/;

/**
 * Within a line: a dollar that stands at a blank or before a digit is money. What stands displayed there may go on over
 * lines, up to a blank one.
 */
const INLINE =
  /^(?:\$`([^`\n]+)`\$|\$\$((?:(?!\$\$|\n[ \t]*\n)[^])+)\$\$|\$(?![\s$])((?:\\.|[^\\\n$])*(?:\\\S|[^\s\\$]))\$(?![\d$])|\\\(((?:(?!\\\))[^\n])+)\\\)|\\\[((?:(?!\\\]|\n[ \t]*\n)[^])+)\\\](?!\())/;

/** What words have nothing of; between two dollars, that tells a formula from what a shell calls itself. */
const SIGNS = /[\\^_=]/;

/** A dollar behind a letter or a digit, or behind another one, begins nothing. */
const BEGINNING = /[^\w$\\](?=\$[^\s$]|\$\$(?!\$))/;

/** A paragraph's lines at most. */
const PARAGRAPH = /^(?:(?!\n[ \t]*\n)[^])*/;

/** In a paragraph: code, what is escaped, and what may begin a displayed formula. */
const MARKS = /(?<!`)(`+)(?!`)[^]*?(?<!`)\1(?!`)|\\[^]|\$\$/g;

export type Formula = Tokens.Generic & { tex: string };

/** Formulas, for `marked`. */
export const formulas: TokenizerExtension[] = [
  {
    name: "formulaBlock",
    level: "block",
    tokenizer(src): Formula | undefined {
      return block(src);
    },
  },
  {
    name: "formula",
    level: "inline",
    // Its beginnings are `beginning`'s to tell: a `start` does not see what stands before.
    tokenizer(src): Formula | undefined {
      return inline(src);
    },
  },
];

/** Where in a text the next formula may begin, if not at once; else the text's end. */
export function beginning(text: string): number {
  const found = BEGINNING.exec(text);
  return found === null ? text.length : found.index + 1;
}

/**
 * A text without the lines of the formulas in its first paragraph, so that none of them begins a list or is the line below a
 * heading: of the same length, or only as far as the next formula on lines of its own.
 */
export function withoutLines(text: string): string {
  const [near = ""] = PARAGRAPH.exec(text.slice(0, FARTHEST + LONGEST)) ?? [];
  if (!/\$\$|\\\[/.test(near)) return text;
  let hidden = near;
  const marks = new RegExp(MARKS);
  for (let found = marks.exec(near); found !== null && found.index < FARTHEST; found = marks.exec(near)) {
    const { 0: mark, index } = found;
    if (!isDisplayed(mark)) continue;
    const [indent] = /(?<=\n) {0,3}$/.exec(near.slice(0, index)) ?? [];
    if (indent !== undefined && block(text.slice(index)) !== undefined) return hidden.slice(0, index - indent.length);
    const isBehind = mark === "$$" && /[\w$]/.test(near[index - 1] ?? "");
    const length = isBehind ? 0 : (inline(near.slice(index))?.raw.length ?? 0);
    if (length === 0) continue;
    hidden = hidden.slice(0, index) + "x".repeat(length) + hidden.slice(index + length);
    marks.lastIndex = index + length;
  }
  return hidden + text.slice(near.length);
}

/** Whether a formula within words stands on lines of its own all the same. */
export function isDisplayed(raw: string): boolean {
  return /^(?:\$\$|\\\[)/.test(raw);
}

function inline(src: string): Formula | undefined {
  const found = INLINE.exec(src.slice(0, LONGEST));
  if (found === null) return undefined;
  const [raw, , dollars, , , brackets] = found;
  if (dollars !== undefined && !isMeant(dollars)) return undefined;
  // What is escaped so that it be no link, or no source's number.
  if (brackets !== undefined && !/\p{L}|\d\s*[^\d\s,–-]/u.test(brackets)) return undefined;
  return !raw.startsWith("$`") && holdsCode(src, raw.length) ? undefined : formula("formula", found);
}

/** Whether it is a formula that stands between two dollars each. */
function isMeant(tex: string): boolean {
  const [begins, ends] = [/^\s/.test(tex), /\s$/.test(tex)];
  if (!tex.includes("\n") && !begins && !ends) return !/^\$|\\$/.test(tex);
  const [opens, closes] = [/^[ \t]*\n/.test(tex), /\n[ \t]*$/.test(tex)];
  return (opens && closes) || (SIGNS.test(tex) && (begins === ends || opens || closes));
}

/** Whether code begins among the first letters of a text, so many of them: it binds tighter than what is around a formula. */
function holdsCode(text: string, length: number): boolean {
  if (!text.slice(0, length).includes("`")) return false;
  const runs = [...text.slice(0, length + FARTHEST).matchAll(/\\[^]|`+/g)];
  return runs.some(
    ({ 0: run, index }) =>
      run.startsWith("`") && index < length && ends(text.slice(index + run.length, length + FARTHEST), run),
  );
}

/** Whether a text has the same run of marks again, no longer and no shorter. */
function ends(text: string, run: string): boolean {
  for (const [other] of text.matchAll(/`+/g)) if (other === run) return true;
  return false;
}

function block(src: string): Formula | undefined {
  return formula("formulaBlock", BLOCK.exec(src.slice(0, LONGEST)));
}

function formula(type: string, found: RegExpExecArray | null): Formula | undefined {
  if (found === null) return undefined;
  const tex = found.slice(1).find((part) => part !== undefined)!;
  return tex.trim() === "" ? undefined : { type, raw: found[0], tex: tex.trim() };
}

const setter = new Lazily(() => import("./typeset"));

/** Resolves when formulas can be set, or cannot for now. */
export const load = (): Promise<void> => setter.load();

/** A formula in its box, which is a paragraph's, a block within a line, or a part of the line; as its source, until `later` is called. */
export function formulaBox(tex: string, stands: "paragraph" | "block" | "line", later: () => void): HTMLElement {
  const box = element(stands === "paragraph" ? "div" : "span");
  const isBlock = stands !== "line";
  const isLong = tex.length > SURELY_FITS;
  box.className = isBlock ? "formula formula-block" : isLong ? "formula formula-long" : "formula";
  box.dir = "ltr";
  if (isBlock || isLong) {
    // Wider than the page, it is moved within its box.
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", say.markdown.formula);
  }
  box.append(setter.now(later)?.typeset(tex, isBlock) ?? element("code", {}, tex));
  return box;
}
