// Conversations in the browser's own storage, so that a refresh or a second tab shows what has come so far.
// Bounded: the conversations touched longest ago go first. A browser that refuses storage is no error.

import { newTurn, type Ending, type Problem, type Turn } from "./reduce";
import type { Source, Timing, Usage } from "./wire";

const PREFIX = "askd:conversation:";
const MOST_CONVERSATIONS = 20;
/** UTF-16 units of all kept conversations; browsers refuse at about 5 million. */
const MOST_CHARACTERS = 2_000_000;

/** Of what is written here. What another version of the page has written is not read. */
const VERSION = 1;

/** `at` comes first: it is found without reading the rest. */
type Kept = { at: number; v: typeof VERSION; turns: Turn[] };

export function load(id: string): Turn[] {
  return parse(read(id));
}

/** Says whether the conversation is kept: not when storage is refused, nor when it alone is over the bound. */
export function save(id: string, turns: Turn[]): boolean {
  const kept: Kept = { at: Date.now(), v: VERSION, turns };
  const text = JSON.stringify(kept);
  if (text.length > MOST_CHARACTERS) return false;
  try {
    makeRoom(id, text.length);
    localStorage.setItem(PREFIX + id, text);
    return true;
  } catch {
    return false;
  }
}

export function available(): boolean {
  try {
    localStorage.setItem("askd:probe", "1");
    localStorage.removeItem("askd:probe");
    return true;
  } catch {
    return false;
  }
}

/** Calls back when another tab has written the conversation. Returns what ends the watching. */
export function watch(id: () => string | null, changed: (turns: Turn[]) => void): () => void {
  const listener = (event: StorageEvent) => {
    const current = id();
    if (current !== null && event.key === PREFIX + current) changed(parse(event.newValue));
  };
  addEventListener("storage", listener);
  return () => removeEventListener("storage", listener);
}

function makeRoom(id: string, size: number): void {
  const others = Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX) && key !== PREFIX + id)
    .map((key) => ({ key, text: localStorage.getItem(key) ?? "" }))
    .map(({ key, text }) => ({ key, size: text.length, at: Number(/^\{"at":(\d+)/.exec(text)?.[1] ?? 0) }))
    .sort((a, b) => b.at - a.at);
  let room = MOST_CHARACTERS - size;
  others.forEach((other, n) => {
    room -= other.size;
    if (n >= MOST_CONVERSATIONS - 1 || room < 0) localStorage.removeItem(other.key);
  });
}

function read(id: string): string | null {
  try {
    return localStorage.getItem(PREFIX + id);
  } catch {
    return null;
  }
}

function parse(text: string | null): Turn[] {
  try {
    const kept: unknown = JSON.parse(text ?? "null");
    if (!isRecord(kept) || kept["v"] !== VERSION || !Array.isArray(kept["turns"])) return [];
    return kept["turns"].flatMap((turn: unknown) => normal(turn) ?? []);
  } catch {
    return [];
  }
}

/** The turn with every field what the page takes it for: one that is not is as in a turn just begun. */
function normal(kept: unknown): Turn | null {
  if (!isRecord(kept)) return null;
  const { id, conversation, question, parent, follows, endpoint, model, asked, place, seq, text, thinking } = kept;
  if (!isString(id) || !isString(conversation) || !isString(question)) return null;
  const { sources, problem, ending, usage, timing } = kept;
  const open = newTurn({
    id,
    conversation,
    question,
    parent: isString(parent) ? parent : null,
    follows: isString(follows) ? follows : null,
    asked: isNumber(asked) ? asked : 0,
    ...(isString(endpoint) && isString(model) && { endpoint, model }),
    afresh: kept["afresh"] === true,
    sent: kept["sent"] === true,
    accepted: kept["accepted"] === true,
    stopping: kept["stopping"] === true,
    place: isNumber(place) ? place : null,
    text: isString(text) ? text : "",
    thinking: isString(thinking) ? thinking : "",
    sources: Array.isArray(sources) ? sources.filter(isSource) : [],
    problem: isProblem(problem) ? problem : null,
    ending: isEnding(ending) ? ending : null,
    usage: isRecord(usage) ? (usage as Usage) : null,
    timing: isRecord(timing) ? (timing as Timing) : null,
  });
  // The cursor is only true of an answer that is whole up to it; from 0, the server tells all of it again.
  const whole = isNumber(seq) && isString(text) && isString(thinking) && Array.isArray(sources);
  return whole && open.sources.length === sources.length ? { ...open, seq } : open;
}

const ENDINGS: Record<Ending, true> = {
  stop: true,
  length: true,
  content_filter: true,
  cancelled: true,
  interrupted: true,
  failed: true,
  lost: true,
  refused: true,
};

function isEnding(value: unknown): value is Ending {
  return isString(value) && Object.hasOwn(ENDINGS, value);
}

function isProblem(value: unknown): value is Problem {
  return isRecord(value) && isString(value["code"]) && isString(value["message"]);
}

function isSource(value: unknown): value is Source {
  if (!isRecord(value)) return false;
  const { n, title, excerpt, score, url, path, heading } = value;
  const texts = [url, path, heading].every((text) => text == null || isString(text));
  return isNumber(n) && isString(title) && isString(excerpt) && isNumber(score) && texts;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
