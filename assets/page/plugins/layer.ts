// Puts all of the page's styles into one cascade layer, so that the operator's rules, which are in none, win over them
// however plain their selectors are.

import type { Plugin } from "postcss";

export function layer(): Plugin {
  return {
    postcssPlugin: "askd-layer",
    Once(root, { AtRule }) {
      const nodes = root.nodes;
      // A component's styles come twice, the second time in the layer already. Within a layer of its own in it they would
      // lose to the shared ones however exact their selectors are.
      if (nodes.length === 0 || nodes.some((node) => node.type === "atrule" && node.name === "layer")) return;
      root.removeAll();
      root.append(new AtRule({ name: "layer", params: "page", nodes }));
    },
  };
}
