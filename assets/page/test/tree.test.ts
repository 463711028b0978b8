// The path through a conversation's tree, whatever the tree.

import fc from "fast-check";
import { expect, test } from "vitest";

import { path, type Node, type Step } from "../src/lib/tree";

/** Trees in order of asking: each turn's parent is one of the earlier ones, or none. */
const trees = fc
  .array(fc.nat(), { minLength: 1, maxLength: 40 })
  .map((picks) =>
    picks.map((pick, n) => ({ id: `${n}`, parent: n === 0 || pick % (n + 1) === n ? null : `${pick % n}` })),
  );

const ids = (turns: Node[], through: string | null = null) => path(turns, through).map(({ turn }) => turn.id);

test("the_path_goes_from_a_root_to_a_leaf_by_parents", () => {
  fc.assert(
    fc.property(trees, fc.option(fc.nat(50)), (turns, through) => {
      const shown = path(turns, through === null ? null : `${through}`).map(({ turn }) => turn);
      expect(shown[0]!.parent).toBeNull();
      shown.slice(1).forEach((turn, n) => expect(turn.parent).toBe(shown[n]!.id));
      expect(turns.some((turn) => turn.parent === shown.at(-1)!.id)).toBe(false);
    }),
  );
});

test("a_path_of_forty_questions_each_after_the_last_is_shown_whole", () => {
  const turns = Array.from({ length: 40 }, (_, n) => ({ id: `${n}`, parent: n === 0 ? null : `${n - 1}` }));
  expect(ids(turns)).toEqual(turns.map(({ id }) => id));
});

test("it_goes_through_the_turn_that_is_wanted_and_else_to_the_newest", () => {
  fc.assert(
    fc.property(trees, fc.nat(39), (turns, n) => {
      const wanted = `${n % turns.length}`;
      expect(ids(turns, wanted)).toContain(wanted);
      expect(ids(turns).at(-1)).toBe(turns.at(-1)!.id);
      expect(ids(turns, "unknown")).toEqual(ids(turns));
    }),
  );
});

test("below_the_wanted_turn_the_newest_is_shown", () => {
  fc.assert(
    fc.property(trees, fc.nat(39), (turns, n) => {
      const wanted = `${n % turns.length}`;
      const below = (id: string): number[] => [
        Number(id),
        ...turns.filter((turn) => turn.parent === id).flatMap((turn) => below(turn.id)),
      ];
      expect(Number(ids(turns, wanted).at(-1))).toBe(Math.max(...below(wanted)));
    }),
  );
});

test("beside_a_turn_stand_all_of_its_parent_in_order", () => {
  fc.assert(
    fc.property(trees, (turns) => {
      for (const { turn, beside } of path(turns, null)) {
        expect(beside).toEqual(turns.filter((other) => other.parent === turn.parent));
        expect(beside).toContain(turn);
      }
    }),
  );
});

test("any_turn_can_be_reached_by_the_switches", () => {
  fc.assert(
    fc.property(trees, fc.nat(39), (turns, n) => {
      const wanted = `${n % turns.length}`;
      const goal = new Set(ids(turns, wanted));
      let through: string | null = null;
      for (let tries = 0; !ids(turns, through).includes(wanted); tries++) {
        expect(tries).toBeLessThan(turns.length);
        const fork: Step<Node> = path(turns, through).find(({ turn }) => !goal.has(turn.id))!;
        through = fork.beside.find(({ id }) => goal.has(id))!.id;
      }
    }),
  );
});

test("a_parent_that_is_not_there_or_comes_later_counts_as_none", () => {
  expect(ids([{ id: "a", parent: "gone" }])).toEqual(["a"]);
  const round = [
    { id: "a", parent: "b" },
    { id: "b", parent: "a" },
    { id: "c", parent: "c" },
  ];
  expect(ids(round)).toEqual(["c"]);
  expect(ids(round, "b")).toEqual(["a", "b"]);
  expect(path([], null)).toEqual([]);
});
