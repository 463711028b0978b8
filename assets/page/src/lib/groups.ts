// Code in groups of lines, each a box of its own: what comes is laid out with the lines beside it, and not with all that stand
// above.

import { kept } from "./morph";

/** Lines of a group. */
const GROUP = 24;

/** How far code stands in the page for good: in so many whole groups, and of the next one in so many nodes, of so many lines. */
export type Standing = { readonly groups: number; readonly nodes: number; readonly lines: number };

export const NONE: Standing = { groups: 0, nodes: 0, lines: 0 };

/** Code that is made behind what stands already. */
export class Groups {
  readonly made = document.createDocumentFragment();
  #standing: Standing;
  #group: HTMLElement | null = null;

  constructor(standing: Standing) {
    this.#standing = standing;
    if (standing.groups > 0) this.made.append(kept(standing.groups));
    if (standing.nodes > 0) this.#open().append(kept(standing.nodes));
  }

  /** How far it stands with what was added. */
  get standing(): Standing {
    return this.#standing;
  }

  /** Lines that are done, each with its end. */
  add(made: DocumentFragment, code: string): void {
    const { groups, nodes, lines } = this.#standing;
    const more = { groups, nodes: nodes + made.childNodes.length, lines: lines + code.split("\n").length - 1 };
    this.#open().append(made);
    const isFull = more.lines >= GROUP;
    this.#standing = isFull ? { groups: groups + 1, nodes: 0, lines: 0 } : more;
    if (isFull) this.#group = null;
  }

  /** What is not done yet; nothing is added behind it. */
  end(rest: DocumentFragment | string): void {
    if (typeof rest === "string" ? rest !== "" : rest.hasChildNodes()) this.#open().append(rest);
  }

  #open(): HTMLElement {
    if (this.#group === null) {
      this.#group = document.createElement("span");
      this.#group.className = "lines";
      this.made.append(this.#group);
    }
    return this.#group;
  }
}
