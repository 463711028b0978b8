// Who the reader is where a browser keeps no cookie for a frame in another site's page: whoever says the secret that this
// page has made. It goes with each request; the server passes it over where a cookie says who it is.

import { OWN } from "./base";
import { framed } from "./frame";

const KEY = `${OWN}:visitor`;
const SECRET = /^[0-9a-f]{64}$/;

/** What the page speaks over a WebSocket; the name is the server's. */
const PROTOCOL = "askd.v1";

/** The one that was kept: in this site's part of the storage, or, for a reload, beside the frame's address. Else a new one. */
function secret(): string {
  const found = [stored(), (history.state as Record<string, unknown> | null)?.[KEY]];
  const kept = found.find((one): one is string => typeof one === "string" && SECRET.test(one)) ?? made();
  history.replaceState({ ...(history.state as object | null), [KEY]: kept }, "");
  try {
    localStorage.setItem(KEY, kept);
  } catch {
    // The site's next page begins anew.
  }
  return kept;
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function made(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const said = framed ? secret() : null;

/** With each request, and with each WebSocket, to which no header can be added. */
export const headers: Record<string, string> = said === null ? {} : { "askd-visitor": said };
export const protocols: string[] = said === null ? [] : [PROTOCOL, `visitor.${said}`];
