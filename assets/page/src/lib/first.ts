// The field that stands in the document before the page does. It takes what is typed from the first moment, over the page that
// is being made, and hands it on to the page's own when that stands.

import { settings } from "./settings";
import { sidebarOpen } from "./sidebar";

/** What was typed. */
export type Typed = {
  text: string;
  /** The selection in it, or where the cursor was. */
  start: number;
  end: number;
  /** The field had the focus. */
  focused: boolean;
  /** It was to be sent. */
  sent: boolean;
};

export class First {
  #sent = false;
  #composing = false;
  #typed: Promise<Typed> | null = null;
  readonly #sheet: HTMLElement | null;
  readonly #field: HTMLTextAreaElement | null;

  constructor(root: Document = document) {
    this.#sheet = root.getElementById("first");
    this.#field = this.#sheet?.querySelector("textarea") ?? null;
  }

  /** Whether there is such a field, and the page is made step by step so that it does not wait. */
  get stands(): boolean {
    return this.#sheet?.isConnected ?? false;
  }

  /** Makes the field look and behave as the page's own, as far as it does. */
  begin(): void {
    const sheet = this.#sheet;
    const field = this.#field;
    if (sheet === null || field === null) return;
    const { title, disclaimer, embed } = settings(field.ownerDocument);
    sheet.classList.toggle("beside", embed === null && matchMedia("(min-width: 64rem)").matches && sidebarOpen());
    // Its words come with the page's language.
    field.ariaLabel = title;
    if (disclaimer !== null) sheet.querySelector(".line")?.before(noted(disclaimer));
    const grow = (): void => void (field.parentElement!.dataset["text"] = field.value);
    grow();
    field.addEventListener("input", grow);
    field.addEventListener("compositionstart", () => (this.#composing = true));
    field.addEventListener("compositionend", () => (this.#composing = false));
    field.addEventListener("keydown", (event) => this.#pressed(event));
    // A document that the address opens over the page has the focus.
    if (!new URLSearchParams(location.search).has("document")) this.focus();
  }

  /** Where a mouse is, a keyboard is too. */
  focus(): void {
    if (matchMedia("(hover: hover)").matches) this.#field?.focus({ preventScroll: true });
  }

  /** The page cannot be made: that is told, in these words or in the document's own, and what was typed stays. */
  fail(words?: string): void {
    const told = this.#sheet?.querySelector(".late");
    if (words !== undefined) told?.replaceChildren(words);
    told?.classList.remove("late");
    if (this.#field !== null) this.#field.readOnly = false;
  }

  /** The page stands: the field goes, but not in the midst of a letter of several keys. */
  leave(): Promise<Typed> {
    this.#typed ??= this.#leave();
    return this.#typed;
  }

  async #leave(): Promise<Typed> {
    const field = this.#field;
    if (field === null) return { text: "", start: 0, end: 0, focused: false, sent: false };
    if (this.#composing) {
      await new Promise((ended) => field.addEventListener("compositionend", ended, { once: true }));
    }
    const { value: text, selectionStart: start, selectionEnd: end } = field;
    const focused = field.ownerDocument.activeElement === field;
    this.#sheet?.remove();
    return { text, start, end, focused, sent: this.#sent && text.trim() !== "" };
  }

  /** What is sent is what stands there now; the page will take the next. */
  #pressed(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (this.#field?.value.trim() === "") return;
    this.#sent = true;
    this.#field!.readOnly = true;
  }
}

function noted(words: string): HTMLElement {
  const note = document.createElement("p");
  note.className = "disclaimer";
  note.dir = "auto";
  note.textContent = words;
  return note;
}

/** Of the page there is one. */
export const first = new First();
