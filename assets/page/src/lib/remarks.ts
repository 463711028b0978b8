// What the page has to say about where it runs: said for as long as it is so, unless the reader has read it. Pure.

import { say } from "./language";

export type Remark = { key: string; words: string; /** Reloading helps. */ reload: boolean };

/** Clocks further apart than this put conversations under other days, and a reader may want to know why. */
const APART_MS = 60 * 60_000;

const HOUR_MS = 60 * 60_000;

type Known = {
  /** Something broke. */
  fault: boolean;
  /** The page's own stamp, and that of the page which the server serves now, as far as they are known. */
  stamp: string | undefined;
  served: string | undefined;
  /** Whether the browser takes the page's cookie. */
  cookie: boolean;
  /** By how many milliseconds the device's clock goes ahead of the server's. */
  ahead: number;
};

export function remarks({ fault, stamp, served, cookie, ahead }: Known): Remark[] {
  const found: (Remark | false)[] = [
    fault && { key: "fault", words: say.faults.happened, reload: true },
    stamp !== undefined &&
      served !== undefined &&
      stamp !== served && { key: served, words: say.remarks.updated, reload: true },
    !cookie && { key: "cookie", words: say.remarks.cookie, reload: false },
    Math.abs(ahead) >= APART_MS && { key: "clock", words: clock(ahead), reload: false },
  ];
  return found.filter((remark) => remark !== false);
}

function clock(ahead: number): string {
  const hours = Math.round(Math.abs(ahead) / HOUR_MS);
  const by = hours < 48 ? say.remarks.hours(hours) : say.remarks.days(Math.round(hours / 24));
  return ahead > 0 ? say.remarks.ahead(by) : say.remarks.behind(by);
}
