// What is shown of a text, as HTML.

import { whole, type Block } from "../src/lib/markdown";
import { nodes } from "../src/lib/nodes";

/** Each block as HTML. */
export function html(blocks: readonly Block[]): string[] {
  return blocks.map((block) => {
    const box = document.createElement("div");
    box.append(nodes(block));
    return box.innerHTML;
  });
}

/** A text that grows no more. */
export function shown(markdown: string): HTMLElement {
  const box = document.createElement("div");
  box.append(...whole(markdown).map((block) => nodes(block)));
  return box;
}
