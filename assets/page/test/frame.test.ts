// The page in another site's frame: whom it hears, and where it says that it is.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Around } from "../src/lib/frame";

const SITE = "https://docs.example.org";

let told: [unknown, string][];
let site: Window;

/** Only the site's own window tells it from another. */
function says(data: unknown, { origin = SITE, source = site as Window | null } = {}): void {
  dispatchEvent(new MessageEvent("message", { data, origin, source }));
}

/** A page for frames, as the server hands it out. */
async function inFrame<Part>(load: () => Promise<Part>): Promise<Part> {
  document.body.innerHTML = `<script id="askd-page" type="application/json">{"embed":["${SITE}"]}</script>`;
  vi.resetModules();
  return load();
}

beforeEach(() => {
  vi.resetModules();
  told = [];
  site = document.body.appendChild(document.createElement("iframe")).contentWindow!;
  site.postMessage = (data: unknown, to?: unknown) => void told.push([data, String(to)]);
});

afterEach(() => {
  document.body.innerHTML = "";
  localStorage.clear();
  sessionStorage.clear();
  history.replaceState(null, "", "/");
});

test("a named site that opens its panel is believed, and told when the reader is done", () => {
  const around = new Around(["https://other.example", SITE], site);
  let entered = 0;
  around.entered = () => (entered += 1);
  expect(around.close()).toBe(false);
  says({ askd: "open" });
  says({ askd: "open" });
  expect(entered).toBe(2);
  expect(around.close()).toBe(true);
  expect(told).toEqual([[{ askd: "close" }, SITE]]);
});

test("another site, another window and another word are not heard", () => {
  const around = new Around([SITE], site);
  around.entered = () => expect.unreachable();
  says({ askd: "open" }, { origin: "https://docs.example.org.evil.example" });
  says({ askd: "open" }, { origin: "null" });
  says({ askd: "open" }, { source: window });
  says({ askd: "open" }, { source: null });
  for (const data of [null, "open", { askd: "close" }, { open: true }, []]) says(data);
  expect([around.close(), told]).toEqual([false, []]);
});

test("in a frame the address stays, and the tab keeps the place", async () => {
  const id = "01900000-0000-7000-8000-00000000000a";
  history.replaceState(null, "", "/embed");
  const steps = history.length;
  const place = await inFrame(() => import("../src/lib/place"));
  expect([place.atStart(), place.here()]).toEqual([true, null]);
  place.go(id);
  expect([place.atStart(), place.here(), location.pathname]).toEqual([false, id, "/embed"]);
  const reloaded = await inFrame(() => import("../src/lib/place"));
  expect(reloaded.here()).toBe(id);
  reloaded.become(null);
  expect((await inFrame(() => import("../src/lib/place"))).here()).toBe(null);
  expect(history.length).toBe(steps);
});

test("what a tab has kept that is no conversation is a new one", async () => {
  sessionStorage.setItem("askd:framed", "../../elsewhere");
  const place = await inFrame(() => import("../src/lib/place"));
  expect([place.here(), place.atStart()]).toEqual([null, true]);
});

test("a frame's page has a secret that stays, and no other page says one", async () => {
  const outside = await import("../src/lib/visitor");
  expect([outside.headers, outside.protocols]).toEqual([{}, []]);
  const { headers, protocols } = await inFrame(() => import("../src/lib/visitor"));
  const secret = headers["askd-visitor"];
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(protocols).toEqual(["askd.v1", `visitor.${secret}`]);
  expect((await inFrame(() => import("../src/lib/visitor"))).headers).toEqual(headers);
  // Of two that were kept one is enough, and one that is not as it was made is made anew.
  localStorage.setItem("askd:visitor", "short");
  expect((await inFrame(() => import("../src/lib/visitor"))).headers).toEqual(headers);
  localStorage.setItem("askd:visitor", "short");
  history.replaceState(null, "");
  expect((await inFrame(() => import("../src/lib/visitor"))).headers).not.toEqual(headers);
});

test("where nothing is kept the secret lasts as long as the page", async () => {
  const refused = vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
    throw new DOMException("no", "SecurityError");
  });
  const { headers } = await inFrame(() => import("../src/lib/visitor"));
  expect(headers["askd-visitor"]).toMatch(/^[0-9a-f]{64}$/);
  refused.mockRestore();
});
