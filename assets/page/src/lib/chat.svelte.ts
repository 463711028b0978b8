// One conversation as the page holds it: its turns, its connection, and the little that joins the two. The open
// turns are the outbox: whatever has no end is asked again or resumed each time the connection is ready.

import { uuid7 } from "./ids";
import { load, save, watch } from "./keep";
import { Link, type Connection, type Owner, type Ready } from "./link";
import { forgotten, newTurn, place, reduce, thread, type Event, type Turn } from "./reduce";
import type { ErrorCode, ServerMessage } from "./wire";

type Told = Exclude<ServerMessage, { type: "status" }>;

export type Choice = { endpoint: string; model: string };

/** The most that a crash of the browser can lose of an answer (the server still has it). */
const SAVE_EVERY_MS = 250;

/** A connection that does not acknowledge within this is taken for dead. Asking twice is safe: the turn's id is the same. */
const ACKNOWLEDGE_MS = 10_000;

/** A session that still follows another answer is asked again after this, and not without end. */
const BUSY_PAUSE_MS = 1_000;
const BUSY_TRIES = 10;

/** Frames do not come to hidden tabs; what they show is then brought up to date by this timer. */
const HIDDEN_PAINT_MS = 250;

export class Chat implements Owner {
  readonly id: string;
  turns = $state.raw<Turn[]>([]);
  connection = $state.raw<Connection>({ kind: "connecting" });
  server = $state.raw<Ready | null>(null);
  /** False when a refresh would lose the conversation. */
  kept = $state(true);
  choice = $state.raw<Choice | null>(null);

  shown = $derived(thread(this.turns));
  last = $derived(this.shown.at(-1) ?? null);
  open = $derived(this.last !== null && this.last.ending === null);

  /** Ahead of `turns`, which the view sees once per frame. */
  #turns: Turn[];
  #link: Link;
  #following: string | null = null;
  /** The turn whose question or resume has had no answer yet. */
  #awaiting: string | null = null;
  #retired = false;
  #acknowledge: ReturnType<typeof setTimeout> | undefined;
  #busyTries = 0;
  #busyPause: ReturnType<typeof setTimeout> | undefined;
  #saving: ReturnType<typeof setTimeout> | undefined;
  #paint = 0;
  #paintHidden: ReturnType<typeof setTimeout> | undefined;
  #unwatch: () => void;

  constructor(id: string, server: Ready | null = null) {
    this.id = id;
    this.server = server;
    this.#turns = load(id);
    this.turns = this.#turns;
    const last = this.#turns.at(-1);
    if (last?.endpoint && last.model) this.choice = { endpoint: last.endpoint, model: last.model };
    this.#unwatch = watch(
      () => this.id,
      (turns) => this.#dispatch({ type: "merge", turns }),
    );
    this.#link = new Link(address(), this);
    this.#link.connect();
  }

  /** Asks, behind the last turn shown. Says no while an answer is open. */
  ask(question: string): boolean {
    if (this.busy() || question.trim() === "") return false;
    this.#ask(question, thread(this.#turns));
    return true;
  }

  /** Asks the same again in the place of a turn that went wrong. */
  retry(turn: Turn): void {
    if (this.busy()) return;
    const shown = thread(this.#turns);
    const at = shown.findIndex((other) => other.id === turn.id);
    this.#ask(turn.question, at < 0 ? shown : shown.slice(0, at));
  }

  stop(): void {
    const turn = this.#turns.find((other) => other.ending === null);
    if (turn === undefined) return;
    this.#link.send({ type: "cancel", turn: turn.id });
    this.#dispatch({ type: "stop", turn: turn.id });
    this.#saveNow();
  }

  /** The reader is here again: open what was closed for idleness. */
  wake(): void {
    if (this.connection.kind === "asleep") this.#link.connect();
  }

  connectNow(): void {
    this.#link.connect();
  }

  /** The network has changed under the connection; a dead socket would not tell. */
  reconnect(): void {
    if (this.connection.kind !== "closed") this.#link.reconnect();
  }

  /** The reader has gone elsewhere. A running answer is followed to its end, then the connection ends. */
  retire(retired: boolean): void {
    this.#retired = retired;
    if (retired && !this.busy()) this.#dispose();
  }

  saveNow(): void {
    this.#saveNow();
  }

  // What the link calls.

  busy(): boolean {
    return this.#turns.some((turn) => turn.ending === null);
  }

  onConnection(connection: Connection): void {
    this.connection = connection;
    if (connection.kind === "ready" || connection.kind === "draining") return;
    this.#release();
  }

  onReady(status: Ready): void {
    this.server = status;
    this.#follow();
  }

  onMessage(told: Told): void {
    // An error without a turn refuses the one message that has had no answer yet.
    const turn = told.turn ?? this.#awaiting;
    if (turn === null) return;
    if (told.type === "accepted" || told.type === "error") this.#answered();
    if (told.type === "accepted") this.#busyTries = 0;
    if (told.type !== "error") this.#dispatch({ ...told, turn });
    else if (this.#begunAfresh(turn, told.code) || (told.turn === undefined && this.#askedLater(turn, told.code)))
      return;
    else this.#dispatch({ ...told, type: told.turn === undefined ? "refused" : "error", turn });
    if (told.type === "accepted" || told.type === "complete") this.#saveNow();
  }

  #ask(question: string, shown: Turn[]): void {
    const turn = newTurn({
      id: uuid7(),
      follows: shown.at(-1)?.id ?? null,
      question,
      asked: Date.now(),
      ...place(shown, this.#turns.length === 0 ? () => this.id : uuid7),
      ...this.#chosen(),
    });
    this.#dispatch({ type: "ask", turn });
    this.#saveNow();
    this.wake();
    this.#follow();
  }

  /** The endpoint and model to name in a question: none when there is nothing to choose. */
  #chosen(): Partial<Choice> {
    const choice = this.choice;
    const offered = this.server?.endpoints.find((endpoint) => endpoint.name === choice?.endpoint);
    return choice !== null && offered?.models.includes(choice.model) ? choice : {};
  }

  /** Asks or resumes the first open turn: one session follows one turn. */
  #follow(): void {
    const turn = this.#turns.find((other) => other.ending === null);
    if (turn === undefined || this.#following !== null || this.connection.kind !== "ready") return;
    const { id, question: text, conversation, parent, endpoint, model, seq, accepted, stopping } = turn;
    this.#following = id;
    this.#awaiting = id;
    this.#acknowledge = setTimeout(() => this.#link.reconnect(), ACKNOWLEDGE_MS);
    if (accepted) this.#link.send({ type: "resume", turn: id, after: seq });
    else if (
      this.#link.send({ type: "question", turn: id, text, conversation, parent, ...(endpoint && { endpoint, model }) })
    )
      this.#dispatch({ type: "sent", turn: id });
    if (stopping) this.#link.send({ type: "cancel", turn: id });
  }

  #answered(): void {
    this.#awaiting = null;
    clearTimeout(this.#acknowledge);
  }

  /** Follows nothing, so that `#follow` chooses anew. */
  #release(): void {
    clearTimeout(this.#busyPause);
    this.#following = null;
    this.#answered();
  }

  /** The session is still at another answer's end, which the page no longer shows: after a pause it is free. */
  #askedLater(id: string, code: ErrorCode): boolean {
    const turn = this.#turns.find((other) => other.id === id);
    if (code !== "busy" || turn === undefined || (turn.stopping && !turn.accepted)) return false;
    if (this.#busyTries >= BUSY_TRIES) {
      this.#busyTries = 0;
      return false;
    }
    this.#busyTries += 1;
    this.#busyPause = setTimeout(() => {
      this.#release();
      this.#follow();
    }, BUSY_PAUSE_MS);
    return true;
  }

  /** A question behind a turn that the server has forgotten is asked once more, without what came before. */
  #begunAfresh(id: string, code: ErrorCode): boolean {
    const turn = this.#turns.find((other) => other.id === id);
    if (!forgotten(code) || turn === undefined || turn.accepted || turn.stopping || turn.parent === null) return false;
    this.#dispatch({ type: "afresh", turn: id, conversation: uuid7() });
    this.#release();
    this.#follow();
    return true;
  }

  #dispatch(event: Event): void {
    const before = this.#turns;
    this.#turns = reduce(before, event);
    if (this.#turns === before) return;
    this.#schedule();
    const following = this.#turns.find((turn) => turn.id === this.#following);
    if (following === undefined || following.ending !== null) {
      this.#release();
      this.#follow();
    }
    if (this.#retired && !this.busy()) this.#dispose();
  }

  #schedule(): void {
    this.#saving ??= setTimeout(() => this.#saveNow(), SAVE_EVERY_MS);
    if (this.#paint !== 0) return;
    const show = () => {
      cancelAnimationFrame(this.#paint);
      clearTimeout(this.#paintHidden);
      this.#paint = 0;
      this.turns = this.#turns;
    };
    this.#paint = requestAnimationFrame(show);
    this.#paintHidden = setTimeout(show, HIDDEN_PAINT_MS);
  }

  #saveNow(): void {
    // Only what has changed here: another tab may have written more of this conversation since.
    if (this.#saving === undefined) return;
    clearTimeout(this.#saving);
    this.#saving = undefined;
    this.kept = save(this.id, this.#turns);
  }

  #dispose(): void {
    this.#saveNow();
    this.#unwatch();
    this.#release();
    this.#link.dispose();
  }
}

function address(): string {
  return `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;
}
