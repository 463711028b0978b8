// What is not needed yet: done when the page has nothing else to do.

/** For how long it may wait, ms. */
const LONGEST = 2_000;

/** Where a browser does not say when it is idle (Safari), it gets this, ms. */
const MOMENT = 200;

/** Resolves when there is nothing else to do. */
export function idle(): Promise<void> {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in window) requestIdleCallback(() => resolve(), { timeout: LONGEST });
    else setTimeout(resolve, MOMENT);
  });
}

/** Resolves when what has come meanwhile, such as a letter that was typed, has been seen to. */
export function breath(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
