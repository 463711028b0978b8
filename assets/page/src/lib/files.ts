// A file as text: UTF-8, or what its first bytes say, or else windows-1252, in which Latin-1 is too. What is no text is refused.

import { size } from "./bytes";
import { say } from "./language";

/** What a file may begin with to say how its letters are written. */
const MARKS: [encoding: string, bytes: number[]][] = [
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/** No text has these; some have a form feed, or a terminal's colours. */
const BINARY = /[\0-\x08\x0e-\x1a\x1c-\x1f]/;

/** Bytes that windows-1252 gives no letter to. */
const UNDEFINED: ReadonlySet<number> = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/** `null`: these bytes are no text. */
export function decoded(bytes: Uint8Array): string | null {
  const mark = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte));
  const text = read(bytes, mark?.[0] ?? "utf-8") ?? (mark ? null : western(bytes));
  return text === null || BINARY.test(text) ? null : text;
}

function read(bytes: Uint8Array, encoding: string): string | null {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** What is neither UTF-8 with a few damaged letters, nor in a script whose letters all lie beyond ASCII. */
function western(bytes: Uint8Array): string | null {
  const foreign = /[^\0-\x7f\ufffd]/gu;
  const tried = new TextDecoder().decode(bytes);
  const damaged = tried.split("\ufffd").length - 1;
  const text = new TextDecoder("windows-1252").decode(bytes);
  if ((tried.match(foreign)?.length ?? 0) >= damaged || bytes.some((byte) => UNDEFINED.has(byte))) return null;
  return (text.match(foreign)?.length ?? 0) * 2 <= text.length ? text : null;
}

/** Reads a file that is called so, where there is room for `room` bytes more, or says why it cannot be attached. */
export async function textOf(file: File, name: string, room: number): Promise<{ text: string } | { refused: string }> {
  // What is written in two bytes a letter may become half as long.
  if (file.size > 2 * room + 2) return { refused: say.writing.tooLarge(name, size(file.size), size(room)) };
  try {
    const text = decoded(new Uint8Array(await file.arrayBuffer()));
    if (text === null) return { refused: say.writing.binary(name) };
    return text.trim() === "" ? { refused: say.writing.empty(name) } : { text };
  } catch {
    return { refused: say.writing.unreadable(name) };
  }
}
