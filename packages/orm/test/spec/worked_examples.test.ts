// litestone.md 45, and the list of 44: examples to the letter, and what the original did wrong.
import { beforeEach, describe, expect, test } from "vitest";
import "../addon.js";
import { type Client } from "../../src/index.js";
import { failure, open, rowsOf } from "./support.js";

const SHOP = `
enum Status { open paid sent }
model Customer { id Int @id  name String  orders Order[] }
model Order {
  id Int @id  status Status @default(open)  total Float  customerId Int
  createdAt DateTime @default(now())
  customer Customer @relation(fields: [customerId], references: [id])
}`;

describe("45 worked examples", () => {
  let db: Client;
  beforeEach(async () => {
    db = await open(SHOP);
    await db.customer.createMany({
      data: Array.from({ length: 12 }, (_, i) => ({ name: i === 2 ? "Ada" : `c${i + 1}` })),
    });
    await db.order.createMany({
      data: [
        { id: 1, customerId: 3, status: "paid", total: 9, createdAt: "2026-01-05T10:00:00.000Z" },
        { id: 2, customerId: 3, status: "paid", total: 20, createdAt: "2026-01-06T10:00:00.000Z" },
        { id: 3, customerId: 3, status: "sent", total: 10, createdAt: "2026-01-31T23:59:59.999Z" },
        {
          id: 9,
          customerId: 3,
          status: "paid",
          total: 12.5,
          createdAt: "2026-03-01T10:00:00.000Z",
        },
      ],
    });
  });

  test("findMany", async () => {
    const rows = await db.order.findMany({
      where: { status: { in: ["paid", "open"] }, total: { gte: 10 } },
      orderBy: [{ createdAt: "desc" }, { id: "asc" }],
      limit: 2,
      include: { customer: { select: { id: true, name: true } } },
    });
    expect(JSON.stringify(rows[0])).toBe(
      '{"id":9,"status":"paid","total":12.5,"customerId":3,"createdAt":"2026-03-01T10:00:00.000Z","customer":{"id":3,"name":"Ada"}}',
    );
    expect(rows.map((row: any) => row.id)).toEqual([9, 2]);
  });

  test("findManyCursor", async () => {
    const page = await db.order.findManyCursor({ limit: 2 });
    expect(page.items.map((row: any) => row.id)).toEqual([1, 2]);
    expect({ nextCursor: page.nextCursor, hasMore: page.hasMore }).toEqual({
      nextCursor: "eyJpZCI6Mn0",
      hasMore: true,
    });
    const next = await db.order.findManyCursor({ limit: 2, cursor: "eyJpZCI6Mn0" });
    expect(next.items.map((row: any) => row.id)).toEqual([3, 9]);
    expect({ nextCursor: next.nextCursor, hasMore: next.hasMore }).toEqual({
      nextCursor: null,
      hasMore: false,
    });
  });

  test("aggregate, with a fragment in its wire form", async () => {
    expect(
      await db.order.aggregate({
        where: { customerId: 3 },
        _count: true,
        _sum: { total: true },
        _paid: {
          count: true,
          filter: { _litestoneRaw: true, sql: "status = ?", params: ["paid"] },
        },
      }),
    ).toEqual({ _count: 4, _sum: { total: 51.5 }, _paid: 3 });
  });

  test("groupBy", async () => {
    expect(
      await db.order.groupBy({
        by: ["createdAt"],
        interval: { createdAt: "month" },
        fillGaps: { start: "2026-01-01", end: "2026-03-31" },
        _count: true,
        orderBy: { createdAt: "asc" },
      }),
    ).toEqual([
      { createdAt: "2026-01", _count: 3 },
      { createdAt: "2026-02", _count: 0 },
      { createdAt: "2026-03", _count: 1 },
    ]);
  });

  test("query", async () => {
    const result = await db.query({
      open: { model: "order", where: { status: "open" } },
      customer: { _count: true },
    });
    expect(result).toEqual({ open: [], customer: { _count: 12 } });
    expect(Object.keys(result)).toEqual(["open", "customer"]);
  });

  test("create", async () => {
    expect(
      await db.customer.create({
        data: { name: "Lin", orders: { create: [{ total: 1 }, { total: 2 }] } },
        include: { orders: { select: { total: true } }, _count: true },
      }),
    ).toEqual({ id: 13, name: "Lin", orders: [{ total: 1 }, { total: 2 }], _count: { orders: 2 } });
  });

  test("create with a slip", async () => {
    const error = await failure(db.customer.create({ data: { nmae: "x" } }));
    expect({ name: error.name, message: error.message, errors: error.errors }).toEqual({
      name: "ValidationError",
      message:
        "Validation failed — nmae: Unknown field 'nmae' on model 'Customer'. Did you mean: name?",
      errors: [
        {
          path: ["nmae"],
          message: "Unknown field 'nmae' on model 'Customer'. Did you mean: name?",
        },
      ],
    });
  });
});

describe("44 what the original did wrong", () => {
  test("1: permanent filters hold in pages, search, include, _count and groups", async () => {
    const db = await open(
      `model User { id Int @id  notes Note[] }
       model Note { id Int @id  text String  open Boolean  user User @relation(fields: [userId], references: [id])  userId Int  @@fts([text]) }`,
      { filters: { note: { open: true } } },
    );
    await db.user.create({
      data: {
        notes: {
          create: [
            { text: "red one", open: true },
            { text: "red two", open: false },
          ],
        },
      },
    });
    expect((await db.note.findManyCursor({})).items).toHaveLength(1);
    expect(await db.note.search("red")).toHaveLength(1);
    expect((await db.user.findFirst({ include: { notes: true } })).notes).toHaveLength(1);
    expect(await db.user.findFirst({ include: { _count: true } })).toEqual({
      id: 1,
      _count: { notes: 1 },
    });
    expect(await db.note.groupBy({ by: ["userId"], _count: true })).toEqual([
      { userId: 1, _count: 1 },
    ]);
  });

  const T = "model T { id Int @id  n Int?  s String? }";

  test("4: fragments bind their own values, wherever they stand", async () => {
    const db = await open(T);
    await db.t.createMany({
      data: [
        { n: 1, s: "a" },
        { n: 2, s: "a" },
        { n: 3, s: "b" },
      ],
    });
    const filter = (n: number) => ({ _litestoneRaw: true, sql: "n > ?", params: [n] });
    expect(
      await db.t.aggregate({
        where: { s: "a" },
        _big: { count: true, filter: filter(1) },
        _all: { sum: "n" },
      }),
    ).toEqual({ _big: 1, _all: 3 });
    expect(
      await db.t.findMany({
        where: { s: "a" },
        select: { n: true },
        orderBy: { id: "asc" },
        window: { big: { count: true, filter: filter(1) } },
      }),
    ).toEqual([
      { n: 1, big: 1 },
      { n: 2, big: 1 },
    ]);
    expect(
      await db.t.aggregate({
        where: { n: { gt: 1 } },
        _stringAgg: { field: "s", separator: "+", orderBy: "s" },
      }),
    ).toEqual({
      _stringAgg: { s: "a+b" },
    });
  });

  test("6: limit 0, and an offset alone", async () => {
    const db = await open(`${T} model S { id Int @id  deletedAt DateTime?  @@softDelete }`);
    await db.t.createMany({ data: [{ n: 1 }, { n: 2 }] });
    await db.s.createMany({ data: [{}, {}] });
    expect([await db.t.findMany({ limit: 0 }), await db.s.findMany({ limit: 0 })]).toEqual([
      [],
      [],
    ]);
    expect((await db.t.findMany({ offset: 1 })).map((row: any) => row.n)).toEqual([2]);
  });

  test("7: unknown names are errors", async () => {
    const db = await open(T);
    for (const args of [
      { where: { x: 1 } },
      { where: { AND: [{ x: null }] } },
      { select: { x: true } },
      { orderBy: { x: "asc" } },
      { include: { x: true } },
    ])
      expect((await failure(db.t.findMany(args))).message).toContain("x");
    expect((await failure(db.t.aggregate({ _sum: { x: true } }))).message).toContain("x");
    expect((await failure(db.t.groupBy({ by: ["x"], _count: true }))).message).toContain("x");
    expect((await failure(db.t.findMany({ where: { $raw: '"x" = 1' } }))).message).toMatch(
      /no such column/,
    );
  });

  test("11: gaps of hours, with a range that is data", async () => {
    const db = await open("model T { id Int @id  at DateTime }");
    await db.t.createMany({
      data: [{ at: "2026-01-01T10:30:00Z" }, { at: "2026-01-01T12:15:00Z" }],
    });
    const groups = (range: object) =>
      db.t.groupBy({
        by: ["at"],
        interval: { at: "hour" },
        _count: true,
        fillGaps: range,
        orderBy: { at: "asc" },
      });
    expect(await groups({ start: "2026-01-01T10:00:00Z", end: "2026-01-01T12:00:00Z" })).toEqual([
      { at: "2026-01-01T10", _count: 1 },
      { at: "2026-01-01T11", _count: 0 },
      { at: "2026-01-01T12", _count: 1 },
    ]);
    await failure(groups({ start: "x'); DROP TABLE t; --", end: "2026-01-01" })).catch(
      () => undefined,
    );
    expect(await db.t.count()).toBe(2);
  });

  test("14: removing several rows cascades from all", async () => {
    const db = await open(`
      model P { id Int @id  cs C[]  deletedAt DateTime?  @@softDelete(cascade) }
      model C { id Int @id  p P @relation(fields: [pId], references: [id])  pId Int  deletedAt DateTime?  @@softDelete }`);
    for (let i = 0; i < 3; i++) await db.p.create({ data: { cs: { create: [{}, {}] } } });
    await db.p.remove({ where: { id: { gt: 1 } } });
    expect(await db.c.count()).toBe(2);
  });

  test("3, 5, 15: nested writes, columns of createMany, the search table", async () => {
    const db = await open(
      "model T { id Int @id  a String  b String?  deletedAt DateTime?  @@softDelete @@fts([a]) }",
    );
    await db.t.createMany({ data: [{ a: "x" }, { a: "y", b: "z" }] });
    expect((await db.t.findMany()).map((row: any) => row.b)).toEqual([null, "z"]);
    await db.t.remove({ where: { id: 1 } });
    expect(rowsOf(db, "SELECT rowid AS id FROM t_fts WHERE t_fts MATCH 'x'")).toEqual([]);
    db.$db.exec("INSERT INTO t_fts(t_fts) VALUES ('integrity-check')");
  });
});
