// The page's state in words: what a person reads at each moment. Pure, so that every sentence can be tested.

import type { BroughtIn, Head } from "./api";
import type { Chat } from "./chat.svelte";
import { number, time } from "./figures";
import { say } from "./language";
import type { Connection } from "./link";
import type { Documents } from "./probe";
import { timeless, told } from "./problems";
import { forgotten, type Problem, type Turn } from "./reduce";
import { goesOn } from "./rest";
import { isLive, stageOf } from "./stages";
import { now } from "./time";
import { straight } from "./turning";
import type { Cause } from "./wire";

export type Status = {
  words: string;
  tone: "busy" | "calm" | "warning" | "error";
  /** Whether something is wrong with the answer, so that asking the same again makes sense. */
  retry: boolean;
  /** Whether the answer may go on where it stopped. */
  goesOn: boolean;
};

const says = (words: string, tone: Status["tone"], retry = false, goesOn = false): Status => ({
  words,
  tone,
  retry,
  goesOn,
});

/**
 * What stands under a turn, or `null` when the answer speaks for itself. `searches`: the server searches documents first;
 * `aside`: the page follows another answer.
 */
export function turnStatus(turn: Turn, connection: Connection, searches = false, aside = false): Status | null {
  return turn.ending === null ? openStatus(turn, connection, searches, aside) : endStatus(turn);
}

/**
 * For how long a turn has been where it is, in words, where that is worth a word. `since` is when that began and `ticks` is
 * now, both on the page's own clock; of what began before the page knew of it, only when it was asked is known.
 */
export function lasting(since: number | null, asked: number, ticks: number): string | null {
  const seconds = Math.floor((since === null ? now() - asked : ticks - since) / 1000);
  if (seconds < 2) return null;
  return since === null ? say.status.asked(duration(seconds)) : duration(seconds);
}

/** So far ahead a time is told as one of the day, and nearer as a count. */
const COUNTED_SECONDS = 600;

/** When a question that was refused can be asked again, in words, or `null` where that is not known. */
export function until({ problem, ending }: Pick<Turn, "problem" | "ending">, moment: number): string | null {
  const again = problem?.again;
  if (again === undefined || ending !== "refused") return null;
  const seconds = Math.ceil((again - moment) / 1000);
  if (seconds <= 0) return say.status.againNow;
  return seconds < COUNTED_SECONDS ? say.status.againIn(duration(seconds)) : say.status.againAt(time(again));
}

/** A refusal without the time in its sentence, where the page counts it down beside that. */
function counted(problem: Problem): Problem {
  return problem.again === undefined ? problem : { ...problem, message: timeless(problem.message) };
}

/** What stands under an answer for which the documents had nothing to give, or `null`. */
export function unfounded({ basis, sources }: Pick<Turn, "basis" | "sources">): string | null {
  if (basis === "unsearched") return say.answer.unsearched;
  return basis !== null && sources.length === 0 ? say.answer.unmatched : null;
}

function openStatus(turn: Turn, connection: Connection, searches: boolean, aside: boolean): Status {
  const { status } = say;
  if (!isLive(turn, connection)) {
    if (turn.stopping) return says(status.stopLater, "warning");
    if (turn.accepted) return says(status.catchingUp, "warning");
    if (connection.kind === "connecting") return says(status.connecting, "warning");
    return says(turn.kept ? status.awayKept : status.awayUnkept, "warning");
  }
  if (turn.problem !== null && !turn.stopping) return says(told(turn.problem), "error");
  return says(aside && !turn.stopping ? status.aside : doing(turn, searches), "busy");
}

function doing(turn: Turn, searches: boolean): string {
  const { status } = say;
  switch (stageOf(turn)) {
    case "unsent":
      return status.behind;
    case "sending":
      return status.sending;
    case "queued":
      return status.place(turn.place ?? 0);
    case "begun":
      return searches ? status.searching : status.waiting;
    case "grounded":
      return status.waiting;
    case "thinking":
      return status.thinking;
    case "writing":
      return status.answering;
    case "stopping":
      return status.stopping;
  }
}

function endStatus(turn: Turn): Status | null {
  const { status } = say;
  const why = turn.problem ? told(counted(turn.problem)) : null;
  switch (turn.ending) {
    case "stop":
    case null:
      return turn.text === "" ? says(status.wordless, "warning", true) : null;
    case "cancelled":
      return says(status.stopped, "calm", true, goesOn(turn));
    case "length":
      return says(status.cut, "warning", false, goesOn(turn));
    case "content_filter":
      return says(status.filtered, "warning", true);
    case "interrupted":
      return says(why ?? interruption(turn.cause), "warning", true, goesOn(turn));
    case "lost":
      if (turn.accepted && turn.problem?.code === "storage_failed") return says(status.unreadable, "warning", true);
      if (turn.problem && why !== null && !forgotten(turn.problem.code)) return says(why, "warning", true);
      if (!turn.accepted) return says(status.homeless, "warning", true);
      return says(status.lost, "warning", true);
    case "failed":
    case "refused":
      return says(why ?? status.failed, "error", true);
  }
}

/** What an answer took, or `null` where that is not known. */
export function facts({ endpoint, model, timing, usage, thinking }: Turn): string | null {
  if (timing === null) return null;
  const first = timing.first_chunk_ms;
  const word = timing.first_word_ms ?? (thinking === "" ? first : undefined);
  const known = [
    model && (endpoint && endpoint !== model ? say.answer.model(model, endpoint) : model),
    thinking !== "" && first !== undefined && say.answer.began(seconds(first)),
    word !== undefined && say.answer.first(seconds(word)),
    say.answer.total(seconds(timing.total_ms)),
    timing.stopped_us !== undefined && say.answer.dropped(number(timing.stopped_us / 1000, 1)),
    usage && say.answer.tokens(usage.prompt_tokens, usage.completion_tokens),
    usage && first !== undefined && rate(usage.completion_tokens, timing.total_ms - first),
  ];
  return known.filter(Boolean).join(" · ");
}

function seconds(ms: number): string {
  return ms < 60_000 ? say.time.seconds(number(ms / 1000, ms < 10_000 ? 2 : 1)) : duration(Math.round(ms / 1000));
}

/** Of a moment, or of nothing, no rate is told. */
function rate(tokens: number, ms: number): string | false {
  return ms >= 100 && tokens > 1 && say.answer.rate(number((tokens - 1) / (ms / 1000), 1));
}

function interruption(cause: Cause | null): string {
  switch (cause) {
    case "left":
      return say.status.left;
    case "stopped":
      return say.status.serverStopped;
    case "crashed":
      return say.status.crashed;
    case "unkept":
      return say.status.unkept;
    case "admin":
      return say.status.byAdmin;
    case null:
      return say.status.interrupted;
  }
}

/** What stands beside the composer about the connection, or `null` when all is well. */
export function connectionStatus(connection: Connection, now: number): string | null {
  switch (connection.kind) {
    case "ready":
      return null;
    case "connecting":
      return say.connection.connecting;
    case "draining":
      return say.connection.draining;
    case "waiting": {
      const seconds = Math.ceil((connection.until - now) / 1000);
      const { reconnecting, reconnectingIn } = say.connection;
      return seconds > 0 ? reconnectingIn(connection.why, duration(seconds)) : reconnecting(connection.why);
    }
    case "asleep":
      return say.connection.asleep;
    case "signedOut":
      return say.connection.signedOut;
    case "closed":
      return connection.why;
  }
}

/** What the documents still lack, or `null` when they are ready. */
export function preparation({ unread, progress }: Documents): string | null {
  const { embedding, reading, readingAgain } = say.preparation;
  if (progress === null) return unread ? say.preparation.unread : null;
  const { task, done, of } = progress;
  if (task === "embedding") return embedding(done, of);
  return unread ? reading(done, of) : readingAgain(done, of);
}

/** Why what is written cannot be sent now. */
export function unsendable(chat: Pick<Chat, "placed" | "open" | "elsewhere">): string {
  if (!chat.placed) return say.composer.notHere;
  if (!chat.open) return say.composer.tooLong;
  return chat.elsewhere ? say.composer.elsewhereFirst : say.composer.oneWaits;
}

/** What a screen reader hears: each state once, never the answer letter by letter. */
export function announcement(turn: Turn | null, status: Status | null): string {
  if (turn === null) return "";
  return turn.ending === "stop" && status === null ? say.status.complete : (status?.words ?? "");
}

/** What stands in the place of a title that was never given. */
export function titled(head: Pick<Head, "title">): string {
  return straight(head.title).trim() || say.sidebar.untitled;
}

/** How many places a search has found. */
export function found(count: number, more: boolean): string {
  if (count === 0) return say.search.none;
  return more ? say.search.first(count) : say.search.places(count);
}

/** What came of an import. */
export function broughtIn({ imported, skipped, expired }: BroughtIn): string {
  const words = [say.everything.imported(imported)];
  if (skipped > 0) words.push(say.everything.skipped(skipped));
  if (expired > 0) words.push(say.everything.expired(expired));
  return words.join(" ");
}

export function duration(seconds: number): string {
  if (seconds < 60) return say.time.seconds(number(seconds));
  return say.time.minutes(number(Math.floor(seconds / 60)), number(seconds % 60));
}
