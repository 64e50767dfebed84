// Moonstone. Licence: see LICENSE.
// A project written for the seed runs unchanged (issue 3 point 11): its imports, its folder, its
// generated files, its worker entry, its configuration for a platform that is not there.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { cli, makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kProject = {
  "wrangler.toml": `name = "my-app"
main = ".zeroback/entry.ts"
compatibility_date = "2026-02-24"

[durable_objects]
bindings = [{ name = "ZEROBACK_DO", class_name = "ZerobackDO" }]
`,
  ".zeroback/entry.ts": `import { createZerobackDO, workerHandler } from "@zeroback/server/runtime"
import { functions, schema, httpRouter, cronJobsDef } from "../zeroback/_generated/manifest"

export const ZerobackDO = createZerobackDO({ functions, schema, httpRouter, cronJobsDef })
export default workerHandler
`,
  "zeroback/schema.ts": `import { defineSchema, defineTable, v } from "@zeroback/server"

export const schema = defineSchema({
  tasks: defineTable({
    title: v.string(),
    status: v.string(),
    priority: v.optional(v.string()),
    projectId: v.string(),
  })
    .index("by_project", ["projectId"])
    .searchIndex("search_title", { searchField: "title" }),
  messages: defineTable({
    channel: v.string(),
    author: v.string(),
    body: v.string(),
  }).index("by_channel", ["channel"]),
})
`,
  "zeroback/messages.ts": `import { query, mutation, v } from "./_generated/server"

export const list = query({
  args: { channel: v.string() },
  handler: async (ctx, args) => {
    return await ctx.db
      .query("messages")
      .withIndex("by_channel", (q) => q.eq("channel", args.channel))
      .collect()
  },
})

export const send = mutation({
  args: { channel: v.string(), author: v.string(), body: v.string() },
  handler: async (ctx, args) => {
    return await ctx.db.insert("messages", args)
  },
})
`,
  "zeroback/tasks.ts": `import { query, mutation, action, internalQuery } from "./_generated/server";
import { v } from "@zeroback/server";

export const create = mutation({
  args: { title: v.string(), status: v.string(), projectId: v.string() },
  handler: async (ctx, args) => {
    return await ctx.db.insert("tasks", args);
  },
});

export const listByProject = query({
  args: { projectId: v.string() },
  handler: async (ctx, args) => {
    return await ctx.db
      .query("tasks")
      .withIndex("by_project", (q) => q.eq("projectId", args.projectId))
      .collect();
  },
});

export const countByProject = query({
  args: { projectId: v.string() },
  returns: v.number(),
  handler: async (ctx, args) => {
    const tasks = await ctx.db
      .query("tasks")
      .withIndex("by_project", (q) => q.eq("projectId", args.projectId))
      .collect();
    return tasks.length;
  },
});

export const countInternal = internalQuery({
  args: { projectId: v.string() },
  handler: async (ctx, args) => {
    return (await ctx.db.query("tasks").collect()).length;
  },
});

export const createViaAction = action({
  args: {
    title: v.string(),
    status: v.string(),
    projectId: v.string(),
  },
  handler: async (ctx, args) => {
    await ctx.runMutation("tasks:create", args);
    const tasks = await ctx.runQuery("tasks:listByProject", {
      projectId: args.projectId,
    });
    return { created: true, count: tasks.length };
  },
});

export const createLater = mutation({
  args: { title: v.string() },
  handler: async (ctx, args) => {
    await ctx.scheduler.runAfter(0, "tasks:create", { title: args.title, status: "todo", projectId: "later" });
  },
});
`,
  "zeroback/utils/stats.ts": `import { query } from "../_generated/server";

export const taskStats = query({
  args: {},
  handler: async (ctx) => ({ total: (await ctx.db.query("tasks").collect()).length }),
});
`,
  "zeroback/http.ts": `import { httpRouter, httpAction } from "@zeroback/server";

const http = httpRouter();

http.route({
  path: "/api/tasks",
  method: "GET",
  handler: httpAction(async (ctx, request) => {
    const url = new URL(request.url);
    const projectId = url.searchParams.get("projectId") ?? "";
    const tasks = await ctx.runQuery("tasks:listByProject", { projectId });
    return new Response(JSON.stringify(tasks), {
      headers: { "Content-Type": "application/json" },
    });
  }),
});

http.route({
  path: "/api/tasks",
  method: "POST",
  handler: httpAction(async (ctx, request) => {
    const body = await request.json();
    await ctx.runMutation("tasks:create", body);
    return new Response(JSON.stringify({ ok: true }), {
      headers: { "Content-Type": "application/json" },
    });
  }),
});

export default http;
`,
  "zeroback/crons.ts": `import { cronJobs } from "@zeroback/server";

const crons = cronJobs();

// Every day at 9:00 UTC
crons.daily("digest", { hourUTC: 9 }, "tasks:listByProject", { projectId: "p" });
// Every Monday at 8:00 UTC
crons.weekly("report", { dayOfWeek: 1, hourUTC: 8 }, "utils/stats:taskStats");
// Custom cron expression (weekdays at 3:00 AM UTC)
crons.cron("nightly", "0 3 * * 1-5", "utils/stats:taskStats");

export default crons;
`,
  // What the seed's tools left behind; its names have dots.
  "zeroback/_generated/api.ts": `import type { FunctionReference } from "@zeroback/server"

export const api = {
  tasks: {
    create: { _name: "tasks:create", _type: "mutation" } as FunctionReference<"mutation", { title: string; status: string; projectId: string }, any>,
  },
  utils: {
    stats: {
      taskStats: { _name: "utils.stats:taskStats", _type: "query" } as FunctionReference<"query", {}, any>,
    },
  },
} as const

export const internal = {} as const
`,
  "zeroback/_generated/server.ts": `import { createQueryFactory, createMutationFactory, createActionFactory, createInternalQueryFactory, createInternalMutationFactory, createInternalActionFactory, v } from "@zeroback/server"
import type { DataModel } from "./dataModel"

export { v }
export const schema = { tasks: { title: null, status: null, priority: null, projectId: null }, messages: { channel: null, author: null, body: null } } as const

export const query = createQueryFactory<DataModel>()
export const mutation = createMutationFactory<DataModel>()
export const action = createActionFactory<DataModel>()
export const internalQuery = createInternalQueryFactory<DataModel>()
export const internalMutation = createInternalMutationFactory<DataModel>()
export const internalAction = createInternalActionFactory<DataModel>()
`,
  "zeroback/_generated/dataModel.ts": `export type DataModel = {
  tasks: { title: string; status: string; priority?: string; projectId: string; _id: string; _creationTime: number }
  messages: { channel: string; author: string; body: string; _id: string; _creationTime: number }
}
`,
};

let server;
before(async () => {
  server = await Server.start(makeFolder(kProject, "seed"), { folder: "./zeroback" });
});
after(() => server?.stop());

test("queries, mutations and subscriptions work under the seed's names", async () => {
  const socket = await Socket.open(server);
  const first = await socket.ask("query", "messages:list", { channel: "general" }, "m");
  assert.deepEqual(first.result, []);
  const id = await server.run("messages:send", { channel: "general", author: "a", body: "hi" });
  assert.match(id, /^messages:/);
  await socket.wait("the update", (f) => f.id === "m" && f.result?.[0]?.body === "hi");
  await server.run("tasks:create", { title: "x", status: "todo", projectId: "p" });
  assert.equal(await server.query("tasks:countByProject", { projectId: "p" }), 1);
});

test("nested names are found with the slash and with the dot", async () => {
  for (const name of ["utils/stats:taskStats", "utils.stats:taskStats"])
    assert.ok((await server.query(name)).total >= 0, name);
});

test("actions call functions by name", async () => {
  const done = await server.run("tasks:createViaAction", {
    title: "by action",
    status: "todo",
    projectId: "act",
  });
  assert.deepEqual(done, { created: true, count: 1 });
});

test("http.ts answers requests", async () => {
  const made = await fetch(server.url + "/api/tasks", {
    method: "POST",
    body: JSON.stringify({ title: "by http", status: "todo", projectId: "web" }),
  });
  assert.deepEqual(await made.json(), { ok: true });
  const listed = await fetch(server.url + "/api/tasks?projectId=web");
  assert.equal(listed.headers.get("content-type"), "application/json");
  assert.deepEqual(
    (await listed.json()).map((task) => task.title),
    ["by http"],
  );
  assert.equal((await fetch(server.url + "/api/none")).status, 404);
});

test("the scheduler runs what a mutation asked for", async () => {
  await server.run("tasks:createLater", { title: "later" });
  await until("the scheduled function", async () => {
    return (await server.query("tasks:countByProject", { projectId: "later" })) === 1;
  });
});

test("the generated files are renewed under the package that schema.ts names", () => {
  const read = (name) =>
    readFileSync(path.join(server.root, "zeroback/_generated", `${name}.ts`), "utf8");
  assert.match(read("api"), /utils\/stats:taskStats/);
  for (const name of ["api", "server"]) assert.match(read(name), /@zeroback\/server/, name);
  for (const name of ["api", "server", "dataModel", "manifest"])
    assert.doesNotMatch(read(name), /@moonstone\/server/, name);
});

test("the entry and the platform's configuration are left as they are", () => {
  for (const name of [".zeroback/entry.ts", "wrangler.toml"])
    assert.equal(readFileSync(path.join(server.root, name), "utf8"), kProject[name]);
});

test("an entry that is more than the scaffold is not ignored", async () => {
  const gate = `import { createZerobackDO } from "@zeroback/server/runtime"
import { functions, schema, httpRouter, cronJobsDef } from "../zeroback/_generated/manifest"

export const ZerobackDO = createZerobackDO({ functions, schema, httpRouter, cronJobsDef })

export default {
  async fetch(request: Request, env: any): Promise<Response> {
    if (new URL(request.url).pathname !== "/health" && request.headers.get("Authorization") !== "Bearer yes") {
      return new Response(JSON.stringify({ error: "Not authenticated" }), { status: 401, headers: { "Content-Type": "application/json" } })
    }
    const doId = env.ZEROBACK_DO.idFromName("default")
    return env.ZEROBACK_DO.get(doId).fetch(request)
  },
}
`;
  const root = makeFolder({ ...kProject, ".zeroback/entry.ts": gate }, "seedgate");
  const one = await Server.start(root, { folder: "./zeroback" });
  const call = (headers) =>
    one.post("/query", { fn: "tasks:countByProject", args: { projectId: "p" } }, headers);
  const refused = await call({});
  assert.equal(refused.status, 401);
  assert.deepEqual(await refused.json(), { error: "Not authenticated" });
  const passed = await call({ authorization: "Bearer yes" });
  assert.deepEqual(await passed.json(), { result: 0 });
  await one.stop();
});

test("the project can be built and started without its folder", async () => {
  const built = await cli(["build", "./zeroback", "--out", "app.json"], { cwd: server.root });
  assert.equal(built.code, 0, built.text);
  const bundle = readFileSync(path.join(server.root, "app.json"), "utf8");
  const one = await Server.start(makeFolder({ "app.json": bundle }, "seedbundle"), {
    command: "start",
    folder: "app.json",
    env: { MOONSTONE_ADMIN_KEY: "k" },
  });
  assert.deepEqual(await one.query("utils.stats:taskStats"), { total: 0 });
  const listed = await fetch(one.url + "/api/tasks?projectId=none");
  assert.deepEqual(await listed.json(), []);
  await one.stop();
});
