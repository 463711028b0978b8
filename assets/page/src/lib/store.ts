// The browser's own storage, as the page uses it: small values under kinds of keys. Bounded: of each kind, what was touched
// longest ago goes first. A browser that refuses storage is no error.

import { OWN } from "./base";

export const PREFIX = `${OWN}:`;

/** Of what is written here. What another version of the page has written is not read. */
const VERSION = 2;

/** How many of each kind are kept. */
export const MOST = { draft: 50, edit: 50, branch: 200, outbox: 50, sidebar: 1, choice: 1, options: 1 } as const;

export type Kind = keyof typeof MOST;

export function read(kind: Kind, id: string): unknown {
  return decode(attempt(() => localStorage.getItem(keyOf(kind, id))));
}

export function write(kind: Kind, id: string, value: unknown): void {
  const key = keyOf(kind, id);
  if (value === null) drop(key);
  // What fails here is only how the page is set up.
  else attempt(() => put(localStorage, kind, key, encode(value)));
}

export function keyOf(kind: Kind, id: string): string {
  return `${PREFIX}${kind}:${id}`;
}

/** `at` comes first: it is found without reading the rest. */
export function encode(value: unknown): string {
  return JSON.stringify({ at: Date.now(), v: VERSION, value });
}

export function decode(kept: string | null): unknown {
  const found: unknown = attempt(() => JSON.parse(kept ?? "null") as unknown);
  return isRecord(found) && found["v"] === VERSION ? found["value"] : null;
}

export function put(storage: Storage, kind: Kind, key: string, kept: string): true {
  makeRoom(storage, kind, key);
  storage.setItem(key, kept);
  return true;
}

function makeRoom(storage: Storage, kind: Kind, key: string): void {
  const others = byAge(storage, (other) => other.startsWith(keyOf(kind, "")) && other !== key);
  others.slice(0, Math.max(others.length - MOST[kind] + 1, 0)).forEach((key) => storage.removeItem(key));
}

/** What was touched longest ago comes first. */
export function byAge(storage: Storage, which: (key: string) => boolean): string[] {
  return Object.keys(storage)
    .filter(which)
    .map((key) => ({ key, at: Number(/^\{"at":(\d+)/.exec(storage.getItem(key) ?? "")?.[1] ?? 0) }))
    .sort((a, b) => a.at - b.at)
    .map(({ key }) => key);
}

export function drop(key: string): void {
  attempt(() => localStorage.removeItem(key));
}

/** Removes all that is kept here of this reader's. */
export function forgetAll(): void {
  for (const storage of [() => localStorage, () => sessionStorage]) {
    attempt(() => {
      for (const key of Object.keys(storage())) if (key.startsWith(PREFIX)) storage().removeItem(key);
    });
  }
}

/** A browser that refuses storage, or has no more room, is no reason to fail. */
export function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}

export function keys(): string[] {
  return attempt(() => Object.keys(localStorage)) ?? [];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export function isString(value: unknown): value is string {
  return typeof value === "string";
}
