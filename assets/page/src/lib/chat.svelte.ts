// One conversation as the page holds it: its turns, its connection, and the little that joins the two. Whatever has no
// end is asked again or resumed each time the connection is ready; what the server has not accepted yet is in the outbox.

import { conversation, type ApiError, type Head } from "./api";
import { socketAddress } from "./base";
import { free, isAside, next } from "./following";
import { uuid7 } from "./ids";
import { branch, choice, followed, keepBranch, options, outbox, type Choice } from "./keep";
import { Link, type Connection, type Owner, type Ready } from "./link";
import { Painter } from "./painter";
import { newTurn, reduce, untaken, type Event, type Problem, type Turn } from "./reduce";
import { CONTINUE } from "./rest";
import { Stages } from "./stages";
import { now } from "./time";
import { path } from "./tree";
import { Tries } from "./tries";
import type { ErrorCode, Options, ServerMessage } from "./wire";

type Told = Exclude<ServerMessage, { type: "status" }>;

/** What the page knows of the conversation on the server. */
export type Presence =
  { kind: "unbegun" } | { kind: "loading" } | { kind: "here" } | { kind: "unknown" } | { kind: "failed"; why: string };

/** Whom a conversation tells that the list is no longer as it was. */
export type Listener = {
  /** A question was accepted or refused, or an answer has ended. */
  changed(chat: Chat): void;
  /** There is a connection again: much may have happened meanwhile. */
  connected(): void;
};

const NOBODY: Listener = { changed() {}, connected() {} };

/** A connection that does not acknowledge within this is taken for dead. Asking twice is safe: the turn's id is the same. */
const ACKNOWLEDGE_MS = 10_000;

export class Chat implements Owner {
  readonly id: string;
  turns = $state.raw<Turn[]>([]);
  connection = $state.raw<Connection>({ kind: "connecting" });
  server = $state.raw<Ready | null>(null);
  presence = $state.raw<Presence>({ kind: "unbegun" });
  choice = $state.raw<Choice | null>(null);
  /** How the model is to answer, beside the endpoint's own settings. */
  options = $state.raw<Options>(options());
  /** The turn that the reader wants to see the conversation through; `null`: the newest. */
  through = $state.raw<string | null>(null);

  /** Whether anything here takes such options: askd's own knowledge does not. */
  takesOptions = $derived(this.server?.endpoints.some((endpoint) => endpoint.takes_options) ?? false);
  shown = $derived(path(this.turns, this.through));
  last = $derived(this.shown.at(-1)?.turn ?? null);
  open = $derived(this.turns.some((turn) => turn.ending === null));
  /** An answer is running, but in no version that is shown. */
  elsewhere = $derived(this.open && this.shown.every(({ turn }) => turn.ending !== null));
  /** The server had it and has it no more: what is shown of it is all that is left. */
  gone = $derived(this.presence.kind === "unknown" && this.turns.some((turn) => turn.accepted));
  /** Whether a question would have a place: not before the page knows what stands above it. */
  placed = $derived(
    this.presence.kind === "unbegun" ||
      this.presence.kind === "here" ||
      (this.presence.kind === "unknown" && this.turns.length > 0 && !this.gone),
  );
  /** Whether a question would be taken now. */
  takes = $derived(this.placed && free(this.turns, this.shown, this.connection));

  /** Ahead of `turns`, which the view sees once per frame. */
  #turns: Turn[];
  #link: Link;
  #following = $state.raw<string | null>(null);
  /** The turn whose question or resume has had no answer yet. */
  #awaiting: string | null = null;
  #retired = false;
  /** There was a connection before. */
  #connected = false;
  #acknowledge: ReturnType<typeof setTimeout> | undefined;
  /** At a session that still follows another answer. */
  readonly #busy = new Tries(() => {
    this.#release();
    this.#follow();
  });
  #listener: Listener;
  #fetching: AbortController | null = null;
  #stages = new Stages();
  #painter = new Painter(() => (this.turns = this.#turns));

  /** `begun`: the server should have it. */
  constructor(id: string, { begun = false, server = null, listener = NOBODY }: Parts = {}) {
    this.id = id;
    this.server = server;
    this.#listener = listener;
    this.through = branch(id);
    this.#turns = outbox()
      .filter((waiting) => waiting.conversation === id)
      .map(({ turn }) => turn);
    this.turns = this.#turns;
    this.#stages.note(this.#turns);
    this.#choose();
    if (!begun) this.choice ??= choice();
    else {
      this.presence = { kind: "loading" };
      void this.refresh();
    }
    this.#link = new Link(socketAddress(), this);
    this.#link.connect();
  }

  /**
   * Asks, behind the last turn shown, where one question waits for the end of the answer above. Says no when another waits
   * already, or when it is not known what is above.
   */
  ask(question: string): boolean {
    const shown = path(this.#turns, this.through);
    if (!free(this.#turns, shown, this.connection)) return false;
    const above = shown.findLast(({ turn }) => turn.accepted);
    return this.#ask(question, above?.turn.id ?? null);
  }

  /** Asks at the same place as `turn`: an edited question, or the same one again. */
  askBeside(turn: Turn, question: string): boolean {
    return !this.busy() && this.#ask(question, turn.parent);
  }

  /** Asks for the rest of an answer that ended early. */
  continue(turn: Turn): boolean {
    return !this.busy() && this.#ask(CONTINUE, turn.id);
  }

  /** Shows the path through this turn, and remembers that. */
  show(turn: string): void {
    this.through = turn;
    keepBranch(this.id, turn);
    if (path(this.#turns, turn).some(({ turn }) => this.aside(turn))) void this.refresh();
  }

  /** Whether this tab is at another answer, so that of this one it knows what the server had of it a while ago. */
  aside(turn: Turn): boolean {
    return isAside(turn, this.#following);
  }

  /**
   * Stops the answer that is being written, of what is shown before anything else: a question in line behind it is asked
   * then. Where there is none, a question that no connection was given is taken back, and its text returned.
   */
  stop(): string | null {
    const shown = path(this.#turns, this.through).map(({ turn }) => turn);
    const open = (turns: Turn[]) => turns.filter((turn) => turn.ending === null);
    const turns = open(shown).length > 0 ? open(shown) : open(this.#turns);
    const turn = turns.find(({ sent }) => sent) ?? turns.at(-1);
    return turn === undefined ? null : this.#stop(turn);
  }

  /** Takes back a question that waits here, and says whether it still did. */
  takeBack({ id }: Turn): boolean {
    const turn = this.#turns.find((other) => other.id === id);
    if (turn === undefined || turn.sent || turn.ending !== null) return false;
    this.#stop(turn);
    return true;
  }

  /** Throws away a question that the server has refused. */
  discard(turn: Turn): void {
    if (untaken(turn)) this.#dispatch({ type: "withdraw", turn: turn.id });
    this.turns = this.#turns;
  }

  /** It was deleted. The server ends what runs in it; what it has not taken yet must not begin it again. */
  deleted(): void {
    for (const turn of this.#turns) if (turn.ending === null && !turn.accepted) this.#stop(turn);
  }

  /** Fetches what the server has of the conversation. A later call takes the place of an earlier one. */
  async refresh(): Promise<void> {
    this.#fetching?.abort();
    const { signal } = (this.#fetching = new AbortController());
    try {
      const { turns } = await conversation(this.id, signal);
      if (signal.aborted) return;
      const known = new Set(this.#turns.map(({ id }) => id));
      const begun = turns.some(({ id, ending }) => ending === null && !known.has(id));
      if (this.presence.kind === "here" && begun && !this.#stays()) this.#showNewest();
      this.presence = { kind: "here" };
      this.#dispatch({ type: "merge", turns, following: this.#following });
      this.#choose();
      this.#follow();
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = error as ApiError;
      if (code === "unknown_conversation") this.presence = { kind: "unknown" };
      else if (this.presence.kind !== "here") this.presence = { kind: "failed", why: message };
      this.#follow();
    }
  }

  /** Fetches it if the list's newest word on it is not what is shown here. */
  compare(head: Head): void {
    const accepted = this.#turns.filter((turn) => turn.accepted);
    const running = accepted.some((turn) => turn.ending === null);
    const lacks = this.presence.kind === "failed" || this.presence.kind === "unknown";
    if (this.presence.kind === "loading") return;
    const behind = accepted.some((turn) => this.aside(turn));
    if (lacks || behind || head.turns > accepted.length || head.running !== running) void this.refresh();
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
    this.#link.reconnect();
  }

  /** The reader has gone elsewhere. A running answer is followed to its end, then the connection ends. */
  retire(retired: boolean): void {
    this.#retired = retired;
    if (retired && !this.busy()) this.#dispose();
  }

  /** Another tab has delivered this question, taken it back or thrown it away. */
  withdrawn(id: string): void {
    const turn = this.#turns.find((other) => other.id === id);
    if (turn && (untaken(turn) || (!turn.sent && turn.ending === null))) this.#dispatch({ type: "withdraw", turn: id });
  }

  /** The server has it no more, if it ever had. */
  vanished(): void {
    if (this.presence.kind === "here" && !this.busy()) void this.refresh();
  }

  /** Since when an open turn is where it is, on the page's own clock; `null`: since before the page knew of it. */
  since(turn: Turn): number | null {
    return this.#stages.since(turn, this.connection);
  }

  // What the link calls.

  busy(): boolean {
    return this.#turns.some((turn) => turn.ending === null);
  }

  onConnection(connection: Connection): void {
    this.connection = connection;
    this.#stages.connection(connection);
    if (connection.kind === "ready" || connection.kind === "draining") return;
    this.#release();
  }

  onReady(status: Ready): void {
    this.server = status;
    this.#follow();
    // What the server has may be less than what was shown: it may have come back from a crash.
    const again = this.#connected && this.presence.kind === "here" && !this.#retired;
    this.#connected = true;
    if (again || this.presence.kind === "failed") void this.refresh();
    this.#listener.connected();
  }

  onMessage(told: Told): void {
    // An error without a turn refuses the one message that has had no answer yet.
    const turn = told.turn ?? this.#awaiting;
    if (turn === null) return;
    if (told.type === "accepted" || told.type === "error") this.#answered();
    if (told.type !== "error") this.#dispatch({ ...told, turn });
    else if (told.turn !== undefined) this.#dispatch({ ...told, turn });
    else if (!this.#askedLater(turn, told.code)) this.#dispatch({ ...told, ...waiting(told), type: "refused", turn });
    if (told.type === "accepted") this.#accepted();
    if (told.type === "accepted" || told.type === "complete" || told.type === "error") this.#listener.changed(this);
  }

  #accepted(): void {
    this.#busy.succeeded();
    if (this.presence.kind === "unbegun" || this.presence.kind === "unknown") this.presence = { kind: "here" };
  }

  #stop(turn: Turn): string | null {
    if (!turn.sent) {
      this.#dispatch({ type: "withdraw", turn: turn.id });
      // At once: what the page does with the text depends on whether anything else is here.
      this.turns = this.#turns;
      return turn.question;
    }
    this.#link.send({ type: "cancel", turn: turn.id });
    this.#dispatch({ type: "stop", turn: turn.id });
    return null;
  }

  #ask(question: string, parent: string | null): boolean {
    if (!this.placed || question.trim() === "") return false;
    const turn = newTurn({ id: uuid7(), parent, question, asked: now(), ...this.#chosen() });
    this.#showNewest();
    this.through = turn.id;
    this.#dispatch({ type: "ask", turn });
    // At once: the focus goes to it.
    this.turns = this.#turns;
    this.wake();
    this.#follow();
    return true;
  }

  /**
   * What has just been asked is what the reader wants to see, also if that was in another tab or on another device: an
   * answer that can be stopped here must be one that is shown here.
   */
  #showNewest(): void {
    this.through = null;
    keepBranch(this.id, null);
  }

  /** Whether the reader is at a question that is still open: what is asked elsewhere does not take its place. */
  #stays(): boolean {
    return this.#turns.some(({ id, ending }) => id === this.through && ending === null);
  }

  /** The model that answered last is the one to ask again, until the reader says otherwise. */
  #choose(): void {
    const last = this.#turns.findLast((turn) => turn.endpoint && turn.model);
    if (last?.endpoint && last.model) this.choice ??= { endpoint: last.endpoint, model: last.model };
  }

  /** The endpoint, the model and the options to name in a question: none when there is nothing to choose. */
  #chosen(): Partial<Choice> & { options?: Options } {
    const { choice, options } = this;
    const offered = this.server?.endpoints.find((endpoint) => endpoint.name === choice?.endpoint);
    return {
      ...(choice !== null && offered?.models.includes(choice.model) && choice),
      ...((this.takesOptions || this.server === null) && Object.keys(options).length > 0 && { options }),
    };
  }

  /** Asks or resumes an open turn: one session follows one turn. */
  #follow(): void {
    const turn = next(this.#turns, path(this.#turns, this.through));
    if (turn === undefined || this.#following !== null || this.connection.kind !== "ready") return;
    // The answer that it waits behind may still be running.
    if (!turn.accepted && this.presence.kind === "loading") return;
    const { id, question: text, parent, endpoint, model, options, seq, accepted, stopping } = turn;
    const chosen = { ...(endpoint && { endpoint, model }), ...(options && { options }) };
    const conversation = this.id;
    this.#following = id;
    this.#awaiting = id;
    this.#acknowledge = setTimeout(() => this.#link.reconnect(), ACKNOWLEDGE_MS);
    if (accepted) this.#link.send({ type: "resume", turn: id, after: seq });
    else if (this.#link.send({ type: "question", turn: id, text, conversation, parent, ...chosen }))
      this.#dispatch({ type: "sent", turn: id });
    if (stopping) this.#link.send({ type: "cancel", turn: id });
  }

  #answered(): void {
    this.#awaiting = null;
    clearTimeout(this.#acknowledge);
  }

  /** Follows nothing, so that `#follow` chooses anew. */
  #release(): void {
    this.#busy.cancel();
    this.#following = null;
    this.#answered();
  }

  /**
   * Whether this is not the last word. A server that goes down takes nothing more, and its successor is asked. A session
   * that is still at another answer's end, which the page no longer shows, is free after a pause.
   */
  #askedLater(id: string, code: ErrorCode): boolean {
    const turn = this.#turns.find((other) => other.id === id);
    if (this.connection.kind === "draining" && (code === "queue_full" || code === "storage_failed")) return true;
    return code === "busy" && turn !== undefined && !(turn.stopping && !turn.accepted) && this.#busy.another();
  }

  #dispatch(event: Event): void {
    const before = this.#turns;
    const after = reduce(before, event);
    if (after === before) return;
    this.#turns = followed(this.id, before, after);
    this.#stages.note(this.#turns);
    this.#painter.soon();
    const following = this.#turns.find((turn) => turn.id === this.#following);
    if (following === undefined || following.ending !== null) {
      this.#release();
      this.#follow();
    }
    if (this.#retired && !this.busy()) this.#dispose();
  }

  #dispose(): void {
    this.#fetching?.abort();
    this.#release();
    this.#link.dispose();
  }
}

/** When what was refused for a limit can be asked again. Other refusals name a time after which it may help, and no more. */
function waiting({ code, retry_after_ms }: Extract<Told, { type: "error" }>): Pick<Problem, "again"> {
  return code === "rate_limited" && retry_after_ms !== undefined ? { again: now() + retry_after_ms } : {};
}

type Parts = { begun?: boolean; server?: Ready | null; listener?: Listener };
