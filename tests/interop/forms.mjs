// Every form of the contract `forms.svc` that a browser's programs use: fetch, EventSource, WebSocket.
//   node forms.mjs HOST:PORT NODE_MODULES
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const [at, modules] = process.argv.slice(2);
const require = createRequire(join(modules, "here.cjs"));
const { EventSource } = require("eventsource");
const WebSocket = require("ws");

const failures = [];
async function check(what, wanted, found) {
  try {
    assert.deepEqual(await found(), wanted);
  } catch (error) {
    failures.push(`${what}: ${error.message}`);
  }
}

async function ask(method, path, body, headers = {}) {
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const answer = await fetch(`http://${at}${path}`, {
    method,
    headers: { ...json, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text && JSON.parse(text) };
}

// JSON.stringify and JSON.parse lose nothing: what does not fit a double is a text.
await check("large numbers", ["9007199254740993", 200], async () => {
  const { status, body } = await ask("GET", "/v1/spots/COLOUR_DARK_BLUE/true/9007199254740993");
  return [body.value, status];
});
await check("add, get, remove", ["n/1 ü", 404], async () => {
  const id = encodeURIComponent("n/1 ü");
  await ask("POST", "/v1/items", { id: "n/1 ü", count: 1 });
  const { body } = await ask("GET", `/v1/items/${id}`);
  await ask("DELETE", `/v1/items/${id}`);
  return [body.id, (await ask("GET", `/v1/items/${id}`)).status];
});
await check("a query", ["colours Red", "exact true", "size 3-None mm", "tags a&b", "tags c"], async () => {
  const query = new URLSearchParams([
    ["tags", "a&b"],
    ["tags", "c"],
    ["exact", true],
    ["size.lowEnd", 3],
    ["colours", "COLOUR_RED"],
  ]);
  return (await ask("GET", `/v1/found?${query}`)).body.items;
});
await check("a problem", ["application/problem+json", 404, "forms.v1.NoSuchItem"], async () => {
  const { headers, body } = await ask("GET", "/v1/items/nothing");
  return [headers.get("content-type"), body.status, body.error];
});
await check("one key, one effect", [200, 200, 422], async () => {
  const headers = { "idempotency-key": `"${crypto.randomUUID()}"` };
  const add = (count) => ask("POST", "/v1/items", { id: "node", count }, headers);
  return [(await add(1)).status, (await add(1)).status, (await add(2)).status];
});
await check("a body that streams", { value: "300000" }, async () => {
  const chunks = new ReadableStream({
    start(stream) {
      for (let n = 0; n < 300; n++) stream.enqueue(new Uint8Array(1000));
      stream.close();
    },
  });
  const sent = { method: "PUT", body: chunks, duplex: "half" };
  return (await fetch(`http://${at}/v1/items/a/scan`, sent)).json();
});
await check("an answer that streams", 123_456, async () => {
  let read = 0;
  const answer = await fetch(`http://${at}/v1/scan?size=123456`);
  for await (const chunk of answer.body) read += chunk.length;
  return read;
});
await check("a caller that goes away", "AbortError", async () => {
  const stop = new AbortController();
  const call = fetch(`http://${at}/forms.v1.Forms/Wait`, { method: "POST", body: '{"id":"x"}', signal: stop.signal });
  stop.abort();
  return call.then(() => "answered", (error) => error.name);
});

// An EventSource hears each message once, and the end; then it comes again with the last id, as it always does, and is
// told by 204 to stay away.
await check("events", { heard: [1, 2, 3], ids: ["1", "2", "3"], code: 204 }, () => {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`http://${at}/v1/items/a/events?upto=3`);
    const [heard, ids] = [[], []];
    source.onmessage = (event) => {
      heard.push(JSON.parse(event.data).count);
      ids.push(event.lastEventId);
    };
    source.onerror = (event) => {
      if (source.readyState === EventSource.CLOSED) resolve({ heard, ids, code: event.code });
    };
    setTimeout(() => reject(new Error(`still there: ${heard}`)), 20_000).unref();
  });
});
await check("no events", 404, () => {
  return new Promise((resolve) => {
    const source = new EventSource(`http://${at}/v1/items/nowhere/events`);
    source.onerror = (event) => {
      source.close();
      resolve(event.code);
    };
  });
});

function socket(path, messages, options) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://${at}${path}`, options);
    const heard = [];
    ws.on("open", () => messages.forEach((message) => ws.send(message)));
    ws.on("message", (data, binary) => heard.push(binary ? data.length : JSON.parse(data)));
    ws.on("close", (code) => resolve([code, ...heard]));
    ws.on("error", reject);
    setTimeout(() => reject(new Error(`still open: ${JSON.stringify(heard)}`)), 20_000).unref();
  });
}
const item = (id) => JSON.stringify({ id, count: 1 });
await check("a socket", [1000, "a", "b"], async () => {
  const [code, ...heard] = await socket("/v1/talk", [item("a"), item("b"), ""]);
  return [code, ...heard.map((message) => message.value.id)];
});
await check("a socket that packs", [1000, "a"], async () => {
  const options = { perMessageDeflate: { threshold: 0 } };
  const [code, heard] = await socket("/v1/talk", [item("a"), ""], options);
  return [code, heard.value.id];
});
await check("a socket that fails", [4400, "forms.v1.Full"], async () => {
  const [code, heard] = await socket("/v1/talk", [item("full")]);
  return [code, heard.problem.error];
});
await check("bytes", [1000, 1000, 1000, 500], () => socket("/v1/scan?size=2500", []));

assert.equal(failures.length, 0, failures.join("\n"));
console.log("every form is known to Node");
process.exit(0);
