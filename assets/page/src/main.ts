// Mounts the page, once it knows its language. Everything else hangs below `Root`.

import { mount } from "svelte";

import "./styles/ground.css";
import "./styles/controls.css";
import "./styles/markdown.css";
import "./styles/print.css";
import { settle } from "./lib/base";
import { faults, tell } from "./lib/faults.svelte";
import { idle } from "./lib/idle";
import { say, speak } from "./lib/language";
import { atStart } from "./lib/place";
import { settings } from "./lib/settings";
import { keepShell } from "./lib/shell";
import { later } from "./ui/later.svelte";
import Root from "./ui/Root.svelte";

const target = document.getElementById("app")!;
faults.watch();
try {
  const { language } = settings();
  await speak(language ? [language] : navigator.languages);
  settle();
  if (!atStart()) void later.load();
  target.replaceChildren();
  mount(Root, { target });
} catch (fault) {
  tell(fault);
  target.textContent = say.faults.start;
  target.className = "unstarted";
}
void idle()
  .then(() => later.prepare())
  .then(keepShell);
