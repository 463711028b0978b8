// The focus, where what has it may go.

import { tick } from "svelte";
import type { Attachment } from "svelte/attachments";

/** Does what may take a pressed button away; the focus then goes to what the button stood in. */
export async function keepingFocus(button: Element, act: () => unknown): Promise<void> {
  const around = button.closest<HTMLElement>("[tabindex]") ?? document.querySelector("main");
  await act();
  await tick();
  if (document.activeElement === document.body) around?.focus({ preventScroll: true });
}

/**
 * An attachment for what may go, or be taken out of reach, without having been pressed: if it has the focus then, or something
 * within it, the focus goes on to what it stood in, or where `leave` takes it.
 */
export function handingOn(leave?: () => void): Attachment<HTMLElement> {
  return (node) => {
    const around = node.closest<HTMLElement>("[tabindex]") ?? document.querySelector("main");
    let focused = false;
    const look = () => (focused = node.contains(document.activeElement));
    // Some browsers tell also of what goes; by the time of the look it has been handed on.
    const lookSoon = () => queueMicrotask(look);
    look();
    node.addEventListener("focusin", look);
    node.addEventListener("focusout", lookSoon);
    return () => {
      node.removeEventListener("focusin", look);
      node.removeEventListener("focusout", lookSoon);
      if (focused) void handOn(node, leave ?? (() => around?.focus({ preventScroll: true })));
    };
  };
}

async function handOn(from: Node, leave: () => void): Promise<void> {
  await tick();
  const { activeElement, body } = document;
  if (activeElement === body || from.contains(activeElement)) leave();
}
