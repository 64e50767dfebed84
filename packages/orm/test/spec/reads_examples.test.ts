// litestone.md 45: the worked examples, literally; and 44, the defects that are not to be copied,
// as far as they concern reads and no other suite of this folder has them.
import { beforeAll, describe, expect, test } from "vitest";
import { type Db, failure, ids, open } from "./reads_support.js";

const SHOP = `
enum Status { open paid }
model Customer { id Int @id  name String  orders Order[] }
model Order {
  id Int @id
  status Status @default(open)
  total Float
  customer Customer @relation(fields: [customerId], references: [id])
  customerId Int
  createdAt DateTime @default(now())
}
`;

/** The call of the wire: a method of a model with arguments of JSON. */
async function call(db: Db, text: string): Promise<unknown> {
  const { model, method, args, query } = JSON.parse(text);
  return query === undefined ? db[model][method](args) : db.query(query);
}

describe("45: the examples", () => {
  let db: Db;
  beforeAll(async () => {
    db = await open(SHOP);
    await db.customer.createMany({
      data: Array.from({ length: 12 }, (_, index) => ({ name: index === 2 ? "Ada" : `c${index}` })),
    });
    const order = (
      customerId: number,
      status: string,
      total: number,
      createdAt: string,
    ): object => ({
      customerId,
      status,
      total,
      createdAt,
    });
    await db.order.createMany({
      data: [
        order(3, "paid", 9, "2026-01-10T00:00:00.000Z"),
        order(3, "paid", 10, "2026-01-11T00:00:00.000Z"),
        order(3, "paid", 20, "2026-01-12T00:00:00.000Z"),
        order(3, "open", 12.5, "2026-03-01T10:00:00.000Z"),
      ],
    });
  });

  test("findMany", async () => {
    const text =
      '{"model":"order","method":"findMany","args":{"where":{"status":{"in":["paid","open"]},"total":{"gte":10}},' +
      '"orderBy":[{"createdAt":"desc"},{"id":"asc"}],"limit":2,' +
      '"include":{"customer":{"select":{"id":true,"name":true}}}}}';
    expect(JSON.stringify(await call(db, text))).toBe(
      '[{"id":4,"status":"open","total":12.5,"customerId":3,"createdAt":"2026-03-01T10:00:00.000Z",' +
        '"customer":{"id":3,"name":"Ada"}},' +
        '{"id":3,"status":"paid","total":20,"customerId":3,"createdAt":"2026-01-12T00:00:00.000Z",' +
        '"customer":{"id":3,"name":"Ada"}}]',
    );
  });

  test("findManyCursor", async () => {
    const page: any = await call(
      db,
      '{"model":"order","method":"findManyCursor","args":{"limit":2}}',
    );
    expect(ids(page.items)).toEqual([1, 2]);
    expect(JSON.stringify({ ...page, items: [] })).toBe(
      '{"items":[],"nextCursor":"eyJpZCI6Mn0","hasMore":true}',
    );
  });

  test("aggregate", async () => {
    const text =
      '{"model":"order","method":"aggregate","args":{"where":{"customerId":3},"_count":true,"_sum":{"total":true},' +
      '"_paid":{"count":true,"filter":{"_litestoneRaw":true,"sql":"status = ?","params":["paid"]}}}}';
    expect(JSON.stringify(await call(db, text))).toBe(
      '{"_count":4,"_sum":{"total":51.5},"_paid":3}',
    );
  });

  test("groupBy", async () => {
    const text =
      '{"model":"order","method":"groupBy","args":{"by":["createdAt"],"interval":{"createdAt":"month"},' +
      '"fillGaps":{"start":"2026-01-01","end":"2026-03-31"},"_count":true,"orderBy":{"createdAt":"asc"}}}';
    expect(JSON.stringify(await call(db, text))).toBe(
      '[{"createdAt":"2026-01","_count":3},{"createdAt":"2026-02","_count":0},{"createdAt":"2026-03","_count":1}]',
    );
  });

  test("query", async () => {
    const text =
      '{"query":{"open":{"model":"order","where":{"status":"open"}},"customer":{"_count":true}}}';
    expect(JSON.stringify(await call(db, text))).toBe(
      '{"open":[{"id":4,"status":"open","total":12.5,"customerId":3,' +
        '"createdAt":"2026-03-01T10:00:00.000Z"}],"customer":{"_count":12}}',
    );
  });

  test("create with nested rows", async () => {
    const text =
      '{"model":"customer","method":"create","args":{"data":{"name":"Lin","orders":{"create":[{"total":1},{"total":2}]}},' +
      '"include":{"orders":{"select":{"total":true}},"_count":true}}}';
    expect(JSON.stringify(await call(db, text))).toBe(
      '{"id":13,"name":"Lin","orders":[{"total":1},{"total":2}],"_count":{"orders":2}}',
    );
  });

  test("a misspelt field", async () => {
    const error = await failure(
      call(db, '{"model":"customer","method":"create","args":{"data":{"nmae":"x"}}}'),
    );
    const message = "Unknown field 'nmae' on model 'Customer'. Did you mean: name?";
    expect(error).toMatchObject({
      name: "ValidationError",
      message: `Validation failed — nmae: ${message}`,
      errors: [{ path: ["nmae"], message }],
    });
  });
});

describe("44: permanent filters hold everywhere", () => {
  const SCHEMA = `
    model Parent { id Int @id  children Child[]  tags Tag[] }
    model Child { id Int @id  hidden Boolean @default(false)  text String @default("word")
                  parent Parent @relation(fields: [parentId], references: [id])  parentId Int
                  @@fts([text]) }
    model Tag { id Int @id  hidden Boolean @default(false)  parents Parent[] }`;
  let db: Db;
  beforeAll(async () => {
    db = await open(SCHEMA, {
      filters: { child: { hidden: false }, tag: { hidden: false } },
    } as any);
    await db.parent.create({
      data: {
        children: { create: [{}, { hidden: true }, {}] },
        tags: { create: [{}, { hidden: true }] },
      },
    });
  });

  test("on pages", async () => {
    expect(ids((await db.child.findManyCursor({ limit: 5 })).items)).toEqual([1, 3]);
  });

  test("in search", async () => {
    expect(ids(await db.child.search("word")).sort()).toEqual([1, 3]);
  });

  test("in includes", async () => {
    const parent = await db.parent.findFirst({ include: { children: true, tags: true } });
    expect(ids(parent.children)).toEqual([1, 3]);
    expect(ids(parent.tags)).toEqual([1]);
  });

  test("in counts", async () => {
    const parent = await db.parent.findFirst({ include: { _count: true } });
    expect(parent._count).toEqual({ children: 2, tags: 1 });
  });

  test("in aggregates and groups", async () => {
    expect(await db.child.aggregate({ _count: true })).toEqual({ _count: 2 });
    expect(await db.child.groupBy({ by: ["hidden"], _count: true })).toMatchObject([{ _count: 2 }]);
  });
});

describe("44: names that are not there are errors, never text", () => {
  const SCHEMA = "model T { id Int @id  a Int? }";
  test.each([
    ["findMany", { where: { b: "b" } }],
    ["findMany", { where: { $raw: '"b" = 1' } }],
    ["findMany", { orderBy: { b: "asc" } }],
    ["findMany", { select: { b: true } }],
    ["findMany", { window: { w: { sum: "b" } } }],
    ["findManyCursor", { orderBy: { b: "asc" } }],
    ["aggregate", { _max: { b: true } }],
    ["aggregate", { _n: { count: true, filter: "\"b\" = 'b'" } }],
    ["groupBy", { by: ["b"], _count: true }],
    ["count", { where: { b: { not: "x" } } }],
    ["exists", { where: { NOT: { b: 1 } } }],
  ])("%s %j", async (method, args) => {
    const db = await open(SCHEMA);
    await db.t.create({ data: { a: 1 } });
    expect((await failure(db.t[method](args))).message).toContain("b");
  });
});
