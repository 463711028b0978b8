// Where the page lies on its host: at its root, or below a path that a proxy shares it out under. Every address of the
// server's that the page asks for or shows begins with it.

import { settings } from "./settings";

/** As the server has it; begins and ends with a slash. */
export const BASE = settings().base;

/** Who of those who sign in at this browser: a word that tells nothing else, in a cookie of the server's. */
const reader = new RegExp(`(?:^|; )askd_reader${BASE.slice(0, -1).replaceAll("/", "_")}=([0-9a-f]+)`).exec(
  document.cookie,
)?.[1];

/** What stands before the names of all that the browser keeps for this page: another askd may share the host with it, and
 * another reader the browser. */
export const OWN = `askd${BASE.slice(0, -1)}${reader === undefined ? "" : `~${reader}`}`;

export function conversationAt(id: string): string {
  return `${BASE}c/${id}`;
}

/** What the address says behind the base. */
export function inside(): string {
  return location.pathname.slice(BASE.length);
}

/** Who has come past the proxy has left its path out; the page is the same there, and goes on below it. */
export function settle(): void {
  const { pathname, search, hash } = location;
  if (pathname.startsWith(BASE)) return;
  const behind = `${pathname}/` === BASE ? "" : pathname.slice(1);
  history.replaceState(history.state, "", `${BASE}${behind}${search}${hash}`);
}

/** Where conversations are followed. */
export function socketAddress(): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${BASE}ws`;
}
