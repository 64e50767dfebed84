// Moonstone. Licence: see LICENSE.
// HTTP routes of the project (functions.md section 11; docs/guide/http.md).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { request as open } from "node:http";
import { filesOfGuide } from "./lib/guide.mjs";
import { cli, makeFolder, Server, until } from "./lib/server.mjs";

const kFiles = {
  "moonstone/schema.ts": `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({ log: defineTable({ text: v.string() }) });
`,
  "moonstone/data.ts": `
import { mutation, query, v } from "./_generated/server";
export const list = query({ args: {}, handler: async (ctx) =>
  (await ctx.db.query("log").collect()).map((row) => row.text) });
export const add = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
  await ctx.db.insert("log", { text });
} });
`,
  // Any name will do for a router.
  "moonstone/routes.ts": `
import { httpAction, httpRouter } from "@moonstone/server";
import { api } from "./_generated/api";
const http = httpRouter();
const says = (text: string) => httpAction(async () => new Response(text));
for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]) {
  http.route({ path: "/echo", method, handler: httpAction(async (ctx, request) => {
    if (request.method === "HEAD") return new Response(null, { headers: { "x-head": "yes" } });
    return Response.json({ method: request.method, url: request.url,
      headers: Object.fromEntries(request.headers), body: await request.text(), now: typeof ctx.now });
  }) });
}
http.route({ path: "/first", method: "GET", handler: says("first") });
http.route({ path: "/first", method: "GET", handler: says("second") });
http.route({ path: "/p/exact", method: "GET", handler: says("exact") });
http.route({ path: "/health", method: "GET", handler: says("mine") });
http.route({ path: "/query", method: "POST", handler: says("mine") });
http.routeWithPrefix({ pathPrefix: "/p/", method: "GET", handler: says("short") });
http.routeWithPrefix({ pathPrefix: "/p/long/", method: "GET", handler: says("long") });
http.route({ path: "/fails", method: "GET", handler: httpAction(async () => { throw new Error("broken"); }) });
http.route({ path: "/nothing", method: "GET", handler: httpAction(async () => undefined as any) });
http.route({ path: "/cookies", method: "GET", handler: httpAction(async () => new Response(null, { status: 204,
  headers: [["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"], ["Location", "/x"]] })) });
http.route({ path: "/bytes", method: "POST", handler: httpAction(async (_ctx, request) =>
  new Response(request.body, { headers: { "content-type": "application/x-own" } })) });
http.route({ path: "/count", method: "POST", handler: httpAction(async (_ctx, request) => {
  let bytes = 0;
  for await (const piece of request.body as any) bytes += piece.length;
  return new Response(String(bytes));
}) });
http.route({ path: "/ticks", method: "GET", handler: httpAction(async (ctx) => {
  let n = 0;
  return new Response(new ReadableStream({
    async pull(controller) {
      controller.enqueue(new TextEncoder().encode("tick " + n++ + "\\n"));
      await new Promise((done) => setTimeout(done, 5));
    },
    async cancel() { await ctx.runMutation(api.data.add, { text: "cancelled" }).catch(() => {}); console.log("ticks ended"); },
  }));
}) });
http.route({ path: "/hangs", method: "GET", handler: httpAction(async (ctx) => {
  await new Promise((done) => ctx.signal.addEventListener("abort", done));
  console.log("hangs was left");
  return new Response();
}) });
http.route({ path: "/add", method: "POST", handler: httpAction(async (ctx, request) => {
  await ctx.runMutation(api.data.add, await request.json());
  return Response.json(await ctx.runQuery(api.data.list));
}) });
export default http;
`,
};

let server;
before(async () => {
  server = await Server.start(makeFolder(kFiles, "http"));
});
after(() => server?.stop());
const get = (route, options) => fetch(server.url + route, options);

for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
  test(`${method} arrives as it was sent`, async () => {
    const body = method === "GET" ? undefined : "a body of é";
    const reply = await get("/echo?a=1&b=%20x", {
      method,
      body,
      headers: { "X-Own": "v", cookie: "c=1" },
    });
    assert.equal(reply.status, 200);
    const seen = await reply.json();
    assert.equal(seen.method, method);
    assert.equal(seen.url, `${server.url}/echo?a=1&b=%20x`);
    assert.equal(seen.headers["x-own"], "v");
    assert.equal(seen.headers.cookie, "c=1");
    assert.equal(seen.body, body ?? "");
    assert.equal(seen.now, "number");
  });
}
test("HEAD has a route of its own", async () => {
  const reply = await get("/echo", { method: "HEAD" });
  assert.equal(reply.headers.get("x-head"), "yes");
  assert.equal((await get("/first", { method: "HEAD" })).status, 404);
});
const kFound = [
  ["/first", "first"],
  ["/p/exact", "exact"],
  ["/p/other", "short"],
  ["/p/long/x", "short"],
];
for (const [route, text] of kFound) {
  test(`${route} is ${text}`, async () => assert.equal(await (await get(route)).text(), text));
}
for (const route of ["/first/", "/First", "/p", "/nope", "/", "/echo/x"]) {
  test(`${route} is not found`, async () => {
    const reply = await get(route);
    assert.equal(reply.status, 404);
    assert.equal(await reply.text(), "Not found");
  });
}
test("a method without a route is not found", async () => {
  assert.equal((await get("/first", { method: "POST", body: "x" })).status, 404);
});
test("the server's own paths win", async () => {
  assert.equal(await (await get("/health")).text(), "OK");
  assert.equal((await server.post("/query", { fn: "data:list" })).status, 200);
});
test("an exception is 500 with its message", async () => {
  const reply = await get("/fails");
  assert.equal(reply.status, 500);
  assert.equal(reply.headers.get("content-type"), "application/json");
  assert.deepEqual(await reply.json(), { error: "broken" });
  await until("the log", () => /GET \/fails: broken[\s\S]*routes\.ts:\d+/.test(server.text));
});
test("something else than a Response is 500", async () => {
  const reply = await get("/nothing");
  assert.equal(reply.status, 500);
  assert.match((await reply.json()).error, /the handler of GET \/nothing must return a Response/);
});
test("several cookies stay several", async () => {
  const reply = await get("/cookies");
  assert.equal(reply.status, 204);
  assert.deepEqual(reply.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(reply.headers.get("location"), "/x");
});
test("large bodies stream both ways", async () => {
  const bytes = new Uint8Array(20 * 1024 * 1024).map((_, i) => i * 7);
  const reply = await get("/bytes", { method: "POST", body: bytes });
  assert.equal(reply.headers.get("content-type"), "application/x-own");
  assert.deepEqual(Buffer.compare(new Uint8Array(await reply.arrayBuffer()), bytes), 0);
  const counted = await get("/count", { method: "POST", body: bytes });
  assert.equal(await counted.text(), String(bytes.length));
});
test("a stream arrives piece by piece, and hears of a reader that leaves", async () => {
  const abort = new AbortController();
  const reply = await get("/ticks", { signal: abort.signal });
  const reader = reply.body.getReader();
  const { value } = await reader.read();
  assert.match(new TextDecoder().decode(value), /^tick 0\n/);
  abort.abort();
  await until("the end of the stream", () => server.text.includes("ticks ended"));
});
test("a caller that leaves before the answer aborts the signal", async () => {
  const left = open(server.url + "/hangs");
  left.on("error", () => {});
  left.end();
  await until("the request to run", async () => {
    await new Promise((done) => setTimeout(done, 50));
    return true;
  });
  left.destroy();
  await until("the abort", () => server.text.includes("hangs was left"));
});
test("routes work behind a tenant's prefix, on its own data", async () => {
  const add = async (prefix, text) => {
    const reply = await server.post(prefix + "/add", { text });
    assert.equal(reply.status, 200);
    return reply.json();
  };
  assert.deepEqual(await add("/t/acme", "of acme"), ["of acme"]);
  assert.equal((await add("", "of default")).includes("of acme"), false);
  const { url } = await (await get("/t/acme/echo?x")).json();
  assert.equal(url, `${server.url}/echo?x`);
});
test("many requests at once", async () => {
  const replies = await Promise.all(
    Array.from({ length: 100 }, (_, i) => get(`/echo?i=${i}`).then((reply) => reply.json())),
  );
  replies.forEach((seen, i) => assert.equal(seen.url, `${server.url}/echo?i=${i}`));
});
test("two routers are a build error that names both", async () => {
  const router = 'import { httpRouter } from "@moonstone/server";\nexport default httpRouter();\n';
  const root = makeFolder({ "moonstone/http.ts": router, "moonstone/more.ts": router }, "http-two");
  const built = await cli(["codegen", "moonstone"], { cwd: root });
  assert.notEqual(built.code, 0);
  assert.match(built.text, /more than one file has a router as its default export: http, more/);
});
test("the guide's examples run", async () => {
  const files = filesOfGuide("http.md");
  delete files[".moonstone/entry.ts"];
  const guide = await Server.start(makeFolder(files, "http-guide"));
  const made = await guide.post("/notes", { text: "a first note" });
  assert.equal(made.status, 201);
  const found = await fetch(guide.url + "/notes/first");
  assert.equal(found.headers.get("cache-control"), "no-store");
  assert.equal((await found.json())[0].text, "a first note");
  assert.equal((await fetch(guide.url + "/notes/second")).status, 404);
  await guide.stop();
});
