import { action, internalMutation, v } from "./_generated/server";
import { internal } from "./_generated/api";
import { PEOPLE, PROJECTS, sampleTitle } from "./_samples";

const ACTIVITY_ROWS = 10_000;
/** Well within the second that a mutation has. */
const ROWS_PER_MUTATION = 1_000;

/** Fills an empty database with projects to look at. Errors: it is not empty. */
export const fill = action({
  args: {},
  handler: async (ctx) => {
    await ctx.runMutation(internal.samples.projects, {});
    for (let from = 0; from < ACTIVITY_ROWS; from += ROWS_PER_MUTATION) {
      const rows = { project: PROJECTS[0]!.key, from, count: ROWS_PER_MUTATION };
      await ctx.runMutation(internal.samples.activity, rows);
    }
  },
});

export const projects = internalMutation({
  args: {},
  handler: async (ctx) => {
    if ((await ctx.db.query("projects").first()) !== null) {
      throw new Error("There are projects already; samples go into an empty database only");
    }
    for (const { key, name, hue, tasks } of PROJECTS) {
      await ctx.db.insert("projects", { key, name, hue });
      for (const [rank, sample] of tasks.entries()) {
        const { discussion = [], ...task } = sample;
        const taskKey = `${key.slice(0, 12)}${String(rank).padStart(4, "0")}`;
        const comments = discussion.length;
        const by = PEOPLE[rank % PEOPLE.length]!;
        const stored = { key: taskKey, project: key, notes: "", by, rank, comments, ...task };
        await ctx.db.insert("tasks", stored);
        for (const [index, text] of discussion.entries()) {
          const author = PEOPLE[(rank + index + 1) % PEOPLE.length]!;
          const commentKey = `${taskKey.slice(4)}c${String(index).padStart(3, "0")}`;
          await ctx.db.insert("comments", { key: commentKey, task: taskKey, by: author, text });
        }
      }
    }
  },
});

/** Rows of activity with numbered titles, so that one sees that none is missing. */
export const activity = internalMutation({
  args: { project: v.string(), from: v.number(), count: v.number() },
  handler: async (ctx, { project, from, count }) => {
    const verbs = ["added", "started", "commented", "edited", "finished"] as const;
    for (let index = from; index < from + count; index++) {
      const by = PEOPLE[(index * 7) % PEOPLE.length]!;
      const verb = verbs[(index * 3) % verbs.length]!;
      await ctx.db.insert("activity", { project, by, verb, title: sampleTitle(index) });
    }
  },
});
