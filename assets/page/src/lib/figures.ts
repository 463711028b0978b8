// Numbers and dates as the language that the page speaks writes them. The catalogues use it too, so it knows none of them.

/** The language's tag, for numbers, dates and the document. */
export let language = "en";

/** By digits behind the point; made when first wanted, as the language is known only then. */
let formats: Intl.NumberFormat[] = [];

/** From here on figures are this language's. */
export function write(tag: string): void {
  language = tag;
  formats = [];
}

/** A number with so many digits behind the point. */
export function number(value: number, digits = 0): string {
  formats[digits] ??= new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return formats[digits].format(value);
}

/** The month of a time, with its year. */
export function month(time: number): string {
  return new Intl.DateTimeFormat(language, { month: "long", year: "numeric" }).format(time);
}

/** A time of the day, where the reader is. */
export function time(time: number): string {
  return new Intl.DateTimeFormat(language, { timeStyle: "short" }).format(time);
}

/** A day with its year. */
export function day(time: number): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(time);
}
