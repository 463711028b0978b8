// Which conversation the page shows. The address says it: `/` is a new one, `/c/<id>` an old one.

import { Chat } from "./chat.svelte";
import { uuid7 } from "./ids";
import { available } from "./keep";

const PATH = /^\/c\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/?$/i;

export class Chats {
  current = $state.raw<Chat>(new Chat(idInAddress() ?? uuid7()));
  readonly storage = available();

  /** Conversations that the reader left while an answer was running: each follows it to its end. */
  #behind = new Map<string, Chat>();

  /** Asks in the current conversation; its first question gives it its address. */
  ask(question: string): boolean {
    if (!this.current.ask(question)) return false;
    if (idInAddress() !== this.current.id) history.pushState(null, "", `/c/${this.current.id}`);
    return true;
  }

  /** A new, empty conversation. */
  begin(): void {
    if (idInAddress() === null && this.current.turns.length === 0) return;
    if (idInAddress() !== null) history.pushState(null, "", "/");
    this.#show(uuid7());
  }

  /** Follows the browser's back and forward, and the tab's and the network's coming and going. */
  listen(): () => void {
    const listeners: [EventTarget, string, (event: Event) => void][] = [
      [window, "popstate", () => this.#show(idInAddress() ?? uuid7())],
      [window, "pagehide", () => this.#each((chat) => chat.saveNow())],
      [window, "online", () => this.#each((chat) => chat.reconnect())],
      [window, "pageshow", (event) => (event as PageTransitionEvent).persisted && this.current.reconnect()],
      [document, "visibilitychange", () => !document.hidden && this.current.wake()],
      [window, "pointerdown", () => this.current.wake()],
      [window, "keydown", () => this.current.wake()],
    ];
    for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
    return () => listeners.forEach(([target, name, listener]) => target.removeEventListener(name, listener));
  }

  #show(id: string): void {
    const left = this.current;
    if (left.id === id) return;
    if (left.busy()) this.#behind.set(left.id, left);
    left.retire(true);
    const back = this.#behind.get(id);
    this.#behind.delete(id);
    if (back?.busy()) {
      back.retire(false);
      this.current = back;
    } else {
      this.current = new Chat(id, left.server);
    }
  }

  #each(act: (chat: Chat) => void): void {
    for (const chat of [this.current, ...this.#behind.values()]) act(chat);
  }
}

function idInAddress(): string | null {
  return PATH.exec(location.pathname)?.[1]?.toLowerCase() ?? null;
}
