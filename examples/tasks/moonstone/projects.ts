import { mutation, query, v } from "./_generated/server";
import { checkKey, checkText } from "./_checks";

/** All projects in the order of their making, with how much is done. */
export const list = query({
  args: {},
  handler: async (ctx) => {
    const projects = await ctx.db.query("projects").collect();
    return await Promise.all(
      projects.map(async ({ key, name, hue }) => {
        const total = await ctx.db
          .query("tasks")
          .withIndex("by_status", (q) => q.eq("project", key))
          .count();
        const done = await ctx.db
          .query("tasks")
          .withIndex("by_status", (q) => q.eq("project", key).eq("status", "done"))
          .count();
        return { key, name, hue, total, done };
      }),
    );
  },
});

export const create = mutation({
  args: { key: v.string(), name: v.string(), hue: v.number() },
  handler: async (ctx, args) => {
    const key = checkKey(args.key);
    const name = checkText("project", args.name);
    await ctx.db.insert("projects", { key, name, hue: args.hue });
  },
});
