// Code in colours. What colours it is loaded when there is code to be coloured; until then, and where that fails, code is
// shown plain.

import type { Done } from "./languages";
import { Lazily } from "./lazily";
import { kept } from "./morph";

/** Letters; longer code is shown plain. */
const LONGEST = 200_000;

const languages = new Lazily(() => import("./languages"));

/** How far each is coloured, by what it was made of: as long as it grows, for what is frozen is not made again. */
const done = new WeakMap<object, Done>();

/**
 * The code as text and spans of class `hljs-…`, where what stands in the page for what `before` named is kept; `null`:
 * without colours, for good or until `later` is called.
 */
export function coloured(of: object, code: string, language: string, later: () => void, before?: object) {
  if (language === "" || code.length > LONGEST) return null;
  const so = before && done.get(before);
  const found = languages.now(later)?.colour(code, language, later, so) ?? null;
  if (found === null) return null;
  done.set(of, found.done);
  if (found.isFurther && so !== undefined) found.made.prepend(kept(so.nodes));
  return found.made;
}

/** Resolves when code in this language can be coloured, or cannot for now. */
export async function load(language: string): Promise<void> {
  await languages.load();
  await languages.now(() => {})?.learn(language);
}
