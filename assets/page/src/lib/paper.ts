// What a sheet cannot hold as it stands: a formula wider than the paper, which cannot be moved to the side there.

/** Within words, a formula of no more em than this has room in a line of any paper. */
const FITS_A_LINE = 24;

/** Tells each formula that may be too wide how wide it is in its own em, as `--wide`: print.css makes it as small as it must be. */
export function measureForPaper(): void {
  const boxes = [...document.querySelectorAll<HTMLElement>(".markdown :is(.formula-block, .formula-long)")];
  const widths = boxes.map(width);
  for (const [n, box] of boxes.entries()) {
    const isWide = widths[n]! > (box.matches(".formula-block") ? 0 : FITS_A_LINE);
    if (isWide) box.style.setProperty("--wide", widths[n]!.toFixed(2));
    else box.style.removeProperty("--wide");
  }
}

/** Of what the formula is made of: its own box is as wide as the page. Zero for one that is shown as its source. */
function width({ firstElementChild: math }: Element): number {
  if (math?.localName !== "math") return 0;
  const widest = Math.max(...[...math.children].map((part) => part.getBoundingClientRect().width));
  return widest / parseFloat(getComputedStyle(math).fontSize);
}
