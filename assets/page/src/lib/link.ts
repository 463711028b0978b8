// One WebSocket after another: this file keeps the page connected and says truthfully how that goes. It knows
// nothing of conversations. What has to be said again after a reconnect is asked from the owner (`onReady`),
// whose state is the outbox, so nothing can be in two places and get lost between them.

import { backoff, URGENT_CAP_MS } from "./backoff";
import { say } from "./language";
import { probe } from "./probe";
import { ticks } from "./time";
import { protocols } from "./visitor";
import type { ClientMessage, ServerMessage } from "./wire";

export type Ready = Extract<ServerMessage, { type: "status"; state: "ready" }>;

export type Connection =
  | { kind: "connecting" }
  | { kind: "ready" }
  /** Still connected, but the server is going down and takes no new questions. */
  | { kind: "draining" }
  /** Not connected; the next try is at `until`, on the page's own clock. */
  | { kind: "waiting"; until: number; why: string }
  /** The server closed an idle connection; the next interaction opens a new one. */
  | { kind: "asleep" }
  /** The server knows nobody here any more. */
  | { kind: "signedOut" }
  /** No further try is made. */
  | { kind: "closed"; why: string };

export type Owner = {
  onConnection(connection: Connection): void;
  onReady(status: Ready): void;
  onMessage(message: Exclude<ServerMessage, { type: "status" }>): void;
  /** Whether an answer is open: then an idle close is a loss. */
  busy(): boolean;
};

/** The protocol that this page speaks. */
const PROTOCOL = 1;

/** A connection that is not ready by then is given up for the next try. */
const OPEN_TIMEOUT_MS = 10_000;

/** A connection that was ready for so long was a good one: the waiting begins anew at its shortest. */
const PROVEN_MS = 5_000;
/** How long a lost connection is tried for often, while an answer runs. */
const URGENT_MS = 4_000;

const CLOSE = { idle: 1001, signedOut: 1008, restart: 1012, tooSlow: 1013 } as const;

export class Link {
  #url: string;
  #owner: Owner;
  #socket: WebSocket | null = null;
  #connection: Connection = { kind: "connecting" };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #lostAt = 0;
  #readyAt: number | null = null;
  #restartDelay: number | null = null;

  constructor(url: string, owner: Owner) {
    this.#url = url;
    this.#owner = owner;
  }

  /** Opens a socket now, whatever the waiting was for. Does nothing on a live one. */
  connect(): void {
    if (this.#socket !== null || this.#isOver) return;
    clearTimeout(this.#timer);
    this.#set({ kind: "connecting" });
    const socket = new WebSocket(this.#url, protocols);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lose(socket, 1006), OPEN_TIMEOUT_MS);
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#receive(event.data);
    };
    socket.onclose = (event) => this.#lose(socket, event.code);
  }

  /** Drops the socket and opens another: for when the network has changed and the old one may be dead. */
  reconnect(): void {
    if (this.#isOver) return;
    this.#drop();
    this.#restartDelay = null;
    this.connect();
  }

  /** Says whether the message went out. What did not must be offered again by the owner at `onReady`. */
  send(message: ClientMessage): boolean {
    const live = this.#connection.kind === "ready" || this.#connection.kind === "draining";
    if (!live || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Ends for good, without a word to the owner. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#drop();
    this.#connection = { kind: "closed", why: "" };
  }

  get #isOver(): boolean {
    return this.#connection.kind === "closed" || this.#connection.kind === "signedOut";
  }

  #receive(data: unknown): void {
    const message = decode(data);
    if (message === null) return;
    if (message.type !== "status") this.#owner.onMessage(message);
    else if (message.state === "ready") this.#ready(message);
    else {
      this.#restartDelay = message.reconnect_after_ms;
      this.#set({ kind: "draining" });
    }
  }

  #ready(status: Ready): void {
    clearTimeout(this.#timer);
    if (status.protocol !== PROTOCOL) {
      this.#drop();
      this.#set({ kind: "closed", why: say.connection.updated });
      return;
    }
    this.#readyAt = ticks();
    this.#set({ kind: "ready" });
    this.#owner.onReady(status);
  }

  #lose(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    clearTimeout(this.#timer);
    this.#drop();
    if (code === CLOSE.signedOut) {
      this.#set({ kind: "signedOut" });
    } else if (code === CLOSE.idle && !this.#owner.busy()) {
      this.#set({ kind: "asleep" });
    } else {
      this.#retry(code);
    }
  }

  #retry(code: number): void {
    const wasReady = this.#readyAt !== null;
    if (this.#readyAt !== null && ticks() - this.#readyAt >= PROVEN_MS) this.#attempt = 0;
    this.#readyAt = null;
    const restarting = code === CLOSE.restart || this.#restartDelay !== null;
    // A connection that did not last begins no new urgency: a flap backs off like a refusal.
    if (wasReady && this.#attempt === 0) this.#lostAt = ticks();
    const urgent = this.#owner.busy() && ticks() - this.#lostAt < URGENT_MS;
    const jitter = backoff(this.#attempt, urgent ? URGENT_CAP_MS : undefined);
    // Urgent tries are many and short; behind them the pauses begin to grow.
    this.#attempt = urgent ? Math.min(this.#attempt + 1, 2) : this.#attempt + 1;
    const delay = (this.#restartDelay ?? 0) + jitter;
    this.#restartDelay = null;
    const why = restarting
      ? say.connection.restarting
      : code === CLOSE.tooSlow
        ? say.connection.tooSlow
        : wasReady
          ? say.connection.lost
          : say.connection.unreachable;
    this.#wait(delay, why);
    if (!wasReady) void this.#explain();
  }

  /** A refused WebSocket carries no reason; the readiness address may know one. */
  async #explain(): Promise<void> {
    const waited = this.#connection;
    const found = await probe();
    if (this.#connection !== waited || waited.kind !== "waiting") return;
    if (found === "signedOut") {
      clearTimeout(this.#timer);
      this.#set({ kind: "signedOut" });
      return;
    }
    const left = Math.max(waited.until - ticks(), 0);
    this.#wait(Math.max(left, found.retryAfterMs), found.why);
  }

  #wait(delay: number, why: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.connect(), delay);
    this.#set({ kind: "waiting", until: ticks() + delay, why });
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #set(connection: Connection): void {
    this.#connection = connection;
    this.#owner.onConnection(connection);
  }
}

function decode(data: unknown): ServerMessage | null {
  try {
    const message = JSON.parse(String(data)) as ServerMessage;
    return typeof message === "object" && message !== null && typeof message.type === "string" ? message : null;
  } catch {
    return null;
  }
}
