// What lines of Markdown are for the eye alone: the walls of tables, rules below titles, breaks. A text as long as before, in
// which they are blanks or stops, and each row and title is a line of its own. Pure.

/** Stands where a line says nothing; a table goes on behind so many of them. */
export const NOTHING = "\u2060";
const TABLE = /\u2060{2,}(?!.*\n[ \t]*\n)/s;

/** Ends a line that does not go on in the next one. */
const STOP = "\u2028";

/** The line below a table's head. */
export const DELIMITERS = /^ {0,3}(?=.*\|)\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const UNDERLINE = /^ {0,3}(?:=+|-+)[ \t]*$/;

/** A line that can have an underline, or be a table's head or row. */
const WORDS = /^(?! {4}|\t|[ \t]*(?:>|#{1,6}[ \t]|[-*+][ \t]|\d{1,9}[.)][ \t])).*\S/;

/** Whether a table goes on behind what was read. */
export function endsInTable(text: string, wasTable: boolean): boolean {
  return /\n[ \t]*\n/.test(text) ? TABLE.test(text) : wasTable || TABLE.test(text);
}

/** `isTable`: the text goes on in one; `over`: its last line is whole. */
export function forTheEar(text: string, isTable: boolean, over: boolean): string {
  if (!isTable && !/[|\\]|^ {0,3}(?:=|-)/m.test(text)) return text;
  const lines = text.split("\n");
  const ends = Array.from(lines, () => "\n");
  let within = isTable;
  for (const [n, line] of lines.entries()) {
    const isWhole = over || n < lines.length - 1;
    const before = lines[n - 1] ?? "";
    if (within && n > 0 && !WORDS.test(line)) within = false;
    if (within) {
      lines[n] = cells(line);
      if (n > 0) ends[n - 1] = STOP;
    } else if (isWhole && n > 0 && WORDS.test(before) && rules(before, line)) {
      within = DELIMITERS.test(line);
      if (within) lines[n - 1] = cells(before);
      if (within && n > 1 && ends[n - 2] === "\n" && WORDS.test(lines[n - 2]!)) ends[n - 2] = STOP;
      lines[n] = NOTHING.repeat(line.length);
      ends[n - 1] = STOP;
      if (!within && lines[n + 1]?.trim()) ends[n] = STOP;
    } else lines[n] = line.replace(/(?<!\\)\\$/, n < lines.length - 1 ? " " : "\\");
  }
  return lines.map((line, n) => (n < lines.length - 1 ? line + ends[n] : line)).join("");
}

/** A paragraph, of the same length, without the rows of walls in it that make no table of what is above them. */
export function withoutRows(text: string): string {
  const end = text.search(/\n[ \t]*(?:\n|$)/);
  const near = end < 0 ? text : text.slice(0, end);
  if (!near.includes("|") || !near.includes("-")) return text;
  const lines = near.split("\n");
  const hidden = lines.map((line, n) =>
    n > 0 && DELIMITERS.test(line) && walls(lines[n - 1]!) !== walls(line) ? "x".repeat(line.length) : line,
  );
  return hidden.join("\n") + text.slice(near.length);
}

/** Whether a line makes a title or a table's head of the one above it. */
function rules(above: string, line: string): boolean {
  return DELIMITERS.test(line) ? walls(above) === walls(line) : UNDERLINE.test(line);
}

/** How many walls are between a row's cells. */
function walls(row: string): number {
  return cut(row)
    .slice(1, -1)
    .split(/(?<!\\)\|/).length;
}

/** Its cells, with a comma for each wall between two of them that say something. */
function cells(row: string): string {
  return cut(row).replace(/(?<!\\)\|/g, (_, at: number, all: string) =>
    /^[ \t]*[^\s|]/.test(all.slice(at + 1)) ? "," : " ",
  );
}

/** A row without the walls around it. */
function cut(row: string): string {
  return row.replace(/^([ \t]*)\|/, "$1 ").replace(/(?<!\\)\|([ \t]*)$/, " $1");
}
