// A scripted OpenAI-compatible endpoint. A test takes each request as it comes and says itself what is answered and
// when, so that nothing depends on time.

import { once } from "node:events";
import { createServer } from "node:http";

export async function startFake() {
  const waiting = [];
  const takers = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const call = new Call(JSON.parse(body), response);
    const taker = takers.shift();
    if (taker) taker(call);
    else waiting.push(call);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    /** The next request that nobody has taken yet. */
    call: () => (waiting.length > 0 ? Promise.resolve(waiting.shift()) : new Promise((taker) => takers.push(taker))),
    /** Requests that nobody has taken yet. */
    get waiting() {
      return waiting.length;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** One request for an answer. */
class Call {
  #response;
  #began = false;

  constructor(body, response) {
    this.body = body;
    this.#response = response;
    /** Fulfilled when the connection is gone, whoever ended it. */
    this.closed = once(response, "close");
  }

  /** The last thing that the request asks. */
  get question() {
    return this.body.messages.at(-1).content;
  }

  say(...pieces) {
    for (const content of pieces) this.#event({ choices: [{ index: 0, delta: { content } }] });
  }

  think(...pieces) {
    for (const text of pieces) this.#event({ choices: [{ index: 0, delta: { reasoning_content: text } }] });
  }

  finish(reason = "stop") {
    this.#event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
    this.#response.end("data: [DONE]\n\n");
  }

  /** Breaks off without a word. */
  cut() {
    this.#response.socket.destroy();
  }

  refuse(status, message) {
    this.#response.writeHead(status, { "content-type": "application/json" });
    this.#response.end(JSON.stringify({ error: { message } }));
  }

  #event(data) {
    if (!this.#began) this.#response.writeHead(200, { "content-type": "text/event-stream" });
    this.#began = true;
    this.#response.write(`data: ${JSON.stringify({ object: "chat.completion.chunk", ...data })}\n\n`);
  }
}
