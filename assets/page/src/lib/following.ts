// Which turn a tab's one cursor is on, and what may be asked beside that. A session follows one running turn at a time, while
// another tab may have asked at the same place. Pure.

import type { Connection } from "./link";
import type { Turn } from "./reduce";
import type { Step } from "./tree";

/** The turn to ask or to resume next: of the open ones the first that is shown, or else the first. */
export function next(turns: Turn[], shown: Step<Turn>[]): Turn | undefined {
  const open = ({ ending }: Turn) => ending === null;
  return shown.find(({ turn }) => open(turn))?.turn ?? turns.find(open);
}

/** Whether a running turn is known only as it was when the conversation was fetched: the cursor is on another one. */
export function isAside({ id, accepted, ending }: Turn, following: string | null): boolean {
  return accepted && ending === null && following !== null && following !== id;
}

/** Whether nothing is open but answers that a question may wait for: those that are shown, or that cannot end here now. */
export function free(turns: Turn[], shown: Step<Turn>[], connection: Connection): boolean {
  const open = turns.filter((turn) => turn.ending === null);
  const isShown = ({ id }: Turn) => shown.some(({ turn }) => turn.id === id);
  return open.every((turn) => turn.accepted && (connection.kind !== "ready" || isShown(turn)));
}
