// Words that Markdown leaves as they are.

/** On one line, without a mark that could mean anything. */
const WORDS = /^(?!.*www\.)\p{L}[\p{L}\p{M}\p{N} ,;:.?!'"’()…–—]*(?<! )$/u;

/** Whether a text is a paragraph of plain words, so that no reader of Markdown need be asked. */
export function isUnmarked(text: string): boolean {
  return WORDS.test(text);
}
