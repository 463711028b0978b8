// How long a text is as the server counts it, and how a reader is told.

import { language } from "./language";

const encoder = new TextEncoder();

export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** A size in words: "4.2 kB". */
export function size(bytes: number): string {
  const [unit, of] = bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const format = new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: 1 });
  return format.format(bytes === 0 ? 0 : Math.max(bytes / of, 0.1));
}
