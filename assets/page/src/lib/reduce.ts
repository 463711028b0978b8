// What a conversation is, and the one pure function that changes it. Everything that the server says and
// everything that the reader does arrives here as an event; nothing here knows of sockets, storage or the DOM.
//
// The promise that matters: whatever the pattern of drops and resumes, `text` is byte for byte what the server
// sent. It holds because `seq` only rises, an event at or below it is ignored, and `accepted.after = 0` starts over.

import type { ErrorCode, Outcome, ServerMessage, Source, Timing, Usage } from "./wire";

/** How a turn ended: the server's outcomes, and the two that only the page can know. */
export type Ending =
  | Outcome
  /** The server no longer has the turn, or does not let this page follow it. */
  | "lost"
  /** The server refused the question before it was accepted. */
  | "refused";

export type Problem = { code: ErrorCode; message: string };

export type Turn = {
  id: string;
  /** The server's conversation. It differs from the page's after the server has forgotten the earlier part. */
  conversation: string;
  /** The turn before this one in the server's conversation. */
  parent: string | null;
  /** The turn before this one on the page. */
  follows: string | null;
  /** The server does not have what stands above this turn. */
  afresh: boolean;
  question: string;
  endpoint?: string;
  model?: string;
  asked: number;
  /** The question was given to a connection, so the server may have it, whether or not it could say so. */
  sent: boolean;
  accepted: boolean;
  place: number | null;
  seq: number;
  text: string;
  thinking: string;
  sources: Source[];
  /** The reader has asked to stop, and the server has not confirmed it yet. */
  stopping: boolean;
  problem: Problem | null;
  ending: Ending | null;
  usage: Usage | null;
  timing: Timing | null;
};

type Told = Exclude<ServerMessage, { type: "status" }> & { turn: string };

export type Event =
  | Told
  | { type: "ask"; turn: Turn }
  | { type: "sent"; turn: string }
  | { type: "stop"; turn: string }
  /** The server did not take the question or the resume; an `error` is of the turn's own log. */
  | ({ type: "refused"; turn: string } & Problem)
  | { type: "afresh"; turn: string; conversation: string }
  | { type: "merge"; turns: Turn[] };

export function newTurn(
  fields: Pick<Turn, "id" | "conversation" | "parent" | "follows" | "question" | "asked"> & Partial<Turn>,
): Turn {
  return {
    afresh: false,
    sent: false,
    accepted: false,
    place: null,
    seq: 0,
    text: "",
    thinking: "",
    sources: [],
    stopping: false,
    problem: null,
    ending: null,
    usage: null,
    timing: null,
    ...fields,
  };
}

/** The conversation after the event. The same array comes back when nothing has changed. */
export function reduce(turns: Turn[], event: Event): Turn[] {
  switch (event.type) {
    case "ask":
      return [...turns, event.turn];
    case "merge":
      return merge(turns, event.turns);
    default:
      return change(turns, event.turn, (turn) => step(turn, event));
  }
}

/** One open turn after one event about it. An ended turn changes no more: there is one end per turn. */
function step(turn: Turn, event: Exclude<Event, { type: "ask" | "merge" }>): Turn {
  if (turn.ending !== null) return turn;
  switch (event.type) {
    case "accepted":
      return accepted(turn, event);
    case "queued":
      return { ...turn, place: event.position > 0 ? event.position : null };
    case "sources":
      if (event.seq <= turn.seq) return turn;
      return { ...turn, seq: event.seq, sources: event.items, place: null };
    case "chunk":
      if (event.seq <= turn.seq) return turn;
      return event.channel === "reasoning"
        ? { ...turn, seq: event.seq, thinking: turn.thinking + event.text, place: null }
        : { ...turn, seq: event.seq, text: turn.text + event.text, place: null };
    case "complete":
      return ended(turn, event.outcome, {
        seq: Math.max(turn.seq, event.seq),
        usage: event.usage ?? null,
        timing: event.timing,
      });
    case "error":
      return failed(turn, { code: event.code, message: event.message });
    case "refused":
      return refused(turn, { code: event.code, message: event.message });
    case "sent":
      return turn.sent ? turn : { ...turn, sent: true };
    case "stop":
      // A question that no connection was given needs nobody's consent to be dropped.
      return turn.sent || turn.accepted ? { ...turn, stopping: true } : ended(turn, "cancelled");
    case "afresh":
      return { ...turn, conversation: event.conversation, parent: null, afresh: turn.follows !== null };
  }
}

function accepted(turn: Turn, event: Extract<Told, { type: "accepted" }>): Turn {
  const kept = { ...turn, accepted: true, conversation: event.conversation, parent: event.parent };
  // All of the turn follows, so what the page has of it would be doubled.
  return event.after === 0 ? { ...kept, seq: 0, text: "", thinking: "", sources: [], problem: null } : kept;
}

/** An accepted turn's failure is an event of its log, and `complete` follows; without a log, it is a refusal. */
function failed(turn: Turn, problem: Problem): Turn {
  return turn.accepted && !forgotten(problem.code) ? { ...turn, problem } : refused(turn, problem);
}

function refused(turn: Turn, problem: Problem): Turn {
  // What the reader wanted stopped has not even begun.
  if (turn.stopping && !turn.accepted) return ended(turn, "cancelled");
  return ended(turn, turn.accepted || forgotten(problem.code) ? "lost" : "refused", { problem });
}

/** Whether the server says by this that it does not have what was named. */
export function forgotten(code: ErrorCode): boolean {
  return code === "unknown_turn" || code === "unknown_conversation";
}

function ended(turn: Turn, ending: Ending, more: Partial<Turn> = {}): Turn {
  return { ...turn, ...more, ending, place: null, stopping: false };
}

/** What another tab knows of this conversation: turns that are new here, and ends that this tab has missed. */
function merge(mine: Turn[], theirs: Turn[]): Turn[] {
  const known = new Map(mine.map((turn) => [turn.id, turn]));
  const added = theirs.filter((turn) => !known.has(turn.id));
  // An open turn is never advanced from outside: its next frame covers what follows this tab's own cursor.
  const endedThere = theirs.filter((turn) => turn.ending !== null && known.get(turn.id)?.ending === null);
  if (added.length === 0 && endedThere.length === 0) return mine;
  const replaced = new Map(endedThere.map((turn) => [turn.id, turn]));
  return [...mine.map((turn) => replaced.get(turn.id) ?? turn), ...added].sort((a, b) => a.asked - b.asked);
}

function change(turns: Turn[], id: string, by: (turn: Turn) => Turn): Turn[] {
  const at = turns.findLastIndex((turn) => turn.id === id);
  const before = turns[at];
  if (before === undefined) return turns;
  const after = by(before);
  return after === before ? turns : turns.with(at, after);
}

/** The turns that the page shows: from the newest back along `follows`. A retried turn is no longer among them. */
export function thread(turns: Turn[]): Turn[] {
  const byId = new Map(turns.map((turn) => [turn.id, turn]));
  const shown: Turn[] = [];
  for (let turn = turns.at(-1); turn !== undefined; turn = turn.follows ? byId.get(turn.follows) : undefined) {
    shown.push(turn);
    byId.delete(turn.id);
  }
  return shown.reverse();
}

/**
 * Where a question asked behind `follows` goes on the server: the same conversation, behind the last turn that the
 * server has accepted. Without one (nothing asked yet, or all forgotten by the server) it begins afresh.
 */
export function place(
  shown: Turn[],
  fresh: () => string,
): { conversation: string; parent: string | null; afresh: boolean } {
  const last = shown.at(-1);
  if (last === undefined) return { conversation: fresh(), parent: null, afresh: false };
  if (last.ending === "lost") return { conversation: fresh(), parent: null, afresh: true };
  const sameConversation = shown.filter((turn) => turn.conversation === last.conversation);
  const parent = sameConversation.findLast((turn) => turn.accepted)?.id ?? null;
  return { conversation: last.conversation, parent, afresh: last.afresh && parent === null };
}
