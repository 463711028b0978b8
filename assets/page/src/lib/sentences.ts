// The sentences of a growing answer, each once and when it is whole, in plain text: what is read aloud while the answer
// still comes. Code and formulas are named, not read.

import { language, say } from "./language";
import { endsInTable, forTheEar, NOTHING } from "./lines";
import { levelled, settled, spoken } from "./spoken";

/** Words without an end are a sentence when there are so many letters of them. */
const LONGEST = 600;

/** A whole sentence of more letters is read in several: to find what of it is not read takes many times as long. */
const MOST = 4 * LONGEST;

/** The beginning of what is named: code, or a formula on lines of its own, also in a quotation or a list; or indented code. */
const OPENING =
  /^(?<within>[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+>?[ \t]*)?)(?<mark>`{3,}(?!.*`)|~{3,}|\$\$|\\\[|\\begin\{(?<name>(?:align|alignat|equation|gather|multline)\*?)\})|(?= {4}|\t)(?<=(?:\n[ \t]*\n|(?<![^])(?:[ \t]*\n)*))(?: {4}|\t)[ \t]*\S/gm;

/** What stands indented behind such a line is no code; how far back one is looked for. */
const LISTED = /^ {0,3}(?:[-*+]|\d{1,9}[.)]|\[\^[^\]\n]+\]:)(?:[ \t]|$)/;
const FARTHEST = 2_048;

/**
 * A line's end within a paragraph: neither a heading, a definition nor a blank line is before it, and no blank line, footnote or
 * next part of a list behind. The line's end is looked for first: to look back from each letter takes long where a line does.
 */
const SOFT =
  /(?=\n)(?<=^(?![ \t]*(?:#{1,6}[ \t]|\[(?!\^|\d+\])[^\]\n]+\]:)).*\S.*)\n(?=[ \t]*[^\s|>#])(?![ \t]*(?:[-*+][ \t]|\d+[.)][ \t]|\[\^[^\]\n]{1,999}\]:))/gm;

/** A list's number is not a sentence, though a full stop is behind it. */
const NUMBER = /^[\s>]*(?:\d{1,4}|[a-z])[.)]\s*$/i;

/**
 * What stands between two signs: `close` is the second, of a fence a line of its own; `isMath`: a fence's code is a formula;
 * `isQuoted`: it ends with its quotation. Indented code has no sign, and `blanks` lines that may be its last.
 */
type Fence = { close: string; lines: number; isMath: boolean; isQuoted: boolean; blanks: number };

export class Sentences {
  /** How far the text was taken. */
  #at = 0;
  #fence: Fence | null = null;
  #isTable = false;
  readonly #segmenter = new Intl.Segmenter(language, { granularity: "sentence" });

  /** What has become whole since the last call; if the text is `over`, all that is left. */
  take(text: string, over: boolean): string[] {
    const taken: string[] = [];
    for (let before = -1; before < this.#at;) {
      before = this.#at;
      if (this.#fence === null) this.#read(text, over, taken);
      else if (this.#fence.close === "") this.#skipIndented(text, over, this.#fence, taken);
      else this.#skip(text, over, this.#fence, taken);
    }
    return taken;
  }

  #read(text: string, over: boolean, taken: string[]): void {
    const rest = text.slice(this.#at);
    const opening = this.#opening(text, over);
    if (/^[ \t]*\n/.test(rest) && text[this.#at - 1] === "\n") this.#isTable = false;
    let sentence = "";
    const end = (): void => {
      // A blank line may begin with the end of what was read before.
      const before = text[this.#at - 1] === "\n" ? "\n" : "";
      this.#isTable = endsInTable(before + sentence, this.#isTable);
      for (let left = sentence; left !== ""; left = left.slice(sentence.length)) {
        sentence = left.length > MOST ? left.slice(0, cut(left)) : left;
        this.#at += sentence.length;
        const words = spoken(sentence);
        if (words !== "") taken.push(words);
      }
      sentence = "";
    };
    const lines = forTheEar(rest.slice(0, opening?.index), this.#isTable, over || opening !== null);
    const ground = lines.replace(SOFT, " ");
    const whole = over || opening ? ground : ground.slice(0, settled(ground));
    for (const { segment, index } of this.#segmenter.segment(levelled(whole))) {
      // Only what follows shows that a sentence is whole.
      if (sentence !== "" && !NUMBER.test(sentence) && whole[index] !== NOTHING) end();
      sentence += whole.slice(index, index + segment.length);
    }
    if (over || opening || /\n[ \t\r]*\n\s*$/.test(sentence)) end();
    while (sentence.length > LONGEST) {
      const left = sentence.slice(cut(sentence));
      sentence = sentence.slice(0, cut(sentence));
      end();
      sentence = left;
    }
    // Of a line that still comes, nobody knows how long its sign will be.
    if (!opening || (!over && !rest.includes("\n", opening.index))) return;
    const { mark, within = "" } = opening.groups!;
    if (!over && lengthOf(rest.slice(opening.index + opening[0].length), mark)! < 0) return;
    this.#isTable = false;
    this.#at += mark === undefined ? 0 : opening[0].length;
    const isMath = /^[ \t]*math[ \t\r]*$/m.exec(rest.slice(opening.index + opening[0].length))?.index === 0;
    const close = mark === undefined ? "" : closing(mark);
    this.#fence = { close, lines: 0, isMath, isQuoted: within.includes(">"), blanks: 0 };
  }

  /** In what is not read yet. */
  #opening(text: string, over: boolean): RegExpExecArray | null {
    OPENING.lastIndex = this.#at;
    for (let found = OPENING.exec(text); found !== null; found = OPENING.exec(text)) {
      if (found.groups!["mark"] === undefined && isListed(text.slice(0, found.index))) continue;
      const length = lengthOf(text.slice(found.index + found[0].length), found.groups!["mark"]);
      if (length === null || (over && length < 0)) continue;
      found.index -= this.#at;
      return found;
    }
    return null;
  }

  #skipIndented(text: string, over: boolean, fence: Fence, taken: string[]): void {
    for (;;) {
      const end = text.indexOf("\n", this.#at);
      const line = text.slice(this.#at, end < 0 ? undefined : end);
      const isBlank = line.trim() === "";
      const isWhole = end >= 0 || over;
      if ((!isBlank && !/^(?: {4}|\t)/.test(line)) || (over && this.#at === text.length)) {
        taken.push(say.speech.code(fence.lines));
        this.#fence = null;
        return;
      }
      if (!isWhole) return;
      fence.lines += isBlank ? 0 : 1 + fence.blanks;
      fence.blanks = isBlank ? fence.blanks + 1 : 0;
      this.#at += line.length + (end < 0 ? 0 : 1);
    }
  }

  #skip(text: string, over: boolean, fence: Fence, taken: string[]): void {
    const { close } = fence;
    const formula = isFormula(close);
    const ends = (lines: number, at: number): void => {
      taken.push(formula || fence.isMath ? say.speech.formula : say.speech.code(lines));
      this.#at = at;
      this.#fence = null;
    };
    for (;;) {
      const end = text.indexOf("\n", this.#at);
      const line = text.slice(this.#at, end < 0 ? undefined : end);
      const hasLeft = fence.isQuoted && fence.lines > 0 && !/^[ \t]*>/.test(line) && (end >= 0 || line.trim() !== "");
      if (hasLeft) return ends(fence.lines - 1, this.#at);
      const closed = formula ? line.indexOf(close) : closes(line, close) && fence.lines > 0 ? 0 : -1;
      if (closed >= 0 && formula) return ends(0, this.#at + closed + close.length);
      // The first line is the opening's own.
      if (closed >= 0 && (end >= 0 || over)) return ends(fence.lines - 1, this.#at + line.length);
      if (end < 0 && !over) return;
      if (end < 0) return ends(fence.lines - (line === "" ? 1 : 0), text.length);
      fence.lines += 1;
      this.#at = end + 1;
    }
  }
}

/** What ends what a mark begins. */
function closing(mark: string): string {
  return mark === "\\[" ? "\\]" : mark.replace("\\begin", "\\end");
}

function isFormula(close: string): boolean {
  return close === "$$" || close.startsWith("\\");
}

/** How long a formula is whose beginning was read, -1 while nobody knows; `null`: a blank line makes it none. Code is not asked. */
function lengthOf(text: string, mark = ""): number | null {
  const close = closing(mark);
  if (!isFormula(close)) return 0;
  const blank = text.search(/\n[ \t]*\n/);
  const end = text.slice(0, blank < 0 ? undefined : blank).indexOf(close);
  return end < 0 && blank >= 0 ? null : end;
}

/** Whether what is indented at a text's end belongs to a list or a footnote. */
function isListed(text: string): boolean {
  const lines = text.slice(-FARTHEST).split("\n");
  return LISTED.test(lines.findLast((line) => /^ {0,1}\S/.test(line) || LISTED.test(line)) ?? "");
}

function closes(line: string, mark: string): boolean {
  const found = line.replace(/^[ \t>]+/, "").trim();
  return found.length >= mark.length && found === mark[0]!.repeat(found.length);
}

/** Between two words, if there are such; never within a letter of two code units. */
function cut(sentence: string): number {
  const blank = sentence.lastIndexOf(" ", LONGEST);
  if (blank > 0) return blank + 1;
  return /[\ud800-\udbff]/.test(sentence[LONGEST - 1]!) ? LONGEST - 1 : LONGEST;
}
