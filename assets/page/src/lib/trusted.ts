// What the browser takes as a script's address or as HTML, where the server's policy has it take no text for that.

type Rules = { createScriptURL(address: string): string } | { createHTML(text: string): string };

/** A policy whose rules let through nothing but what is harmless; the texts themselves, where the browser knows of none. */
export function vouching<Of extends Rules>(name: string, rules: Of): Of {
  const { trustedTypes } = window as { trustedTypes?: { createPolicy(name: string, rules: Of): Of } };
  return trustedTypes?.createPolicy(name, rules) ?? rules;
}
