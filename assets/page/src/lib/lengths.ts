// How long an answer may be made, in tokens. Of an endpoint's own bound and one of these the lower one counts.

export const LENGTHS = { short: 300, medium: 1_000, long: 4_000 };

export type Length = keyof typeof LENGTHS;

export const NAMES = Object.keys(LENGTHS) as Length[];

export function lengthOf(tokens: number | undefined): Length | undefined {
  return NAMES.find((name) => LENGTHS[name] === tokens);
}
