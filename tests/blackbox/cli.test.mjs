// Moonstone. Licence: see LICENSE.
// The commands (functions.md 15, 16, 21.1 to 21.7).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { project } from "./lib/fixture.mjs";
import { cli, kRoot, makeFolder, Server, writeFiles } from "./lib/server.mjs";

let server;
before(async () => {
  server = await Server.start(makeFolder(project(), "cli"));
});
after(() => server?.stop());

test("version", async () => {
  for (const args of [["version"], ["--version"]]) {
    const result = await cli(args);
    assert.equal(result.code, 0, result.text);
    assert.match(result.out, /\d+\.\d+\.\d+/);
  }
});
test("usage", async () => {
  const none = await cli([]);
  assert.equal(none.code, 0);
  for (const command of ["init", "dev", "codegen", "run", "reset", "start", "version"])
    assert.match(none.text, new RegExp(`\\b${command}\\b`));
  const unknown = await cli(["frobnicate"]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.text, /frobnicate/);
  const help = await cli(["--help"]);
  assert.equal(help.code, 0);
});
for (const command of ["dev", "codegen", "start"]) {
  test(`${command} without a functions folder ends with 1 and names it`, async () => {
    const root = makeFolder({ "readme.txt": "" }, "empty");
    const result = await cli(
      [command, "nowhere", ...(command === "codegen" ? [] : ["--port", "0"])],
      { cwd: root },
    );
    assert.equal(result.code, 1);
    assert.match(result.text, /nowhere/);
    const bare = await cli([command], { cwd: root });
    assert.equal(bare.code, 1);
    assert.match(bare.text, /moonstone|zeroback/);
  });
}
test("a port that is no port is refused", async () => {
  for (const port of ["x", "-1", "70000", ""]) {
    const result = await cli(["dev", "moonstone", "--port", port], { cwd: server.root });
    assert.notEqual(result.code, 0, port);
    assert.ok(result.text.length > 0);
  }
});

// --- run -------------------------------------------------------------------------------------
const run = (...args) => cli(["run", ...args, "--url", server.url]);
test("run prints the result as JSON with two spaces", async () => {
  const result = await run("lab:echo", '{"x":{"a":[1,"b"],"c":null}}');
  assert.equal(result.code, 0, result.text);
  assert.equal(result.out, JSON.stringify({ a: [1, "b"], c: null }, null, 2) + "\n");
  assert.equal((await run("lab:echo", '{"x":"text"}')).out, '"text"\n');
  assert.equal((await run("utils/stats:two")).out, "2\n");
  assert.equal((await run("lab:hiddenM")).out, '"hidden"\n');
  const nothing = await run("lab:retm", '{"x":{"@":"undef"}}');
  assert.equal(nothing.code, 0);
});
const kRunErrors = [
  [["flow:fail", '{"what":"error"}'], "Error [execution_error]: plain"],
  [["a:b"], "Error [not_found]: Function not found: a:b"],
  [["lab:typed", '{"x":1}'], "Error [execution_error]: Expected string, got number"],
  [["lab:typed"], "Error [execution_error]: Missing required field: x"],
  [["lab:echo", "{nope"], "Invalid JSON args: {nope"],
];
for (const [args, text] of kRunErrors) {
  test(`run ${args.join(" ")} fails with its text`, async () => {
    const result = await run(...args);
    assert.equal(result.code, 1);
    assert.equal(result.err.trim(), text);
    assert.equal(result.out, "");
  });
}
test("run takes --url before the function too, and names it when nobody listens", async () => {
  const first = await cli(["run", "--url", server.url, "lab:echo", '{"x":1}']);
  assert.equal(first.out, "1\n");
  const result = await cli(["run", "lab:echo", "--url", "http://127.0.0.1:9"]);
  assert.equal(result.code, 1);
  assert.match(result.err, /http:\/\/127\.0\.0\.1:9/);
  const none = await cli(["run"]);
  assert.equal(none.code === 0, false);
});

// --- init, codegen, types ------------------------------------------------------------------------
const linkPackages = (root, names) => {
  for (const name of names) {
    const [scope] = name.split("/");
    mkdirSync(path.join(root, "node_modules", scope), { recursive: true });
    symlinkSync(
      path.join(kRoot, "packages", name.split("/")[1]),
      path.join(root, "node_modules", name),
    );
  }
};
const kTsconfig = JSON.stringify({
  compilerOptions: {
    strict: true,
    noEmit: true,
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "bundler",
    lib: ["ES2022", "DOM"],
    types: [],
    skipLibCheck: false,
  },
  include: ["moonstone", "check.ts"],
});
function typecheck(root) {
  writeFileSync(path.join(root, "tsconfig.json"), kTsconfig);
  const result = spawnSync(
    process.execPath,
    [path.join(kRoot, "node_modules/typescript/bin/tsc"), "-p", "."],
    { cwd: root, encoding: "utf8", timeout: 120_000 },
  );
  return result.stdout + result.stderr;
}
test(
  "init makes a project that runs and type-checks; a second init changes nothing",
  { timeout: 120_000 },
  async () => {
    const root = makeFolder({ "package.json": '{"name":"app","private":true}\n' }, "init");
    const result = await cli(["init"], { cwd: root });
    assert.equal(result.code, 0, result.text);
    for (const name of ["schema.ts", "tasks.ts", "_generated/server.ts"])
      assert.ok(existsSync(path.join(root, "moonstone", name)), name);
    const stub = readFileSync(path.join(root, "moonstone/_generated/server.ts"), "utf8");
    for (const name of [
      "query",
      "mutation",
      "action",
      "internalQuery",
      "internalMutation",
      "internalAction",
      "v",
    ])
      assert.match(stub, new RegExp(`\\b${name}\\b`));
    const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
    assert.equal(manifest.name, "app");
    assert.ok("@moonstone/server" in { ...manifest.dependencies, ...manifest.devDependencies });
    assert.match(readFileSync(path.join(root, ".gitignore"), "utf8"), /\.moonstone/);
    writeFileSync(
      path.join(root, "moonstone/tasks.ts"),
      readFileSync(path.join(root, "moonstone/tasks.ts"), "utf8") + "// mine\n",
    );
    const second = await cli(["init"], { cwd: root });
    assert.match(second.text, /moonstone/);
    assert.match(readFileSync(path.join(root, "moonstone/tasks.ts"), "utf8"), /\/\/ mine/);

    const app = await Server.start(root);
    const id = await app.run("tasks:create", { text: "first" });
    assert.match(id, /^tasks:/);
    await app.run("tasks:toggle", { id });
    const list = await app.query("tasks:list");
    assert.deepEqual([list[0].text, list[0].isCompleted], ["first", true]);
    await app.stop();
    linkPackages(root, ["@moonstone/server"]);
    assert.equal(typecheck(root), "");
  },
);
test("init ignores what only looks like a line of .gitignore", async () => {
  const root = makeFolder({
    ".gitignore": ".env.local.example\r\nweb/.moonstone/\r\n/node_modules\r\n",
  });
  assert.equal((await cli(["init"], { cwd: root })).code, 0);
  const lines = readFileSync(path.join(root, ".gitignore"), "utf8").split(/\r?\n/);
  assert.deepEqual(lines.slice(3), [".moonstone/", ".env.local", ""]);
});
test("files from editors that write a byte order mark", { timeout: 120_000 }, async () => {
  const root = makeFolder({
    "moonstone/schema.ts":
      '\ufeffimport { defineSchema } from "@moonstone/server";\r\nexport const schema = defineSchema({});\r\n',
    "moonstone/host.ts":
      '\ufeff"use node";\r\nimport { platform } from "node:os";\r\nimport { action } from "./_generated/server";\r\n' +
      "export const value = action({ args: {}, handler: async () => [platform(), process.env.SAID] });\r\n",
    ".env.local": "\ufeffSAID=hello\r\n",
    "moonstone.toml": "\ufeff[server]\r\nport = 0\r\n",
  });
  const app = await Server.start(root);
  assert.deepEqual(await app.run("host:value"), ["linux", "hello"]);
  await app.stop();
});
test("a function and the file that needs it while it is loaded may come together", async () => {
  const ticker = (name) => ({
    [`moonstone/${name}.ts`]: `import { internalMutation } from "./_generated/server";
export const tick = internalMutation({ args: {}, handler: () => null });
`,
    "moonstone/crons.ts": `import { cronJobs } from "@moonstone/server";
import { internal } from "./_generated/api";
const crons = cronJobs();
crons.interval("tick", { hours: 1 }, internal.${name}.tick);
export default crons;
`,
  });
  const root = makeFolder({}, "together");
  assert.equal((await cli(["init"], { cwd: root })).code, 0);
  const built = async () => (await cli(["codegen"], { cwd: root })).text;
  assert.match(await built(), /✓ Bundled 3 functions/);
  writeFiles(root, ticker("ticker"));
  assert.match(await built(), /✓ Bundled 4 functions/);
  const api = () => readFileSync(path.join(root, "moonstone/_generated/api.ts"), "utf8");
  assert.match(api(), /ticker:tick/);
  // What is wrong in itself is told, and the types stay.
  writeFiles(root, { "moonstone/bad.ts": "export const x = (undefined as any).y;\n" });
  assert.match(await built(), /Build failed[^]*moonstone\/bad\.ts:1/);
  assert.match(api(), /ticker:tick/);
  rmSync(path.join(root, "moonstone/bad.ts"));
  // Renamed.
  rmSync(path.join(root, "moonstone/ticker.ts"));
  writeFiles(root, ticker("clock"));
  assert.match(await built(), /✓ Bundled 4 functions/);
  assert.match(api(), /clock:tick/);
});
test("reset deletes data that lies behind a link, and keeps the link", async () => {
  const root = makeFolder({ "disk/here.txt": "" }, "linked");
  assert.equal((await cli(["init"], { cwd: root })).code, 0);
  mkdirSync(path.join(root, ".moonstone"), { recursive: true });
  mkdirSync(path.join(root, "disk/data"));
  symlinkSync("../disk/data", path.join(root, ".moonstone/data"));
  const app = await Server.start(root);
  await app.run("tasks:create", { text: "gone soon" });
  await app.stop();
  assert.ok(existsSync(path.join(root, "disk/data/moonstone.db")));
  assert.equal((await cli(["reset", "--yes"], { cwd: root })).code, 0);
  assert.ok(!existsSync(path.join(root, "disk/data/moonstone.db")));
  const again = await Server.start(root);
  assert.deepEqual(await again.query("tasks:list"), []);
  await again.stop();
  assert.ok(existsSync(path.join(root, "disk/data/moonstone.db")));
});
test("functions behind a link are bundled with the types that were just written", async () => {
  const root = makeFolder({ "real/here.txt": "" }, "link");
  assert.equal((await cli(["init"], { cwd: root })).code, 0);
  renameSync(path.join(root, "moonstone"), path.join(root, "real/functions"));
  symlinkSync("real/functions", path.join(root, "moonstone"));
  assert.equal((await cli(["codegen"], { cwd: root })).code, 0);
  const query = (body) =>
    `import { query } from "./_generated/server";\nimport { api } from "./_generated/api";\n` +
    `export const q = query({ args: {}, handler: () => String(${body}) });\n`;
  writeFiles(root, {
    "moonstone/fresh.ts": query("typeof api"),
    "moonstone/user.ts": query("api.fresh.q._name"),
  });
  const app = await Server.start(root);
  assert.equal(await app.query("user:q"), "fresh:q");
  await app.stop();
});
test("init in a named folder", async () => {
  const root = makeFolder({}, "named");
  const result = await cli(["init", "sub"], { cwd: root });
  assert.equal(result.code, 0, result.text);
  assert.ok(existsSync(path.join(root, "sub/moonstone/schema.ts")));
});
const kTyped = {
  "moonstone/schema.ts": `import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  users: defineTable({ name: v.string(), age: v.optional(v.number()), kind: v.union(v.literal("a"), v.literal("b")), "odd-name": v.optional(v.string()) }).index("by_name", ["name"]),
  posts: defineTable({ author: v.id("users"), tags: v.array(v.union(v.string(), v.null())), meta: v.record(v.string(), v.number()), big: v.int64(), data: v.optional(v.bytes()) }),
});
`,
  "moonstone/users.ts": `import { query, mutation, internalQuery } from "./_generated/server";
import { v } from "@moonstone/server";
export const list = query({ args: { name: v.string(), limit: v.optional(v.number()) }, handler: async (ctx, args) =>
  await ctx.db.query("users").withIndex("by_name", (q) => q.eq("name", args.name)).take(args.limit ?? 10) });
export const add = mutation({ args: { name: v.string() }, returns: v.string(), handler: async (ctx, args) =>
  await ctx.db.insert("users", { name: args.name, kind: "a" }) });
export const secret = internalQuery({ args: {}, handler: async (ctx) => (await ctx.db.query("users").collect()).length });
export const chain = query.input({ n: v.number() }).query(async ({ ctx, args }) => args.n + (await ctx.db.query("users").count()));
`,
  "moonstone/deep/er/inner.ts": `import { query } from "../../_generated/server";
export const one = query({ args: {}, handler: async () => 1 });
`,
  "check.ts": `import { api, internal } from "./moonstone/_generated/api";
import type { DataModel } from "./moonstone/_generated/dataModel";
const n: string = (api.users.list as any)._name;
const a: string = api.users.add._name;
const b: string = internal.users.secret._name;
const c: string = api.deep.er.inner.one._name;
const kind: DataModel["users"]["kind"] = "a";
const age: number | undefined = (null as any as DataModel["users"]).age;
const time: number = (null as any as DataModel["posts"])._creationTime;
const tags: (string | null)[] = (null as any as DataModel["posts"]).tags;
// @ts-expect-error internal functions are not in api
api.users.secret;
// @ts-expect-error not a member of the union
const wrong: DataModel["users"]["kind"] = "c";
export { n, a, b, c, kind, age, time, tags, wrong };
`,
};
test(
  "codegen writes four files that type-check, with the names the runtime knows",
  { timeout: 120_000 },
  async () => {
    const root = makeFolder(kTyped, "codegen");
    linkPackages(root, ["@moonstone/server"]);
    const result = await cli(["codegen"], { cwd: root });
    assert.equal(result.code, 0, result.text);
    const read = (name) => readFileSync(path.join(root, `moonstone/_generated/${name}.ts`), "utf8");
    for (const name of ["api", "server", "dataModel", "manifest"])
      assert.match(read(name), /@moonstone\/server|export/);
    assert.match(read("api"), /["']?users:add["']/);
    assert.match(read("api"), /deep\/er\/inner:one/);
    assert.match(read("dataModel"), /DataModel/);
    assert.equal(typecheck(root), "");
    const before = read("api");
    assert.equal((await cli(["codegen", "moonstone"], { cwd: root })).code, 0);
    assert.equal(read("api"), before);
  },
);
test("generated types refuse wrong use", { timeout: 120_000 }, async () => {
  const wrong = {
    ...kTyped,
    "moonstone/wrong.ts": `import { query, mutation } from "./_generated/server";
import { v } from "@moonstone/server";
export const w = mutation({ args: { name: v.string() }, handler: async (ctx, args) => {
  // @ts-expect-error unknown table
  await ctx.db.insert("nope", {});
  // @ts-expect-error wrong type
  await ctx.db.insert("users", { name: 5, kind: "a" });
  // @ts-expect-error missing field
  await ctx.db.insert("users", { name: "x" });
  // @ts-expect-error unknown argument
  return args.other;
} });
export const q = query({ args: {}, handler: async (ctx) => {
  // @ts-expect-error queries do not write
  await ctx.db.insert("users", { name: "x", kind: "a" });
  const rows = await ctx.db.query("users").collect();
  const name: string = rows[0]!.name;
  // @ts-expect-error unknown field
  rows[0]!.nothing;
  return name;
} });
`,
  };
  const root = makeFolder(wrong, "types");
  linkPackages(root, ["@moonstone/server"]);
  const result = await cli(["codegen"], { cwd: root });
  assert.equal(result.code, 0, result.text);
  assert.equal(typecheck(root), "");
});
test("codegen of a broken project ends with 1 and names file and line", async () => {
  const root = makeFolder({ ...kTyped, "moonstone/users.ts": "export const x = ;\n" }, "broken");
  const result = await cli(["codegen"], { cwd: root });
  assert.equal(result.code, 1);
  assert.match(result.text, /users\.ts:1/);
});
const kBadSchemas = {
  "an index on an unknown field": 'a: defineTable({ x: v.string() }).index("by_y", ["y"])',
  "two indexes of one name":
    'a: defineTable({ x: v.string() }).index("i", ["x"]).index("i", ["x"])',
  "a system field": "a: defineTable({ _id: v.string() })",
  "an empty index": 'a: defineTable({ x: v.string() }).index("i", [])',
  "a field that is no validator": "a: defineTable({ x: 5 as any })",
  "an empty table name": '"": defineTable({ x: v.string() })',
  "a system table name": '"sqlite_master": defineTable({ x: v.string() })',
};
for (const [label, table] of Object.entries(kBadSchemas)) {
  test(`codegen refuses ${label}, or the project runs`, async () => {
    const root = makeFolder(
      {
        "moonstone/schema.ts": `import { defineSchema, defineTable, v } from "@moonstone/server";\nexport const schema = defineSchema({ ${table} });\n`,
      },
      "badschema",
    );
    const result = await cli(["codegen"], { cwd: root });
    assert.ok([0, 1].includes(result.code), `${result.code} ${result.signal}`);
    if (result.code === 1) assert.ok(result.text.length > 10);
    else await (await Server.start(root)).stop();
  });
}
test("SQL words are ordinary table names", async () => {
  const root = makeFolder(
    {
      "moonstone/schema.ts": `import { defineSchema, defineTable, v } from "@moonstone/server";\nexport const schema = defineSchema({ group: defineTable({ order: v.optional(v.string()), x: v.string() }), index: defineTable({ x: v.string() }) });\n`,
      "moonstone/f.ts": `import { query, mutation } from "./_generated/server";
export const add = mutation({ args: {}, handler: async (ctx: any, a: any) => await ctx.db.insert(a.t, { x: a.t }) });
export const all = query({ args: {}, handler: async (ctx: any, a: any) => (await ctx.db.query(a.t).collect()).map((d: any) => d.x) });
`,
    },
    "names",
  );
  const one = await Server.start(root);
  for (const t of ["group", "index"]) {
    await one.run("f:add", { t });
    assert.deepEqual(await one.query("f:all", { t }), [t]);
  }
  await one.stop();
});

// --- start and reset -----------------------------------------------------------------------------
test("start is production: administration needs the key, errors list no names, no dashboard", async () => {
  const root = makeFolder(project(), "start");
  const one = await Server.start(root, {
    command: "start",
    env: { MOONSTONE_ADMIN_KEY: "secret-key-of-the-test" },
  });
  assert.equal(await one.query("lab:echo", { x: 1 }), 1);
  const closed = await one.post("/__admin/run", { fn: "lab:echo", args: { x: 1 } });
  assert.ok([401, 403].includes(closed.status), `${closed.status}`);
  for (const key of ["", "wrong", "secret-key-of-the-tesu"]) {
    const wrong = await one.post(
      "/__admin/run",
      { fn: "lab:echo", args: { x: 1 } },
      { authorization: `Bearer ${key}` },
    );
    assert.ok([401, 403].includes(wrong.status), `${key} ${wrong.status}`);
  }
  const right = await one.post(
    "/__admin/run",
    { fn: "lab:echo", args: { x: 1 } },
    { authorization: "Bearer secret-key-of-the-test" },
  );
  assert.equal(right.status, 200);
  const reset = await one.post("/__dev/reset", "");
  assert.notEqual(reset.status, 200);
  assert.equal((await fetch(one.url + "/_dashboard")).status, 404);
  const ran = await cli([
    "run",
    "lab:echo",
    '{"x":1}',
    "--url",
    one.url,
    "--admin-key",
    "secret-key-of-the-test",
  ]);
  assert.equal(ran.out, "1\n", ran.text);
  const unknown = await one.query("nope:x").catch((error) => error);
  assert.equal(unknown.message, "Function not found: nope:x");
  assert.equal((await one.stop()).code, 0);
});
test("start without a key leaves administration shut", async () => {
  const root = makeFolder(project(), "nokey");
  const one = await Server.start(root, {
    command: "start",
    env: { MOONSTONE_ADMIN_KEY: "" },
  }).catch((error) => error);
  if (!(one instanceof Server)) return assert.match(one.message, /key/i);
  for (const headers of [{}, { authorization: "Bearer " }, { authorization: "Bearer undefined" }]) {
    const closed = await one.post("/__admin/run", { fn: "lab:echo", args: { x: 1 } }, headers);
    assert.ok([401, 403, 404].includes(closed.status), `${closed.status}`);
  }
  await one.stop();
});
test("reset empties the local database", async () => {
  const root = makeFolder(project(), "reset");
  let one = await Server.start(root);
  await one.run("flow:say", { text: "gone soon" });
  await one.stop();
  one = await Server.start(root);
  assert.deepEqual(await one.query("flow:said"), ["gone soon"]);
  await one.stop();
  let result = await cli(["reset"], { cwd: root });
  const asked = result.text;
  if (result.code !== 0) result = await cli(["reset", "--yes"], { cwd: root });
  assert.equal(result.code, 0, result.text);
  one = await Server.start(root);
  assert.deepEqual(await one.query("flow:said"), []);
  await one.stop();
  assert.ok(existsSync(path.join(root, "moonstone/lab.ts")));
  assert.doesNotMatch(asked, /Error/, "reset needs no flag (16)");
});
