// Moonstone. Licence: see LICENSE.
// File storage (functions.md 13, 20 #3, 21.20, 21.22): uploads, downloads, links, rows and bytes that
// belong together, and a bucket instead of a directory.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { kAccess, S3Server } from "../files/s3_server.mjs";
import { kRoot, makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kSchema = `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({ notes: defineTable({ text: v.string() }) });
`;
const kFunctions = `
import { action, mutation, query, v } from "./_generated/server";
export const uploadUrl = mutation({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });
export const uploadUrlAndFail = mutation({
  args: {},
  handler: async (ctx) => {
    throw new Error(await ctx.storage.generateUploadUrl());
  },
});
export const url = query({
  args: { id: v.string(), expiresIn: v.optional(v.any()) },
  handler: (ctx, a) =>
    a.expiresIn === undefined
      ? ctx.storage.getUrl(a.id)
      : ctx.storage.getUrl(a.id, { expiresIn: a.expiresIn }),
});
export const metadata = query({
  args: { id: v.string() },
  handler: (ctx, a) => ctx.storage.getMetadata(a.id),
});
export const remove = mutation({
  args: { id: v.string() },
  handler: async (ctx, a) => {
    await ctx.storage.delete(a.id);
    return await ctx.storage.getMetadata(a.id);
  },
});
export const removeAndFail = mutation({
  args: { id: v.string() },
  handler: async (ctx, a) => {
    await ctx.storage.delete(a.id);
    throw new Error("changed my mind");
  },
});
export const members = query({
  args: {},
  handler: async (ctx) => Object.keys(ctx.storage).sort(),
});
export const membersInMutation = mutation({
  args: {},
  handler: async (ctx) => Object.keys(ctx.storage).sort(),
});
export const bad = query({
  args: {},
  handler: (ctx, a: any) => (ctx.storage as any)[a.what](...a.args),
});
export const inAction = action({
  args: { text: v.string(), type: v.string() },
  handler: async (ctx, a): Promise<any> => {
    const id = await ctx.storage.store(new Blob([a.text], { type: a.type }));
    const url = await ctx.storage.getUrl(id);
    const metadata = await ctx.storage.getMetadata(id);
    const upload = await fetch(await ctx.storage.generateUploadUrl(), { method: "PUT", body: "2" });
    const second = (await upload.json()).storageId;
    await ctx.storage.delete(second);
    return { id, url, metadata, second, gone: await ctx.storage.getUrl(second) };
  },
});
export const peek = query({
  args: {},
  handler: async (ctx, a: any) => await (ctx.db as any).query(a.table).collect(),
});
`;
const project = (toml = "") => ({
  "moonstone/schema.ts": kSchema,
  "moonstone/files.ts": kFunctions,
  "moonstone.toml": toml,
});
const kUuid = /^_storage\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

let server;
before(async () => {
  server = await Server.start(
    makeFolder(
      project("[files]\nupload_bytes_max = 70000000\n[limits]\nmessages_per_second = 0\n"),
      "files",
    ),
  );
});
after(() => server?.stop());

async function upload(
  bytes,
  { on = server, method = "PUT", type = "text/plain", prefix = "" } = {},
) {
  const url = await uploadUrl(on, prefix);
  const reply = await fetch(url, {
    method,
    body: bytes,
    headers: type ? { "content-type": type } : {},
  });
  assert.equal(reply.status, 200, await reply.clone().text());
  return (await reply.json()).storageId;
}
async function uploadUrl(on = server, prefix = "") {
  const reply = await on.post(`${prefix}/__admin/run`, { fn: "files:uploadUrl", args: {} });
  return (await reply.json()).result;
}
const download = (id, headers = {}, method = "GET", on = server) =>
  fetch(`${on.url}/storage/${id}`, { headers, method });
const refusal = async (reply) => [reply.status, await reply.json()];

/** Files below the folder of stored ones, without the secret and the stamp. */
function stored(on = server) {
  const folder = path.join(on.root, ".moonstone/data/files");
  const names = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile() && one.name.length === 36);
  const isIncoming = (one) => (one.parentPath ?? one.path).endsWith("incoming");
  return { finished: files.filter((one) => !isIncoming(one)), incoming: files.filter(isIncoming) };
}

// --- uploads ---------------------------------------------------------------------------------
for (const method of ["PUT", "POST"]) {
  test(`upload by ${method}`, async () => {
    const id = await upload("hello", { method });
    assert.match(id, kUuid);
    const metadata = { storageId: id, sha256: sha256("hello"), contentType: "text/plain", size: 5 };
    assert.deepEqual(await server.query("files:metadata", { id }), metadata);
    const reply = await download(id);
    assert.equal(reply.status, 200);
    assert.equal(await reply.text(), "hello");
  });
}
test("the address of an upload", async () => {
  assert.match(
    await uploadUrl(),
    new RegExp(`^${server.url}/storage/upload\\?token=[0-9a-f-]{36}$`),
  );
});
test("a content type is kept as sent, and has a default", async () => {
  const as = async (type) =>
    (await download(await upload("x", { type }))).headers.get("content-type");
  assert.equal(await as("text/plain; charset=utf-8"), "text/plain; charset=utf-8");
  assert.equal(await as("application/x-mine"), "application/x-mine");
  assert.equal(await as(null), "text/plain;charset=UTF-8"); // what fetch says of a text
  const url = new URL(await uploadUrl());
  const request = http.request(url, { method: "PUT" });
  request.end("x");
  const [reply] = await once(request, "response");
  const { storageId } = JSON.parse((await reply.toArray()).join(""));
  const { contentType } = await server.query("files:metadata", { id: storageId });
  assert.equal(contentType, "application/octet-stream");
});
test("an empty file", async () => {
  const id = await upload("");
  assert.equal((await server.query("files:metadata", { id })).size, 0);
  const reply = await download(id);
  assert.equal(reply.headers.get("content-length"), "0");
  assert.equal(await reply.text(), "");
});
test("a missing token", async () => {
  const expected = [400, { error: "Missing upload token" }];
  for (const query of ["", "?", "?token=", "?tok=1"]) {
    const reply = await fetch(`${server.url}/storage/upload${query}`, { method: "PUT", body: "x" });
    assert.deepEqual(await refusal(reply), expected, query);
  }
});
test("an unknown, a used and a rolled-back token", async () => {
  const expected = [403, { error: "Invalid or expired token" }];
  const used = await uploadUrl();
  assert.equal((await fetch(used, { method: "PUT", body: "1" })).status, 200);
  const rolledBack = await server.run("files:uploadUrlAndFail").catch((error) => error.message);
  assert.match(rolledBack, /\/storage\/upload\?token=/);
  const before = stored().finished.length;
  for (const url of [used, rolledBack, `${server.url}/storage/upload?token=nonsense`]) {
    assert.deepEqual(await refusal(await fetch(url, { method: "PUT", body: "x" })), expected);
  }
  assert.equal(stored().finished.length, before);
});
test("a token is of one tenant", async () => {
  const url = (await uploadUrl(server, "/t/other")).replace("/t/other", "");
  assert.equal((await fetch(url, { method: "PUT", body: "x" })).status, 403);
});
test("a file that is too large", async () => {
  const text = "The file is larger than 70000000 bytes, the limit files.upload_bytes_max";
  // Announced: refused without sending it.
  const url = new URL(await uploadUrl());
  const request = http.request(url, { method: "PUT", headers: { "content-length": "70000001" } });
  request.flushHeaders();
  request.on("error", () => {});
  const [reply] = await once(request, "response");
  assert.equal(reply.statusCode, 413);
  assert.deepEqual(JSON.parse((await reply.toArray()).join("")), { error: text });
  request.destroy();
});
test("uploads of many at once are kept apart", async () => {
  const bodies = Array.from({ length: 30 }, (_, i) => randomBytes(50_000 + i));
  const ids = await Promise.all(bodies.map((body) => upload(body)));
  assert.equal(new Set(ids).size, bodies.length);
  for (const [i, id] of ids.entries()) {
    const { sha256: digest, size } = await server.query("files:metadata", { id });
    assert.deepEqual([digest, size], [sha256(bodies[i]), bodies[i].length]);
  }
});
test("a large file takes no memory, and comes back as it was", async () => {
  const resident = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, "utf8"))[1]) *
    1024;
  const piece = randomBytes(1 << 20);
  const digest = createHash("sha256");
  for (let i = 0; i < 60; i++) digest.update(piece);
  const expected = digest.digest("hex");
  const before = resident();
  let most = 0;
  const pieces = (async function* () {
    for (let i = 0; i < 60; i++) {
      most = Math.max(most, resident());
      yield piece;
    }
  })();
  const reply = await fetch(await uploadUrl(), {
    method: "PUT",
    body: ReadableStream.from(pieces),
    duplex: "half",
    headers: { "content-type": "video/mp4" },
  });
  assert.equal(reply.status, 200);
  const id = (await reply.json()).storageId;
  const metadata = await server.query("files:metadata", { id });
  assert.equal(metadata.sha256, expected);
  assert.equal(metadata.size, 60 << 20);
  const back = createHash("sha256");
  for await (const chunk of (await download(id)).body) {
    back.update(chunk);
    most = Math.max(most, resident());
  }
  assert.equal(back.digest("hex"), expected);
  assert.ok(most - before < 30 << 20, `grew by ${(most - before) >> 20} MiB`);
});
test("an upload that breaks off leaves nothing", async () => {
  const before = stored().finished.length;
  const url = new URL(await uploadUrl());
  const request = http.request(url, { method: "PUT", headers: { "content-length": "1000000" } });
  request.on("error", () => {});
  request.write(Buffer.alloc(200_000));
  await until("the first bytes to be stored", () => stored().incoming.length === 1);
  request.destroy();
  await until("the rest to go", () => stored().incoming.length === 0);
  assert.equal(stored().finished.length, before);
  assert.equal(
    (await fetch(url, { method: "PUT", body: "x" })).status,
    403,
    "the token is used up",
  );
});

// --- downloads -------------------------------------------------------------------------------
test("unknown files and other paths", async () => {
  const id = await upload("x");
  for (const name of [
    "_storage/00000000-0000-4000-8000-000000000000",
    "_storage/abc",
    "_storage/",
    "_storage/%2e%2e/secret",
    "_storage/../secret",
    id.toUpperCase(),
    `${id}/x`,
    id.slice(9),
  ]) {
    const reply = await fetch(`${server.url}/storage/${name}`);
    assert.equal(reply.status, 404, name);
    assert.equal(await reply.text(), "Not found", name);
  }
  assert.equal((await download(id, {}, "DELETE")).status, 404);
  assert.equal(await (await download(id)).text(), "x");
});
test("HEAD", async () => {
  const reply = await download(await upload("hello"), {}, "HEAD");
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get("content-length"), "5");
  assert.equal(reply.headers.get("etag"), `"${sha256("hello")}"`);
  assert.equal(await reply.text(), "");
});
test("entity tags", async () => {
  const id = await upload("hello");
  const tag = (await download(id)).headers.get("etag");
  for (const given of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
    const reply = await download(id, { "if-none-match": given });
    assert.equal(reply.status, 304, given);
    assert.equal(reply.headers.get("etag"), tag);
  }
  assert.equal((await download(id, { "if-none-match": '"other"' })).status, 200);
});
const kRanges = [
  ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
  ["bytes=8-", 206, "89", "bytes 8-9/10"],
  ["bytes=-3", 206, "789", "bytes 7-9/10"],
  ["bytes=5-100", 206, "56789", "bytes 5-9/10"],
  ["bytes=10-", 416, "", "bytes */10"],
  ["bytes=0-0,5-5", 200, "0123456789", null],
  ["lines=0-3", 200, "0123456789", null],
  ["bytes=x", 200, "0123456789", null],
];
test("ranges", async () => {
  const id = await upload("0123456789");
  for (const [range, status, text, contentRange] of kRanges) {
    const reply = await download(id, { range });
    assert.equal(reply.status, status, range);
    assert.equal(reply.headers.get("content-range"), contentRange, range);
    assert.equal(reply.headers.get("accept-ranges"), "bytes");
    assert.equal(await reply.text(), text, range);
  }
  const tag = (await download(id)).headers.get("etag");
  assert.equal((await download(id, { range: "bytes=0-3", "if-range": tag })).status, 206);
  assert.equal((await download(id, { range: "bytes=0-3", "if-range": '"other"' })).status, 200);
});
test("what a browser could run is offered for saving", async () => {
  const headersOf = async (type) => (await download(await upload("<b>", { type }))).headers;
  for (const type of [
    "text/html",
    "TEXT/HTML; charset=utf-8",
    "image/svg+xml",
    "text/xml",
    "application/xhtml+xml",
    "text/javascript",
    "application/x-unknown",
    // Several types in one: browsers go by the last.
    "image/png,text/html",
    "image/png;a=b, text/html",
    "video/x+xml",
  ]) {
    const headers = await headersOf(type);
    assert.equal(headers.get("content-disposition"), "attachment", type);
    assert.match(headers.get("content-security-policy"), /sandbox/, type);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("content-type"), type);
  }
  for (const type of ["image/png", "video/mp4", "text/plain", "application/pdf"]) {
    const headers = await headersOf(type);
    assert.equal(headers.get("content-disposition"), null, type);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
  }
});
test("other origins", async () => {
  const id = await upload("x");
  const origin = "https://elsewhere.example";
  for (const where of ["/storage/upload", `/storage/${id}`]) {
    const reply = await fetch(server.url + where, { method: "OPTIONS", headers: { origin } });
    assert.equal(reply.status, 204, where);
    assert.equal(reply.headers.get("access-control-allow-origin"), "*");
    assert.match(reply.headers.get("access-control-allow-methods"), /PUT/);
    assert.match(reply.headers.get("access-control-allow-headers"), /Content-Type/);
  }
  const replies = [
    await download(id, { origin }),
    await download("_storage/abc", { origin }),
    await fetch(`${server.url}/storage/upload`, { method: "PUT", body: "x", headers: { origin } }),
    await fetch(await uploadUrl(), { method: "PUT", body: "x", headers: { origin } }),
  ];
  for (const reply of replies) assert.equal(reply.headers.get("access-control-allow-origin"), "*");
});

// --- functions -------------------------------------------------------------------------------
test("what ctx.storage holds", async () => {
  assert.deepEqual(await server.query("files:members"), ["getMetadata", "getUrl"]);
  assert.deepEqual(await server.run("files:membersInMutation"), [
    "delete",
    "generateUploadUrl",
    "getMetadata",
    "getUrl",
  ]);
});
test("addresses of files", async () => {
  const id = await upload("x");
  assert.equal(await server.query("files:url", { id }), `${server.url}/storage/${id}`);
  for (const unknown of ["", "x", "_storage/", "_storage/00000000-0000-4000-8000-000000000000"]) {
    assert.equal(await server.query("files:url", { id: unknown }), null);
    assert.equal(await server.query("files:metadata", { id: unknown }), null);
    assert.equal(await server.run("files:remove", { id: unknown }), null);
  }
});
test("each caller gets addresses by which it reaches the server", async () => {
  const id = await upload("x");
  const ask = async (host) => {
    const url = new URL(`${server.url}/query`);
    const request = http.request(url, { method: "POST", headers: { host } });
    request.end(JSON.stringify({ fn: "files:url", args: { id } }));
    const [reply] = await once(request, "response");
    return JSON.parse((await reply.toArray()).join("")).result;
  };
  assert.equal(await ask("one.example"), `http://one.example/storage/${id}`);
  assert.equal(await ask("two.example:99"), `http://two.example:99/storage/${id}`);
  const tenant = await upload("y", { prefix: "/t/acme" });
  const reply = await server.post("/t/acme/query", { fn: "files:url", args: { id: tenant } });
  const { result } = await reply.json();
  assert.equal(result, `${server.url}/t/acme/storage/${tenant}`);
  assert.equal(await (await fetch(result)).text(), "y");
  assert.equal((await download(tenant)).status, 404, "files are apart");
});
test("wrong arguments", async () => {
  const fails = (what, ...args) =>
    server.query("files:bad", { what, args }).then(assert.fail, (error) => error.message);
  assert.match(await fails("getUrl"), /^storage\.getUrl\(\): the id must be a text, got undefined/);
  assert.match(await fails("getMetadata", 5), /^storage\.getMetadata\(\): the id must be a text/);
  const id = await upload("x");
  for (const expiresIn of [0, -1, 1.5, 1e9, "5", null]) {
    assert.match(
      await fails("getUrl", id, { expiresIn }),
      /expiresIn is a whole number of seconds/,
    );
  }
  assert.match(
    await fails("getUrl", id, { expires: 5 }),
    /^storage\.getUrl\(\): unknown option "expires"; there is expiresIn/,
  );
  assert.match(await fails("getUrl", id, 5), /the options are an object, got 5/);
});
test("actions store files and do all that mutations do", async () => {
  const { id, url, metadata, second, gone } = await server.run("files:inAction", {
    text: "from an action",
    type: "text/x-mine",
  });
  assert.equal(url, `${server.url}/storage/${id}`);
  assert.deepEqual(metadata, {
    storageId: id,
    sha256: sha256("from an action"),
    contentType: "text/x-mine",
    size: 14,
  });
  assert.equal(await (await fetch(url)).text(), "from an action");
  assert.match(second, kUuid);
  assert.equal(gone, null);
  const untyped = await server.run("files:inAction", { text: "", type: "" });
  assert.equal(untyped.metadata.contentType, "application/octet-stream");
});
test("the tables of files are out of reach of ctx.db", async () => {
  for (const table of ["_storage", "_uploads"]) {
    const error = await server.query("files:peek", { table }).then(assert.fail, (e) => e.message);
    assert.match(error, new RegExp(`^Table "${table}" is not defined in your schema`));
  }
});
test("a deletion takes the bytes with it; one that fails does not", async () => {
  const id = await upload("bytes");
  const file = path.join(
    server.root,
    ".moonstone/data/files",
    id.slice(9, 11),
    id.slice(11, 13),
    id.slice(9),
  );
  assert.ok(existsSync(file));
  await assert.rejects(server.run("files:removeAndFail", { id }), /changed my mind/);
  assert.equal(await (await download(id)).text(), "bytes");
  assert.equal(await server.run("files:remove", { id }), null);
  assert.equal((await download(id)).status, 404);
  assert.equal(await server.query("files:url", { id }), null);
  await until("the bytes to go", () => !existsSync(file));
});
test("live queries follow a file", async () => {
  const socket = await Socket.open(server);
  try {
    const id = await upload("one");
    assert.equal((await socket.query("files:metadata", { id }, "m")).result.size, 3);
    assert.equal(
      (await socket.query("files:url", { id }, "u")).result,
      `${server.url}/storage/${id}`,
    );
    const from = socket.frames.length;
    await server.run("files:remove", { id });
    await socket.waitPush("m", (value) => value === null, from);
    await socket.waitPush("u", (value) => value === null, from);
  } finally {
    await socket.close();
  }
});

// --- links -----------------------------------------------------------------------------------
test("signed links", async () => {
  const id = await upload("x");
  const url = await server.query("files:url", { id, expiresIn: 60 });
  assert.match(url, /\?expires=\d+&signature=[0-9a-f]{64}$/);
  const reply = await fetch(url);
  assert.equal(await reply.text(), "x");
  const cached = Number(/max-age=(\d+)/.exec(reply.headers.get("cache-control"))[1]);
  assert.ok(cached > 0 && cached <= 60, `${cached}`);
  const expected = [403, { error: "Invalid or expired link" }];
  const altered = [
    url.replace(/expires=\d/, "expires=9"),
    url.replace(/signature=./, (text) => text.slice(0, -1) + (text.endsWith("0") ? "1" : "0")),
    url.replace(/&signature=.*/, ""),
    url.replace(id, await upload("y")),
  ];
  for (const wrong of altered) assert.deepEqual(await refusal(await fetch(wrong)), expected, wrong);
  const brief = await server.query("files:url", { id, expiresIn: 1 });
  await until("the link to expire", async () => (await fetch(brief)).status === 403);
});
test("private files", async () => {
  const closed = await Server.start(
    makeFolder(project('[files]\nprivate = true\ninline = "all"\n'), "private"),
  );
  try {
    const id = await upload("<b>", { on: closed, type: "text/html" });
    assert.equal((await download(id, {}, "GET", closed)).status, 403);
    const url = await closed.query("files:url", { id });
    const reply = await fetch(url);
    assert.equal(await reply.text(), "<b>");
    assert.equal(reply.headers.get("content-disposition"), null);
  } finally {
    await closed.stop();
  }
});

// --- crashes, restarts, resets ---------------------------------------------------------------
test("kill -9 in the middle of an upload leaves nothing visible; tokens and files stay", async () => {
  const files = project("[files]\n");
  const root = makeFolder(files, "crash");
  let crashing = await Server.start(root);
  const kept = await upload("kept", { on: crashing });
  const unused = new URL(await uploadUrl(crashing));
  const url = new URL(await uploadUrl(crashing));
  const request = http.request(url, { method: "PUT", headers: { "content-length": "1000000" } });
  request.on("error", () => {});
  request.write(Buffer.alloc(300_000));
  await until("bytes on the disk", () => stored(crashing).incoming.length === 1);
  await crashing.stop("SIGKILL");
  crashing = await Server.start(root);
  try {
    assert.equal(stored(crashing).incoming.length, 0);
    assert.equal(stored(crashing).finished.length, 1);
    assert.equal(await (await download(kept, {}, "GET", crashing)).text(), "kept");
    const reply = await fetch(crashing.url + unused.pathname + unused.search, {
      method: "PUT",
      body: "x",
    });
    assert.equal(reply.status, 200, "a token is good after a restart");
  } finally {
    await crashing.stop();
  }
});
test("reset takes files and tokens", async () => {
  const fresh = await Server.start(makeFolder(project(), "reset"));
  try {
    const id = await upload("x", { on: fresh });
    const unused = await uploadUrl(fresh);
    assert.equal((await fresh.post("/__dev/reset", "")).status, 200);
    assert.equal(await fresh.query("files:metadata", { id }), null);
    assert.equal((await download(id, {}, "GET", fresh)).status, 404);
    assert.equal((await fetch(unused, { method: "PUT", body: "x" })).status, 403);
    assert.equal(stored(fresh).finished.length, 0);
    assert.match(await upload("y", { on: fresh }), kUuid);
  } finally {
    await fresh.stop();
  }
});

// --- buckets ---------------------------------------------------------------------------------
const kBucket = (url) =>
  `[files]\ns3_bucket = "test-bucket"\ns3_endpoint = "${url}"\ns3_region = "${kAccess.region}"\ns3_prefix = "app"\n`;
const kSecrets = {
  MOONSTONE_FILES_S3_ACCESS_KEY: kAccess.key,
  MOONSTONE_FILES_S3_SECRET_KEY: kAccess.secret,
};
test("a bucket instead of a directory", async () => {
  const bucket = await S3Server.start();
  const on = await Server.start(makeFolder(project(kBucket(bucket.url)), "bucket"), {
    env: kSecrets,
  });
  try {
    const small = await upload("small", { on });
    assert.deepEqual([...bucket.objects.keys()], [`test-bucket/app/default/${small.slice(9)}`]);
    assert.equal(await (await download(small, {}, "GET", on)).text(), "small");
    const bytes = randomBytes(20 << 20);
    const large = await upload(bytes, { on });
    assert.equal(bucket.uploads.size, 0);
    const back = Buffer.from(await (await download(large, {}, "GET", on)).arrayBuffer());
    assert.equal(sha256(back), sha256(bytes));
    const part = await download(large, { range: "bytes=9000000-9000009" }, "GET", on);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(9000000, 9000010));
    const other = await upload("other", { on, prefix: "/t/acme" });
    assert.ok(bucket.objects.has(`test-bucket/app/acme/${other.slice(9)}`));
    await on.run("files:remove", { id: large });
    await until("the object to go", () => bucket.objects.size === 2);
    bucket.faults = [{ method: "PUT", times: 2, status: 503 }];
    assert.match(await upload("again", { on }), kUuid);
    bucket.stop();
    const reply = await fetch(await uploadUrl(on), { method: "PUT", body: "x" });
    assert.deepEqual(await refusal(reply), [
      500,
      { error: "The server cannot reach its files; its log says why" },
    ]);
    assert.match(on.text, /cannot reach http:/);
    assert.ok(!on.text.includes(kAccess.secret));
  } finally {
    bucket.stop();
    await on.stop();
  }
});
test("a bucket without its secrets, or with half a configuration, ends the start", async () => {
  for (const [toml, env, expected] of [
    [kBucket("http://127.0.0.1:1"), {}, /MOONSTONE_FILES_S3_ACCESS_KEY/],
    ['[files]\ns3_region = "eu"\n', kSecrets, /files\.s3_bucket/],
    ["[files]\nprivate = 5\n", {}, /files\.private is "5"; expected true or false/],
  ]) {
    await assert.rejects(Server.start(makeFolder(project(toml), "wrong"), { env }), expected);
  }
});

// --- the guide -------------------------------------------------------------------------------
test("the example of the guide", async () => {
  const guide = readFileSync(path.join(kRoot, "docs/guide/files.md"), "utf8");
  const [, code] = /```ts check\n([\s\S]*?)```/.exec(guide);
  const [, browser] = /```js run\n([\s\S]*?)```/.exec(guide);
  const chat = readFileSync(path.join(kRoot, "examples/chat/moonstone/schema.ts"), "utf8");
  const on = await Server.start(
    makeFolder({ "moonstone/schema.ts": chat, "moonstone/photos.ts": code }, "guide"),
  );
  try {
    const sendPhoto = new Function("run", "fetch", `${browser}\nreturn sendPhoto;`)(
      on.run.bind(on),
      fetch,
    );
    await sendPhoto("general", "ann", new File(["picture"], "a.png", { type: "image/png" }));
    const [photo] = await on.query("photos:list", { channel: "general" });
    assert.equal(photo.author, "ann");
    const reply = await fetch(photo.url);
    assert.equal(reply.headers.get("content-type"), "image/png");
    assert.equal(await reply.text(), "picture");
  } finally {
    await on.stop();
  }
});
