// Moonstone. Licence: see LICENSE.
// The project that is tortured: a book of numbered entries, lists to append to, and cards that
// queries of any shape look at.

export const kSecret = "torture-torture-torture-torture-";

export const kFiles = {
  "moonstone.toml": "[auth]\nclock_skew_s = 0\n",
  "moonstone/schema.ts": `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  entries: defineTable({ by: v.string(), n: v.number(), place: v.number() })
    .index("by_who", ["by", "place"]),
  tallies: defineTable({ by: v.string(), count: v.number() }).index("by_who", ["by"]),
  values: defineTable({ list: v.string(), value: v.number() }).index("by_list", ["list"]),
  clock: defineTable({ time: v.number() }),
  cards: defineTable({
    name: v.string(),
    owner: v.string(),
    suit: v.string(),
    rank: v.number(),
    note: v.optional(v.string()),
  })
    .index("by_name", ["name"])
    .index("by_suit", ["suit", "rank"])
    .index("by_owner", ["owner"]),
});
`,
  "moonstone/book.ts": `
import { mutation, query, v } from "./_generated/server";
const tallyOf = (ctx: any, by: string) =>
  ctx.db.query("tallies").withIndex("by_who", (q: any) => q.eq("by", by)).first();
/** Writes two documents that must agree; returns how many entries there were before. */
export const add = mutation({ args: { by: v.string(), n: v.number() }, handler: async (ctx, { by, n }) => {
  const tally = await tallyOf(ctx, by);
  const place = tally?.count ?? 0;
  await ctx.db.insert("entries", { by, n, place });
  if (tally) await ctx.db.patch(tally._id, { count: place + 1 });
  else await ctx.db.insert("tallies", { by, count: 1 });
  return place;
} });
/** All numbers of one in the order in which they were applied. */
export const of = query({ args: { by: v.string() }, handler: async (ctx, { by }) =>
  (await ctx.db.query("entries").withIndex("by_who", (q) => q.eq("by", by)).collect()).map((e) => e.n) });
/** The newest three, and how many there are by the other table. */
export const newest = query({ args: { by: v.string() }, handler: async (ctx, { by }) => ({
  last: (await ctx.db.query("entries").withIndex("by_who", (q) => q.eq("by", by)).order("desc").take(3))
    .map((e) => e.n),
  count: (await tallyOf(ctx, by))?.count ?? 0,
}) });
export const total = query({ args: {}, handler: (ctx) => ctx.db.query("entries").count() });
`,
  "moonstone/lists.ts": `
import { mutation, query, v } from "./_generated/server";
const read = async (ctx: any, list: string) =>
  (await ctx.db.query("values").withIndex("by_list", (q: any) => q.eq("list", list)).collect())
    .map((row: any) => row.value);
const op = v.object({ list: v.string(), value: v.optional(v.number()) });
/** Appends where there is a value, reads where there is none; then perhaps changes its mind. */
export const write = mutation({
  args: { ops: v.array(op), refuse: v.boolean() },
  handler: async (ctx, { ops, refuse }) => {
    const results = [];
    for (const { list, value } of ops) {
      if (value === undefined) results.push(await read(ctx, list));
      else { await ctx.db.insert("values", { list, value }); results.push(null); }
    }
    if (refuse) throw new Error("refused");
    return results;
  },
});
export const look = query({
  args: { lists: v.array(v.string()), salt: v.number() },
  handler: async (ctx, { lists }) => {
    const results = [];
    for (const list of lists) results.push(await read(ctx, list));
    return results;
  },
});
`,
  "moonstone/cards.ts": `
import { mutation, query, v } from "./_generated/server";
const named = (ctx: any, name: string) =>
  ctx.db.query("cards").withIndex("by_name", (q: any) => q.eq("name", name)).first();
/** Does what it is told and returns the number of this change among all changes. */
export const change = mutation({ args: { steps: v.array(v.any()) }, handler: async (ctx, { steps }) => {
  for (const { kind, name, fields } of steps as any[]) {
    const card = await named(ctx, name);
    if (kind === "put" && !card) await ctx.db.insert("cards", { name, ...fields });
    else if (kind === "put") await ctx.db.replace(card._id, { name, ...fields });
    else if (kind === "patch" && card) await ctx.db.patch(card._id, fields);
    else if (kind === "delete" && card) await ctx.db.delete(card._id);
  }
  const clock = await ctx.db.query("clock").first();
  if (clock) await ctx.db.patch(clock._id, { time: clock.time + 1 });
  else await ctx.db.insert("clock", { time: 1 });
  return (clock?.time ?? 0) + 1;
} });
const plain = (card: any) => card &&
  [card.name, card.owner, card.suit, card.rank, card.note ?? null];
const compare = (q: any, [field, op, value]: any[]) => q[op](q.field(field), value);
/** Runs the query that the arguments describe; tests/torture/lib/model.mjs does the same on its own. */
export const ask = query({ args: { spec: v.any() }, handler: async (ctx, { spec }) => {
  if (spec.kind === "get") {
    const card = await named(ctx, spec.name);
    return plain(card && (await ctx.db.get(card._id)));
  }
  let cards: any = ctx.db.query("cards");
  if (spec.mine) {
    const owner = (await ctx.auth.getUserIdentity())?.subject ?? "nobody";
    cards = cards.withIndex("by_owner", (q: any) => q.eq("owner", owner));
  } else if (spec.suit !== undefined) {
    cards = cards.withIndex("by_suit", (q: any) => {
      let range = q.eq("suit", spec.suit);
      if (spec.from !== undefined) range = range.gte("rank", spec.from);
      if (spec.below !== undefined) range = range.lt("rank", spec.below);
      return range;
    });
  }
  if (spec.filter) {
    cards = cards.filter((q: any) => {
      const parts = spec.filter.map((part: any[]) => compare(q, part));
      return spec.any ? q.or(...parts) : q.and(...parts);
    });
  }
  if (spec.orderBy) cards = cards.orderBy(spec.orderBy, spec.direction);
  else if (spec.direction) cards = cards.order(spec.direction);
  switch (spec.kind) {
    case "count": return await cards.count();
    case "first": return plain(await cards.first());
    case "take": return (await cards.take(spec.limit)).map(plain);
    case "chain": {
      // The second read depends on what the first one found.
      const first = await cards.first();
      if (!first) return "none";
      const more = ctx.db.query("cards").withIndex("by_suit", (q: any) => q.eq("suit", first.suit));
      return [first.name, await more.count()];
    }
    default: return (await cards.collect()).map(plain);
  }
} });
`,
};
