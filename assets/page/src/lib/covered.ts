// Where a browser lays its keyboard over the page instead of making the page lower (Safari on iOS does): how much of the
// page's end it covers, as `--covered`.

/** Less than that is a browser's bar. */
const LEAST = 100;

export function watchCovered(root: HTMLElement = document.documentElement): () => void {
  const view = window.visualViewport;
  if (!view) return () => {};
  const measure = (): void => {
    const hidden = root.clientHeight - view.height - view.offsetTop;
    // Of a page that is zoomed in, less is seen for another reason.
    const covered = view.scale > 1.05 || hidden < LEAST ? 0 : Math.round(hidden);
    root.style.setProperty("--covered", `${covered}px`);
  };
  const events = ["resize", "scroll"];
  for (const event of events) view.addEventListener(event, measure);
  return () => events.forEach((event) => view.removeEventListener(event, measure));
}
