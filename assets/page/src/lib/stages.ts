// Where an open turn is on its way, and for how long it has been there.

import type { Connection } from "./link";
import type { Turn } from "./reduce";
import { ticks } from "./time";

export type Stage =
  /** It waits for the connection, or for the end of another answer. */
  | "unsent"
  | "sending"
  /** In the endpoint's line. */
  | "queued"
  /** Where documents are searched, they are being searched. */
  | "begun"
  /** What the documents gave is known. */
  | "grounded"
  | "thinking"
  | "writing"
  | "stopping";

export function stageOf(turn: Turn): Stage {
  if (turn.stopping) return "stopping";
  if (!turn.accepted) return turn.sent ? "sending" : "unsent";
  if (turn.place !== null) return "queued";
  if (turn.text !== "") return "writing";
  if (turn.thinking !== "") return "thinking";
  return turn.basis === null ? "begun" : "grounded";
}

/** Whether what is known of the turn is as new as the server's. */
export function isLive({ accepted }: Turn, connection: Connection): boolean {
  return connection.kind === "ready" || (connection.kind === "draining" && accepted);
}

export class Stages {
  #open = new Map<string, { stage: Stage; since: number | null }>();
  /** When the connection was lost, or ready again. */
  #changed = ticks();
  #connected = false;

  /** To be told of every change of the turns. */
  note(turns: Turn[]): void {
    const open = turns.filter(({ ending }) => ending === null);
    this.#open = new Map(
      open.map((turn) => {
        const stage = stageOf(turn);
        const before = this.#open.get(turn.id);
        // One that was running before the page knew of it has been at it for longer than the page can tell.
        const since = before === undefined && turn.accepted ? null : ticks();
        return [turn.id, before?.stage === stage ? before : { stage, since }];
      }),
    );
  }

  /** To be told of every change of the connection. */
  connection({ kind }: Connection): void {
    const connected = kind === "ready" || kind === "draining";
    if (connected !== this.#connected) this.#changed = ticks();
    this.#connected = connected;
  }

  /** Since when it is as it is, on the page's own clock; `null`: since before the page knew of it. */
  since(turn: Turn, connection: Connection): number | null {
    const own = this.#open.get(turn.id)?.since ?? null;
    return isLive(turn, connection) ? own : Math.max(own ?? 0, this.#changed);
  }
}
