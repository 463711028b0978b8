// Puts all of the page's styles into one cascade layer, so that the operator's rules, which are in none, win over them
// however plain their selectors are.

import type { Plugin } from "postcss";

export function layer(): Plugin {
  return {
    postcssPlugin: "askd-layer",
    Once(root, { AtRule }) {
      const nodes = root.nodes;
      if (nodes.length === 0) return;
      root.removeAll();
      root.append(new AtRule({ name: "layer", params: "page", nodes }));
    },
  };
}
