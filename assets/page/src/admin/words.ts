// The languages of the page for admins, and figures, sizes and times in them.

import { chosen, direction } from "../lib/choose";
import english from "./messages/en";

/** A catalogue: the English one's keys. */
export type Words = typeof english;

const ALL = import.meta.glob<{ default: Words }>("./messages/*.ts", { eager: true });

/** By their tags. */
const CATALOGUES = Object.fromEntries(
  Object.entries(ALL).map(([path, file]) => [path.slice(path.lastIndexOf("/") + 1, -3), file.default]),
);

let tag = "en";
export let say: Words = english;

/** Speaks the first of these languages that there is. */
export function speak(wanted: readonly string[], root: HTMLElement): void {
  tag = chosen(wanted, Object.keys(CATALOGUES));
  say = CATALOGUES[tag] ?? english;
  root.lang = tag;
  root.dir = direction(tag);
}

/** A sentence with these values in the places that it has for them. */
export function filled(sentence: string, ...values: (string | number)[]): string {
  let at = 0;
  return sentence.replace(/\{\}/g, () => {
    const value = values[at++];
    return typeof value === "number" ? number(value) : (value ?? "");
  });
}

export function number(value: number): string {
  return new Intl.NumberFormat(tag).format(value);
}

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** Bytes, in the unit that they are read best in. */
export function size(bytes: number): string {
  const step = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const style = { style: "unit", unit: UNITS[step], unitDisplay: "short", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(tag, style).format(bytes / 1000 ** step);
}

/** A moment: today's by its time alone. */
export function moment(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;
  const day = { day: "numeric", month: "short", year: "numeric" } as const;
  const isToday = then.toDateString() === today.toDateString();
  return new Intl.DateTimeFormat(tag, isToday ? time : { ...day, ...time }).format(then);
}
