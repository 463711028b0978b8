// Generated from src/session/wire.rs by `make wire`; do not edit.

export type ClientMessage = { "type": "question",
  /** Made by the client; the same id is asked once. */
  turn: TurnId,
  /** The question. */
  text: string,
  /** Absent: a new one. */
  conversation?: ConversationId,
  /** Absent: the newest turn; `null`: none. */
  parent?: TurnId | null,
  /** Absent: the first. */
  endpoint?: string,
  /** Absent: the endpoint's first. */
  model?: string,
  /** Absent: the endpoint's own. */
  options?: Options, } | { "type": "cancel",
  /** Which answer. */
  turn: TurnId, } | { "type": "resume",
  /** Which one. */
  turn: TurnId,
  /** From behind this event; 0 for all. */
  after: Seq, };

export type Options = {
  /** 0 to 2. */
  temperature?: number,
  /** At least 1. */
  max_tokens?: number, };

export type ServerMessage = { "type": "status" } & Status | { "type": "accepted",
  /** Which turn. */
  turn: TurnId,
  /** Its conversation. */
  conversation: ConversationId,
  /** The turn that it follows, or `null`. */
  parent: TurnId | null,
  /** Events follow from behind this; 0: forget what you have of it. */
  after: Seq, } | { "type": "queued",
  /** Which turn. */
  turn: TurnId,
  /** Its place in line, from 1. */
  position: number, } | { "type": "sources",
  /** Which turn. */
  turn: TurnId,
  /** The event's number. */
  seq: Seq,
  /** How the answer stands to them. */
  basis: Basis,
  /** The passages. */
  items: Array<Source>, } | { "type": "chunk",
  /** Which turn. */
  turn: TurnId,
  /** The last event that it covers. */
  seq: Seq,
  /** The piece. */
  text: string,
  /** Absent for the answer itself. */
  channel?: Channel, } | { "type": "complete",
  /** Which turn. */
  turn: TurnId,
  /** The event's number. */
  seq: Seq,
  /** Why it ended. */
  outcome: Outcome,
  /** With `interrupted`: who or what did that, if it is known. */
  cause?: Cause,
  /** What it cost, if the endpoint said. */
  usage?: Usage,
  /** How long it took. */
  timing: Timing, } | { "type": "error",
  /** For programs. */
  code: ErrorCode,
  /** A sentence for a person. */
  message: string,
  /** The turn that failed. */
  turn?: TurnId,
  /** When trying again may help. */
  retry_after_ms?: number, };

export type Status = { "state": "ready",
  /** This session. */
  session: SessionId,
  /** [`PROTOCOL`]. */
  protocol: number,
  /** askd's version. */
  server: string,
  /** What a client must keep to. */
  limits: WireLimits,
  /** What can be asked, the default first. */
  endpoints: Array<EndpointInfo>,
  /** `"stop"`, `"finish"`, or a duration. */
  on_leave: string,
  /** Whether documents are searched before a question is answered. */
  documents: boolean,
  /** Which page is served now: another value than a page's own, and that one is out of date. */
  page: string, } | { "state": "draining",
  /** When to connect again. */
  reconnect_after_ms: number, };

export type WireLimits = {
  /** Bytes of one question, in UTF-8. */
  question_bytes: number,
  /** Questions a minute; 0: no limit. */
  questions_per_minute: number, };

export type EndpointInfo = {
  /** Its name. */
  name: string,
  /** What it offers, the default first. */
  models: Array<string>,
  /** Whether [`Options`] say anything to it. */
  takes_options: boolean, };

export type Source = {
  /** Its number in the text, from 1. */
  n: number,
  /** What the document or entry is called. */
  title: string,
  /** Where it can be read. */
  url?: string,
  /** Its file, below the knowledge folder. */
  path?: string,
  /** The fragment that opens the file at the passage. */
  anchor?: string,
  /** The heading it stands under. */
  heading?: string,
  /** The part that is most about the question. */
  excerpt: string,
  /** How sure the match is, 0 to 1. */
  score: number, };

export type Usage = {
  /** Of the request. */
  prompt_tokens: number,
  /** Of the answer. */
  completion_tokens: number, };

export type Timing = {
  /** Until the first piece of text on any channel; absent when there was none. */
  first_chunk_ms?: number,
  /** Until the end. */
  total_ms: number,
  /** Where the endpoint had been asked and the answer was stopped: from askd's hearing that until it had given the request
 * up, in microseconds. That closes its connection, or its stream of one, which no endpoint confirms. It is told while
 * the turn is live, and not kept. */
  stopped_us?: number,
  /** Until the first piece of the answer itself, where the model had thought before. */
  first_word_ms?: number, };

export type Outcome = "stop" | "length" | "content_filter" | "cancelled" | "interrupted" | "failed";

export type Cause = "left" | "stopped" | "crashed" | "unkept" | "admin";

export type Channel = "answer" | "reasoning";

export type Basis = "cited" | "quoted" | "unsearched";

export type ErrorCode = "bad_json" | "bad_frame" | "unknown_type" | "bad_field" | "question_too_long" | "question_empty" | "busy" | "unknown_turn" | "unknown_conversation" | "unknown_endpoint" | "rate_limited" | "queue_full" | "upstream_unreachable" | "upstream_refused" | "upstream_overloaded" | "upstream_failed" | "upstream_malformed" | "upstream_timeout" | "storage_failed" | "internal";

export type TurnId = string;

export type ConversationId = string;

export type SessionId = string;

export type Seq = number;

// Stamp: 5611f697dd4466e9
