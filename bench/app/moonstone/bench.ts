import { mutation, query, v } from "./_generated/server";

/** Ten documents of a group. `salt` only makes arguments distinct. */
export const page = query({
  args: { group: v.string(), salt: v.string() },
  handler: (ctx, args) =>
    ctx.db
      .query("items")
      .withIndex("by_group", (q) => q.eq("group", args.group))
      .order("desc")
      .take(10),
});

export const add = mutation({
  args: { group: v.string(), text: v.string(), rank: v.number() },
  handler: (ctx, args) => ctx.db.insert("items", args),
});

/** Changes the one document of a group, so that every subscriber of the group is told. */
export const replace = mutation({
  args: { group: v.string(), text: v.string(), rank: v.number() },
  handler: async (ctx, args) => {
    const item = await ctx.db
      .query("items")
      .withIndex("by_group", (q) => q.eq("group", args.group))
      .first();
    if (item === null) await ctx.db.insert("items", args);
    else await ctx.db.patch(item._id, { rank: args.rank });
  },
});

export const increment = mutation({
  args: {},
  handler: async (ctx) => {
    const counter = await ctx.db.query("counters").first();
    if (counter === null) await ctx.db.insert("counters", { value: 1 });
    else await ctx.db.patch(counter._id, { value: counter.value + 1 });
  },
});

/** Fills 100 groups with 20 documents each. */
export const seed = mutation({
  args: {},
  handler: async (ctx) => {
    for (let group = 0; group < 100; group++) {
      for (let rank = 0; rank < 20; rank++) {
        await ctx.db.insert("items", { group: `g${group}`, text: `document ${rank} of ${group}`, rank });
      }
    }
  },
});
