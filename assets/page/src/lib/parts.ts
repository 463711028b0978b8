// A long text stands in the page in parts, so that what is done by the browser for a word that comes does not grow with all
// that came before: a part that is out of view and will not change is passed over.

/** Blocks in a part: so few that the one being written is soon done, so many that a very long text has few parts. */
const BLOCKS = 16;

export type Part<Block> = { blocks: readonly Block[]; done: boolean };

/**
 * A text's blocks in parts, of which those are done that hold nothing but frozen ones; what follows is still to come. A part
 * that was done `before` and holds the same is the same, so that nothing looks at it again.
 */
export function parted<Block>(
  blocks: readonly Block[],
  frozen: number,
  growing: boolean,
  before: readonly Part<Block>[] = [],
): Part<Block>[] {
  const count = Math.ceil(blocks.length / BLOCKS);
  return Array.from({ length: count }, (_, n) => {
    const end = (n + 1) * BLOCKS;
    const done = !growing || end <= frozen;
    const was = before[n];
    const isSame = was?.done && was.blocks[0] === blocks[n * BLOCKS] && was.blocks.at(-1) === blocks[end - 1];
    if (done && isSame) return was;
    return { blocks: blocks.slice(n * BLOCKS, end), done };
  });
}

/**
 * Lets the browser pass over a part once it has noted how large the part is: until then it would guess. When the part has
 * another width, or holds something else (colours and formulas come late), it is laid out once more.
 */
export function rest(part: HTMLElement): () => void {
  let frame = 0;
  let width = 0;
  const sizes = new ResizeObserver(() => {
    if (!part.classList.contains("resting")) {
      width = part.clientWidth;
      part.classList.add("resting");
    } else if (part.clientWidth !== width) wake();
  });
  const changes = new MutationObserver(wake);

  function wake(): void {
    part.classList.remove("resting");
    sizes.disconnect();
    measure();
  }

  /** Not at once: within one frame a size is told of only once, and that in which a part is done has enough to do. */
  function measure(): void {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => sizes.observe(part));
  }

  measure();
  changes.observe(part, { subtree: true, childList: true, characterData: true });
  return () => {
    cancelAnimationFrame(frame);
    sizes.disconnect();
    changes.disconnect();
    part.classList.remove("resting");
  };
}
