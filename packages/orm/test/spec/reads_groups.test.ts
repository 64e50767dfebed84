// litestone.md 14.2: groupBy, intervals and gaps.
import { beforeAll, describe, expect, test } from "vitest";
import { sql } from "../../src/index.js";
import { type Db, failure, open } from "./reads_support.js";

const SCHEMA = `
enum Status { open paid void }
model Order {
  id Int @id
  status Status
  region String?
  total Float?
  units Int @default(1)
  paid Boolean @default(false)
  placedAt DateTime?
  day String?
  deletedAt DateTime?
  @@softDelete
}
model Visit { id Int @id  at DateTime  page String  weight Int @default(1) }
`;

const ORDERS = [
  {
    status: "paid",
    region: "n",
    total: 10,
    units: 1,
    paid: true,
    placedAt: "2024-01-05T10:00:00Z",
  },
  { status: "paid", region: "s", total: 20, units: 2, paid: true, placedAt: "2024-01-20" },
  { status: "open", region: "n", total: 30, units: 3, placedAt: "2024-03-01T23:59:59.999Z" },
  { status: "open", region: null, total: null, units: 4, placedAt: "2024-03-02" },
  { status: "paid", region: "n", total: 40, units: 5, paid: true, placedAt: "2025-12-31" },
  { status: "void", region: "n", total: 99, units: 6, placedAt: null },
];

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  await db.order.createMany({ data: ORDERS });
  await db.order.remove({ where: { status: "void" } });
});

const grouped = (args: object): Promise<any[]> => db.order.groupBy(args);
const gives = (cases: [args: object, expected: object[]][]): void => {
  test.each(cases)("%j gives %j", async (args, expected) => {
    expect(await grouped(args)).toEqual(expected);
  });
};

describe("14.2: groups", () => {
  const byStatus = { by: ["status"], orderBy: { status: "asc" } };
  gives([
    [
      { ...byStatus, _count: true },
      [
        { status: "open", _count: 2 },
        { status: "paid", _count: 3 },
      ],
    ],
    [
      { ...byStatus, _sum: { total: true, units: true }, _avg: { units: true } },
      [
        { status: "open", _sum: { total: 30, units: 7 }, _avg: { units: 3.5 } },
        { status: "paid", _sum: { total: 70, units: 8 }, _avg: { units: 8 / 3 } },
      ],
    ],
    [
      { ...byStatus, _min: { total: true }, _max: { placedAt: true } },
      [
        { status: "open", _min: { total: 30 }, _max: { placedAt: "2024-03-02" } },
        { status: "paid", _min: { total: 10 }, _max: { placedAt: "2025-12-31" } },
      ],
    ],
    [
      { by: ["region"], _count: true, orderBy: { region: "asc" } },
      [
        { region: null, _count: 1 },
        { region: "n", _count: 3 },
        { region: "s", _count: 1 },
      ],
    ],
    [
      { by: ["status", "region"], _count: true, orderBy: { status: "desc", region: "desc" } },
      [
        { status: "paid", region: "s", _count: 1 },
        { status: "paid", region: "n", _count: 2 },
        { status: "open", region: "n", _count: 1 },
        { status: "open", region: null, _count: 1 },
      ],
    ],
    [
      { ...byStatus, where: { units: { gte: 3 } }, _count: true },
      [
        { status: "open", _count: 2 },
        { status: "paid", _count: 1 },
      ],
    ],
    [{ ...byStatus }, [{ status: "open" }, { status: "paid" }]],
    [
      { ...byStatus, _count: { distinct: "region" } },
      [
        { status: "open", _count: 1 },
        { status: "paid", _count: 2 },
      ],
    ],
    [
      { ...byStatus, _stringAgg: { field: "units", separator: "+", orderBy: "units" } },
      [
        { status: "open", _stringAgg: { units: "3+4" } },
        { status: "paid", _stringAgg: { units: "1+2+5" } },
      ],
    ],
    [
      { ...byStatus, _big: { count: true, filter: "units > 2" }, _max: { units: true } },
      [
        { status: "open", _max: { units: 4 }, _big: 2 },
        { status: "paid", _max: { units: 5 }, _big: 1 },
      ],
    ],
  ]);

  test("softly deleted rows are left out, unless asked for", async () => {
    expect(await grouped({ ...byStatus, _count: true, withDeleted: true })).toHaveLength(3);
    expect(await grouped({ ...byStatus, _count: true, onlyDeleted: true })).toEqual([
      { status: "void", _count: 1 },
    ]);
  });

  test("values stand in their places: where, filters, separator and having together", async () => {
    expect(
      await grouped({
        by: ["status"],
        where: { units: { lte: 5 }, $raw: sql`id > ${1}` },
        _count: true,
        _n: { count: true, filter: sql`region = ${"n"}` },
        _stringAgg: { field: "id", separator: "-", orderBy: "id" },
        having: { _count: { gte: 2 } },
        orderBy: { status: "desc" },
        limit: 1,
        offset: 1,
      }),
    ).toEqual([{ status: "open", _count: 2, _n: 1, _stringAgg: { id: "3-4" } }]);
  });
});

describe("14.2: having", () => {
  const found = async (having: object): Promise<string[]> =>
    (
      await grouped({
        by: ["status"],
        _count: true,
        _sum: { units: true },
        having,
        orderBy: { status: "asc" },
      })
    ).map((row) => row.status);

  test.each([
    [{ _count: 2 }, ["open"]],
    [{ _count: { gt: 2 } }, ["paid"]],
    [{ _count: { gte: 2 } }, ["open", "paid"]],
    [{ _count: { lt: 3 } }, ["open"]],
    [{ _count: { lte: 3, gt: 2 } }, ["paid"]],
    [{ _count: { not: 3 } }, ["open"]],
    [{ _sum: { units: { gt: 7 } } }, ["paid"]],
    [{ _sum: { units: 7 } }, ["open"]],
    [{ _avg: { units: { gte: 3 } } }, ["open"]],
    [{ _min: { units: 1 }, _count: 3 }, ["paid"]],
    [{ _max: { units: { lt: 5 } } }, ["open"]],
    [{ _sum: { total: { gt: 30 } } }, ["paid"]],
    [{}, ["open", "paid"]],
  ])("%j leaves %j", async (having, expected) => {
    expect(await found(having)).toEqual(expected);
  });

  test("may name what is not selected", async () => {
    expect(await grouped({ by: ["status"], having: { _count: { gt: 2 } } })).toEqual([
      { status: "paid" },
    ]);
  });
});

describe("14.2: order, limit, offset", () => {
  const found = async (args: object): Promise<string[]> =>
    (
      await grouped({
        by: ["status", "region"],
        _count: true,
        _sum: { total: true },
        _n: { sum: "units" },
        ...args,
      })
    ).map((row) => `${row.status}/${row.region}`);

  test.each([
    [
      { orderBy: { _count: "desc", status: "asc", region: "asc" } },
      ["paid/n", "open/null", "open/n", "paid/s"],
    ],
    [
      { orderBy: { _sum: { total: "desc" }, region: "asc" } },
      ["paid/n", "open/n", "paid/s", "open/null"],
    ],
    [{ orderBy: { _sum: { total: "asc" } } }, ["open/null", "paid/s", "open/n", "paid/n"]],
    [{ orderBy: { _n: "desc" } }, ["paid/n", "open/null", "open/n", "paid/s"]],
    [{ orderBy: { _n: "desc" }, limit: 2 }, ["paid/n", "open/null"]],
    [{ orderBy: { _n: "desc" }, limit: 2, offset: 3 }, ["paid/s"]],
    [{ orderBy: { _n: "desc" }, offset: 2 }, ["open/n", "paid/s"]],
    [{ orderBy: { _n: "desc" }, limit: 0 }, []],
  ])("%j gives %j", async (args, expected) => {
    expect(await found(args)).toEqual(expected);
  });

  test("_stringAgg can be ordered by", async () => {
    expect(
      await grouped({
        by: ["status"],
        _stringAgg: { field: "id", orderBy: "id" },
        orderBy: { _stringAgg: "desc" },
      }),
    ).toEqual([
      { status: "open", _stringAgg: { id: "3,4" } },
      { status: "paid", _stringAgg: { id: "1,2,5" } },
    ]);
  });
});

describe("14.2: interval", () => {
  const labels = async (unit: string, more: object = {}): Promise<any[]> =>
    (
      await grouped({
        by: ["placedAt"],
        interval: { placedAt: unit },
        _count: true,
        orderBy: { placedAt: "asc" },
        ...more,
      })
    ).map((row) => [row.placedAt, row._count]);

  test.each([
    [
      "year",
      [
        ["2024", 4],
        ["2025", 1],
      ],
    ],
    [
      "quarter",
      [
        ["2024-Q1", 4],
        ["2025-Q4", 1],
      ],
    ],
    [
      "month",
      [
        ["2024-01", 2],
        ["2024-03", 2],
        ["2025-12", 1],
      ],
    ],
    [
      "week",
      [
        ["2024-W01", 1],
        ["2024-W03", 1],
        ["2024-W09", 2],
        ["2025-W52", 1],
      ],
    ],
    [
      "day",
      [
        ["2024-01-05", 1],
        ["2024-01-20", 1],
        ["2024-03-01", 1],
        ["2024-03-02", 1],
        ["2025-12-31", 1],
      ],
    ],
    [
      "hour",
      [
        ["2024-01-05T10", 1],
        ["2024-01-20T00", 1],
        ["2024-03-01T23", 1],
        ["2024-03-02T00", 1],
        ["2025-12-31T00", 1],
      ],
    ],
  ])("%s gives the labels %j, without gaps filled where no range is", async (unit, expected) => {
    expect(await labels(unit)).toEqual(expected);
  });

  test("with a further field, a where and an aggregate", async () => {
    expect(
      await grouped({
        by: ["placedAt", "status"],
        interval: { placedAt: "month" },
        where: { units: { lt: 5 } },
        _sum: { units: true },
        orderBy: { placedAt: "asc", status: "asc" },
      }),
    ).toEqual([
      { placedAt: "2024-01", status: "paid", _sum: { units: 3 } },
      { placedAt: "2024-03", status: "open", _sum: { units: 7 } },
    ]);
  });

  test("a String field with dates", async () => {
    const own = await open(SCHEMA);
    await own.order.createMany({
      data: ["2024-01-05", "2024-01-06", "2024-02-01"].map((day) => ({ status: "open", day })),
    });
    expect(
      await own.order.groupBy({
        by: ["day"],
        interval: { day: "month" },
        _count: true,
        orderBy: { day: "asc" },
      }),
    ).toEqual([
      { day: "2024-01", _count: 2 },
      { day: "2024-02", _count: 1 },
    ]);
  });

  test("errors", async () => {
    const error = async (interval: object, by = ["placedAt"]): Promise<string> =>
      (await failure(grouped({ by, interval, _count: true }))).message;
    expect(await error({ placedAt: "decade" })).toContain("invalid");
    expect(await error({ placedAt: "day", day: "day" })).toContain(
      "only supports one field at a time",
    );
    await error({ units: "day" }, ["units"]);
    await error({ nothing: "day" }, ["placedAt"]);
  });
});

describe("14.2: fillGaps", () => {
  const month = (more: object): Promise<any[]> =>
    grouped({
      by: ["placedAt"],
      interval: { placedAt: "month" },
      orderBy: { placedAt: "asc" },
      _count: true,
      ...more,
    });
  const range = { placedAt: { gte: "2024-01-01", lte: "2024-04-30" } };
  const filled = [
    { placedAt: "2024-01", _count: 2 },
    { placedAt: "2024-02", _count: 0 },
    { placedAt: "2024-03", _count: 2 },
    { placedAt: "2024-04", _count: 0 },
  ];

  test("fills by default from the range of the where", async () => {
    expect(await month({ where: range })).toEqual(filled);
    expect(await month({ where: range, fillGaps: true })).toEqual(filled);
  });

  test("gt and lt are bounds, too", async () => {
    expect(await month({ where: { placedAt: { gt: "2024-01-01", lt: "2024-04-30" } } })).toEqual(
      filled,
    );
  });

  test("explicit bounds, with and without a where", async () => {
    expect(
      await month({
        fillGaps: { start: "2024-01-01", end: "2024-04-30" },
        where: { units: { lt: 5 } },
      }),
    ).toEqual(filled);
    const rows = await month({
      fillGaps: { start: "2024-02-01", end: "2024-02-28" },
      where: range,
    });
    expect(rows).toContainEqual({ placedAt: "2024-02", _count: 0 });
  });

  test("false leaves the gaps", async () => {
    expect(await month({ where: range, fillGaps: false })).toEqual([filled[0], filled[2]]);
  });

  test("half a range leaves the gaps", async () => {
    expect(await month({ where: { placedAt: { gte: "2024-01-01" } } })).toHaveLength(3);
  });

  test("what a missing bucket holds", async () => {
    expect(
      await month({
        where: { placedAt: { gte: "2024-02-01", lte: "2024-03-31" } },
        _sum: { units: true },
        _avg: { units: true },
        _min: { total: true },
        _max: { total: true },
      }),
    ).toEqual([
      {
        placedAt: "2024-02",
        _count: 0,
        _sum: { units: 0 },
        _avg: { units: null },
        _min: { total: null },
        _max: { total: null },
      },
      {
        placedAt: "2024-03",
        _count: 2,
        _sum: { units: 7 },
        _avg: { units: 3.5 },
        _min: { total: 30 },
        _max: { total: 30 },
      },
    ]);
  });

  test("other fields of `by` are null in a missing bucket", async () => {
    expect(
      await grouped({
        by: ["placedAt", "status"],
        interval: { placedAt: "month" },
        where: range,
        orderBy: { placedAt: "asc" },
        _count: true,
      }),
    ).toEqual([
      { placedAt: "2024-01", status: "paid", _count: 2 },
      { placedAt: "2024-02", status: null, _count: 0 },
      { placedAt: "2024-03", status: "open", _count: 2 },
      { placedAt: "2024-04", status: null, _count: 0 },
    ]);
  });

  test.each([
    ["year", "2023-06-01", "2025-06-01", ["2023", "2024", "2025"]],
    ["quarter", "2024-01-01", "2024-10-01", ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]],
    ["month", "2024-11-01", "2025-02-01", ["2024-11", "2024-12", "2025-01", "2025-02"]],
    ["week", "2024-01-01", "2024-01-21", ["2024-W01", "2024-W02", "2024-W03"]],
    ["day", "2024-02-28", "2024-03-01", ["2024-02-28", "2024-02-29", "2024-03-01"]],
    [
      "hour",
      "2024-02-28T22:00:00Z",
      "2024-02-29T01:00:00Z",
      ["2024-02-28T22", "2024-02-28T23", "2024-02-29T00", "2024-02-29T01"],
    ],
  ])("%s: from %s to %s are %j", async (unit, start, end, expected) => {
    const own = await open(SCHEMA);
    const rows = await own.visit.groupBy({
      by: ["at"],
      interval: { at: unit },
      fillGaps: { start, end },
      _count: true,
      orderBy: { at: "asc" },
    });
    expect(rows).toEqual(expected.map((at) => ({ at, _count: 0 })));
  });

  test("hours with rows between the gaps", async () => {
    const own = await open(SCHEMA);
    await own.visit.createMany({
      data: [
        { at: "2024-05-01T10:15:00Z", page: "a" },
        { at: "2024-05-01T10:45:00Z", page: "b" },
        { at: "2024-05-01T12:00:00Z", page: "a", weight: 5 },
      ],
    });
    expect(
      await own.visit.groupBy({
        by: ["at"],
        interval: { at: "hour" },
        where: { at: { gte: "2024-05-01T10:00:00Z", lte: "2024-05-01T12:59:59Z" } },
        _count: true,
        _a: { sum: "weight", filter: sql`page = ${"a"}` },
        _stringAgg: { field: "page", separator: "", orderBy: "page" },
        orderBy: { at: "asc" },
      }),
    ).toMatchObject([
      { at: "2024-05-01T10", _count: 2, _a: 1, _stringAgg: { page: "ab" } },
      { at: "2024-05-01T11", _count: 0 },
      { at: "2024-05-01T12", _count: 1, _a: 5, _stringAgg: { page: "a" } },
    ]);
  });

  test("having is asked of the groups", async () => {
    const rows = await month({ where: range, having: { _count: { gte: 2 } } });
    expect(rows.filter((row) => row._count > 0)).toEqual([filled[0], filled[2]]);
  });

  test("the bounds are values, not SQL", async () => {
    const rows: any = await grouped({
      by: ["placedAt"],
      interval: { placedAt: "month" },
      where: { placedAt: { gte: "2024-01-01", lte: "2024-02-01' OR '1'='1" } },
      _count: true,
    }).catch((error: unknown) => error);
    expect(
      rows instanceof Error ? [] : rows.filter((row: any) => row.placedAt === "2025-12"),
    ).toEqual([]);
  });

  test("with limit", async () => {
    expect(await month({ where: range, limit: 2, offset: 1 })).toEqual([filled[1], filled[2]]);
  });
});

describe("14.2: errors", () => {
  test.each([[{}], [{ _count: true }], [{ by: [], _count: true }]])(
    "%j has no by",
    async (args) => {
      expect((await failure(grouped(args))).message).toContain("by");
    },
  );

  test.each([
    [{ by: ["nothing"], _count: true }],
    [{ by: ["status"], _sum: { nothing: true } }],
    [{ by: ["status"], _count: true, orderBy: { nothing: "asc" } }],
    [{ by: ["status"], _count: true, having: { _sum: { nothing: 1 } } }],
  ])("%j names what is not there", async (args) => {
    expect((await failure(grouped(args))).message).toContain("nothing");
  });
});
