// What a long answer is made of, by its headings.

export type Heading = { words: string; level: number; element: HTMLElement };

/** With fewer an answer is read through sooner than its contents. */
const WORTH_IT = 4;

/** The headings of an answer that stands in the page, the highest at level 0; none where they are few. */
export function outline(answer: Element): Heading[] {
  // From child to child: to search all that stands in a long answer takes as long as a frame may.
  const text = [...answer.children].find((child) => child.matches(".markdown"));
  const blocks = [...(text?.children ?? [])].flatMap((part) => [...part.children]);
  const found = blocks.map((block) => block.firstElementChild).filter(isHeading);
  if (found.length < WORTH_IT) return [];
  const highest = Math.min(...found.map(levelOf));
  return found.map((element) => ({
    words: element.textContent.trim(),
    level: levelOf(element) - highest,
    element,
  }));
}

function isHeading(element: Element | null): element is HTMLElement {
  return element !== null && /^h[3-6]$/.test(element.localName);
}

function levelOf(heading: Element): number {
  return Number(heading.tagName.slice(1));
}
