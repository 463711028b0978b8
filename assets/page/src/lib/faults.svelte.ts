// Faults of the page's own. They stay on this device: what broke is told in the browser's console, and that something did
// on the page.

class Faults {
  /** Something broke outside of what is drawn: the page goes on, but may not be as it says. */
  happened = $state(false);

  /** Takes what no other part of the page has caught. Returns how to stop that. */
  watch(): () => void {
    const listen = ({ filename, message }: ErrorEvent) => {
      if (isOwn(filename) && !isHarmless(message)) this.happened = true;
    };
    const rejected = () => (this.happened = true);
    addEventListener("error", listen);
    addEventListener("unhandledrejection", rejected);
    return () => {
      removeEventListener("error", listen);
      removeEventListener("unhandledrejection", rejected);
    };
  }
}

/** Of the page there is one. */
export const faults = new Faults();

/** What a part broke with that says so in its own place. The browser tells only of what nobody has caught. */
export function tell(fault: unknown): void {
  console.error(fault);
}

/** What a browser's extensions do in the page is not the page's. */
function isOwn(file: string): boolean {
  return file.startsWith(location.origin);
}

/** Said where sizes follow each other for longer than a frame; they do so in the next one. */
function isHarmless(message: string): boolean {
  return message.startsWith("ResizeObserver loop");
}
