// TeX to MathML, which the browser sets. Loaded when there is a formula.

import temml from "temml";
import "temml/dist/Temml-Local.css";

import { straight } from "./turning";

/** Sets of formulas that are remembered: the last block of a growing answer is made anew on every paint. */
const REMEMBERED = 200;

/** Of a formula's own macros, so that none grows without end; and em of what it asks for in space. */
const MAX_EXPAND = 200;
const MAX_SIZE: [number, number] = [10, 50];

const remembered = new Map<string, Element | null>();

/** A formula as MathML; `null`: it is none. */
export function typeset(tex: string, display: boolean): Element | null {
  const key = `${display ? "d" : "i"}${tex}`;
  let set = remembered.get(key);
  if (set === undefined) {
    set = made(tex, display);
    if (remembered.size >= REMEMBERED) remembered.delete(remembered.keys().next().value!);
    remembered.set(key, set);
  }
  return set === null ? null : (set.cloneNode(true) as Element);
}

/** Without trust it makes no links and loads nothing; what comes out is looked at all the same. */
function made(tex: string, displayMode: boolean): Element | null {
  const box = document.createElement("span");
  const options = { displayMode, throwOnError: true, trust: false, maxExpand: MAX_EXPAND, maxSize: MAX_SIZE };
  try {
    temml.render(straight(tex), box, { ...options, annotate: true });
  } catch {
    return null;
  }
  const math = box.firstElementChild;
  return math === null || [math, ...math.querySelectorAll("*")].some(acts) ? null : math;
}

/** Whether an element may do more than be seen. */
function acts(element: Element): boolean {
  const isMath = element.namespaceURI === "http://www.w3.org/1998/Math/MathML" || element.localName === "span";
  return !isMath || element.getAttributeNames().some((name) => /^on|href|src/i.test(name));
}
