import { mutation, query, v } from "./_generated/server";

const MAX_NAME_LENGTH = 40;
const MAX_TEXT_LENGTH = 280;

/** The latest entries, newest first. */
export const latest = query({
  args: { limit: v.number() },
  handler: (ctx, { limit }) => ctx.db.query("entries").order("desc").take(limit),
});

/** Writes into the book. */
export const sign = mutation({
  args: { name: v.string(), text: v.string() },
  handler: (ctx, args) => {
    const name = args.name.trim();
    const text = args.text.trim();
    if (name === "" || text === "") throw new Error("An entry needs a name and a text");
    if (name.length > MAX_NAME_LENGTH) throw new Error("A name has at most 40 characters");
    if (text.length > MAX_TEXT_LENGTH) throw new Error("A text has at most 280 characters");
    return ctx.db.insert("entries", { name, text });
  },
});
