// The messages between the page and the server, protocol 1.

export type Options = { temperature?: number; max_tokens?: number };

export type ClientMessage =
  | {
      type: "question";
      turn: string;
      text: string;
      conversation?: string;
      parent?: string | null;
      endpoint?: string;
      model?: string;
      options?: Options;
    }
  | { type: "cancel"; turn: string }
  | { type: "resume"; turn: string; after: number };

export type Outcome = "stop" | "length" | "content_filter" | "cancelled" | "interrupted" | "failed";

export type Channel = "reasoning";

export type Source = {
  n: number;
  title: string;
  url?: string;
  path?: string;
  heading?: string;
  excerpt: string;
  score: number;
};

export type ErrorCode =
  | "bad_json"
  | "bad_frame"
  | "unknown_type"
  | "bad_field"
  | "question_too_long"
  | "question_empty"
  | "busy"
  | "unknown_turn"
  | "unknown_conversation"
  | "unknown_endpoint"
  | "rate_limited"
  | "queue_full"
  | "upstream_unreachable"
  | "upstream_refused"
  | "upstream_overloaded"
  | "upstream_failed"
  | "upstream_malformed"
  | "upstream_timeout"
  | "storage_failed"
  | "internal";

export type Usage = { prompt_tokens: number; completion_tokens: number };

export type Timing = { first_chunk_ms: number; total_ms: number };

export type Limits = { question_bytes: number };

export type EndpointInfo = { name: string; models: string[] };

export type ServerMessage =
  | {
      type: "status";
      state: "ready";
      session: string;
      protocol: number;
      server: string;
      limits: Limits;
      endpoints: EndpointInfo[];
      on_leave: string;
    }
  | { type: "status"; state: "draining"; reconnect_after_ms: number }
  | { type: "accepted"; turn: string; conversation: string; parent: string | null; after: number }
  | { type: "queued"; turn: string; position: number }
  | { type: "sources"; turn: string; seq: number; items: Source[] }
  | { type: "chunk"; turn: string; seq: number; text: string; channel?: Channel }
  | { type: "complete"; turn: string; seq: number; outcome: Outcome; usage?: Usage; timing: Timing }
  | { type: "error"; code: ErrorCode; message: string; turn?: string; retry_after_ms?: number };
