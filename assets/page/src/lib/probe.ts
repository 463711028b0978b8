// Why a WebSocket was refused, as the browser hides the answer to a failed upgrade: `/api/v1/me` tells what a new session would be
// refused for. And what else `/readyz` knows: whether conversations can be kept, and how far the documents are.

import { BASE } from "./base";
import { say } from "./language";
import { timeless, told } from "./problems";
import { heard } from "./time";
import { headers } from "./visitor";

/** A server that asks for more patience than this is asked again anyway. */
const LONGEST_WAIT_MS = 60_000;

const PROBE_TIMEOUT_MS = 5_000;

export type Finding = { why: string; retryAfterMs: number };

/** For what the server would take no session of this reader's now. */
type Refused = { code: string; message: string; retry_after_ms: number | null };

export async function probe(): Promise<Finding | "signedOut"> {
  try {
    const me = await get("api/v1/me", headers);
    if (me.status === 401) return "signedOut";
    const refused = await refusal(me);
    if (refused !== undefined) {
      // The page counts the time down itself.
      const why = told({ code: refused.code, message: timeless(refused.message) });
      return { why, retryAfterMs: Math.min(refused.retry_after_ms ?? 0, LONGEST_WAIT_MS) };
    }
    const answer = await ask();
    const retryAfterMs = Math.min((Number(answer.headers.get("retry-after")) || 0) * 1000, LONGEST_WAIT_MS);
    if (answer.ok) {
      return { why: say.connection.blocked, retryAfterMs };
    }
    return { why: say.connection.notReady, retryAfterMs };
  } catch {
    return {
      why: navigator.onLine ? say.connection.unreachable : say.connection.offline,
      retryAfterMs: 0,
    };
  }
}

/** `undefined`: none, or it is an older server's answer, or no server's. */
async function refusal(me: Response): Promise<Refused | undefined> {
  if (!me.ok) return undefined;
  try {
    return ((await me.json()) as { session_refused?: Refused }).session_refused;
  } catch {
    return undefined;
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

async function get(address: string, headers: Record<string, string> = {}): Promise<Response> {
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const answer = await fetch(`${BASE}${address}`, { cache: "no-store", headers, signal });
  heard(answer.headers.get("date"));
  return answer;
}
