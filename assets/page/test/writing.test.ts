// Files that are attached to a question: what is text is taken, and what is not taken is told.

import { expect, test } from "vitest";

import { MOST_ATTACHED } from "../src/lib/attached";
import { decoded } from "../src/lib/files";
import { Writing } from "../src/lib/writing.svelte";

const utf16 = (text: string, bigEndian: boolean) => {
  const bytes = [...text].flatMap((letter) => {
    const code = letter.charCodeAt(0);
    return bigEndian ? [code >> 8, code & 255] : [code & 255, code >> 8];
  });
  return new Uint8Array([...(bigEndian ? [0xfe, 0xff] : [0xff, 0xfe]), ...bytes]);
};

test("utf_8_is_read_and_what_its_first_bytes_name_without_those", () => {
  expect(decoded(new TextEncoder().encode("grün"))).toBe("grün");
  expect(decoded(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe("a");
  expect([true, false].map((bigEndian) => decoded(utf16("grün", bigEndian)))).toEqual(["grün", "grün"]);
  expect(decoded(new TextEncoder().encode("\u001b[1mbold\u001b[0m\f"))).toBe("\u001b[1mbold\u001b[0m\f");
});

test("what_is_no_text_is_not_guessed", () => {
  const png = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  for (const bytes of [png, [0x61, 0], [0x61, 7], [0xff, 0xfe, 0x00, 0xd8]])
    expect(decoded(new Uint8Array(bytes))).toBeNull();
});

function writing(limit = 1_000): Writing {
  return new Writing(
    () => limit,
    () => {},
  );
}

test("several_files_are_attached_and_what_came_of_each_is_told", async () => {
  const question = writing();
  await question.attach([
    new File(["let a = 1;\r\n"], "a.js"),
    new File([new Uint8Array([0, 1, 2])], "b.bin"),
    new File([" \n"], "c.txt"),
  ]);
  expect(question.attached).toEqual([{ name: "a.js", text: "let a = 1;\n" }]);
  expect(question.told).toBe(
    "“a.js” (11 bytes) is attached. “b.bin” is not a text file, and only those can be attached. “c.txt” is empty.",
  );
});

test("what_a_question_has_no_room_for_is_refused_before_it_is_read_and_after", async () => {
  const question = writing(1_000);
  question.words = "x".repeat(400);
  const unread = new File(["x".repeat(5_000)], "large.txt");
  unread.arrayBuffer = () => Promise.reject(new Error("it was read"));
  await question.attach([unread]);
  expect(question.told).toBe("“large.txt” has 5 kB, and this question has room for 600 bytes more.");
  await question.attach([new File(["x".repeat(590)], "tight.txt")]);
  expect(question.told).toMatch(/^“tight.txt” has 590 bytes, and this question has room for 5\d\d bytes more\.$/);
  await question.attach([new File(["x".repeat(500)], "fits.txt")]);
  expect([question.attached.length, question.bytes <= 1_000]).toEqual([1, true]);
});

/** What Latin-1 has stands in windows-1252 where it does in Unicode; the rest is a browser's to tell (`e2e/writing.test.mjs`). */
const western = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

test("a_text_file_from_before_utf_8_is_read", async () => {
  for (const text of ["Größe: 5 §\r\n", "«café», é» and Spaß", "ÄÖ ab", "señor;año\n1;2"])
    expect(decoded(western(text))).toBe(text);
  const question = writing(1_000);
  await question.attach([new File([western("Größe und Maß")], "latin.txt")]);
  expect(question.attached).toEqual([{ name: "latin.txt", text: "Größe und Maß" }]);
});

test("what_only_might_be_one_is_refused", () => {
  const refused: Record<string, number[]> = {
    "a picture": [0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 0x4a, 0x46],
    "a control sign": [...western("Größe"), 0x01],
    "no letter of it": [...western("Größe und mehr"), 0x81],
    "Cyrillic in KOI8-R": [0xf0, 0xd2, 0xc9, 0xd7, 0xc5, 0xd4, 0x20, 0xcd, 0xc9, 0xd2],
    "Chinese in GBK": [0xc4, 0xe3, 0xba, 0xc3],
    "UTF-8 that is damaged": [...new TextEncoder().encode("Größe, Maß und Öl"), 0xc3],
    "half of UTF-16": [0xff, 0xfe, 0x61],
  };
  for (const [what, bytes] of Object.entries(refused)) expect(decoded(new Uint8Array(bytes)), what).toBeNull();
});

test("a_file_that_cannot_be_read_is_told_and_one_too_many_left_out", async () => {
  const question = writing(1_000_000);
  const folder = new File([""], "folder");
  folder.arrayBuffer = () => Promise.reject(new DOMException("a folder", "NotReadableError"));
  await question.attach([folder]);
  expect(question.told).toBe("“folder” could not be read.");
  await question.attach(Array.from({ length: MOST_ATTACHED + 1 }, (_, n) => new File(["x"], `${n}.txt`)));
  expect(question.attached).toHaveLength(MOST_ATTACHED);
  expect(question.told).toBe(
    "10 files (10 bytes in all) are attached. “10.txt” was left out: a question takes 10 attached texts.",
  );
  await question.attach([new File(["x"], "b.txt"), new File(["x"], "c.txt")]);
  expect(question.told).toBe("2 files were left out: a question takes 10 attached texts.");
});

test("a_file_that_was_read_for_another_question_is_not_attached_to_this_one", async () => {
  const question = writing();
  const read = question.attach([new File(["x"], "a.txt")]);
  question.put("another");
  await read;
  expect(question.text).toBe("another");
});
