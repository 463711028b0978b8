// Who writes with a finger: there is no Shift to begin a new line with, so the key that breaks a line does that, and the button sends.

/** A screen that is touched, without a mouse; keys that are put to it are keys of the same field. */
export function touched(): boolean {
  return globalThis.matchMedia?.("(hover: none) and (pointer: coarse)").matches ?? false;
}

/** Whether Enter sends here; with Ctrl or ⌘ it does everywhere. */
export function sends(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.shiftKey && (event.ctrlKey || event.metaKey || !touched());
}
