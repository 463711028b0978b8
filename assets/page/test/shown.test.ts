// A block that grows: whatever has happened to it in the page meanwhile, in the end it says all that it says.

import { expect, test } from "vitest";

import { grow, NOTHING, type Blocks } from "../src/lib/markdown";
import { show } from "../src/lib/shown";
import { shown } from "./html";

const TEXT = "- one\n- two\n\n  ```js\n  let a;\n  let b;\n  ```\n- three *and* four\n- five";

test.each([
  ["nothing", () => {}],
  ["it was emptied", (box: Element) => box.replaceChildren()],
  ["a part of it is gone", (box: Element) => box.querySelector("li")?.remove()],
  ["it is another element", (box: Element) => box.querySelector("ul")?.replaceWith(document.createElement("ol"))],
])("is_whole_where_%s", (_, meanwhile) => {
  for (let at = 1; at < TEXT.length; at += 4) {
    const box = document.createElement("div");
    let blocks: Blocks = NOTHING;
    for (let end = 1; end <= TEXT.length; end++) {
      blocks = grow(blocks, TEXT.slice(0, end));
      show(box, blocks.blocks[0]!, undefined);
      if (end === at) meanwhile(box);
    }
    const items = (within: Element) => [...within.querySelectorAll("li")].map((item) => item.innerHTML);
    // What a stranger took away is not brought back, but nothing of what comes is lost.
    expect(items(box).slice(-1)).toEqual(items(shown(TEXT)).slice(-1));
    expect(box.innerHTML).not.toContain("<!--");
  }
});
