// An answer that ended early and was continued: a turn of its own for the server and the model, and one answer in parts for
// the reader. Pure.

import { DELIMITERS } from "./lines";
import type { Turn } from "./reduce";
import type { Source } from "./wire";

/**
 * What asks the model for the rest. It is one word of the page and its server, and no reader's: in a kept conversation it
 * must be known again whatever language the page speaks then. The model goes on in the language of its answer.
 */
export const CONTINUE = "Continue.";

/** Whether what has come of it may go on. */
export function goesOn({ ending, text }: Turn): boolean {
  return text !== "" && (ending === "cancelled" || ending === "interrupted" || ending === "length");
}

/** Whether the turn at this place of a path is the rest of the answer above it, and no question of the reader's. */
export function isRest(path: Turn[], at: number): boolean {
  const [above, turn] = [path[at - 1], path[at]];
  return above !== undefined && turn?.question === CONTINUE && goesOn(above);
}

/** The answer at this place with all the parts of it that stand above. */
export function whole(path: Turn[], at: number): string {
  const last = path[at]?.text ?? "";
  if (!isRest(path, at)) return last;
  const above = whole(path, at - 1);
  const amid = within(above);
  if (amid?.kind === "code") return above + last.slice(opening(last)?.isAgain ? opening(last)!.end : 0);
  // A model begins its rest where a word ended, and leaves the space away.
  return above + (amid !== null || /\s$/.test(above) || /^(?:\s|$)/.test(last) ? "" : " ") + last;
}

/** What is shown of the rest of an answer that broke off `above`: code goes on as code, and a table with its head. */
export function goingOn(above: string, rest: string): string {
  const amid = within(above);
  if (amid === null || rest === "") return rest;
  if (amid.kind === "table") return goesOnAsTable(amid.begins, rest) ? amid.begins + rest : rest;
  const fence = opening(rest);
  // The model may begin the block once more, at once or behind a word of its own, or end it at once.
  if (fence === null) return beginsAgain(rest) ? rest : amid.begins + bare(rest, amid.marks);
  return fence.isAgain ? rest : rest.slice(fence.end);
}

/** What a text is in the midst of where it ends, and what begins that once more. */
type Within = { kind: "code" | "table"; begins: string; /** What stands before the fence's line. */ marks: string };

/** A list's or a quotation's own marks and indents, and a fence behind them. */
const FENCE = /^((?:[ \t]|>|[-*+][ \t]|\d{1,9}[.)][ \t])*)(`{3,}|~{3,})(.*)$/;

/** Blanks before a fence that make it a line of code, and no fence. */
const INDENTED = 4;

function within(text: string): Within | null {
  const isWhole = text.endsWith("\n");
  const lines = (isWhole ? text.slice(0, -1) : text).split("\n");
  let open: { marks: string; signs: string; info: string } | null = null;
  let from = 0;
  for (const [n, line] of lines.entries()) {
    const [, marks = "", signs = "", info = ""] = FENCE.exec(line) ?? [];
    if (open === null) {
      if (signs !== "" && !info.includes("`")) open = { marks, signs, info };
      if (signs !== "" || line.trim() === "") from = n + 1;
    } else if (signs.startsWith(open.signs) && info.trim() === "" && marks.length - open.marks.length < INDENTED) {
      open = null;
      from = n + 1;
    }
  }
  // Of the fence's own line more may be to come.
  const isHead = !isWhole && from === lines.length;
  if (open !== null)
    return { kind: "code", begins: `${open.signs}${open.info}${isHead ? "" : "\n"}`, marks: open.marks };
  // Of a paragraph that goes on to the end.
  const last = lines.slice(from);
  const rule = last.findIndex((line, n) => n > 0 && isDelimiter(line) && last[n - 1]!.includes("|"));
  if (rule < 1) return null;
  const row = isWhole || rule === last.length - 1 ? "" : last.at(-1)!;
  return { kind: "table", begins: `${last[rule - 1]}\n${last[rule]}\n${row}`, marks: "" };
}

/** The lines of a block within others without what stands before each of them for that, as far as it does. */
function bare(rest: string, marks: string): string {
  if (marks === "") return rest;
  const before = new RegExp(`^(?:[ \\t]|>){0,${marks.length}}`);
  const [first = "", ...others] = rest.split("\n");
  const end = others.findIndex((line) => FENCE.test(line));
  const own = end < 0 ? others : others.slice(0, end + 1);
  return [first, ...own.map((line) => line.replace(before, "")), ...others.slice(own.length)].join("\n");
}

/** Whether a rest goes on with the row, or with the next one, and is neither the table once more nor words behind it. */
function goesOnAsTable(begins: string, rest: string): boolean {
  const [first = "", second] = rest.split("\n");
  return !isDelimiter(second) && (begins.endsWith("\n") ? /^\s*\|/.test(first) : first.trim() !== "");
}

/** Whether a fence that opens code is the first one in a rest: what is before it are words. */
function beginsAgain(rest: string): boolean {
  const fence = rest.split("\n").find((line) => /^(?:`{3}|~{3})/.test(line));
  return fence !== undefined && /[^`~\s]/.test(fence);
}

function isDelimiter(line = ""): boolean {
  return DELIMITERS.test(line);
}

/** A fence that a rest begins with, perhaps not all of it yet: where its line ends, and whether it opens code again. */
function opening(rest: string): { end: number; isAgain: boolean } | null {
  const [line, signs = "", info = "", end = ""] = /^\s*(`+|~+)([^\n]*)(\n?)/.exec(rest) ?? [];
  const isFence = signs.length >= 3 || (info === "" && end === "");
  return line === undefined || !isFence || info.includes("`")
    ? null
    : { end: line.length, isAgain: info.trim() !== "" };
}

/** The sources of the answer at this place with all the parts of it that stand above, each once. */
export function sourcesOf(path: Turn[], at: number): Source[] {
  const own = path[at]?.sources ?? [];
  if (!isRest(path, at)) return own;
  const above = sourcesOf(path, at - 1);
  return [...above, ...own.filter(({ n, title }) => !above.some((other) => other.n === n && other.title === title))];
}
