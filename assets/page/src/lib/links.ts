// Where a link may lead: to http, https or mailto only, and elsewhere than in the page's own tab.

/** Leads a link to an address, as it is `read`, if it may; else it leads nowhere. */
export function lead(link: HTMLElement, address: string, read: (address: string) => string): void {
  if (!/^(https?|mailto):/i.test(address.trim())) return;
  link.setAttribute("href", read(address));
  link.setAttribute("target", "_blank");
  link.setAttribute("rel", "noopener noreferrer");
}

/** An address without what stands in none; `null`: it is none. */
export function encoded(href: string): string | null {
  try {
    return encodeURI(href).replaceAll("%25", "%");
  } catch {
    return null;
  }
}

/** Leaves of the links within a link their words. */
export function single(link: HTMLElement): void {
  const within = link.querySelectorAll("a");
  for (const inner of within) inner.replaceWith(...inner.childNodes);
  if (within.length > 0) link.normalize();
}

/** A link without words shows where it leads. */
export function named(link: HTMLElement): void {
  if (link.textContent.trim() === "" && link.querySelector("img:not([alt=''])") === null)
    link.append(link.getAttribute("href") ?? "");
}
