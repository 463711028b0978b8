// A plain TCP proxy between the browser and askd, for losing the network at will.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export async function startProxy(port) {
  const open = new Set();
  let up = true;
  const server = createServer((near) => {
    if (!up) return near.destroy();
    const far = connect(port, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Cuts every connection and refuses new ones. */
    down() {
      up = false;
      for (const socket of open) socket.destroy();
    },
    up() {
      up = true;
    },
    close() {
      this.down();
      server.close();
    },
  };
}
