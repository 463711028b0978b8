// Code in its lines and colours. What colours it is loaded when there is code to be coloured; until then, and where that fails,
// code is plain.

import type { Done } from "./languages";
import { Groups, NONE, type Standing } from "./groups";
import { Lazily } from "./lazily";

/** Letters; longer code is shown plain. */
const LONGEST = 200_000;

const languages = new Lazily(() => import("./languages"));

/** How far each is done, by what it was made of: as long as it grows, for what is frozen is not made again. */
const done = new WeakMap<object, Done | Plain>();

/** Of code without colours. */
type Plain = { readonly language: null; readonly text: string; readonly standing: Standing };

/**
 * The code in groups of lines, as text and spans of class `hljs-…`, where what stands in the page for what `before` named is
 * kept; without colours for good, or until `later` is called.
 */
export function lines(
  of: object,
  code: string,
  language: string,
  later: () => void,
  before?: object,
): DocumentFragment {
  const so = before && done.get(before);
  const colours = language === "" || code.length > LONGEST ? null : languages.now(later);
  const found = colours?.colour(code, language, later, so?.language === null ? undefined : so) ?? plain(code, so);
  done.set(of, found.done);
  return found.made;
}

/** Line by line: only of the last one more may come. */
function plain(code: string, so?: Done | Plain): { made: DocumentFragment; done: Plain } {
  const further = so?.language === null && code.startsWith(so.text) ? so : null;
  const from = further?.text.length ?? 0;
  const end = code.lastIndexOf("\n", code.length - 2) + 1;
  const groups = new Groups(further?.standing ?? NONE);
  for (const line of code.slice(from, end).match(/[^\n]*\n/g) ?? []) {
    const made = document.createDocumentFragment();
    made.append(line);
    groups.add(made, line);
  }
  groups.end(code.slice(Math.max(from, end)));
  return {
    made: groups.made,
    done: { language: null, text: code.slice(0, Math.max(from, end)), standing: groups.standing },
  };
}

/** Resolves when code in this language can be coloured, or cannot for now. */
export async function load(language: string): Promise<void> {
  await languages.load();
  await languages.now(() => {})?.learn(language);
}
