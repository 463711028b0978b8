// How much of the page a keyboard covers that lies over it.

import { afterEach, expect, test, vi } from "vitest";

import { watchCovered } from "../src/lib/covered";

afterEach(() => vi.unstubAllGlobals());

class View extends EventTarget {
  height = 700;
  offsetTop = 0;
  scale = 1;

  become(more: Partial<View>): void {
    Object.assign(this, more);
    this.dispatchEvent(new Event("resize"));
  }
}

test("what_a_keyboard_covers_is_known_and_a_bar_or_a_zoom_is_no_keyboard", () => {
  const view = new View();
  vi.stubGlobal("visualViewport", view);
  const root = document.createElement("div");
  Object.defineProperty(root, "clientHeight", { value: 700 });
  const covered = () => root.style.getPropertyValue("--covered");
  const end = watchCovered(root);
  view.become({ height: 400 });
  expect(covered()).toBe("300px");
  // The page was moved up under it.
  view.become({ offsetTop: 150 });
  expect(covered()).toBe("150px");
  view.become({ height: 640, offsetTop: 0 });
  expect(covered()).toBe("0px");
  view.become({ height: 350, scale: 2 });
  expect(covered()).toBe("0px");
  end();
  view.become({ height: 400, scale: 1 });
  expect(covered()).toBe("0px");
});

test("a_browser_that_does_not_tell_is_left_alone", () => {
  vi.stubGlobal("visualViewport", null);
  const root = document.createElement("div");
  watchCovered(root)();
  expect(root.style.length).toBe(0);
});
