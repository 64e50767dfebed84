import { mutation, query, v } from "./_generated/server";

const SHOWN_MESSAGES = 200;
const MAX_BODY_LENGTH = 2_000;

/** The latest messages of a channel, oldest first. */
export const list = query({
  args: { channel: v.string() },
  handler: async (ctx, args) => {
    const latest = await ctx.db
      .query("messages")
      .withIndex("by_channel", (q) => q.eq("channel", args.channel))
      .order("desc")
      .take(SHOWN_MESSAGES);
    return latest.reverse();
  },
});

/** Says something in a channel. */
export const send = mutation({
  args: { channel: v.string(), author: v.string(), body: v.string() },
  handler: async (ctx, args) => {
    const body = args.body.trim();
    if (body === "") throw new Error("A message needs some text");
    if (body.length > MAX_BODY_LENGTH) throw new Error("A message has at most 2000 characters");
    return await ctx.db.insert("messages", { ...args, body });
  },
});
