// A reverse proxy that shares askd out below a path: it takes the path off, or passes it on.

import { once } from "node:events";
import { createServer, request as ask } from "node:http";

export async function startReverse(port, { base, strip }) {
  const outside = [];
  let removed = false;
  const sockets = new Set();
  const server = createServer((request, response) => {
    const path = inside(request.url);
    if (path === null) return response.writeHead(404).end("Not Found");
    const onward = ask(
      { port, host: "127.0.0.1", path, method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end("Bad Gateway")));
    request.pipe(onward);
  });

  /** What askd is asked for; `null`: it is not asked. */
  function inside(path) {
    if (removed) return null;
    if (path.startsWith(base)) return strip ? path.slice(base.length - 1) : path;
    outside.push(path);
    return null;
  }

  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (request, near, head) => {
    near.on("error", () => {});
    const path = inside(request.url);
    if (path === null) return near.destroy();
    const onward = ask({ port, host: "127.0.0.1", path, headers: request.headers });
    onward.on("error", () => near.destroy());
    onward.on("response", () => near.destroy());
    onward.on("upgrade", ({ rawHeaders }, far, first) => {
      const lines = rawHeaders.map((text, n) => text + (n % 2 === 0 ? ": " : "\r\n")).join("");
      near.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`);
      near.write(first);
      far.write(head);
      near.pipe(far).pipe(near);
      far.on("error", () => near.destroy());
      far.on("close", () => near.destroy());
      near.on("close", () => far.destroy());
    });
    onward.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `http://127.0.0.1:${server.address().port}`;
  return {
    host,
    url: host + base,
    /** What was asked for and does not lie below the path. */
    outside,
    /** From now on there is nothing below the path. */
    remove() {
      removed = true;
      for (const socket of sockets) socket.destroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
