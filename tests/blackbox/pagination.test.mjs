// Moonstone. Licence: see LICENSE.
// paginate over the real binary (functions.md 6.6, 20 #13, 21.15).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { makeFolder, Server } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kFiles = {
  "moonstone/schema.ts": `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  items: defineTable({
    group: v.string(), rank: v.optional(v.union(v.number(), v.null())), at: v.optional(v.any()),
    deep: v.optional(v.object({ x: v.optional(v.number()) })), secret: v.string(),
  }).index("by_group", ["group"]).index("by_rank", ["rank"]).index("by_group_rank", ["group", "rank"])
    .index("by_at", ["at"]).index("by_group_time", ["group", "_creationTime"])
    .index("by_secret", ["secret"]),
  long: defineTable({ text: v.string() }),
});
`,
  "moonstone/items.ts": `
import { query, mutation } from "./_generated/server";
function build(ctx: any, a: any) {
  let q = ctx.db.query(a.table ?? "items");
  if (a.index) q = q.withIndex(a.index, (r: any) => (a.eq ?? []).reduce((b: any, [f, x]: any) => b.eq(f, x), r));
  if (a.above !== undefined) q = q.filter((f: any) => f.gt(f.field("rank"), a.above));
  if (a.orderBy) q = q.orderBy(a.orderBy);
  if (a.order) q = q.order(a.order);
  return q;
}
export const page = query({ args: {}, handler: async (ctx: any, a: any) =>
  await build(ctx, a).paginate({ cursor: a.cursor, numItems: a.numItems }) });
export const all = query({ args: {}, handler: async (ctx: any, a: any) => await build(ctx, a).collect() });
/** Does not show the field by which it orders; another value at every run. */
export const probe = query({ args: {}, handler: async (ctx: any, a: any) => {
  const page = await build(ctx, a).paginate({ cursor: a.cursor, numItems: a.numItems });
  return { ...page, page: page.page.map((d: any) => d._id), run: Math.random() };
} });
export const write = mutation({ args: {}, handler: async (ctx: any, a: any) => {
  const out = [];
  for (const [op, ...rest] of a.steps) out.push(await ctx.db[op](...rest));
  return out;
} });
`,
};

let server;
const write = (steps) => server.run("items:write", { steps });
const read = (args) => server.query("items:page", { cursor: null, numItems: 10, ...args });
const all = (args) => server.query("items:all", args);
const message = (promise) =>
  promise.then(
    (value) => assert.fail(`expected an error, got ${JSON.stringify(value)}`),
    (error) => error.message,
  );
function random(seed) {
  let s = seed;
  return (n) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return Math.floor((s / 2 ** 32) * n);
  };
}
const next = random(Number(process.env.SEED ?? 77));
const kRanks = [undefined, null, -1, 0, 0.5, 1, 1, 2];
const kAts = [undefined, null, 1, "1", "text", true, { x: 1 }, [1], "z"];
const kPick = (list) => list[next(list.length)];
const document = () => {
  const doc = {
    group: kPick(["a", "b"]),
    rank: kPick(kRanks),
    at: kPick(kAts),
    secret: `s${next(99)}`,
  };
  if (next(2)) doc.deep = next(3) ? { x: next(4) } : {};
  return Object.fromEntries(Object.entries(doc).filter(([, value]) => value !== undefined));
};

before(async () => {
  server = await Server.start(makeFolder(kFiles, "paging"));
  await write(Array.from({ length: 40 }, () => ["insert", "items", document()]));
});
after(() => server?.stop());

const kQueries = [
  {},
  { orderBy: "rank" },
  { orderBy: "at" },
  { orderBy: "deep" },
  { orderBy: "deep.x" },
  { orderBy: "_creationTime" },
  { orderBy: "unknown" },
  { index: "by_rank" },
  { index: "by_at" },
  { index: "by_creation_time" },
  { index: "by_group", eq: [["group", "a"]] },
  { index: "by_group_rank" },
  { index: "by_group_rank", eq: [["group", "b"]] },
  { index: "by_group_time", eq: [["group", "a"]] },
  { above: 0 },
  { above: 0, orderBy: "at" },
];
for (const shape of kQueries) {
  for (const order of ["asc", "desc"]) {
    const query = { ...shape, order };
    test(`pages ${JSON.stringify(query)}`, async () => {
      const whole = (await all(query)).map((d) => d._id);
      for (const numItems of [1, 7, 40, 1000]) {
        const seen = [];
        let cursor = null;
        for (;;) {
          const page = await read({ ...query, cursor, numItems });
          seen.push(...page.page.map((d) => d._id));
          assert.equal(page.isDone, page.continueCursor === null);
          assert.ok(page.page.length === numItems || page.isDone);
          if (page.isDone) break;
          cursor = page.continueCursor;
          if (seen.length > whole.length) break;
        }
        assert.deepEqual(seen, whole, `numItems ${numItems}`);
      }
    });
    test(`pages with writes between them ${JSON.stringify(query)}`, async () => {
      const before_ = await all(query);
      const kept = new Map(before_.map((d) => [d._id, d]));
      const seen = [];
      let cursor = null;
      for (;;) {
        const page = await read({ ...query, cursor, numItems: 5 });
        seen.push(...page.page.map((d) => d._id));
        if (page.isDone) break;
        cursor = page.continueCursor;
        // The last document of the page is deleted now and then: the cursor stands by itself.
        const victim = next(3) === 0 ? page.page.at(-1)._id : kPick([...kept.keys()]);
        const steps = [
          ["insert", "items", document()],
          ["insert", "items", document()],
        ];
        if (kept.delete(victim)) steps.push(["delete", victim]);
        await write(steps);
        if (seen.length > 500) break;
      }
      assert.equal(new Set(seen).size, seen.length, "none twice");
      const stayed = before_.filter((d) => kept.has(d._id)).map((d) => d._id);
      assert.deepEqual(
        seen.filter((id) => kept.has(id)),
        stayed,
        "what stayed, once and in order",
      );
      const now = await all({});
      if (now.length > 60) await write(now.slice(60).map((d) => ["delete", d._id]));
    });
  }
}

test("cursors belong to their query", async () => {
  const first = await read({ orderBy: "rank", numItems: 2 });
  const cursor = first.continueCursor;
  for (const other of [
    { orderBy: "at" },
    { orderBy: "rank", order: "desc" },
    { orderBy: "rank", above: 0 },
    {},
    { table: "long" },
    { index: "by_rank", eq: [["rank", 1]] },
  ]) {
    assert.equal(
      await message(read({ ...other, cursor })),
      "Invalid cursor",
      JSON.stringify(other),
    );
  }
  const again = await read({ orderBy: "rank", numItems: 2 });
  assert.equal(again.continueCursor, cursor, "the same position is the same text");
});
test("what is no cursor is the first page", async () => {
  const first = await read({ numItems: 2 });
  const forged = Buffer.from(first.continueCursor, "base64");
  forged[20] ^= 1;
  const peer = Buffer.from('{"k":2,"v":"x","id":"items:x","f":"_id","d":"asc"}').toString("base64");
  for (const cursor of [
    "",
    "garbage",
    "e30=",
    forged.toString("base64"),
    peer,
    "A".repeat(70_000),
  ]) {
    assert.deepEqual((await read({ numItems: 2, cursor })).page, first.page);
  }
});
test("a cursor does not show what the function keeps to itself", async () => {
  const args = { index: "by_secret", numItems: 3, cursor: null };
  const page = await server.query("items:probe", args);
  const bytes = Buffer.from(page.continueCursor, "base64").toString("latin1");
  assert.doesNotMatch(bytes, /s\d|items:/);
});
test("sizes of pages", async () => {
  assert.deepEqual(await read({ numItems: 0 }), { page: [], continueCursor: null, isDone: false });
  assert.deepEqual(await read({ table: "long", numItems: 0 }), {
    page: [],
    continueCursor: null,
    isDone: true,
  });
  assert.equal(
    await message(read({ numItems: 10_001 })),
    ".paginate(): numItems is 10001; at most 10000 are allowed",
  );
  for (const numItems of [-1, 1.5, "5", null]) {
    assert.match(await message(read({ numItems })), /numItems needs a whole number/);
  }
  assert.match(await message(read({ cursor: 5 })), /cursor is a text or null/);
});
test("a cursor that would be too long is an error with a way out", async () => {
  await write([1, 2, 3].map((i) => ["insert", "long", { text: `${i}`.repeat(70_000) }]));
  const query = { table: "long", numItems: 1 };
  assert.match(await message(read({ ...query, orderBy: "text" })), /Order by a shorter field/);
  assert.equal((await read(query)).page.length, 1);
});

test("a live page runs again for what happens up to the row behind it", async () => {
  await write((await all({})).map((d) => ["delete", d._id]));
  const item = (rank) => ["insert", "items", { group: "a", rank, secret: "s" }];
  const ids = await write([10, 20, 30, 40, 50].map(item));
  const socket = await Socket.open(server);
  const first = await socket.query(
    "items:probe",
    { index: "by_rank", numItems: 2, cursor: null },
    "one",
  );
  const cursor = first.result.continueCursor;
  await socket.query("items:probe", { index: "by_rank", numItems: 2, cursor }, "two");
  const runs = async (what, steps, expected) => {
    const from = socket.frames.length;
    // Pushes for this connection come before the reply to its own mutation.
    const reply = await socket.mutation("items:write", { steps });
    const pushed = socket.pushes(from).map(([id]) => id);
    assert.deepEqual(pushed.sort(), expected, what);
    return reply.result;
  };
  const [far] = await runs("behind both", [item(60)], []);
  await runs("behind both, changed", [["patch", far, { rank: 70 }]], []);
  await runs("on the second", [["patch", ids[2], { secret: "t" }]], ["one", "two"]);
  await runs("only on the second", [["patch", ids[3], { secret: "t" }]], ["two"]);
  await runs("the row behind the second goes", [["delete", ids[4]]], ["two"]);
  await runs("only on the first", [["patch", ids[0], { secret: "t" }]], ["one"]);
  await runs("in front of the cursor, behind the first page's end", [item(25)], ["one", "two"]);
  await runs("elsewhere", [["insert", "long", { text: "x" }]], []);
  const last = socket
    .pushes()
    .filter(([id]) => id === "two")
    .at(-1)[1];
  assert.equal(last.page.length, 2);
  await socket.close();
});

test("a pinned page keeps its place while rows come and go", async () => {
  for (const shape of [
    { index: "by_group", order: "desc" },
    { index: "by_rank", order: "asc" },
    { index: "by_rank", order: "desc" },
    { order: "asc" },
  ]) {
    const group = `pin${crypto.randomUUID()}`;
    const args = shape.index === "by_group" ? { ...shape, eq: [["group", group]] } : shape;
    const insert = (rank) => ["insert", "items", { group, secret: "s", ...(rank ? { rank } : {}) }];
    await write([3, undefined, 1, 2, undefined, 5, 4, 9, 8].map(insert));
    const before = await all(args);
    const first = await read({ ...args, numItems: 4 });
    const second = await read({ ...args, numItems: 4, cursor: first.continueCursor });
    const pair = `${first.continueCursor}~${second.continueCursor}`;
    const third = await read({ ...args, numItems: 4, cursor: second.continueCursor });
    const socket = await Socket.open(server);
    const page = { cursor: pair, numItems: 1, ...args };
    const shown = (await socket.query("items:page", page, "pin")).result;
    assert.deepEqual(shown.page, second.page);
    assert.deepEqual([shown.continueCursor, shown.isDone], [second.continueCursor, false]);
    // Between its cursors a row goes, and others come before, within and after them.
    await write([["delete", second.page[1]._id], insert(2.5), insert(undefined), insert(7)]);
    const now = await all(args);
    const rest = (await read({ ...args, numItems: 1000, cursor: second.continueCursor })).page;
    const start = await read({ ...args, numItems: 1000, cursor: `~${first.continueCursor}` });
    const middle = await read(page);
    assert.deepEqual([...start.page, ...middle.page, ...rest], now);
    assert.notDeepEqual(now, before);
    await socket.waitPush("pin", (value) => JSON.stringify(value) === JSON.stringify(middle));
    assert.equal(third.page.length > 0, true);
    await socket.close();
  }
});

test("a pinned page is not one of another query, nor without end", async () => {
  const { continueCursor } = await read({ numItems: 2 });
  const pair = `~${continueCursor}`;
  assert.equal((await read({ cursor: pair })).page.length, 2);
  assert.match(await message(read({ cursor: pair, order: "desc" })), /Invalid cursor/);
  for (const text of ["~", `x~${continueCursor}`, `${continueCursor}~`, "~nonsense"]) {
    assert.deepEqual(await read({ cursor: text, numItems: 3 }), await read({ numItems: 3 }), text);
  }
});

test("cursors outlive a restart", async () => {
  const first = await read({ index: "by_rank", numItems: 2 });
  const rest = await read({ index: "by_rank", numItems: 9, cursor: first.continueCursor });
  await server.stop();
  server = await Server.start(server.root);
  assert.deepEqual(
    await read({ index: "by_rank", numItems: 9, cursor: first.continueCursor }),
    rest,
  );
});
