import { mutation, query, v } from "./_generated/server";
import { checkText, MAX_PERSON_LENGTH } from "./_text";

const SHOWN_ENTRIES = 50;
const MAX_MESSAGE_LENGTH = 500;

/** What happened last, the oldest first. */
export const latest = query({
  args: {},
  handler: async (ctx) => {
    const entries = await ctx.db.query("activity").order("desc").take(SHOWN_ENTRIES);
    return entries.reverse();
  },
});

/** Says something to everybody who looks at the atlas. */
export const say = mutation({
  args: { author: v.string(), text: v.string() },
  handler: async (ctx, args) => {
    const author = checkText("Your name", args.author, MAX_PERSON_LENGTH);
    const text = checkText("A message", args.text, MAX_MESSAGE_LENGTH);
    return await ctx.db.insert("activity", { kind: "message", author, text });
  },
});
