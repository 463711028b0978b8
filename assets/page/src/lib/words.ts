// The page's state in words: what a person reads at each moment. Pure, so that every sentence can be tested.

import type { Connection } from "./link";
import type { BroughtIn, Head } from "./api";
import type { Chat } from "./chat.svelte";
import type { Documents } from "./probe";
import { forgotten, type Turn } from "./reduce";
import { goesOn } from "./rest";
import type { Cause } from "./wire";

export type Status = {
  words: string;
  /** How long it has gone on, in words, where that is worth a word. */
  since: string | null;
  tone: "busy" | "calm" | "warning" | "error";
  /** Whether something is wrong with the answer, so that asking the same again makes sense. */
  retry: boolean;
  /** Whether the answer may go on where it stopped. */
  goesOn: boolean;
};

/** What reading has failed with; the server's words are of keeping, which is not what the reader was about. */
export const UNREADABLE =
  "Conversations cannot be read right now; whoever runs this server finds the reason in its log. Try again in a moment.";

const says = (words: string, tone: Status["tone"], retry = false, goesOn = false): Status => ({
  words,
  since: null,
  tone,
  retry,
  goesOn,
});

/** What stands under a turn, or `null` when the answer speaks for itself. */
export function turnStatus(turn: Turn, connection: Connection, now: number): Status | null {
  if (turn.ending !== null) return endStatus(turn);
  const seconds = Math.floor((now - turn.asked) / 1000);
  return { ...openStatus(turn, connection), since: seconds >= 2 ? duration(seconds) : null };
}

/** What stands under an answer for which the documents had nothing to give, or `null`. */
export function unfounded({ basis, sources }: Pick<Turn, "basis" | "sources">): string | null {
  if (basis === "unsearched") return "Not from the documents: they could not be searched.";
  return basis !== null && sources.length === 0 ? "Not from the documents: nothing in them matched." : null;
}

function openStatus(turn: Turn, connection: Connection): Status {
  const live = connection.kind === "ready" || (connection.kind === "draining" && turn.accepted);
  if (!live) {
    if (turn.stopping) return says("Will be stopped when the connection is back", "warning");
    if (turn.accepted) return says("The connection was lost; trying to catch up with the answer", "warning");
    if (connection.kind === "connecting") return says("Connecting", "warning");
    return says(`Waiting for the connection; ${turn.kept ? "the question is kept" : UNKEPT}`, "warning");
  }
  if (turn.stopping) return says("Stopping", "busy");
  if (turn.problem !== null) return says(turn.problem.message, "error");
  if (!turn.accepted) return says(turn.sent ? "Sending" : "In line behind the answer above", "busy");
  if (turn.place !== null) return says(`Waiting in line: place ${turn.place}`, "busy");
  if (turn.text !== "") return says("Answering", "busy");
  if (turn.thinking !== "") return says("Waiting for the answer's first word", "busy");
  return says("Waiting for the first word", "busy");
}

function endStatus(turn: Turn): Status | null {
  const why = turn.problem?.message;
  switch (turn.ending) {
    case "stop":
    case null:
      return turn.text === "" ? says("The model ended without a word.", "warning", true) : null;
    case "cancelled":
      return says("Stopped by you.", "calm", true, goesOn(turn));
    case "length":
      return says("Cut off: the answer reached its length limit.", "warning", false, goesOn(turn));
    case "content_filter":
      return says("Cut off by the endpoint's content filter.", "warning", true);
    case "interrupted":
      return says(why ?? `Interrupted: ${interruption(turn.cause)}`, "warning", true, goesOn(turn));
    case "lost":
      if (turn.accepted && turn.problem?.code === "storage_failed") return says(UNREADABLE, "warning", true);
      if (turn.problem && !forgotten(turn.problem.code)) return says(turn.problem.message, "warning", true);
      if (!turn.accepted) return says("Not asked: the server no longer has this conversation.", "warning", true);
      return says(
        "The server no longer has this answer: the conversation was deleted, or is too old. What had come is still shown here.",
        "warning",
        true,
      );
    case "failed":
    case "refused":
      return says(why ?? "The answer failed, and the server did not say why.", "error", true);
  }
}

/** What an answer took, or `null` where that is not known. */
export function facts({ endpoint, model, timing, usage }: Turn): string | null {
  if (timing === null) return null;
  const first = timing.first_chunk_ms;
  const told = [
    model && (endpoint && endpoint !== model ? `${model} at ${endpoint}` : model),
    first !== undefined && `First word after ${seconds(first)}`,
    `${seconds(timing.total_ms)} in all`,
    usage && `${NUMBER.format(usage.prompt_tokens)} tokens read, ${NUMBER.format(usage.completion_tokens)} written`,
    usage && first !== undefined && rate(usage.completion_tokens, timing.total_ms - first),
  ];
  return told.filter(Boolean).join(" · ");
}

function seconds(ms: number): string {
  return ms < 60_000 ? `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s` : duration(Math.round(ms / 1000));
}

/** Of a moment, or of nothing, no rate is told. */
function rate(tokens: number, ms: number): string | false {
  return ms >= 100 && tokens > 1 && `${((tokens - 1) / (ms / 1000)).toFixed(1)} tokens a second`;
}

function interruption(cause: Cause | null): string {
  switch (cause) {
    case "left":
      return "nobody was reading any more before the answer was whole.";
    case "stopped":
      return "the server was stopped before the answer was whole.";
    case "crashed":
      return "the server broke off before the answer was whole, and its last words may be missing.";
    case "unkept":
      return "the server could not keep the rest of the answer.";
    case null:
      return "the server stopped, or nobody was reading, before the answer was whole.";
  }
}

/** What stands beside the composer about the connection, or `null` when all is well. */
export function connectionStatus(connection: Connection, now: number): string | null {
  switch (connection.kind) {
    case "ready":
      return null;
    case "connecting":
      return "Connecting";
    case "draining":
      return "The server is about to restart. A running answer goes on; a new question waits.";
    case "waiting": {
      const seconds = Math.ceil((connection.until - now) / 1000);
      return `${connection.why} Reconnecting${seconds > 0 ? ` in ${duration(seconds)}` : ""}`;
    }
    case "asleep":
      return "Disconnected while idle. Typing reconnects.";
    case "closed":
      return connection.why;
  }
}

/** What the documents still lack, or `null` when they are ready. */
export function preparation({ unread, progress }: Documents): string | null {
  if (progress === null) return unread ? "The documents cannot be searched yet." : null;
  const { task, done, of } = progress;
  const far = `${NUMBER.format(done)} of ${NUMBER.format(of)}`;
  if (task === "embedding") return `Documents are found by their words; by meaning too, ${far} passages so far.`;
  return `${unread ? "The documents" : "Changed documents"} are being read: ${far} files.`;
}

const NUMBER = new Intl.NumberFormat("en");

const UNKEPT = "this browser has no room to keep the question, so leave the page open until it is sent";

/** While what runs is not what is shown. */
export const ELSEWHERE = "An answer is running in another version.";

export const TOO_LONG = "The question is longer than this server takes it.";

/** Why what is written cannot be sent now. */
export function unsendable(chat: Pick<Chat, "placed" | "open" | "elsewhere">): string {
  if (!chat.placed) return "The conversation is not here yet. Your question stays in its place until it is.";
  if (!chat.open) return TOO_LONG;
  if (chat.elsewhere) return `${ELSEWHERE} Stop it, or send your question when it has ended.`;
  return "A question is waiting already. Yours can be sent behind its answer.";
}

/** What a screen reader hears: each state once, never the answer letter by letter. */
export function announcement(turn: Turn | null, status: Status | null): string {
  if (turn === null) return "";
  return turn.ending === "stop" && status === null ? "The answer is complete." : (status?.words ?? "");
}

/** What stands in the place of a title that was never given. */
export function titled(head: Pick<Head, "title">): string {
  return head.title.trim() || "Without a title";
}

/** How many places a search has found. */
export function found(count: number, more: boolean): string {
  if (count === 0) return "Nothing found.";
  if (more) return `The first ${count} places. More words find fewer.`;
  return `${count} ${count === 1 ? "place" : "places"} found.`;
}

/** What came of an import. */
export function broughtIn({ imported, skipped, expired }: BroughtIn): string {
  const words = [imported === 1 ? "1 conversation was imported." : `${imported} conversations were imported.`];
  if (skipped > 0) words.push(skipped === 1 ? "1 was here already." : `${skipped} were here already.`);
  if (expired > 0) words.push(`${expired === 1 ? "1 is" : `${expired} are`} older than what is kept here.`);
  return words.join(" ");
}

export function duration(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
