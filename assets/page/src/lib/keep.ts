// What the browser itself keeps, so that a reload loses nothing that the server does not have yet: questions that wait
// to be sent, drafts, and how the reader has set up the page. Bounded: what was touched longest ago goes first. A
// browser that refuses storage is no error.

import { newTurn, type Problem, type Turn } from "./reduce";

const PREFIX = "askd:";

/** Of what is written here. What another version of the page has written is not read. */
const VERSION = 2;

/** How many of each kind are kept. */
const MOST = { draft: 50, edit: 50, branch: 200, outbox: 50, sidebar: 1, choice: 1 } as const;

export type Choice = { endpoint: string; model: string };

type Kind = keyof typeof MOST;

/** The draft of a conversation that has not begun. It is its tab's: another tab at the same address begins another one. */
export const UNBEGUN = "new";

export function available(): boolean {
  try {
    localStorage.setItem("askd:probe", "1");
    localStorage.removeItem("askd:probe");
    return true;
  } catch {
    return false;
  }
}

/** Removes what earlier versions of the page kept: since the server keeps them, conversations are not kept here. */
export function forgetOld(): void {
  for (const key of keys()) if (key.startsWith(`${PREFIX}conversation:`)) drop(key);
}

export function draft(conversation: string): string {
  const text = read("draft", conversation);
  return typeof text === "string" ? text : "";
}

export function keepDraft(conversation: string, text: string): void {
  write("draft", conversation, text === "" ? null : text);
}

/** What a question at this place of a conversation is being changed to. */
export function editDraft(place: string): string {
  const text = read("edit", place);
  return typeof text === "string" ? text : "";
}

export function keepEditDraft(place: string, text: string): void {
  write("edit", place, text === "" ? null : text);
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

export function sidebarOpen(): boolean {
  return read("sidebar", "open") !== false;
}

export function keepSidebarOpen(open: boolean): void {
  write("sidebar", "open", open);
}

/** A question that the server has not accepted yet. */
export type Waiting = { conversation: string; turn: Turn };

/** All that wait, in order of asking. */
export function outbox(): Waiting[] {
  return keys()
    .flatMap((key) => waitingTurn(key) ?? [])
    .flatMap((turn) => waiting(read("outbox", turn)) ?? [])
    .sort((a, b) => a.turn.asked - b.turn.asked);
}

/** The turn that waits under this key of the browser's storage, if that is what it is for. */
export function waitingTurn(key: string): string | null {
  const prefix = `${PREFIX}outbox:`;
  return key.startsWith(prefix) ? key.slice(prefix.length) : null;
}

export function keepWaiting({ conversation, turn }: Waiting): void {
  const { id, parent, question, endpoint, model, asked, sent, stopping, problem, ending } = turn;
  const refused = ending === "refused" ? problem : null;
  write("outbox", id, { conversation, id, parent, question, endpoint, model, asked, sent, stopping, refused });
}

export function withdraw(turn: string): void {
  write("outbox", turn, null);
}

function waiting(kept: unknown): Waiting | null {
  if (!isRecord(kept)) return null;
  const { conversation, id, parent, question, endpoint, model, asked, sent, stopping, refused } = kept;
  if (!isString(conversation) || !isString(id) || !isString(question)) return null;
  const turn = newTurn({
    id,
    question,
    parent: isString(parent) ? parent : null,
    asked: typeof asked === "number" ? asked : 0,
    ...(isString(endpoint) && isString(model) && { endpoint, model }),
    sent: sent === true,
    stopping: stopping === true,
    ...(isProblem(refused) && { problem: refused, ending: "refused" }),
  });
  return { conversation, turn };
}

function read(kind: Kind, id: string): unknown {
  try {
    const key = `${PREFIX}${kind}:${id}`;
    const kept: unknown = JSON.parse(storage(key).getItem(key) ?? "null");
    return isRecord(kept) && kept["v"] === VERSION ? kept["value"] : null;
  } catch {
    return null;
  }
}

/** `at` comes first: it is found without reading the rest. */
function write(kind: Kind, id: string, value: unknown): void {
  const key = `${PREFIX}${kind}:${id}`;
  if (value === null) return drop(key);
  try {
    if (storage(key) === localStorage) makeRoom(kind, key);
    storage(key).setItem(key, JSON.stringify({ at: Date.now(), v: VERSION, value }));
  } catch {
    // The page says once that this browser keeps nothing.
  }
}

/** The tab's own outlives a reload, and ends with the tab. */
function storage(key: string): Storage {
  return key === `${PREFIX}draft:${UNBEGUN}` ? sessionStorage : localStorage;
}

function makeRoom(kind: Kind, key: string): void {
  const others = keys()
    .filter((other) => other.startsWith(`${PREFIX}${kind}:`) && other !== key)
    .map((key) => ({ key, at: Number(/^\{"at":(\d+)/.exec(localStorage.getItem(key) ?? "")?.[1] ?? 0) }))
    .sort((a, b) => b.at - a.at);
  others.slice(MOST[kind] - 1).forEach(({ key }) => drop(key));
}

function drop(key: string): void {
  try {
    storage(key).removeItem(key);
  } catch {
    // Then it is not there either.
  }
}

function keys(): string[] {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

function isProblem(value: unknown): value is Problem {
  return isRecord(value) && isString(value["code"]) && isString(value["message"]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}
