import { mutation, query } from "./_generated/server";

export const increment = mutation({
  args: {},
  handler: async (ctx) => {
    const counter = await ctx.db.query("counters").first();
    if (counter === null) await ctx.db.insert("counters", { value: 1 });
    else await ctx.db.patch(counter._id, { value: counter.value + 1 });
  },
});

export const value = query({
  args: {},
  handler: async (ctx) => (await ctx.db.query("counters").first())?.value ?? 0,
});
