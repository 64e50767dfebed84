// litestone.md 13.5: pages by cursor.
import { beforeAll, describe, expect, test } from "vitest";
import { type Db, failure, ids, open, range } from "./reads_support.js";

const SCHEMA = `
model Item {
  id Int @id
  name String
  rank Int?
  ratio Float?
  live Boolean?
  at DateTime?
  owner Owner? @relation(fields: [ownerId], references: [id])
  ownerId Int?
  @@index([rank])
}
model Owner { id Int @id  name String?  items Item[] }
model Key { code String @id  n Int? }
model Soft { id Int @id  n Int  deletedAt DateTime?  @@softDelete }
`;
const kCount = 23;

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  await db.owner.createMany({ data: [{ name: "o2" }, { name: null }, { name: "o1" }] });
  await db.item.createMany({
    data: range(1, kCount).map((id) => ({
      name: `n${id % 4}`,
      rank: id % 3 === 0 ? null : id % 5,
      ratio: id % 4 === 0 ? null : (id % 7) / 2 - 1,
      live: [true, false, null][id % 3],
      at: id % 2 === 0 ? null : `2024-01-0${(id % 4) + 1}`,
      ownerId: id % 4 === 0 ? null : (id % 3) + 1,
    })),
  });
  await db.key.createMany({
    data: ["b", "a", "d", "ü", "c"].map((code, n) => ({ code, n: n % 2 })),
  });
  await db.soft.createMany({ data: range(1, 6).map((n) => ({ n: n % 2 })) });
  await db.soft.removeMany({ where: { id: [2, 5] } });
});

/** All rows of a table, page by page; every page but the last must be full. */
async function walk(table: Db, args: any): Promise<any[]> {
  const rows: any[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < 100; pages += 1) {
    const page: any = await table.findManyCursor({ ...args, cursor });
    expect(page.hasMore).toBe(page.nextCursor !== null);
    if (page.hasMore) expect(page.items).toHaveLength(args.limit);
    rows.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === null) return rows;
  }
  return expect.fail("the pages have no end");
}

const decode = (token: string): unknown => JSON.parse(Buffer.from(token, "base64url").toString());
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("13.5: the result", () => {
  test("is items, nextCursor and hasMore", async () => {
    const page = await db.item.findManyCursor({ limit: 2 });
    expect(Object.keys(page).sort()).toEqual(["hasMore", "items", "nextCursor"]);
    expect(ids(page.items)).toEqual([1, 2]);
    expect(page).toMatchObject({ nextCursor: "eyJpZCI6Mn0", hasMore: true });
  });

  test("the last page has no cursor, also when it is full", async () => {
    const last = await db.item.findManyCursor({ limit: kCount });
    expect(last).toMatchObject({ nextCursor: null, hasMore: false });
    const none = await db.item.findManyCursor({ where: { id: 0 } });
    expect(none).toEqual({ items: [], nextCursor: null, hasMore: false });
  });

  test("20 rows in the order of the id are the default", async () => {
    const page = await db.item.findManyCursor({});
    expect(ids(page.items)).toEqual(range(1, 20));
    expect(page.hasMore).toBe(true);
    const rest = await db.item.findManyCursor({ cursor: page.nextCursor });
    expect(ids(rest.items)).toEqual([21, 22, 23]);
    expect(rest.hasMore).toBe(false);
  });

  test("an empty page leads nowhere", async () => {
    expect(await db.item.findManyCursor({ limit: 0 })).toEqual({
      items: [],
      nextCursor: null,
      hasMore: false,
    });
  });

  test("limits are numbers, also as text; a negative one is none", async () => {
    expect(ids((await db.item.findManyCursor({ limit: "2" })).items)).toEqual([1, 2]);
    const all = await db.item.findManyCursor({ limit: -1 });
    expect(all.items).toHaveLength(kCount);
    expect(all).toMatchObject({ nextCursor: null, hasMore: false });
  });

  test.each(["", null, undefined])("the cursor %j is the first page", async (cursor) => {
    expect(ids((await db.item.findManyCursor({ limit: 1, cursor })).items)).toEqual([1]);
  });

  test("the token holds the columns of the order, of the last row, in order", async () => {
    const page = await db.item.findManyCursor({
      limit: 1,
      orderBy: [{ name: "desc" }, { id: "desc" }],
    });
    expect(page.nextCursor).not.toMatch(/[=+/]/);
    expect(JSON.stringify(decode(page.nextCursor))).toBe('{"name":"n3","id":23}');
  });

  test("values in the token are those of the rows", async () => {
    const page = await db.item.findManyCursor({
      limit: 1,
      orderBy: [{ live: "desc" }, { id: "asc" }],
    });
    expect(decode(page.nextCursor)).toEqual({ live: true, id: 3 });
  });

  test("the key is added to an order that lacks it", async () => {
    const page = await db.item.findManyCursor({ limit: 1, orderBy: { name: "asc" } });
    expect(decode(page.nextCursor)).toEqual({ name: "n0", id: 4 });
  });

  test("a token made by hand is taken, also one without the key", async () => {
    const after = (args: object): Promise<any> => db.item.findManyCursor({ limit: 3, ...args });
    expect(ids((await after({ cursor: encode({ id: 5 }) })).items)).toEqual([6, 7, 8]);
    const page = await after({
      orderBy: { name: "asc" },
      cursor: encode({ name: "n0" }),
    });
    expect(page.items.map((row: any) => row.name)).toEqual(["n1", "n1", "n1"]);
  });

  test.each(["%%%", "nonsense", encode([1]), encode("x"), encode(null), "eyJpZCI6"])(
    "the token %j is refused",
    async (cursor) => {
      expect((await failure(db.item.findManyCursor({ cursor }))).message).toBe(
        "Invalid cursor token",
      );
    },
  );

  test("select and include work; columns of the order are not shown", async () => {
    const args = {
      limit: 2,
      orderBy: { rank: "desc" },
      select: { name: true, owner: { select: { id: true } } },
      where: { id: { lte: 5 } },
    };
    const rows = await walk(db.item, args);
    expect(rows).toHaveLength(5);
    for (const row of rows) expect(Object.keys(row).sort()).toEqual(["name", "owner"]);
    const page = await db.item.findManyCursor({ limit: 1, include: { owner: true } });
    expect(page.items[0].owner).toEqual({ id: 2, name: null });
  });

  test("the modes of soft deletion", async () => {
    expect(ids(await walk(db.soft, { limit: 2 }))).toEqual([1, 3, 4, 6]);
    expect(ids(await walk(db.soft, { limit: 2, withDeleted: true }))).toEqual(range(1, 6));
    expect(ids(await walk(db.soft, { limit: 1, onlyDeleted: true }))).toEqual([2, 5]);
  });

  test("where holds on every page", async () => {
    const rows = await walk(db.item, { limit: 2, where: { rank: null }, orderBy: { id: "desc" } });
    expect(ids(rows)).toEqual([21, 18, 15, 12, 9, 6, 3]);
  });
});

const kOrders: [string, unknown][] = [
  ["item", undefined],
  ["item", { id: "desc" }],
  ["item", { name: "asc" }],
  ["item", { name: "desc" }],
  ["item", { rank: "asc" }],
  ["item", { rank: "desc" }],
  ["item", { rank: { dir: "asc", nulls: "last" } }],
  ["item", { rank: { dir: "desc", nulls: "first" } }],
  ["item", { ratio: "desc" }],
  ["item", { live: "asc" }],
  ["item", { live: "desc" }],
  ["item", { at: { dir: "desc", nulls: "first" } }],
  ["item", [{ rank: "asc" }, { name: "desc" }]],
  ["item", [{ rank: "desc" }, { ratio: "asc" }]],
  ["item", [{ rank: "desc" }, { ratio: { dir: "asc", nulls: "last" } }, { live: "asc" }]],
  ["item", [{ live: "desc" }, { rank: { dir: "asc", nulls: "last" } }, { id: "desc" }]],
  ["item", [{ id: "asc" }, { rank: "asc" }]],
  ["item", [{ at: "asc" }, { at: "desc" }]],
  ["key", undefined],
  ["key", { n: "desc" }],
  ["key", { code: "desc" }],
];

describe("13.5: pages are total, and stand in the order of findMany", () => {
  test.each(kOrders)("%s by %j", async (name, orderBy) => {
    const table = db[name];
    const key = name === "key" ? "code" : "id";
    const list = orderBy === undefined ? [] : [orderBy].flat();
    // The key that is added goes in the direction of the last column, so that an index serves.
    const last: any = Object.values(list.at(-1) ?? {})[0] ?? "asc";
    const all = await table.findMany({ orderBy: [...list, { [key]: last.dir ?? last }] });
    for (const limit of [1, 2, 3, 7, 50]) {
      const rows = await walk(table, { limit, ...(orderBy === undefined ? {} : { orderBy }) });
      expect(rows).toEqual(all);
    }
  });

  test("orders by a relation are skipped", async () => {
    const rows = await walk(db.item, {
      limit: 4,
      orderBy: [{ owner: { name: "asc" } }, { id: "desc" }],
    });
    expect(ids(rows)).toEqual(range(1, kCount).reverse());
  });

  test("the pages go on where rows were added or removed before the cursor", async () => {
    const own = await open(SCHEMA);
    await own.soft.createMany({ data: range(1, 6).map((n) => ({ n })) });
    const first = await own.soft.findManyCursor({ limit: 3, orderBy: { n: "asc" } });
    await own.soft.delete({ where: { id: 1 } });
    await own.soft.delete({ where: { id: 3 } });
    await own.soft.create({ data: { n: 0 } });
    const second = await own.soft.findManyCursor({
      limit: 3,
      orderBy: { n: "asc" },
      cursor: first.nextCursor,
    });
    expect(ids(second.items)).toEqual([4, 5, 6]);
  });
});
