// The real binary, started with a configuration of the test's own.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

const BINARY = resolve(process.env.ASKD_BIN ?? new URL("../../../target/debug/askd", import.meta.url).pathname);

/** How long a start may take before the test gives up on it. */
const START_MS = 30_000;

/** Between two questions whether something is done. */
const POLL_MS = 10;

/**
 * Without an `endpoint` askd answers from its own knowledge: these `documents`, each content by its path, if there are
 * any, and further lines of how they are searched, of `[server]` and of `[page]`, which may name `files`, which lie where
 * askd starts. `users` sign in, each with `password(name)`; `admins` are some of them. `base` is the path that the page lies below.
 */
export async function startAskd({
  endpoint = null,
  models = ["fake-1"],
  concurrency = 4,
  maxQuestion = "32 KiB",
  documents = null,
  knowledge = "min_score = 0",
  server = "",
  page = "",
  users = [],
  admins = [],
  files = {},
  base = "/",
  title = "Ask the test",
} = {}) {
  const folder = await mkdtemp(join(tmpdir(), "askd-e2e-"));
  const config = join(folder, "askd.toml");
  let auth = accounts(users, admins);
  let port = 0;
  let process_;
  let log = "";

  const docs = documents === null ? null : join(folder, "docs");
  if (docs !== null) await mkdir(docs);
  for (const [path, content] of Object.entries(documents ?? {})) {
    await mkdir(dirname(join(docs, path)), { recursive: true });
    await writeFile(join(docs, path), content);
  }

  for (const [path, content] of Object.entries(files)) await writeFile(join(folder, path), content);

  async function start() {
    const told = {
      endpoint,
      models,
      concurrency,
      maxQuestion,
      title,
      port,
      folder,
      docs,
      knowledge,
      server,
      auth,
      page,
      base,
    };
    await writeFile(config, toml(told));
    process_ = spawn(BINARY, ["--config", config], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    process_.stderr.on("data", (text) => (log += text));
    const address = await served(process_, () => log);
    port = Number(new URL(address).port);
  }

  async function end(signal) {
    if (process_.exitCode !== null || process_.signalCode !== null) return;
    const exited = once(process_, "exit");
    process_.kill(signal);
    await exited;
  }

  await start();
  return {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    get log() {
      return log;
    },
    /** Ends it as a crash would. */
    kill: () => end("SIGKILL"),
    /** From its next start on the page is called so, and is another page by that. */
    call(other) {
      title = other;
    },
    /** From its next start on these sign in. */
    letIn(users) {
      auth = accounts(users, admins);
    },
    /** Asks it to end, and waits until it has. */
    stop: () => end("SIGTERM"),
    /** Starts it again on the port that it had. */
    start,
    /** The index is built in the background: nothing of a document is found before. */
    async indexed(path) {
      const address = `http://127.0.0.1:${port}${base}api/v1/document?path=${encodeURIComponent(path)}`;
      const deadline = Date.now() + START_MS;
      while (!(await fetch(address)).ok) {
        if (Date.now() >= deadline) throw new Error(`${path} is not in the index:\n${log}`);
        await setTimeout(POLL_MS);
      }
    },
    /** Takes its storage away, so that nothing can be kept, and gives it back. */
    hideStorage: () => rename(join(folder, "askd.db"), join(folder, "away.db")),
    showStorage: () => rename(join(folder, "away.db"), join(folder, "askd.db")),
    async close() {
      await end("SIGKILL");
      await rm(folder, { recursive: true });
    },
  };
}

/** The password of a user of the tests'. */
export const password = (name) => `${name}'s password`;

/** The section that lets these in, their passwords hashed as an operator would. */
function accounts(users, admins) {
  if (users.length === 0) return "";
  const sections = users.map((name) => {
    const hash = execFileSync(BINARY, ["hash-password"], { input: `${password(name)}\n`, encoding: "utf8" }).trim();
    return `[[auth.user]]\nname = ${JSON.stringify(name)}\npassword_hash = ${JSON.stringify(hash)}\n`;
  });
  return `[auth]\nmode = "password"\nadmins = ${JSON.stringify(admins)}\n${sections.join("")}`;
}

async function served(child, log) {
  const deadline = AbortSignal.timeout(START_MS);
  const exited = once(child, "exit", { signal: deadline }).then(([code]) => {
    throw new Error(`askd ended with ${code} before it served:\n${log()}`);
  });
  const line = (async () => {
    for await (const text of createInterface({ input: child.stdout })) {
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (address) return address;
    }
    return exited;
  })();
  const address = await Promise.race([line, exited]);
  exited.catch(() => {});
  child.stdout.resume();
  return address;
}

function toml({
  endpoint,
  models,
  concurrency,
  maxQuestion,
  title,
  port,
  folder,
  docs,
  knowledge,
  server,
  auth,
  page,
  base,
}) {
  const served = `
[[endpoint]]
name = "fake"
base_url = ${JSON.stringify(endpoint)}
models = ${JSON.stringify(models)}
concurrency = ${concurrency}
retries = 0
`;
  return `
[server]
listen = ["127.0.0.1:${port}"]
${base === "/" ? "" : `public_url = "http://askd.localhost${base}"\n`}${server}

${auth}
[session]
on_leave = "30s"
max_question = ${JSON.stringify(maxQuestion)}

[store]
path = ${JSON.stringify(join(folder, "askd.db"))}

[page]
title = ${JSON.stringify(title)}
welcome = "Answers to **everything**."
suggestions = ["What is askd?", "What is a turn?"]
${page}
${docs === null ? "" : `\n[knowledge]\nfolders = [${JSON.stringify(docs)}]\n${knowledge}\n`}${endpoint === null ? "" : served}`;
}
