// What time it is. The device's own clock may be wrong by hours, and may be set while the page is open: days go by the
// server's, and how long something lasts by a clock that only goes forward.

/** So far apart are two right clocks at the most: the server names whole seconds, and its words take their time. */
const NEAR_MS = 5_000;

/** The server's time when the page's own clock began; `null`: it is the device's, for all that is known. */
let began: number | null = null;

/** Milliseconds on the page's own clock: for how long something has gone on, and for nothing else. */
export function ticks(): number {
  return performance.now();
}

/** Takes notice of the `Date` of an answer that has just come. */
export function heard(date: string | null): void {
  const told = Date.parse(date ?? "");
  if (Math.abs(told - now()) > NEAR_MS) began = told - ticks();
}

/** Milliseconds since the epoch, by the server's clock as soon as that is known to be another one. */
export function now(): number {
  return began === null ? Date.now() : began + ticks();
}

/** By how much the device's clock goes ahead of the server's; behind it, less than zero. */
export function ahead(): number {
  return Date.now() - now();
}
