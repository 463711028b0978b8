// One answer as it is shown: a question that was refused for a limit counts down to when it can be asked again.

import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { newTurn } from "../src/lib/reduce";
import Answer from "../src/ui/Answer.svelte";

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

test("a_refused_question_counts_down_and_can_be_asked_again", () => {
  const problem = { code: "rate_limited" as const, message: "Too many.", again: 1_003_000 };
  const turn = newTurn({ id: "t", parent: null, question: "Why?", asked: 0, ending: "refused", problem });
  const again = vi.fn();
  const props = {
    turn,
    whole: "",
    above: null,
    connection: { kind: "ready" as const },
    searches: false,
    aside: false,
    since: null,
    takeBack: null,
    ways: { again, rest: null, anew: () => {}, discard: () => {} },
    able: true,
  };
  const page = mount(Answer, { target: document.body, props });
  const told = () => {
    flushSync();
    return document.querySelector(".foot p")?.textContent?.trim();
  };
  expect(told()).toBe("Too many. (3 s to go)");
  vi.advanceTimersByTime(1_000);
  expect(told()).toBe("Too many. (2 s to go)");
  vi.advanceTimersByTime(2_000);
  expect(told()).toBe("Too many. (possible now)");
  document.querySelector<HTMLButtonElement>(".ways button")!.click();
  expect(again).toHaveBeenCalledOnce();
  void unmount(page);
});
