// Why a WebSocket was refused. The browser hides the answer to a failed upgrade, so `/readyz` is asked instead.

/** A server that asks for more patience than this is asked again anyway. */
const LONGEST_WAIT_MS = 60_000;

const PROBE_TIMEOUT_MS = 5_000;

export type Finding = { why: string; retryAfterMs: number };

export async function probe(): Promise<Finding> {
  try {
    const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const retryAfterMs = Math.min((Number(answer.headers.get("retry-after")) || 0) * 1000, LONGEST_WAIT_MS);
    if (answer.ok) {
      return { why: "The server takes no further connection now; it may be full.", retryAfterMs };
    }
    return { why: "The server is not ready.", retryAfterMs };
  } catch {
    return {
      why: navigator.onLine ? "Cannot reach the server." : "This device is offline.",
      retryAfterMs: 0,
    };
  }
}
