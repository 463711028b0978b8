// All that the page says, in English. Another language is another file beside this one, named by its tag, which exports the
// same keys; nothing else has to know of it.

export default {
  composer: {
    label: "Your question",
    placeholder: "Ask a question",
    send: "Send",
    sendHint: "Send (Enter)",
    stop: "Stop",
    stopHint: "Stop (Esc)",
    stopElsewhere: "Stop the answer in another version",
  },
};
