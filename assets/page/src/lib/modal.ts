// A dialog over the page, which keeps the focus, hears Escape, and gives the focus back.

/**
 * Attach to a dialog that is shown for as long as it is in the page; `close` takes it out. By Escape that is done at once: the
 * browser tells of a dialog that it has closed itself only later, when its reader may have opened another one already.
 */
export function modal(dialog: HTMLDialogElement, close: () => void): () => void {
  const before = document.activeElement;
  const escaped = (event: Event): void => {
    // A chooser of files in it tells so, too, that none was chosen.
    if (event.target !== dialog) return;
    event.preventDefault();
    close();
  };
  dialog.addEventListener("cancel", escaped);
  dialog.addEventListener("close", close);
  dialog.showModal();
  return () => {
    dialog.removeEventListener("close", close);
    dialog.close();
    // The browser gives nothing back when the dialog goes with all that is in it.
    if (document.activeElement === document.body && before instanceof HTMLElement)
      before.focus({ preventScroll: true });
  };
}

/** Attach beside it: no backdrop covers the room beside the page that is kept for its scroll bar. */
export function shade(): () => void {
  document.documentElement.classList.add("shaded");
  return () => document.documentElement.classList.remove("shaded");
}
