// Moonstone. Licence: see LICENSE.
// export, import, run --watch, logs, doctor, and the hints of the command line (issue 3 point 12).
import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { cli, makeFolder, Run, Server, until, writeFiles } from "./lib/server.mjs";

const kProject = {
  "moonstone/schema.ts": `import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  notes: defineTable({ text: v.string(), big: v.optional(v.int64()), data: v.optional(v.bytes()), any: v.optional(v.any()) }),
  empty: defineTable({ x: v.number() }),
});
`,
  "moonstone/notes.ts": `import { mutation, query, v } from "./_generated/server";
export const list = query({ args: {}, handler: async (ctx) => (await ctx.db.query("notes").collect()).map((d) => ({ ...d, big: d.big === undefined ? undefined : String(d.big), data: d.data === undefined ? undefined : [...new Uint8Array(d.data)] })) });
export const add = mutation({ args: { note: v.any() }, handler: async (ctx, a) => await ctx.db.insert("notes", a.note) });
export const fill = mutation({ args: { count: v.number() }, handler: async (ctx, a) => { for (let i = 0; i < a.count; i++) await ctx.db.insert("notes", { text: "note " + i }); } });
export const odd = mutation({ args: {}, handler: async (ctx) => await ctx.db.insert("notes", { text: "é😀\\n", big: 9007199254740993n, data: new Uint8Array([0, 255, 7]).buffer, any: { a: [1, 1.5, null, true, -0.25], $x: "y" } }) });
export const upload = mutation({ args: {}, handler: async (ctx) => await ctx.storage.generateUploadUrl() });
export const url = query({ args: { id: v.string() }, handler: async (ctx, a) => await ctx.storage.getUrl(a.id) });
`,
};
const lines = (file) => readFileSync(file, "utf8").split("\n").filter(Boolean);

test(
  "an export and its import give the same documents and files",
  { timeout: 180_000 },
  async () => {
    const root = makeFolder(kProject, "export");
    const server = await Server.start(root);
    await server.run("notes:fill", { count: 1203 });
    await server.run("notes:odd");
    const upload = await fetch(await server.run("notes:upload"), {
      method: "POST",
      body: "some bytes",
      headers: { "content-type": "text/x-test" },
    });
    const { storageId } = await upload.json();
    const before = await server.query("notes:list");

    const online = await cli(["export", "out", "--url", server.url], { cwd: root });
    assert.equal(online.code, 0, online.text);
    assert.match(online.out, /1204 documents and 1 files/);
    const occupied = await cli(["export", "out", "--url", server.url], { cwd: root });
    assert.equal(occupied.code, 1);
    assert.match(occupied.err, /not empty/);
    const locked = await cli(["export", "other"], { cwd: root });
    assert.equal(locked.code, 4, "offline, while a server runs");
    await server.stop();
    const offline = await cli(["export", "other", "--json"], { cwd: root });
    assert.equal(offline.code, 0, offline.text);
    assert.equal(JSON.parse(offline.out).documents, 1204);
    for (const name of ["tables/notes.jsonl", "tables/empty.jsonl", "files.jsonl"])
      assert.equal(
        readFileSync(path.join(root, "out", name), "utf8"),
        readFileSync(path.join(root, "other", name), "utf8"),
        name,
      );
    assert.equal(lines(path.join(root, "out/tables/notes.jsonl")).length, 1204);
    assert.equal(JSON.parse(readFileSync(path.join(root, "out/export.json"))).documents, 1204);

    // Into an empty server, and offline into an empty folder.
    for (const way of ["online", "offline"]) {
      const there = makeFolder(kProject, "import");
      const folder = path.join(root, "out");
      let one;
      if (way === "online") one = await Server.start(there);
      const args = one ? ["--url", one.url] : [];
      const done = await cli(["import", folder, ...args], { cwd: there });
      assert.equal(done.code, 0, done.text);
      assert.match(done.out, /1204 documents and 1 files imported/);
      const again = await cli(["import", folder, ...args], { cwd: there });
      assert.equal(again.code, 1);
      assert.match(again.err, /notes\.jsonl:1: there is a document notes:/);
      for (const mode of ["--skip", "--replace"])
        assert.equal((await cli(["import", folder, mode, ...args], { cwd: there })).code, 0, mode);
      one ??= await Server.start(there);
      assert.deepEqual(await one.query("notes:list"), before);
      const link = await one.query("notes:url", { id: storageId });
      const file = await fetch(link);
      assert.equal(await file.text(), "some bytes");
      assert.match(file.headers.get("content-type"), /text\/x-test/);
      await one.stop();
    }
  },
);

/** A server's data through an export and an import into an empty server, as `look` sees them. */
async function moved(project, look, fill) {
  const root = makeFolder(project, "from");
  const server = await Server.start(root);
  await fill(server);
  const before = await look(server);
  const exported = await cli(["export", "out", "--url", server.url], { cwd: root });
  assert.equal(exported.code, 0, exported.text);
  await server.stop();
  const there = makeFolder(project, "to");
  const imported = await cli(["import", path.join(root, "out")], { cwd: there });
  assert.equal(imported.code, 0, imported.text);
  assert.equal(imported.err, "");
  const again = await cli(["import", path.join(root, "out"), "--skip"], { cwd: there });
  assert.equal(again.code, 0, again.text);
  const other = await Server.start(there);
  assert.deepEqual(await look(other), before);
  return { root, there, other };
}

test("documents of any size and number come back", { timeout: 180_000 }, async () => {
  const project = {
    ...kProject,
    "moonstone/big.ts": `import { mutation, query, v } from "./_generated/server";
export const add = mutation({ args: { length: v.number() }, handler: (ctx, a) => ctx.db.insert("notes", { text: "x".repeat(a.length) }) });
export const lengths = query({ args: {}, handler: async (ctx) => { const found = []; for await (const d of await ctx.db.query("notes").collect()) found.push(d.text.length); return found; } });
`,
    "moonstone.toml": "[limits]\nbytes_read = 1000000000\n",
  };
  const { other } = await moved(
    project,
    (server) => server.query("big:lengths"),
    async (server) => {
      await server.run("notes:fill", { count: 600 });
      // More than one read may take, and one beyond the limit of a body.
      for (let i = 0; i < 7; i++) await server.run("big:add", { length: 10_000_000 });
    },
  );
  await other.stop();
});

test("an import is not bound by the limits of the project's mutations", async () => {
  const root = makeFolder(
    { ...kProject, "moonstone.toml": "[limits]\nrows_written = 10\n" },
    "few",
  );
  const id = (n) => `notes:01JD0000000000000000000${100 + n}`;
  const text = Array.from({ length: 30 }, (_, n) => `{"_id":"${id(n)}","text":"${n}"}`).join("\n");
  // As an editor on Windows leaves it.
  const folder = makeFolder(
    { "tables/notes.jsonl": "\ufeff" + text.replaceAll("\n", "\r\n") + "\r\n\r\n" },
    "crlf",
  );
  const done = await cli(["import", folder], { cwd: root });
  assert.equal(done.code, 0, done.text);
  assert.match(done.out, /30 documents/);
});

const kModels = {
  "moonstone/schema.lite": `
model Account {
  id Int @id
  name String @unique
  boss Account? @relation(fields: [bossId], references: [id])
  bossId Int?
  visits Visit[]
  zones Zone[]
  changed DateTime @updatedAt
  deletedAt DateTime?
  @@softDelete
}
model Visit {
  id Int @id
  account Account @relation(fields: [accountId], references: [id])
  accountId Int
  number Int @sequence(scope: accountId)
  big Int?
  data Bytes?
  tags String[]
  extra Json?
  isOpen Boolean @default(true)
  twice Int @generated("{number} * 2")
}
model Zone { id String @id  accounts Account[] }
model Line { text String }`,
  "moonstone/m.ts": `import { mutation, query, v } from "./_generated/server";
export const fill = mutation({ args: {}, handler: async (ctx) => {
  for (let n = 1; n <= 1100; n++) await ctx.db.account.create({ data: { name: "a" + n } });
  // Rows of different requests refer forwards and backwards, to each other and to themselves.
  await ctx.db.account.update({ where: { id: 3 }, data: { bossId: 1100 } });
  await ctx.db.account.update({ where: { id: 1100 }, data: { bossId: 4 } });
  await ctx.db.account.update({ where: { id: 20 }, data: { bossId: 900 } });
  await ctx.db.account.update({ where: { id: 900 }, data: { bossId: 20 } });
  await ctx.db.account.update({ where: { id: 21 }, data: { bossId: 21 } });
  await ctx.db.account.remove({ where: { id: 7 } });
  await ctx.db.visit.create({ data: { accountId: 3, big: 9007199254740993n, data: new Uint8Array([0, 255]), tags: ["a"], extra: { $x: [1.5, null] }, isOpen: false } });
  await ctx.db.visit.create({ data: { accountId: 3 } });
  await ctx.db.zone.create({ data: { id: "north", accounts: { connect: [{ id: 3 }, { id: 5 }] } } });
  for (const text of ["a", "b", "c"]) await ctx.db.line.create({ data: { text } });
  await ctx.db.line.deleteMany({ where: { text: "b" } });
} });
export const all = query({ args: {}, handler: async (ctx) => JSON.stringify([
  await ctx.db.account.findMany({ withDeleted: true, orderBy: { id: "asc" }, include: { zones: true, visits: true } }),
  await ctx.db.line.findMany({}), (await ctx.db.query("line").collect()).map((line) => line._id),
], (_, value) => typeof value === "bigint" ? String(value) : value) });
export const next = mutation({ args: {}, handler: async (ctx) => (await ctx.db.visit.create({ data: { accountId: 3 } })).number });
`,
};

test("rows of models come back as they were", { timeout: 180_000 }, async () => {
  const { root, there, other } = await moved(
    kModels,
    (server) => server.query("m:all"),
    (server) => server.run("m:fill"),
  );
  const before = await other.query("m:all");
  const replaced = await cli(["import", path.join(root, "out"), "--replace", "--url", other.url], {
    cwd: there,
  });
  assert.equal(replaced.code, 0, replaced.text);
  assert.equal(await other.query("m:all"), before);

  assert.equal(await other.run("m:next"), 3, "a number is not given twice");
  // Without whom the rows refer to there is nothing to be imported, and that is told with the line.
  const partial = makeFolder({}, "partial");
  cpSync(path.join(root, "out"), partial, { recursive: true });
  rmSync(path.join(partial, "tables/account.jsonl"));
  const orphans = await cli(["import", partial], { cwd: makeFolder(kModels, "orphans") });
  assert.equal(orphans.code, 1);
  assert.match(orphans.err, /visit\.jsonl:1: the row refers to one that is neither here nor there/);
  await other.stop();
});

test("an import tells of what is missing in its folder", async () => {
  const root = makeFolder(kProject, "gaps");
  const server = await Server.start(root);
  await server.run("notes:fill", { count: 3 });
  await cli(["export", "out", "--url", server.url], { cwd: root });
  await server.stop();
  const damaged = makeFolder({}, "damaged");
  const target = () => makeFolder(kProject, "target");
  cpSync(path.join(root, "out"), damaged, { recursive: true });
  const file = path.join(damaged, "tables/notes.jsonl");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^.*\n/, ""));
  const fewer = await cli(["import", damaged], { cwd: target() });
  assert.match(fewer.err, /tells of 3 documents, but the folder holds 2/);
  rmSync(file);
  const none = await cli(["import", damaged], { cwd: target() });
  assert.match(none.err, /tells of 3 documents, but the folder holds 0/);
  mkdirSync(file);
  const folder = await cli(["import", damaged], { cwd: target() });
  assert.equal(folder.code, 1);
  assert.match(folder.err, /cannot read .*notes\.jsonl/);
});

test("an import tells of documents that are older than those that are there", async () => {
  const root = makeFolder(kProject, "older");
  const server = await Server.start(root);
  await server.run("notes:add", { note: { text: "new" } });
  const lines = ["01JD0000000000000000000002", "01JD0000000000000000000001"].map(
    (ulid) => `{"_id":"notes:${ulid}","text":"old"}`,
  );
  const folder = makeFolder({ "tables/notes.jsonl": lines.join("\n") }, "old");
  const done = await cli(["import", folder, "--url", server.url], { cwd: root });
  assert.equal(done.code, 0, done.text);
  assert.match(done.err, /2 documents are older than others/);
  await server.stop();
  // Among themselves their order is that of their ids, whatever the order of the lines.
  const empty = makeFolder(kProject, "empty");
  const alone = await cli(["import", folder], { cwd: empty });
  assert.doesNotMatch(alone.err, /older/);
  const other = await Server.start(empty);
  assert.deepEqual(
    (await other.query("notes:list")).map((note) => note._id.slice(-1)),
    ["1", "2"],
  );
  await other.stop();
});

test("an import runs no functions of the project", async () => {
  const root = makeFolder(
    {
      ...kProject,
      "moonstone/later.ts": `import { internalMutation, mutation } from "./_generated/server";
import { internal } from "./_generated/api";
export const note = internalMutation({ args: {}, handler: (ctx) => ctx.db.insert("notes", { text: "ran" }) });
export const plan = mutation({ args: {}, handler: (ctx) => ctx.scheduler.runAfter(3_600_000, internal.later.note) });
`,
    },
    "jobs",
  );
  const server = await Server.start(root);
  await server.run("later:plan");
  await server.stop();
  const database = path.join(root, ".moonstone/data/moonstone.db");
  const sql = (statement) =>
    execFileSync("python3", [
      "-c",
      "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(c.execute(sys.argv[2]).fetchall()); c.commit()",
      database,
      statement,
    ]).toString();
  sql("UPDATE _jobs SET runAt = 1000"); // due for long
  const folder = makeFolder({ "tables/notes.jsonl": "" }, "nothing");
  for (let i = 0; i < 2; i++) {
    const done = await cli(["import", folder], { cwd: root });
    assert.equal(done.code, 0, done.text);
  }
  assert.match(sql("SELECT status FROM _jobs"), /pending/);
  assert.match(sql("SELECT count(*) FROM notes"), /\(0,\)/);
});

test("an empty argument is not taken for the default", async () => {
  const root = makeFolder(kProject, "empty");
  for (const args of [
    ["export", ""],
    ["import", ""],
    ["export", "out", "--url", ""],
    ["reset", "--yes", "--env", ""],
    ["init", ""],
    ["dev", "--env", ""],
  ]) {
    const refused = await cli(args, { cwd: root });
    assert.equal(refused.code, 2, args.join(" "));
    assert.match(refused.text, /is empty/, args.join(" "));
  }
});

test("a broken line names file and line; what stands before it is kept", async () => {
  const root = makeFolder(kProject, "brokenline");
  const server = await Server.start(root);
  const id = await server.run("notes:add", { note: { text: "a" } });
  const [, ulid] = id.split(":");
  const line = (n, rest) => `{"_id":"notes:${ulid.slice(0, -4)}${1000 + n}",${rest}}`;
  const cases = {
    "no JSON": ["{", /notes\.jsonl:701:/],
    "another type": [line(701, '"text":5'), /notes\.jsonl:701: .*Expected string/],
    "no id": ['{"text":"x"}', /notes\.jsonl:701: .*_id/],
    "an id of another table": ['{"_id":"empty:x","text":"x"}', /notes\.jsonl:701: .*not an id/],
    "an unknown field": [line(701, '"text":"x","nope":1'), /notes\.jsonl:701: .*nope/],
  };
  for (const [label, [broken, pattern]] of Object.entries(cases)) {
    const good = Array.from({ length: 700 }, (_, i) => line(i, `"text":"${i}"`));
    const folder = makeFolder({ "tables/notes.jsonl": [...good, broken].join("\n") }, "lines");
    const done = await cli(["import", folder, "--skip", "--url", server.url], { cwd: root });
    assert.equal(done.code, 1, label);
    assert.match(done.err, pattern, label);
    assert.equal((await server.query("notes:list")).length, 501, "whole batches before it");
  }
  const unknown = makeFolder({ "tables/nope.jsonl": '{"_id":"nope:x"}\n' }, "unknown");
  const refused = await cli(["import", unknown, "--url", server.url], { cwd: root });
  assert.equal(refused.code, 1);
  assert.match(refused.err, /nope/);
  await server.stop();
});

test("a file that is deleted during an export is left out", async () => {
  const ids = ["0", "1", "2"].map((n) => `_storage/0000000${n}-0000-4000-8000-000000000000`);
  const remote = http.createServer((request, reply) => {
    const url = new URL(request.url, "http://x");
    if (url.pathname === "/__admin/export") {
      const all = [
        { moonstone: "export", format: 1 },
        ...ids.map((storageId) => ({ file: { storageId } })),
        { end: true, documents: 0, files: 3 },
      ];
      return reply.end(all.map((line) => JSON.stringify(line) + "\n").join(""));
    }
    if (url.searchParams.get("id") !== ids[1]) return reply.end("bytes");
    reply.statusCode = 404;
    reply.end(
      JSON.stringify({ success: false, error: "there is no such file", code: "not_found" }),
    );
  });
  remote.listen(0, "127.0.0.1").unref();
  await once(remote, "listening");
  const root = makeFolder({}, "deleted");
  const url = `http://127.0.0.1:${remote.address().port}`;
  const done = await cli(["export", "out", "--url", url], { cwd: root });
  assert.equal(done.code, 0, done.text);
  assert.match(done.out, /0 documents and 2 files/);
  assert.match(done.err, /_storage\/00000001-.* was deleted during the export/);
  assert.deepEqual(
    lines(path.join(root, "out/files.jsonl")).map((line) => JSON.parse(line).storageId),
    [ids[0], ids[2]],
  );
  assert.equal(readdirSync(path.join(root, "out/files")).length, 2);
  remote.close();
});

test("names in an export cannot lead out of its folder", async () => {
  const root = makeFolder(kProject, "slip");
  const server = await Server.start(root);
  const id = "_storage/../../etc/passwd";
  const evil = makeFolder(
    { "tables/notes.jsonl": "", "files.jsonl": JSON.stringify({ storageId: id }) + "\n" },
    "evil",
  );
  const refused = await cli(["import", evil, "--url", server.url], { cwd: root });
  assert.equal(refused.code, 1);
  assert.match(refused.err, /files\.jsonl:1: .*not the id of a stored file/);
  for (const name of ["..", "a b", "-x"]) {
    const folder = makeFolder({ [`tables/${name}.jsonl`]: "" }, "evil");
    assert.equal((await cli(["import", folder, "--url", server.url], { cwd: root })).code, 1, name);
  }
  await server.stop();
});

test("administration routes of transfers need the key in production", async () => {
  const root = makeFolder(kProject, "transferkey");
  const server = await Server.start(root, {
    command: "start",
    env: { MOONSTONE_ADMIN_KEY: "the-key-of-transfers" },
  });
  for (const [method, route] of [
    ["GET", "/__admin/export"],
    ["GET", "/__admin/file?id=x"],
    ["PUT", "/__admin/file?id=x"],
    ["POST", "/__admin/import?table=notes"],
  ]) {
    const reply = await fetch(server.url + route, { method, body: method === "GET" ? null : "" });
    assert.equal(reply.status, 401, route);
  }
  const out = await cli(["export", "out", "--url", server.url, "--key", "the-key-of-transfers"], {
    cwd: root,
  });
  assert.equal(out.code, 0, out.text);
  await server.stop();
});

test("run --watch prints each result", async () => {
  const root = makeFolder(kProject, "watch");
  const server = await Server.start(root);
  const watch = new Run(["run", "notes:list", "--watch", "--url", server.url], { cwd: root });
  await until("the first result", () => watch.out.includes("[]"));
  await server.run("notes:add", { note: { text: "news" } });
  await until("the second result", () => watch.out.includes('"text": "news"'));
  await server.stop();
  const ended = await watch.finished();
  assert.equal(ended.code, 1);
  assert.match(ended.err, /closed the connection/);
});

test("run --watch of what cannot be watched fails with the server's reason", async () => {
  const root = makeFolder(kProject, "nowatch");
  const server = await Server.start(root);
  for (const fn of ["notes:nope", "notes:add"]) {
    const failed = await cli(["run", fn, "--watch", "--url", server.url], { cwd: root });
    assert.equal(failed.code, 1);
    assert.match(failed.err, /^Error \[execution_error\]: /);
  }
  await server.stop();
});

test("logs shows what functions print, and follows", async () => {
  const root = makeFolder(
    {
      ...kProject,
      "moonstone/talk.ts": `import { mutation } from "./_generated/server";
export const say = mutation({ args: {}, handler: async () => { console.warn("a word", 5); return 1; } });
`,
    },
    "logs",
  );
  const server = await Server.start(root);
  await server.run("talk:say");
  const recent = await cli(["logs", "--url", server.url], { cwd: root });
  assert.equal(recent.code, 0, recent.text);
  assert.match(recent.out, /talk:say: a word 5/);
  const follow = new Run(["logs", "--follow", "--json", "--url", server.url], { cwd: root });
  await until("the lines that are there", () => follow.out.includes("a word"));
  const seen = follow.out.length;
  await server.run("talk:say");
  await until("a new line", () => follow.out.slice(seen).includes("a word"));
  const line = JSON.parse(follow.out.trim().split("\n").at(-1));
  assert.equal(line.module !== undefined && line.level !== undefined, true);
  await server.stop();
  await follow.finished();
});

test("logs finds functions by names of any letters", async () => {
  const say = (word) => `import { mutation } from "./_generated/server";
export const say = mutation({ args: {}, handler: async () => { console.log("${word}"); } });
`;
  const root = makeFolder(
    { ...kProject, "moonstone/größe 1.ts": say("wanted"), "moonstone/talk.ts": say("unwanted") },
    "logsname",
  );
  const server = await Server.start(root);
  await server.run("größe 1:say");
  await server.run("talk:say");
  const found = await cli(["logs", "--function", "größe 1:say", "--url", server.url]);
  assert.equal(found.code, 0, found.text);
  assert.match(found.out, /: wanted/);
  assert.doesNotMatch(found.out, /unwanted/);
  await server.stop();
});

test("doctor looks at the Node that runs actions", async () => {
  const root = makeFolder(
    { ...kProject, "moonstone.toml": '[actions]\nnode = "/nonexistent/node"\n' },
    "doctornode",
  );
  const told = JSON.parse((await cli(["doctor", "--json"], { cwd: root })).out);
  assert.equal(told.checks.find((check) => check.check === "node").message, "not found");
});

test("doctor is content with a healthy project, and names what is wrong", async () => {
  const root = makeFolder(kProject, "doctor");
  const server = await Server.start(root);
  await server.run("notes:add", { note: { text: "x" } });
  await server.stop();
  const healthy = await cli(["doctor"], { cwd: root });
  assert.equal(healthy.code, 0, healthy.text);
  for (const word of ["esbuild", "node", "configuration", "database", "disk space", "schema"])
    assert.match(healthy.out, new RegExp(word));
  writeFiles(root, {
    "moonstone.toml": "[server]\nprot = 1\n",
    "moonstone/schema.ts": kProject["moonstone/schema.ts"].replace(
      "text: v.string()",
      "text: v.number()",
    ),
  });
  const ill = await cli(["doctor", "--json"], { cwd: root });
  assert.equal(ill.code, 1, ill.text);
  const found = JSON.parse(ill.out);
  assert.equal(found.status, "problem");
  const by = (name) => found.checks.find((check) => check.check === name);
  assert.match(by("configuration").message, /server\.port/);
  assert.match(by("schema").message, /field "text"/);
  assert.ok(by("schema").mend.length > 0);

  const data = path.join(root, ".moonstone/data/moonstone.db");
  const bytes = readFileSync(data);
  bytes.fill(0x5a, 4096, 4096 * 3);
  writeFileSync(data, bytes);
  for (const name of readdirSync(path.dirname(data)))
    if (name.endsWith("-wal") || name.endsWith("-shm")) rmSync(path.join(path.dirname(data), name));
  const torn = JSON.parse((await cli(["doctor", "--json"], { cwd: root })).out);
  assert.equal(torn.checks.find((check) => check.check === "database").status, "problem");
});

test("doctor names indexes that are missing, from the schema and from what ran", async () => {
  const root = makeFolder(
    {
      "moonstone/schema.ts": `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  shelves: defineTable({ name: v.string() }),
  books: defineTable({ shelf: v.id("shelves"), place: v.number(), kept: v.optional(v.id("shelves")) })
    .index("by_kept", ["kept"]),
});`,
      "moonstone/books.ts": `
import { mutation, query } from "./_generated/server";
import { v } from "@moonstone/server";
export const fill = mutation({ args: { n: v.number() }, handler: async (ctx, { n }) => {
  const shelf = await ctx.db.insert("shelves", { name: "a" });
  for (let place = 0; place < n; ++place) await ctx.db.insert("books", { shelf, place });
} });
export const at = query({ args: { place: v.number() }, handler: (ctx, { place }) =>
  ctx.db.query("books").filter((q) => q.eq(q.field("place"), place)).collect() });`,
    },
    "indexes",
  );
  const server = await Server.start(root);
  await server.run("books:fill", { n: 1500 });
  await server.query("books:at", { place: 7 });
  const ask = async (...more) =>
    JSON.parse((await cli(["doctor", "--json", ...more], { cwd: root })).out).checks;
  const online = await ask("--url", server.url);
  const scan = online.find((check) => check.check === "indexes");
  assert.equal(scan.status, "warning");
  assert.match(
    scan.message,
    /books\.place was filtered by without an index: 1 queries read 1\d\d\d/,
  );
  assert.match(scan.mend, /\.index\("by_place", \["place"\]\)/);
  assert.match(online.find((check) => check.check === "schema").message, /compares it at every/);
  const lost = await ask("--url", "http://127.0.0.1:9");
  assert.match(lost.find((check) => check.check === "schema").mend, /doctor --url/);
  await server.stop();
  const offline = (await ask()).filter((check) => check.check === "indexes");
  assert.equal(offline.length, 1, JSON.stringify(offline));
  assert.match(offline[0].message, /books\.shelf refers to "shelves".*1500 documents/);
});

test("every command explains itself with an example", async () => {
  const help = await cli(["--help"]);
  const commands = [...help.out.matchAll(/^ {2}([a-z]+) {2,}/gm)].map((match) => match[1]);
  for (const command of [
    "init",
    "dev",
    "codegen",
    "build",
    "deploy",
    "start",
    "run",
    "export",
    "import",
    "logs",
    "doctor",
    "reset",
    "version",
  ]) {
    assert.ok(commands.includes(command), command);
    const own = await cli([command, "--help"]);
    assert.equal(own.code, 0);
    assert.match(own.out, new RegExp(`Example: .*moonstone ${command}`), command);
  }
});

test("unknown flags and near misses get a hint", async () => {
  const flag = await cli(["deploy", "--dryrun"]);
  assert.equal(flag.code, 2);
  assert.match(flag.err, /did you mean --dry-run\?/);
  const command = await cli(["deplyo"]);
  assert.equal(command.code, 1);
  assert.match(command.err, /did you mean deploy\?/);
});
