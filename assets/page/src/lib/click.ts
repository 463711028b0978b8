// Links that the page follows by itself, unless the reader wants them elsewhere.

/** Takes the click from the browser if it is an ordinary one: no other button, no key for a new tab or window. */
export function taken(event: MouseEvent): boolean {
  const ordinary = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (ordinary) event.preventDefault();
  return ordinary;
}
