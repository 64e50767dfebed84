// Moonstone. Licence: see LICENSE.
// Administration: the functions `_system:*`, the routes under /__admin, metrics and the log.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kKey = "key-of-the-administration-test";
const kProject = {
  "moonstone/schema.ts": `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  tasks: defineTable({ title: v.string(), rank: v.number(), done: v.optional(v.boolean()) })
    .index("by_rank", ["rank"]),
  notes: defineTable({ text: v.string() }),
});
`,
  "moonstone/tasks.ts": `
import { query, mutation, internalQuery } from "./_generated/server";
import { v } from "@moonstone/server";
export const list = query({ args: {}, handler: async (ctx: any) => await ctx.db.query("tasks").collect() });
export const add = mutation({
  args: { title: v.string(), rank: v.number() },
  handler: async (ctx: any, a: any) => {
    console.log("adding", a.title);
    return await ctx.db.insert("tasks", a);
  },
});
export const fail = mutation({
  args: {},
  handler: async () => {
    console.log("before the fall, password=hunter2");
    throw new Error("it fell");
  },
});
export const hidden = internalQuery({ args: {}, handler: async () => 1 });
`,
};

let server;
let ids;
before(async () => {
  server = await Server.start(makeFolder(kProject, "admin"));
  ids = [];
  for (const [title, rank] of [
    ["a", 3],
    ["b", 1],
    ["c", 2],
    ["d'\"", 5],
  ]) {
    ids.push((await admin("tasks:add", { title, rank })).result);
  }
});
after(() => server?.stop());

const admin = async (fn, args = {}) =>
  await (await server.post("/__admin/run", { fn, args })).json();
const get = (route, headers = {}) => fetch(server.url + route, { headers });
const json = async (route) => await (await get(route)).json();

// --- the functions of functions.md, section 14 ----------------------------------------------------
test("getSchema is the SchemaJSON of the project, without tables of the system", async () => {
  const schema = (await admin("_system:getSchema")).result;
  assert.deepEqual(Object.keys(schema.tables).sort(), ["notes", "tasks"]);
  assert.equal(schema.tables.tasks.fields.title.type, "string");
  assert.deepEqual(await json("/__admin/schema"), schema);
});

test("getTableCount counts, and names a table that is not there", async () => {
  assert.equal((await admin("_system:getTableCount", { table: "tasks" })).result, 4);
  for (const table of ["nope", "_jobs", "sqlite_master"]) {
    const refused = await admin("_system:getTableCount", { table });
    assert.equal(refused.error, `Table not found: ${table}`);
  }
});

test("listDocuments: newest first, pages, sorting, filters", async () => {
  const list = async (more) =>
    (await admin("_system:listDocuments", { table: "tasks", ...more })).result;
  const titles = (page) => page.page.map((one) => one.title).join("");
  const all = await list({});
  assert.equal(titles(all), "d'\"cba");
  assert.equal(all.isDone, true);
  assert.equal(all.continueCursor, null);
  assert.deepEqual(Object.keys(all.page[0]).slice(0, 2), ["_id", "_creationTime"]);
  const first = await list({ numItems: 3 });
  assert.equal(titles(first), "d'\"cb");
  assert.equal(first.isDone, false);
  const second = await list({ numItems: 3, cursor: first.continueCursor });
  assert.equal(titles(second), "a");
  assert.equal(second.isDone, true);
  assert.equal(titles(await list({ sort: { field: "rank", direction: "asc" } })), "bcad'\"");
  for (const direction of ["desc", "ASC", undefined]) {
    assert.equal(titles(await list({ sort: { field: "rank", direction } })), "d'\"acb");
  }
  const filter = (field, op, value) => list({ filters: [{ field, op, value }] });
  assert.equal(titles(await filter("rank", "eq", 1)), "b");
  assert.equal(titles(await filter("rank", "neq", 1)), "d'\"ca");
  assert.equal(titles(await filter("rank", "gt", 2)), "d'\"a");
  assert.equal(titles(await filter("rank", "gte", 2)), "d'\"ca");
  assert.equal(titles(await filter("rank", "lt", 2)), "b");
  assert.equal(titles(await filter("rank", "lte", 2)), "cb");
  const both = [
    { field: "rank", op: "gt", value: 1 },
    { field: "title", op: "eq", value: "c" },
  ];
  assert.equal(titles(await list({ filters: both })), "c");
  const wrong = await admin("_system:listDocuments", {
    table: "tasks",
    filters: [{ field: "rank", op: "like", value: 1 }],
  });
  assert.equal(wrong.error, "Invalid filter operator: like");
});

test("getDocument, insertDocument, updateDocument, deleteDocument", async () => {
  const made = await admin("_system:insertDocument", { table: "notes", data: { text: "one" } });
  assert.match(made.result, /^notes:/);
  const id = made.result;
  assert.equal((await admin("_system:getDocument", { id })).result.text, "one");
  assert.deepEqual(await admin("_system:updateDocument", { id, fields: { text: "two" } }), {
    success: true,
  });
  assert.equal((await admin("_system:getDocument", { id })).result.text, "two");
  const wrong = await admin("_system:insertDocument", { table: "notes", data: { text: 5 } });
  assert.equal(wrong.error, "Expected string, got number");
  assert.deepEqual(await admin("_system:deleteDocument", { id }), { success: true });
  assert.equal((await admin("_system:getDocument", { id })).result, null);
  const unknown = await admin("_system:insertDocument", { table: "nope", data: {} });
  assert.equal(unknown.error, "Table not found: nope");
});

test("runSQL reads views of the documents and nothing else", async () => {
  const sql = (query) => admin("_system:runSQL", { query });
  const read = await sql("SELECT title, rank FROM tasks ORDER BY rank");
  assert.deepEqual(read.result.columns, ["title", "rank"]);
  assert.deepEqual(read.result.rows[0], { title: "b", rank: 1 });
  assert.deepEqual((await sql("select _id, _ts from tasks limit 1;")).result.columns, [
    "_id",
    "_ts",
  ]);
  assert.deepEqual((await sql("SELECT * FROM notes")).result, { rows: [], columns: [] });
  assert.equal((await sql("SELECT count(*) AS n FROM tasks")).result.rows[0].n, 4);
  for (const query of ["DELETE FROM tasks", "", "WITH x AS (SELECT 1) SELECT 1", "PRAGMA x"]) {
    assert.equal((await sql(query)).error, "Only SELECT queries are allowed", query);
  }
  assert.equal((await sql("SELECT 1; SELECT 2")).error, "Multiple statements are not allowed");
  for (const query of [
    "SELECT * FROM sqlite_master",
    "SELECT * FROM main.tasks",
    "SELECT * FROM main._jobs",
    "SELECT * FROM _jobs",
    "SELECT load_extension('x')",
    "SELECT * FROM pragma_table_info('tasks')",
    "SELECT nonsense FROM tasks",
    "SELECT zeroblob(100000000)",
  ]) {
    assert.equal((await sql(query)).success, false, query);
  }
  const endless =
    "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n)";
  assert.equal((await sql(endless)).success, false);
  assert.equal((await admin("_system:getTableCount", { table: "tasks" })).result, 4);
});

test("the system's queries are live", async () => {
  const socket = await Socket.open(server);
  const id = "live";
  socket.send({ type: "query", id, fn: "_system:getTableCount", args: { table: "notes" } });
  const first = await socket.wait("the count", (frame) => frame.id === id);
  const made = (await admin("_system:insertDocument", { table: "notes", data: { text: "x" } }))
    .result;
  await socket.wait("the new count", (f) => f.type === "update" && f.result === first.result + 1);
  await admin("_system:deleteDocument", { id: made });
  const inserted = await socket.ask("mutation", "_system:insertDocument", {
    table: "notes",
    data: { text: "y" },
  });
  assert.match(inserted.result, /^notes:/);
  const rows = await socket.ask("action", "_system:runSQL", { query: "SELECT text FROM notes" });
  assert.deepEqual(rows.result.rows, [{ text: "y" }]);
  await admin("_system:deleteDocument", { id: inserted.result });
  const unknown = await socket.ask("query", "_system:nope", {});
  assert.match(unknown.message, /^Function not found: _system:nope/);
});

test("POST /query runs the system's queries, and only those", async () => {
  const reply = await server.post("/query", {
    fn: "_system:getTableCount",
    args: { table: "tasks" },
  });
  assert.deepEqual(await reply.json(), { result: 4 });
  const wrong = await server.post("/query", { fn: "_system:insertDocument", args: {} });
  assert.equal(wrong.status, 400);
});

test("pages of other origins reach none of it", async () => {
  const origin = "https://evil.example";
  for (const route of ["/__admin/tables", "/__admin/logs", "/__admin/metrics", "/metrics"]) {
    assert.equal((await get(route, { origin })).status, 403, route);
    assert.equal((await get(route, { origin: server.url })).status, 200, route);
  }
  const query = { fn: "_system:getSchema", args: {} };
  assert.equal((await server.post("/query", query, { origin })).status, 403);
  const socket = await Socket.open(server, { headers: { origin } });
  assert.equal((await socket.ask("query", "_system:getSchema", {})).code, "forbidden");
  assert.equal((await socket.ask("query", "tasks:list", {})).type, "result");
});

// --- routes ---------------------------------------------------------------------------------------
test("tables, documents, functions, runs, jobs", async () => {
  const tables = await json("/__admin/tables");
  assert.deepEqual(
    tables.map((table) => [table.name, table.documents]),
    [
      ["tasks", 4],
      ["notes", 0],
    ].sort(
      (a, b) => tables.findIndex((t) => t.name === a[0]) - tables.findIndex((t) => t.name === b[0]),
    ),
  );
  const page = await json("/__admin/documents?table=tasks&numItems=2&sort=rank&direction=asc");
  assert.deepEqual(
    page.page.map((one) => one.title),
    ["b", "c"],
  );
  assert.equal((await get("/__admin/documents?table=nope")).status, 404);
  assert.equal((await admin("tasks:fail")).success, false);
  const { functions } = await json("/__admin/functions");
  const named = Object.fromEntries(functions.map((one) => [one.name, one]));
  assert.equal(named["tasks:hidden"].visibility, "internal");
  assert.equal(named["tasks:add"].kind, "mutation");
  assert.equal(named["tasks:add"].runs.count, 4);
  assert.equal(named["tasks:add"].runs.errors, 0);
  assert.ok(named["tasks:add"].runs.p99 >= named["tasks:add"].runs.p50);
  assert.equal(named["tasks:fail"].runs.lastError, "it fell");
  const { runs } = await json("/__admin/runs?function=tasks:fail&limit=1");
  assert.equal(runs.length, 1);
  assert.equal(runs[0].outcome, "error");
  assert.equal(runs[0].error, "it fell");
  for (const path of ["runs?limit=x", "jobs?limit=-1", "documents?table=tasks&numItems=1.5"]) {
    const refused = await get(`/__admin/${path}`);
    assert.equal(refused.status, 400, path);
    assert.match(await refused.text(), /(limit|numItems) is a whole number from 0 on; not /);
  }
  assert.deepEqual((await json("/__admin/jobs")).jobs, []);
  assert.deepEqual((await admin("_system:listJobs")).result.jobs, []);
});

test("metrics, as Prometheus reads them and as JSON", async () => {
  await server.query("tasks:list", {});
  const reply = await get("/metrics");
  assert.match(reply.headers.get("content-type"), /^text\/plain; version=0\.0\.4/);
  const text = await reply.text();
  for (const line of text.trimEnd().split("\n")) {
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? [-+.e0-9]+)$/i);
  }
  for (const part of [
    'moonstone_http_requests_total{route="/query",status="200"}',
    'moonstone_function_run_seconds_count{function="tasks:list",kind="query",outcome="success"}',
    'moonstone_group_commits_total{tenant="default"}',
    'moonstone_subscriptions{tenant="default"}',
    'moonstone_wal_bytes{tenant="default"}',
    "moonstone_connections ",
    "process_resident_memory_bytes ",
  ]) {
    assert.ok(text.includes(part), part);
  }
  const figures = await json("/__admin/metrics");
  assert.equal(figures.moonstone_http_requests_total.type, "counter");
  assert.ok(figures.process_resident_memory_bytes.samples[0].value > 1e6);
});

// --- the log --------------------------------------------------------------------------------------
/** Lines of NDJSON as they come; `wait` resolves with the first that fits. */
async function followLog(route) {
  const stop = new AbortController();
  const reply = await fetch(server.url + route, { signal: stop.signal });
  const lines = [];
  (async () => {
    let rest = "";
    for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + piece).split("\n");
      rest = parts.pop();
      lines.push(...parts.map((part) => JSON.parse(part)));
    }
  })().catch(() => 0);
  return { reply, lines, stop, wait: (what, fits) => until(what, () => lines.find(fits)) };
}

test("console lines and failures come with tenant, function and request; secrets do not", async () => {
  const log = await followLog("/__admin/logs?follow=1&function=tasks:fail&limit=0");
  assert.equal(log.reply.headers.get("content-type"), "application/x-ndjson");
  const reply = await server.post(
    "/__admin/run",
    { fn: "tasks:fail", args: {} },
    { "x-request-id": "request-of-the-test" },
  );
  assert.equal(reply.headers.get("x-request-id"), "request-of-the-test");
  await admin("tasks:add", { title: "not wanted here", rank: 9 }).then((one) =>
    admin("_system:deleteDocument", { id: one.result }),
  );
  const failed = await log.wait("the failure", (line) => line.event === "failed");
  assert.equal(failed.error, "it fell");
  assert.equal(failed.function, "tasks:fail");
  assert.equal(failed.tenant, "default");
  assert.equal(failed.request, "request-of-the-test");
  assert.match(failed.stack, /tasks\.ts:\d+/);
  const console = log.lines.find((line) => line.event === "console");
  assert.equal(console.text, "before the fall, password=[redacted]");
  assert.equal(console.request, "request-of-the-test");
  assert.ok(log.lines.every((line) => line.function === "tasks:fail"));
  log.stop.abort();
});

test("the kept log can be filtered", async () => {
  const lines = async (query) =>
    (await (await get("/__admin/logs?" + query)).text())
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const all = await lines("function=tasks:&limit=1000");
  assert.ok(all.some((line) => line.event === "console" && line.text === "adding a"));
  const warnings = await lines("level=warn");
  assert.ok(
    warnings.length > 0 && warnings.every((l) => l.level === "warn" || l.level === "error"),
  );
  assert.deepEqual(await lines(`since=${Date.now() + 1e6}`), []);
  assert.equal((await lines("function=tasks:add&limit=2")).length, 2);
  assert.equal((await get("/__admin/logs?level=loud")).status, 400);
});

// --- production -----------------------------------------------------------------------------------
test("in production everything needs the key", async () => {
  const one = await Server.start(makeFolder(kProject, "admin-start"), {
    command: "start",
    env: { MOONSTONE_ADMIN_KEY: kKey, MOONSTONE_LOG_FORMAT: "json" },
  });
  const key = { authorization: `Bearer ${kKey}` };
  const routes = ["tables", "schema", "functions", "runs", "jobs", "logs", "metrics"]
    .map((name) => "/__admin/" + name)
    .concat("/metrics");
  for (const route of routes) {
    assert.equal((await fetch(one.url + route)).status, 401, route);
    const wrong = { authorization: "Bearer wrong" };
    assert.equal((await fetch(one.url + route, { headers: wrong })).status, 401, route);
    assert.equal((await fetch(one.url + route, { headers: key })).status, 200, route);
  }
  const query = { fn: "_system:getTableCount", args: { table: "tasks" } };
  assert.equal((await one.post("/query", query)).status, 403);
  assert.deepEqual(await (await one.post("/query", query, key)).json(), { result: 0 });
  const stranger = await Socket.open(one);
  assert.equal((await stranger.ask("query", query.fn, query.args)).code, "forbidden");
  const owner = await Socket.open(one, { headers: key });
  assert.equal((await owner.ask("query", query.fn, query.args)).result, 0);
  assert.equal((await owner.ask("query", "tasks:hidden", {})).type, "error");
  await one.post("/__admin/run", { fn: "tasks:fail", args: {} }, key);
  const line = await until("a JSON line", () =>
    one.err.split("\n").find((text) => text.includes('"event":"console"')),
  );
  const parsed = JSON.parse(line);
  assert.equal(parsed.function, "tasks:fail");
  assert.match(parsed.text, /password=\[redacted\]/);
  assert.ok(parsed.request.length > 0);
  // A follower does not hold the server's end up.
  const follower = await fetch(one.url + "/__admin/logs?follow=1", { headers: key });
  await one.stop();
  await follower.text();
});

test("metrics.public opens /metrics alone", async () => {
  const one = await Server.start(makeFolder(kProject, "admin-public"), {
    command: "start",
    env: { MOONSTONE_METRICS_PUBLIC: "true" },
  });
  assert.equal((await fetch(one.url + "/metrics")).status, 200);
  assert.equal((await fetch(one.url + "/__admin/metrics")).status, 403);
  await one.stop();
});
