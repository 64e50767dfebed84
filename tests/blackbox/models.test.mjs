// Moonstone. Licence: see LICENSE.
// A project whose schema is a `.lite` file, over the real binary: models in functions, over HTTP and
// over the socket (litestone.md 10, 13-15, 34, 45; decisions 26 and 28).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { cli, kRoot, makeFolder, Server, until, writeFiles } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kSchema = `
enum Status { open paid transitions { pay: open -> paid } }
model Customer {
  id Int @id
  name String @length(1, 20)
  email String? @unique @email @lower
  photo Bytes?
  orders Order[]
  deletedAt DateTime?
  @@softDelete
}
model Order {
  id Int @id
  status Status @default(open)
  total Float @gt(0)
  meta Json?
  paid Boolean @default(false)
  customer Customer @relation(fields: [customerId], references: [id], onDelete: Cascade)
  customerId Int
  createdAt DateTime @default(now())
  @@index([customerId])
}
view Spending {
  customerId Int
  spent Float
  @@sql("SELECT customerId, sum(total) AS spent FROM \\"order\\" GROUP BY customerId")
}
`;
const kShop = `
import { query, mutation } from "./_generated/server";
import { v } from "@moonstone/server";
export const customers = query({ args: {}, handler: (ctx) =>
  ctx.db.customer.findMany({ orderBy: { id: "asc" }, include: { orders: true } }) });
export const count = query({ args: {}, handler: (ctx) => ctx.db.order.count({}) });
export const documents = query({ args: {}, handler: (ctx) => ctx.db.query("order").collect() });
export const add = mutation({ args: { name: v.string(), total: v.number() },
  handler: (ctx, { name, total }) =>
    ctx.db.customer.create({ data: { name, orders: { create: [{ total }] } } }) });
export const insert = mutation({ args: { name: v.string() },
  handler: (ctx, { name }) => ctx.db.insert("customer", { name } as any) });
export const half = mutation({ args: {}, handler: async (ctx) => {
  await ctx.db.customer.create({ data: { name: "gone" } });
  throw new Error("on purpose");
} });
export const failure = mutation({ args: {}, handler: async (ctx) => {
  try {
    await ctx.db.customer.create({ data: { name: "" } });
  } catch (error: any) {
    return { name: error.name, message: error.message, errors: error.errors };
  }
} });
export const sneaky = query({ args: {}, handler: async (ctx) =>
  (ctx.db.customer as any).create?.({ data: { name: "x" } }) ?? "no such method" });
`;

let server;
const orm = async (route, body) => {
  const reply = await server.post(`/orm/${route}`, body);
  return { status: reply.status, ...(await reply.json()) };
};
const result = async (route, body) => {
  const answer = await orm(route, body);
  assert.equal(answer.status, 200, JSON.stringify(answer));
  return answer.result;
};

before(async () => {
  server = await Server.start(
    makeFolder({ "moonstone/schema.lite": kSchema, "moonstone/shop.ts": kShop }, "models"),
  );
});
after(() => server?.stop());

test("functions have the models beside the documents of the same tables", async () => {
  const added = await server.run("shop:add", { name: "Ada", total: 12.5 });
  assert.equal(added.name, "Ada");
  const [ada] = await server.query("shop:customers");
  assert.equal(ada.id, added.id);
  assert.deepEqual(
    ada.orders.map(({ status, total, paid }) => ({ status, total, paid })),
    [{ status: "open", total: 12.5, paid: false }],
  );
  const [order] = await server.query("shop:documents");
  assert.equal(order._id, `order:${ada.orders[0].id}`);
  assert.equal(order.customerId, ada.id);
  assert.ok(!("_creationTime" in order));
  const id = await server.run("shop:insert", { name: "Lin" });
  assert.match(id, /^customer:\d+$/);
});

test("queries have no methods that write", async () => {
  assert.equal(await server.query("shop:sneaky"), "no such method");
});

test("a mutation that throws leaves nothing, and errors carry their properties", async () => {
  const before = await result("query", { model: "customer", method: "count" });
  await assert.rejects(server.run("shop:half"), /on purpose/);
  assert.equal(await result("query", { model: "customer", method: "count" }), before);
  const failure = await server.run("shop:failure");
  assert.equal(failure.name, "ValidationError");
  assert.deepEqual(failure.errors, [
    { path: ["name"], message: "length must be between 1 and 20" },
  ]);
});

test("calls over HTTP give results and the errors of the ORM", async () => {
  const created = await result("mutate", {
    model: "customer",
    method: "create",
    args: {
      data: { name: "Eve", orders: { create: [{ total: 1 }, { total: 2, meta: { gift: true } }] } },
      include: { orders: { select: { total: true, meta: true } }, _count: true },
    },
  });
  assert.deepEqual(created.orders, [
    { total: 1, meta: null },
    { total: 2, meta: { gift: true } },
  ]);
  assert.deepEqual(created._count, { orders: 2 });
  const both = await result("query", {
    query: { open: { model: "order", _count: true }, customer: { where: { name: "Eve" } } },
  });
  assert.equal(both.customer[0].id, created.id);
  assert.ok(both.open._count >= 2);
  const wrong = await orm("mutate", {
    model: "customer",
    method: "create",
    args: { data: { nmae: "x" } },
  });
  assert.equal(wrong.status, 400);
  assert.equal(wrong.error.name, "ValidationError");
  assert.match(wrong.error.message, /Did you mean: name\?/);
  const missing = await orm("query", {
    model: "order",
    method: "findUniqueOrThrow",
    args: { where: { id: 4711 } },
  });
  assert.equal(missing.status, 404);
  assert.equal(missing.error.code, "NOT_FOUND");
  for (const body of ["{", { model: 7 }, { model: "nobody", method: "findMany" }, []]) {
    const refused = await orm("query", body);
    assert.equal(refused.status, 400, JSON.stringify(refused));
    assert.ok(refused.error.message.length > 0);
  }
  assert.equal((await fetch(`${server.url}/orm/query`)).status, 405);
});

test("a transaction over HTTP is all or nothing", async () => {
  const count = () => result("query", { model: "customer", method: "count" });
  const before = await count();
  const create = (name) => ({ model: "customer", method: "create", args: { data: { name } } });
  const failed = await orm("mutate", { transaction: [create("a"), create("")] });
  assert.equal(failed.status, 400);
  assert.equal(await count(), before);
  const rows = await result("mutate", { transaction: [create("a"), create("b")] });
  assert.equal(rows.length, 2);
  assert.equal(await count(), before + 2);
});

test("the same call over the socket is live, for administrators only", async () => {
  const socket = await Socket.open(server);
  const spec = { model: "order", method: "count", args: {} };
  const first = await socket.query("_orm:query", spec, "live");
  await server.run("shop:add", { name: "Joe", total: 3 });
  await until("the push", () =>
    socket.pushes().some(([id, value]) => id === "live" && value === first.result + 1),
  );
  // A function that writes documents wakes it, too, and so does one query of a function.
  await socket.query("shop:count", {}, "fn");
  const from = socket.frames.length;
  await result("mutate", { model: "order", method: "delete", args: { where: { id: 1 } } });
  await until("both pushes", () => {
    const ids = socket.pushes(from).map(([id]) => id);
    return ids.includes("live") && ids.includes("fn");
  });
  socket.ws.close();
  const page = await Socket.open(server, { headers: { origin: "http://elsewhere.example" } });
  const refused = await page.query("_orm:query", spec);
  assert.equal(refused.type, "error");
  page.ws.close();
});

test("a live query over a view wakes when the tables change that it reads", async () => {
  const { id } = await result("mutate", {
    model: "customer",
    method: "create",
    args: { data: { name: "Max" } },
  });
  const socket = await Socket.open(server);
  const spec = { model: "spending", method: "findFirst", args: { where: { customerId: id } } };
  assert.equal((await socket.query("_orm:query", spec, "view")).result, null);
  const order = { data: { total: 4, customerId: id } };
  await result("mutate", { model: "order", method: "create", args: order });
  await until("the push", () =>
    socket.pushes().some(([wire, row]) => wire === "view" && row?.spent === 4),
  );
  const refused = await orm("mutate", { model: "spending", method: "deleteMany", args: {} });
  assert.match(refused.error.message, /is a view/);
  socket.ws.close();
});

test("soft deletion, transitions and cursors work as the language says", async () => {
  const call = (route, model, method, args) => result(route, { model, method, args });
  const { id } = await call("mutate", "customer", "create", { data: { name: "Zoe" } });
  await call("mutate", "customer", "remove", { where: { id } });
  assert.equal(await call("query", "customer", "findFirst", { where: { id } }), null);
  assert.equal(
    (await call("query", "customer", "findFirst", { where: { id }, withDeleted: true })).name,
    "Zoe",
  );
  const order = await call("query", "order", "findFirst", { orderBy: { id: "asc" } });
  assert.equal((await call("mutate", "order", "transition", [order.id, "pay"])).status, "paid");
  const again = await orm("mutate", {
    model: "order",
    method: "update",
    args: { where: { id: order.id }, data: { status: "open" } },
  });
  // Administrators are the system, for whom transitions are not enforced (litestone.md 26).
  assert.equal(again.status, 200);
  const page = await call("query", "customer", "findManyCursor", { limit: 1 });
  assert.equal(page.items.length, 1);
  const next = await call("query", "customer", "findManyCursor", {
    limit: 1,
    cursor: page.nextCursor,
  });
  assert.notEqual(next.items[0].id, page.items[0].id);
});

test("a new version of the schema is taken over while the server runs, with the rows", async () => {
  const before = await server.query("shop:customers");
  writeFiles(server.root, {
    "moonstone/schema.lite": kSchema.replace("meta Json?", "meta Json?\n  note String?"),
  });
  await until("the new field", async () => {
    const answer = await orm("query", {
      model: "order",
      method: "findMany",
      args: { select: { note: true } },
    });
    return answer.status === 200;
  });
  assert.equal((await server.query("shop:customers")).length, before.length);
  writeFiles(server.root, { "moonstone/schema.lite": "model Order { id Int @id\n x Nope }" });
  await until("the error", () => /unknown type 'Nope'/.test(server.text));
  assert.equal((await server.query("shop:customers")).length, before.length);
  writeFiles(server.root, {
    "moonstone/schema.lite": kSchema.replace("meta Json?", "meta Json?\n  note String?"),
  });
});

test("models are typed: what they have not is an error of the compiler", async () => {
  const check = (extra) => {
    const root = makeFolder({
      "moonstone/schema.lite": kSchema,
      "moonstone/shop.ts": kShop,
      "moonstone/extra.ts": `import { query, mutation } from "./_generated/server";\n${extra}`,
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
    return cli(["codegen", "moonstone"], { cwd: root }).then((built) => {
      assert.equal(built.code, 0, built.text);
      const tsc = path.join(kRoot, "node_modules/typescript/bin/tsc");
      return spawnSync(process.execPath, [tsc, "-p", root], { encoding: "utf8" }).stdout;
    });
  };
  const right = `export const size = query({ args: {}, handler: async (ctx) => {
      const photo: ArrayBuffer | null | undefined = (await ctx.db.customer.findFirst({}))?.photo;
      return photo?.byteLength ?? 0;
    } });`;
  assert.equal(await check(right), "");
  const wrong = await check(`
    export const a = query({ args: {}, handler: (ctx) => ctx.db.customer.create({ data: {} }) });
    export const b = mutation({ args: {},
      handler: (ctx) => ctx.db.customer.create({ data: { nmae: "x" } }) });`);
  assert.match(wrong, /'create' does not exist/);
  assert.match(wrong, /'nmae' does not exist/);
});

test("two schemas are one too many, and the error says so", async () => {
  const root = makeFolder({
    "moonstone/schema.lite": kSchema,
    "moonstone/schema.ts": "export const schema = { tables: {} };",
  });
  const built = await cli(["codegen", "moonstone"], { cwd: root });
  assert.notEqual(built.code, 0);
  assert.match(built.text, /keep one of them/);
});
