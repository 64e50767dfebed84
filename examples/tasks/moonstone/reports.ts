import { action, internalQuery, v } from "./_generated/server";
import { internal } from "./_generated/api";

const HEADINGS = { doing: "Under way", todo: "To do", done: "Done" } as const;

/** A report of a project as Markdown. */
export const write = action({
  args: { project: v.string() },
  returns: v.string(),
  handler: async (ctx, { project: key }) => {
    const { name, tasks } = await ctx.runQuery(internal.reports.material, { project: key });
    const sections = Object.entries(HEADINGS).map(([status, heading]) => {
      const lines = tasks.filter((task) => task.status === status).map((task) => `- ${task.title}`);
      return `## ${heading} (${lines.length})\n\n${lines.join("\n") || "Nothing."}\n`;
    });
    return `# ${name}\n\n${sections.join("\n")}`;
  },
});

export const material = internalQuery({
  args: { project: v.string() },
  handler: async (ctx, { project: key }) => {
    const project = await ctx.db
      .query("projects")
      .withIndex("by_key", (q) => q.eq("key", key))
      .first();
    if (project === null) throw new Error("There is no such project");
    const tasks = await ctx.db
      .query("tasks")
      .withIndex("by_project", (q) => q.eq("project", key))
      .collect();
    return { name: project.name, tasks };
  },
});
