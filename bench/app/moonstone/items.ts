import { mutation, query, v } from "./_generated/server";

const GROUP_SIZE = 100;

/** The newest documents of a group. `salt` only makes arguments distinct. */
export const page = query({
  args: { group: v.string(), limit: v.number(), salt: v.string() },
  handler: (ctx, args) =>
    ctx.db
      .query("items")
      .withIndex("by_group", (q) => q.eq("group", args.group))
      .order("desc")
      .take(args.limit),
});

/** How many documents a group has. */
export const size = query({
  args: { group: v.string() },
  handler: async (ctx, args) => {
    const items = await ctx.db
      .query("items")
      .withIndex("by_group", (q) => q.eq("group", args.group))
      .collect();
    return items.length;
  },
});

export const add = mutation({
  args: { group: v.string(), text: v.string(), rank: v.number() },
  handler: (ctx, args) => ctx.db.insert("items", args),
});

/** The documents of a group whose rank is in a range, both ends included. */
export const between = query({
  args: { group: v.string(), from: v.number(), to: v.number() },
  handler: (ctx, { group, from, to }) =>
    ctx.db
      .query("items")
      .withIndex("by_group", (q) => q.eq("group", group).gte("rank", from).lte("rank", to))
      .collect(),
});

/** Sets the text of the document of that rank in a group, so that its subscribers are told. */
export const put = mutation({
  args: { group: v.string(), rank: v.number(), text: v.string() },
  handler: async (ctx, { group, rank, text }) => {
    const item = await ctx.db
      .query("items")
      .withIndex("by_group", (q) => q.eq("group", group).eq("rank", rank))
      .first();
    if (item === null) await ctx.db.insert("items", { group, rank, text });
    else await ctx.db.patch(item._id, { text });
  },
});

/** Fills a group, unless it has documents. */
export const fill = mutation({
  args: { group: v.string() },
  handler: async (ctx, { group }) => {
    const item = await ctx.db
      .query("items")
      .withIndex("by_group", (q) => q.eq("group", group))
      .first();
    if (item !== null) return;
    for (let rank = 0; rank < GROUP_SIZE; rank++) {
      await ctx.db.insert("items", { group, text: `document ${rank} of ${group}`, rank });
    }
  },
});
