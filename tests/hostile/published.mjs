// Prints webhooks signed by the packages that senders use, one JSON object a line: {"by", "id", "timestamp", "signature", "body"}.
// `node published.mjs SECRET`, with `standardwebhooks` and `svix` installed beside it or in NODE_PATH's folders.
import { createRequire } from "node:module";

const require = createRequire(process.env.PUBLISHED_FROM ?? import.meta.url);
const secret = process.argv[2];
const bodies = ['{"n":1}', '{"text":"é ✓ \\u0000"}', `{"long":"${"x".repeat(5000)}"}`];
for (const name of ["standardwebhooks", "svix"]) {
  const { Webhook } = require(name);
  const webhook = new Webhook(secret);
  bodies.forEach((body, i) => {
    const id = `msg_${name}_${i}`;
    const at = new Date();
    const signature = webhook.sign(id, at, body);
    console.log(JSON.stringify({ by: name, id, timestamp: Math.floor(at.getTime() / 1000), signature, body }));
  });
}
