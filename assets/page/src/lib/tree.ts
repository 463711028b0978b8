// A conversation is a tree of turns: an edited question and a regenerated answer stand beside the earlier one, with the
// same parent. What the page shows is one path through it, from a root to a leaf. Pure.

export type Node = { id: string; parent: string | null };

/** One turn of the path, and all that stand at its place, in order of asking, itself included. */
export type Step<T> = { turn: T; beside: T[] };

/**
 * The path through the turn `through` and, below it, to the newest turn; without such a turn, to the newest of all.
 * `turns` are in order of asking. A parent that is not among the earlier ones counts as none, so nothing can go round.
 */
export function path<T extends Node>(turns: T[], through: string | null): Step<T>[] {
  const place = new Map(turns.map((turn, n) => [turn.id, n]));
  const parents = turns.map((turn, n) => {
    const parent = turn.parent === null ? undefined : place.get(turn.parent);
    return parent !== undefined && parent < n ? parent : ROOT;
  });
  const children = new Map<number, number[]>();
  /** The newest turn below each, itself included. */
  const newest = turns.map((_, n) => n);
  parents.forEach((parent, n) => children.set(parent, [...(children.get(parent) ?? []), n]));
  for (let n = turns.length - 1; n >= 0; n--) {
    const parent = parents[n]!;
    if (parent !== ROOT) newest[parent] = Math.max(newest[parent]!, newest[n]!);
  }
  const wanted = (through === null ? undefined : place.get(through)) ?? turns.length - 1;
  const above = new Set<number>();
  for (let n = wanted; n >= 0; n = parents[n]!) above.add(n);

  const steps: Step<T>[] = [];
  for (let beside = children.get(ROOT); beside !== undefined;) {
    const n = beside.find((n) => above.has(n)) ?? beside.reduce((a, b) => (newest[b]! > newest[a]! ? b : a));
    steps.push({ turn: turns[n]!, beside: beside.map((n) => turns[n]!) });
    beside = children.get(n);
  }
  return steps;
}

const ROOT = -1;
