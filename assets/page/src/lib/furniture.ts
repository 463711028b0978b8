// What the buttons do that the page puts into an answer: around code, and at footnotes.

import { copy } from "./copy";
import { say } from "./language";

/** How long it is said what came of a press. */
const SAID_MS = 1500;

/** The usual endings of files, by a language's name where that is not the ending itself. */
const ENDINGS: Record<string, string> = {
  bash: "sh",
  csharp: "cs",
  javascript: "js",
  kotlin: "kt",
  markdown: "md",
  python: "py",
  ruby: "rb",
  rust: "rs",
  shell: "sh",
  typescript: "ts",
  "c++": "cpp",
  "": "txt",
};

/** Does what the button is for that was pressed, if one was. */
export function pressed({ target, currentTarget }: MouseEvent): void {
  if (!(target instanceof Element)) return;
  const tool = target.closest<HTMLElement>("[data-code]");
  const box = tool?.closest(".code-box");
  if (tool && box) return use(tool, box);
  const mark = target.closest<HTMLElement>("[data-to-footnote], [data-to-mark]");
  if (!mark || !(currentTarget instanceof Element)) return;
  if (mark.dataset["toMark"] === undefined) toFootnote(currentTarget, mark);
  else toMark(currentTarget, mark);
}

function use(tool: HTMLElement, box: Element): void {
  const code = box.querySelector("pre")?.textContent ?? "";
  switch (tool.dataset["code"]) {
    case "wrap": {
      const wraps = tool.getAttribute("aria-pressed") === "true";
      tool.setAttribute("aria-pressed", String(!wraps));
      return;
    }
    case "save":
      return save(code, box.querySelector(".language")?.textContent ?? "");
    case "copy":
      void copy(code).then((done) => tell(tool, done ? say.copy.copied : say.copy.failed));
  }
}

function tell(tool: HTMLElement, words: string): void {
  tool.textContent = words;
  setTimeout(() => (tool.textContent = say.copy.copy), SAID_MS);
}

function save(code: string, language: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([code], { type: "text/plain" }));
  link.download = `code.${fileEnding(language)}`;
  link.click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), SAID_MS);
}

/** What a file with code of this language ends with. */
export function fileEnding(language: string): string {
  return ENDINGS[language] ?? (/^[a-z0-9]{1,10}$/.test(language) ? language : "txt");
}

/** By which of its marks a footnote was come to. */
const cameBy = new WeakMap<Element, HTMLElement>();

/** A mark without a footnote leads nowhere. */
function toFootnote(text: Element, mark: HTMLElement): void {
  const notes = [...text.querySelectorAll<HTMLElement>("[data-footnote]")];
  const note = notes.find(({ dataset }) => dataset["footnote"] === mark.dataset["toFootnote"]);
  if (!note) return;
  cameBy.set(note, mark);
  goTo(note);
}

/** Back to the mark that the reader came by, or to the first one. */
function toMark(text: Element, back: HTMLElement): void {
  const marks = [...text.querySelectorAll<HTMLElement>("[data-to-footnote]")];
  const those = marks.filter(({ dataset }) => dataset["toFootnote"] === back.dataset["toMark"]);
  const note = back.closest(".footnote");
  const last = note === null ? undefined : cameBy.get(note);
  const mark = last && those.includes(last) ? last : those[0];
  if (mark) goTo(mark);
}

function goTo(place: HTMLElement): void {
  place.scrollIntoView({ block: "nearest", behavior: "instant" });
  place.focus({ preventScroll: true });
}
