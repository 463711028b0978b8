// A Chromium that nobody looks into: for measuring. A driver such as Playwright listens to each request, each message and each
// script of a page, and loads tools of its own into it; here the page alone runs, as it does for a reader.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CHROMIUM, FLAGS } from "./browser.mjs";

/** Chromium loads pages of its own into each new window, for its address line: beside the one that is measured, and at its cost. */
const ALONE = "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup";

/** Without a screen Chromium takes the machine for one without a mouse; this says that there is one. */
const MOUSE = "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4";

const SIZE = "--window-size=1280,860";

export async function startQuietBrowser() {
  const profile = await mkdtemp(join(tmpdir(), "askd-quiet-"));
  const args = ["--headless", "--remote-debugging-pipe", `--user-data-dir=${profile}`, ALONE, MOUSE, SIZE, ...FLAGS];
  const chromium = spawn(CHROMIUM, args, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const { send, next } = conversation(chromium.stdio[3], chromium.stdio[4]);

  /**
   * Opens a page in a profile that has never been anywhere, with the processor slowed so many times, runs `watch` in it before
   * its own scripts, and resolves with what that says by `alert`.
   */
  async function visit(url, slowed, watch) {
    const { browserContextId } = await send("Target.createBrowserContext");
    const { targetId } = await send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    const tell = (method, params) => send(method, params, sessionId);
    await tell("Page.enable", {});
    await tell("Emulation.setFocusEmulationEnabled", { enabled: true });
    await tell("Emulation.setCPUThrottlingRate", { rate: slowed });
    await tell("Page.addScriptToEvaluateOnNewDocument", { source: `(${watch})()` });
    const said = next("Page.javascriptDialogOpening", sessionId);
    await tell("Page.navigate", { url });
    const { message } = await said;
    await tell("Page.handleJavaScriptDialog", { accept: true });
    await send("Target.disposeBrowserContext", { browserContextId });
    return message;
  }

  async function close() {
    const ended = once(chromium, "exit");
    await send("Browser.close");
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }

  return { visit, close };
}

/** Chromium's protocol over two pipes: a message of JSON each, ended by a zero byte. */
function conversation(to, from) {
  const answers = new Map();
  const events = new Set();
  let last = 0;
  let rest = "";
  from.setEncoding("utf8").on("data", (data) => {
    const messages = (rest + data).split("\0");
    rest = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      if (message.id === undefined) for (const hear of events) hear(message);
      else answers.get(message.id)(message);
    }
  });

  async function send(method, params = {}, sessionId) {
    const id = ++last;
    const answered = new Promise((resolve) => answers.set(id, resolve));
    to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { result, error } = await answered;
    answers.delete(id);
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  function next(method, sessionId) {
    return new Promise((resolve) => {
      events.add(function hear(event) {
        if (event.method !== method || event.sessionId !== sessionId) return;
        events.delete(hear);
        resolve(event.params);
      });
    });
  }

  return { send, next };
}
