// The blocks that stand in the page, each in its box: of one that grows, only what is new is made.

import type { Cited } from "./citations";
import type { Block } from "./markdown";
import { morph, NotThere } from "./morph";
import { nodes } from "./nodes";

type Shown = { block: Block; cited: Cited | undefined; again: () => void };

const shown = new WeakMap<Element, Shown>();

/** Shows a block in `box`, where another block, or less of this one, may be shown already. */
export function show(box: Element, block: Block, cited: Cited | undefined): void {
  const before = shown.get(box);
  const again = before?.again ?? (() => showAgain(box));
  shown.set(box, { block, cited, again });
  try {
    morph(box, nodes(block, cited, again, before?.cited === cited ? before?.block : undefined));
  } catch (fault) {
    if (!(fault instanceof NotThere)) throw fault;
    again();
  }
}

/** All of it: what colours code or sets formulas has come, or the page is another one than it was made. */
function showAgain(box: Element): void {
  const { block, cited, again } = shown.get(box)!;
  morph(box, nodes(block, cited, again));
}
