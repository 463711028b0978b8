// A block that grows is made anew on every paint, but in the page it stays as far as it says the same: nodes are changed at
// their ends and not replaced, so that what a reader has selected, focused, unfolded or moved to the side there stays.

import { keepSelection } from "./selection";

/** Elements within each other that are looked into; what is deeper is replaced. */
const DEEPEST = 64;

/** Makes `box` hold what was `made`, by what is there already where that can stay. The cost is linear in both. */
export function morph(box: Element, made: DocumentFragment): void {
  if (box.hasChildNodes()) keepSelection(box, () => children(box, made, 0));
  else box.append(made);
}

function children(box: Node, made: Node, depth: number): void {
  const before = [...box.childNodes];
  const after = [...made.childNodes];
  for (const [n, node] of after.entries()) {
    const here = before[n];
    if (here === undefined) box.appendChild(node);
    else if (!stays(here, node, depth)) here.replaceWith(node);
  }
  for (const gone of before.slice(after.length)) gone.remove();
}

/** Makes one the other, where it can be. */
function stays(here: Node, made: Node, depth: number): boolean {
  if (here instanceof Text && made instanceof Text) {
    retell(here, made.data);
    return true;
  }
  // Most of what was made is what is there, and the browser knows that sooner.
  if (here.isEqualNode(made)) return true;
  // What is not HTML is a formula: it is the same one or another one.
  if (!(here instanceof HTMLElement && made instanceof HTMLElement)) return false;
  if (here.tagName !== made.tagName || depth === DEEPEST) return false;
  // A tool's words and whether it is pressed are its own.
  const tool = made.dataset["code"];
  if (tool !== undefined) return here.dataset["code"] === tool;
  attributes(here, made);
  children(here, made, depth + 1);
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
