import { defineSchema, defineTable, v } from "@moonstone/server";
import { priority, status, verb } from "./_types";

// `key` is made by the page, so that what was made offline can be changed, moved and commented on
// before the server has seen it. `by` is the name that somebody goes by in this example.
export const schema = defineSchema({
  projects: defineTable({
    key: v.string(),
    name: v.string(),
    hue: v.number(),
  }).index("by_key", ["key"]),

  // `rank` orders the tasks of a project, whatever their status.
  tasks: defineTable({
    key: v.string(),
    project: v.string(),
    title: v.string(),
    notes: v.string(),
    status,
    priority,
    rank: v.number(),
    by: v.string(),
    comments: v.number(),
    file: v.optional(v.object({ storageId: v.string(), name: v.string() })),
  })
    .index("by_key", ["key"])
    .index("by_project", ["project", "rank"])
    .index("by_status", ["project", "status"])
    .searchIndex("search_title", { searchField: "title" }),

  comments: defineTable({
    key: v.string(),
    task: v.string(),
    by: v.string(),
    text: v.string(),
  })
    .index("by_key", ["key"])
    .index("by_task", ["task"]),

  // What happened, written together with it. The title is that of the time.
  activity: defineTable({
    project: v.string(),
    by: v.string(),
    verb,
    title: v.string(),
  }).index("by_project", ["project"]),
});
