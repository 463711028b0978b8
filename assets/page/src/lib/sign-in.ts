// The page where people sign in, which stands in place of whatever they asked for: once they have, it is loaded again and is that.
// It loads no catalogue and no Svelte, for it is a name, a password and a button.

import { BASE } from "./base";
import { chosen, direction } from "./choose";
import { settings } from "./settings";

type Words = Record<
  | "title"
  | "name"
  | "password"
  | "show"
  | "submit"
  | "checking"
  | "wrong"
  | "often"
  | "away"
  | "failed"
  | "byProxy"
  | "reload",
  string
>;

/** By the language's tag; the build (plugins/sign-in.ts) puts them in. */
declare const SIGN_IN_WORDS: Record<string, Words>;

/** What is not answered by then is given up; the server itself waits ten seconds for its turn to check. */
const TIMEOUT_MS = 15_000;

/** Makes the page. */
export function begin(root: Document = document): void {
  const main = root.getElementById("sign-in");
  if (main === null) return;
  const { language, title, logo, footer, signIn } = settings(root);
  const known = Object.keys(SIGN_IN_WORDS);
  const tag = chosen(language === null ? navigator.languages : [language], known);
  const words = SIGN_IN_WORDS[tag]!;
  root.documentElement.lang = tag;
  root.documentElement.dir = direction(tag);
  const head = made(root, "h1", {}, title);
  const shown = logo === null ? [head] : [made(root, "img", { src: logo, alt: "" }), head];
  const body = signIn === "password" ? form(root, words) : proxied(root, words);
  main.replaceChildren(made(root, "header", {}, ...shown), body);
  if (footer.length > 0) {
    const links = footer.map(({ text, url }) => made(root, "a", { href: url, dir: "auto", rel: "noopener" }, text));
    main.append(made(root, "footer", {}, ...links));
  }
  // Where a mouse is, a keyboard is too; on a telephone it would hide half of the page.
  if (matchMedia("(hover: hover)").matches) main.querySelector("input")?.focus({ preventScroll: true });
}

/** Somebody else signs people in, and has not said who this is. */
function proxied(root: Document, words: Words): HTMLElement {
  const again = made(root, "button", { type: "button" }, words.reload);
  again.addEventListener("click", () => location.reload());
  return made(root, "div", { class: "card" }, made(root, "p", { role: "alert" }, words.byProxy), again);
}

function form(root: Document, words: Words): HTMLElement {
  const name = made(root, "input", {
    name: "username",
    autocomplete: "username",
    autocapitalize: "none",
    spellcheck: "false",
    required: "",
    maxlength: "200",
  });
  const password = made(root, "input", {
    name: "password",
    type: "password",
    autocomplete: "current-password",
    required: "",
    maxlength: "1024",
  });
  const show = made(root, "input", { type: "checkbox" });
  show.addEventListener("change", () => (password.type = show.checked ? "text" : "password"));
  const submit = made(root, "button", {}, words.submit);
  const told = made(root, "p", { role: "alert" });
  const label = (text: string, input: HTMLElement) => made(root, "label", {}, made(root, "span", {}, text), input);
  const sheet = made(
    root,
    "form",
    { class: "card", method: "post" },
    made(root, "h2", {}, words.title),
    label(words.name, name),
    label(words.password, password),
    made(root, "label", { class: "beside" }, show, made(root, "span", {}, words.show)),
    told,
    submit,
  );
  sheet.addEventListener("submit", (event) => {
    event.preventDefault();
    // A second Enter is no second try: wrong ones are counted.
    if (submit.getAttribute("aria-disabled") === "true") return;
    submit.setAttribute("aria-disabled", "true");
    submit.textContent = words.checking;
    told.textContent = "";
    void tried(name.value, password.value, words, root).then((fault) => {
      if (fault === null) return location.reload();
      submit.removeAttribute("aria-disabled");
      submit.textContent = words.submit;
      told.textContent = fault;
      password.select();
    });
  });
  return sheet;
}

/** Signs in; what went wrong, in a sentence. */
async function tried(name: string, password: string, words: Words, root: Document): Promise<string | null> {
  let answer: Response;
  try {
    answer = await fetch(`${BASE}api/v1/sign-in`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: name.trim(), password }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    return words.away;
  }
  if (answer.ok) return null;
  if (answer.status === 401) return words.wrong;
  if (answer.status === 429) return words.often.replace("{}", wait(answer.headers.get("retry-after"), root));
  return words.failed;
}

/** How long to wait, in words; a proxy may have said it in a way of its own, or not at all. */
function wait(said: string | null, root: Document): string {
  const seconds = /^\d+$/.test(said ?? "") ? Math.max(1, Number(said)) : 60;
  const [count, unit] = seconds < 120 ? [seconds, "second"] : [Math.ceil(seconds / 60), "minute"];
  return new Intl.NumberFormat(root.documentElement.lang, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/** An element with its attributes and what is in it. */
function made<K extends keyof HTMLElementTagNameMap>(
  root: Document,
  name: K,
  attributes: Record<string, string>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = root.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
