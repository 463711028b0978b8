// What the browser itself keeps, so that a reload loses nothing that the server does not have yet: questions that wait
// to be sent, and how the reader has set up the page. Drafts are in `drafts.ts`.

import { newTurn, type Problem, type Turn } from "./reduce";
import { attempt, byAge, drop, encode, isRecord, isString, keyOf, keys, MOST, PREFIX, read, write } from "./store";
import type { Options } from "./wire";

export type Choice = { endpoint: string; model: string };

export function available(): boolean {
  try {
    localStorage.setItem(`${PREFIX}probe`, "1");
    localStorage.removeItem(`${PREFIX}probe`);
    return true;
  } catch {
    return false;
  }
}

/** Removes what earlier versions of the page kept: since the server keeps them, conversations are not kept here. */
export function forgetOld(): void {
  for (const key of keys()) if (key.startsWith(`${PREFIX}conversation:`)) drop(key);
}

/** The turn through which the reader last wanted to see the conversation; `null`: the newest. */
export function branch(conversation: string): string | null {
  const turn = read("branch", conversation);
  return typeof turn === "string" ? turn : null;
}

export function keepBranch(conversation: string, turn: string | null): void {
  write("branch", conversation, turn);
}

/** Which model was chosen last, for the next new conversation. */
export function choice(): Choice | null {
  const kept = read("choice", "model");
  if (!isRecord(kept)) return null;
  const { endpoint, model } = kept;
  return isString(endpoint) && isString(model) ? { endpoint, model } : null;
}

export function keepChoice({ endpoint, model }: Choice): void {
  write("choice", "model", { endpoint, model });
}

/** How the model was to answer last, for the next conversation. */
export function options(): Options {
  return answerOptions(read("options", "last"));
}

export function keepOptions(options: Options): void {
  write("options", "last", Object.keys(options).length > 0 ? options : null);
}

function answerOptions(kept: unknown): Options {
  const { temperature, max_tokens } = isRecord(kept) ? kept : {};
  return {
    ...(typeof temperature === "number" && temperature >= 0 && temperature <= 2 && { temperature }),
    ...(Number.isInteger(max_tokens) && (max_tokens as number) > 0 && { max_tokens: max_tokens as number }),
  };
}

/** A question that the server has not accepted yet, or a running answer that it has not been told to stop yet. */
export type Waiting = { conversation: string; turn: Turn };

/** All that wait, in order of asking. */
export function outbox(): Waiting[] {
  return keys()
    .flatMap((key) => waitingTurn(key) ?? [])
    .flatMap((id) => {
      const kept = waiting(read("outbox", id));
      // Under another's name it would be there twice.
      return kept?.turn.id === id ? kept : [];
    })
    .sort((a, b) => a.turn.asked - b.turn.asked);
}

/** The turn that waits under this key of the browser's storage, if that is what it is for. */
export function waitingTurn(key: string): string | null {
  const prefix = `${PREFIX}outbox:`;
  return key.startsWith(prefix) ? key.slice(prefix.length) : null;
}

/** Says whether it is kept now. Drafts make way for it, where there is no more room. */
export function keepWaiting({ conversation, turn }: Waiting): boolean {
  const { id, parent, question, endpoint, model, options, asked, sent, accepted, stopping, problem, ending } = turn;
  const refused = ending === "refused" ? problem : null;
  const key = keyOf("outbox", id);
  if (refused === null) {
    // What waits goes for nothing. Refused ones wait for their reader, and have a bound of their own.
    if (placesTaken(key, false).length >= MOST.outbox) return false;
  } else {
    const others = placesTaken(key, true);
    others.slice(0, Math.max(others.length - MOST.outbox + 1, 0)).forEach((turn) => drop(keyOf("outbox", turn)));
  }
  const kept = encode({
    conversation,
    id,
    parent,
    question,
    endpoint,
    model,
    options,
    asked,
    sent,
    accepted,
    stopping,
    refused,
  });
  const fits = () => attempt(() => (localStorage.setItem(key, kept), true)) ?? false;
  return fits() || drafts().some((key) => (drop(key), fits()));
}

/** The other turns that wait to be sent, or that were refused, the one asked longest ago first. */
function placesTaken(key: string, refused: boolean): string[] {
  const others = outbox().filter(({ turn }) => keyOf("outbox", turn.id) !== key);
  return others.filter(({ turn }) => (turn.ending !== null) === refused).map(({ turn }) => turn.id);
}

/** All that are kept for other tabs, what was touched longest ago first. */
function drafts(): string[] {
  const own = [keyOf("draft", ""), keyOf("edit", "")];
  return attempt(() => byAge(localStorage, (key) => own.some((prefix) => key.startsWith(prefix)))) ?? [];
}

export function withdraw(turn: string): void {
  write("outbox", turn, null);
}

function waiting(kept: unknown): Waiting | null {
  if (!isRecord(kept)) return null;
  const { conversation, id, parent, question, endpoint, model, options, asked, sent, accepted, stopping, refused } =
    kept;
  if (!isString(conversation) || !isString(id) || !isString(question)) return null;
  const turn = newTurn({
    id,
    question,
    parent: isString(parent) ? parent : null,
    asked: typeof asked === "number" ? asked : 0,
    ...(isString(endpoint) && isString(model) && { endpoint, model }),
    ...(isRecord(options) && { options: answerOptions(options) }),
    sent: sent === true,
    accepted: accepted === true,
    stopping: stopping === true,
    ...(isProblem(refused) && { problem: refused, ending: "refused" }),
  });
  return { conversation, turn };
}

function isProblem(value: unknown): value is Problem {
  return isRecord(value) && isString(value["code"]) && isString(value["message"]);
}

/**
 * The outbox follows the turns: in it is what the server has not accepted and the reader has not given up, and what it
 * has not said to have stopped. Each turn comes back with the word whether it is in it.
 */
export function followed(conversation: string, before: Turn[], after: Turn[]): Turn[] {
  const waits = ({ accepted, stopping, ending }: Turn) =>
    accepted ? stopping && ending === null : ending !== "cancelled";
  const still = new Set(after.filter(waits));
  for (const turn of before) if (waits(turn) && !still.has(turn)) withdraw(turn.id);
  const already = new Set(before);
  return after.map((turn) => {
    if (!still.has(turn) || already.has(turn)) return turn;
    const kept = keepWaiting({ conversation, turn });
    return kept === turn.kept ? turn : { ...turn, kept };
  });
}
