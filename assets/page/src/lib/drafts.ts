// What is being written and has not been sent, kept by the browser so that a reload loses nothing of it.

import { bytesOf } from "./bytes";
import { attempt, byAge, decode, drop, encode, isString, keyOf, put, type Kind } from "./store";

/** The draft of a conversation that has not begun. It is its tab's: another tab at the same address begins another one. */
export const UNBEGUN = "new";

export function draft(conversation: string): string {
  return written("draft", conversation);
}

/**
 * `limit`: how many bytes of a question the server takes. A longer draft is in its tab alone, if it has the room. Says
 * whether a reload will find it.
 */
export function keepDraft(conversation: string, text: string, limit = Infinity): boolean {
  return keepWritten("draft", conversation, text, limit);
}

/** What is written in conversations that have begun, and not sent: what was touched last comes first. */
export function unsent(): { conversation: string; text: string }[] {
  const prefix = keyOf("draft", "");
  const found = attempt(() => byAge(localStorage, (key) => key.startsWith(prefix))) ?? [];
  return found.reverse().flatMap((key) => {
    const text = decode(attempt(() => localStorage.getItem(key)));
    return isString(text) && text.trim() !== "" ? { conversation: key.slice(prefix.length), text } : [];
  });
}

/** What a question at this place of a conversation is being changed to. */
export function editDraft(place: string): string {
  return written("edit", place);
}

export function keepEditDraft(place: string, text: string, limit = Infinity): void {
  keepWritten("edit", place, text, limit);
}

/**
 * What is being written there. Each tab has its own, which outlives a reload; a tab that has none goes on with what was
 * written last in any.
 */
function written(kind: "draft" | "edit", id: string): string {
  const key = keyOf(kind, id);
  const own = attempt(() => sessionStorage.getItem(key));
  const kept = own ?? (isTabs(key) ? null : attempt(() => localStorage.getItem(key)));
  // Gone on with, it is this tab's to send and to remove.
  if (own === null && kept !== null) keepOwn(kind, key, kept);
  const text = decode(kept);
  return isString(text) ? text : "";
}

function keepWritten(kind: "draft" | "edit", id: string, text: string, limit: number): boolean {
  const key = keyOf(kind, id);
  const before = attempt(() => sessionStorage.getItem(key));
  attempt(() => sessionStorage.removeItem(key));
  const kept = encode(text);
  const own = text !== "" && keepOwn(kind, key, kept);
  if (own && isTabs(key)) return true;
  if (own && bytesOf(text) <= limit && attempt(() => put(localStorage, kind, key, kept))) return true;
  // What another tab has written since is not this one's to remove.
  if (before !== null && attempt(() => localStorage.getItem(key)) === before) drop(key);
  return own || text === "";
}

function keepOwn(kind: Kind, key: string, kept: string): boolean {
  return attempt(() => put(sessionStorage, kind, key, kept)) ?? false;
}

/** Whether it is only ever its tab's. */
function isTabs(key: string): boolean {
  return key === keyOf("draft", UNBEGUN);
}
