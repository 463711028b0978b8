// What another site includes as `/embed.js`: a button, and behind it a panel with the page in a frame. It stands in a
// document that is not ours, so everything is in a shadow tree, styled by a sheet that no policy for styles speaks of. A
// file without imports: the build (plugins/embed.ts) puts the words in and keeps its names to itself, the server puts in the
// operator's accent.

/** The words of `messages/`, by language. */
declare const EMBED_WORDS: Record<string, { ask: string; close: string }>;
const WORDS = EMBED_WORDS;

/** Rules for the operator's accent, which the server writes behind the script (`http/page.rs`), or nothing. */
declare const EMBED_OWN: string;

// Sizes go by the reader's own size of letters, which is the initial one: a site may have changed what `rem` is.
const STYLE = `
:host {
  all: initial !important;
  display: block !important;
  color-scheme: light dark !important;
  --accent: #2c6152;
  --on-accent: #fff;
  --ground: #fbfaf7;
  --line: #e2e0d8;
  --muted: #62645e;
}
@media (prefers-color-scheme: dark) {
  :host {
    --accent: #8ccbb5;
    --on-accent: #10211b;
    --ground: #171816;
    --line: #333631;
    --muted: #a3a59d;
  }
}
button {
  box-sizing: border-box;
  margin: 0;
  border: 1px solid transparent;
  cursor: pointer;
  font: 500 1em/1.25 system-ui, sans-serif;
}
:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}
svg {
  flex: none;
  width: 1.25em;
  height: 1.25em;
  fill: none;
  stroke: currentColor;
  stroke-width: 1.6;
  stroke-linecap: round;
  stroke-linejoin: round;
}
.ask {
  position: fixed;
  inset: auto 1.25em 1.25em auto;
  z-index: 2147483000;
  display: flex;
  align-items: center;
  gap: 0.5em;
  max-width: calc(100vw - 2.5em);
  min-height: 2.75em;
  padding: 0.5em 1.1em;
  border-radius: 1.4em;
  background: var(--accent);
  color: var(--on-accent);
  box-shadow: 0 2px 4px rgb(0 0 0 / 15%), 0 6px 20px rgb(0 0 0 / 18%);
}
.left .ask {
  inset: auto auto 1.25em 1.25em;
}
dialog {
  box-sizing: border-box;
  inset: auto 1.25em 1.25em auto;
  width: 26em;
  max-width: none;
  height: min(44em, 100dvh - 2.5em);
  max-height: none;
  margin: 0;
  padding: 0;
  overflow: hidden;
  border: 1px solid var(--line);
  border-radius: 0.75em;
  background: var(--ground);
  box-shadow: 0 8px 40px rgb(0 0 0 / 25%);
}
.left dialog {
  inset: auto auto 1.25em 1.25em;
}
dialog::backdrop {
  background: rgb(0 0 0 / 25%);
}
iframe {
  display: block;
  width: 100%;
  height: 100%;
  border: 0;
  color-scheme: light dark;
}
.close {
  position: absolute;
  top: 0.4em;
  right: 1.1em;
  display: grid;
  place-items: center;
  width: 2.75em;
  height: 2.75em;
  padding: 0;
  border-radius: 0.5em;
  background: none;
  color: var(--muted);
}
.close:hover {
  color: var(--accent);
}
@media (width < 32em), (height < 32em) {
  dialog, .left dialog {
    inset: 0;
    width: 100%;
    height: 100%;
    border: 0;
    border-radius: 0;
  }
}
@media (prefers-reduced-motion: no-preference) {
  dialog[open] {
    animation: rise 0.18s ease-out;
  }
  @keyframes rise {
    from {
      opacity: 0;
      translate: 0 0.75em;
    }
  }
}
@media print {
  :host {
    display: none !important;
  }
}
`;

const BUBBLE = "M4 4.5h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H9.5L6 16.5v-3H4a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1Z";
const CROSS = "m5.5 5.5 9 9m0-9-9 9";

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string>,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function icon(d: string): SVGElement {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag)) as [
    SVGElement,
    SVGElement,
  ];
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

/** The site's language if the page speaks it, else English. */
function tongue(): string {
  const tag = document.documentElement.lang.toLowerCase();
  return Object.keys(WORDS).find((known) => tag === known || tag.startsWith(`${known}-`)) ?? "en";
}

function place({ src, dataset }: HTMLScriptElement): void {
  // Beside the script, also where askd is behind a path.
  const page = new URL("embed", src);
  const lang = tongue();
  const words = WORDS[lang]!;
  const own = dataset["label"]?.trim();
  const label = own || words.ask;

  const ask = element("button", { type: "button", class: "ask", "aria-haspopup": "dialog" }, icon(BUBBLE), label);
  const close = element("button", { type: "button", class: "close", lang, "aria-label": words.close }, icon(CROSS));
  const panel = element("dialog", { "aria-label": label }, close);
  const around = element("div", { class: dataset["position"] === "left" ? "left" : "right" }, ask, panel);
  // Named and a landmark, so that who goes by landmarks finds it.
  const root = element("aside", { "aria-label": label, ...(!own && { lang }) });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE + EMBED_OWN);
  const shadow = root.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(around);

  let frame: HTMLIFrameElement | null = null;

  /** The reader is in the frame now, and its page knows whose panel it is in. */
  function enter(): void {
    if (!panel.open) return;
    frame?.focus();
    frame?.contentWindow?.postMessage({ askd: "open" }, page.origin);
  }

  ask.addEventListener("click", () => {
    panel.showModal();
    if (frame !== null) return enter();
    // Nothing is loaded before it is wanted; once it is, it stays, and so does the conversation.
    frame = element("iframe", { src: page.href, title: label, allow: "clipboard-write" });
    frame.addEventListener("load", enter);
    panel.append(frame);
    frame.focus();
  });
  close.addEventListener("click", () => panel.close());
  panel.addEventListener("click", ({ target }) => target === panel && panel.close());
  panel.addEventListener("close", () => ask.focus());
  addEventListener("message", ({ source, origin, data }: MessageEvent<{ askd?: unknown } | null>) => {
    if (frame !== null && source === frame.contentWindow && origin === page.origin && data?.askd === "close") {
      panel.close();
    }
  });
  document.body.append(root);
}

const script = document.currentScript;
if (script instanceof HTMLScriptElement && script.src !== "") place(script);
