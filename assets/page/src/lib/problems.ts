// What the server says of a failure, in the reader's language. The server speaks English; each of its codes has a sentence
// in another language's catalogue.

import { say } from "./language";
import type { ErrorCode } from "./wire";

/** What `/api/v1` says beside the protocol's codes. */
export type ApiCode =
  | "unknown_document"
  | "unknown_token"
  | "not_found"
  | "method_not_allowed"
  | "unsupported_media_type"
  | "too_large"
  | "too_slow"
  | "signed_out"
  | "wrong_password";

/** A sentence for each code; where the server's words carry what only it knows, the sentence is made around them. */
export type Problems = Partial<Record<ErrorCode | ApiCode, string | ((said: string) => string)>>;

/** The sentence for a code; without one, as for a code that a newer server has, it is the server's own. */
export function told({ code, message }: { code: string; message: string }, problems: Problems = say.problems): string {
  const sentence = Object.hasOwn(problems, code) ? problems[code as keyof Problems] : undefined;
  return typeof sentence === "function" ? sentence(message) : (sentence ?? message);
}

/** How the server ends the sentence of a refusal that names a time (docs/protocol.md). */
const WAIT = /; ask again in [^;]+\.$/;

/** What the server says without that time, for who is shown how it goes by. */
export function timeless(message: string): string {
  return message.replace(WAIT, ".");
}
