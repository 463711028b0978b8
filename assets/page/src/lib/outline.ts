// What a long answer is made of, by its headings.

export type Heading = { words: string; level: number; element: HTMLElement };

/** With fewer an answer is read through sooner than its contents. */
const WORTH_IT = 4;

/** The headings of an answer that stands in the page, the highest at level 0; none where they are few. */
export function outline(answer: Element): Heading[] {
  const found = [...answer.querySelectorAll<HTMLElement>(".block > :is(h3, h4, h5, h6)")];
  if (found.length < WORTH_IT) return [];
  const highest = Math.min(...found.map(levelOf));
  return found.map((element) => ({
    words: element.textContent.trim(),
    level: levelOf(element) - highest,
    element,
  }));
}

function levelOf(heading: Element): number {
  return Number(heading.tagName.slice(1));
}
