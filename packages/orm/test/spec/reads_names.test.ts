// litestone.md 0.1, 9.9, 10.1 and 44.8: reads where names and keys are not the plain ones: @map,
// @@map, pluralize, composite keys, views, and numbers that JavaScript cannot hold.
import { beforeAll, describe, expect, test } from "vitest";
import { sql } from "../../src/index.js";
import { type Db, failure, ids, open, range } from "./reads_support.js";

describe("9.9: columns of other names", () => {
  const SCHEMA = `
    type Place { city String }
    model Author {
      id Int @id @map("author_key")
      fullName String @map("full_name")
      bornAt DateTime? @map("born_at")
      home Json? @type(Place) @map("home_json")
      labels String[] @map("label_list")
      isLive Boolean @default(true) @map("is_live")
      loud String @generated("upper(full_name)") @map("loud_name")
      books Book[]
      bookCount Int @from(Book, count: true)
      pages Int @from(Book, sum: pageCount)
      thickest Book? @from(Book, last: true, orderBy: pageCount)
      thick Boolean @from(Book, exists: true, where: "page_count > 100")
      @@map("writers")
    }
    model Book {
      id Int @id
      theTitle String @map("the_title")
      pageCount Int @map("page_count")
      author Author @relation(fields: [authorId], references: [id])
      authorId Int @map("author_ref")
      removed DateTime?
      @@fts([theTitle])
      @@index([pageCount])
      @@map("all_books")
    }`;
  let db: Db;
  beforeAll(async () => {
    db = await open(SCHEMA);
    await db.author.create({
      data: {
        fullName: "Ada",
        bornAt: "1815-12-10",
        home: { city: "London" },
        labels: ["a"],
        books: {
          create: [
            { theTitle: "one red", pageCount: 10 },
            { theTitle: "two", pageCount: 200 },
          ],
        },
      },
    });
    await db.author.create({ data: { fullName: "Bob", isLive: false } });
  });
  const ada = {
    id: 1,
    fullName: "Ada",
    bornAt: "1815-12-10",
    home: { city: "London" },
    labels: ["a"],
    isLive: true,
    loud: "ADA",
    bookCount: 2,
    pages: 210,
    thickest: { id: 2, theTitle: "two", pageCount: 200, authorId: 1, removed: null },
    thick: true,
  };

  test("the file has the columns, rows have the fields", async () => {
    expect(await db.sql`SELECT author_key, full_name FROM writers ORDER BY 1`).toEqual([
      { author_key: 1, full_name: "Ada" },
      { author_key: 2, full_name: "Bob" },
    ]);
    expect(await db.author.findFirst({ where: { id: 1 } })).toEqual(ada);
    expect(Object.keys(await db.author.findFirst({ where: { id: 1 } }))).toEqual(Object.keys(ada));
  });

  test.each([
    [{ fullName: "Ada" }, [1]],
    [{ fullName: { startsWith: "b" } }, [2]],
    [{ bornAt: null }, [2]],
    [{ home: { city: "London" } }, [1]],
    [{ labels: { has: "a" } }, [1]],
    [{ labels: { isEmpty: true } }, [2]],
    [{ isLive: false }, [2]],
    [{ loud: "BOB" }, [2]],
    [{ bookCount: { gt: 1 } }, [1]],
    [{ thick: false }, [2]],
    [{ $raw: "full_name = 'Ada'" }, [1]],
    [{ NOT: { OR: [{ fullName: "Ada" }] } }, [2]],
  ])("where %j finds %j", async (where, expected) => {
    expect(ids(await db.author.findMany({ where }))).toEqual(expected);
  });

  test("orders, selections, related rows, counts", async () => {
    expect(
      await db.author.findMany({
        orderBy: { fullName: "desc" },
        select: {
          fullName: true,
          books: { orderBy: { pageCount: "desc" }, select: { theTitle: true } },
        },
        include: {
          _count: { select: { long: { relation: "books", where: { pageCount: { gt: 50 } } } } },
        },
      }),
    ).toEqual([
      { fullName: "Bob", books: [], _count: { long: 0 } },
      {
        fullName: "Ada",
        books: [{ theTitle: "two" }, { theTitle: "one red" }],
        _count: { long: 1 },
      },
    ]);
    expect(
      await db.book.findMany({
        orderBy: [{ author: { fullName: "asc" } }, { pageCount: "desc" }],
        select: { id: true, author: { select: { fullName: true } } },
      }),
    ).toEqual([
      { id: 2, author: { fullName: "Ada" } },
      { id: 1, author: { fullName: "Ada" } },
    ]);
    expect(
      ids(await db.author.findMany({ orderBy: { books: { _max: { pageCount: "desc" } } } })),
    ).toEqual([1, 2]);
    expect(
      await db.author.findMany({
        distinct: true,
        select: { isLive: true },
        orderBy: { isLive: "asc" },
      }),
    ).toEqual([{ isLive: false }, { isLive: true }]);
  });

  test("pages carry the names of fields", async () => {
    const page = await db.author.findManyCursor({ limit: 1, orderBy: { fullName: "desc" } });
    expect(JSON.parse(Buffer.from(page.nextCursor, "base64url").toString())).toEqual({
      fullName: "Bob",
      id: 2,
    });
    const next = await db.author.findManyCursor({
      limit: 1,
      orderBy: { fullName: "desc" },
      cursor: page.nextCursor,
    });
    expect(ids(next.items)).toEqual([1]);
    expect((await db.author.findManyCursor({ limit: 1 })).nextCursor).toBe("eyJpZCI6MX0");
  });

  test("aggregates, groups, windows", async () => {
    expect(
      await db.book.aggregate({
        _sum: { pageCount: true },
        _stringAgg: { field: "theTitle", orderBy: "pageCount" },
        _long: { count: true, filter: sql`page_count > ${100}` },
      }),
    ).toEqual({ _sum: { pageCount: 210 }, _stringAgg: { theTitle: "one red,two" }, _long: 1 });
    expect(
      await db.book.groupBy({
        by: ["authorId"],
        _max: { pageCount: true },
        having: { _sum: { pageCount: { gt: 1 } } },
      }),
    ).toEqual([{ authorId: 1, _max: { pageCount: 200 } }]);
    expect(
      await db.author.groupBy({
        by: ["bornAt"],
        interval: { bornAt: "year" },
        where: { bornAt: { not: null } },
        _count: true,
      }),
    ).toEqual([{ bornAt: "1815", _count: 1 }]);
    expect(
      await db.book.findMany({
        select: { id: true },
        orderBy: { id: "asc" },
        window: {
          w: { sum: "pageCount", partitionBy: "authorId", orderBy: { pageCount: "desc" } },
        },
      }),
    ).toEqual([
      { w: 210, id: 1 },
      { w: 200, id: 2 },
    ]);
  });

  test("search", async () => {
    const [row] = await db.book.search("red", {
      highlight: { field: "theTitle" },
      where: { pageCount: 10 },
    });
    expect(row).toMatchObject({ id: 1, theTitle: "one red", _highlight: "one <mark>red</mark>" });
  });
});

describe("1: pluralize", () => {
  test("names the tables, relations and join tables still work", async () => {
    const db = await open(
      `model Category { id Int @id  boxes Box[]  people Person[] }
       model Box { id Int @id  category Category? @relation(fields: [categoryId], references: [id])  categoryId Int? }
       model Person { id Int @id  categories Category[]  deletedAt DateTime?  @@softDelete }`,
      { pluralize: true },
    );
    await db.category.create({ data: { boxes: { create: {} }, people: { create: [{}, {}] } } });
    expect(await db.sql`SELECT count(*) AS n FROM categories`).toEqual([{ n: 1 }]);
    expect(await db.sql`SELECT count(*) AS n FROM boxes`).toEqual([{ n: 1 }]);
    expect(await db.sql`SELECT count(*) AS n FROM people`).toEqual([{ n: 2 }]);
    expect(
      await db.category.findMany({
        include: { boxes: true, people: { select: { id: true } }, _count: true },
      }),
    ).toEqual([
      {
        id: 1,
        boxes: [{ id: 1, categoryId: 1 }],
        people: [{ id: 1 }, { id: 2 }],
        _count: { boxes: 1, people: 2 },
      },
    ]);
    expect(await db.box.findMany({ orderBy: { category: { id: "asc" } } })).toHaveLength(1);
    expect((await failure(db.person.findFirstOrThrow({ where: { id: 9 } }))).message).toContain(
      '"people"',
    );
  });
});

describe("0.1: composite keys", () => {
  const SCHEMA = `
    model Seat {
      row Int @id
      place String @id
      taken Boolean @default(false)
      @@index([taken])
    }`;

  test("pages are total, by the key and by another order", async () => {
    const db = await open(SCHEMA);
    const data = range(1, 4).flatMap((row) =>
      ["a", "b", "c"].map((place) => ({ row, place, taken: (row + place.length) % 2 === 0 })),
    );
    await db.seat.createMany({ data });
    for (const orderBy of [undefined, { taken: "desc" }, { place: "asc" }]) {
      const seen: any[] = [];
      let cursor: string | null = null;
      do {
        const page: any = await db.seat.findManyCursor({
          limit: 2,
          cursor,
          ...(orderBy ? { orderBy } : {}),
        });
        seen.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null && seen.length <= data.length);
      expect(seen).toHaveLength(data.length);
      expect(new Set(seen.map(({ row, place }) => `${row}${place}`)).size).toBe(data.length);
    }
    expect(await db.seat.findUnique({ where: { row: 2, place: "b" } })).toMatchObject({
      row: 2,
      place: "b",
    });
    await failure(db.seat.create({ data: { row: 2, place: "b" } }));
  });
});

describe("10.1: views", () => {
  let db: Db;
  beforeAll(async () => {
    db = await open(`
      model sales { id Int @id  region String  total Float  isPaid Boolean @default(false) }
      view totals { id Int  region String  total Float  isPaid Boolean
        @@sql("SELECT min(id) AS id, region, sum(total) AS total, max(isPaid) AS isPaid FROM sales GROUP BY region") }`);
    await db.sales.createMany({
      data: [
        { region: "n", total: 1 },
        { region: "n", total: 2, isPaid: true },
        { region: "s", total: 5 },
      ],
    });
  });

  test("are read", async () => {
    const north = { id: 1, region: "n", total: 3, isPaid: true };
    expect(await db.totals.findMany({ orderBy: { total: "desc" } })).toEqual([
      { id: 3, region: "s", total: 5, isPaid: false },
      north,
    ]);
    expect(await db.totals.findFirst({ where: { isPaid: true } })).toEqual(north);
    expect(await db.totals.findUnique({ where: { region: "n" } })).toEqual(north);
    expect(
      await db.totals.findFirstOrThrow({ where: { region: "n" }, select: { total: true } }),
    ).toEqual({ total: 3 });
    expect((await failure(db.totals.findUniqueOrThrow({ where: { region: "x" } }))).code).toBe(
      "NOT_FOUND",
    );
    expect(await db.totals.count({ where: { total: { gt: 4 } } })).toBe(1);
    const page = await db.totals.findManyCursor({ limit: 1, orderBy: { total: "asc" } });
    expect(page).toMatchObject({ items: [north], hasMore: true });
    const next = await db.totals.findManyCursor({
      limit: 1,
      orderBy: { total: "asc" },
      cursor: page.nextCursor,
    });
    expect(next).toMatchObject({ items: [{ region: "s" }], hasMore: false });
  });

  test.each([
    "create",
    "createMany",
    "update",
    "updateMany",
    "upsert",
    "upsertMany",
    "remove",
    "removeMany",
    "delete",
    "deleteMany",
    "restore",
  ])("%s is refused", async (method) => {
    const args = { where: { region: "n" }, data: { region: "x" }, create: {}, update: {} };
    const error = await failure(() => db.totals[method](args));
    expect(error.message).toContain('"totals" is a view — write operations are not supported');
  });
});

describe("4: whole numbers above 2^53", () => {
  test("are exact, as BigInt, and can be written and found as such", async () => {
    const db = await open("model Big { id Int @id  n Int }");
    const large = 9007199254740993n;
    await db.big.create({ data: { n: large } });
    await db.big.create({ data: { n: 5n } });
    expect(await db.big.findMany({ orderBy: { id: "asc" } })).toEqual([
      { id: 1, n: large },
      { id: 2, n: 5 },
    ]);
    expect(ids(await db.big.findMany({ where: { n: large } }))).toEqual([1]);
    expect(ids(await db.big.findMany({ where: { n: { lt: large } } }))).toEqual([2]);
    const page = await db.big.findManyCursor({ limit: 1, orderBy: { n: "desc" } });
    expect(ids(page.items)).toEqual([1]);
    const next = await db.big.findManyCursor({
      limit: 1,
      orderBy: { n: "desc" },
      cursor: page.nextCursor,
    });
    expect(ids(next.items)).toEqual([2]);
  });
});
