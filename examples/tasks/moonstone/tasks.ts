import { mutation, query, v } from "./_generated/server";
import type { MutationCtx, QueryCtx } from "./_generated/server";
import { checkKey, checkLength, checkText } from "./_checks";
import { rankAtTop, rankBefore } from "./_ranks";
import { priority, status } from "./_types";

const FOUND_TASKS = 20;

/** The tasks of a project, in their order. */
export const board = query({
  args: { project: v.string() },
  handler: (ctx, { project }) =>
    ctx.db
      .query("tasks")
      .withIndex("by_project", (q) => q.eq("project", project))
      .collect(),
});

/**
 * A task with its comments and the address of its file; null if there is no such task. That is no
 * error: a query that failed is over, but the task may be on its way from a page that was offline.
 */
export const details = query({
  args: { task: v.string() },
  handler: async (ctx, args) => {
    const key = checkKey(args.task);
    const task = await byKey(ctx, key);
    if (task === null) return null;
    const comments = await ctx.db
      .query("comments")
      .withIndex("by_task", (q) => q.eq("task", key))
      .collect();
    const fileUrl = task.file ? await ctx.storage.getUrl(task.file.storageId) : null;
    return { task, comments, fileUrl };
  },
});

/** Tasks of all projects whose titles have words that begin like those of `text`. */
export const search = query({
  args: { text: v.string() },
  handler: async (ctx, { text }) => {
    const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
    if (words.length === 0) return [];
    const beginnings = words.map((word) => `"${word}"*`).join(" ");
    return await ctx.db.query("tasks").search("title", beginnings).take(FOUND_TASKS);
  },
});

/** Puts a new task on top of the project. */
export const create = mutation({
  args: { key: v.string(), project: v.string(), title: v.string(), priority, by: v.string() },
  handler: async (ctx, args) => {
    const key = checkKey(args.key);
    const by = checkText("name", args.by);
    const title = checkText("title", args.title);
    const { project } = args;
    const rank = await rankAtTop(ctx, project);
    const fresh = { notes: "", status: "todo", comments: 0 } as const;
    const task = { key, project, title, priority: args.priority, rank, by, ...fresh };
    await ctx.db.insert("tasks", task);
    await ctx.db.insert("activity", { project, by, verb: "added", title });
  },
});

const VERB_OF_MOVE = { todo: "reopened", doing: "started", done: "finished" } as const;

/** Moves a task into a column, before another task or to the end. */
export const move = mutation({
  args: { task: v.string(), status, before: v.union(v.string(), v.null()), by: v.string() },
  handler: async (ctx, args) => {
    const by = checkText("name", args.by);
    const task = await existing(ctx, args.task);
    const rank = await rankBefore(ctx, task.project, args.before);
    await ctx.db.patch(task._id, { status: args.status, rank });
    if (args.status === task.status) return;
    const { project, title } = task;
    await ctx.db.insert("activity", { project, by, verb: VERB_OF_MOVE[args.status], title });
  },
});

/** Changes what is given. */
export const edit = mutation({
  args: {
    task: v.string(),
    title: v.optional(v.string()),
    notes: v.optional(v.string()),
    priority: v.optional(priority),
    by: v.string(),
  },
  handler: async (ctx, args) => {
    const by = checkText("name", args.by);
    const task = await existing(ctx, args.task);
    const title = args.title === undefined ? task.title : checkText("title", args.title);
    const notes = args.notes === undefined ? task.notes : checkLength("notes", args.notes);
    await ctx.db.patch(task._id, { title, notes, priority: args.priority ?? task.priority });
    await ctx.db.insert("activity", { project: task.project, by, verb: "edited", title });
  },
});

/** Deletes a task with its comments and its file. One that is gone already stays gone. */
export const remove = mutation({
  args: { task: v.string(), by: v.string() },
  handler: async (ctx, args) => {
    const by = checkText("name", args.by);
    const task = await byKey(ctx, args.task);
    if (task === null) return;
    const comments = await ctx.db
      .query("comments")
      .withIndex("by_task", (q) => q.eq("task", task.key))
      .collect();
    for (const comment of comments) await ctx.db.delete(comment._id);
    if (task.file) await ctx.storage.delete(task.file.storageId);
    await ctx.db.delete(task._id);
    const { project, title } = task;
    await ctx.db.insert("activity", { project, by, verb: "deleted", title });
  },
});

export const comment = mutation({
  args: { key: v.string(), task: v.string(), text: v.string(), by: v.string() },
  handler: async (ctx, args) => {
    const key = checkKey(args.key);
    const by = checkText("name", args.by);
    const text = checkText("comment", args.text);
    const task = await existing(ctx, args.task);
    await ctx.db.insert("comments", { key, task: task.key, by, text });
    await ctx.db.patch(task._id, { comments: task.comments + 1 });
    const { project, title } = task;
    await ctx.db.insert("activity", { project, by, verb: "commented", title });
  },
});

/** An address that takes one upload. */
export const uploadUrl = mutation({
  args: {},
  handler: (ctx) => ctx.storage.generateUploadUrl(),
});

/** Makes an uploaded file the file of a task, in place of the one before. */
export const attach = mutation({
  args: { task: v.string(), storageId: v.string(), name: v.string(), by: v.string() },
  handler: async (ctx, args) => {
    const by = checkText("name", args.by);
    const task = await existing(ctx, args.task);
    if (task.file) await ctx.storage.delete(task.file.storageId);
    const file = { storageId: args.storageId, name: args.name.slice(0, 200) };
    await ctx.db.patch(task._id, { file });
    const { project, title } = task;
    await ctx.db.insert("activity", { project, by, verb: "attached", title });
  },
});

async function existing(ctx: MutationCtx, key: string) {
  const task = await byKey(ctx, key);
  if (task === null) throw new Error("There is no such task; somebody may have deleted it");
  return task;
}

function byKey(ctx: QueryCtx, key: string) {
  return ctx.db
    .query("tasks")
    .withIndex("by_key", (q) => q.eq("key", key))
    .first();
}
