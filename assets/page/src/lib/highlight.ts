// Code in colours. What colours it is a fifth of the page, so it is loaded when there is code to be coloured; until then,
// and where that fails, code is shown plain.

/** Longer code is shown plain: colouring runs on each paint of an open block. */
const LONGEST = 20_000;

type Colourer = typeof import("./languages");

let colourer: Colourer | null = null;
let loading: Promise<void> | null = null;
/** What waits for the colours. A block that has been painted anew meanwhile is not in the page any more. */
const waiting = new Set<() => void>();

/** Calls `show` with the code as escaped HTML with spans of class `hljs-…`: at once, later, or never. */
export function coloured(code: string, language: string, show: (html: string) => void): void {
  if (language === "" || code.length > LONGEST) return;
  const colour = (by: Colourer) => {
    const html = by.html(code, language);
    if (html !== null) show(html);
  };
  if (colourer !== null) return colour(colourer);
  waiting.add(() => colourer && colour(colourer));
  void load();
}

/** Resolves when code can be coloured, or cannot for now; then the next code tries again. */
export function load(): Promise<void> {
  loading ??= import("./languages")
    .then((module) => {
      colourer = module;
      for (const show of waiting) show();
    })
    .catch(() => {
      loading = null;
    })
    .finally(() => waiting.clear());
  return loading;
}
