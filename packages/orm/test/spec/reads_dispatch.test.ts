// litestone.md 18 and 19: dispatch by shape, several reads at once, scopes.
import { beforeAll, describe, expect, test } from "vitest";
import { sql } from "../../src/index.js";
import { type Db, failure, ids, open } from "./reads_support.js";

const SCHEMA = `
model Order {
  id Int @id
  status String
  total Float
  customer Customer? @relation(fields: [customerId], references: [id])
  customerId Int?
  @@fts([status])
}
model Customer { id Int @id  name String  orders Order[]  deletedAt DateTime?  @@softDelete }
`;

async function fill(db: Db): Promise<Db> {
  await db.customer.createMany({ data: [{ name: "Ada" }, { name: "Bob" }] });
  await db.order.createMany({
    data: [
      { status: "paid", total: 10, customerId: 1 },
      { status: "open", total: 20, customerId: 1 },
      { status: "paid", total: 30, customerId: 2 },
    ],
  });
  return db;
}

let db: Db;
beforeAll(async () => {
  db = await fill(await open(SCHEMA));
});

describe("18: db.<model>.query", () => {
  test.each([
    [
      { where: { status: "paid" }, orderBy: { id: "asc" }, select: { id: true } },
      [{ id: 1 }, { id: 3 }],
    ],
    [{ by: ["status"], orderBy: { status: "asc" } }, [{ status: "open" }, { status: "paid" }]],
    [
      { by: ["status"], _count: true, orderBy: { _count: "desc" } },
      [
        { status: "paid", _count: 2 },
        { status: "open", _count: 1 },
      ],
    ],
    [{ _count: true }, { _count: 3 }],
    [{ _sum: { total: true } }, { _sum: { total: 60 } }],
    [{ _avg: { total: true } }, { _avg: { total: 20 } }],
    [{ _min: { total: true } }, { _min: { total: 10 } }],
    [{ _max: { total: true } }, { _max: { total: 30 } }],
    [{ _stringAgg: { field: "id", orderBy: "id" } }, { _stringAgg: { id: "1,2,3" } }],
    [{ _paid: { count: true, filter: sql`status = 'paid'` } }, { _paid: 2 }],
    [
      { where: { id: 1 }, select: { id: true }, window: { n: { rowNumber: true } } },
      [{ id: 1, n: 1 }],
    ],
    [{ where: { id: 0 } }, []],
  ])("%j", async (args, expected) => {
    expect(await db.order.query(args)).toEqual(expected);
  });

  test("without arguments finds all", async () => {
    expect(await db.order.query()).toHaveLength(3);
    expect(await db.order.query(null)).toHaveLength(3);
  });
});

describe("18: db.query", () => {
  test("answers under the same keys in order", async () => {
    const result = await db.query({
      paid: {
        model: "order",
        where: { status: "paid" },
        orderBy: { id: "asc" },
        select: { id: true },
      },
      customer: { _count: true },
      order: { by: ["status"], _count: true, orderBy: { status: "asc" } },
      all: { model: "customer" },
    });
    expect(Object.keys(result)).toEqual(["paid", "customer", "order", "all"]);
    expect(result).toMatchObject({
      paid: [{ id: 1 }, { id: 3 }],
      customer: { _count: 2 },
      order: [
        { status: "open", _count: 1 },
        { status: "paid", _count: 2 },
      ],
      all: [{ name: "Ada" }, { name: "Bob" }],
    });
  });

  test("null and undefined are empty arguments", async () => {
    const result = await db.query({ order: null, customer: undefined });
    expect(result.order).toHaveLength(3);
    expect(result.customer).toHaveLength(2);
  });

  test("nothing asked is nothing answered", async () => {
    expect(await db.query({})).toEqual({});
  });

  test.each([[[]], ["order"], [null], [7], [undefined]])("%j is no spec", async (spec) => {
    expect((await failure(() => db.query(spec))).message).toContain(
      "db.query: spec must be an object of { name: queryArgs, ... }",
    );
  });

  test("an unknown accessor lists the others", async () => {
    const { message } = await failure(() => db.query({ orderz: {} }));
    expect(message).toContain("db.query: 'orderz' is not a model accessor. Available: ");
    expect(message).toContain("order");
    expect(message).toContain("customer");
    expect((await failure(() => db.query({ x: { model: "Nope" } }))).message).toContain(
      "db.query: 'Nope' is not a model accessor",
    );
  });

  test("fails as a whole, and goes on afterwards", async () => {
    expect(
      (await failure(db.query({ order: {}, bad: { model: "order", where: { nothing: 1 } } })))
        .message,
    ).toContain("nothing");
    expect(await db.query({ order: { _count: true } })).toEqual({ order: { _count: 3 } });
  });

  test("asks several databases, each on a snapshot of its own", async () => {
    const several = await open(
      `database main { path "main.db" }
       database stats { path "stats.db" }
       model User { id Int @id  name String }
       model Hit { id Int @id  path String  @@db(stats) }`,
      { databases: ":memory:" } as any,
    );
    await several.user.create({ data: { name: "a" } });
    await several.hit.createMany({ data: [{ path: "/" }, { path: "/x" }] });
    const spec = { hits: { model: "hit", _count: true }, user: {}, hit: { where: { path: "/x" } } };
    const expected = {
      hits: { _count: 2 },
      user: [{ id: 1, name: "a" }],
      hit: [{ id: 2, path: "/x" }],
    };
    expect(await several.query(spec)).toEqual(expected);
    expect(Object.keys(await several.query(spec))).toEqual(["hits", "user", "hit"]);
    expect(await several.$transaction((tx: Db) => tx.query(spec))).toEqual(expected);
  });

  test("a database that is closed to the client is closed here, too", async () => {
    const closed = await open(SCHEMA, { access: { main: false } } as any);
    expect((await failure(() => closed.query({ order: {} }))).message).toBe(
      "Database 'main' is not accessible in this client (access: false)",
    );
  });

  test("sees one snapshot while others write", async () => {
    const own = await fill(await open(SCHEMA));
    const writes: Promise<unknown>[] = [];
    for (let round = 0; round < 20; round += 1) {
      const reads = own.query({
        before: { model: "order", _count: true },
        rows: { model: "order", select: { id: true } },
        groups: { model: "order", by: ["id"], _count: true },
        after: { model: "order", _count: true },
      });
      writes.push(own.order.create({ data: { status: "new", total: round } }));
      const result = await reads;
      expect(result.after).toEqual(result.before);
      expect(result.rows).toHaveLength(result.before._count);
      expect(result.groups).toHaveLength(result.before._count);
    }
    await Promise.all(writes);
    expect(await own.order.count()).toBe(23);
  });

  test("clients with an identity and the system have it, too", async () => {
    expect(await db.$setAuth({ id: 1 }).query({ order: { _count: true } })).toEqual({
      order: { _count: 3 },
    });
    expect(await db.asSystem().query({ order: { _count: true } })).toEqual({
      order: { _count: 3 },
    });
  });

  test("in a transaction it sees what the transaction wrote", async () => {
    const own = await fill(await open(SCHEMA));
    const counted = await own.$transaction(async (tx: Db) => {
      await tx.order.create({ data: { status: "x", total: 1 } });
      return tx.query({ order: { _count: true } });
    });
    expect(counted).toEqual({ order: { _count: 4 } });
  });
});

describe("19: scopes", () => {
  const scopes = {
    Order: {
      paid: { where: { status: "paid" } },
      large: { where: { total: { gte: 20 } }, orderBy: { total: "desc" } },
      mine: { where: (ctx: any) => ({ customerId: ctx.auth?.id ?? null }) },
      first: { orderBy: { id: "asc" }, limit: 1 },
      last: { orderBy: { id: "desc" }, limit: 2 },
    },
    Customer: { all: {} },
  };
  let scoped: Db;
  beforeAll(async () => {
    scoped = await fill(await open(SCHEMA, { scopes } as any));
  });

  test("are callable as findMany, and have the methods that read", async () => {
    const { paid } = scoped.order;
    expect(ids(await paid())).toEqual([1, 3]);
    expect(ids(await paid({ where: { id: { gt: 1 } } }))).toEqual([3]);
    expect(ids(await paid.findMany({ orderBy: { id: "desc" } }))).toEqual([3, 1]);
    expect((await paid.findFirst({ orderBy: { id: "desc" } })).id).toBe(3);
    expect((await paid.findUnique({ where: { id: 3 } })).id).toBe(3);
    expect(await paid.findUnique({ where: { id: 2 } })).toBeNull();
    expect((await paid.findFirstOrThrow()).id).toBe(1);
    expect((await failure(paid.findUniqueOrThrow({ where: { id: 2 } }))).code).toBe("NOT_FOUND");
    expect(await paid.count()).toBe(2);
    expect(await paid.count({ where: { total: 30 } })).toBe(1);
    expect(await paid.aggregate({ _sum: { total: true } })).toEqual({ _sum: { total: 40 } });
    expect(
      await paid.groupBy({ by: ["customerId"], _count: true, orderBy: { customerId: "asc" } }),
    ).toEqual([
      { customerId: 1, _count: 1 },
      { customerId: 2, _count: 1 },
    ]);
    expect(ids((await paid.findManyCursor({})).items)).toEqual([1, 3]);
    expect(await paid.query({ _count: true })).toEqual({ _count: 2 });
    expect(ids(await paid.query({ where: { id: 1 } }))).toEqual([1]);
    expect(ids(await scoped.order.large.search("paid"))).toEqual([3]);
  });

  test("chain: wheres are ANDed, other keys: the last wins, the caller last of all", async () => {
    expect(ids(await scoped.order.paid.large())).toEqual([3]);
    expect(ids(await scoped.order.large.paid())).toEqual([3]);
    expect(ids(await scoped.order.large())).toEqual([3, 2]);
    expect(ids(await scoped.order.first.last())).toEqual([3, 2]);
    expect(ids(await scoped.order.last.first())).toEqual([1]);
    expect(ids(await scoped.order.last({ orderBy: { id: "asc" } }))).toEqual([1, 2]);
    expect(ids(await scoped.order.last({ limit: 1 }))).toEqual([3]);
    expect(await scoped.order.paid.large.mine.count()).toBe(0);
  });

  test("a function is asked at the time of the call, with the caller's context", async () => {
    expect(await scoped.order.mine()).toEqual([]);
    expect(ids(await scoped.$setAuth({ id: 1 }).order.mine())).toEqual([1, 2]);
    expect(ids(await scoped.$setAuth({ id: 2 }).order.paid.mine())).toEqual([3]);
    expect(await scoped.$setAuth({ id: 1 }).order.mine.aggregate({ _count: true })).toEqual({
      _count: 2,
    });
  });

  test.each([
    ["count", {}, 3],
    ["count", { where: { status: "paid" } }, 2],
    ["aggregate", { _count: true }, { _count: 3 }],
    ["query", { _sum: { total: true } }, { _sum: { total: 60 } }],
    ["findUnique", { where: { id: 1 }, select: { id: true } }, { id: 1 }],
    ["findFirst", { select: { id: true } }, { id: 3 }],
    [
      "groupBy",
      { by: ["status"], _count: true, limit: 9, orderBy: { status: "asc" } },
      [
        { status: "open", _count: 1 },
        { status: "paid", _count: 2 },
      ],
    ],
  ])("an order and a limit of the scope do not hinder %s %j", async (method, args, expected) => {
    expect(await scoped.order.last[method](args)).toEqual(expected);
  });

  test("an empty scope is everything that is alive", async () => {
    const own = await fill(await open(SCHEMA, { scopes } as any));
    await own.customer.remove({ where: { id: 1 } });
    expect(ids(await own.customer.all())).toEqual([2]);
    expect(ids(await own.customer.all({ withDeleted: true }))).toEqual([1, 2]);
  });

  test("have no methods that write", () => {
    for (const method of [
      "create",
      "update",
      "updateMany",
      "delete",
      "deleteMany",
      "remove",
      "upsert",
    ]) {
      expect(scoped.order.paid[method]).toBeUndefined();
    }
  });

  test.each([
    [{ Nope: {} }, 'scopes: unknown model "Nope". Schema models: '],
    [{ Order: { _x: {} } }, 'cannot start with "_" or "$"'],
    [{ Order: { $x: {} } }, 'cannot start with "_" or "$"'],
    [{ Order: { findMany: {} } }, "conflicts with a built-in table method"],
    [{ Order: { create: {} } }, "conflicts with a built-in table method"],
    [{ Order: { customer: {} } }, "conflicts with the relation field of the same name"],
    [{ Order: { paid: 7 } }, "must be an object like { where, orderBy?, limit?, ... }. Got number"],
    [
      { Order: { paid: "x" } },
      "must be an object like { where, orderBy?, limit?, ... }. Got string",
    ],
    [
      { Order: { paid: () => 1 } },
      "must be an object like { where, orderBy?, limit?, ... }. Got function",
    ],
    [{ Order: { paid: null } }, "must be an object like { where, orderBy?, limit?, ... }. Got "],
  ])("%j is refused", async (wrong, message) => {
    expect((await failure(open(SCHEMA, { scopes: wrong } as any))).message).toContain(message);
  });
});
