// Elements, and tables that are brought up to date in place: who has the focus keeps it, and only what is new is written.

/** An element with its attributes and what is in it. */
export function made<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Says something where something else may have been said. */
export function tell(where: Node, words: string): void {
  if (where.textContent !== words) where.textContent = words;
}

/** What a row does for its thing. */
export type Act = { label: string; name: string; does: () => void };

/** A row: its key, its cells, and what can be done with it, if the table has acts. */
export type Row = { key: string; cells: string[]; act?: Act | null };

export type Table = { element: HTMLElement; show: (rows: Row[], total?: string) => void };

/** Tables made so far; each is named by its title. */
let tables = 0;

/** A table of these columns below its title; `none` stands for an empty one. */
export function table(title: string, columns: string[], none: string): Table {
  const id = `table-${++tables}`;
  const body = made("tbody");
  const head = columns.map((column) => made("th", { scope: "col", role: "columnheader" }, column));
  const top = made("tr", { role: "row" }, ...head);
  // On a telephone a row is a card, which takes from tables what they are to a screen reader: so it is said.
  const grid = made("table", { role: "table", "aria-labelledby": id }, made("thead", {}, top), body);
  // What is wider than the window is scrolled, by the keyboard too.
  const frame = made("div", { class: "frame", role: "region", tabindex: "0", "aria-labelledby": id }, grid);
  const empty = made("p", { class: "none" }, none);
  const more = made("p", { class: "none" });
  const count = made("span", { class: "count" });
  const heading = made("h2", { id }, title, " ", count);
  const element = made("section", {}, heading, empty, frame, more);
  const rows = new Map<string, HTMLTableRowElement>();
  const acts = new Map<string, Act>();

  function rowOf(key: string, cells: number): HTMLTableRowElement {
    const cell = (at: number) => {
      const column = { "data-column": columns[at] ?? "" };
      return at === 0
        ? made("th", { ...column, scope: "row", role: "rowheader" })
        : made("td", { ...column, role: "cell" });
    };
    const row = made("tr", { role: "row" }, ...Array.from({ length: cells }, (_, at) => cell(at)));
    rows.set(key, row);
    return row;
  }

  function button(key: string): HTMLButtonElement {
    const button = made("button", { type: "button" });
    button.addEventListener("click", () => acts.get(key)?.does());
    return button;
  }

  function act(row: HTMLTableRowElement, key: string, act: Act | null): void {
    const cell = row.cells[row.cells.length - 1]!;
    if (act === null) return cell.replaceChildren();
    acts.set(key, act);
    const shown = cell.querySelector("button") ?? cell.appendChild(button(key));
    tell(shown, act.label);
    if (shown.getAttribute("aria-label") !== act.name) shown.setAttribute("aria-label", act.name);
  }

  function show(wanted: Row[], total = ""): void {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, row] of rows) {
      if (keys.has(key)) continue;
      // The focus is not to fall to the document's beginning.
      const had = row.contains(document.activeElement);
      row.remove();
      rows.delete(key);
      acts.delete(key);
      if (had) (wanted.length > 0 ? frame : heading).focus();
    }
    wanted.forEach(({ key, cells, act: does }, at) => {
      const has = does === undefined ? 0 : 1;
      const row = rows.get(key) ?? rowOf(key, cells.length + has);
      cells.forEach((words, n) => tell(row.cells[n]!, words));
      if (does !== undefined) act(row, key, does);
      if (body.children[at] !== row) body.insertBefore(row, body.children[at] ?? null);
    });
    frame.hidden = wanted.length === 0;
    empty.hidden = wanted.length > 0;
    tell(more, total);
    more.hidden = total === "";
  }

  heading.tabIndex = -1;
  show([]);
  return { element, show };
}

export type Facts = { element: HTMLElement; show: (facts: [string, string][]) => void };

/** Names with their values, below a title. */
export function facts(title: string): Facts {
  const list = made("dl");
  const element = made("section", {}, made("h2", {}, title), list);
  function show(wanted: [string, string][]): void {
    while (list.children.length > wanted.length) list.lastElementChild?.remove();
    wanted.forEach(([name, value], at) => {
      const pair = list.children[at] ?? list.appendChild(made("div", {}, made("dt"), made("dd")));
      tell(pair.children[0]!, name);
      tell(pair.children[1]!, value);
    });
  }
  return { element, show };
}
