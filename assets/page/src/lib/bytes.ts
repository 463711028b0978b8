// How long a text is as the server counts it, and how a reader is told.

import { language } from "./figures";

const encoder = new TextEncoder();

export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** A size in words: "812 bytes", "4.2 kB". */
export function size(bytes: number): string {
  const [unit, of] = bytes < 1e3 ? ["byte", 1] : bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const unitDisplay = of === 1 ? "long" : "short";
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay, maximumFractionDigits: 1 }).format(
    bytes / of,
  );
}
