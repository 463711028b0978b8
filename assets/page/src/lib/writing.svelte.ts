// A question that is being written: its words, and the texts that are attached to them. What is kept and what is sent of it
// is one text, from which it is recognised again.

import { composed, fieldText, fileName, isLong, MOST_ATTACHED, recognised, type Attached } from "./attached";
import { bytesOf, size } from "./bytes";
import { textOf } from "./files";
import { say } from "./language";

export class Writing {
  words = $state("");
  attached = $state.raw<Attached[]>([]);
  /** What was removed last and where it stood, until the question is another one. */
  removed = $state.raw<{ text: Attached; at: number } | null>(null);
  /** What came of the last thing that was pasted, dropped or chosen, until the reader writes on. */
  told = $state<string | null>(null);

  readonly text = $derived(composed({ words: this.words, attached: this.attached }));
  readonly bytes = $derived(bytesOf(this.text));

  readonly #limit: () => number;
  readonly #changed: () => void;
  /** Counts the questions: a file that was read for another one is none of this one's. */
  #question = 0;

  /** `limit`: how many bytes of a question the server takes; `changed`: the reader has changed it. */
  constructor(limit: () => number, changed: () => void) {
    this.#limit = limit;
    this.#changed = changed;
  }

  /** Another question, or none. */
  put(text: string): void {
    ({ words: this.words, attached: this.attached } = recognised(text));
    this.removed = this.told = null;
    this.#question += 1;
  }

  /** Puts a question before what is written, with an empty line between. */
  putBefore(question: string): void {
    const { words, attached } = recognised(question);
    this.words = [words, this.words].filter(Boolean).join("\n\n");
    this.attached = [...attached, ...this.attached];
  }

  typed(): void {
    this.told = null;
    this.#changed();
  }

  /** Says whether it has taken what is pasted: long text, and files that are more than the picture of a text beside them. */
  paste(data: DataTransfer): boolean {
    const text = fieldText(data.getData("text/plain"));
    const found = [...data.files];
    if (found.some(({ type }) => text === "" || !type.startsWith("image/"))) {
      void this.attach(found);
      return true;
    }
    if (!isLong(text) || this.attached.length >= MOST_ATTACHED) return false;
    this.#add({ name: null, text });
    const folded = say.writing.folded(size(bytesOf(text)));
    this.told = this.bytes > this.#limit() ? `${folded} ${say.composer.tooLong}` : folded;
    return true;
  }

  /** Attaches what of these is text and has room, and tells what came of each, and of many in one sentence. */
  async attach(files: File[]): Promise<void> {
    const question = this.#question;
    const taken: { name: string; bytes: number }[] = [];
    const beyond: string[] = [];
    const refused: string[] = [];
    for (const file of files) {
      const name = fileName(file.name);
      if (this.attached.length >= MOST_ATTACHED) {
        beyond.push(name);
        continue;
      }
      const read = await textOf(file, name, Math.max(this.#limit() - this.bytes, 0));
      if (question !== this.#question) return;
      const text = "text" in read ? fieldText(read.text) : "";
      const why = "text" in read ? this.#take(name, text) : read.refused;
      if (why === null) taken.push({ name, bytes: bytesOf(text) });
      else refused.push(why);
    }
    this.told = [...attached(taken), ...refused, ...leftOut(beyond)].join(" ");
  }

  remove(at: number): void {
    const text = this.attached[at];
    if (text === undefined) return;
    this.attached = this.attached.toSpliced(at, 1);
    this.removed = { text, at };
    this.typed();
  }

  putBack(): void {
    if (this.removed === null) return;
    this.attached = this.attached.toSpliced(this.removed.at, 0, this.removed.text);
    this.removed = null;
    this.typed();
  }

  /** Makes an attached text words, at this place of them, and returns the place behind it. */
  unfold(at: number, place: number): number {
    const { text = "" } = this.attached[at] ?? {};
    this.attached = this.attached.toSpliced(at, 1);
    this.words = this.words.slice(0, place) + text + this.words.slice(place);
    this.typed();
    return place + text.length;
  }

  /** Returns why it has no room; `null`: it is attached. */
  #take(name: string, text: string): string | null {
    const attached = [...this.attached, { name, text }];
    const over = bytesOf(composed({ words: this.words, attached })) - this.#limit();
    const bytes = bytesOf(text);
    if (over > 0) return say.writing.tooLarge(name, size(bytes), size(Math.max(bytes - over, 0)));
    this.#add({ name, text });
    return null;
  }

  #add(text: Attached): void {
    this.attached = [...this.attached, text];
    this.#changed();
  }
}

function attached(files: { name: string; bytes: number }[]): string[] {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (files.length > 1) return [say.writing.allAttached(files.length, size(bytes))];
  return files.map(({ name, bytes }) => say.writing.attached(name, size(bytes)));
}

function leftOut(names: string[]): string[] {
  if (names.length > 1) return [say.writing.allTooMany(names.length, MOST_ATTACHED)];
  return names.map((name) => say.writing.tooMany(name, MOST_ATTACHED));
}
