// Which conversation the page is at. The address says it: the base is a new one, `c/<id>` below it an old one. In a frame the address
// stays as it is, for a step of it would be one of the site's own way back; there the browser keeps it beside the address,
// for a reload, and in the tab, for the site's next page.

import { BASE, conversationAt, inside, OWN } from "./base";
import { framed } from "./frame";

const PATH = /^c\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/?$/i;
const KEY = `${OWN}:framed`;

/** In a frame: what was kept, and what it is now. */
let kept = framed ? read() : null;

/** `null`: none that could have begun. */
export function here(): string | null {
  const path = framed ? `c/${kept}` : inside();
  return PATH.exec(path)?.[1]?.toLowerCase() ?? null;
}

/** Whether it is at a new conversation. */
export function atStart(): boolean {
  return framed ? here() === null : inside() === "";
}

export function addressOf(id: string | null): string {
  return id === null ? BASE : conversationAt(id);
}

/** A new step of the reader's way, `null` to a new conversation. */
export function go(id: string | null): void {
  if (framed) keep(id);
  else history.pushState(null, "", addressOf(id));
}

/** No new step: going back should not lead to where the page was. */
export function become(id: string | null): void {
  if (framed) keep(id);
  else history.replaceState(null, "", addressOf(id));
}

function keep(id: string | null): void {
  kept = id;
  history.replaceState({ ...(history.state as object | null), [KEY]: id }, "");
  try {
    if (id === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, id);
  } catch {
    // The site's next page begins anew.
  }
}

function read(): string | null {
  const beside = (history.state as Record<string, string | null> | null)?.[KEY];
  if (beside !== undefined) return beside;
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
