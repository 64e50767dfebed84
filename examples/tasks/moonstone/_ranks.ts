import type { MutationCtx } from "./_generated/server";

/** A rank before all tasks of the project. */
export async function rankAtTop(ctx: MutationCtx, project: string): Promise<number> {
  const first = await ofProject(ctx, project).first();
  return (first?.rank ?? 1) - 1;
}

/**
 * A rank right before the task with the key `before`, or after all if there is no such task in the
 * project (any more). When no number fits between two ranks, the project's tasks get new ones.
 */
export async function rankBefore(
  ctx: MutationCtx,
  project: string,
  before: string | null,
): Promise<number> {
  const next = before === null ? null : await taskOf(ctx, project, before);
  if (next === null) {
    const last = await ofProject(ctx, project).order("desc").first();
    return (last?.rank ?? -1) + 1;
  }
  const previous = await ctx.db
    .query("tasks")
    .withIndex("by_project", (q) => q.eq("project", project).lt("rank", next.rank))
    .order("desc")
    .first();
  if (previous === null) return next.rank - 1;
  const rank = (previous.rank + next.rank) / 2;
  if (previous.rank < rank && rank < next.rank) return rank;
  await renumber(ctx, project);
  return rankBefore(ctx, project, before);
}

async function renumber(ctx: MutationCtx, project: string): Promise<void> {
  const tasks = await ofProject(ctx, project).collect();
  for (const [rank, task] of tasks.entries()) await ctx.db.patch(task._id, { rank });
}

async function taskOf(ctx: MutationCtx, project: string, key: string) {
  const task = await ctx.db
    .query("tasks")
    .withIndex("by_key", (q) => q.eq("key", key))
    .first();
  return task?.project === project ? task : null;
}

function ofProject(ctx: MutationCtx, project: string) {
  return ctx.db.query("tasks").withIndex("by_project", (q) => q.eq("project", project));
}
