// Conversations in the browser's own storage, so that a refresh or a second tab shows what has come so far.
// Bounded: the conversations touched longest ago go first. A browser that refuses storage is no error.

import type { Turn } from "./reduce";

const PREFIX = "askd:conversation:";
const MOST_CONVERSATIONS = 20;
/** UTF-16 units of all kept conversations; browsers refuse at about 5 million. */
const MOST_CHARACTERS = 2_000_000;

type Kept = { at: number; turns: Turn[] };

export function load(id: string): Turn[] {
  return parse(read(id));
}

/** Says whether the conversation is kept: not when storage is refused, nor when it alone is over the bound. */
export function save(id: string, turns: Turn[]): boolean {
  const kept: Kept = { at: Date.now(), turns };
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
    const kept = JSON.parse(text ?? "null") as Kept | null;
    return Array.isArray(kept?.turns) ? kept.turns : [];
  } catch {
    return [];
  }
}
