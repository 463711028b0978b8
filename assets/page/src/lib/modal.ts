// A dialog over the page, which keeps the focus, hears Escape, and gives the focus back.

/** Attach to a dialog that is shown for as long as it is in the page. */
export function modal(dialog: HTMLDialogElement): () => void {
  const before = document.activeElement;
  dialog.showModal();
  return () => {
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
