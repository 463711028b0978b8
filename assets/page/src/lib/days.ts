// Conversations by the day they were last used on, as a calendar on this device has it.

import type { Head } from "./api";

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
  if (time >= midnight(now, 0)) return "Today";
  if (time >= midnight(now, 1)) return "Yesterday";
  if (time >= midnight(now, 7)) return "Previous 7 days";
  return new Date(time).toLocaleDateString("en", { month: "long", year: "numeric" });
}

/** When the day began that was so many days ago; a day is not always 24 hours long. */
function midnight(now: number, daysAgo: number): number {
  const day = new Date(now);
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - daysAgo).getTime();
}
