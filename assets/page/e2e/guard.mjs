// Sees whether anything acts that only was to be read: a script that runs, a request elsewhere, a violation of the page's
// policy, a window that opens, a text that leaves its place.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

/** Another host, which hears of whoever is lured there. */
export async function startTrap() {
  const heard = [];
  const server = createServer((request, response) => {
    heard.push(request.url);
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, heard, close: () => server.close() };
}

/** What a document has of its own, which an element's name could stand for. */
const OWN = ["body", "cookie", "location", "forms", "getElementById", "querySelector", "createElement", "defaultView"];

export class Guard {
  #asked = [];
  #opened = [];

  /** Looks after all that a reader opens from now on. */
  static async over(reader, askd, trap) {
    const guard = new Guard();
    guard.askd = askd;
    guard.trap = trap;
    reader.context.on("request", (request) => guard.#asked.push(request.url()));
    reader.context.on("page", (page) => {
      guard.#opened.push(page);
      page.on("dialog", (dialog) => {
        guard.#asked.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
    });
    await reader.context.addInitScript(() => {
      window.violations = [];
      addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) =>
        window.violations.push(`${effectiveDirective} ${blockedURI} ${sample}`),
      );
    });
    return guard;
  }

  /** All that could act is gone; what a reader may press leads nowhere but to the web, in a tab of its own. */
  async inert(tab, what = "") {
    await tab.settled();
    const found = await tab.page.evaluate((own) => {
      const all = [...document.querySelectorAll(".answer *, .question *, dialog *, nav *")];
      const written = [...document.querySelectorAll(".markdown .block *")].filter((node) => !node.closest(".formula"));
      const told = (nodes) => nodes.map((node) => node.outerHTML.slice(0, 300));
      return {
        owned: window.owned,
        violations: window.violations,
        active: told(
          all.filter(
            (node) =>
              /^(script|iframe|object|embed|link|style|meta|base|video|audio|picture|source|template)$/i.test(
                node.localName,
              ) ||
              (/^(math|form|input|select|textarea)$/.test(node.localName) &&
                node.closest(".markdown") &&
                !node.closest(".formula")) ||
              [...node.attributes].some(
                ({ name, value }) =>
                  /^on/.test(name) ||
                  // What sets formulas sets the looks of their parts.
                  (name === "style" && (!node.closest(".formula") || /url|position|expression/i.test(value))) ||
                  (/^\s*(javascript|vbscript):/i.test(value) && name !== "title" && name !== "aria-label"),
              ) ||
              (node.localName === "img" && !node.src.startsWith("data:image/")) ||
              (node.localName === "a" && /^(data|javascript|vbscript|file|blob):/.test(node.href)),
          ),
        ),
        // A name of its own would stand for the page's.
        named: told(written.filter((node) => node.id || node.getAttribute("name"))),
        lost: own.filter(
          (name) =>
            document[name] instanceof HTMLFormElement ||
            document[name] instanceof HTMLImageElement ||
            document[name] === undefined,
        ),
        astray: told(written.filter((node) => /fixed|absolute|sticky/.test(getComputedStyle(node).position))),
        wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
      };
    }, OWN);
    const nothing = { owned: undefined, violations: [], active: [], named: [], lost: [], astray: [], wide: false };
    assert.deepEqual(found, nothing, what);
    assert.deepEqual(this.trap.heard, [], what);
    assert.ok(tab.page.url().startsWith(`${this.askd.url}/`), `${what}: it went to ${tab.page.url()}`);
    assert.equal(this.#opened.length, 1, `${what}: a window has opened`);
    const elsewhere = (url) => !url.startsWith(`${this.askd.url}/`) && !/^(data|blob):/.test(url);
    assert.deepEqual(this.#asked.filter(elsewhere), [], what);
  }
}
