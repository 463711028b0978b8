// Mounts the page, once it knows its language. Everything else hangs below `App`.

import { mount } from "svelte";

import "./styles/ground.css";
import "./styles/controls.css";
import "./styles/markdown.css";
import "./styles/print.css";
import { speak } from "./lib/language";
import { settings } from "./lib/settings";
import App from "./ui/App.svelte";

const target = document.getElementById("app");
const { language } = settings();
await speak(language ? [language] : navigator.languages);
if (target !== null) mount(App, { target });
