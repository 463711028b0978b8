// Where in a conversation its reader stood when they reloaded the page, so that they stand there again. It is the tab's, and
// of one conversation. A browser that refuses storage is no error: the conversation then opens at its newest question.

import { OWN } from "./base";

const KEY = `${OWN}:standing`;

/** In which turn, at which block of it, and how many pixels below the view's top that was; `null`: at the very end. */
export type Standing = { turn: string; block: number; top: number } | null;

export function keepStanding(conversation: string, standing: Standing): void {
  attempt(() => sessionStorage.setItem(KEY, JSON.stringify({ conversation, standing })));
}

/** Where the reader of this conversation stood before the reload, once; `undefined`: this is none, or they were elsewhere. */
export function standing(conversation: string): Standing | undefined {
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
