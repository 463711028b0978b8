// Mounts the page, once it knows its language. Everything else hangs below `Root`.

import { mount } from "svelte";

import "./styles/markdown.css";
import "./styles/lists.css";
import "./styles/code.css";
import "./styles/print.css";
import { Chats } from "./lib/chats.svelte";
import { faults, tell } from "./lib/faults.svelte";
import { first } from "./lib/first";
import { breath, idle } from "./lib/idle";
import { speak } from "./lib/language";
import { atStart } from "./lib/place";
import { settings } from "./lib/settings";
import { keepShell } from "./lib/shell";
import { later } from "./ui/later.svelte";
import Root from "./ui/Root.svelte";

faults.watch();
try {
  const { language } = settings();
  await speak(language ? [language] : navigator.languages);
  if (!atStart()) void later.load();
  // Between one step and the next, what is typed into the first field is shown.
  await breath();
  const chats = new Chats();
  await breath();
  mount(Root, { target: document.getElementById("app")!, props: { chats } });
} catch (fault) {
  tell(fault);
  first.fail("start");
}
void idle()
  .then(() => later.prepare())
  .then(keepShell);
