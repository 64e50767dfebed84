import { query } from "./_generated/server";

/** All countries with the number of their cities. */
export const list = query({
  args: {},
  handler: (ctx) => ctx.db.query("countries").withIndex("by_code").collect(),
});
