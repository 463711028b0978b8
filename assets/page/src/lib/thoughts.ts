// Thinking that stands in an answer without its opening tag: a server's template has written `<think>` itself, and the model
// ends with `</think>` what it never began. That is known only when it comes, so until then it is shown as the answer that it
// looks like. The server's log keeps all of it as text; each page folds the same part of it, also after a reload. Pure.

/** Where a text has come to, line by line; `null`: it is decided, and nothing more is looked for. */
export type Lines = {
  readonly line: string;
  /** The run of signs that code stands behind. */ readonly fence: string;
} | null;

export const BEGINNING: Lines = { line: "", fence: "" };

/** Behind whatever else the line has, but for code that has not ended. */
const CLOSES = /^[^`]*(?:`[^`]*`[^`]*)*<\/think(?:ing)?>\s*$/i;
const OPENS = /<think(?:ing)?>/i;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/**
 * Looks on for a line that ends with `</think>`, outside of code. `end`: of how much of `more` the thinking is then. Behind
 * a `<think>` there is none: such an answer is about the tags.
 */
export function look(lines: Lines, more: string): { lines: Lines; end: number | null } {
  if (lines === null) return { lines, end: null };
  let { line, fence } = lines;
  let from = 0;
  for (let at = more.indexOf("\n"); at >= 0; at = more.indexOf("\n", from)) {
    line += more.slice(from, at);
    from = at + 1;
    const signs = FENCE.exec(line)?.[1];
    if (fence === "" && OPENS.test(line)) return { lines: null, end: null };
    if (fence === "" && CLOSES.test(line)) return { lines: null, end: from };
    if (fence === "") fence = signs ?? "";
    else if (signs?.startsWith(fence)) fence = "";
    line = "";
  }
  return { lines: { line: line + more.slice(from), fence }, end: null };
}

/** The thinking without the tag that closes it, behind what is known as thinking already. */
export function thought(known: string, text: string): string {
  const words = text.replace(/\s*<\/think(?:ing)?>\s*$/i, "");
  return known === "" || words === "" ? known + words : `${known}\n\n${words}`;
}
