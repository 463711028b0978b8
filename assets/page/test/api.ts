// `/api/v1` as a test has it: what is there, and what has been asked.

import { vi } from "vitest";

import type { Head, Hit } from "../src/lib/api";
import type { Progress } from "../src/lib/probe";
import type { Turn } from "../src/lib/reduce";

export class FakeApi {
  /** Method and path of each call, `/api/v1` left out. */
  asked: string[] = [];
  away = false;
  /** Whether conversations can be kept. */
  keeps = true;
  /** What `/readyz` says of the documents. */
  documents: { detail?: string; progress?: Progress } = {};
  heads: Head[] = [];
  hits: Hit[] = [];
  /** Conversations on one page of the list. */
  limit = 50;
  #conversations = new Map<string, unknown>();

  static install(): FakeApi {
    const api = new FakeApi();
    vi.stubGlobal("fetch", (address: string, init: RequestInit) => api.#answer(address, init));
    return api;
  }

  conversation(id: string, turns: Turn[]): void {
    const told = turns.map((turn) => ({
      ...turn,
      endpoint: turn.endpoint ?? null,
      model: turn.model ?? null,
      running: turn.ending === null,
      answer: turn.text,
      reasoning: turn.thinking,
      outcome: turn.ending,
      error: turn.problem,
    }));
    this.#conversations.set(id, { id, title: "", created: 0, updated: 0, turns: told });
  }

  forget(id: string): void {
    this.#conversations.delete(id);
  }

  /** Waits until what has been asked was answered and read. */
  async answered(): Promise<void> {
    for (let n = 0; n < 10; n++) await Promise.resolve();
  }

  async #answer(address: string, init: RequestInit): Promise<Response> {
    if (address === "/readyz") return this.#readiness();
    const path = address.replace("/api/v1", "");
    this.asked.push(`${init.method} ${path}`);
    if (this.away) throw new TypeError("unreachable");
    if (!this.keeps) return this.#failed();
    const told = this.#told(new URL(path, "http://askd"), init);
    if (init.signal?.aborted) throw init.signal.reason;
    const status = told === undefined ? 404 : 200;
    const body = told ?? { error: { code: "unknown_conversation", message: "There is no such conversation." } };
    return response(status, structuredClone(body));
  }

  #failed(): Response {
    const body = { error: { code: "storage_failed", message: "Conversations cannot be kept." } };
    return response(503, body);
  }

  async #readiness(): Promise<Response> {
    if (this.away) throw new TypeError("unreachable");
    const body = { state: this.keeps ? "ready" : "storage_failed", ...this.documents };
    return response(this.keeps ? 200 : 503, body);
  }

  #told({ pathname, searchParams }: URL, { method, body }: RequestInit): unknown {
    if (pathname === "/search") {
      const hits = this.hits.slice(0, Number(searchParams.get("limit")));
      return { hits, more: hits.length < this.hits.length };
    }
    if (pathname === "/import") return { imported: 2, skipped: 0, expired: 0 };
    if (pathname === "/conversations") {
      const at = Number(searchParams.get("before") ?? 0);
      const next = at + this.limit < this.heads.length ? String(at + this.limit) : null;
      return { conversations: this.heads.slice(at, at + this.limit), next };
    }
    const id = pathname.split("/")[2]!;
    const head = this.heads.find((head) => head.id === id);
    if (method === "GET") return this.#conversations.get(id);
    if (method === "DELETE") this.heads = this.heads.filter((other) => other !== head);
    if (method === "PATCH" && head) head.title = (JSON.parse(String(body)) as { title: string }).title;
    return head;
  }
}

/** Not a real one: reading that takes turns of the event loop, which the tests' clock stands still for. */
function response(status: number, body: unknown): Response {
  return { ok: status === 200, status, headers: new Headers(), json: async () => body } as Response;
}
