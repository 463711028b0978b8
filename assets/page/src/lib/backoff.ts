// How long to wait before the next try: exponential with full jitter, so that a thousand pages that lost the
// same server do not come back in the same instant.

const BASE_MS = 250;
const CAP_MS = 15_000;

export function backoff(attempt: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 16)));
}
