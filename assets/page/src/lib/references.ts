// The signs that references in a text (`&auml;`, `&#228;`) name.

import { vouching } from "./trusted";

const REFERENCE = /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]\w{0,40});/i;
const REFERENCES = new RegExp(REFERENCE, "gi");

/** Names of signs that are remembered. */
const REMEMBERED = 200;

const signs = new Map<string, string>();

/** A text with the signs that its references (`&auml;`) name. */
export function decoded(text: string): string {
  return text.includes("&") ? text.replace(REFERENCES, sign) : text;
}

/** Only the browser knows the two thousand names, and it is given nothing else, behind a letter that holds blanks. */
const rules = { createHTML: (text: string) => `.${REFERENCE.exec(text)?.[0] ?? ""}` };

let references: typeof rules | undefined;

function sign(reference: string): string {
  let found = signs.get(reference);
  if (found === undefined) {
    references ??= vouching("askd-references", rules);
    const document = new DOMParser().parseFromString(references.createHTML(reference), "text/html");
    const read = document.body.textContent.slice(1);
    // Of a name that there is not, the browser takes one that it begins with.
    found = read.length > 1 && read.endsWith(";") ? reference : read;
    if (signs.size >= REMEMBERED) signs.delete(signs.keys().next().value!);
    signs.set(reference, found);
  }
  return found;
}
