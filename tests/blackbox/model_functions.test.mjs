// Moonstone. Licence: see LICENSE.
// defineModels over the real binary: what functions add to models holds for functions, documents,
// HTTP and live queries alike (litestone.md 28, 29, 32.3; decision 0031).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { cli, kRoot, makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kSchema = `
model Order {
  id Int @id
  total Float
  note String?
  label String @computed
}
model Trail {
  id Int @id
  text String
}
`;
const kModels = `
import { defineModels } from "./_generated/server";
import { internal } from "./_generated/api";
export default defineModels({
  order: {
    computed: { label: (row) => \`#\${row.id} \${row.note}\` },
    defaults: { note: (data) => \`total \${data.total}\` },
    validate: [{ check: ({ total }) => total !== 13, message: "unlucky", path: ["total"] }],
    hooks: {
      after: {
        create: (ctx, { result, schema }) => {
          ctx.db.trail.create({ data: { text: \`\${schema.name} \${result.label}\` } });
        },
      },
    },
    events: { create: internal.shop.heard },
  },
});
`;
const kShop = `
import { internalMutation, query, mutation } from "./_generated/server";
import { v } from "@moonstone/server";
export const orders = query({ args: {}, handler: (ctx) => ctx.db.order.findMany({}) });
export const trail = query({ args: {}, handler: async (ctx) =>
  (await ctx.db.trail.findMany({})).map(({ text }) => text) });
export const add = mutation({ args: { total: v.number() },
  handler: (ctx, { total }) => ctx.db.order.create({ data: { total } }) });
export const insert = mutation({ args: { total: v.number() },
  handler: (ctx, { total }) => ctx.db.insert("order", { total } as any) });
export const heard = internalMutation({ args: {}, handler: async (ctx, event: any) => {
  await ctx.db.trail.create({ data: { text: \`\${event.operation} \${event.result.total}\` } });
} });
`;

const files = (models = kModels) => ({
  "moonstone/schema.lite": kSchema,
  "moonstone/models.ts": models,
  "moonstone/shop.ts": kShop,
});

let server;
before(async () => {
  server = await Server.start(makeFolder(files(), "model_functions"));
});
after(() => server?.stop());

const orm = async (route, body) => (await server.post(`/orm/${route}`, body)).json();

test("computed fields, defaults, rules, hooks and events hold for every face", async () => {
  const socket = await Socket.open(server);
  const spec = { model: "order", method: "findMany", args: { select: { label: true } } };
  const first = await socket.query("_orm:query", spec, "live");
  assert.deepEqual(first.result, []);
  const added = await server.run("shop:add", { total: 1 });
  assert.equal(added.label, "#1 total 1");
  assert.equal(await server.run("shop:insert", { total: 2 }), "order:2");
  const created = await orm("mutate", {
    model: "order",
    method: "create",
    args: { data: { total: 3 } },
  });
  assert.equal(created.result.label, "#3 total 3");
  await until("the push of all three", () =>
    socket.pushes().some(([id, rows]) => id === "live" && rows.at(-1)?.label === "#3 total 3"),
  );
  socket.ws.close();
  const rows = await server.query("shop:orders");
  assert.deepEqual(
    rows.map(({ label }) => label),
    ["#1 total 1", "#2 total 2", "#3 total 3"],
  );
  // A hook runs in the transaction, a listener once that is committed.
  await until("the listeners", async () => (await server.query("shop:trail")).length === 6);
  const trail = (await server.query("shop:trail")).toSorted();
  assert.deepEqual(trail, [
    "Order #1 total 1",
    "Order #2 total 2",
    "Order #3 total 3",
    "create 1",
    "create 2",
    "create 3",
  ]);
  for (const name of ["shop:add", "shop:insert"])
    await assert.rejects(server.run(name, { total: 13 }), /unlucky/);
  const broken = await orm("mutate", {
    model: "order",
    method: "update",
    args: { where: { id: 1 }, data: { total: 13 } },
  });
  assert.deepEqual(broken.error.errors, [{ path: ["total"], message: "unlucky" }]);
});

test("what functions add is typed, and checked when the project is built", async () => {
  const build = async (models) => {
    const root = makeFolder({
      ...files(models),
      "tsconfig.json": JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          module: "esnext",
          moduleResolution: "bundler",
          target: "es2022",
          types: [],
          paths: { "@moonstone/server": [`${kRoot}/packages/server/dist/index.d.ts`] },
        },
        include: ["moonstone"],
      }),
    });
    const built = await cli(["codegen", "moonstone"], { cwd: root });
    const tsc = path.join(kRoot, "node_modules/typescript/bin/tsc");
    const checked = spawnSync(process.execPath, [tsc, "-p", root], { encoding: "utf8" });
    return { ...built, types: checked.stdout };
  };
  assert.equal((await build(kModels)).types, "");
  const wrong = await build(kModels.replace("row.note", "row.nope"));
  assert.match(wrong.types, /'nope' does not exist/);
  const unknown = await build(kModels.replace("  order: {", "  ordr: {"));
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.text, /ordr is no model of schema.lite; there are order, trail/);
});
