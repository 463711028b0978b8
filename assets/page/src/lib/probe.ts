// Why a WebSocket was refused, as the browser hides the answer to a failed upgrade; and what else `/readyz` knows: whether
// conversations can be kept, and how far the documents are.

import { BASE } from "./base";
import { say } from "./language";
import { heard } from "./time";

/** A server that asks for more patience than this is asked again anyway. */
const LONGEST_WAIT_MS = 60_000;

const PROBE_TIMEOUT_MS = 5_000;

export type Finding = { why: string; retryAfterMs: number };

export async function probe(): Promise<Finding | "signedOut"> {
  try {
    if ((await get("api/v1/me")).status === 401) return "signedOut";
    const answer = await ask();
    const retryAfterMs = Math.min((Number(answer.headers.get("retry-after")) || 0) * 1000, LONGEST_WAIT_MS);
    if (answer.ok) {
      return { why: say.connection.full, retryAfterMs };
    }
    return { why: say.connection.notReady, retryAfterMs };
  } catch {
    return {
      why: navigator.onLine ? say.connection.unreachable : say.connection.offline,
      retryAfterMs: 0,
    };
  }
}

/** `null`: there is nobody who could say. */
export async function keepsConversations(): Promise<boolean | null> {
  try {
    const answer = await ask();
    if (answer.ok) return true;
    return ((await answer.json()) as { state?: string }).state === "storage_failed" ? false : null;
  } catch {
    return null;
  }
}

/** What the server is at with its documents: `done` of so many files that are read, or passages that get their vectors. */
export type Progress = { task: "reading" | "embedding"; done: number; of: number };

/** `unread`: nothing of the documents can be found yet. */
export type Documents = { unread: boolean; progress: Progress | null };

/** `null`: there is nobody who could say. */
export async function documents(): Promise<Documents | null> {
  try {
    const told = (await (await ask()).json()) as { detail?: string; progress?: Progress };
    return { unread: told.detail === "documents_unread", progress: told.progress ?? null };
  } catch {
    return null;
  }
}

function ask(): Promise<Response> {
  return get("readyz");
}

async function get(address: string): Promise<Response> {
  const answer = await fetch(`${BASE}${address}`, { cache: "no-store", signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
  heard(answer.headers.get("date"));
  return answer;
}
