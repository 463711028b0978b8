// A block that grows is made anew on every paint, but in the page it stays as far as it says the same: nodes are changed at
// their ends and not replaced, so that what a reader has selected, focused, unfolded or moved to the side there stays.

import { keepSelection } from "./selection";

/**
 * In what is made, where no other comment is: so many nodes that stand in the page at this place, in an element of this name,
 * stay as they are.
 */
export function kept(count: number): Comment {
  return document.createComment(String(count));
}

/** What was to be kept does not stand in the page: all must be made. */
export class NotThere extends Error {}

/**
 * Makes `box` hold what was `made`, by what is there already where that can stay. The cost is linear in both; the depth is
 * what markdown.ts and tags.ts let it be. Throws `NotThere`, with `box` half changed.
 */
export function morph(box: Element, made: DocumentFragment): void {
  if (box.hasChildNodes()) keepSelection(box, () => children(box, made));
  else box.append(complete(made));
}

function children(box: Node, made: Node): void {
  let here = box.firstChild;
  let at = 0;
  for (const node of [...made.childNodes]) {
    if (node instanceof Comment) {
      at += Number(node.data);
      if (at > box.childNodes.length) throw new NotThere();
      here = box.childNodes[at] ?? null;
      continue;
    }
    const next = here?.nextSibling ?? null;
    if (here === null) box.appendChild(complete(node));
    else if (!stays(here, node)) here.replaceWith(complete(node));
    here = next;
    at += 1;
  }
  while (here !== null) {
    const next = here.nextSibling;
    here.remove();
    here = next;
  }
}

/** What comes new into the page keeps nothing. */
function complete<Made extends Node>(made: Made): Made {
  if (document.createTreeWalker(made, NodeFilter.SHOW_COMMENT).nextNode() !== null) throw new NotThere();
  return made;
}

/** Makes one the other, where it can be. */
function stays(here: Node, made: Node): boolean {
  if (here instanceof Text && made instanceof Text) {
    retell(here, made.data);
    return true;
  }
  // Most of what was made is what is there, and the browser knows that sooner.
  if (here.isEqualNode(made)) return true;
  // What is not HTML is a formula: it is the same one or another one.
  if (!(here instanceof HTMLElement && made instanceof HTMLElement) || here.tagName !== made.tagName) return false;
  // A tool's words and whether it is pressed are its own.
  const tool = made.dataset["code"];
  if (tool !== undefined) return here.dataset["code"] === tool;
  attributes(here, made);
  children(here, made);
  return true;
}

/** Changes a text behind what both begin with: who has a hold before that keeps it. */
function retell(text: Text, data: string): void {
  if (text.data === data) return;
  let at = 0;
  while (at < text.length && text.data[at] === data[at]) at += 1;
  text.replaceData(at, text.length - at, data.slice(at));
}

function attributes(here: HTMLElement, made: HTMLElement): void {
  for (const { name, value } of made.attributes) if (here.getAttribute(name) !== value) here.setAttribute(name, value);
  // Nothing is made unfolded: that was the reader.
  for (const name of here.getAttributeNames())
    if (name !== "open" && !made.hasAttribute(name)) here.removeAttribute(name);
}
