// The sentences of a growing answer, each once and when it is whole, in plain text: what is read aloud while the answer
// still comes. Code and formulas are named, not read.

import { language, say } from "./language";
import { levelled, settled, spoken } from "./spoken";

/** Words without an end are a sentence when there are so many letters of them. */
const LONGEST = 600;

/** The beginning of what is named: code, or a formula on lines of its own. */
const OPENING = /^[ \t]*(`{3,}(?!.*`)|~{3,}|\$\$|\\\[)/m;

/**
 * A line's end within a paragraph: neither a heading nor a blank line is before it, and no blank line, footnote or next part
 * of a list behind.
 */
const SOFT =
  /(?<=^(?![ \t]*#{1,6}[ \t]).*\S.*)\n(?=[ \t]*[^\s|>#])(?![ \t]*(?:[-*+][ \t]|\d+[.)][ \t]|\[\^[^\]\n]{1,999}\]:))/gm;

/** A list's number is not a sentence, though a full stop is behind it. */
const NUMBER = /^[\s>]*(?:\d{1,4}|[a-z])[.)]\s*$/i;

/** What stands between two signs: `close` is the second, of a fence a line of its own; `isMath`: a fence's code is a formula. */
type Fence = { close: string; lines: number; isMath: boolean };

export class Sentences {
  /** How far the text was taken. */
  #at = 0;
  #fence: Fence | null = null;
  readonly #segmenter = new Intl.Segmenter(language, { granularity: "sentence" });

  /** What has become whole since the last call; if the text is `over`, all that is left. */
  take(text: string, over: boolean): string[] {
    const taken: string[] = [];
    for (let before = -1; before < this.#at;) {
      before = this.#at;
      if (this.#fence === null) this.#read(text, over, taken);
      else this.#skip(text, over, this.#fence, taken);
    }
    return taken;
  }

  #read(text: string, over: boolean, taken: string[]): void {
    const rest = text.slice(this.#at);
    const opening = OPENING.exec(rest);
    let sentence = "";
    const end = (): void => {
      this.#at += sentence.length;
      const words = spoken(sentence);
      if (words !== "") taken.push(words);
      sentence = "";
    };
    const ground = rest.slice(0, opening?.index).replace(SOFT, " ");
    const whole = over || opening ? ground : ground.slice(0, settled(ground));
    for (const { segment, index } of this.#segmenter.segment(levelled(whole))) {
      // Only what follows shows that a sentence is whole.
      if (sentence !== "" && !NUMBER.test(sentence)) end();
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
    const mark = opening[1]!;
    this.#at += opening[0].length;
    const isMath = /^[ \t]*math[ \t\r]*$/m.exec(rest.slice(opening.index + opening[0].length))?.index === 0;
    this.#fence = { close: mark === "\\[" ? "\\]" : mark, lines: 0, isMath };
  }

  #skip(text: string, over: boolean, fence: Fence, taken: string[]): void {
    const { close } = fence;
    const formula = close === "$$" || close === "\\]";
    const ends = (lines: number, at: number): void => {
      taken.push(formula || fence.isMath ? say.speech.formula : say.speech.code(lines));
      this.#at = at;
      this.#fence = null;
    };
    for (;;) {
      const end = text.indexOf("\n", this.#at);
      const line = text.slice(this.#at, end < 0 ? undefined : end);
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

function closes(line: string, mark: string): boolean {
  const found = line.trim();
  return found.length >= mark.length && found === mark[0]!.repeat(found.length);
}

/** Between two words, if there are such; never within a letter of two code units. */
function cut(sentence: string): number {
  const blank = sentence.lastIndexOf(" ", LONGEST);
  if (blank > 0) return blank + 1;
  return /[\ud800-\udbff]/.test(sentence[LONGEST - 1]!) ? LONGEST - 1 : LONGEST;
}
