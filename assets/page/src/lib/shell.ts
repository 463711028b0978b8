// The page keeps itself in the browser, so that its service worker (sw.ts) can open it where the server is out of reach:
// its document with the operator's words, and the files that it has loaded. Of what was asked and answered nothing is in it.

import { BASE } from "./base";
import { vouching } from "./trusted";

/** As the service worker names it. */
const CACHE = `askd${BASE}`;

/** Keeps what was loaded by now. Where the browser refuses, or has no secure connection, the page goes on without. */
export async function keepShell(): Promise<void> {
  // Within another page it is no page of its own.
  if (!("serviceWorker" in navigator) || window.top !== window) return;
  try {
    const address = `${BASE}sw.js`;
    const worker = vouching("askd-worker", { createScriptURL: (_: string) => address });
    await navigator.serviceWorker.register(worker.createScriptURL(address), { updateViaCache: "none" });
    await keep(await caches.open(CACHE));
  } catch {
    // What was kept before stays.
  }
}

async function keep(cache: Cache): Promise<void> {
  const entry = document.querySelector("script[type=module]")?.getAttribute("src");
  const [visit] = performance.getEntriesByType("navigation");
  if (!entry || !visit) return;
  // The browser has it just as it was opened, so nothing is asked of the server.
  const shell = await fetch(visit.name, { cache: "force-cache" });
  // Another version's document would ask for other files, and of a redirect no browser makes a page.
  if (!shell.ok || shell.redirected || !(await shell.clone().text()).includes(`"${entry}"`)) return;
  const start = `${location.origin}${BASE}assets/`;
  // What the document names has been loaded, whether or not the browser has noted that by now.
  const named = [...document.querySelectorAll<HTMLScriptElement & HTMLLinkElement>("script[src], link[href]")];
  const loaded = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
  const there = loaded.filter(({ responseStatus }) => responseStatus < 400).map(({ name }) => name);
  const all = [...named.map(({ src, href }) => src || href), ...there];
  const files = new Set(all.filter((name) => name.startsWith(start)));
  const before = (await cache.keys()).map(({ url }) => url).filter((url) => url.startsWith(start));
  await Promise.all([...files].filter((file) => !before.includes(file)).map((file) => keepFile(cache, file)));
  await cache.put(BASE, shell);
  // Now nothing asks for the last version's any more.
  await Promise.all(before.filter((file) => !files.has(file)).map((file) => cache.delete(file)));
}

/** One that is not to be had is left out: the page has gone on without it, and will again. */
async function keepFile(cache: Cache, address: string): Promise<void> {
  const file = await fetch(address);
  if (file.ok) await cache.put(address, file);
}
