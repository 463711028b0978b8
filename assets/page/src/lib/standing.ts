// Where in a conversation its reader stood when they reloaded the page, or left it for another one, so that they stand there
// again when they come back. It is the tab's. A browser that refuses storage is no error: the conversation then opens at its
// newest question.

import { OWN } from "./base";

const KEY = `${OWN}:standing`;

/** In which turn, at which block of it, and how many pixels below the view's top that was; `null`: at the very end. */
export type Standing = { turn: string; block: number; top: number } | null;

/** Conversations that were left in this page, the last ones, by their ids. */
const left = new Map<string, Standing>();
const MOST_LEFT = 50;

/** The conversation that is shown, and where its reader stands; `undefined`: where it would open anyway. */
type Shown = { conversation: string; stands: () => Standing | undefined };

let shown: Shown | null = null;

/** The conversation that the reader has just come back to. */
let returned: string | null = null;

/** Follows where the reader stands in a conversation, while it is shown. Returns how to end that. */
export function follow(now: Shown): () => void {
  shown = now;
  const keep = (): void => {
    const standing = now.stands();
    if (standing === undefined) return;
    attempt(() => sessionStorage.setItem(KEY, JSON.stringify({ conversation: now.conversation, standing })));
  };
  addEventListener("pagehide", keep);
  return () => {
    removeEventListener("pagehide", keep);
    if (shown === now) shown = null;
  };
}

/** The reader goes to another conversation, `returns`: to one that they have come from. */
export function leaveFor(to: string | null, returns: boolean): void {
  const standing = shown?.stands();
  if (shown !== null) {
    left.delete(shown.conversation);
    if (standing !== undefined) left.set(shown.conversation, standing);
    if (left.size > MOST_LEFT) left.delete(left.keys().next().value!);
  }
  returned = returns ? to : null;
}

/** Where the reader of this conversation stood before, once; `undefined`: it is new to them, or they were elsewhere. */
export function standing(conversation: string): Standing | undefined {
  const isBack = returned === conversation;
  returned = null;
  return isBack ? left.get(conversation) : reloaded(conversation);
}

function reloaded(conversation: string): Standing | undefined {
  const kept = attempt(() => sessionStorage.getItem(KEY));
  attempt(() => sessionStorage.removeItem(KEY));
  const [visit] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (!kept || visit?.type === "navigate") return undefined;
  const found = attempt(() => JSON.parse(kept) as { conversation?: unknown; standing?: Standing });
  return found?.conversation === conversation ? found.standing : undefined;
}

function attempt<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch {
    return undefined;
  }
}
