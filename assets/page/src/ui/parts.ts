// What the first screen does without: Markdown, and all that reads it and makes nodes of it. It is a file of its own.

export { default as Markdown } from "./Markdown.svelte";
export { warm } from "../lib/markdown";
