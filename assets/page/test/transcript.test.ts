// The conversation as it is shown: an answer that cannot be rendered stays readable and alone in its trouble.

import { flushSync, mount, unmount } from "svelte";
import { afterEach, expect, test, vi } from "vitest";

import type { Chat } from "../src/lib/chat.svelte";
import { newTurn } from "../src/lib/reduce";
import { later } from "../src/ui/later.svelte";
import Transcript from "../src/ui/Transcript.svelte";

vi.mock("../src/lib/growing", async (original) => {
  const { Growing } = await original<typeof import("../src/lib/growing")>();
  class Poisoned extends Growing {
    override end(text: string) {
      if (text.includes("poison")) throw new RangeError("too deep");
      return super.end(text);
    }
  }
  return { Growing: Poisoned };
});

afterEach(() => vi.unstubAllGlobals());

test("an_answer_that_cannot_be_rendered_is_plain_text_and_the_others_stay", async () => {
  await later.load();
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      disconnect() {}
    },
  );
  vi.stubGlobal("scrollTo", () => {});
  const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
  const turn = (id: string, text: string) =>
    newTurn({ id, parent: null, question: "?", asked: 0, text, ending: "stop" });
  const turns = [turn("1", "*fine*"), turn("2", "a *poison*"), turn("3", "*fine too*")];
  const shown = turns.map((turn) => ({ turn, beside: [turn] }));
  const chat = {
    turns,
    shown,
    last: turns[2],
    open: false,
    placed: true,
    connection: { kind: "ready" },
    since: () => 0,
    aside: () => false,
  };
  const props = {
    chat: chat as unknown as Chat,
    sought: null,
    asked: () => {},
    anew: () => {},
    takeBack: () => {},
    discard: () => {},
  };
  const page = mount(Transcript, { target: document.body, props });
  flushSync();
  const answers = [...document.querySelectorAll(".answer")];
  expect(answers.map((answer) => answer.querySelector("em")?.textContent)).toEqual(["fine", undefined, "fine too"]);
  expect(answers[1]!.querySelector(".markdown > .text")?.textContent).toBe("a *poison*");
  expect(answers[1]!.textContent).toContain("shown as plain text");
  // What can be done with an answer can be done with this one.
  expect(answers[1]!.querySelector("[aria-label='Copy the answer']")).not.toBeNull();
  expect(complaint).toHaveBeenCalledOnce();
  void unmount(page);
});
