// What a reader has selected stays selected while the text around it is made anew.

/** An end of a selection: a node, and where in it. */
type End = [node: Node, offset: number];

/**
 * Changes what `box` holds. A selection that begins or ends there holds the same letters afterwards, though the signs
 * around them have become marks; if the letters are gone, it is as the browser leaves it. Without a selection there it
 * costs nothing.
 */
export function keepSelection(box: Element, change: () => void): void {
  const selection = getSelection();
  // Of the range itself this can be asked at no cost; the selection would have the browser lay out the page first.
  const range = selection?.rangeCount ? selection.getRangeAt(0) : null;
  if (!selection || range === null || range.collapsed) return change();
  const ends: End[] = [
    [range.startContainer, range.startOffset],
    [range.endContainer, range.endOffset],
  ];
  if (!ends.some(([node]) => box.contains(node))) return change();

  const isBackward = is([selection.anchorNode!, selection.anchorOffset], ends[1]!);
  const text = box.textContent;
  const before = ends.map((end) => textUntil(box, end));
  change();
  const [start, end] = before.map((words, n) =>
    words === null ? ends[n]! : moved(box, words, n === 0 ? text[words.length] : undefined),
  );
  if (!start || !end) return;
  const now = selection.getRangeAt(0);
  if (is([now.startContainer, now.startOffset], start) && is([now.endContainer, now.endOffset], end)) return;
  const [anchor, focus] = isBackward ? [end, start] : [start, end];
  selection.setBaseAndExtent(...anchor, ...focus);
}

function is([node, offset]: End, other: End): boolean {
  return node === other[0] && offset === other[1];
}

/** The text of `box` before a place in it; `null`: the place is elsewhere. */
function textUntil(box: Element, [node, offset]: End): string | null {
  if (!box.contains(node)) return null;
  const range = document.createRange();
  range.setStart(box, 0);
  range.setEnd(node, offset);
  return range.toString();
}

/** Where the text is behind `words` now, right before `next` if that is a letter; `null`: they are not there any more. */
function moved(box: Element, words: string, next: string | undefined): End | null {
  const text = box.textContent;
  let at = aligned(words, text);
  if (at === null) return null;
  const isStart = next !== undefined;
  while (isStart && !isBlank(next) && isBlank(text[at])) at += 1;
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  let left = at;
  for (let node = walker.nextNode() as Text | null; node; node = walker.nextNode() as Text | null) {
    // Between two nodes a beginning belongs to the later one, an end to the one before.
    if (left < node.length || (!isStart && left === node.length)) return [node, left];
    left -= node.length;
  }
  return null;
}

/** How far `text` tells what `words` told, blanks aside, and signs that it tells no more; `null`: it tells another thing. */
function aligned(words: string, text: string): number | null {
  let at = 0;
  for (const sign of words.split("")) {
    if (sign === text[at]) at += 1;
    else if (!isBlank(sign)) {
      let next = at;
      while (isBlank(text[next])) next += 1;
      if (sign === text[next]) at = next + 1;
      else if (/[\p{L}\p{N}]/u.test(sign)) return null;
    }
  }
  return at;
}

function isBlank(sign: string | undefined): boolean {
  return sign !== undefined && /\s/.test(sign);
}
