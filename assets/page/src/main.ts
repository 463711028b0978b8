// Mounts the page. Everything else hangs below `App`.

import { mount } from "svelte";

import "./styles/ground.css";
import "./styles/controls.css";
import "./styles/markdown.css";
import "./styles/print.css";
import App from "./ui/App.svelte";

const target = document.getElementById("app");
if (target !== null) mount(App, { target });
