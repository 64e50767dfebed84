// Moonstone. Licence: see LICENSE.
// ctx.scheduler and cron jobs over the binary (functions.md 12, 20 #14 and #19, 21.13, 21.14).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { filesOfGuide } from "./lib/guide.mjs";
import { kWait, makeFolder, Server, until, writeFiles } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kSchema = `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({ notes: defineTable({ text: v.string() }) });
`;
const kFunctions = `
import { internalMutation, mutation, query, v } from "./_generated/server";
import { internal } from "./_generated/api";
export const texts = query({
  args: {},
  handler: async (ctx) => (await ctx.db.query("notes").collect()).map((note) => note.text),
});
export const write = internalMutation({
  args: { text: v.string() },
  handler: async (ctx, { text }) => {
    await ctx.db.insert("notes", { text });
  },
});
/** Any call of the scheduler; fails afterwards if told so. */
export const call = mutation({
  args: { member: v.string(), args: v.array(v.any()), fail: v.optional(v.boolean()) },
  handler: async (ctx, { member, args, fail }) => {
    const id = await (ctx.scheduler as any)[member](...args);
    if (fail) throw new Error("after all");
    return id ?? null;
  },
});
export const byReference = mutation({
  args: {},
  handler: (ctx) => ctx.scheduler.runAfter(0, internal.lab.write, { text: "by reference" }),
});
export const times = mutation({
  args: { what: v.string() },
  handler: async (ctx, { what }) => {
    const bad: any = { nan: NaN, infinity: Infinity, date: new Date(0), nothing: undefined };
    await ctx.scheduler.runAfter(bad[what], "lab:write");
  },
});
export const countdown = internalMutation({
  args: { left: v.number() },
  handler: async (ctx, { left }) => {
    await ctx.db.insert("notes", { text: "left " + left });
    if (left > 0) await ctx.scheduler.runAfter(20, "lab:countdown", { left: left - 1 });
  },
});
export const bad = internalMutation({
  args: {},
  handler: async (ctx) => {
    await ctx.db.insert("notes", { text: "never" });
    throw new Error("no luck");
  },
});
export const who = internalMutation({
  args: {},
  handler: async (ctx) => {
    const identity = await ctx.auth.getUserIdentity();
    await ctx.db.insert("notes", { text: "who " + JSON.stringify(identity) });
  },
});
export const members = query({ args: {}, handler: async (ctx) => Object.keys(ctx).sort() });
`;
const project = (more = {}) => ({
  "moonstone/schema.ts": kSchema,
  "moonstone/lab.ts": kFunctions,
  ...more,
});
const crons = (...lines) => ({
  "moonstone/crons.ts": `import { cronJobs } from "@moonstone/server";
const crons = cronJobs();
${lines.join("\n")}
export default crons;
`,
});

let server;
before(async () => {
  server = await Server.start(makeFolder(project(), "scheduler"));
});
after(() => server?.stop());

const texts = (on = server) => on.query("lab:texts");
const call = (member, args, fail) => server.run("lab:call", { member, args, fail });
const written = (text, on = server) =>
  until(`the note "${text}"`, async () => (await texts(on)).includes(text));
const jobs = async (on, args = {}) => (await on.query("_system:listJobs", args)).jobs;
const ended = (id, on = server) =>
  until(`the end of ${id}`, async () =>
    (await jobs(on)).find((job) => job.id === id && job.finishedAt !== undefined),
  );

test("a mutation schedules a function by name and by reference", async () => {
  const id = await call("runAfter", [0, "lab:write", { text: "by name" }]);
  assert.match(id, /^_jobs:[0-9A-HJKMNP-TV-Z]{26}$/);
  await written("by name");
  const job = await ended(id);
  assert.equal(job.status, "completed");
  assert.equal(job.attempts, 1);
  assert.equal(job.origin, "lab:call");
  await server.run("lab:byReference");
  await written("by reference");
});

test("a client that subscribes sees what a job wrote", async () => {
  const socket = await Socket.open(server);
  await socket.query("lab:texts", {}, "all");
  await call("runAt", [Date.now() + 50, "lab:write", { text: "pushed" }]);
  await socket.wait(
    "the update",
    (frame) => frame.type === "update" && JSON.stringify(frame).includes("pushed"),
  );
  socket.ws.terminate();
});

test("jobs chain", async () => {
  await call("runAfter", [0, "lab:countdown", { left: 3 }]);
  await written("left 0");
  const left = (await texts()).filter((text) => text.startsWith("left"));
  assert.deepEqual(left, ["left 3", "left 2", "left 1", "left 0"]);
});

test("a mutation that fails schedules nothing", async () => {
  const count = (await jobs(server)).length;
  await assert.rejects(call("runAfter", [0, "lab:write", { text: "ghost" }], true), /after all/);
  await call("runAfter", [0, "lab:write", { text: "after the ghost" }]);
  await written("after the ghost");
  assert.equal((await texts()).includes("ghost"), false);
  assert.equal((await jobs(server)).length, count + 1);
});

test("a job that fails is undone, noted and not repeated", async () => {
  const job = await ended(await call("runAfter", [0, "lab:bad"]));
  assert.equal(job.status, "failed");
  assert.match(job.error, /no luck/);
  assert.equal(job.attempts, 1);
  assert.equal((await texts()).includes("never"), false);
});

test("a retry policy repeats it as often as it says", async () => {
  const retry = { attempts: 3, initialBackoffMs: 10, maxBackoffMs: 20 };
  const job = await ended(await call("runAfter", [0, "lab:bad", {}, { retry }]));
  assert.equal(job.status, "failed");
  assert.equal(job.attempts, 3);
});

test("names and arguments are looked at when the job runs", async () => {
  const unknown = await ended(await call("runAfter", [0, "lab:nowhere"]));
  assert.equal(unknown.error, "Function not found: lab:nowhere");
  const invalid = await ended(await call("runAfter", [0, "lab:write", { text: 5 }]));
  assert.match(invalid.error, /Expected string, got number/);
  const system = await ended(await call("runAfter", [0, "_system:listTables"]));
  assert.equal(system.error, "Function not found: _system:listTables");
});

test("a cancelled job does not run, and others cannot be cancelled", async () => {
  const id = await call("runAfter", [60_000, "lab:write", { text: "cancelled" }]);
  assert.equal(await call("cancel", [id]), null);
  const [job] = await jobs(server, { status: "cancelled" });
  assert.equal(job.id, id);
  for (const other of [id, "_jobs:unknown", "nonsense", ""]) {
    assert.equal(await call("cancel", [other]), null);
  }
  await assert.rejects(call("cancel", [5]), /scheduler\.cancel\(\): the id of the job/);
});

test("what the scheduler does not take is named", async () => {
  for (const [member, args, expected] of [
    ["runAfter", ["soon", "lab:write"], /runAfter: the delay in milliseconds must be a finite/],
    ["runAt", [null, "lab:write"], /runAt: the time in milliseconds since 1970 must be a finite/],
    ["runAfter", [1e15, "lab:write"], /more than 3653 days ahead/],
    ["runAfter", [0], /expected a function name such as "tasks:list"/],
    ["runAfter", [0, ""], /expected a function name such as "tasks:list"/],
    ["runAfter", [0, "lab:write", {}, { retry: {} }], /retry\.attempts is missing/],
    ["runAfter", [0, "lab:write", { text: "x".repeat(300_000) }], /at most 262144 bytes as JSON/],
  ]) {
    await assert.rejects(call(member, args), expected);
  }
  await assert.rejects(server.run("lab:times", { what: "nan" }), /finite number, got NaN/);
  await assert.rejects(server.run("lab:times", { what: "infinity" }), /got Infinity/);
  await assert.rejects(server.run("lab:times", { what: "nothing" }), /got undefined/);
  await assert.rejects(server.run("lab:times", { what: "date" }), /scheduler\.runAfter: the time/);
});

test("queries have no scheduler, and jobs no identity", async () => {
  assert.deepEqual(await server.query("lab:members"), ["auth", "db", "now", "storage"]);
  await call("runAfter", [0, "lab:who"]);
  await written("who null");
});

test("the tables of the system are out of reach", async () => {
  await assert.rejects(
    server.run("_system:listJobs", { status: "lost" }),
    /status must be pending, running, completed, failed or cancelled/,
  );
  const reply = await fetch(`${server.url}/__admin/jobs?status=completed&limit=1`);
  assert.equal(reply.status, 200);
  assert.equal((await reply.json()).jobs.length, 1);
});

test("jobs survive kill -9 and run when the server is back", async () => {
  const root = makeFolder(project(), "scheduler-crash");
  let crashed = await Server.start(root);
  const schedule = (delay, text) =>
    crashed.run("lab:call", { member: "runAfter", args: [delay, "lab:write", { text }] });
  await schedule(2000, "survivor");
  await schedule(3_600_000, "later");
  crashed.child.kill("SIGKILL");
  await until("its end", () => crashed.exit, kWait);
  crashed = await Server.start(root);
  await written("survivor", crashed);
  const pending = await jobs(crashed, { status: "pending" });
  assert.deepEqual(
    pending.map((job) => job.args.text),
    ["later"],
  );
  assert.equal((await texts(crashed)).filter((text) => text === "survivor").length, 1);
  await crashed.stop();
});

test("cron jobs run, change and go with the code", async () => {
  const tick = (text) =>
    `crons.interval("tick", { seconds: 0.2 }, "lab:write", { text: "${text}" });`;
  const root = makeFolder(project(crons(tick("one"), `crons.daily("daily", "lab:bad");`)), "crons");
  const on = await Server.start(root);
  const named = async () => (await on.query("_system:listJobs")).crons;
  await until(
    "two runs",
    async () => (await texts(on)).filter((text) => text === "one").length > 1,
  );
  assert.deepEqual(
    (await named()).map((cron) => [cron.name, cron.schedule]),
    [
      ["daily", "0 0 * * *"],
      ["tick", { intervalMs: 200 }],
    ],
  );
  writeFiles(root, crons(tick("two")));
  await written("two", on);
  assert.deepEqual(
    (await named()).map((cron) => cron.name),
    ["tick"],
  );
  rmSync(path.join(root, "moonstone/crons.ts"));
  await until("no cron job", async () => (await named()).length === 0);
  await on.stop();
});

test("bad cron jobs stop the build", async () => {
  for (const [line, expected] of [
    [
      'crons.cron("x", "0 0 30 2 *", "lab:bad");',
      /Cron "x": Could not find next cron time within 366/,
    ],
    ['crons.cron("x", "61 * * * *", "lab:bad");', /minute "61" is not within 0-59/],
    [
      'crons.interval("x", { seconds: 0.01 }, "lab:bad");',
      /Cron "x": interval must be at least 100 ms/,
    ],
    ['crons.interval("x", {}, "lab:bad");', /Cron "x": interval must be positive/],
  ]) {
    const root = makeFolder(project(crons(line)), "bad-crons");
    await assert.rejects(Server.start(root, { command: "start" }), expected);
  }
});

test("closed tenants are opened when something of theirs is due", async () => {
  const files = { "moonstone.toml": "[tenants]\nopen_max = 2\nidle_ms = 200\n" };
  const on = await Server.start(makeFolder(project(files), "due-tenants"));
  const run = async (slug, fn, args) => {
    const reply = await on.post(`/t/${slug}/__admin/run`, { fn, args });
    const body = await reply.json();
    assert.equal(body.success, true, JSON.stringify(body));
    return body.result;
  };
  for (let i = 0; i < 6; i++) {
    const args = [1500, "lab:write", { text: `due ${i}` }];
    await run(`t${i}`, "lab:call", { member: "runAfter", args });
  }
  for (let i = 0; i < 6; i++) {
    const seen = async () => (await run(`t${i}`, "lab:texts", {})).includes(`due ${i}`);
    await until(`the job of tenant ${i}`, seen);
  }
  await on.stop();
});

test("a scheduled action waits while all places for actions are taken", async () => {
  let isHeld;
  const held = new Promise((done) => (isHeld = done)); // with the answer that ends the first action
  const remote = http
    .createServer((request, reply) => isHeld(reply))
    .listen(0, "127.0.0.1")
    .unref();
  await once(remote, "listening");
  const address = `http://127.0.0.1:${remote.address().port}/`;
  const files = {
    "moonstone.toml": "[actions]\ncalls = 1\n",
    "moonstone/slow.ts": `import { action, v } from "./_generated/server";
export const hold = action({ args: {}, handler: async () => void (await fetch("${address}")) });
export const write = action({ args: { text: v.string() }, handler: async (ctx, args) => {
  await ctx.runMutation("lab:write", args);
} });`,
  };
  const on = await Server.start(makeFolder(project(files), "full-pool"));
  const holding = on.run("slow:hold");
  const reply = await held;
  const args = [0, "slow:write", { text: "in its turn" }];
  const id = await on.run("lab:call", { member: "runAfter", args });
  const mine = async () => (await on.query("_system:listJobs")).jobs.find((job) => job.id === id);
  // Refused at least once, since it was put off.
  await until("a refusal", async () => {
    const { status, runAt, scheduledAt, error } = await mine();
    assert.notEqual(status, "failed", error);
    return runAt > scheduledAt + 500;
  });
  reply.end("go on");
  await holding;
  await until("its turn", async () => (await mine()).status === "completed");
  assert.deepEqual(await on.query("lab:texts"), ["in its turn"]);
  assert.equal((await mine()).attempts, 1);
  await on.stop();
  remote.close();
});

test("the example of the guide", async () => {
  const files = filesOfGuide("scheduling.md");
  const on = await Server.start(makeFolder({ "moonstone/schema.ts": kSchema, ...files }, "guide"));
  const { id } = await on.run("notes:add", { text: "short", lifetimeMs: 100 });
  const kept = await on.run("notes:add", { text: "long", lifetimeMs: 1000 });
  await on.run("notes:keep", { job: kept.job });
  const list = () => on.query("notes:list");
  await until("its end", async () => !(await list()).some((note) => note._id === id));
  assert.ok((await list()).some((note) => note.text === "long"));
  await until("a tick", async () => (await list()).some((note) => note.text === "tick"));
  assert.equal((await on.query("_system:listJobs")).crons.length, 6);
  await on.stop();
});
