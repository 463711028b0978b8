// The page in the frame of another site. Page and site tell each other two things: the site that its panel was opened, the
// page that the reader is done. The page believes the sites that the operator has named, and speaks to the one that has
// spoken to it.

import { settings } from "./settings";

const { embed } = settings();

/** Whether this is the page for frames. */
export const framed = embed !== null;

/** What is around the frame, as far as it has shown itself. */
export class Around {
  /** Called whenever the reader has come into the panel. */
  entered: () => void = () => {};
  #site: string | null = null;
  readonly #window: Window;

  constructor(sites: readonly string[], window: Window = parent) {
    this.#window = window;
    addEventListener("message", ({ source, origin, data }: MessageEvent<{ askd?: unknown } | null>) => {
      if (source !== window || !sites.includes(origin) || data?.askd !== "open") return;
      this.#site = origin;
      this.entered();
    });
  }

  /** Asks for the panel to be closed; says no where there is none. */
  close(): boolean {
    if (this.#site === null) return false;
    this.#window.postMessage({ askd: "close" }, this.#site);
    return true;
  }
}

/** Of the page there is one. */
export const around = new Around(embed ?? []);

/** Whether a panel's own button lies over the page's corner. */
export const covered = framed && parent !== self;

/**
 * Whether this browser knows the reader here as it does in a tab of their own: a frame of a foreign site is given no cookie
 * that is only for ours.
 */
export function known(): boolean {
  const name = "askd_probe=1";
  document.cookie = `${name}; Path=/; SameSite=Strict`;
  const kept = document.cookie.split("; ").includes(name);
  document.cookie = `${name}; Path=/; SameSite=Strict; Max-Age=0`;
  return kept;
}
