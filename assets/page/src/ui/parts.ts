// What the first screen does without: the parts that show a conversation or a document. They are a file of their own.

export { default as Document } from "./Document.svelte";
export { default as Markdown } from "./Markdown.svelte";
export { default as Transcript } from "./Transcript.svelte";
export { warm } from "../lib/markdown";
