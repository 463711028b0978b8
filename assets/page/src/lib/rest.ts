// An answer that ended early and was continued: a turn of its own for the server and the model, and one answer in parts for
// the reader. Pure.

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
  // A model begins its rest where a word ended, and leaves the space away.
  return above + (/\s$/.test(above) || /^(?:\s|$)/.test(last) ? "" : " ") + last;
}

/** The sources of the answer at this place with all the parts of it that stand above, each once. */
export function sourcesOf(path: Turn[], at: number): Source[] {
  const own = path[at]?.sources ?? [];
  if (!isRest(path, at)) return own;
  const above = sourcesOf(path, at - 1);
  return [...above, ...own.filter(({ n, title }) => !above.some((other) => other.n === n && other.title === title))];
}
