// litestone.md 9.9 and 0.1: columns and keys that do not have the names and forms of the API.
import { beforeEach, describe, expect, test } from "vitest";
import "../addon.js";
import { type Client, sql } from "../../src/index.js";
import { failure, open, rowsOf, sqlOf } from "./support.js";

const MAPPED = `
enum Stage { draft live transitions { publish: draft -> live } }
model User {
  id Int @id @map("user_id")
  email String @unique @map("mail_address") @lower
  isActive Boolean @default(true) @map("active_flag")
  extra Json? @map("extra_json")
  tags String[] @map("tag_list")
  posts Post[]
  postCount Int @from(Post, count: true)
  latest Post? @from(Post, last: true, orderBy: views)
  topViews Int? @from(Post, max: views)
  loud String @generated("upper(mail_address)")
  deletedAt DateTime? @map("removed_at")
  @@softDelete
  @@map("app_users")
  @@index([email, isActive])
}
model Post {
  id Int @id
  title String @map("post_title")
  body String @default("") @map("post_body")
  views Int @default(0) @map("view_count")
  stage Stage @default(draft) @map("post_stage")
  author User @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId Int @map("author_ref")
  number Int @sequence(scope: authorId) @map("serial")
  @@unique([authorId, title])
  @@fts([title, body])
}`;

describe("9.9 @map", () => {
  let db: Client;
  beforeEach(async () => {
    db = await open(MAPPED);
    await db.user.create({
      data: {
        email: "Ada@x.org",
        extra: { a: 1 },
        tags: ["x", "y"],
        posts: {
          create: [
            { title: "one", views: 5 },
            { title: "two", views: 9, body: "red hat" },
          ],
        },
      },
    });
    await db.user.create({ data: { email: "lin@x.org", isActive: false } });
  });

  test("columns have the names of the database", () => {
    expect(sqlOf(db, "app_users")).toContain('"mail_address" TEXT NOT NULL UNIQUE');
    expect(sqlOf(db, "post")).toContain('UNIQUE ("author_ref", "post_title")');
    expect(sqlOf(db, "post")).toContain(
      'FOREIGN KEY ("author_ref") REFERENCES "app_users" ("user_id") ON DELETE CASCADE',
    );
    expect(sqlOf(db, "post")).toContain(`CHECK ("post_stage" IN ('draft', 'live'))`);
    const index = rowsOf(db, "SELECT sql FROM sqlite_master WHERE sql LIKE 'CREATE INDEX%mail%'");
    expect(index[0]?.sql).toContain(
      'ON "app_users" ("mail_address", "active_flag") WHERE "removed_at" IS NULL',
    );
    expect(rowsOf(db, "SELECT active_flag, tag_list FROM app_users")).toEqual([
      { active_flag: 1, tag_list: '["x","y"]' },
      { active_flag: 0, tag_list: "[]" },
    ]);
  });

  test("rows have the names of the fields, written and read", async () => {
    const written = await db.user.create({ data: { email: "eve@x.org" } });
    expect(written).toEqual({
      ...{ id: 3, email: "eve@x.org", isActive: true, extra: null, tags: [], deletedAt: null },
      ...{ loud: "EVE@X.ORG", postCount: 0, latest: null, topViews: null },
    });
    expect(await db.user.findUnique({ where: { id: 3 } })).toEqual(written);
  });

  test("where", async () => {
    const count = (where: object) => db.user.count({ where });
    expect(await count({ email: "ada@x.org" })).toBe(1);
    expect(await count({ isActive: false })).toBe(1);
    expect(await count({ email: { contains: "x.org" }, id: { in: [1, 2, 3] } })).toBe(2);
    expect(await count({ tags: { has: "x" } })).toBe(1);
    expect(await count({ tags: { isEmpty: true } })).toBe(1);
    expect(await count({ NOT: { OR: [{ id: 1 }, { email: null }] } })).toBe(1);
    expect(await count({ loud: "ADA@X.ORG" })).toBe(1);
    expect(await count({ $raw: sql`mail_address = ${"lin@x.org"}` })).toBe(1);
    expect((await failure(count({ mail_address: "x" }))).message).toContain("mail_address");
  });

  test("orderBy, also through relations, and select", async () => {
    const names = async (orderBy: unknown) =>
      (await db.user.findMany({ orderBy, select: { email: true } })).map((row: any) => row.email);
    expect(await names({ email: "desc" })).toEqual(["lin@x.org", "ada@x.org"]);
    expect(await names([{ isActive: "asc" }, { id: "asc" }])).toEqual(["lin@x.org", "ada@x.org"]);
    expect(await names({ posts: { _count: "desc" } })).toEqual(["ada@x.org", "lin@x.org"]);
    expect(await names({ posts: { _sum: { views: "desc" } } })).toEqual(["ada@x.org", "lin@x.org"]);
    expect(
      await db.post.findMany({
        orderBy: [{ author: { email: "asc" } }, { views: "desc" }],
        select: { title: true, author: { select: { email: true } } },
      }),
    ).toEqual([
      { title: "two", author: { email: "ada@x.org" } },
      { title: "one", author: { email: "ada@x.org" } },
    ]);
  });

  test("include and _count", async () => {
    const user = await db.user.findFirst({
      where: { id: 1 },
      include: { posts: { where: { views: { gt: 5 } } }, _count: { select: { posts: true } } },
    });
    expect(user.posts).toEqual([
      { id: 2, title: "two", body: "red hat", views: 9, stage: "draft", authorId: 1, number: 2 },
    ]);
    expect(user._count).toEqual({ posts: 2 });
  });

  test("@from", async () => {
    expect(
      await db.user.findMany({ select: { postCount: true, topViews: true, latest: true } }),
    ).toEqual([
      {
        postCount: 2,
        topViews: 9,
        latest: {
          id: 2,
          title: "two",
          body: "red hat",
          views: 9,
          stage: "draft",
          authorId: 1,
          number: 2,
        },
      },
      { postCount: 0, topViews: null, latest: null },
    ]);
    expect(await db.user.count({ where: { postCount: { gte: 1 } } })).toBe(1);
  });

  test("aggregate, groupBy and windows", async () => {
    expect(
      await db.post.aggregate({
        _sum: { views: true },
        _max: { title: true },
        _n: { count: "authorId", distinct: true },
      }),
    ).toEqual({
      _sum: { views: 14 },
      _max: { title: "two" },
      _n: 1,
    });
    expect(
      await db.post.groupBy({
        by: ["authorId"],
        _avg: { views: true },
        having: { _sum: { views: { gt: 1 } } },
        orderBy: { authorId: "asc" },
      }),
    ).toEqual([{ authorId: 1, _avg: { views: 7 } }]);
    expect(
      await db.post.findMany({
        select: { title: true },
        orderBy: { id: "asc" },
        window: { running: { sum: "views", partitionBy: "authorId", orderBy: { id: "asc" } } },
      }),
    ).toEqual([
      { title: "one", running: 5 },
      { title: "two", running: 14 },
    ]);
  });

  test("cursors", async () => {
    const page = await db.post.findManyCursor({
      limit: 1,
      orderBy: { views: "desc" },
      select: { title: true },
    });
    expect(page).toMatchObject({ items: [{ title: "two" }], hasMore: true });
    const token = JSON.parse(Buffer.from(page.nextCursor, "base64url").toString());
    expect(token).toMatchObject({ views: 9 });
    const rest = await db.post.findManyCursor({
      limit: 1,
      orderBy: { views: "desc" },
      cursor: page.nextCursor,
    });
    expect(rest).toMatchObject({ items: [{ title: "one" }], hasMore: false, nextCursor: null });
  });

  test("search", async () => {
    expect(
      await db.post.search("red", { select: { title: true }, highlight: { field: "body" } }),
    ).toEqual([{ title: "two", _rank: expect.any(Number), _highlight: "<mark>red</mark> hat" }]);
    await db.post.update({ where: { id: 2 }, data: { body: "blue" } });
    expect(await db.post.search("red")).toEqual([]);
    expect(await db.post.search("post_body: blue")).toHaveLength(1);
  });

  test("update, upsert, bulk writes and transitions", async () => {
    expect(await db.post.update({ where: { title: "one" }, data: { views: 6 } })).toMatchObject({
      views: 6,
    });
    expect(await db.post.updateMany({ where: { authorId: 1 }, data: { body: "b" } })).toEqual({
      count: 2,
    });
    expect((await db.post.transition(1, "publish")).stage).toBe("live");
    expect(
      (await failure(db.post.update({ where: { id: 1 }, data: { stage: "draft" } }))).field,
    ).toBe("stage");
    expect(
      await db.user.upsertMany({
        data: [{ email: "lin@x.org", isActive: true }],
        conflictTarget: "email",
        update: "isActive",
      }),
    ).toEqual({ count: 1 });
    expect((await db.user.findFirst({ where: { email: "lin@x.org" } })).isActive).toBe(true);
    expect(
      await db.user.upsert({
        where: { email: "lin@x.org" },
        create: { email: "lin@x.org" },
        update: { tags: ["z"] },
      }),
    ).toMatchObject({ id: 2, tags: ["z"] });
  });

  test("soft delete and restore", async () => {
    const row = await db.user.remove({ where: { email: "ada@x.org" } });
    expect(row.deletedAt).toMatch(/Z$/);
    expect(await db.user.count()).toBe(1);
    expect(rowsOf(db, "SELECT count(removed_at) AS n FROM app_users")).toEqual([{ n: 1 }]);
    expect((await db.user.restore({ where: { id: 1 } }))[0]).toMatchObject({
      id: 1,
      deletedAt: null,
    });
    expect(await db.user.delete({ where: { id: 1 } })).toMatchObject({ email: "ada@x.org" });
    expect(await db.post.count()).toBe(0);
  });

  test("sequences", async () => {
    expect((await db.post.create({ data: { title: "three", authorId: 1 } })).number).toBe(3);
    expect((await db.post.create({ data: { title: "first", authorId: 2 } })).number).toBe(1);
  });

  test("errors of rules name the field", async () => {
    const error = await failure(db.post.create({ data: { titel: "x" } }));
    expect(error.errors[0].message).toContain("Did you mean: title?");
  });

  test("nested writes", async () => {
    await db.user.update({
      where: { id: 2 },
      data: { posts: { create: { title: "n" }, connect: { title: "one" } } },
    });
    expect(
      (await db.post.findMany({ where: { authorId: 2 }, orderBy: { id: "asc" } })).map(
        (row: any) => row.title,
      ),
    ).toEqual(["one", "n"]);
    await db.post.update({
      where: { title: "n" },
      data: { author: { connect: { email: "ada@x.org" } } },
    });
    expect(await db.post.count({ where: { authorId: 1 } })).toBe(2);
  });

  test("events of statements are plain SQL on columns", async () => {
    const seen: any[] = [];
    const stop = db.$tapQuery((event) => seen.push(event));
    await db.user.findMany({ where: { email: "x" } });
    stop();
    expect(seen[0].sql).toContain('"mail_address"');
    expect(seen[0].params).toContain("x");
    expect(seen[0].model).toBe("app_users");
  });
});

describe("0.1 composite keys", () => {
  const SCHEMA = `
    model Seat { hall Int @id  place Int @id  guest String?  deletedAt DateTime?  marks Mark[]  @@softDelete(cascade) }
    model Mark {
      id Int @id  text String  deletedAt DateTime?
      seat Seat? @relation(fields: [hallRef, placeRef], references: [hall, place])  hallRef Int?  placeRef Int?
      @@softDelete
    }`;
  let db: Client;
  beforeEach(async () => {
    db = await open(SCHEMA);
    await db.seat.createMany({
      data: [1, 2].flatMap((hall) => [1, 2, 3].map((place) => ({ hall, place }))),
    });
  });
  const keys = (rows: any[]) => rows.map((row) => `${row.hall}/${row.place}`);

  test("are unique together", async () => {
    expect((await failure(db.seat.create({ data: { hall: 1, place: 1 } }))).code).toBe(
      "SQLITE_CONSTRAINT_PRIMARYKEY",
    );
    expect(await db.seat.create({ data: { hall: 3, place: 1 } })).toEqual({
      ...{ hall: 3, place: 1, guest: null, deletedAt: null },
    });
  });

  test("find, update, upsert and delete one row", async () => {
    const where = { hall: 1, place: 2 };
    expect(await db.seat.findUnique({ where })).toMatchObject(where);
    expect(await db.seat.update({ where, data: { guest: "Ada" } })).toMatchObject({
      ...where,
      guest: "Ada",
    });
    expect(await db.seat.count({ where: { guest: "Ada" } })).toBe(1);
    expect(await db.seat.upsert({ where, create: where, update: { guest: "Lin" } })).toMatchObject({
      guest: "Lin",
    });
    expect(await db.seat.delete({ where })).toMatchObject({ ...where, guest: "Lin" });
    expect(await db.seat.count()).toBe(5);
  });

  test("upsertMany conflicts on the whole key", async () => {
    await db.seat.upsertMany({
      data: [
        { hall: 2, place: 3, guest: "Eve" },
        { hall: 9, place: 9 },
      ],
    });
    expect(await db.seat.count()).toBe(7);
    expect((await db.seat.findFirst({ where: { hall: 2, place: 3 } })).guest).toBe("Eve");
  });

  test("pages end with the whole key", async () => {
    const all: string[] = [];
    let cursor: string | null = null;
    do {
      const page: any = await db.seat.findManyCursor({
        limit: 2,
        orderBy: { hall: "desc" },
        cursor,
      });
      all.push(...keys(page.items));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(all.map((key) => key[0])).toEqual(["2", "2", "2", "1", "1", "1"]);
    expect([...all].sort()).toEqual(["1/1", "1/2", "1/3", "2/1", "2/2", "2/3"]);
  });

  test("remove and restore exactly their rows", async () => {
    await db.seat.remove({ where: { hall: 1, place: 1 } });
    expect(keys(await db.seat.findMany({ onlyDeleted: true }))).toEqual(["1/1"]);
    expect(keys(await db.seat.restore({ where: { hall: 1, place: 1 } }))).toEqual(["1/1"]);
    expect(await db.seat.count()).toBe(6);
  });

  test("a soft delete reaches the children of the whole key only", async () => {
    await db.mark.createMany({
      data: [
        { text: "a", hallRef: 1, placeRef: 1 },
        { text: "b", hallRef: 1, placeRef: 2 },
      ],
    });
    await db.seat.remove({ where: { hall: 1, place: 1 } });
    const texts = async () => (await db.mark.findMany()).map((row: any) => row.text).sort();
    expect(await texts()).toEqual(["b"]);
    await db.mark.remove({ where: { text: "b" } });
    await db.seat.restore({ where: { hall: 1, place: 1 } });
    expect(await texts()).toEqual(["a"]);
  });
});

describe("0.1 pluralize", () => {
  test("holds for everything", async () => {
    const db = await open(
      `model User { id Int @id  name String  posts Post[]  deletedAt DateTime?  @@softDelete @@fts([name]) }
       model Post { id Int @id  user User @relation(fields: [userId], references: [id])  userId Int  tags Tag[] }
       model Tag { id Int @id  posts Post[] }`,
      { pluralize: true },
    );
    expect(sqlOf(db, "posts")).toContain('REFERENCES "users" ("id")');
    const user = await db.user.create({
      data: { name: "Ada", posts: { create: { tags: { create: {} } } } },
      include: { posts: { include: { tags: true } } },
    });
    expect(user.posts).toEqual([{ id: 1, userId: 1, tags: [{ id: 1 }] }]);
    expect(await db.user.search("Ada")).toHaveLength(1);
    expect((await failure(db.user.update({ data: {} }))).message).toContain('"users"');
  });
});
