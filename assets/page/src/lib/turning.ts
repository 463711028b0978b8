// Signs that turn letters round and are not seen themselves. Pure.

/** What turns the letters behind it round, or what ends that. */
export const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** What has letters read against their own direction. No language needs that, as some need what is above. */
export const OVERRIDING = /[\u202d\u202e]/;

/** Whether in code something else is read than what it says. */
export function turns(code: string): boolean {
  return TURNING.test(code);
}

/** Words without what would have them read backwards, for where it cannot be shown. */
export function straight(words: string): string {
  return words.replace(/[\u202d\u202e]/g, "");
}
