// Conversations by the day they were last used on, as a calendar where this device is has it.

import type { Head } from "./api";
import { month } from "./figures";
import { say } from "./language";

export type Group = { name: string; heads: Head[] };

/** `heads` are newest first, and so are the groups. */
export function groups(heads: Head[], now: number): Group[] {
  const found = new Map<string, Head[]>();
  for (const head of heads) {
    const name = named(head.updated, now);
    found.set(name, [...(found.get(name) ?? []), head]);
  }
  return [...found].map(([name, heads]) => ({ name, heads }));
}

function named(time: number, now: number): string {
  if (time >= midnight(now, 0)) return say.sidebar.today;
  if (time >= midnight(now, 1)) return say.sidebar.yesterday;
  if (time >= midnight(now, 7)) return say.sidebar.week;
  return month(time);
}

/** When the day began that was so many days ago; a day is not always 24 hours long. */
function midnight(now: number, daysAgo: number): number {
  const day = new Date(now);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - daysAgo).getTime();
}
