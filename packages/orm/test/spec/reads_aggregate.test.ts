// litestone.md 14.1: aggregate.
import { beforeAll, describe, expect, test } from "vitest";
import { sql } from "../../src/index.js";
import { type Db, failure, open } from "./reads_support.js";

const SCHEMA = `
model Order {
  id Int @id
  status String
  total Float?
  units Int?
  paid Boolean @default(false)
  meta Json?
  customer Customer? @relation(fields: [customerId], references: [id])
  customerId Int?
  placedAt DateTime?
}
model Customer { id Int @id  name String  orders Order[]  orderCount Int @from(Order, count: true) }
model Empty { id Int @id  n Int? }
`;

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  await db.customer.createMany({ data: [{ name: "Ada" }, { name: "Bob" }, { name: "Cy" }] });
  await db.order.createMany({
    data: [
      { status: "paid", total: 10, units: 1, paid: true, customerId: 1, placedAt: "2024-01-03" },
      { status: "open", total: 20.5, units: 2, customerId: 1, placedAt: "2024-01-01" },
      { status: "paid", total: null, units: 3, paid: true, customerId: 2, meta: { a: 1 } },
      { status: "void", total: 5, units: null, placedAt: "2024-02-01" },
      { status: "paid", total: 10, units: 3, paid: true, customerId: 2 },
    ],
  });
});

const gives = (cases: [args: object, expected: object][]): void => {
  test.each(cases)("%j gives %j", async (args, expected) => {
    const result = await db.order.aggregate(args);
    expect(result).toEqual(expected);
    expect(Object.keys(result)).toHaveLength(Object.keys(expected).length);
  });
};

describe("14.1: the plain aggregates", () => {
  gives([
    [{ _count: true }, { _count: 5 }],
    [{ _count: { distinct: "status" } }, { _count: 3 }],
    [{ _count: { distinct: "customerId" } }, { _count: 2 }],
    [{ _sum: { total: true } }, { _sum: { total: 45.5 } }],
    [{ _sum: { total: true, units: true } }, { _sum: { total: 45.5, units: 9 } }],
    [{ _avg: { units: true } }, { _avg: { units: 2.25 } }],
    [{ _avg: { total: true } }, { _avg: { total: 11.375 } }],
    [{ _min: { total: true, status: true } }, { _min: { total: 5, status: "open" } }],
    [{ _max: { placedAt: true, units: true } }, { _max: { placedAt: "2024-02-01", units: 3 } }],
    [
      { _count: true, _sum: { units: true }, _max: { units: true } },
      { _count: 5, _sum: { units: 9 }, _max: { units: 3 } },
    ],
    [
      { where: { status: "paid" }, _count: true, _sum: { total: true } },
      { _count: 3, _sum: { total: 20 } },
    ],
    [{ where: { OR: [{ id: 1 }, { total: null }] }, _count: true }, { _count: 2 }],
    [
      { where: { customerId: 9 }, _count: true, _sum: { total: true } },
      { _count: 0, _sum: { total: null } },
    ],
    [
      { where: { customerId: 9 }, _avg: { total: true }, _min: { id: true }, _max: { id: true } },
      { _avg: { total: null }, _min: { id: null }, _max: { id: null } },
    ],
    // Values are as the database has them.
    [{ _max: { paid: true } }, { _max: { paid: 1 } }],
    [{ _min: { meta: true } }, { _min: { meta: '{"a":1}' } }],
  ]);

  test("over no rows", async () => {
    expect(
      await db.empty.aggregate({ _count: true, _sum: { n: true }, _avg: { n: true } }),
    ).toEqual({ _count: 0, _sum: { n: null }, _avg: { n: null } });
  });

  test("false asks for nothing", async () => {
    expect(await db.order.aggregate({ _count: true, _sum: { total: false, units: true } })).toEqual(
      {
        _count: 5,
        _sum: { units: 9 },
      },
    );
  });
});

describe("14.1: _stringAgg", () => {
  gives([
    [
      { _stringAgg: { field: "status", orderBy: "status" } },
      { _stringAgg: { status: "open,paid,paid,paid,void" } },
    ],
    [
      { _stringAgg: { field: "status", separator: ", ", orderBy: "id" } },
      { _stringAgg: { status: "paid, open, paid, void, paid" } },
    ],
    [
      { where: { status: "paid" }, _stringAgg: { field: "units", separator: "|", orderBy: "id" } },
      { _stringAgg: { units: "1|3|3" } },
    ],
    [
      {
        where: { id: { lt: 3 } },
        _count: true,
        _stringAgg: { field: "status", separator: "';", orderBy: "id" },
      },
      { _count: 2, _stringAgg: { status: "paid';open" } },
    ],
    [{ where: { id: 0 }, _stringAgg: { field: "status" } }, { _stringAgg: { status: null } }],
  ]);
});

describe("14.1: named aggregates", () => {
  gives([
    [{ _n: { count: true } }, { _n: 5 }],
    [{ _n: { count: "*" } }, { _n: 5 }],
    [{ _n: { count: "total" } }, { _n: 4 }],
    [{ _n: { count: "status", distinct: true } }, { _n: 3 }],
    [{ _n: { sum: "units" } }, { _n: 9 }],
    [{ _n: { avg: "units" } }, { _n: 2.25 }],
    [{ _n: { min: "total" } }, { _n: 5 }],
    [{ _n: { max: "status" } }, { _n: "void" }],
    [{ _n: { sum: "units", distinct: true } }, { _n: 6 }],
    [{ _paid: { count: true, filter: "status = 'paid'" } }, { _paid: 3 }],
    [{ _paid: { sum: "total", filter: "status = 'nothing'" } }, { _paid: null }],
    [
      {
        _count: true,
        _a: { count: true, filter: { _litestoneRaw: true, sql: "status = ?", params: ["paid"] } },
        _b: { sum: "units", filter: { _litestoneRaw: true, sql: "status = ?", params: ["open"] } },
      },
      { _count: 5, _a: 3, _b: 2 },
    ],
    [
      { where: { id: 0 }, _n: { count: true }, _s: { sum: "units" } },
      { _n: 0, _s: null },
    ],
    [{ _n: { count: true, sum: "units" } }, { _n: 5 }],
  ]);

  test("the tag, and values in their places together with a where", async () => {
    expect(
      await db.order.aggregate({
        where: { total: { gte: 5 }, $raw: sql`id < ${5}` },
        _count: true,
        _sum: { total: true },
        _paid: { count: true, filter: sql`status = ${"paid"}` },
        _large: { sum: "total", filter: sql`total > ${6} AND total < ${20}` },
        _stringAgg: { field: "status", separator: "/", orderBy: "id" },
      }),
    ).toEqual({
      _count: 3,
      _sum: { total: 35.5 },
      _paid: 1,
      _large: 10,
      _stringAgg: { status: "paid/open/void" },
    });
  });
});

describe("14.1: errors", () => {
  test.each([[{}], [{ where: { id: 1 } }], [undefined], [{ _count: false }]])(
    "%j asks for nothing",
    async (args) => {
      expect((await failure(db.order.aggregate(args))).message).toContain("at least one");
    },
  );

  test.each([
    [{ _sum: { nothing: true } }],
    [{ _count: { distinct: "nothing" } }],
    [{ _n: { sum: "nothing" } }],
    [{ _stringAgg: { field: "nothing" } }],
    [{ _count: true, where: { nothing: 1 } }],
  ])("%j names what is not there", async (args) => {
    expect((await failure(db.order.aggregate(args))).message).toContain("nothing");
  });

  test("relations and computed fields are no columns", async () => {
    await failure(db.order.aggregate({ _sum: { customer: true } }));
  });
});
