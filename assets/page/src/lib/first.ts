// The field that stands in the document before the page does. It takes what is typed from the first moment, over the page that
// is being made, and hands it on to the page's own field when that stands. What is written is kept as a draft meanwhile, so that it
// outlives whatever becomes of the page.

import { composed, recognised, type Attached } from "./attached";
import { chosen, direction } from "./choose";
import { draft, keepDraft, UNBEGUN } from "./drafts";
import { here } from "./place";
import { settings } from "./settings";
import { sidebarOpen } from "./sidebar";
import { sends, touched } from "./touch";

/** By the language's tag; the build (plugins/first.ts) puts them in. */
declare const FIRST_WORDS: Record<
  string,
  Record<"label" | "placeholder" | "send" | "late" | "start" | "reload", string>
>;
const WORDS = FIRST_WORDS;

/** What was done in the field. */
export type Typed = {
  /** The draft that it is: whose is in `drafts.ts`. */
  draft: string;
  /** Words and what is attached to them. */
  text: string;
  /** The reader has written in it; otherwise it is the draft that was kept. */
  changed: boolean;
  /** It is to be sent, as it is. */
  sends: boolean;
  selection: [start: number, end: number, direction: "forward" | "backward" | "none"];
  /** How far it was scrolled, pixels. */
  scrolled: number;
  focused: boolean;
};

/** The parts of it that the document holds. */
type Sheet = {
  root: HTMLElement;
  form: HTMLFormElement;
  field: HTMLTextAreaElement;
  send: HTMLButtonElement;
};

export class First {
  /** Null where there is none, or none any more. */
  #sheet: Sheet | null;
  #attached: Attached[] = [];
  /** Under which key what is written is kept: the address may change before the page stands. */
  #draft = UNBEGUN;
  /** There was no draft. */
  #isNew = false;
  #changed = false;
  #sends = false;
  #composing = false;
  #isLeaving = false;
  #said = WORDS["en"]!;
  readonly #ends = new AbortController();

  constructor(root: Document = document) {
    const sheet = root.getElementById("first");
    const [form, field, send] = [
      sheet?.querySelector("form"),
      sheet?.querySelector("textarea"),
      sheet?.querySelector("button"),
    ];
    this.#sheet = sheet && form && field && send ? { root: sheet, form, field, send } : null;
  }

  /** Whether there is such a field, and the page is made step by step so that it does not wait. */
  get stands(): boolean {
    return this.#sheet !== null;
  }

  /** Makes the field look and behave as the page's own, as far as it does. */
  begin(): void {
    if (this.#sheet === null) return;
    const { root, form, field, send } = this.#sheet;
    const { language, disclaimer, embed } = settings(field.ownerDocument);
    this.#speak(language);
    root.classList.toggle("beside", embed === null && sidebarOpen());
    if (disclaimer !== null) root.querySelector(".line")?.before(noted(disclaimer));
    this.#draft = here() ?? UNBEGUN;
    const kept = recognised(draft(this.#draft));
    this.#isNew = kept.words === "" && kept.attached.length === 0;
    this.#attached = kept.attached;
    const early = field.value;
    field.value = [kept.words, early].filter(Boolean).join("\n");
    // Something may have been typed before this script came.
    if (early !== "") this.#typed();
    this.#grow();
    const { signal } = this.#ends;
    field.addEventListener("input", () => this.#typed());
    for (const name of ["compositionstart", "compositionupdate"]) {
      field.addEventListener(name, () => (this.#composing = true));
    }
    field.addEventListener("compositionend", () => (this.#composing = false));
    field.addEventListener("keydown", (event) => this.#pressed(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    // The browser would open a file that is dropped in the place of the page.
    for (const name of ["dragover", "drop"] as const) {
      addEventListener(name, (event) => isFile(event) && event.preventDefault(), { signal });
    }
    // A document that the address opens over the page has the focus; otherwise nobody comes to what is still covered.
    const opens = new URLSearchParams(location.search).has("document");
    this.#app?.toggleAttribute("inert", !opens);
    if (!opens) this.focus();
    send.ariaLabel = this.#said.send;
  }

  /** Where a mouse is, a keyboard is too. */
  focus(): void {
    if (matchMedia("(hover: hover)").matches) this.#sheet?.field.focus({ preventScroll: true });
  }

  /** The page does not come, or could not `start`: that is told, and what was typed stays. */
  fail(why: "late" | "start"): void {
    if (this.#sheet === null) return;
    const { root } = this.#sheet;
    const told = root.querySelector(".late");
    told?.querySelector("p")?.replaceChildren(this.#said[why]);
    told?.classList.remove("late");
    told?.setAttribute("role", "alert");
    this.#sends = false;
  }

  /**
   * The page stands: the field goes, once what was typed is taken, but not in the midst of a letter of several keys. Only the first call
   * does something.
   */
  async leave(take: (typed: Typed) => Promise<void> | void = () => {}): Promise<void> {
    if (this.#sheet === null || this.#isLeaving) return;
    this.#isLeaving = true;
    const { root, field } = this.#sheet;
    if (this.#composing) {
      await new Promise((ended) => field.addEventListener("compositionend", ended, { once: true }));
    }
    this.#app?.removeAttribute("inert");
    try {
      await take({
        draft: this.#draft,
        text: this.#text(),
        changed: this.#changed,
        sends: this.#sends,
        selection: [field.selectionStart, field.selectionEnd, field.selectionDirection],
        scrolled: field.scrollTop,
        focused: this.#isFocused(),
      });
    } finally {
      // Whatever has become of it: as a draft it is kept.
      root.remove();
      this.#sheet = null;
      this.#ends.abort();
    }
  }

  /** With a finger, who has pressed the button has left the field. */
  #isFocused(): boolean {
    const { activeElement } = document;
    const isField = activeElement === this.#sheet?.field;
    return isField || (matchMedia("(hover: hover)").matches && activeElement === this.#sheet?.send);
  }

  get #app(): HTMLElement | null {
    return document.getElementById("app");
  }

  #text(): string {
    return composed({ words: this.#sheet?.field.value ?? "", attached: this.#attached });
  }

  #speak(language: string | null): void {
    if (this.#sheet === null) return;
    const { root, field } = this.#sheet;
    const tag = chosen(language ? [language] : wanted(), Object.keys(WORDS));
    this.#said = WORDS[tag]!;
    document.documentElement.lang = tag;
    document.documentElement.dir = direction(tag);
    field.ariaLabel = this.#said.label;
    if (touched()) field.enterKeyHint = "enter";
    field.placeholder = this.#said.placeholder;
    root.querySelector(".late p")?.replaceChildren(this.#said.late);
    root.querySelector(".late a")?.replaceChildren(this.#said.reload);
  }

  /** Who writes on does not send what was there before; who begins to, after going back, does so where they are. */
  #typed(): void {
    if (!this.#changed && this.#isNew) this.#draft = here() ?? UNBEGUN;
    this.#changed = true;
    this.#sends = false;
    this.#grow();
    keepDraft(this.#draft, this.#text());
  }

  /** As high as its text. */
  #grow(): void {
    if (this.#sheet === null) return;
    const { field, send } = this.#sheet;
    field.parentElement!.dataset["text"] = field.value;
    send.disabled = field.value.trim() === "";
  }

  #pressed(event: KeyboardEvent): void {
    if (event.key === "Escape") this.#sends = false;
    if (!sends(event) || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!event.repeat) this.#send();
  }

  /** It is sent when the page stands. Behind a "/" the page offers something, and what is attached is not to be seen here. */
  #send(): void {
    const words = this.#sheet?.field.value.trim() ?? "";
    this.#sends = words !== "" && !words.startsWith("/") && this.#attached.length === 0;
  }
}

/** A browser that does not say is answered in English. */
function wanted(): readonly string[] {
  try {
    return navigator.languages;
  } catch {
    return [];
  }
}

function isFile({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") ?? false;
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
