// litestone.md 17: window functions.
import { beforeAll, describe, expect, test } from "vitest";
import { sql } from "../../src/index.js";
import { type Db, failure, open, range } from "./reads_support.js";

const SCHEMA = `
model Order {
  id Int @id
  account Int
  amount Float?
  status String @default("open")
  live Boolean @default(true)
  deletedAt DateTime?
  @@softDelete
}
`;

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  await db.order.createMany({
    data: [
      { account: 1, amount: 10, status: "paid" },
      { account: 1, amount: 30 },
      { account: 2, amount: 30, status: "paid" },
      { account: 2, amount: null },
      { account: 1, amount: 20, status: "paid" },
      { account: 2, amount: 99 },
    ],
  });
  await db.order.remove({ where: { id: 6 } });
});

const values = async (spec: object, more: object = {}): Promise<unknown[]> =>
  (await db.order.findMany({ orderBy: { id: "asc" }, window: { w: spec }, ...more })).map(
    (row: any) => row.w,
  );

describe("17: the functions", () => {
  const byId = { orderBy: { id: "asc" } };
  const byAmount = { orderBy: { amount: "desc" } };
  test.each([
    [{ rowNumber: true, ...byId }, [1, 2, 3, 4, 5]],
    [{ rowNumber: true, orderBy: { id: "desc" } }, [5, 4, 3, 2, 1]],
    [{ rowNumber: true, partitionBy: "account", ...byId }, [1, 2, 1, 2, 3]],
    [{ rowNumber: true, partitionBy: ["account", "status"], ...byId }, [1, 1, 1, 1, 2]],
    [{ rank: true, ...byAmount }, [4, 1, 1, 5, 3]],
    [{ denseRank: true, ...byAmount }, [3, 1, 1, 4, 2]],
    [{ rank: true, orderBy: { amount: { dir: "asc", nulls: "last" } } }, [1, 3, 3, 5, 2]],
    [{ rank: true, orderBy: { amount: { nulls: "last" } } }, [1, 3, 3, 5, 2]],
    [{ cumeDist: true, ...byAmount }, [0.8, 0.4, 0.4, 1, 0.6]],
    [{ percentRank: true, ...byAmount }, [0.75, 0, 0, 1, 0.5]],
    [{ lag: "amount", ...byId }, [null, 10, 30, 30, null]],
    [{ lag: "amount", offset: 2, default: 0, ...byId }, [0, 0, 10, 30, 30]],
    [{ lead: "amount", default: -1, ...byId }, [30, 30, null, 20, -1]],
    [
      { lead: "status", offset: 3, default: "none", ...byId },
      ["open", "paid", "none", "none", "none"],
    ],
    [{ firstValue: "id", partitionBy: "account", ...byId }, [1, 1, 3, 3, 1]],
    [{ lastValue: "id", ...byId }, [1, 2, 3, 4, 5]],
    [{ lastValue: "id", partitionBy: "account", ...byId, rows: [null, null] }, [5, 5, 4, 4, 5]],
    [{ nthValue: "id", n: 2, ...byId, rows: [null, null] }, [2, 2, 2, 2, 2]],
    [{ nthValue: "id", ...byId, rows: [null, null] }, [1, 1, 1, 1, 1]],
    [{ ntile: 2, ...byId }, [1, 1, 1, 2, 2]],
    [{ sum: "amount", ...byId }, [10, 40, 70, 70, 90]],
    [{ sum: "amount" }, [90, 90, 90, 90, 90]],
    [{ avg: "amount", partitionBy: "account" }, [20, 20, 30, 30, 20]],
    [{ min: "amount", ...byId }, [10, 10, 10, 10, 10]],
    [{ max: "amount", ...byId }, [10, 30, 30, 30, 30]],
    [{ count: true, ...byId }, [1, 2, 3, 4, 5]],
    [{ count: "*" }, [5, 5, 5, 5, 5]],
    [{ count: "amount", ...byId }, [1, 2, 3, 3, 4]],
    [{ rowNumber: true, orderBy: [{ account: "desc" }, { id: "asc" }] }, [3, 4, 1, 2, 5]],
  ])("%j gives %j", async (spec, expected) => {
    expect(await values(spec)).toEqual(expected);
  });
});

describe("17: frames", () => {
  const sum = { sum: "id", orderBy: { id: "asc" } };
  test.each([
    [{ ...sum, rows: [-1, 0] }, [1, 3, 5, 7, 9]],
    [{ ...sum, rows: [0, 1] }, [3, 5, 7, 9, 5]],
    [{ ...sum, rows: [null, 0] }, [1, 3, 6, 10, 15]],
    [{ ...sum, rows: [0, null] }, [15, 14, 12, 9, 5]],
    [{ ...sum, rows: [null, null] }, [15, 15, 15, 15, 15]],
    [{ ...sum, rows: [-2, -1] }, [null, 1, 3, 5, 7]],
    [{ ...sum, rows: [1, 2] }, [5, 7, 9, 5, null]],
    [{ ...sum, range: [-2, 0] }, [1, 3, 6, 9, 12]],
    [{ ...sum, range: [null, null] }, [15, 15, 15, 15, 15]],
  ])("%j gives %j", async (spec, expected) => {
    expect(await values(spec)).toEqual(expected);
  });
});

describe("17: filters", () => {
  test("of an aggregate, as a string and as a tag, beside a where with values", async () => {
    const orderBy = { id: "asc" };
    expect(await values({ sum: "amount", filter: "status = 'paid'", orderBy })).toEqual([
      10, 10, 40, 40, 60,
    ]);
    expect(
      await values(
        { count: true, filter: sql`status = ${"paid"} AND amount > ${15}`, orderBy },
        { where: { id: { gte: 2 }, $raw: sql`account <> ${7}` } },
      ),
    ).toEqual([0, 1, 1, 2]);
  });

  test("several windows with values of their own", async () => {
    const rows = await db.order.findMany({
      where: { account: 1 },
      orderBy: { id: "asc" },
      limit: 2,
      window: {
        a: { sum: "amount", filter: sql`amount >= ${20}`, orderBy: { id: "asc" } },
        b: { lag: "status", default: "none", orderBy: { id: "asc" } },
        c: { count: true, filter: sql`status = ${"paid"}` },
      },
    });
    expect(rows.map((row: any) => [row.a, row.b, row.c])).toEqual([
      [null, "none", 2],
      [30, "paid", 2],
    ]);
  });
});

describe("17: with the rest of findMany", () => {
  test("the rows keep their fields and conversions; the window keys come first", async () => {
    const [row] = await db.order.findMany({
      where: { id: 1 },
      window: { b: { rowNumber: true }, a: { count: true } },
    });
    expect(row).toEqual({
      b: 1,
      a: 1,
      id: 1,
      account: 1,
      amount: 10,
      status: "paid",
      live: true,
      deletedAt: null,
    });
    expect(Object.keys(row)).toEqual([
      "b",
      "a",
      "id",
      "account",
      "amount",
      "status",
      "live",
      "deletedAt",
    ]);
  });

  test("values are computed over all that the where finds, not over the page", async () => {
    const rows = await db.order.findMany({
      where: { account: 1 },
      orderBy: { id: "desc" },
      limit: 1,
      offset: 1,
      window: { n: { rowNumber: true, orderBy: { id: "asc" } }, all: { count: true } },
    });
    expect(rows).toMatchObject([{ id: 2, n: 2, all: 3, live: true }]);
    expect(
      await db.order.findMany({
        orderBy: { id: "asc" },
        offset: 4,
        window: { all: { count: true } },
      }),
    ).toMatchObject([{ id: 5, all: 5 }]);
  });

  test("they survive a select, with and without a limit", async () => {
    const args = {
      orderBy: { id: "asc" },
      window: { n: { sum: "amount", orderBy: { id: "asc" } } },
    };
    expect(await db.order.findMany({ ...args, select: { id: true } })).toEqual(
      [10, 40, 70, 70, 90].map((n, index) => ({ id: index + 1, n })),
    );
    expect(await db.order.findMany({ ...args, select: { id: true }, limit: 2, offset: 1 })).toEqual(
      [
        { id: 2, n: 40 },
        { id: 3, n: 70 },
      ],
    );
  });

  test("softly deleted rows are seen only when asked for", async () => {
    expect(await values({ count: true })).toEqual(range(1, 5).map(() => 5));
    expect(await values({ count: true }, { withDeleted: true })).toEqual(range(1, 6).map(() => 6));
  });
});

describe("17: errors", () => {
  test.each([[{}], [{ orderBy: { id: "asc" } }], [{ median: "amount" }]])(
    "%j is no window",
    async (spec) => {
      expect((await failure(values(spec))).message).toContain("unrecognised window function spec");
    },
  );

  test.each([
    [{ sum: "nothing" }],
    [{ lag: "nothing", orderBy: { id: "asc" } }],
    [{ rowNumber: true, partitionBy: "nothing" }],
    [{ rowNumber: true, orderBy: { nothing: "asc" } }],
  ])("%j names what is not there", async (spec) => {
    expect((await failure(values(spec))).message).toContain("nothing");
  });

  test("a bad direction", async () => {
    await failure(values({ rowNumber: true, orderBy: { id: "up" } }));
  });
});
