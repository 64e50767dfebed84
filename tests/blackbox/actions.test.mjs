// Moonstone. Licence: see LICENSE.
// Actions in Node workers (functions.md 4.2, 4.3; design.md decision 5; docs/guide/actions.md).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { filesOfGuide } from "./lib/guide.mjs";
import { cli, makeFolder, Server, until, writeFiles } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kFiles = {
  "moonstone/schema.ts": `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({ log: defineTable({ text: v.string() }) });
`,
  "moonstone/data.ts": `
import { internalMutation, internalQuery, mutation, query, v } from "./_generated/server";
export const list = query({ args: {}, handler: async (ctx) =>
  (await ctx.db.query("log").collect()).map((row) => row.text) });
export const add = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
  await ctx.db.insert("log", { text });
} });
export const hidden = internalQuery({ args: { n: v.number() }, returns: v.number(),
  handler: async (_ctx, { n }) => n + 1 });
export const later = internalMutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
  await ctx.db.insert("log", { text });
} });
export const fails = mutation({ args: {}, handler: async (ctx) => {
  await ctx.db.insert("log", { text: "never" });
  throw new Error("taken back");
} });
export const envInQuery = query({ args: {}, handler: () => typeof (globalThis as any).process });
`,
  "moonstone/acts.ts": `
import { action, internalAction, v } from "./_generated/server";
import { api, internal } from "./_generated/api";
export const calls = action({ args: { n: v.number() }, handler: async (ctx, { n }) => {
  const nothing = await ctx.runMutation(api.data.add, { text: "from action" });
  return {
    nothing: nothing === undefined,
    byReference: await ctx.runQuery(internal.data.hidden, { n }),
    byName: await ctx.runQuery("data:hidden", { n: n + 1 }),
    nested: await ctx.runAction(internal.acts.inner, { n: n + 2 }),
    list: await ctx.runQuery("data:list"),
  };
} });
export const inner = internalAction({ args: { n: v.number() }, handler: async (ctx, { n }) =>
  [await ctx.runQuery("data:hidden", { n })] });
export const tries = action({ args: {}, handler: async (ctx, a: any) => {
  try { return { ok: await (ctx as any)[a.run](a.fn, a.args) }; } catch (e) { return { error: (e as Error).message }; }
} });
export const fails = action({ args: {}, handler: async () => {
  throw new Error("it went wrong");
} });
export const odd = action({ args: {}, handler: async (_ctx, a: any) => {
  switch (a.kind) {
    case "undefined": return undefined;
    case "bigint": return { n: 1n };
    case "text": throw "a text";
    default: return { list: [undefined, NaN], date: new Date(0), map: new Map(), bytes: new Uint8Array([1]) };
  }
} });
export const typed = action({ args: { bytes: v.bytes(), big: v.int64() }, returns: v.string(),
  handler: (_ctx, { bytes, big }) => bytes instanceof ArrayBuffer ? bytes.byteLength + " " + typeof big : "?" });
export const wrong = action({ args: {}, returns: v.string(), handler: async () => 7 as any });
export const members = action({ args: {}, handler: async (ctx) => Object.keys(ctx).sort() });
export const environment = action({ args: {}, handler: async () => ({
  local: process.env.LOCAL ?? null, both: process.env.BOTH ?? null, set: process.env.SET ?? null,
  own: Object.keys(process.env).filter((name) => name.startsWith("MOONSTONE_")) }) });
export const logs = action({ args: {}, handler: async () => { console.log("a line of", "acts:logs"); } });
export const waits = action({ args: {}, handler: async (ctx) => {
  await ctx.runMutation("data:add", { text: "waiting" });
  await new Promise((done) => ctx.signal.addEventListener("abort", done));
  console.log("the caller left");
} });
export const pid = action({ args: {}, handler: async () => process.pid });
export const dies = action({ args: {}, handler: async () => process.exit(5) });
export const loops = action({ args: {}, handler: async () => { for (;;) ; } });
export const keeps = action({ args: {}, handler: async (ctx) => {
  const id = await ctx.storage.store(new Blob(["some text"], { type: "text/plain" }));
  const url = await ctx.storage.getUrl(id);
  const meta = await ctx.storage.getMetadata(id);
  const upload = await ctx.storage.generateUploadUrl();
  const text = await (await fetch(url!)).text();
  await ctx.storage.delete(id);
  return { text, size: meta!.size, type: meta!.contentType, upload: new URL(upload).pathname,
           gone: await ctx.storage.getUrl(id) };
} });
export const schedules = action({ args: {}, handler: async (ctx) => {
  const cancelled = await ctx.scheduler.runAfter(3_600_000, "data:later", { text: "never" });
  await ctx.scheduler.cancel(cancelled);
  await ctx.scheduler.runAfter(0, internal.data.later, { text: "scheduled" });
  return typeof cancelled;
} });
`,
  ".env.local": "LOCAL='from .env.local' # a comment\nexport BOTH=local\nSET=file\nMOONSTONE_X=1\n",
  ".env": "BOTH=plain\n",
};

const kProcessesOf = (server) =>
  execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((found) => found !== null && Number(found[2]) === server.child.pid)
    .filter((found) => found[3].includes("worker.mjs"))
    .map((found) => Number(found[1]));

let server;
let socket;
before(async () => {
  server = await Server.start(makeFolder(kFiles, "actions"), { env: { SET: "environment" } });
  socket = await Socket.open(server);
});
after(async () => {
  socket?.ws.terminate();
  await server?.stop();
});
const action = (fn, args = {}) => socket.ask("action", fn, args);
const result = async (fn, args) => {
  const frame = await action(fn, args);
  assert.equal(frame.type, "actionResult", JSON.stringify(frame));
  return frame.result;
};
const failure = async (fn, args) => {
  const frame = await action(fn, args);
  assert.equal(frame.type, "error", JSON.stringify(frame));
  return frame.message;
};

test("an action calls functions by reference and by name, internal ones too", async () => {
  assert.deepEqual(await result("acts:calls", { n: 1 }), {
    nothing: true,
    byReference: 2,
    byName: 3,
    nested: [4],
    list: ["from action"],
  });
});
test("what its mutations changed is pushed before its result", async () => {
  await socket.query("data:list", {}, "list");
  const from = socket.frames.length;
  await action("acts:calls", { n: 1 });
  const kinds = socket.frames.slice(from).map((frame) => frame.type);
  assert.deepEqual(kinds, ["update", "actionResult"]);
  socket.send({ type: "unsubscribe", id: "list" });
});
const kErrors = [
  ["runQuery", "data:nope", {}, "Query not found: data:nope"],
  ["runQuery", "data:add", { text: "x" }, "Query not found: data:add"],
  ["runMutation", "data:list", {}, "Mutation not found: data:list"],
  ["runMutation", "nope", {}, "Mutation not found: nope"],
  ["runAction", "data:list", {}, "Action not found: data:list"],
  ["runMutation", "data:add", {}, "Missing required field: text"],
  ["runMutation", "data:fails", {}, "taken back"],
  ["runAction", "acts:fails", {}, "it went wrong"],
];
for (const [run, fn, args, error] of kErrors) {
  test(`${run} of ${fn} throws "${error}"`, async () => {
    assert.deepEqual(await result("acts:tries", { run, fn, args }), { error });
  });
}
test("a thrown error reaches the caller, with the lines of the source in the log", async () => {
  assert.equal(await failure("acts:fails"), "it went wrong");
  await until("the stack", () => /moonstone\/acts\.ts:\d+/.test(server.text));
});
test("anything else that is thrown is unknown", async () => {
  assert.equal(await failure("acts:odd", { kind: "text" }), "Unknown error");
});
test("results follow the rules of JSON", async () => {
  assert.deepEqual(await result("acts:odd"), {
    list: [null, null],
    date: "1970-01-01T00:00:00.000Z",
    map: {},
    bytes: "AQ==",
  });
  assert.equal(
    await failure("acts:odd", { kind: "bigint" }),
    "Do not know how to serialize a BigInt",
  );
  const frame = await action("acts:odd", { kind: "undefined" });
  assert.deepEqual(Object.keys(frame), ["type", "id"]);
});
test("arguments and results are checked", async () => {
  assert.equal(await result("acts:typed", { bytes: "AQI=", big: 5 }), "2 number");
  assert.equal(await failure("acts:typed", { bytes: "AQI=" }), "Missing required field: big");
  assert.equal(
    await failure("acts:wrong"),
    'Return value validation failed for "acts:wrong": Expected string, got number',
  );
});
test("kind and visibility are checked", async () => {
  assert.equal(await failure("data:list"), "data:list is not an action");
  assert.equal(
    await failure("acts:inner", { n: 1 }),
    'Function "acts:inner" is internal and cannot be called from a client',
  );
  assert.match(await failure("acts:nope"), /^Function not found: acts:nope/);
});
test("ctx has what it promises and no database", async () => {
  assert.deepEqual(await result("acts:members"), [
    "auth",
    "now",
    "runAction",
    "runMutation",
    "runQuery",
    "scheduler",
    "signal",
    "storage",
  ]);
});
test("the command line and the admin route run actions", async () => {
  const ran = await cli(["run", "acts:calls", '{"n":4}', "--url", server.url]);
  assert.equal(ran.code, 0, ran.text);
  assert.equal(JSON.parse(ran.out).byReference, 5);
  assert.equal(await server.run("acts:inner", { n: 1 }).then(JSON.stringify), "[2]");
});
test("the environment: files add, the environment wins, our own names stay out", async () => {
  assert.deepEqual(await result("acts:environment"), {
    local: "from .env.local",
    both: "local",
    set: "environment",
    own: [],
  });
  assert.equal(await server.query("data:envInQuery"), "undefined");
});
test("lines come home under the name of the function", async () => {
  await action("acts:logs");
  await until("the line", () => server.text.includes("acts:logs: a line of acts:logs"));
});
test("files can be stored, read and deleted", async () => {
  assert.deepEqual(await result("acts:keeps"), {
    text: "some text",
    size: 9,
    type: "text/plain",
    upload: "/storage/upload",
    gone: null,
  });
});
test("jobs can be scheduled and cancelled", async () => {
  assert.equal(await result("acts:schedules"), "string");
  await until("the job", async () => (await server.query("data:list")).includes("scheduled"));
});
test("a caller that leaves aborts the signal", async () => {
  const other = await Socket.open(server);
  other.send({ type: "action", id: 1, fn: "acts:waits", args: {} });
  await until("the action to wait", async () =>
    (await server.query("data:list")).includes("waiting"),
  );
  other.ws.terminate();
  await until("the abort", () => server.text.includes("acts:waits: the caller left"));
});
test("a worker that exits fails its call, and the next one works", async () => {
  assert.match(
    await failure("acts:dies"),
    /^acts:dies: its worker ended unexpectedly: exit code 5/,
  );
  assert.equal(typeof (await result("acts:pid")), "number");
});
test("new code runs at once, and the old worker ends", async () => {
  const old = await result("acts:pid");
  writeFiles(server.root, {
    "moonstone/extra.ts":
      'import { action } from "./_generated/server";\n' +
      'export const hello = action({ args: {}, handler: async () => "hello " + process.pid });\n',
  });
  const text = await until("the new action", async () => {
    const frame = await action("extra:hello");
    return frame.type === "actionResult" && frame.result;
  });
  assert.notEqual(text, `hello ${old}`);
  await until("the end of the old worker", () => !kProcessesOf(server).includes(old));
});
test("the generated types know the functions of all files", async () => {
  const api = readFileSync(path.join(server.root, "moonstone/_generated/api.ts"), "utf8");
  assert.match(api, /"acts:calls"/);
});

test("no worker outlives a killed server, not even one that loops", async () => {
  const victim = await Server.start(makeFolder(kFiles, "actions-kill"));
  const looping = await Socket.open(victim);
  await looping.ask("action", "acts:pid", {});
  looping.send({ type: "action", id: 9, fn: "acts:loops", args: {} });
  const workers = kProcessesOf(victim);
  assert.ok(workers.length > 0);
  await victim.stop("SIGKILL");
  await until("the end of the workers", () => workers.every((pid) => !existsSync(`/proc/${pid}`)));
});
test("a project without actions starts no Node and builds no second bundle", async () => {
  const plain = await Server.start(
    makeFolder(
      {
        "moonstone/a.ts":
          'import { query } from "./_generated/server";\nexport const q = query({ args: {}, handler: async () => 1 });\n',
      },
      "actions-none",
    ),
    { env: { MOONSTONE_ACTIONS_NODE: "/nonexistent/node" } },
  );
  assert.equal(await plain.query("a:q"), 1);
  assert.equal(plain.text.includes("Node"), false);
  assert.equal(existsSync(path.join(plain.root, ".moonstone/build/entry.node.ts")), false);
  await plain.stop();
});
test("without Node the build warns, queries work, and an action says what to do", async () => {
  const without = await Server.start(makeFolder(kFiles, "actions-missing"), {
    env: { MOONSTONE_ACTIONS_NODE: "/nonexistent/node" },
  });
  assert.match(without.text, /Node 18 or newer is needed/);
  assert.deepEqual(await without.query("data:list"), []);
  const from = await Socket.open(without);
  const frame = await from.ask("action", "acts:pid", {});
  assert.match(frame.message, /acts:pid cannot run: actions need Node 18 or newer/);
  from.ws.terminate();
  await without.stop();
});
test("the Node of an environment also builds for it", async () => {
  const toml =
    '[actions]\nnode = "/nonexistent/node"\n[env.here.actions]\nnode = "' +
    process.execPath +
    '"\n';
  const here = await Server.start(
    makeFolder({ ...kFiles, "moonstone.toml": toml }, "actions-environment"),
    { args: ["--env", "here"] },
  );
  assert.doesNotMatch(here.text, /Node 18 or newer is needed/);
  assert.ok(Number(await here.run("acts:pid")) > 0);
  await here.stop();
});
test("a query in a file for Node is an error that names both", async () => {
  const root = makeFolder(
    {
      "moonstone/bad.ts":
        '"use node";\nimport { query } from "./_generated/server";\nexport const q = query({ args: {}, handler: async () => 1 });\n',
    },
    "actions-bad",
  );
  const built = await cli(["codegen", "moonstone"], { cwd: root });
  assert.notEqual(built.code, 0);
  assert.match(built.text, /bad:q is a query in a file marked "use node"/);
});
test("a module that throws while it loads stops the build with its message", async () => {
  const root = makeFolder(
    { "moonstone/bad.ts": '"use node";\nthrow new Error("at the top of the file");\nexport {};\n' },
    "actions-throw",
  );
  const built = await cli(["codegen", "moonstone"], { cwd: root });
  assert.notEqual(built.code, 0);
  assert.match(built.text, /at the top of the file/);
  assert.match(built.text, /bad\.ts/);
});

test("the guide's examples run", async () => {
  const rates = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    response.statusCode = request.url === "/EUR" ? 200 : 404;
    response.end(JSON.stringify({ rate: 1.25 }));
  });
  await new Promise((done) => rates.listen(0, "127.0.0.1", done));
  rates.unref();
  const root = makeFolder(
    {
      ...filesOfGuide("actions.md"),
      ".env.local": `RATES_URL=http://127.0.0.1:${rates.address().port}\n`,
    },
    "actions-guide",
  );
  const guide = await Server.start(root);
  assert.equal(await guide.run("rates:refresh", { currency: "EUR" }), 1.25);
  const [row] = await guide.query("rates:list");
  assert.equal(row.rate, 1.25);
  await assert.rejects(guide.run("rates:refresh", { currency: "ABC" }), /The rates answered 404/);
  assert.match(await guide.run("digest:sha256", { text: "" }), /^e3b0c44298fc1c14/);
  // What was built runs in production, from the bundle on disk.
  await guide.stop();
  const production = await Server.start(root, {
    command: "start",
    env: { RATES_URL: `http://127.0.0.1:${rates.address().port}`, MOONSTONE_ADMIN_KEY: "k" },
  });
  const client = await Socket.open(production);
  assert.equal((await client.ask("action", "rates:refresh", { currency: "EUR" })).result, 1.25);
  client.ws.terminate();
  await production.stop();
  rates.close();
});
