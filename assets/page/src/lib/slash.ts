// What a "/" in an empty field offers: the operator's suggestions and what was asked in this conversation. Pure.

export type Offer = { question: string; asked: boolean };

/** How many are offered at once: who writes on sees others. */
const MOST = 8;

/** Where each word behind the "/" begins a word of it. What was asked stands behind the suggestions, the newest first. */
export function offers(written: string, suggestions: readonly string[], asked: readonly string[]): Offer[] {
  if (!written.startsWith("/") || written.includes("\n")) return [];
  const wanted = words(written.slice(1));
  const all = [...suggestions, ...asked.toReversed()];
  const found = [...new Set(all)].filter((question) => {
    const there = words(question);
    return wanted.every((word) => there.some((other) => other.startsWith(word)));
  });
  return found.slice(0, MOST).map((question) => ({ question, asked: !suggestions.includes(question) }));
}

function words(text: string): string[] {
  // Punctuation around a word is none of it; a path is one word, and offers nothing by its parts.
  const split = text.toLowerCase().split(/\s+/);
  return split.map((word) => word.replace(/^[^\p{L}\p{N}/]+|[^\p{L}\p{N}]+$/gu, "")).filter((word) => word !== "");
}
