// The service worker: where the server is out of reach, the page opens from what it has kept of itself (lib/shell.ts).
// Where the server is there, the page comes from it. Nothing but the page and its files is touched. It imports nothing: not
// every browser has workers that could.

type Worker = {
  readonly location: Location;
  readonly registration: ServiceWorkerRegistration;
  skipWaiting(): Promise<void>;
  addEventListener(type: "install", listener: () => void): void;
  addEventListener(type: "fetch", listener: (event: Fetch) => void): void;
};

type Fetch = { readonly request: Request; respondWith(answer: Promise<Response>): void };

/** The compiler knows it as a window. */
const worker = self as unknown as Worker;

const BASE = new URL("./", worker.location.href);

/** As the page names it. */
const CACHE = `askd${BASE.pathname}`;

/** Where the page's files lie below the base, under names that change with their contents. */
const FILES = "assets/";

/** A server that has not answered by then is out of reach. */
const PATIENCE_MS = 4_000;

/** How a proxy says that there is no server behind it. */
const UNREACHABLE = [502, 504];

/** The page is at every address of its own, so this says that askd is no longer here. */
const GONE = [404, 410];

worker.addEventListener("install", () => void worker.skipWaiting());

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== BASE.origin || !pathname.startsWith(BASE.pathname)) return;
  const inside = pathname.slice(BASE.pathname.length);
  if (request.mode === "navigate" && (inside === "" || inside.startsWith("c/"))) event.respondWith(page(request));
  else if (inside.startsWith(FILES)) event.respondWith(file(request));
});

async function page(request: Request): Promise<Response> {
  const asked = fetch(request);
  const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  const answer = await Promise.race([asked.catch(() => null), late]);
  if (answer === null || UNREACHABLE.includes(answer.status)) return (await kept(BASE.href)) ?? asked;
  if (GONE.includes(answer.status)) {
    await worker.registration.unregister();
    await caches.delete(CACHE);
  }
  return answer;
}

async function file(request: Request): Promise<Response> {
  return (await kept(request.url)) ?? fetch(request);
}

function kept(address: string): Promise<Response | undefined> {
  return caches.match(address, { cacheName: CACHE, ignoreVary: true });
}

export {};
