// Mounts the page, once it knows its language. Everything else hangs below `Root`.

import { mount } from "svelte";

import "./styles/ground.css";
import "./styles/controls.css";
import "./styles/markdown.css";
import "./styles/print.css";
import { settle } from "./lib/base";
import { faults, tell } from "./lib/faults.svelte";
import { say, speak } from "./lib/language";
import { settings } from "./lib/settings";
import { keepShell } from "./lib/shell";
import Root from "./ui/Root.svelte";

const target = document.getElementById("app")!;
faults.watch();
try {
  const { language } = settings();
  await speak(language ? [language] : navigator.languages);
  settle();
  target.replaceChildren();
  mount(Root, { target });
} catch (fault) {
  tell(fault);
  target.textContent = say.faults.start;
  target.className = "unstarted";
}
void keepShell();
