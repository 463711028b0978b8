// Which document is read over the conversation. The address says so behind its `?`, so that a reload, the browser's
// back and a copied link lead there, and the conversation's own part of it stays as it is.

export type Place = { path: string; anchor: string };

class Reading {
  place = $state.raw<Place | null>(inAddress());

  open(place: Place): void {
    // Nothing moves below the document, and what the browser has noted of the place there may be a moment old.
    history.scrollRestoration = "manual";
    history.pushState({ document: true }, "", addressOf(place));
    this.place = place;
  }

  /** Back to the conversation; where it was not left for the document, its address takes the document's place. */
  close(): void {
    if (this.place === null) return;
    this.place = null;
    if ((history.state as { document?: boolean } | null)?.document) history.back();
    else history.replaceState(null, "", location.pathname);
  }

  /** The browser has gone back or forward. */
  follow(): void {
    const place = inAddress();
    if (place?.path !== this.place?.path || place?.anchor !== this.place?.anchor) this.place = place;
    // Not before the browser has gone back: for a reload it keeps the place as everywhere.
    if (place === null) requestAnimationFrame(() => (history.scrollRestoration = "auto"));
  }
}

/** Of the page there is one. */
export const reading = new Reading();

/** The address of a document over the conversation that is shown. */
export function addressOf({ path, anchor }: Place): string {
  return `?document=${encodeURIComponent(path)}${anchor === "" ? "" : `#${encodeURIComponent(anchor)}`}`;
}

function inAddress(): Place | null {
  const path = new URLSearchParams(location.search).get("document");
  if (!path) return null;
  try {
    return { path, anchor: decodeURIComponent(location.hash.slice(1)) };
  } catch {
    return { path, anchor: "" };
  }
}
