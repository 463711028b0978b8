// A file as text: UTF-8, or what its first bytes say. What is no text is refused, and nothing in it guessed.

import { size } from "./bytes";
import { say } from "./language";

/** What a file may begin with to say how its letters are written. */
const MARKS: [encoding: string, bytes: number[]][] = [
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/** No text has these; some have a form feed, or a terminal's colours. */
const BINARY = /[\0-\x08\x0e-\x1a\x1c-\x1f]/;

/** `null`: these bytes are no text. */
export function decoded(bytes: Uint8Array): string | null {
  const mark = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte));
  try {
    const text = new TextDecoder(mark?.[0] ?? "utf-8", { fatal: true }).decode(bytes);
    return BINARY.test(text) ? null : text;
  } catch {
    return null;
  }
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
