// Which conversation the page shows, and how that stays in step with the list, with other tabs and with other devices.
// The page's place (place.ts) says which.

import { tick } from "svelte";

import * as api from "./api";
import type { ApiError, Head } from "./api";
import { OWN } from "./base";
import { Chat, type Listener } from "./chat.svelte";
import { cookieTaken } from "./cookie";
import { framed } from "./frame";
import { idle } from "./idle";
import { uuid7 } from "./ids";
import { available, forgetOld, keepBranch, outbox, waitingTurn, type Waiting } from "./keep";
import { say } from "./language";
import { List } from "./list.svelte";
import { Notices } from "./notices.svelte";
import { Preparing } from "./preparing.svelte";
import { atStart, become, go, here } from "./place";
import { keepsConversations } from "./probe";
import type { Turn } from "./reduce";
import { leaveFor } from "./standing";
import { forgetAll } from "./store";
import { ahead } from "./time";
import { broughtIn } from "./words";

/** What another tab of this browser says when its reader has signed out; anything else says that the list is another one. */
const SIGNED_OUT = "signed out";

/** How often the list is fetched anew while the page is seen. */
const SYNC_EVERY_MS = 15_000;

export class Chats implements Listener {
  readonly list = new List();
  readonly notices = new Notices();
  readonly preparing = new Preparing();
  readonly storage = available();
  /** Whether the browser takes the cookie by which the server knows it again; a frame can do without. */
  readonly cookie = framed || cookieTaken();
  /** By how many milliseconds this device's clock goes ahead of the server's. */
  ahead = $state(0);
  current = $state.raw<Chat>(this.#opened(here()));
  /** A turn that the reader has looked for and wants to see. */
  sought = $state.raw<string | null>(null);

  /** The conversation that has just been brought back: its row, if it is seen, takes the focus. */
  restored = $state.raw<string | null>(null);

  /** Conversations that the reader is not at, while a question of theirs waits or an answer is running. */
  behind = $state.raw<Chat[]>([]);

  /** What the server has refused stands in the browser until it is asked again; this is what did at the last look. */
  #refused = $state.raw<Waiting[]>([]);

  /** Refused first questions whose conversation the list does not show: nothing else would lead to them. */
  refused = $derived(
    this.list.fetched || this.list.problem !== null
      ? this.#refused.filter(({ conversation }) => this.list.find(conversation) === undefined)
      : [],
  );

  /** Questions whose conversation the server does not have yet. */
  waiting = $derived(
    [this.current, ...this.behind].filter(
      (chat) => chat.last !== null && !chat.last.accepted && chat.open && this.list.find(chat.id) === undefined,
    ),
  );

  /** The name of the file that is being imported. */
  importing = $state<string | null>(null);

  /** Whether the server says that it can keep conversations. */
  kept = $state(true);

  /** How often that is still to be asked: it may take the server a moment to notice. */
  #doubts = 0;
  #others = channel();
  /** The list has been asked for. */
  #synced = false;
  /** A connection has stood. */
  #connected = false;

  constructor() {
    forgetOld();
    // What waited when the page was left is sent now, wherever the reader has come back to.
    const left = outbox().filter(({ turn, conversation }) => turn.ending === null && conversation !== this.current.id);
    // One that has begun is fetched first: the question may wait behind an answer that is still running.
    const begun = new Map(left.map(({ turn, conversation }) => [conversation, turn.accepted || turn.parent !== null]));
    this.behind = [...begun].map(([id, begun]) => this.#new(id, undefined, begun));
    for (const chat of this.behind) chat.retire(true);
  }

  /** Whether an answer is running in it. What this tab has followed to its end it knows better than the list. */
  running(head: Head): boolean {
    const chat = [this.current, ...this.behind].find((chat) => chat.id === head.id);
    if (chat?.presence.kind !== "here" || chat.connection.kind !== "ready") return head.running;
    return chat.turns.some((turn) => turn.accepted && turn.ending === null);
  }

  /** Whether a question that this tab has for it is still to be sent, or was sent into a connection that was lost. */
  waits({ id }: Head): boolean {
    const chat = [this.current, ...this.behind].find((chat) => chat.id === id);
    if (chat === undefined) return false;
    const connected = chat.connection.kind === "ready";
    return chat.turns.some((turn) => turn.ending === null && !turn.accepted && !(connected && turn.sent));
  }

  /** Asks in the current conversation; its first question gives it its address. */
  ask(question: string): boolean {
    if (this.current.presence.kind === "unknown" && !this.current.placed) this.begin();
    if (!this.current.ask(question)) return false;
    if (here() !== this.current.id) go(this.current.id);
    return true;
  }

  /** Asks what the server has refused, because it has no such conversation, in a new one. */
  askAnew(question: string): void {
    this.begin();
    this.ask(question);
  }

  /** Stops the current answer, and returns a question that had not been sent. */
  stop(): string | null {
    const question = this.current.stop();
    if (question !== null) this.#takenBack();
    return question;
  }

  /** Takes back a question that waits here, and says whether it still did. */
  takeBack(turn: Turn): boolean {
    const taken = this.current.takeBack(turn);
    if (taken) this.#takenBack();
    return taken;
  }

  #takenBack(): void {
    if (this.current.presence.kind === "unbegun") become(null);
  }

  /** Throws away a question that the server has refused. Without any other its conversation has never been. */
  discard(turn: Turn): void {
    const { current } = this;
    current.discard(turn);
    this.#lookAtRefused();
    const { turns, presence } = current;
    // What the server has cannot be seen while its storage fails; what stood behind a turn has a conversation there.
    const unseen = presence.kind === "loading" || presence.kind === "failed";
    if (turns.length > 0 || presence.kind === "here" || (unseen && turn.parent !== null)) return;
    become(null);
    this.#show(null);
  }

  /** A new, empty conversation. */
  begin(): void {
    if (atStart() && this.current.turns.length === 0) return;
    if (!atStart()) go(null);
    this.#show(null);
  }

  /** An old conversation, at its newest turn or at the one that was looked for. */
  open(id: string, turn: string | null = null): void {
    if (turn !== null) keepBranch(id, turn);
    if (here() !== id) go(id);
    this.#show(id);
    if (turn !== null) this.current.show(turn);
    this.sought = turn;
  }

  /** Returns why that was not done, to be told where the title is; `null`: it was. */
  async rename(id: string, title: string): Promise<string | null> {
    let why: string | null = null;
    await this.#tried(
      () => this.list.rename(id, title),
      (message) => (why = message),
    );
    return why;
  }

  /**
   * Deletes a conversation, and offers for a while to have it back, where the focus goes if the reader came by keyboard.
   * Nothing is left before the server has said yes.
   */
  async remove({ id, title }: Head, keyboard = false): Promise<void> {
    if (!(await this.#tried(() => this.list.remove(id)))) return;
    [this.current, ...this.behind].find((chat) => chat.id === id)?.deleted();
    let landed: Chat | null = null;
    if (this.current.id === id) {
      // Going back should not lead to where nothing is any more.
      become(null);
      this.#show(null);
      landed = this.current;
    }
    this.notices.say(say.sidebar.deleted(title), () => this.#restore(id, landed), keyboard);
  }

  /** `landed`: where the reader came to when it went. Who has gone on from there stays where they are. */
  async #restore(id: string, landed: Chat | null): Promise<void> {
    if (!(await this.#tried(() => this.list.restore(id)))) return;
    if (this.current === landed && landed.turns.length === 0) this.open(id);
    else if (this.current.id === id) void this.current.refresh();
    this.restored = id;
    await tick();
    this.restored = null;
  }

  /** Imports what was exported, one file at a time, and shows it at once. */
  async bringIn(exported: File): Promise<void> {
    if (this.importing !== null) return;
    this.importing = exported.name;
    await this.#tried(
      async () => {
        this.notices.say(broughtIn(await api.bringIn(exported)));
        await this.sync();
      },
      (why) => this.notices.say(say.everything.notImported(exported.name, why)),
    );
    this.importing = null;
  }

  async #tried(act: () => Promise<void>, fail = (message: string) => this.notices.say(message)): Promise<boolean> {
    try {
      await act();
      this.#others?.postMessage(null);
      return true;
    } catch (error) {
      if ((error as ApiError).code === "storage_failed") this.kept = false;
      fail((error as Error).message);
      return false;
    }
  }

  /**
   * Fetches the list anew, and the conversation shown if it has changed elsewhere. One that the list does not show may be
   * further down in it, or deleted: the server is asked which when the list has just lost it, and `thorough`ly also
   * when it was not there before.
   */
  async sync(thorough = true): Promise<void> {
    if (document.hidden) return;
    this.#synced = true;
    void this.#askWhetherKept();
    this.#lookAtRefused();
    const listed = this.list.find(this.current.id) !== undefined;
    await this.list.refresh();
    this.ahead = ahead();
    // Without its cookie each request is another visitor's: what it does not find may well be there.
    if (!this.cookie) return;
    const head = this.list.find(this.current.id);
    if (head) this.current.compare(head);
    else if (this.list.problem === null && (thorough || listed || this.list.next === null)) this.current.vanished();
  }

  #lookAtRefused(): void {
    this.#refused = outbox().filter(({ turn }) => turn.ending === "refused" && turn.parent === null);
  }

  /** Asked when something should have been kept, while an answer grows that should be, and from then on until it is. */
  async #askWhetherKept(): Promise<void> {
    const growing = [this.current, ...this.behind].some((chat) => chat.busy());
    if (this.kept && this.#doubts === 0 && !growing) return;
    this.#doubts = Math.max(this.#doubts - 1, 0);
    this.kept = (await keepsConversations()) ?? this.kept;
  }

  // What a conversation tells.

  changed(chat: Chat): void {
    if (chat !== this.current && !chat.busy()) this.behind = this.behind.filter((other) => other !== chat);
    this.#others?.postMessage(null);
    this.#doubts = 2;
    void this.sync();
  }

  connected(): void {
    this.#doubts = 2;
    // Not in the way of who begins to write; and at the page's beginning the list may be on its way.
    const isFirst = !this.#connected;
    this.#connected = true;
    void idle().then(() => {
      void this.preparing.look();
      if (!isFirst || !this.#synced || this.list.problem !== null) void this.sync();
    });
  }

  /** Follows the browser's back and forward, the tab's and the network's coming and going, and the other tabs. */
  listen(): () => void {
    const listeners: [EventTarget, string, (event: Event) => void][] = [
      [window, "popstate", () => this.#show(here(), true)],
      [window, "online", () => this.#each((chat) => chat.reconnect())],
      [window, "pageshow", (event) => (event as PageTransitionEvent).persisted && this.current.reconnect()],
      [window, "focus", () => void this.sync()],
      [document, "visibilitychange", () => this.#seen()],
      [window, "pointerdown", () => this.current.wake()],
      [window, "keydown", () => this.current.wake()],
      [window, "storage", (event) => this.#elsewhere(event as StorageEvent)],
    ];
    if (this.#others !== null) listeners.push([this.#others, "message", (event) => this.#told(event as MessageEvent)]);
    for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
    const timer = setInterval(() => void this.sync(false), SYNC_EVERY_MS);
    // Unless the connection, which does it too, stands by then.
    void idle().then(() => {
      if (!this.#synced) void this.sync();
    });
    return () => {
      clearInterval(timer);
      this.preparing.end();
      listeners.forEach(([target, name, listener]) => target.removeEventListener(name, listener));
    };
  }

  /** The reader has signed out here: others may use this browser, and what is left in it, in this tab or another, goes. */
  signedOut(): void {
    this.#others?.postMessage(SIGNED_OUT);
    this.#vacate();
  }

  #told({ data }: MessageEvent): void {
    if (data === SIGNED_OUT) this.#vacate();
    else void this.sync();
  }

  #vacate(): void {
    forgetAll();
    location.reload();
  }

  #seen(): void {
    if (document.hidden) return;
    this.current.wake();
    void this.preparing.look();
    void this.sync();
  }

  /** What another tab has delivered or taken back, this one no longer sends. */
  #elsewhere({ key, newValue }: StorageEvent): void {
    const turn = newValue === null && key !== null ? waitingTurn(key) : null;
    if (turn === null) return;
    this.#each((chat) => chat.withdrawn(turn));
    this.behind = this.behind.filter((chat) => chat.busy());
    void this.sync();
  }

  #show(id: string | null, returns = false): void {
    const left = this.current;
    this.sought = null;
    if (left.id === id) return;
    leaveFor(id, returns);
    const back = this.behind.find((chat) => chat.id === id);
    const stay = left.busy() ? [left] : [];
    this.behind = [...this.behind.filter((chat) => chat !== back), ...stay];
    left.retire(true);
    back?.retire(false);
    this.current = back ?? this.#opened(id, left);
    this.#lookAtRefused();
    if (back) void back.refresh();
  }

  #opened(id: string | null, left?: Chat): Chat {
    if (id !== null) return this.#new(id, left, true);
    const chat = this.#new(uuid7(), left);
    // No conversation can have such an address.
    if (!atStart()) chat.presence = { kind: "unknown" };
    return chat;
  }

  #new(id: string, left?: Chat, begun = false): Chat {
    return new Chat(id, { begun, server: left?.server ?? null, listener: this });
  }

  #each(act: (chat: Chat) => void): void {
    for (const chat of [this.current, ...this.behind]) act(chat);
  }
}

/** The way to the other tabs; `null`: they hear from the server, some time later. */
function channel(): BroadcastChannel | null {
  try {
    return new BroadcastChannel(OWN);
  } catch {
    return null;
  }
}
