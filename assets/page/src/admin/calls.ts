// What the server tells admins, and what they may have it do.

import { BASE } from "../lib/base";

/** What is not answered by then is given up. */
const TIMEOUT_MS = 15_000;
/** Names are resolved when a configuration is read. */
const RELOAD_MS = 35_000;

/** At most 200 of all. */
export type Listed<T> = { total: number; list: T[] };

export type Session = { id: string; user: string | null; peer: string; since: number; turn: string | null };

export type Turn = {
  id: string;
  session: string;
  user: string | null;
  endpoint: string;
  model: string;
  stage: "beginning" | "in_line" | "searching" | "waiting" | "writing";
  place?: number;
  since: number;
  bytes: number;
};

export type Endpoint = {
  name: string;
  models: string[];
  running: number;
  waiting: number;
  began: number | null;
  failed: { at: number; code: string } | null;
  failures: number;
};

export type Store = {
  state: "good" | "bad";
  reason?: string;
  bytes: number | null;
  unwritten_questions: number;
  unwritten_answers: number;
};

export type Problem = { path: string; reason: string };

export type Knowledge = {
  folders: { path: string; problem: string | null }[];
  files: number | null;
  waiting: number;
  passages: number;
  vectors: number;
  lack: "documents_unread" | "documents_stale" | "embeddings_down" | null;
  progress: { task: "reading" | "embedding"; done: number; of: number } | null;
  problems: Listed<Problem>;
};

/** Times are milliseconds since the epoch. */
export type Overview = {
  server: string;
  now: number;
  up_since: number;
  draining: boolean;
  sessions: Listed<Session>;
  turns: Listed<Turn>;
  endpoints: Endpoint[];
  store: Store;
  knowledge: Knowledge | null;
  misses: "unkept" | "none" | "some";
};

export type Misses = { kept: boolean; questions: string[]; total: number };

export type Reloaded = { took_effect: string[]; need_restart: string[]; warnings: string[]; faults: string[] };

/** The server says that there is nothing here: whoever asks is no admin any more. */
export class NoAdmin extends Error {}

export async function overview(): Promise<Overview> {
  return (await asked("GET", "overview")).json() as Promise<Overview>;
}

export async function misses(): Promise<Misses> {
  return (await asked("GET", "misses")).json() as Promise<Misses>;
}

/** As TOML. */
export async function config(): Promise<string> {
  return (await asked("GET", "config")).text();
}

export async function stop(turn: string): Promise<void> {
  await asked("POST", `turns/${turn}/cancel`);
}

/** How many have ended. */
export type SignedOut = { sign_ins: number; tokens: number };

export async function signOut(name: string): Promise<SignedOut> {
  return (await asked("POST", "sign-out", { body: JSON.stringify({ name }) })).json() as Promise<SignedOut>;
}

export async function reload(): Promise<Reloaded> {
  return (await asked("POST", "reload", { timeout: RELOAD_MS })).json() as Promise<Reloaded>;
}

type Call = { body?: string; timeout?: number };

async function asked(method: string, path: string, { body, timeout = TIMEOUT_MS }: Call = {}): Promise<Response> {
  const answer = await fetch(`${BASE}api/v1/admin/${path}`, {
    method,
    cache: "no-store",
    signal: AbortSignal.timeout(timeout),
    ...(body !== undefined && { body, headers: { "content-type": "application/json" } }),
  });
  if (answer.ok) return answer;
  const told = (await answer.json().catch(() => null)) as { error?: { code: string; message: string } } | null;
  const { code, message } = told?.error ?? { code: "", message: `HTTP ${answer.status}` };
  throw ["signed_out", "not_found"].includes(code) ? new NoAdmin(message) : new Error(message);
}
