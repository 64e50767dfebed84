// Moonstone. Licence: see LICENSE.
// build, start from a bundle, deploy, roll back (issue 3 point 10; functions.md 21.7; docs/deploy.md).
import { test } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cli, makeFolder, Server, writeFiles } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kKey = "key-of-the-deploy-test";
const schema = (fields) => `import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({ notes: defineTable({ ${fields} }) });
`;
const notes = (version, more = "") => `import { mutation, query, v } from "./_generated/server";
export const version = query({ args: {}, handler: async () => ${JSON.stringify(version)} });
export const list = query({ args: {}, handler: async (ctx) => await ctx.db.query("notes").collect() });
export const add = mutation({ args: { note: v.any() }, handler: async (ctx, a) => await ctx.db.insert("notes", a.note) });
${more}`;
const project = (version, fields = "text: v.string()", more = "") => ({
  "moonstone/schema.ts": schema(fields),
  "moonstone/notes.ts": notes(version, more),
});

const start = (root, what) =>
  Server.start(root, { command: "start", folder: what, env: { MOONSTONE_ADMIN_KEY: kKey } });
const admin = (server, route, body, key = kKey) =>
  fetch(server.url + route, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
async function run(server, fn, args = {}, prefix = "") {
  const reply = await (await admin(server, `${prefix}/__admin/run`, { fn, args })).json();
  if (!reply.success) throw new Error(reply.error);
  return reply.result;
}
const deploy = (root, server, ...args) =>
  cli(["deploy", "--url", server.url, "--key", kKey, ...args], { cwd: root });

/** A server in a folder without sources, started from a bundle of `files`. */
async function serverOf(files) {
  const source = makeFolder(files, "source");
  const built = await cli(["build", "--out", "app.json"], { cwd: source });
  assert.equal(built.code, 0, built.text);
  const root = makeFolder(
    { "app.json": readFileSync(path.join(source, "app.json"), "utf8") },
    "machine",
  );
  return { source, root, server: await start(root, "app.json") };
}

test("build writes the same file for the same sources, and start runs it without them", async () => {
  const source = makeFolder(project("one"), "build");
  const first = await cli(["build"], { cwd: source });
  assert.equal(first.code, 0, first.text);
  assert.match(first.out, /Bundled 3 functions, 1 table/);
  const file = path.join(source, "moonstone.bundle.json");
  const text = readFileSync(file, "utf8");
  const again = await cli(["build", "moonstone", "--out", "b.json", "--json"], { cwd: source });
  const said = JSON.parse(again.out);
  assert.equal(readFileSync(path.join(source, "b.json"), "utf8"), text);
  const bundle = JSON.parse(text);
  assert.equal(said.hash, bundle.hash);
  assert.equal(bundle.format, "moonstone-bundle");
  assert.deepEqual(
    bundle.functions.map((f) => f.name),
    ["notes:add", "notes:list", "notes:version"],
  );
  const root = makeFolder({ "app.json": text }, "machine");
  const server = await start(root, "app.json");
  assert.equal(await server.query("notes:version"), "one");
  await server.stop();
  assert.ok(!existsSync(path.join(root, ".moonstone/build")));
});

test("build of a broken project says where, also as JSON", async () => {
  const source = makeFolder({ "moonstone/a.ts": "export const x = ;\n" }, "broken");
  const people = await cli(["build"], { cwd: source });
  assert.equal(people.code, 1);
  assert.match(people.err, /a\.ts:1/);
  const program = await cli(["build", "--json"], { cwd: source });
  assert.equal(program.code, 1);
  assert.equal(JSON.parse(program.out).success, false);
  assert.ok(!existsSync(path.join(source, "moonstone.bundle.json")));
});

test("a deployment swaps code and schema under open subscriptions and survives a restart", async () => {
  const { source, root, server } = await serverOf(project("one"));
  const socket = await Socket.open(server);
  assert.equal((await socket.ask("query", "notes:version", {}, "s")).result, "one");
  await run(server, "notes:add", { note: { text: "kept" } });
  writeFiles(source, project("two", "text: v.string(), tag: v.optional(v.string())"));

  const plan = await deploy(source, server, "--dry-run");
  assert.equal(plan.code, 0, plan.text);
  assert.match(plan.out, /notes: add field tag/);
  assert.equal(await server.query("notes:version"), "one", "a dry run changed something");
  const json = JSON.parse((await deploy(source, server, "--dry-run", "--json")).out);
  assert.equal(json.success, true);
  assert.deepEqual(json.result.functions, { added: [], removed: [], changed: [] });
  assert.equal(json.result.dryRun, true);

  const done = await deploy(source, server);
  assert.equal(done.code, 0, done.text);
  await socket.wait("the result of the new code", (f) => f.id === "s" && f.result === "two");
  assert.equal((await server.query("notes:list"))[0].text, "kept");
  await server.stop();

  const restarted = await start(root, "app.json");
  assert.equal(await restarted.query("notes:version"), "two", "a restart forgot the deployment");
  const back = await deploy(source, restarted, "--rollback");
  assert.equal(back.code, 0, back.text);
  assert.equal(await restarted.query("notes:version"), "one");
  const further = await deploy(source, restarted, "--rollback");
  assert.equal(further.code, 1);
  assert.match(further.err, /no earlier version/);
  await restarted.stop();
  const third = await start(root, "app.json");
  assert.equal(await third.query("notes:version"), "one");
  await third.stop();

  // Another bundle at the start is a newer instruction than any deployment.
  writeFiles(source, project("three"));
  await cli(["build", "--out", path.join(root, "app.json")], { cwd: source });
  const fourth = await start(root, "app.json");
  assert.equal(await fourth.query("notes:version"), "three");
  await fourth.stop();
});

test("what does not fit the data is refused, names it, and the former version runs on", async () => {
  const { source, server } = await serverOf(project("one"));
  const id = await run(server, "notes:add", { note: { text: "x" } });
  writeFiles(source, project("two", "text: v.number()"));
  for (const args of [["--dry-run"], []]) {
    const refused = await deploy(source, server, ...args);
    assert.equal(refused.code, 5, refused.text);
    assert.match(refused.err, /table "notes", field "text"/);
    assert.match(refused.err, new RegExp(id));
    assert.equal(await server.query("notes:version"), "one");
  }
  writeFiles(source, project("three", "other: v.optional(v.string())"));
  const loss = await deploy(source, server);
  assert.equal(loss.code, 5);
  assert.match(loss.err, /field "notes\.text" \(1 value\)/);
  const accepted = await deploy(source, server, "--accept-data-loss", "--json");
  assert.equal(accepted.code, 0, accepted.text);
  assert.deepEqual(
    JSON.parse(accepted.out).result.dataLosses.map((l) => l.tenant),
    ["default"],
  );
  assert.equal(await server.query("notes:version"), "three");
  await server.stop();
});

test("closed tenants are checked, too", async () => {
  const { source, root, server } = await serverOf(project("one"));
  await run(server, "notes:add", { note: { text: "theirs" } }, "/t/acme");
  await server.stop();
  const again = await start(root, "app.json");
  writeFiles(source, project("two", "text: v.number()"));
  const refused = await deploy(source, again);
  assert.equal(refused.code, 5, refused.text);
  assert.match(refused.err, /acme/);
  assert.equal(await again.query("notes:version"), "one");
  writeFiles(source, project("two", "text: v.string(), tag: v.optional(v.string())"));
  const done = await deploy(source, again);
  assert.equal(done.code, 0, done.text);
  assert.equal((await run(again, "notes:list", {}, "/t/acme"))[0].text, "theirs");
  assert.equal(await run(again, "notes:version", {}, "/t/acme"), "two");
  await again.stop();
});

test("a server without any code waits for the first deployment", async () => {
  const root = makeFolder({}, "bare");
  const server = await start(root, "--deployed");
  assert.equal((await fetch(server.url + "/health")).status, 200);
  const early = await server.query("notes:version").catch((error) => error);
  assert.equal(early.status, 404);
  const source = makeFolder(project("one"), "first");
  assert.equal((await deploy(source, server)).code, 0);
  assert.equal(await server.query("notes:version"), "one");
  await server.stop();
  const again = await start(root, "--deployed");
  assert.equal(await again.query("notes:version"), "one");
  await again.stop();
});

test("only the key of a production server opens it, and a bundle must be whole", async () => {
  const { root, server } = await serverOf(project("one"));
  const good = readFileSync(path.join(root, "app.json"), "utf8");
  for (const [key, status] of [
    ["", 401],
    ["wrong", 401],
  ])
    assert.equal((await admin(server, "/__admin/deploy", good, key)).status, status);
  const bad = {
    "not JSON": ["{", /not a bundle/],
    "another file": ["{}", /format/],
    "a cut file": [good.slice(0, good.length / 2), /not a bundle/],
    "a changed file": [good.replace('\\"one\\"', '\\"two\\"'), /damaged/],
    "a newer format": [good.replace('"formatVersion":1', '"formatVersion":99'), /format 99/],
    "no source": [JSON.stringify({ ...JSON.parse(good), source: {} }), /source\.code/],
    nothing: ["", /not a bundle/],
  };
  for (const [label, [text, pattern]] of Object.entries(bad)) {
    const reply = await admin(server, "/__admin/deploy", text);
    assert.equal(reply.status, 400, label);
    assert.match((await reply.json()).error, pattern, label);
  }
  const same = await (await admin(server, "/__admin/deploy", good)).json();
  assert.equal(same.success, true);
  assert.equal(same.result.codeChanged, false);
  const inTenant = await admin(server, "/t/acme/__admin/deploy", good);
  assert.equal(inTenant.status, 400);
  const listed = await fetch(server.url + "/__admin/deploy", {
    headers: { authorization: `Bearer ${kKey}` },
  });
  assert.equal((await listed.json()).result.deployments.length, 1);
  assert.equal(await server.query("notes:version"), "one");
  await server.stop();
});

test("code that throws when it is loaded is refused with its place", async () => {
  const { source, server } = await serverOf(project("one"));
  writeFiles(source, project("two", "text: v.string()", 'throw new Error("at load");'));
  const refused = await deploy(source, server);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /at load/);
  assert.equal(await server.query("notes:version"), "one");
  await server.stop();
});

test("dev takes its code from its folder", async () => {
  const root = makeFolder(project("one"), "devdeploy");
  const server = await Server.start(root);
  const refused = await deploy(root, server);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /moonstone dev/);
  await server.stop();
});

test("without --url a dry run builds and generates, and nothing else goes", async () => {
  const root = makeFolder(project("one"), "nourl");
  const plan = await cli(["deploy", "--dry-run"], { cwd: root });
  assert.equal(plan.code, 0, plan.text);
  assert.ok(existsSync(path.join(root, "moonstone/_generated/api.ts")));
  const bare = await cli(["deploy"], { cwd: root });
  assert.equal(bare.code, 2);
  assert.match(bare.err, /--url/);
  const nobody = await cli(["deploy", "--url", "http://127.0.0.1:9"], { cwd: root });
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /http:\/\/127\.0\.0\.1:9/);
});

test("only the last ten versions are kept", { timeout: 200_000 }, async () => {
  const { source, root, server } = await serverOf(project("v0"));
  for (let i = 1; i <= 11; ++i) {
    writeFileSync(path.join(source, "moonstone/notes.ts"), notes(`v${i}`));
    assert.equal((await deploy(source, server)).code, 0);
  }
  const kept = readdirSync(path.join(root, ".moonstone/data/bundles"));
  assert.equal(kept.filter((name) => /^[0-9a-f]{64}\.json$/.test(name)).length, 10);
  await server.stop();
});
