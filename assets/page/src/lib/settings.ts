// What the operator decided about the page: the server writes it into `index.html` as JSON.

export type Settings = {
  title: string;
  welcome: string;
  suggestions: string[];
  /** Absent: the browser's. */
  language?: string;
  /** Which page this is, where a server has served it. */
  stamp?: string;
};

export function settings(root: Document = document): Settings {
  let given: Partial<Settings> = {};
  try {
    given = JSON.parse(root.getElementById("askd-page")?.textContent || "{}") as Partial<Settings>;
  } catch {
    // A page without its settings still answers questions.
  }
  return { ...given, title: given.title || "askd", welcome: given.welcome ?? "", suggestions: given.suggestions ?? [] };
}
