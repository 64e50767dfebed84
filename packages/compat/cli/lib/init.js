// zeroback init: a starter backend under the names that the seed's guides use.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const FILES = {
  "zeroback/schema.ts": `import { defineSchema, defineTable, v } from "@zeroback/server";

export const schema = defineSchema({
  tasks: defineTable({
    text: v.string(),
    isCompleted: v.boolean(),
  }),
});
`,
  "zeroback/tasks.ts": `import { mutation, query } from "./_generated/server";
import { v } from "@zeroback/server";

/** All tasks, newest first. Clients that subscribe hear of every change. */
export const list = query({
  args: {},
  handler: async (ctx) => {
    return await ctx.db.query("tasks").order("desc").collect();
  },
});

export const create = mutation({
  args: { text: v.string() },
  handler: async (ctx, args) => {
    return await ctx.db.insert("tasks", { text: args.text, isCompleted: false });
  },
});

export const toggle = mutation({
  args: { id: v.id("tasks") },
  handler: async (ctx, args) => {
    const task = await ctx.db.get(args.id);
    if (task === null) throw new Error("There is no such task");
    await ctx.db.patch(args.id, { isCompleted: !task.isCompleted });
  },
});
`,
  // As it stands it does nothing, and Moonstone does not run it; an app may make it its gate.
  ".zeroback/entry.ts": `import { createZerobackDO, workerHandler } from "@zeroback/server/runtime";
import { cronJobsDef, functions, httpRouter, schema } from "../zeroback/_generated/manifest";

export const ZerobackDO = createZerobackDO({ functions, schema, httpRouter, cronJobsDef });
export default workerHandler;
`,
};

const IGNORED = ["node_modules/", ".zeroback/*", "!.zeroback/entry.ts", ".moonstone/"];

/** Writes the starter below `folder`; false if a zeroback/ is there already. Keeps what is there. */
export function init(folder, print) {
  if (existsSync(join(folder, "zeroback"))) {
    print("zeroback/ exists already; nothing to do. Start it: npx zeroback dev");
    return false;
  }
  for (const [name, text] of Object.entries(FILES)) {
    const path = join(folder, name);
    if (existsSync(path)) continue;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  addIgnored(join(folder, ".gitignore"));
  const place = folder === "." ? "" : ` in ${folder}`;
  print(`Created zeroback/${place} with a schema and three functions.

Next:
  npm install the tarballs of @zeroback/server and @zeroback/react (or client, solid)
  npx zeroback dev
`);
  return true;
}

function addIgnored(path) {
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const there = new Set(before.split("\n").map((line) => line.trim()));
  const missing = IGNORED.filter((line) => !there.has(line) && !there.has(line.replace("/", "")));
  if (missing.length === 0) return;
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  writeFileSync(path, `${before}${gap}${missing.join("\n")}\n`);
}
