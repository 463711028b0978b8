// Which language the page speaks, and how that is written.

/** The first of the wanted languages that there is; a region's is taken for the language itself. */
export function chosen(wanted: readonly string[], known: readonly string[]): string {
  for (const tag of wanted) {
    for (let part = tag.toLowerCase(); part !== ""; part = part.slice(0, Math.max(part.lastIndexOf("-"), 0))) {
      const found = known.find((other) => other.toLowerCase() === part);
      if (found !== undefined) return found;
    }
  }
  return "en";
}

/** Languages that are written from right to left. */
const LEFTWARDS = /^(ar|arc|ckb|dv|fa|he|ks|ps|sd|syr|ug|ur|yi)(-(?!latn)|$)/i;

/** How a language is written. */
export function direction(tag: string): "ltr" | "rtl" {
  return LEFTWARDS.test(tag) ? "rtl" : "ltr";
}
