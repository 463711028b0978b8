// Texts that are attached to a question: long text that was pasted, and files. In the question that is sent each stands
// behind the words in a fenced block of its own, and is recognised there again, letter for letter. Pure.

/** `name` is a file's, as `fileName` makes it; `null`: the text was pasted. */
export type Attached = { name: string | null; text: string };

export type Parts = { words: string; attached: Attached[] };

/** How many texts one question takes beside its words. */
export const MOST_ATTACHED = 10;

/** What is longer than either floods the field when it is pasted. */
const LONG = { characters: 2_000, lines: 25 };

/** Of a file's name, in characters. */
const LONGEST_NAME = 100;

export function isLong(text: string): boolean {
  return text.length > LONG.characters || text.split("\n", LONG.lines + 1).length > LONG.lines;
}

/** As a field would hold it: its line ends are `\n`, and nothing is in it that no question may have. */
export function fieldText(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/[\0\p{Cs}]/gu, "\uFFFD");
}

/** A name that neither ends the line or the quotation marks that it stands in, nor is read otherwise than it is written. */
export function fileName(given: string): string {
  const name = given.replace(/["`\\\p{C}\p{Zl}\p{Zp}]/gu, "_").trim() || "_";
  const letters = [...name];
  if (letters.length <= LONGEST_NAME) return name;
  // The ending says what it is.
  return `${letters.slice(0, LONGEST_NAME - 21).join("")}…${letters.slice(-20).join("")}`;
}

/** The whole question as it is sent. */
export function composed({ words, attached }: Parts): string {
  if (attached.length === 0) return words;
  // One fence for all, longer than any in them: no other line can be taken for it.
  const runs = [words, ...attached.map(({ text }) => text)].flatMap((text) => text.match(/`{3,}/g) ?? []);
  const fence = "`".repeat(runs.reduce((most, run) => Math.max(most, run.length), 2) + 1);
  const blocks = attached.map(({ name, text }) => `${fence}${head(name)}\n${text}\n${fence}`);
  return [...(words === "" ? [] : [words]), ...blocks].join("\n\n");
}

/** What `composed` was given. Any other question, and what only looks like one of its, is all words. */
export function recognised(question: string): Parts {
  const plain = { words: question, attached: [] };
  const fence = /\n(`{3,})$/.exec(question)?.[1];
  if (fence === undefined) return plain;
  const block = new RegExp(`(?:^|\\n\\n)${fence}\\S+ (?:pasted|file="(.*)")\\n([^]*?)\\n${fence}(?=\\n\\n|$)`, "g");
  const found = [...question.matchAll(block)];
  const attached = found.map(([, name = null, text = ""]) => ({ name, text }));
  const parts = { words: question.slice(0, found[0]?.index), attached };
  return composed(parts) === question ? parts : plain;
}

/** The question in a line: its words, or else the names of what it consists of. */
export function headline(question: string, pasted: string): string {
  const { words, attached } = recognised(question);
  return words.trim() || attached.map(({ name }) => name ?? pasted).join(", ");
}

/** What stands behind the fence: the language, and where the text comes from. */
function head(name: string | null): string {
  if (name === null) return "text pasted";
  const ending = /\.([a-z0-9+#-]{1,12})$/i.exec(name)?.[1]?.toLowerCase() ?? "txt";
  return `${ending === "txt" ? "text" : ending} file="${name}"`;
}
