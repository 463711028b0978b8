// Who the reader is, where people sign in, and the tokens that they make for their programs.

import { call } from "./api";

/** `before`: conversations that this browser had before its reader signed in. */
export type Me = {
  name: string | null;
  role: "user" | "admin";
  sign_in: "none" | "password" | "header";
  before: number;
};

export type Token = { id: string; name: string; created_ms: number };

export function me(): Promise<Me> {
  return call("GET", "/me");
}

export function signOut(everywhere: boolean): Promise<void> {
  return call("POST", "/sign-out", { body: JSON.stringify({ everywhere }) });
}

/** Makes the reader's what this browser had before; how many conversations that were. */
export async function takeOver(): Promise<number> {
  return (await call<{ taken: number }>("POST", "/take-over")).taken;
}

/** The oldest first. */
export async function tokens(): Promise<Token[]> {
  return (await call<{ tokens: Token[] }>("GET", "/tokens")).tokens;
}

/** The secret is told this once. */
export function makeToken(name: string): Promise<Token & { secret: string }> {
  return call("POST", "/tokens", { body: JSON.stringify({ name }) });
}

export function revokeToken(id: string): Promise<void> {
  return call("DELETE", `/tokens/${id}`);
}
