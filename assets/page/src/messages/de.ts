// All that the page says, in German.

import type { Messages } from "../lib/language";

export default {
  composer: {
    label: "Ihre Frage",
    placeholder: "Stellen Sie eine Frage",
    send: "Senden",
    sendHint: "Senden (Eingabetaste)",
    stop: "Anhalten",
    stopHint: "Anhalten (Esc)",
    stopElsewhere: "Die Antwort in einer anderen Fassung anhalten",
  },
} satisfies Messages;
