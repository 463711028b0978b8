// A site that is not askd's, with a policy as strict as the README says that it may be.

import { once } from "node:events";
import { createServer } from "node:http";

/**
 * Serves one page at every address. `askd` and the `attributes` of its script's element are told when they are known: askd
 * must know the site before it starts.
 */
export async function startSite(host = "127.0.0.1") {
  let script = "";
  let policy = "";
  const server = createServer((request, response) => {
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "referrer-policy": "no-referrer",
    });
    response.end(`<!doctype html>
<html lang="en-GB">
<head>
  <meta charset="utf-8"><meta name="viewport" content="width=device-width">
  <title>The handbook</title>
  ${script}
</head>
<body><main><h1>The handbook</h1><p>How things are done here. <a href="/next">The next page</a></p></main></body>
</html>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://${host}:${server.address().port}`;
  return {
    url: `${origin}/`,
    origin,
    /** Puts askd's button on the page. */
    includes(askd, attributes = "") {
      script = `<script src="${askd}/embed.js" ${attributes} defer></script>`;
      policy =
        `default-src 'none'; script-src ${askd}; frame-src ${askd}; ` +
        "require-trusted-types-for 'script'; trusted-types 'none'";
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
