// Moonstone. Licence: see LICENSE.
// The worker entry as a gate before every request (functions.md 21.27; the seed's Authentication page).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { json } from "node:stream/consumers";
import WebSocket from "ws";
import { filesOfGuide } from "./lib/guide.mjs";
import { cli, makeFolder, Run, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kProject = {
  "zeroback/schema.ts": `
import { defineSchema, defineTable, v } from "@zeroback/server";
export const schema = defineSchema({ log: defineTable({ text: v.string() }) });
`,
  "zeroback/data.ts": `
import { mutation, query, v } from "./_generated/server";
export const list = query({ args: {}, handler: async (ctx) =>
  (await ctx.db.query("log").collect()).map((row) => row.text) });
export const add = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
  await ctx.db.insert("log", { text });
} });
`,
  "zeroback/http.ts": `
import { httpAction, httpRouter } from "@zeroback/server";
const http = httpRouter();
http.route({ path: "/who", method: "POST", handler: httpAction(async (_ctx, request) =>
  Response.json({ user: request.headers.get("x-user"), body: await request.text(), url: request.url })) });
http.route({ path: "/cookie", method: "GET", handler: httpAction(async (_ctx, request) =>
  new Response("ok", { headers: { "x-back": request.headers.get("cookie") as string } })) });
export default http;
`,
};
// As the seed's page on authentication writes it, with its parts in one file.
const kEntry = `
import { createZerobackDO } from "@zeroback/server/runtime"
import { functions, schema, httpRouter, cronJobsDef } from "../zeroback/_generated/manifest"
export const ZerobackDO = createZerobackDO({ functions, schema, httpRouter, cronJobsDef })
export interface Env { ZEROBACK_DO: DurableObjectNamespace; SECRET: string }
function corsHeaders(origin: string): Record<string, string> {
  return { "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true" }
}
function getDOStub(env: Env, tenantId: string): DurableObjectStub {
  const doId = env.ZEROBACK_DO.idFromName(tenantId)
  return env.ZEROBACK_DO.get(doId)
}
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url)
    const origin = request.headers.get("Origin") ?? ""
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: corsHeaders(origin) })
    if (url.pathname === "/open") return new Response("ok")
    if (url.pathname === "/throws") throw new Error("the gate is broken")
    const user = request.headers.get("Authorization")?.replace("Bearer " + env.SECRET + " ", "")
    if (!user || user.startsWith("Bearer")) {
      return new Response(JSON.stringify({ error: "Not authenticated" }),
        { status: 401, headers: { "Content-Type": "application/json" } })
    }
    const headers = new Headers(request.headers)
    headers.set("x-user", user)
    const response = await getDOStub(env, user).fetch(new Request(request, { headers }))
    const newResponse = new Response(response.body, response)
    for (const [key, value] of Object.entries(corsHeaders(origin))) newResponse.headers.set(key, value)
    return newResponse
  },
}
`;

let server;
before(async () => {
  server = await Server.start(makeFolder({ ...kProject, ".zeroback/entry.ts": kEntry }, "gate"), {
    folder: "zeroback",
    env: { SECRET: "s3" },
  });
});
after(() => server?.stop());
const as = (user) => ({ authorization: `Bearer s3 ${user}` });
const call = (fn, args, headers = {}) => server.post("/query", { fn, args }, headers);

test("what is refused never reaches the server", async () => {
  for (const reply of [
    await call("data:list", {}),
    await server.post("/who", "x"),
    await fetch(server.url + "/storage/_storage/00000000-0000-4000-8000-000000000000"),
    await fetch(server.url + "/t/ann/query", { method: "POST", body: '{"fn":"data:list"}' }),
    await call("data:list", {}, { authorization: "Bearer wrong ann" }),
  ]) {
    assert.equal(reply.status, 401);
    assert.deepEqual(await reply.json(), { error: "Not authenticated" });
  }
});
test("a socket is refused with the gate's answer", async () => {
  await assert.rejects(Socket.open(server), /401/);
  await assert.rejects(Socket.open(server, { headers: { authorization: "Bearer no ann" } }), /401/);
});
test("a socket that passes belongs to the tenant that the gate chose", async () => {
  const ann = await Socket.open(server, { headers: as("ann") });
  const bob = await Socket.open(server, { headers: as("bob") });
  await ann.query("data:list", {}, "list");
  assert.equal((await ann.mutation("data:add", { text: "of ann" })).type, "mutationResult");
  await ann.waitPush("list", (rows) => rows.length === 1);
  assert.deepEqual((await bob.query("data:list")).result, []);
  const reply = await call("data:list", {}, as("ann"));
  assert.deepEqual(await reply.json(), { result: ["of ann"] });
  ann.ws.terminate();
  bob.ws.terminate();
});
test("headers can be added on both ways", async () => {
  const reply = await server.post("/who", "a body", { ...as("ann"), origin: "http://page.test" });
  assert.equal(reply.headers.get("access-control-allow-origin"), "http://page.test");
  assert.deepEqual(await reply.json(), { user: "ann", body: "a body", url: `${server.url}/who` });
});
test("headers may hold any bytes", async () => {
  // As a browser sends the cookie of a page that has set "city=京都".
  const city = Buffer.from("city=京都").toString("latin1");
  const headers = { ...as("ann"), cookie: city };
  const [reply] = await once(http.get(`${server.url}/cookie`, { headers }), "response");
  assert.equal(Buffer.concat(await reply.toArray()).toString(), "ok");
  assert.equal(reply.headers["x-back"], city);
});
test("a large body passes", async () => {
  const text = "b".repeat(3_000_000);
  const reply = await server.post("/who", text, as("ann"));
  assert.equal((await reply.json()).body, text);
});
test("the path cannot choose another tenant than the gate did", async () => {
  await server.run("data:add", { text: "of default" });
  const reply = await server.post("/t/default/query", { fn: "data:list", args: {} }, as("carl"));
  assert.deepEqual(await reply.json(), { result: [] });
});
test("the gate may answer by itself", async () => {
  assert.equal(await (await fetch(server.url + "/open")).text(), "ok");
  assert.equal((await fetch(server.url + "/query", { method: "OPTIONS" })).status, 204);
});
test("a gate that throws lets nothing through", async () => {
  const reply = await fetch(server.url + "/throws", { headers: as("ann") });
  assert.equal(reply.status, 500);
  assert.deepEqual(await reply.json(), { error: "the gate is broken" });
});
test("health and administration do not go through it", async () => {
  assert.equal((await fetch(server.url + "/health")).status, 200);
  assert.ok(Array.isArray(await server.run("data:list")));
});

const kHandlers = [
  ["workerHandler", "workerHandler"],
  ["createWorkerHandler", "createWorkerHandler()"],
];
for (const [name, expression] of kHandlers) {
  test(`the entry of init (${name}) is not run`, async () => {
    const entry = `import { createZerobackDO, ${name} } from "@zeroback/server/runtime"
import { functions, schema, httpRouter, cronJobsDef } from "../zeroback/_generated/manifest"

export const ZerobackDO = createZerobackDO({ functions, schema, httpRouter, cronJobsDef })
export default ${expression}
`;
    const project = { ...kProject, ".zeroback/entry.ts": entry };
    delete project["zeroback/http.ts"];
    const plain = await Server.start(makeFolder(project, "gate-plain"), {
      folder: "zeroback",
      env: { MOONSTONE_ACTIONS_NODE: "/nonexistent/node" },
    });
    assert.deepEqual(await plain.query("data:list"), []);
    await plain.stop();
  });
}
test("createWorkerHandler with CORS takes the tenant from the path and answers preflights", async () => {
  const entry = `import { createWorkerHandler } from "@moonstone/server/runtime";
export default createWorkerHandler({ cors: { origin: ["http://a.test", "http://b.test"] } });
`;
  const cors = await Server.start(
    makeFolder({ ...kProject, ".moonstone/entry.ts": entry }, "gate-cors"),
    {
      folder: "zeroback",
    },
  );
  const ask = (route, origin, method = "POST") =>
    fetch(cors.url + route, {
      method,
      headers: { origin },
      body: method === "POST" ? '{"fn":"data:list"}' : undefined,
    });
  const allowed = await ask("/query", "http://b.test");
  assert.equal(allowed.headers.get("access-control-allow-origin"), "http://b.test");
  assert.equal(allowed.headers.get("vary"), "Origin");
  assert.deepEqual(await allowed.json(), { result: [] });
  assert.equal(
    (await ask("/query", "http://c.test")).headers.get("access-control-allow-origin"),
    null,
  );
  const preflight = await ask("/query", "http://a.test", "OPTIONS");
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-max-age"), "86400");
  const tenant = await Socket.open({ url: cors.url + "/t/acme" });
  assert.equal((await tenant.mutation("data:add", { text: "of acme" })).type, "mutationResult");
  assert.deepEqual(await (await ask("/t/acme/query", "http://a.test")).json(), {
    result: ["of acme"],
  });
  assert.deepEqual(await (await ask("/query", "http://a.test")).json(), { result: [] });
  tenant.ws.terminate();
  await cors.stop();
});
test("createWorkerHandler leads to the tenant that the host names", async () => {
  const entry = `import { createWorkerHandler } from "@moonstone/server/runtime";
export default createWorkerHandler({ cors: { origin: "*" } });
`;
  const toml = '[tenants]\ndomain = "apps.test"\n';
  const files = { ...kProject, ".moonstone/entry.ts": entry, "moonstone.toml": toml };
  const hosts = await Server.start(makeFolder(files, "gate-hosts"), { folder: "zeroback" });
  const ask = (route, host) =>
    new Promise((resolve, reject) => {
      const request = http.request(hosts.url + route, { method: "POST", headers: { host } });
      request.on("error", reject);
      request.on("response", (answer) => json(answer).then(resolve, reject));
      request.end('{"fn":"data:list"}');
    });
  const url = hosts.url.replace("http", "ws") + "/ws";
  const socket = new WebSocket(url, { headers: { host: "acme.apps.test" } });
  await once(socket, "open");
  const args = { text: "of acme" };
  socket.send(JSON.stringify({ type: "mutation", id: 1, fn: "data:add", args }));
  const [answer] = await once(socket, "message");
  assert.deepEqual(JSON.parse(answer), { type: "mutationResult", id: 1 });
  socket.terminate();
  const ofAcme = { result: ["of acme"] };
  assert.deepEqual(await ask("/query", "acme.apps.test"), ofAcme);
  assert.deepEqual(await ask("/t/acme/query", "other.apps.test"), ofAcme); // the path goes first
  for (const host of ["apps.test", "other.apps.test", "localhost"])
    assert.deepEqual(await ask("/query", host), { result: [] });
  await hosts.stop();
});
const kBroken = [
  ["has no fetch", "export default {};", /must have a default export with a fetch function/],
  ["throws", 'throw new Error("no gate today");', /no gate today/],
  [
    "imports nothing that exists",
    'import "no-such-package-here"; export default { fetch() {} };',
    /no-such-package-here/,
  ],
];
for (const [what, entry, message] of kBroken) {
  test(`an entry that ${what} stops the start`, async () => {
    const root = makeFolder({ ...kProject, ".zeroback/entry.ts": entry }, "gate-broken");
    const started = await cli(["start", "zeroback", "--port", "0"], { cwd: root });
    assert.notEqual(started.code, 0);
    assert.match(started.text, message);
  });
}
test("an entry without Node stops the start", async () => {
  const root = makeFolder({ ...kProject, ".zeroback/entry.ts": kEntry }, "gate-no-node");
  const started = await cli(["start", "zeroback", "--port", "0"], {
    cwd: root,
    env: { MOONSTONE_ACTIONS_NODE: "/nonexistent/node" },
  });
  assert.notEqual(started.code, 0);
  assert.match(started.text, /the worker entry \.zeroback\/entry\.ts decides about every request/);
  // In development it waits for better times and serves nothing.
  const waiting = new Run(["dev", "zeroback", "--port", "0"], {
    cwd: root,
    env: { MOONSTONE_ACTIONS_NODE: "/nonexistent/node" },
  });
  await until("the message", () => /Nothing is served yet/.test(waiting.text));
  waiting.child.kill("SIGTERM");
  await waiting.finished();
});
test("the guide's gate runs", async () => {
  const guide = await Server.start(makeFolder(filesOfGuide("http.md"), "gate-guide"), {
    env: { APP_TOKEN: "t0k" },
  });
  assert.equal(await (await fetch(guide.url + "/status")).text(), "open");
  assert.equal((await fetch(guide.url + "/notes/x")).status, 401);
  const headers = { authorization: "Bearer t0k" };
  assert.equal((await guide.post("/notes", { text: "a note" }, headers)).status, 201);
  assert.equal((await fetch(guide.url + "/notes/note", { headers })).status, 200);
  await guide.stop();
});
