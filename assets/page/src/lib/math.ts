// Formulas in TeX: where they are in Markdown, and how they come to stand in the page. What sets them is loaded when there
// is one; until then, and where that fails or the formula is none, its source is shown.

import type { TokenizerExtension, Tokens } from "marked";

import { element } from "./elements";
import { say } from "./language";
import { Lazily } from "./lazily";

/** Letters of a formula with its marks; what is longer stays as it is written. */
const LONGEST = 2_000;

/** How far a formula's beginning within a paragraph is looked for, and how many of what may be one are looked at. */
const FARTHEST = 2_048;
const BEGINNINGS = 8;

/** A formula of so many letters within a line is not wider than a telephone. */
const SURELY_FITS = 30;

/** Between dollars or brackets on lines of their own; a blank line ends a paragraph, and with it what may be one. */
const BLOCK = /^ {0,3}(?:\$\$((?:(?!\n[ \t]*\n|\$\$)[^])+)\$\$|\\\[((?:(?!\n[ \t]*\n|\\\])[^])+)\\\])[ \t]*(?:\n+|$)/;
const BLOCK_START = /\n {0,3}(?:\$\$|\\\[)/g;

/** Within a line: a dollar that stands at a blank or before a digit is money. */
const INLINE =
  /^(?:\$\$(?![\s$])((?:(?!\$\$)[^\n])*[^\s\\$])\$\$|\$(?![\s$])((?:\\.|[^\\\n$])*(?:\\\S|[^\s\\$]))\$(?![\d$])|\\\(((?:(?!\\\))[^\n])+)\\\))/;

/** A dollar behind a letter or a digit, or behind another one, begins nothing. */
const BEGINNING = /[^\w$\\](?=\$[^\s$])|[^\w$\\](?=\$\$[^\s$])/;

export type Formula = Tokens.Generic & { tex: string };

/** Formulas, for `marked`. */
export const formulas: TokenizerExtension[] = [
  {
    name: "formulaBlock",
    level: "block",
    start(src) {
      const near = src.slice(0, FARTHEST);
      const begins = [...near.matchAll(BLOCK_START)].slice(0, BEGINNINGS).map(({ index }) => index + 1);
      return begins.find((at) => block(src.slice(at)) !== undefined);
    },
    tokenizer(src): Formula | undefined {
      return block(src);
    },
  },
  {
    name: "formula",
    level: "inline",
    // Its beginnings are `beginning`'s to tell: a `start` does not see what stands before.
    tokenizer(src): Formula | undefined {
      const found = INLINE.exec(src.slice(0, LONGEST));
      return found && holdsCode(src, found[0].length) ? undefined : formula("formula", found);
    },
  },
];

/** Where in a text the next formula may begin, if not at once; else the text's end. */
export function beginning(text: string): number {
  const found = BEGINNING.exec(text);
  return found === null ? text.length : found.index + 1;
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
