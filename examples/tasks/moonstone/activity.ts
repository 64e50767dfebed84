import { query, v } from "./_generated/server";

const PAGE_ROWS = 50;

/** A page of what happened in a project, the newest first. */
export const page = query({
  args: {
    project: v.string(),
    cursor: v.optional(v.string()),
    numItems: v.optional(v.number()),
  },
  handler: (ctx, { project, cursor, numItems }) =>
    ctx.db
      .query("activity")
      .withIndex("by_project", (q) => q.eq("project", project))
      .order("desc")
      .paginate({ cursor: cursor ?? null, numItems: numItems ?? PAGE_ROWS }),
});
