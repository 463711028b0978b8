// The typed calls of `/api/v1`. Each says in a sentence what went wrong, and each can be given up by its signal.

import { BASE } from "./base";
import { say } from "./language";
import { told } from "./problems";
import type { Turn } from "./reduce";
import { newTurn } from "./reduce";
import { heard } from "./time";
import { headers } from "./visitor";
import type { Basis, Cause, ErrorCode, Outcome, Source, Timing, Usage } from "./wire";

/** What the list shows of a conversation. Times are milliseconds since the epoch. */
export type Head = { id: string; title: string; created: number; updated: number; turns: number; running: boolean };

export type Page = { conversations: Head[]; next: string | null };

type ToldTurn = {
  id: string;
  parent: string | null;
  question: string;
  asked: number;
  endpoint: string | null;
  model: string | null;
  running: boolean;
  seq: number;
  answer: string;
  reasoning: string;
  sources: Source[];
  basis?: Basis | null;
  outcome: Outcome | null;
  cause: Cause | null;
  error: { code: ErrorCode; message: string } | null;
  usage: Usage | null;
  timing: Timing | null;
};

type ToldConversation = Omit<Head, "turns" | "running"> & { turns: ToldTurn[] };

export type Excerpt = { text: string; marked: boolean }[];

export type Hit = {
  conversation: string;
  title: string;
  /** `null` for a find in the title. */
  turn: string | null;
  field: "title" | "question" | "answer";
  excerpt: Excerpt;
  asked: number;
};

export type Format = "markdown" | "json";

/** Why a call failed. The message is for the reader. */
export class ApiError extends Error {
  constructor(
    /** The server's, or `away` when nothing answered in the server's words. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** What is not answered by then is given up; an import may be large. */
const TIMEOUT_MS = 15_000;
const IMPORT_TIMEOUT_MS = 120_000;

const API = `${BASE}api/v1`;

export function list(before: string | null, signal?: AbortSignal): Promise<Page> {
  return call("GET", `/conversations${before === null ? "" : `?before=${encodeURIComponent(before)}`}`, { signal });
}

/** The conversation's turns as the page holds them, in order of asking. */
export async function conversation(id: string, signal?: AbortSignal): Promise<{ title: string; turns: Turn[] }> {
  const { title, turns } = await call<ToldConversation>("GET", `/conversations/${id}`, { signal });
  return { title, turns: turns.map(turn) };
}

export function rename(id: string, title: string): Promise<Head> {
  return call("PATCH", `/conversations/${id}`, { body: JSON.stringify({ title }) });
}

export function remove(id: string): Promise<void> {
  return call("DELETE", `/conversations/${id}`);
}

export function restore(id: string): Promise<Head> {
  return call("POST", `/conversations/${id}/restore`);
}

/** `more`: there are further ones behind `limit`, of which 100 is the most. */
export function search(query: string, limit: number, signal?: AbortSignal): Promise<{ hits: Hit[]; more: boolean }> {
  return call("GET", `/search?q=${encodeURIComponent(query)}&limit=${limit}`, { signal });
}

/** Conversations: taken in, here already, and too old to be kept. */
export type BroughtIn = { imported: number; skipped: number; expired: number };

/** `exported` is what was saved from an export as JSON. */
export function bringIn(exported: Blob): Promise<BroughtIn> {
  return call("POST", "/import", { body: exported, timeout: IMPORT_TIMEOUT_MS });
}

/** Where one conversation, or all, can be downloaded. */
export function exportAddress(id: string | null, format: Format): string {
  return `${API}${id === null ? "" : `/conversations/${id}`}/export?format=${format}`;
}

/** A passage of a document as it is read; an entry has a title, and its question is its heading. */
export type Passage = {
  title: string | null;
  headings: string[];
  anchor: string | null;
  url: string | null;
  markdown: boolean;
  text: string;
};

/** A part of a document: from the passage `first` on, of `total`; `at` is the place of the one that was asked for; `file`:
 * the file itself can be downloaded. */
export type Part = {
  path: string;
  title: string;
  url: string | null;
  version: string;
  total: number;
  first: number;
  at: number | null;
  file: boolean;
  passages: Passage[];
};

/** From a source's anchor, or from a place on; `limit` is 100 at the most. */
export function document(path: string, from: string | number, limit = 50, signal?: AbortSignal): Promise<Part> {
  const start = typeof from === "number" ? `from=${from}` : `at=${encodeURIComponent(from)}`;
  return call("GET", `/document?path=${encodeURIComponent(path)}&${start}&limit=${limit}`, { signal });
}

/** Where the file that a document was read from can be downloaded. */
export function fileAddress(path: string): string {
  return `${API}/document/file?path=${encodeURIComponent(path)}`;
}

type Call = { body?: BodyInit; signal?: AbortSignal | undefined; timeout?: number };

export async function call<T>(
  method: string,
  path: string,
  { body, signal, timeout = TIMEOUT_MS }: Call = {},
): Promise<T> {
  const late = AbortSignal.timeout(timeout);
  try {
    const answer = await fetch(API + path, {
      method,
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, late]) : late,
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body }),
    });
    heard(answer.headers.get("date"));
    if (!answer.ok) throw await refusal(answer, method === "GET");
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    throw new ApiError("away", away(late.aborted));
  }
}

function away(late: boolean): string {
  if (!navigator.onLine) return say.connection.offline;
  return late ? say.connection.late : say.connection.unreachable;
}

async function refusal(answer: Response, reading: boolean): Promise<ApiError> {
  const body = (await answer.json().catch(() => null)) as { error?: { code: string; message: string } } | null;
  const error = body?.error;
  // The server's words are of keeping, which is not what the reader was about.
  if (reading && error?.code === "storage_failed") return new ApiError(error.code, say.status.unreadable);
  return error?.message
    ? new ApiError(error.code, told(error))
    : new ApiError("away", say.connection.answered(answer.status));
}

function turn(told: ToldTurn): Turn {
  const { id, parent, question, asked, endpoint, model, seq, sources, cause, usage, timing } = told;
  return newTurn({
    id,
    parent,
    question,
    asked,
    ...(endpoint && model && { endpoint, model }),
    sent: true,
    accepted: true,
    seq,
    text: told.answer,
    thinking: told.reasoning,
    sources: sources ?? [],
    basis: told.basis ?? null,
    problem: told.error,
    ending: told.running ? null : (told.outcome ?? "interrupted"),
    cause,
    usage,
    timing,
  });
}
