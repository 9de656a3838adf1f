// Slack as others play it: npm's emulate. Argument: what it begins with, as JSON. Prints where it is as one line, and ends with its input.
//
// It takes POST alone, which its makers' client always sends, while Slack's description of what only reads says GET. Such a call is passed on as
// the form that Slack would read it as; everything else goes through as it comes.
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";

const { createEmulator } = await import(new URL("../../target/npm/node_modules/emulate/dist/api.js", import.meta.url));

const free = async () => {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
};
const slack = await createEmulator({ service: "slack", port: await free(), seed: { slack: JSON.parse(process.argv[2]) } });

const front = createServer(async (request, response) => {
  const url = new URL(request.url, slack.url);
  const headers = { authorization: request.headers.authorization ?? "" };
  let body;
  if (request.method === "GET") {
    headers["content-type"] = "application/x-www-form-urlencoded";
    body = url.searchParams.toString();
  } else {
    headers["content-type"] = request.headers["content-type"] ?? "";
    body = await buffer(request);
  }
  const answer = await fetch(new URL(url.pathname, slack.url), { method: "POST", headers, body });
  response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
  response.end(Buffer.from(await answer.arrayBuffer()));
});
front.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${front.address().port}`));
process.stdin.on("close", () => process.exit()).resume();
