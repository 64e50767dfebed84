// Moonstone. Licence: see LICENSE.
// The calls that all faces answer (tests/embed/golden/orm_calls.json), over HTTP, in functions and over the
// socket, and what is said of the wire beside them (litestone.md 34 and 45; issue 6, point 7).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { kRoot, makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const { schema, calls } = JSON.parse(
  readFileSync(path.join(kRoot, "tests/embed/golden/orm_calls.json"), "utf8"),
);
const kReads = /^(find|count|exists|aggregate|groupBy|query|search)/;
const isRead = ({ method }) => kReads.test(method);

// Functions answer with texts, so that nothing happens to the values on the way.
const kFaces = `
import { query, mutation } from "./_generated/server";
import { v } from "@moonstone/server";
const run = async (ctx: any, { model, method, args }: any) => {
  const given = JSON.parse(args);
  try {
    const result = await ctx.db[model][method](...(Array.isArray(given) ? given : [given]));
    return JSON.stringify({ result });
  } catch ({ name, message, errors }: any) {
    return JSON.stringify({ error: { name, message, ...(errors ? { errors } : {}) } });
  }
};
const args = { model: v.string(), method: v.string(), args: v.string() };
export const read = query({ args, handler: run });
export const write = mutation({ args, handler: run });
`;

const started = [];
const start = async (name) => {
  const files = { "moonstone/schema.lite": schema, "moonstone/faces.ts": kFaces };
  const server = await Server.start(makeFolder(files, name));
  started.push(server);
  return server;
};
after(() => Promise.all(started.map((server) => server.stop())));

/** The answer of a call as the list has it. */
const overHttp = async (server, call) => {
  const { model, method, args } = call;
  const reply = await server.post(isRead(call) ? "/orm/query" : "/orm/mutate", {
    model,
    method,
    args,
  });
  const { result, error } = await reply.json();
  assert.equal(reply.status === 200, error === undefined, JSON.stringify(error));
  if (error === undefined) return { result };
  const { name, message, errors } = error;
  return { error: { name, message, ...(errors ? { errors } : {}) } };
};
const inFunction = async (server, call) => {
  const { model, method, args } = call;
  const wanted = { model, method, args: JSON.stringify(args) };
  const text = isRead(call)
    ? await server.query("faces:read", wanted)
    : await server.run("faces:write", wanted);
  return JSON.parse(text);
};
const answerOf = ({ result, error }) => (error === undefined ? { result } : { error });
const textOf = ({ model, method, args }) => `${model}.${method} ${JSON.stringify(args)}`;

test("over HTTP, a call makes a tenant as any other call does", async () => {
  const server = await start("faces-tenant");
  const reply = await server.post("/t/acme/orm/query", {
    model: calls[0].model,
    method: "count",
    args: {},
  });
  assert.deepEqual(await reply.json(), { result: 0 });
});

test("over HTTP", async () => {
  const server = await start("faces-http");
  for (const call of calls) {
    const answer = JSON.stringify(await overHttp(server, call));
    assert.equal(answer, JSON.stringify(answerOf(call)), textOf(call));
  }
});

test("in functions", async () => {
  const server = await start("faces-functions");
  for (const call of calls) {
    const answer = await inFunction(server, call);
    assert.equal(JSON.stringify(answer), JSON.stringify(answerOf(call)), textOf(call));
  }
});

test("in mutations, where reads see what was written", async () => {
  const server = await start("faces-mutations");
  for (const call of calls) {
    const { model, method, args } = call;
    const text = await server.run("faces:write", { model, method, args: JSON.stringify(args) });
    assert.equal(text, JSON.stringify(answerOf(call)), textOf(call));
  }
});

const call = (model, method, args) => ({ model, method, args });
const answer = async (server, route, body) => {
  const reply = await server.post(`/orm/${route}`, body);
  return { status: reply.status, ...(await reply.json()) };
};

test("statuses and members of errors over HTTP", async () => {
  const server = await start("faces-errors");
  const placedAt = "2026-01-01T00:00:00.000Z";
  await answer(
    server,
    "mutate",
    call("customer", "create", { data: { name: "Ada", email: "a@b.c" } }),
  );
  const data = { total: 1, placedAt, customerId: 1 };
  const cases = [
    [
      "mutate",
      call("customer", "create", { data: { nmae: "x" } }),
      400,
      { name: "ValidationError" },
    ],
    ["query", call("customer", "findMany", { where: { nmae: 1 } }), 400, { name: "Error" }],
    [
      "query",
      call("customer", "findUniqueOrThrow", { where: { id: 9 } }),
      404,
      { code: "NOT_FOUND", model: "customer" },
    ],
    [
      "query",
      call("customer", "findFirstOrThrow", { where: { id: 9 } }),
      404,
      { code: "NOT_FOUND" },
    ],
    [
      "mutate",
      call("customer", "create", { data: { name: "B", email: "a@b.c" } }),
      409,
      { message: "UNIQUE constraint failed: customer.email", code: "SQLITE_CONSTRAINT_UNIQUE" },
    ],
    [
      "mutate",
      call("order", "create", { data: { ...data, customerId: 9 } }),
      409,
      { message: "FOREIGN KEY constraint failed", code: "SQLITE_CONSTRAINT_FOREIGNKEY" },
    ],
    ["query", call("nobody", "findMany", {}), 400, {}],
    ["query", call("order", "fetch", {}), 400, {}],
    ["query", call("order", "create", { data }), 400, {}],
    ["query", call("order", "findMany", []), 400, {}],
    ["query", { model: "order" }, 400, {}],
    ["query", { query: [] }, 400, {}],
    ["query", { query: { orderz: {} } }, 400, {}],
    ["mutate", { transaction: {} }, 400, {}],
    ["query", "{", 400, {}],
  ];
  for (const [route, body, status, members] of cases) {
    const { error, ...reply } = await answer(server, route, body);
    const text = `${JSON.stringify(body)}: ${JSON.stringify({ ...reply, error })}`;
    assert.equal(reply.status, status, text);
    assert.ok(error.name.length > 0 && error.message.length > 0, text);
    for (const [name, value] of Object.entries(members)) assert.equal(error[name], value, text);
  }
  assert.equal((await answer(server, "query", call("order", "count"))).result, 0);
  assert.equal((await answer(server, "query", call("order", "count", null))).result, 0);
  assert.equal((await answer(server, "mutate", call("customer", "count", {}))).result, 1);
});

// Each depends on what the writes below change in a way of its own.
const kLive = [
  call("customer", "findMany", { orderBy: { id: "asc" }, select: { id: true, name: true } }),
  call("customer", "findMany", { where: { age: { gte: 30 } }, orderBy: { id: "asc" } }),
  call("customer", "findMany", { orderBy: { id: "asc" }, limit: 1, select: { name: true } }),
  call("customer", "findMany", {
    orderBy: { id: "asc" },
    select: { id: true, orders: { orderBy: { id: "asc" }, include: { labels: true } } },
  }),
  call("customer", "findMany", {
    orderBy: { id: "asc" },
    select: { id: true },
    include: { _count: true },
  }),
  call("customer", "findMany", {
    orderBy: [{ orders: { _sum: { total: "desc" } } }, { id: "asc" }],
  }),
  call("customer", "findMany", { orderBy: [{ boss: { name: "asc" } }, { id: "asc" }] }),
  call("customer", "findMany", { where: { orderCount: { gte: 1 } }, orderBy: { id: "asc" } }),
  call("customer", "findMany", { where: { id: 1 }, recursive: true, orderBy: { id: "asc" } }),
  call("customer", "findMany", { onlyDeleted: true, orderBy: { id: "asc" } }),
  call("order", "findMany", { where: { $raw: "total > 5" }, orderBy: { id: "asc" } }),
  call("order", "findMany", { orderBy: { id: "asc" }, include: { customer: true } }),
  call("order", "findManyCursor", { limit: 2, orderBy: { total: "desc" } }),
  call("order", "aggregate", { _count: true, _sum: { total: true } }),
  call("order", "groupBy", { by: ["status"], _count: true, orderBy: { status: "asc" } }),
  call("order", "exists", { where: { status: "paid" } }),
  call("order", "findUnique", { where: { id: 1 } }),
  call("label", "findMany", { orderBy: { id: "asc" }, include: { _count: true, orders: true } }),
  call("pressNote", "search", ["red", { withRank: false }]),
  {
    query: {
      customer: { _count: true },
      paid: { model: "order", where: { status: "paid" }, _count: true },
    },
  },
];
const placedAt = "2026-01-01T00:00:00.000Z";
const joinedAt = placedAt;
const kWrites = [
  call("customer", "create", { data: { name: "Ada", age: 20, joinedAt } }),
  call("customer", "create", { data: { name: "Bob", bossId: 1, joinedAt } }),
  call("order", "create", { data: { customerId: 2, total: 3, placedAt } }),
  call("order", "create", { data: { customerId: 1, total: 9, status: "paid", placedAt } }),
  call("order", "update", {
    where: { id: 1 },
    data: { total: 20, labels: { create: [{ name: "x" }] } },
  }),
  call("label", "update", { where: { id: 1 }, data: { name: "y" } }),
  call("order", "update", { where: { id: 2 }, data: { labels: { connect: [{ id: 1 }] } } }),
  call("order", "update", { where: { id: 2 }, data: { labels: { disconnect: [{ id: 1 }] } } }),
  call("customer", "update", { where: { id: 1 }, data: { name: "Zoe", age: 40 } }),
  call("customer", "create", { data: { name: "Cy", bossId: 2, joinedAt } }),
  call("customer", "update", { where: { id: 3 }, data: { bossId: 1 } }),
  call("pressNote", "create", { data: { title: "Red" } }),
  call("pressNote", "update", { where: { id: 1 }, data: { title: "Blue" } }),
  call("customer", "remove", { where: { id: 2 } }),
  call("customer", "restore", { where: { id: 2 } }),
  call("order", "delete", { where: { id: 2 } }),
  call("customer", "delete", { where: { id: 2 } }),
  {
    transaction: [
      call("customer", "create", { data: { name: "Dee", joinedAt } }),
      call("order", "create", { data: { customerId: 4, total: 1, placedAt } }),
    ],
  },
];

test("what is subscribed to over the socket is always what a fresh call gives", async () => {
  const server = await start("faces-live");
  const socket = await Socket.open(server);
  const latest = new Map();
  for (const [index, spec] of kLive.entries()) {
    const first = await socket.query("_orm:query", spec, `live${index}`);
    assert.notEqual(first.type, "error", JSON.stringify([spec, first]));
    latest.set(`live${index}`, JSON.stringify(first.result));
  }
  let seen = socket.frames.length;
  const upToDate = (fresh) => {
    for (const [id, value] of socket.pushes(seen)) latest.set(id, JSON.stringify(value));
    seen = socket.frames.length;
    return fresh.every((text, index) => latest.get(`live${index}`) === text);
  };
  for (const write of kWrites) {
    const { error } = await answer(server, "mutate", write);
    assert.equal(error, undefined, JSON.stringify([write, error]));
    const fresh = [];
    for (const spec of kLive)
      fresh.push(JSON.stringify((await answer(server, "query", spec)).result));
    await until(`the pushes after ${JSON.stringify(write)}`, () => upToDate(fresh), 10_000).catch(
      (error) => {
        const stale = kLive.filter((_, index) => latest.get(`live${index}`) !== fresh[index]);
        throw new Error(`${error.message}; stale: ${JSON.stringify(stale)}`);
      },
    );
  }
  socket.ws.close();
});

test("writes over the socket, as one call and as a transaction", async () => {
  const server = await start("faces-socket");
  const socket = await Socket.open(server);
  const create = (name) =>
    call("customer", "create", { data: { name, joinedAt }, select: { id: true } });
  const one = await socket.ask("mutation", "_orm:mutate", create("Ada"));
  assert.deepEqual(one.result, { id: 1 });
  const failed = await socket.ask("mutation", "_orm:mutate", {
    transaction: [create("B"), create("")],
  });
  assert.equal(failed.type, "error");
  const both = await socket.ask("mutation", "_orm:mutate", {
    transaction: [create("B"), create("C")],
  });
  assert.deepEqual(both.result, [{ id: 2 }, { id: 3 }]);
  assert.equal((await answer(server, "query", call("customer", "count"))).result, 3);
  socket.ws.close();
});
