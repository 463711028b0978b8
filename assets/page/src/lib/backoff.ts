// How long to wait before the next try: exponential with full jitter, so that a thousand pages that lost the
// same server do not come back in the same instant.

const BASE_MS = 250;
const CAP_MS = 15_000;
/** While an answer may still be caught: the server keeps it for `session.on_leave`, three seconds by default. */
export const URGENT_CAP_MS = 400;

export function backoff(attempt: number, cap = CAP_MS, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(cap, BASE_MS * 2 ** Math.min(attempt, 16)));
}
