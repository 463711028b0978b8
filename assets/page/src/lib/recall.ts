// The questions of a conversation, called back into the composer one after the other, as a shell does it. Pure.

/** What is called back: the how-manieth question from the first; `null`: none is. */
export type Recalled = number | null;

/** The questions that there are to be called back: each once, where it was asked last. */
export function recallable(questions: string[]): string[] {
  return questions.filter((question, at) => questions.lastIndexOf(question) === at);
}

/**
 * Whether an arrow at this place of the field asks for another question. Within a text it moves the caret; only an empty
 * field, or a question that was called back, is left by it.
 */
export function leaves(text: string, caret: number, up: boolean, recalled: Recalled): boolean {
  if (recalled === null) return up && text === "";
  return !(up ? text.slice(0, caret) : text.slice(caret)).includes("\n");
}

/** The next one up or down, and its text; `undefined`: there is no further one. Below the newest is an empty field. */
export function recall(
  questions: string[],
  recalled: Recalled,
  up: boolean,
): { recalled: Recalled; text: string } | undefined {
  const next = (recalled ?? questions.length) + (up ? -1 : 1);
  if (next < 0 || next > questions.length) return undefined;
  const text = questions[next];
  return text === undefined ? { recalled: null, text: "" } : { recalled: next, text };
}
