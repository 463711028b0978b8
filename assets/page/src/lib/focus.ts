// The focus, where what has it may go.

import { tick } from "svelte";

/** Does what may take a pressed button away; the focus then goes to what the button stood in. */
export async function keepingFocus(button: Element, act: () => unknown): Promise<void> {
  const around = button.closest<HTMLElement>("[tabindex]") ?? document.querySelector("main");
  await act();
  await tick();
  if (document.activeElement === document.body) around?.focus({ preventScroll: true });
}
