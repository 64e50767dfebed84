import { mutation, query, v } from "./_generated/server";

function work(steps: number): number {
  let state = 1;
  for (let step = 0; step < steps; step++) state = (state * 48271) % 2147483647;
  return state;
}

/** Takes processor time. A mutation, so that it can be told what it costs without a subscription. */
export const take = mutation({
  args: { steps: v.number() },
  handler: (_ctx, { steps }) => work(steps),
});

/** All documents of a group, after some work. */
export const pages = query({
  args: { group: v.string(), steps: v.number() },
  handler: async (ctx, { group, steps }) => {
    const result = work(steps);
    const items = await ctx.db
      .query("items")
      .withIndex("by_group", (q) => q.eq("group", group))
      .collect();
    return { result, items };
  },
});
