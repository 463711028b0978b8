// What the operator decided about the page: the server writes it into `index.html` as JSON.

/** Where else the page leads: an imprint, say. */
export type FooterLink = { text: string; url: string };

export type Settings = {
  /** The path that the page's addresses begin with. */
  base: string;
  title: string;
  welcome: string;
  suggestions: string[];
  /** Null: the browser's. */
  language: string | null;
  /** The address of a picture. */
  logo: string | null;
  footer: FooterLink[];
  disclaimer: string | null;
  /** Which page this is; null where no server has served it. */
  stamp: string | null;
  /** Who may show the page in a frame; of the page for frames alone, otherwise null. */
  embed: string[] | null;
  /** How people sign in, if they do. */
  signIn: "none" | "password" | "header";
};

export function settings(root: Document = document): Settings {
  let given: Partial<Settings> = {};
  try {
    given = JSON.parse(root.getElementById("askd-page")?.textContent || "{}") as Partial<Settings>;
  } catch {
    // A page without its settings still answers questions.
  }
  return {
    base: given.base || "/",
    title: given.title || "askd",
    welcome: given.welcome ?? "",
    suggestions: given.suggestions ?? [],
    language: given.language ?? null,
    logo: given.logo ?? null,
    footer: given.footer ?? [],
    disclaimer: given.disclaimer ?? null,
    stamp: given.stamp ?? null,
    embed: given.embed ?? null,
    signIn: given.signIn ?? "none",
  };
}
