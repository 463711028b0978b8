// Names the page's parts (`src/ui/parts.ts`) in `index.html`: the browser fetches them while it makes the first screen, which
// needs none of them, and reads them once they are wanted.

import type { Plugin } from "vite";

const PARTS = "parts";

export function early(): Plugin {
  return {
    name: "askd-early",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle = {} }) {
        const parts = Object.values(bundle).find((file) => file.type === "chunk" && file.name === PARTS);
        if (parts?.type !== "chunk") throw new Error(`no file is made of src/ui/${PARTS}.ts`);
        const fetched = (file: string, as: string) => ({
          tag: "link",
          attrs: { rel: "preload", as, href: `./${file}`, crossorigin: true, fetchpriority: "low" },
          injectTo: "head" as const,
        });
        const styles = [...(parts.viteMetadata?.importedCss ?? [])].map((file) => fetched(file, "style"));
        return [fetched(parts.fileName, "script"), ...styles];
      },
    },
  };
}
