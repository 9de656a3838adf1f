// What the JavaScript library of Standard Webhooks believes. Reads posts as JSON from standard input, and prints for each whether it does.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(new URL("../../target/npm/", import.meta.url));
const { Webhook } = require("standardwebhooks");

const believes = ({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch (error) {
    if (error.constructor.name !== "WebhookVerificationError") throw error;
    return false;
  }
};
console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(believes)));
