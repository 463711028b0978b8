// A WebSocket that does what a test says, in place of the browser's.

import { vi } from "vitest";

import type { ServerMessage } from "../src/lib/wire";

export class FakeSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 3;
  static all: FakeSocket[] = [];

  readyState = FakeSocket.CONNECTING;
  sent: Record<string, unknown>[] = [];
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  static get last(): FakeSocket {
    return FakeSocket.all.at(-1)!;
  }

  static install(): void {
    FakeSocket.all = [];
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.stubGlobal("fetch", () => Promise.reject(new Error("unreachable")));
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.readyState = FakeSocket.CLOSED;
  }

  tell(message: ServerMessage): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  ready(protocol = 1): void {
    this.readyState = FakeSocket.OPEN;
    this.tell({
      type: "status",
      state: "ready",
      session: "s",
      protocol,
      server: "0.1.0",
      limits: { question_bytes: 32_768, questions_per_minute: 0 },
      endpoints: [{ name: "local", models: ["small", "large"], takes_options: true }],
      on_leave: "3s",
      documents: false,
      page: "1",
    });
  }

  lose(code: number): void {
    this.readyState = FakeSocket.CLOSED;
    this.onclose?.({ code });
  }
}
