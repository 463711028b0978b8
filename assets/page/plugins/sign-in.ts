// Gives the page where people sign in its words, in every language: it loads no catalogue.

import type { Plugin } from "vite";

import { words } from "./words.ts";

export function signIn(): Plugin {
  return {
    name: "askd-sign-in",
    config: async () => {
      const said = await words(({ signIn, connection }) => ({ ...signIn, reload: connection.reload }));
      return { define: { SIGN_IN_WORDS: JSON.stringify(said) } };
    },
  };
}
