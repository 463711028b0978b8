// What a conversation is, and the one pure function that changes it. Everything that the server says and
// everything that the reader does arrives here as an event; nothing here knows of sockets, storage or the DOM.
//
// The promise that matters: whatever the pattern of drops and resumes, `text` is byte for byte what the server
// sent. It holds because `seq` only rises, an event at or below it is ignored, and `accepted.after = 0` starts over. What turns
// out to be thinking (thoughts.ts) goes over to `thinking`, and `text` begins behind it.

import { BEGINNING, look, thought, type Lines } from "./thoughts";
import type { Basis, Cause, ErrorCode, Options, Outcome, ServerMessage, Source, Timing, Usage } from "./wire";

/** How a turn ended: the server's outcomes, and the two that only the page can know. */
export type Ending =
  | Outcome
  /** The server no longer has the turn, or does not let this page follow it. */
  | "lost"
  /** The server refused the question before it was accepted. */
  | "refused";

export type Problem = {
  code: ErrorCode;
  message: string;
  /** When the question can be asked again, in milliseconds since the epoch; absent: that is not known. */
  again?: number;
};

/**
 * The end of a text that grows, behind so many letters, for whoever reads it with each word: to look into all of it, the
 * browser would first copy all of it. `of`: another one where the text has begun anew.
 */
export type Tail = { of: object; from: number; text: string };

/** Letters that a tail has at the least, once there are so many; when it has twice as many it is cut. */
const TAIL = 16_384;

export type Turn = {
  id: string;
  /** The turn that this one is behind; `null` for a conversation's first. */
  parent: string | null;
  question: string;
  endpoint?: string;
  model?: string;
  /** How it is to be answered; absent: as the endpoint does by itself. */
  options?: Options;
  asked: number;
  /** The question was given to a connection, so the server may have it, whether or not it could say so. */
  sent: boolean;
  /** While it waits, the browser has it too, so that leaving the page does not lose it. */
  kept: boolean;
  accepted: boolean;
  place: number | null;
  seq: number;
  text: string;
  /** The end of the text; `null`: nothing of it has come since the page knows of it. */
  tail: Tail | null;
  thinking: string;
  /** How far the text was looked through for the end of thinking that never began. */
  lines: Lines;
  sources: Source[];
  /** How the answer stands to the documents; `null`: they were not asked. */
  basis: Basis | null;
  /** The reader has asked to stop, and the server has not confirmed it yet. */
  stopping: boolean;
  problem: Problem | null;
  ending: Ending | null;
  /** Who or what interrupted it, if that is known. */
  cause: Cause | null;
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
  /** A question that was never sent is taken back, or one that was refused thrown away. */
  | { type: "withdraw"; turn: string }
  /** What the server has of the conversation; this tab's own cursor is on the turn `following`. */
  | { type: "merge"; turns: Turn[]; following: string | null };

export function newTurn(fields: Pick<Turn, "id" | "parent" | "question" | "asked"> & Partial<Turn>): Turn {
  const turn: Turn = {
    sent: false,
    kept: true,
    accepted: false,
    place: null,
    seq: 0,
    text: "",
    tail: null,
    thinking: "",
    lines: BEGINNING,
    sources: [],
    basis: null,
    stopping: false,
    problem: null,
    ending: null,
    cause: null,
    usage: null,
    timing: null,
    ...fields,
  };
  return turn.text === "" ? turn : { ...turn, ...told({ ...turn, text: "" }, turn.text), tail: null };
}

/** What is known of a turn with more of its text. */
function told(turn: Turn, more: string): Pick<Turn, "text" | "tail" | "thinking" | "lines"> {
  const { lines, end } = look(turn.lines, more);
  const { text, thinking } = turn;
  if (end === null) return { text: text + more, tail: longer(turn, more), thinking, lines };
  const rest = more.slice(end);
  const begun = { text: "", tail: null };
  return { text: rest, tail: longer(begun, rest), thinking: thought(thinking, text + more.slice(0, end)), lines };
}

/** The conversation after the event. The same array comes back when nothing has changed. */
export function reduce(turns: Turn[], event: Event): Turn[] {
  switch (event.type) {
    case "ask":
      return [...turns.filter((other) => !givesWay(other, event.turn)), event.turn];
    case "withdraw":
      return turns.filter((turn) => turn.id !== event.turn);
    case "merge":
      return merge(turns, event.turns, event.following);
    default:
      return change(turns, event.turn, (turn) => step(turn, event));
  }
}

/** A question that the server never took is no version of its own: the next one at its place replaces it. */
function givesWay(turn: Turn, next: Turn): boolean {
  return turn.ending !== null && !turn.accepted && turn.parent === next.parent;
}

/** One open turn after one event about it. An ended turn changes no more: there is one end per turn. */
function step(turn: Turn, event: Exclude<Event, { type: "ask" | "merge" | "withdraw" }>): Turn {
  if (turn.ending !== null) return turn;
  switch (event.type) {
    case "accepted":
      return accepted(turn, event);
    case "queued":
      return { ...turn, place: event.position > 0 ? event.position : null };
    case "sources":
      if (event.seq <= turn.seq) return turn;
      return { ...turn, seq: event.seq, sources: event.items, basis: event.basis, place: null };
    case "chunk":
      if (event.seq <= turn.seq) return turn;
      return event.channel === "reasoning"
        ? { ...turn, seq: event.seq, thinking: turn.thinking + event.text, place: null }
        : { ...turn, ...told(turn, event.text), seq: event.seq, place: null };
    case "complete":
      return ended(turn, event.outcome, {
        seq: Math.max(turn.seq, event.seq),
        cause: event.cause ?? null,
        usage: event.usage ?? null,
        timing: event.timing,
      });
    case "error":
      return failed(turn, { code: event.code, message: event.message });
    case "refused":
      return refused(turn, {
        code: event.code,
        message: event.message,
        ...(event.again !== undefined && { again: event.again }),
      });
    case "sent":
      return turn.sent ? turn : { ...turn, sent: true };
    case "stop":
      return { ...turn, stopping: true };
  }
}

function longer({ text, tail }: Pick<Turn, "text" | "tail">, more: string): Tail {
  const { of, from, text: end } = tail ?? { of: {}, from: text.length, text: "" };
  const now = end + more;
  const cut = now.length >= 2 * TAIL ? now.length - TAIL : 0;
  return { of, from: from + cut, text: now.slice(cut) };
}

function accepted(turn: Turn, event: Extract<Told, { type: "accepted" }>): Turn {
  const kept = { ...turn, sent: true, accepted: true, parent: event.parent };
  // All of the turn follows, so what the page has of it would be doubled.
  return event.after === 0
    ? { ...kept, seq: 0, text: "", tail: null, thinking: "", lines: BEGINNING, sources: [], basis: null, problem: null }
    : kept;
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

/** Whether the server has refused the question, so that it waits for its reader. */
export function untaken({ accepted, ending }: Turn): boolean {
  return !accepted && (ending === "refused" || ending === "lost");
}

/** Whether the server says by this that it does not have what was named. */
export function forgotten(code: ErrorCode): boolean {
  return code === "unknown_turn" || code === "unknown_conversation";
}

function ended(turn: Turn, ending: Ending, more: Partial<Turn> = {}): Turn {
  return { ...turn, ...more, ending, place: null, stopping: false };
}

/** The server's turns in the server's order, then those that it does not have. */
function merge(mine: Turn[], theirs: Turn[], following: string | null): Turn[] {
  const known = new Map(mine.map((turn) => [turn.id, turn]));
  const there = new Set(theirs.map((turn) => turn.id));
  const merged = [
    ...theirs.map((turn) => truer(known.get(turn.id), turn, following)),
    ...mine.filter((turn) => !there.has(turn.id)),
  ];
  const same = merged.length === mine.length && merged.every((turn, n) => turn === mine[n]);
  return same ? mine : merged;
}

/** Of two states of one turn the one to go on with. */
function truer(mine: Turn | undefined, theirs: Turn, following: string | null): Turn {
  if (mine === undefined) return theirs;
  const onlyHere = mine.ending === "lost" || mine.ending === "refused" || !mine.accepted;
  // An end that the server did not come to keep was shown and is not so: reloading the page would show the server's.
  const same = mine.ending === theirs.ending && mine.seq === theirs.seq;
  if (mine.ending !== null && !onlyHere && (same || theirs.ending === null)) return mine;
  if (theirs.ending !== null) return theirs;
  // The next frame of a turn that is followed covers what is behind this tab's own cursor, and no other.
  if (mine.id === following || (!onlyHere && mine.seq >= theirs.seq)) return mine;
  return { ...theirs, stopping: mine.stopping };
}

function change(turns: Turn[], id: string, by: (turn: Turn) => Turn): Turn[] {
  const at = turns.findLastIndex((turn) => turn.id === id);
  const before = turns[at];
  if (before === undefined) return turns;
  const after = by(before);
  return after === before ? turns : turns.with(at, after);
}
