// An answer in parts.

import { expect, test } from "vitest";

import { newTurn, type Turn } from "../src/lib/reduce";
import { CONTINUE, goingOn, isRest, whole } from "../src/lib/rest";

const turn = (question: string, text: string, ending: Turn["ending"]) =>
  newTurn({ id: text, parent: null, question, asked: 0, text, ending });

test("what_continues_an_answer_that_ended_early_is_its_rest_and_no_question", () => {
  for (const ending of ["cancelled", "interrupted", "length"] as const) {
    expect(isRest([turn("Why?", "a", ending), turn(CONTINUE, "b", null)], 1)).toBe(true);
  }
  expect(isRest([turn("Why?", "a", "stop"), turn(CONTINUE, "b", null)], 1)).toBe(false);
  expect(isRest([turn("Why?", "", "cancelled"), turn(CONTINUE, "b", null)], 1)).toBe(false);
  expect(isRest([turn("Why?", "a", "length"), turn("And?", "b", null)], 1)).toBe(false);
  expect(isRest([turn(CONTINUE, "a", null)], 0)).toBe(false);
});

test("an_answer_in_parts_is_one_text", () => {
  const path = [
    turn("Why?", "Because the", "length"),
    turn(CONTINUE, "light ", "cancelled"),
    turn(CONTINUE, "scatters", "length"),
    turn(CONTINUE, "\n\nmore.", "stop"),
    turn("And?", "So.", "stop"),
  ];
  expect(path.map((_, at) => whole(path, at))).toEqual([
    "Because the",
    "Because the light ",
    "Because the light scatters",
    "Because the light scatters\n\nmore.",
    "So.",
  ]);
});

const CODE = "Here:\n\n```python\ndef add(a, b):\n    return a + b\n\ndef multi";
const TABLE = "So:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 ";

test.each([
  ["code", CODE, "ply(a, b):\n```\n\nAll.", "```python\nply(a, b):\n```\n\nAll."],
  ["code that is begun once more", CODE, "```python\ndef multiply", "```python\ndef multiply"],
  ["code that ends at once", CODE, "\n```\n\nAll.", "\nAll."],
  ["code of which the fence is on its way", CODE, "``", ""],
  ["code with a text that is one sign", CODE, "`x` = 1\n", "```python\n`x` = 1\n"],
  ["code that has ended", `${CODE}\n\`\`\`\n\nAnd`, "so on.", "so on."],
  ["code in longer fences", "````\n```\na\n```\n", "b", "````\nb"],
  ["a table's row", TABLE, "| 4 |\n| 5 | 6 |", "| a | b |\n|---|---|\n| 3 | 4 |\n| 5 | 6 |"],
  ["a table behind a row", `${TABLE}| 4 |\n`, "| 5 | 6 |", "| a | b |\n|---|---|\n| 5 | 6 |"],
  ["a table that is begun once more", TABLE, "| a | b |\n|---|---|\n| 3 | 4 |", "| a | b |\n|---|---|\n| 3 | 4 |"],
  ["words behind a table", `${TABLE}| 4 |\n\nAnd`, "so on.", "so on."],
  [
    "code in a list",
    "1. Do:\n\n   - this:\n\n     ```bash\n     echo one\n     echo ",
    "two\n     echo\n     ```\n\n   - Then.",
    "```bash\ntwo\necho\n```\n\n   - Then.",
  ],
  ["code in a quotation", "> ```js\n> let a", " = 1;\n> let b;\n> ```\n\nSo.", "```js\n = 1;\nlet b;\n```\n\nSo."],
  ["code behind words", CODE, "Going on:\n\n```python\ndef multi", "Going on:\n\n```python\ndef multi"],
  ["code with a fence that is a text", '```py\n"""\n    ```\n', "x\n```\n", "```py\nx\n```\n"],
  ["code of which the language is half there", "So:\n\n```py", "thon\na = 1\n", "```python\na = 1\n"],
  ["a table that was done", `${TABLE}| 4 |\n`, "\nSo it is.", "\nSo it is."],
  ["a table behind words", `${TABLE}| 4 |\n`, "The rest:\n\n| 5 | 6 |", "The rest:\n\n| 5 | 6 |"],
  ["words", "Because the", "light", "light"],
  ["nothing yet", CODE, "", ""],
])("the_rest_of_%s_is_shown_as_what_it_is", (_, above, rest, shown) => {
  expect(goingOn(above, rest)).toBe(shown);
});

test.each([
  [CODE, "ply(a, b):", `${CODE}ply(a, b):`],
  [CODE, "```python\nply(a, b):", `${CODE}ply(a, b):`],
  [CODE, "\n```\n\nAll.", `${CODE}\n\`\`\`\n\nAll.`],
  [TABLE, "| 4 |", `${TABLE}| 4 |`],
])("in_code_and_tables_nothing_comes_between_the_parts_of_%j", (above, rest, all) => {
  expect(whole([turn("Why?", above, "length"), turn(CONTINUE, rest, "stop")], 1)).toBe(all);
});
