// Moonstone. Licence: see LICENSE.
// Full-text search over the real binary (functions.md 6.7, 21.17).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { makeFolder, Server, writeFiles, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const schema = (searches) => `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  tasks: defineTable({
    title: v.string(), notes: v.optional(v.string()), project: v.string(),
    mixed: v.optional(v.union(v.string(), v.number())),
  }).index("by_project", ["project"])${searches},
  plain: defineTable({ title: v.string() }),
});
`;
const kSearches = `
    .searchIndex("search_title", { searchField: "title" })
    .searchIndex("search_notes", { searchField: "notes" })
    .searchIndex("search_mixed", { searchField: "mixed" })`;
const kTasks = `
import { query, mutation } from "./_generated/server";
function build(ctx: any, a: any) {
  let q = ctx.db.query(a.table ?? "tasks");
  if (a.index) q = q.withIndex(a.index);
  if (a.text !== undefined) q = q.search(a.field ?? "title", a.text);
  if (a.lateIndex) q = q.withIndex(a.lateIndex);
  if (a.project) q = q.filter((f: any) => f.eq(f.field("project"), a.project));
  if (a.order) q = q.order(a.order);
  return q;
}
export const find = query({ args: {}, handler: async (ctx: any, a: any) =>
  (await build(ctx, a)[a.end ?? "collect"](...(a.with ?? []))) });
export const titles = query({ args: {}, handler: async (ctx: any, a: any) =>
  (await build(ctx, a).collect()).map((d: any) => d.title) });
/** Every run has another random number: what is pushed tells how often it ran. */
export const probe = query({ args: {}, handler: async (ctx: any, a: any) =>
  ({ found: await build(ctx, a)[a.end ?? "collect"](...(a.with ?? [])), run: Math.random() }) });
export const write = mutation({ args: {}, handler: async (ctx: any, a: any) => {
  const out = [];
  for (const [op, ...rest] of a.steps) {
    if (op === "find") out.push((await build(ctx, rest[0]).collect()).map((d: any) => d.title));
    else if (op === "fail") throw new Error("failed on purpose");
    else out.push(await ctx.db[op](...rest));
  }
  return out;
} });
`;

let server;
const write = async (steps) => server.run("tasks:write", { steps });
const insert = (title, more = {}) => ["insert", "tasks", { title, project: "p", ...more }];
const titles = (text, more = {}) => server.query("tasks:titles", { text, ...more });
const message = (promise) =>
  promise.then(
    (value) => assert.fail(`expected an error, got ${JSON.stringify(value)}`),
    (error) => error.message,
  );

before(async () => {
  server = await Server.start(
    makeFolder(
      { "moonstone/schema.ts": schema(kSearches), "moonstone/tasks.ts": kTasks },
      "search",
    ),
  );
  await write([
    insert("Fix the login bug"),
    insert("bug bug", { project: "q", notes: "urgent" }),
    insert("Patch the page", { notes: "not urgent at all", mixed: 5 }),
    insert("Über-fixture", { mixed: "five" }),
  ]);
});
after(() => server?.stop());

const kTexts = [
  ["bug", ["bug bug", "Fix the login bug"]],
  ["login bug", ["Fix the login bug"]],
  ["LOGIN AND Bug", ["Fix the login bug"]],
  ['"the login"', ["Fix the login bug"]],
  ['"login the"', []],
  ["patch OR login", ["Patch the page", "Fix the login bug"].sort()],
  ["bug NOT login", ["bug bug"]],
  ["fix*", ["Fix the login bug", "Über-fixture"].sort()],
  ["uber", ["Über-fixture"]],
  ["^patch", ["Patch the page"]],
  ["NEAR(fix bug, 2)", ["Fix the login bug"]],
  ["title : page", ["Patch the page"]],
  ["nothing", []],
];
for (const [text, expected] of kTexts) {
  test(`search ${text}`, async () => {
    const found = await titles(text);
    assert.deepEqual(text === "bug" ? found : found.sort(), expected);
    assert.equal(await server.query("tasks:find", { text, end: "count" }), expected.length);
  });
}
test("search combines with filter, order and terminals", async () => {
  assert.deepEqual(await titles("bug", { project: "q" }), ["bug bug"]);
  assert.deepEqual(await titles("bug", { order: "desc" }), ["bug bug", "Fix the login bug"]);
  const find = (more) => server.query("tasks:find", { text: "bug", ...more });
  assert.equal((await find({ end: "first" })).title, "bug bug");
  assert.equal((await find({ end: "take", with: [1] })).length, 1);
  assert.equal(await message(find({ end: "unique" })), "Expected exactly one result, got multiple");
  assert.equal((await find({ text: "page", end: "unique" })).notes, "not urgent at all");
  assert.deepEqual(await titles("urgent", { field: "notes" }), ["bug bug", "Patch the page"]);
  assert.deepEqual(await titles("five", { field: "mixed" }), ["Über-fixture"]);
  assert.deepEqual(await titles("5", { field: "mixed" }), []);
});

const kErrors = [
  [{ text: "" }, /^fts5: syntax error near ""/],
  [{ text: "it's" }, /^fts5: syntax error near "'".*in double quotes$/],
  [{ text: "(bug" }, /^fts5: syntax error near ""/],
  [{ text: '"bug' }, /^unterminated string\. .*in double quotes$/],
  [{ text: "*reads" }, /^fts5: syntax error near "\*"/],
  [{ text: "e-mail" }, /^no such column: mail\. .*in double quotes$/],
  [{ text: "x".repeat(2049) }, /2049 bytes; at most 2048/],
  [{ text: "x ".repeat(65) }, /65 words; at most 64/],
  [{ text: "a\0b" }, /U\+0000/],
  [{ text: 5 }, /looks for a text/],
  [{ text: "x", field: "project" }, /^No search index on field "project" of table "tasks"$/],
  [{ text: "x", field: "nope" }, /^No search index on field "nope" of table "tasks"$/],
  [{ text: "x", table: "plain" }, /^No search index on field "title" of table "plain"$/],
  [{ text: "x", index: "by_project" }, /^\.search\(\) cannot be combined with \.withIndex\(\)$/],
  [
    { text: "x", lateIndex: "by_project" },
    /^\.withIndex\(\) cannot be combined with \.search\(\)$/,
  ],
];
for (const [args, expected] of kErrors) {
  test(`search refuses ${JSON.stringify(args).slice(0, 60)}`, async () => {
    assert.match(await message(server.query("tasks:titles", args)), expected);
    assert.deepEqual(await titles("page"), ["Patch the page"]);
  });
}

test("a mutation finds what it wrote; a failed one leaves nothing", async () => {
  const [id, found, , gone] = await write([
    insert("fresh words"),
    ["find", { text: "fresh" }],
    insert("fresh again"),
    ["find", { text: "fresh NOT again" }],
  ]);
  assert.deepEqual(found, ["fresh words"]);
  assert.deepEqual(gone, ["fresh words"]);
  await message(
    write([["patch", id, { title: "stale words" }], ["find", { text: "stale" }], ["fail"]]),
  );
  assert.deepEqual((await titles("fresh OR stale")).sort(), ["fresh again", "fresh words"]);
  await write([["replace", id, { title: "other", project: "p" }]]);
  assert.deepEqual(await titles("fresh"), ["fresh again"]);
  await write([["delete", id]]);
  assert.deepEqual(await titles("other"), []);
});

test("pages of results hold each result once, whatever is written between them", async () => {
  await write(Array.from({ length: 25 }, (_, i) => insert(`paged ${"long ".repeat(i % 5)}`)));
  const ids = (await server.query("tasks:find", { text: "paged" })).map((d) => d._id);
  let cursor = null;
  const seen = [];
  for (;;) {
    const page = await server.query("tasks:find", {
      text: "paged",
      end: "paginate",
      with: [{ cursor, numItems: 4 }],
    });
    seen.push(...page.page.map((d) => d._id));
    cursor = page.continueCursor;
    assert.equal(page.isDone, cursor === null);
    if (page.isDone) break;
    await write([insert("some other words"), insert(`paged ${"x ".repeat(seen.length % 9)}`)]);
  }
  assert.equal(new Set(seen).size, seen.length, "none twice");
  for (const id of ids) assert.ok(seen.includes(id), "none is missing");
});

test("a pinned page of results keeps its rows, in their order by relevance", async () => {
  await write(Array.from({ length: 9 }, (_, i) => insert(`pinned ${"word ".repeat(i)}`)));
  const read = (cursor) =>
    server.query("tasks:find", { text: "pinned", end: "paginate", with: [{ cursor, numItems: 3 }] });
  const first = await read(null);
  const second = await read(first.continueCursor);
  const pair = `${first.continueCursor}~${second.continueCursor}`;
  await write([insert("pinned"), ["delete", second.page[2]._id]]);
  const pinned = await read(pair);
  assert.deepEqual(pinned.page, second.page.slice(0, 2));
  assert.deepEqual([pinned.continueCursor, pinned.isDone], [second.continueCursor, false]);
});

test("a live search runs again when a write can matter, and only then", async () => {
  const [[first], socket] = await Promise.all([
    write([insert("live words", { project: "live" })]),
    Socket.open(server),
  ]);
  const args = { text: "live", project: "live" };
  let last = (await socket.query("tasks:probe", args, "rows")).result;
  let count = (await socket.query("tasks:probe", { ...args, end: "count" }, "count")).result;
  assert.equal(last.found.length, 1);
  assert.equal(count.found, 1);
  // Each step: a write, and whether the rows and the count run again.
  const runs = async (what, steps, rowsRun, countRuns) => {
    const from = socket.frames.length;
    await write(steps);
    // A write that wakes a probe of its own tells that the one before it has been dealt with.
    await socket.mutation("tasks:write", { steps: [["insert", "plain", { title: "x" }]] });
    await socket.ping();
    if (rowsRun) await socket.waitPush("rows", () => true, from);
    if (countRuns) await socket.waitPush("count", () => true, from);
    const pushed = (id) => socket.pushes(from).filter(([key]) => key === id);
    assert.equal(pushed("rows").length, rowsRun ? 1 : 0, `${what}: rows`);
    assert.equal(pushed("count").length, countRuns ? 1 : 0, `${what}: count`);
    if (rowsRun) last = pushed("rows")[0][1];
    if (countRuns) count = pushed("count")[0][1];
  };
  await runs("another table", [["insert", "plain", { title: "live" }]], false, false);
  await runs("an insert outside the filter", [insert("live")], true, false);
  const [other] = await write([insert("not this one", { project: "live" })]);
  await socket.waitPush("rows", () => true);
  await until("quiet", async () => {
    const frames = socket.frames.length;
    await socket.ping();
    return socket.frames.length === frames + 1;
  });
  await runs(
    "another field of a row that it did not find",
    [["patch", other, { notes: "x" }]],
    false,
    false,
  );
  await runs(
    "another field of a row that it shows",
    [["patch", first, { notes: "seen" }]],
    true,
    false,
  );
  assert.equal(last.found[0].notes, "seen");
  await runs(
    "the text of a row that it did not find",
    [["patch", other, { title: "live too" }]],
    true,
    true,
  );
  assert.equal(last.found.length, 2);
  assert.equal(count.found, 2);
  await runs("a row leaves the filter", [["patch", other, { project: "p" }]], true, true);
  await runs("a row enters the filter", [["patch", other, { project: "live" }]], true, true);
  await runs("a row goes", [["delete", other]], true, true);
  assert.equal(last.found.length, 1);
  await socket.close();
});

test("search indexes come and go with the schema, and survive a restart", async () => {
  await server.stop();
  writeFiles(server.root, { "moonstone/schema.ts": schema("") });
  server = await Server.start(server.root);
  assert.match(await message(titles("bug")), /^No search index/);
  await server.stop();
  writeFiles(server.root, { "moonstone/schema.ts": schema(kSearches) });
  server = await Server.start(server.root);
  assert.deepEqual(await titles("bug"), ["bug bug", "Fix the login bug"]);
  await server.stop();
  writeFiles(server.root, {
    "moonstone/schema.ts": schema('.searchIndex("s", { searchField: "project" as any })').replace(
      "project: v.string()",
      "project: v.array(v.string())",
    ),
  });
  const refused = await Server.start(server.root).then(
    async (started) => {
      const text = started.text;
      await started.stop();
      return text;
    },
    (error) => error.message,
  );
  assert.match(refused, /search index "s": the field "project" never holds a text/);
});
