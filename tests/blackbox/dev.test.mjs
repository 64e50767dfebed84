// Moonstone. Licence: see LICENSE.
// `moonstone dev` while files change: schema changes, hot swaps, broken files (functions.md 16,
// 21.8; the foundation issue, points 3 and 9), kill -9 and signals.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { rmSync, existsSync } from "node:fs";
import path from "node:path";
import { makeFolder, Server, until, writeFiles, cli } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kFunctions = `
import { query, mutation } from "./_generated/server";
import { v } from "@moonstone/server";
export const list = query({ args: {}, handler: async (ctx: any) => await ctx.db.query("notes").collect() });
export const version = query({ args: {}, handler: async () => 1 });
export const add = mutation({
  args: { doc: v.any(), table: v.optional(v.string()) },
  handler: async (ctx: any, a: any) => await ctx.db.insert(a.table ?? "notes", a.doc),
});
export const untouched = query({ args: {}, handler: async (ctx: any) => ({ n: (await ctx.db.query("other").collect()).length, run: Math.random() }) });
`;
const schema = (tables) => `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({ ${tables}, other: defineTable({ x: v.number() }) });
`;
const kNotes = "notes: defineTable({ text: v.string(), rank: v.optional(v.number()) })";
const base = () => ({ "moonstone/schema.ts": schema(kNotes), "moonstone/notes.ts": kFunctions });
const edit = (server, name, text) => writeFiles(server.root, { [`moonstone/${name}`]: text });
/** Waits until the server's output after `from` matches. */
const said = (server, pattern, from) =>
  until(`${pattern} in the output`, () => pattern.exec(server.text.slice(from))).catch((error) => {
    throw new Error(`${error.message}; output: ${server.text.slice(from).slice(-1500)}`);
  });
const versionIs = (server, n) =>
  until(`version ${n}; output: ${server.text.slice(-800)}`, () =>
    server.query("notes:version").then(
      (x) => x === n,
      () => false,
    ),
  );
const bump = (n) => kFunctions.replace("async () => 1", `async () => ${n}`);

let server;
let socket;
before(async () => {
  server = await Server.start(makeFolder(base(), "dev"));
  socket = await Socket.open(server);
});
after(async () => {
  socket?.ws.terminate();
  await server?.stop();
});

test("dev: the generated files exist", () => {
  for (const name of ["api", "server", "dataModel", "manifest"])
    assert.ok(existsSync(path.join(server.root, `moonstone/_generated/${name}.ts`)), name);
  assert.ok(existsSync(path.join(server.root, ".moonstone")));
});
test("dev: functions are swapped while subscriptions live on", async () => {
  assert.equal((await socket.query("notes:version", {}, "v")).result, 1);
  await socket.query("notes:list", {}, "l");
  await socket.query("notes:untouched", {}, "u");
  edit(server, "notes.ts", bump(2));
  await versionIs(server, 2);
  assert.equal((await socket.waitPush("v"))[1], 2);
  await socket.mutation("notes:add", { doc: { text: "after the swap" } });
  assert.equal(
    socket
      .pushes()
      .filter(([id]) => id === "l")
      .at(-1)[1].length,
    1,
  );
  assert.equal(
    socket.frames.some((frame) => frame.type === "reset"),
    false,
  );
  assert.equal(socket.closed, undefined);
});
test("dev: a broken file is named and the last good version keeps running", async () => {
  const from = server.text.length;
  edit(server, "notes.ts", bump(3) + "\nexport const = ;\n");
  await said(server, /notes\.ts/, from);
  assert.equal(await server.query("notes:version"), 2);
  assert.equal(server.exit, undefined);
  edit(server, "notes.ts", bump(4));
  await versionIs(server, 4);
  await socket.waitPush("v", (n) => n === 4);
});
test("dev: a module that throws while loading is named and the last good version keeps running", async () => {
  const from = server.text.length;
  edit(server, "late.ts", 'throw new Error("at the top level");\n');
  await said(server, /at the top level/, from);
  assert.equal(await server.query("notes:version"), 4);
  rmSync(path.join(server.root, "moonstone/late.ts"));
});
test("dev: a module that never ends while loading is stopped", async () => {
  const from = server.text.length;
  edit(server, "endless.ts", "for (;;) {}\n");
  await until("a message", () => /endless|time|long/i.test(server.text.slice(from)));
  assert.equal(await server.query("notes:version"), 4);
  rmSync(path.join(server.root, "moonstone/endless.ts"));
  edit(server, "notes.ts", bump(5));
  await versionIs(server, 5);
});
test("dev: an import that does not exist is named", async () => {
  const from = server.text.length;
  edit(server, "bad.ts", 'import { x } from "./nowhere";\nexport const y = x;\n');
  await said(server, /nowhere/, from);
  assert.equal(await server.query("notes:version"), 5);
  rmSync(path.join(server.root, "moonstone/bad.ts"));
});
test("dev: a new module appears and a removed one goes", async () => {
  edit(
    server,
    "fresh.ts",
    'import { query } from "./_generated/server";\nexport const f = query({ args: {}, handler: async () => "fresh" });\n',
  );
  await until("fresh:f", () =>
    server.query("fresh:f").then(
      (x) => x === "fresh",
      () => false,
    ),
  );
  rmSync(path.join(server.root, "moonstone/fresh.ts"));
  await until("the end of fresh:f", () =>
    server.query("fresh:f").then(
      () => false,
      (error) => error.status === 404,
    ),
  );
});
test("dev: a new optional field, index and table are live", async () => {
  const more =
    'notes: defineTable({ text: v.string(), rank: v.optional(v.number()), mark: v.optional(v.string()) }).index("by_text", ["text"]), added: defineTable({ y: v.string() })';
  edit(server, "schema.ts", schema(more));
  edit(
    server,
    "notes.ts",
    bump(6) +
      `\nexport const byText = query({ args: {}, handler: async (ctx: any, a: any) => (await ctx.db.query("notes").withIndex("by_text", (q: any) => q.eq("text", a.text)).collect()).length });\n`,
  );
  await versionIs(server, 6);
  await until("the new table", () =>
    server.run("notes:add", { table: "added", doc: { y: "1" } }).then(
      () => true,
      () => false,
    ),
  );
  await until("the new field", () =>
    server.run("notes:add", { doc: { text: "marked", mark: "m" } }).then(
      () => true,
      () => false,
    ),
  );
  assert.equal(await server.query("notes:byText", { text: "marked" }), 1);
  assert.equal(await server.query("notes:byText", { text: "after the swap" }), 1);
  await socket.waitPush("l", (rows) => rows.some((row) => row.mark === "m"));
  assert.equal(socket.closed, undefined);
});
const kViolations = [
  [
    "a new required field on a table with rows",
    'notes: defineTable({ text: v.string(), rank: v.optional(v.number()), mark: v.optional(v.string()), must: v.string() }).index("by_text", ["text"]), added: defineTable({ y: v.string() })',
    "must",
  ],
  [
    "a changed type",
    "notes: defineTable({ text: v.number(), rank: v.optional(v.number()), mark: v.optional(v.string()) }), added: defineTable({ y: v.string() })",
    "text",
  ],
  [
    "an optional field made required",
    'notes: defineTable({ text: v.string(), rank: v.optional(v.number()), mark: v.string() }).index("by_text", ["text"]), added: defineTable({ y: v.string() })',
    "mark",
  ],
  [
    "a narrower union",
    'notes: defineTable({ text: v.union(v.literal("marked"), v.literal("z")), rank: v.optional(v.number()), mark: v.optional(v.string()) }).index("by_text", ["text"]), added: defineTable({ y: v.string() })',
    "text",
  ],
];
for (const [label, tables, field] of kViolations) {
  test(`dev: ${label} is refused with table, field and ids; the old version keeps running`, async () => {
    const rows = await server.query("notes:list");
    const from = server.text.length;
    edit(server, "schema.ts", schema(tables));
    await said(server, /notes:[0-9A-Z]{26}/, from);
    const text = server.text.slice(from);
    assert.match(text, /notes/);
    assert.match(text, new RegExp(`\\b${field}\\b`));
    assert.ok(
      rows.some((row) => text.includes(row._id)),
      "an offending id",
    );
    assert.deepEqual(await server.query("notes:list"), rows);
    await server.run("notes:add", { doc: { text: `still ${field}` } });
    assert.equal(socket.closed, undefined);
  });
}
test("dev: a removed field with data and a removed table need --accept-data-loss", async () => {
  for (const tables of [
    'notes: defineTable({ text: v.string(), rank: v.optional(v.number()) }).index("by_text", ["text"]), added: defineTable({ y: v.string() })',
    'notes: defineTable({ text: v.string(), rank: v.optional(v.number()), mark: v.optional(v.string()) }).index("by_text", ["text"])',
  ]) {
    const from = server.text.length;
    edit(server, "schema.ts", schema(tables));
    await said(server, /--accept-data-loss/, from);
    assert.ok((await server.query("notes:list")).some((row) => row.mark === "m"));
    await server.run("notes:add", { table: "added", doc: { y: "still there" } });
  }
});
test("dev: with the flag the loss is accepted at the start, and only then", async () => {
  await server.stop();
  socket.ws.terminate();
  const refused = new Server(["dev", "moonstone", "--port", "0"], { cwd: server.root });
  await said(refused, /--accept-data-loss/, 0);
  await refused.stop();
  server = await Server.start(server.root, { args: ["--accept-data-loss"] });
  const error = await server
    .run("notes:add", { table: "added", doc: { y: "gone" } })
    .catch((e) => e);
  assert.match(error.message, /^Table "added" is not defined in your schema/);
  assert.ok((await server.query("notes:list")).length > 2);
  await server.stop();
  server = await Server.start(server.root);
  assert.ok((await server.query("notes:list")).some((row) => row.mark === "m"));
  socket = await Socket.open(server);
});

// --- processes --------------------------------------------------------------------------------
test("SIGTERM and SIGINT end with 0, close sockets with a code, and data stays", async () => {
  const root = makeFolder(base(), "signals");
  let one = await Server.start(root);
  const client = await Socket.open(one);
  await client.mutation("notes:add", { doc: { text: "kept" } });
  const ended = await one.stop("SIGTERM");
  assert.deepEqual([ended.code, ended.signal], [0, null]);
  const closed = await client.waitClosed();
  assert.ok([1001, 1012, 1000].includes(closed.code), `${closed.code}`);
  one = await Server.start(root);
  assert.deepEqual(
    (await one.query("notes:list")).map((row) => row.text),
    ["kept"],
  );
  const again = await one.stop("SIGINT");
  assert.deepEqual([again.code, again.signal], [0, null]);
});
test("a second process on the same data is refused", async () => {
  const root = makeFolder(base(), "second");
  const one = await Server.start(root);
  const two = await cli(["dev", "moonstone", "--port", "0"], { cwd: root });
  assert.notEqual(two.code, 0);
  assert.ok(two.text.length > 0);
  assert.equal(await one.query("notes:version"), 1);
  await one.stop();
});
test("a taken port is an error that names it", async () => {
  const one = await Server.start(makeFolder(base(), "port"));
  const result = await cli(["dev", "moonstone", "--port", String(one.port)], {
    cwd: makeFolder(base(), "port2"),
  });
  assert.notEqual(result.code, 0);
  assert.match(result.text, new RegExp(`${one.port}`));
  await one.stop();
});
test(
  "kill -9 in a write loop loses no acknowledged write and keeps order and ids unique",
  { timeout: 120_000 },
  async () => {
    const root = makeFolder(base(), "kill");
    const acknowledged = [];
    for (let round = 0; round < 3; round++) {
      const one = await Server.start(root, { env: { MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0" } });
      const found = await one.query("notes:list");
      const stored = new Map(found.map((row) => [row._id, row.text]));
      assert.equal(stored.size, found.length);
      for (const [id, text] of acknowledged) assert.equal(stored.get(id), text);
      const client = await Socket.open(one);
      const sent = new Map();
      let n = 0;
      const want = acknowledged.length + 150;
      while (acknowledged.length < want && !client.closed) {
        for (let i = 0; i < 10; i++) {
          const id = `${round}-${n++}`;
          sent.set(id, id);
          client.send({ type: "mutation", id, fn: "notes:add", args: { doc: { text: id } } });
        }
        const seen = client.taken ?? 0;
        await until("answers", () => client.frames.length > seen || client.closed);
        client.taken = client.frames.length;
        for (const reply of client.frames.slice(seen))
          if (reply.type === "mutationResult") acknowledged.push([reply.result, reply.id]);
      }
      one.child.kill("SIGKILL");
      await one.finished();
      for (const reply of client.frames.slice(client.taken))
        if (reply.type === "mutationResult") acknowledged.push([reply.result, reply.id]);
      client.ws.terminate();
    }
    const last = await Server.start(root);
    const rows = await last.query("notes:list");
    const stored = new Map(rows.map((row) => [row._id, row.text]));
    for (const [id, text] of acknowledged) assert.equal(stored.get(id), text);
    assert.equal(new Set(rows.map((row) => row.text)).size, rows.length, "none twice");
    assert.deepEqual(
      rows.map((row) => row._id),
      rows.map((row) => row._id).sort(),
    );
    await last.stop();
  },
);
test("a zeroback folder runs unchanged without node_modules", async () => {
  const root = makeFolder(
    {
      "zeroback/schema.ts": `import { defineSchema, defineTable, v } from "@zeroback/server";
export const schema = defineSchema({
  projects: defineTable({ name: v.string() }),
  tasks: defineTable({ title: v.string(), description: v.optional(v.string()), status: v.string(), projectId: v.string(), labels: v.optional(v.array(v.string())) })
    .index("by_project", ["projectId"])
    .index("by_project_status", ["projectId", "status"]),
});
`,
      "zeroback/tasks.ts": `import { query, mutation, internalQuery } from "./_generated/server";
import { v } from "@zeroback/server";
export const listByProject = query({
  args: { projectId: v.string() },
  handler: async (ctx, args) => await ctx.db.query("tasks").withIndex("by_project", (q) => q.eq("projectId", args.projectId)).order("desc").take(100),
});
export const create = mutation({
  args: { title: v.string(), status: v.string(), projectId: v.string() },
  handler: async (ctx, args) => await ctx.db.insert("tasks", args),
});
export const countByProject = internalQuery({
  args: { projectId: v.string() },
  returns: v.number(),
  handler: async (ctx, args) => (await ctx.db.query("tasks").withIndex("by_project", (q) => q.eq("projectId", args.projectId)).collect()).length,
});
`,
      "zeroback/utils/stats.ts": `import { query } from "../_generated/server";\nimport { v } from "@zeroback/server";
export const taskStats = query({ args: { projectId: v.string() }, handler: async (ctx, args) => ({ open: (await ctx.db.query("tasks").withIndex("by_project_status", (q) => q.eq("projectId", args.projectId).eq("status", "open")).collect()).length }) });
`,
    },
    "zeroback",
  );
  const one = await Server.start(root, { folder: "zeroback" });
  const client = await Socket.open(one);
  await client.query("tasks:listByProject", { projectId: "p" }, "l");
  await client.mutation("tasks:create", { title: "a", status: "open", projectId: "p" });
  await client.mutation("tasks:create", { title: "b", status: "done", projectId: "p" });
  assert.deepEqual(
    client
      .pushes()
      .at(-1)[1]
      .map((row) => row.title),
    ["b", "a"],
  );
  assert.deepEqual(await one.query("utils/stats:taskStats", { projectId: "p" }), { open: 1 });
  assert.equal(await one.run("tasks:countByProject", { projectId: "p" }), 2);
  client.ws.terminate();
  await one.stop();
});
