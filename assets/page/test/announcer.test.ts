// A screen reader hears whole sentences, each once, and one word at the end.

import fc from "fast-check";
import { expect, test } from "vitest";

import { Announcer } from "../src/lib/announcer";
import { newTurn, type Turn } from "../src/lib/reduce";
import { Sentences } from "../src/lib/sentences";
import { turnStatus } from "../src/lib/words";

const ready = (turn: Turn) => turnStatus(turn, { kind: "ready" });

/** All that is read of a text that comes in such pieces. */
function read(...pieces: string[]): string[] {
  const sentences = new Sentences();
  let text = "";
  const taken = pieces.flatMap((piece) => sentences.take((text += piece), false));
  return [...taken, ...sentences.take(text, true)];
}

const ANSWER = `# The tide

Boats *moor* at the [pier](https://example.org/) [1]. Is it **deep?** It
is, at 3.5 m.

1. Look first
   - at the moon.
2. Then go.

\`\`\`js
let n = 1;

let m = 2;
\`\`\`

| day | height |
|---|---:|
| Monday | 3 |

$$
e = m c^2. And so on.
$$

That is \`all\``;

const HEARD = [
  "The tide.",
  "Boats moor at the pier [1].",
  "Is it deep?",
  "It is, at 3.5 m.",
  "1. Look first.",
  "at the moon.",
  "2. Then go.",
  "Code, 3 lines.",
  "day, height.",
  "Monday, 3.",
  "A formula.",
  "That is all.",
];

test("an_answer_is_read_in_sentences_and_code_and_formulas_are_named", () => {
  expect(read(ANSWER)).toEqual(HEARD);
});

test("however_an_answer_is_cut_the_same_sentences_are_read_each_once", () => {
  for (let at = 0; at <= ANSWER.length; at += 1) expect(read(ANSWER.slice(0, at), ANSWER.slice(at))).toEqual(HEARD);
  expect(read(...ANSWER)).toEqual(HEARD);
  fc.assert(
    fc.property(fc.array(fc.nat(ANSWER.length), { maxLength: 12 }), (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), ANSWER.length];
      expect(read(...at.slice(1).map((end, n) => ANSWER.slice(at[n], end)))).toEqual(HEARD);
    }),
  );
});

test("a_sentence_is_read_when_it_is_whole_and_not_before", () => {
  const sentences = new Sentences();
  expect(sentences.take("One is here. Two", false)).toEqual(["One is here."]);
  expect(sentences.take("One is here. Two is com", false)).toEqual([]);
  expect(sentences.take("One is here. Two is coming.\n\n", false)).toEqual(["Two is coming."]);
  expect(sentences.take("One is here. Two is coming.\n\n```\na\n", false)).toEqual([]);
  expect(sentences.take("One is here. Two is coming.\n\n```\na\n```\n", false)).toEqual(["Code, 1 line."]);
});

const SIGNS: [string, string[]][] = [
  ["So $E = \\frac{mc^2}{\\gamma}$ holds.", ["So a formula holds."]],
  ["With $n! \\ge 1. Yes$ it ends. And $x$ is $n = 3$.", ["With a formula it ends.", "And x is n = 3."]],
  ["Thus \\(a_1\\), \\[b_1\\] and $$c^2$$, or $`d_1`$.", ["Thus a formula, a formula and a formula, or a formula."]],
  ["It costs $5 and `$HOME` must be set. So do $6.", ["It costs $5 and $HOME must be set.", "So do $6."]],
  ["The `a. B!` of it, and `$x$` too. Of \\$5 or \\$6.", ["The a. B! of it, and $x$ too.", "Of $5 or $6."]],
  ["By Einstein[^1]. And by Bohr.[^note] Both.", ["By Einstein.", "And by Bohr.", "Both."]],
  [
    "Text.\n\n[^1]: Annalen der Physik.\n[^b]: Another.",
    ["Text.", "Footnote 1: Annalen der Physik.", "Footnote b: Another."],
  ],
  ["> [!NOTE]\n> Careful with it.\n\n> [!Tip] Or so", ["Note:", "Careful with it.", "Tip: Or so."]],
  ["- [x] done task\n- [ ] open one\n1. [X] first", ["Done: done task.", "To do: open one.", "1. Done: first."]],
  ["H<sub>2</sub>O &amp; more, <!-- no. No. -->a<br>b.", ["H2O & more, a b."]],
  [
    "<details><summary>More</summary>\n\nOf `Vec<T>` or Vec<T> &lt;b&gt;.\n\n</details>",
    ["More.", "Of Vec<T> or Vec<T> <b>."],
  ],
  ["See <a href='https://example.org/a.b'>the page</a>.", ["See the page."]],
  ["```math\na^2\n```\nThen.", ["A formula.", "Then."]],
  ["Rows:\n\na | b\n--|--\n1 | 2\nx. y | \n\nAfter | it.", ["Rows:", "a, b.", "1, 2.", "x. y.", "After | it."]],
  ["A title\n===\nWords.\n\nAnother\n---\nMore.", ["A title.", "Words.", "Another.", "More."]],
  ["> So:\n>\n> ```js\n> let n;\n> n;\n> ```\n> Then.", ["So:", "Code, 2 lines.", "Then."]],
  ["> [!TIP]\n> ```\n> a\n\nOut.", ["Tip:", "Code, 1 line.", "Out."]],
  ["> $$\n> x^2\n> $$\n\nOut.", ["A formula.", "Out."]],
  ["See ![the *big* chart](https://example.org/a.b). Or ![](c.png).", ["See Image: the big chart.", "Or Image."]],
  [
    "See [the docs][d] and [1][2].\n\n[d]: https://example.org/a.b 'T'\n[e]: x\n\nEnd.",
    ["See the docs and [1][2].", "End."],
  ],
  ["\\begin{align}\na &= b. C\n\\end{align}\n\nThen.", ["A formula.", "Then."]],
  ["$$\nWords. And\n\nmore\n$$", ["$$ Words.", "And.", "more.", "$$."]],
  ["One line\\\nand another.", ["One line and another."]],
  ["A \\*star\\* and \\_line\\_, `a*b*\\_`.", ["A *star* and _line_, a*b*\\_."]],
  ["- > [!TIP]\n  > Do it.", ["Tip:", "Do it."]],
  ["So _$c$_ and *$\\frac12$* it.", ["So c and a formula it."]],
  ["- [x] \n- [ ] open", ["[x]", "To do: open."]],
  ["## A title ##\n\nWords.", ["A title.", "Words."]],
  ["So:\n\n    let n = 1;\n\n    n += 1;\n\nThen.", ["So:", "Code, 3 lines.", "Then."]],
  [
    "- One\n\n    Its words.\n\n[^1]: A note.\n\n    Goes on.",
    ["One.", "Its words.", "Footnote 1: A note.", "Goes on."],
  ],
];

test.each(SIGNS)("%j_is_heard_in_words_however_it_comes", (written, heard) => {
  expect(read(written)).toEqual(heard);
  expect(read(...written)).toEqual(heard);
  for (let at = 0; at <= written.length; at++) expect(read(written.slice(0, at), written.slice(at))).toEqual(heard);
});

test("a_sign_that_never_closes_holds_nothing_back_for_long", () => {
  const sentences = new Sentences();
  const text = `It is \`open. And ${"on ".repeat(60)}and. Then`;
  expect(sentences.take(text, false).length).toBeGreaterThan(0);
  const next = new Sentences();
  expect(next.take("It is $5 or `so.\n\nNext", false)).toEqual(["It is $5 or so."]);
});

test("code_that_was_cut_off_and_longer_fences_are_named_by_their_lines", () => {
  expect(read("```py\na\nb")).toEqual(["Code, 2 lines."]);
  expect(read("```py\na\nb\n")).toEqual(["Code, 2 lines."]);
  expect(read("````md\n```\na\n```\n````\nAfter.")).toEqual(["Code, 3 lines.", "After."]);
  expect(read("```not a fence``` but code.")).toEqual(["not a fence but code."]);
  expect(read("So \\[\nx\n\\] it is.")).toEqual(["So x it is."]);
  expect(read("So:\n\\[x\\]\nIt is.")).toEqual(["So:", "A formula.", "It is."]);
});

test("words_without_an_end_are_read_all_the_same", () => {
  const words = "word ".repeat(1000);
  const heard = read(...words.match(/.{1,50}/g)!);
  expect(heard.length).toBeGreaterThan(5);
  expect(heard.join(" ").replaceAll(".", "")).toBe(words.trim());
  const letters = "😀".repeat(1000);
  expect(read(letters).join("").replaceAll(".", "")).toBe(letters);
});

function turn(more: Partial<Turn>): Turn {
  return newTurn({ id: "t", parent: null, question: "?", asked: 0, sent: true, accepted: true, ...more });
}

test("states_come_at_once_sentences_with_a_pause_and_one_word_at_the_end", () => {
  const announcer = new Announcer();
  const heard = (now: number, more: Partial<Turn>) => announcer.say([turn(more)], ready, now);
  expect(heard(1_000, {})).toBe("Waiting for the first word");
  expect(heard(1_100, { text: "One." })).toBe("Answering");
  expect(heard(4_000, { text: "One. Two. Th" })).toBe("Answering");
  expect(heard(4_100, { text: "One. Two. Th" })).toBe("One. Two.");
  expect(heard(7_000, { text: "One. Two. Three. Four. F" })).toBe("One. Two.");
  expect(heard(7_100, { text: "One. Two. Three. Four. F" })).toBe("Three. Four.");
  const end = { text: "One. Two. Three. Four. Five", ending: "stop" } as const;
  expect(heard(0, end)).toBe("Five. The answer is complete.");
  expect(heard(0, end)).toBe("Five. The answer is complete.");
});

test("the_answer_goes_on_to_be_read_while_a_question_is_in_line_behind_it", () => {
  const announcer = new Announcer();
  const next = turn({ id: "next", sent: false, accepted: false });
  const say = (now: number, ...turns: Turn[]) => announcer.say(turns, ready, now);
  expect(say(1_000, turn({ text: "One. Tw" }))).toBe("Answering");
  expect(say(2_000, turn({ text: "One. Two. T" }), next)).toBe("In line behind the answer above");
  expect(say(5_000, turn({ text: "One. Two. T" }), next)).toBe("Two.");
  expect(say(5_100, turn({ text: "One. Two. Three.", ending: "stop" }), turn({ id: "next" }))).toBe(
    "Three. The answer is complete. Waiting for the first word",
  );
});

test("a_screen_reader_hears_of_an_end_that_it_was_there_for_and_of_no_other", () => {
  const announcer = new Announcer();
  const heard = (more: Partial<Turn>) => announcer.say([turn({ text: "a", ...more })], ready, 0);
  expect(announcer.say([], ready, 0)).toBe("");
  expect([heard({ ending: "stop" }), heard({ ending: "interrupted" })]).toEqual(["", ""]);
  expect([heard({ id: "new" }), heard({ id: "new", ending: "stop" })]).toEqual([
    "Answering",
    "a. The answer is complete.",
  ]);
  // Another conversation, and back again.
  expect([heard({ ending: "stop" }), heard({ id: "new", ending: "stop" })]).toEqual(["", ""]);
  expect([heard({ id: "new" }), announcer.say([], ready, 0), heard({ id: "new", ending: "stop" })]).toEqual([
    "Answering",
    "",
    "",
  ]);
});

test("of_an_answer_that_one_comes_back_to_only_what_is_new_is_read", () => {
  const announcer = new Announcer();
  const heard = (now: number, text: string) => announcer.say([turn({ text })], ready, now);
  expect(heard(10_000, "Old. It was her")).toBe("Answering");
  // The server may say it all again.
  expect(heard(14_000, "")).toBe("Waiting for the first word");
  expect(heard(18_000, "Old. It was here before. N")).toBe("Answering");
  expect(heard(22_000, "Old. It was here before. N")).toBe("It was here before.");
});

test("babble_without_an_end_is_read_in_parts_of_bounded_length_and_all_of_it", () => {
  const text = "na[".repeat(20_000);
  const sentences = new Sentences();
  const parts = [...sentences.take(text.slice(0, 30_000), false), ...sentences.take(text, true)];
  expect(Math.max(...parts.map((part) => part.length))).toBeLessThan(2_500);
  expect(parts.map((part) => part.replace(/\.$/, "")).join("")).toBe(text);
});
