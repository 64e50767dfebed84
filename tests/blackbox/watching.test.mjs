// Moonstone. Licence: see LICENSE.
// `moonstone top` and `moonstone explain`, the functions behind them, and the guide's session.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { filesOfGuide } from "./lib/guide.mjs";
import { cli, kBinary, kRoot, makeFolder, Run, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kMessages = 300;
const kProject = {
  ...filesOfGuide("watching.md"),
  "moonstone/more.ts": `
import { query, mutation, internalQuery } from "./_generated/server";
import { v } from "@moonstone/server";
export const fill = mutation({
  args: { count: v.number() },
  handler: async (ctx: any, { count }: any) => {
    for (let i = 0; i < count; i++)
      await ctx.db.insert("messages", { channel: "c" + (i % 10), author: "a" + i, body: "text" });
  },
});
export const mine = query({
  args: {},
  handler: async (ctx: any) => {
    const who = await ctx.auth.getUserIdentity();
    return await ctx.db.query("messages").filter((q: any) => q.eq(q.field("author"), who?.subject ?? "")).collect();
  },
});
export const falls = query({
  args: {},
  handler: async (ctx: any) => {
    await ctx.db.query("messages").take(3);
    throw new Error("it fell");
  },
});
export const one = internalQuery({
  args: { id: v.id("messages") },
  handler: async (ctx: any, { id }: any) => await ctx.db.get(id),
});
export const constant = query({
  args: { password: v.string() },
  handler: async (ctx: any) => {
    await ctx.db.query("messages").withIndex("by_channel", (q: any) => q.eq("channel", "quiet")).collect();
    return 1;
  },
});
`,
};

let server;
before(async () => {
  server = await Server.start(makeFolder(kProject, "watching"));
  await server.run("more:fill", { count: kMessages });
});
after(() => server?.stop());

const here = (...args) => cli([...args, "--url", server.url]);
const jsonOf = async (...args) => {
  const result = await here(...args, "--json");
  assert.equal(result.code, 0, result.text);
  return JSON.parse(result.out);
};
const send = (channel, body = "hello") =>
  server.run("messages:send", { channel, author: "ada", body });

// --- the guide --------------------------------------------------------------------------------------
test("the commands of the guide's session work", async () => {
  const page = readFileSync(path.join(kRoot, "docs/guide/watching.md"), "utf8");
  const lines = [...page.matchAll(/^```sh session\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
    block.trimEnd().split("\n"),
  );
  assert.ok(lines.length >= 6);
  for (const line of lines) {
    const [program, ...args] = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2]);
    assert.equal(program, "moonstone");
    const result = await here(...args);
    assert.equal(result.code, 0, `${line}: ${result.text}`);
    assert.ok(result.out.length > 0, line);
  }
});

// --- top --------------------------------------------------------------------------------------------
test("top --once: one page, and the same as JSON", async () => {
  await server.query?.("messages:list", { channel: "c1" });
  const page = await here("top", "--once", "--interval", "0.1");
  assert.equal(page.code, 0, page.text);
  assert.ok(!page.out.includes("\x1b"));
  for (const part of [
    "connections",
    "queries",
    "mutations",
    "pushes",
    "waiting: writer",
    "memory",
    "WAL",
  ])
    assert.ok(page.out.includes(part), part);
  const figures = await jsonOf("top", "--once", "--interval", "0.1");
  assert.ok(figures.memoryBytes > 1e6);
  assert.ok(figures.v8Heaps >= 1);
  assert.ok(figures.v8HeapBytes > 1e5);
  assert.ok(figures.databaseBytes > 0);
  assert.equal(figures.tenants, 1);
  assert.equal(figures.waiting.writer, 0);
  const fill = figures.functions.find((one) => one.name === "more:fill");
  assert.equal(fill.kind, "mutation");
  assert.equal(fill.calls, 1);
  assert.ok(fill.cpuSeconds > 0);
  assert.ok("live" in figures.threads);
});

test("top without a terminal prints a line per reading until it is told to stop", async () => {
  for (const [args, check] of [
    [[], (line) => assert.match(line, /^sockets \d+ subscriptions \d+ queries\/s /)],
    [["--json"], (line) => assert.ok(JSON.parse(line).queries)],
  ]) {
    const run = new Run(["top", "--interval", "0.1", "--url", server.url, ...args]);
    await until("two lines", () => run.out.split("\n").length > 2);
    run.child.kill("SIGINT");
    assert.equal((await run.finished()).code, 0, run.text);
    run.out.trimEnd().split("\n").forEach(check);
  }
});

test("top on a terminal draws in place, and gives the terminal back", async () => {
  const draw = async (env, end) => {
    // `script` hands the command to a shell. It must not stay in between: the terminal sends Ctrl-C
    // to it, too, and its end by that signal would be taken for the program's.
    const command = `exec ${kBinary} top --interval 0.1 --url ${server.url}`;
    const child = spawn("script", ["-qefc", command, "/dev/null"], {
      env: { ...process.env, TERM: "xterm", ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (text) => (out += text));
    const ended = new Promise((done) =>
      child.on("close", (code, signal) => done(`code ${code}, signal ${signal}`)),
    );
    await until("two pages", () => out.split("\x1b[H").length > 3);
    child.stdin.write(end);
    const outcome = await ended;
    assert.equal(outcome, "code 0, signal null", `ended with ${outcome}: ${out}`);
    return out;
  };
  const plain = await draw({ NO_COLOR: "1" }, "q");
  assert.ok(plain.startsWith("\x1b[?1049h\x1b[?25l"));
  assert.ok(plain.trimEnd().endsWith("\x1b[?25h\x1b[?1049l"));
  assert.ok(plain.includes("q quits"));
  assert.ok(!/\x1b\[\d+m/.test(plain));
  const coloured = await draw({ NO_COLOR: "" }, "\x03");
  assert.ok(/\x1b\[1m/.test(coloured));
  assert.ok(coloured.trimEnd().endsWith("\x1b[?25h\x1b[?1049l"));
});

// --- explain ----------------------------------------------------------------------------------------
test("explain tells which index served a query and what wakes it", async () => {
  const told = await jsonOf("explain", "messages:list", '{"channel":"c1"}');
  assert.equal(told.function, "messages:list");
  assert.equal(told.documentsRead, kMessages / 10);
  assert.deepEqual(told.readsOfCaller, []);
  assert.equal(told.reads.length, 1);
  const [read] = told.reads;
  assert.equal(read.text, "messages where channel = ?, the first ?");
  assert.equal(read.found, kMessages / 10);
  assert.equal(read.plan.index, "by_channel");
  assert.equal(read.plan.isScan, false);
  assert.ok(!read.plan.sql.includes("c1"));
  assert.equal(told.dependsOn[0].foundBy, 'channel = "c1"');
  assert.deepEqual(told.advice, []);
  const page = await here("explain", "messages:list", '{"channel":"c1"}', "--sql");
  assert.match(page.out, /by the index by_channel/);
  assert.match(page.out, /SEARCH/);
});

test("explain names the index that is missing", async () => {
  const told = await jsonOf("explain", "messages:ofAuthor", '{"author":"a7"}');
  assert.equal(told.reads[0].plan.isScan, true);
  assert.ok(told.reads[0].plan.rowsSteppedOver >= kMessages - 1);
  assert.equal(told.reads[0].found, 1);
  assert.match(
    told.advice[0],
    /messages is read row by row: \d+ looked at, 1 found; add \.index\("by_author", \["author"\]\)/,
  );
});

test("explain runs as somebody, tells of failures, and reaches internal queries", async () => {
  const mine = await jsonOf("explain", "more:mine", "--identity", '{"subject":"a3"}');
  assert.deepEqual(mine.readsOfCaller, ["identity"]);
  assert.equal(mine.reads[0].found, 1);
  const fallen = await jsonOf("explain", "more:falls");
  assert.equal(fallen.error, "it fell");
  assert.equal(fallen.documentsRead, 3);
  const page = await here("explain", "more:falls");
  assert.equal(page.code, 0);
  assert.match(page.out, /failed +it fell/);
  const id = await send("c1");
  const one = await jsonOf("explain", "more:one", JSON.stringify({ id }));
  assert.equal(one.reads[0].text, "messages by id");
  assert.equal(one.dependsOn[0].text, `the document ${id}`);
});

test("what explain refuses", async () => {
  for (const [args, code, message] of [
    [["explain", "nope:nope"], 1, /Function not found: nope:nope/],
    [["explain", "messages:send", "{}"], 1, /messages:send is not a query/],
    [["explain", "messages:list", "{}"], 1, /channel/],
    [["explain", "messages:list", "{nonsense"], 2, /Invalid JSON args: \{nonsense/],
    [["explain", "messages:list", "{}", "--identity", "7"], 2, /--identity must be/],
    [["explain"], 2, /name a query/],
    [["explain", "--live", "99999999"], 1, /there is no live query 99999999/],
    [["explain", "--live", "--limit", "0"], 2, /limit/i],
    [["top", "--interval", "0"], 2, /interval/i],
  ]) {
    const result = await here(...args);
    assert.equal(result.code, code, `${args}: ${result.text}`);
    assert.match(result.text, message);
  }
  for (const args of [{ limit: 0 }, { limit: "x" }, { limit: 501 }, { filter: 7 }]) {
    const reply = await server.post("/__admin/run", { fn: "_system:listLiveQueries", args });
    const { code, error } = await reply.json();
    assert.equal(code, "execution_error", JSON.stringify(args));
    assert.match(error, /the argument "(limit|filter)" must be/);
  }
});

// --- live queries -----------------------------------------------------------------------------------
test("live queries: who shares one, what woke it, what it cost", async () => {
  const [one, two] = [await Socket.open(server), await Socket.open(server)];
  const args = { channel: "talk" };
  await one.ask("query", "messages:list", args, "a");
  await two.ask("query", "messages:list", args, "b");
  await two.ask("query", "messages:list", args, "c");
  const id = await send("talk");
  await one.wait("the update", (frame) => frame.type === "update" && frame.result.length === 1);
  await send("elsewhere");
  const list = await jsonOf("explain", "--live", "messages:list");
  const found = list.find((query) => query.args === JSON.stringify(args));
  assert.equal(found.subscriptions, 3);
  assert.equal(found.connections, 2);
  assert.equal(found.state, "current");
  assert.equal(found.wokenBy.key, id);
  const told = await jsonOf("explain", "--live", String(found.query));
  assert.equal(told.wokenBy.function, "messages:send");
  assert.equal(told.wokenBy.operation, "insert");
  assert.equal(told.wokenBy.table, "messages");
  assert.equal(told.reruns, 1);
  assert.equal(told.documentsRead.last, 1);
  assert.ok(told.cpu.total > 0);
  assert.equal(told.dependsOn[0].foundBy, 'channel = "talk"');
  assert.equal(told.reads[0].plan.index, "by_channel");
  const page = await here("explain", "--live", String(found.query));
  assert.match(page.out, new RegExp(`woken by +insert of ${id} by messages:send, version \\d+`));
  assert.match((await here("explain", "--live")).out, /messages:list/);
  assert.match((await here("explain", "--live", "nobody")).out, /No live query/);
  one.ws.close();
  two.ws.close();
});

test("live queries: an unchanged run is counted, a secret argument is masked", async () => {
  const socket = await Socket.open(server);
  await socket.ask("query", "more:constant", { password: "hunter2" });
  await send("quiet");
  const find = async () => (await jsonOf("explain", "--live", "more:constant"))[0];
  const found = await until("the re-run", async () => {
    const now = await find();
    return now.unchanged === 1 && now;
  });
  assert.equal(found.runs, 2);
  assert.equal(found.args, '{"password":"[redacted]"}');
  const metrics = await (await fetch(server.url + "/metrics")).text();
  assert.ok(!metrics.includes("hunter2"));
  socket.ws.close();
});

test("a live query that reads its caller has one entry for each", async () => {
  const socket = await Socket.open(server);
  await socket.ask("query", "more:mine", {});
  const [found] = await jsonOf("explain", "--live", "more:mine");
  assert.deepEqual(found.readsOfCaller, ["identity"]);
  const told = await jsonOf("explain", "--live", String(found.query));
  assert.ok(
    told.advice.some((text) => text.includes("each identity")),
    told.advice.join(),
  );
  assert.ok(
    told.advice.some((text) => text.includes("by_author")),
    told.advice.join(),
  );
  socket.ws.close();
});

// --- figures, threads, keys ---------------------------------------------------------------------------
test("/metrics has what top shows", async () => {
  await server.run("_system:listTables");
  const text = await (await fetch(server.url + "/metrics")).text();
  for (const part of [
    'moonstone_function_run_seconds_count{function="_system:listTables",kind="query",outcome="success"}',
    'moonstone_function_cpu_seconds_total{function="more:fill",kind="mutation"}',
    'moonstone_function_documents_read_total{function="messages:list",kind="query"}',
    'moonstone_query_seconds_bucket{tenant="default",le="+Inf"}',
    'moonstone_mutation_seconds_count{tenant="default"}',
    'moonstone_push_seconds_count{tenant="default"}',
    'moonstone_live_waiting_runs{tenant="default"}',
    'moonstone_live_updates_total{tenant="default"}',
    "moonstone_v8_heap_bytes ",
    "moonstone_action_workers 0",
    'moonstone_thread_cpu_seconds_total{thread="live"}',
  ])
    assert.ok(text.includes(part), part);
});

test("threads have names of their own", () => {
  const tasks = `/proc/${server.child.pid}/task`;
  const names = readdirSync(tasks).map((id) => readFileSync(`${tasks}/${id}/comm`, "utf8").trim());
  for (const name of ["live", "live-1", "live-2", "ms-watchdog", "tenants", "token-alarms"])
    assert.ok(names.includes(name), `${name}: ${names}`);
});

test("both commands need the key in production, and a server", async () => {
  const key = "key-of-the-watching-test";
  const one = await Server.start(makeFolder(kProject, "watching-start"), {
    command: "start",
    env: { MOONSTONE_ADMIN_KEY: key },
  });
  const without = { env: { MOONSTONE_ADMIN_KEY: "" } };
  for (const args of [
    ["top", "--once"],
    ["explain", "--live"],
    ["explain", "more:mine"],
  ]) {
    const ask = (...more) =>
      cli(
        [...args, "--interval", "0.1", "--url", one.url, ...more].filter(
          (word, i, all) =>
            args[0] === "top" || (word !== "--interval" && all[i - 1] !== "--interval"),
        ),
        without,
      );
    for (const wrong of [[], ["--key", "wrong"]]) {
      const refused = await ask(...wrong);
      assert.equal(refused.code, 1, refused.text);
      assert.match(refused.err, /needs the key/);
      assert.ok(!refused.text.includes(key));
    }
    const failure = JSON.parse((await ask("--json")).out);
    assert.deepEqual([failure.success, failure.code], [false, "unauthorized"]);
    assert.equal((await ask("--key", key)).code, 0);
  }
  const query = { fn: "_system:explainQuery", args: { function: "more:mine" } };
  const stranger = await Socket.open(one);
  assert.equal((await stranger.ask("action", query.fn, query.args)).code, "forbidden");
  await one.stop();
  for (const args of [
    ["top", "--once"],
    ["explain", "--live"],
  ]) {
    const gone = await cli([...args, "--url", one.url], without);
    assert.equal(gone.code, 1);
    assert.match(gone.err, /Cannot reach http/);
  }
});
