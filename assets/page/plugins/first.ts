// Gives the field that stands before the page the few words that it says, in every language: it loads no catalogue.

import type { Plugin } from "vite";

import { words } from "./words.ts";

export function first(): Plugin {
  return {
    name: "askd-first",
    config: async () => {
      const said = await words(({ composer, connection, faults }) => ({
        label: composer.label,
        placeholder: composer.placeholder,
        send: composer.send,
        late: faults.late,
        start: faults.start,
        reload: connection.reload,
      }));
      return { define: { FIRST_WORDS: JSON.stringify(said) } };
    },
  };
}
