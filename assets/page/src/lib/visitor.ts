// Who the reader is where a browser keeps no cookie for a frame in another site's page: whoever says the secret that this
// page has made. It goes with each request; the server passes it over where a cookie says who it is.

import { OWN } from "./base";
import { framed } from "./frame";

const KEY = `${OWN}:visitor`;
const SECRET = /^[0-9a-f]{64}$/;

/** What the page speaks over a WebSocket; the name is the server's. */
const PROTOCOL = "askd.v1";

/** The one that was kept here, or a new one, which lasts as long as the page where nothing is kept. */
function secret(): string {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept !== null && SECRET.test(kept)) return kept;
  } catch {
    return made();
  }
  const fresh = made();
  try {
    localStorage.setItem(KEY, fresh);
  } catch {
    // No room: it is this page's alone.
  }
  return fresh;
}

function made(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const said = framed ? secret() : null;

/** With each request, and with each WebSocket, to which no header can be added. */
export const headers: Record<string, string> = said === null ? {} : { "askd-visitor": said };
export const protocols: string[] = said === null ? [] : [PROTOCOL, `visitor.${said}`];
