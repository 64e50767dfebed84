// litestone.md 13.1 to 13.4 and 13.6: select, include, _count, distinct.
import { beforeAll, describe, expect, test } from "vitest";
import { type Db, failure, ids, open } from "./reads_support.js";

const SCHEMA = `
model Account { id Int @id  name String  users User[] }
model User {
  id Int @id
  name String
  meta Json?
  active Boolean @default(true)
  account Account? @relation(fields: [accountId], references: [id])
  accountId Int?
  posts Post[]
  label String @computed
  postCount Int @from(Post, count: true)
  deletedAt DateTime?
  @@softDelete
}
model Post {
  id Int @id
  title String
  live Boolean @default(false)
  extra Json?
  user User @relation(fields: [userId], references: [id])
  userId Int
  tags Tag[]
  comments Comment[]
  deletedAt DateTime?
  @@softDelete
}
model Comment {
  id Int @id
  body String
  post Post @relation(fields: [postId], references: [id])
  postId Int
  @@hasTemplates
}
model Tag { id Int @id  name String  color String?  posts Post[]  deletedAt DateTime?  @@softDelete }
`;

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA, {
    computed: { User: { label: (row: any) => `${row.id}:${row.name}` } } as any,
  });
  await db.account.createMany({ data: [{ name: "Acme" }, { name: "Empty" }] });
  await db.user.createMany({
    data: [
      { name: "Ada", accountId: 1, meta: { a: [1] } },
      { name: "Bob", accountId: 1 },
      { name: "Cy", active: false },
      { name: "Gone", accountId: 1 },
    ],
  });
  await db.tag.createMany({ data: [{ name: "x", color: "red" }, { name: "y" }, { name: "z" }] });
  await db.post.create({
    data: {
      title: "p1",
      userId: 1,
      live: true,
      extra: [1],
      tags: { connect: [{ id: 1 }, { id: 2 }] },
    },
  });
  await db.post.create({ data: { title: "p2", userId: 1, tags: { connect: [{ id: 3 }] } } });
  await db.post.create({ data: { title: "p3", userId: 2 } });
  await db.post.create({ data: { title: "p4", userId: 4 } });
  await db.comment.createMany({
    data: [
      { body: "c1", postId: 1 },
      { body: "c2", postId: 1, isTemplate: true },
      { body: "c3", postId: 1 },
    ],
  });
  await db.user.remove({ where: { id: 4 } });
  await db.post.remove({ where: { id: 2 } });
  await db.tag.remove({ where: { id: 2 } });
});

describe("13.1: select", () => {
  const one = (select: unknown, more: object = {}): Promise<any> =>
    db.user.findFirst({ where: { id: 1 }, select, ...more });

  test.each([
    [{ id: true }, { id: 1 }],
    [
      { name: true, id: true },
      { id: 1, name: "Ada" },
    ],
    [
      { meta: true, active: true },
      { meta: { a: [1] }, active: true },
    ],
    [{ name: true, id: false, meta: null, active: 0 }, { name: "Ada" }],
    [{ label: true }, { label: "1:Ada" }],
    [{ postCount: true }, { postCount: 2 }],
    [
      { id: true, label: true, postCount: true },
      { id: 1, label: "1:Ada", postCount: 2 },
    ],
    [{}, {}],
    [{ account: true }, { account: { id: 1, name: "Acme" } }],
    [
      { name: true, account: { select: { name: true } } },
      { name: "Ada", account: { name: "Acme" } },
    ],
    [{ posts: { select: { title: true } } }, { posts: [{ title: "p1" }] }],
    [
      { posts: { select: { tags: { select: { name: true } } } } },
      { posts: [{ tags: [{ name: "x" }] }] },
    ],
    [
      { account: { select: { users: { select: { name: true } } } } },
      { account: { users: [{ name: "Ada" }, { name: "Bob" }] } },
    ],
  ])("%j gives %j", async (select, expected) => {
    expect(await one(select)).toEqual(expected);
    expect(await db.user.findUnique({ where: { id: 1 }, select })).toEqual(expected);
    expect((await db.user.findMany({ where: { id: 1 }, select }))[0]).toEqual(expected);
  });

  test("is merged with include, and wins on the same name", async () => {
    expect(await one({ id: true }, { include: { account: true } })).toEqual({
      id: 1,
      account: { id: 1, name: "Acme" },
    });
    expect(
      await one(
        { id: true, account: { select: { name: true } } },
        { include: { account: true, posts: { select: { id: true } } } },
      ),
    ).toEqual({ id: 1, account: { name: "Acme" }, posts: [{ id: 1 }] });
  });

  test("an unknown name is an error", async () => {
    expect((await failure(one({ nothing: true }))).message).toContain("nothing");
    expect((await failure(one({ posts: { select: { nothing: true } } }))).message).toContain(
      "nothing",
    );
  });

  test("trims what writes return, and false returns nothing", async () => {
    const own = await open(SCHEMA);
    expect(
      await own.account.create({ data: { name: "A" }, select: { name: true, users: true } }),
    ).toEqual({ name: "A", users: [] });
    expect(await own.account.create({ data: { name: "B" }, select: false })).toBeNull();
    expect(
      await own.account.update({ where: { id: 1 }, data: { name: "C" }, select: { name: true } }),
    ).toEqual({ name: "C" });
    expect(
      await own.account.update({ where: { id: 1 }, data: { name: "D" }, select: false }),
    ).toBeNull();
    const upsert = { where: { id: 1 }, create: { name: "E" }, update: { name: "F" } };
    expect(await own.account.upsert({ ...upsert, select: false })).toBeNull();
    expect(await own.account.upsert({ ...upsert, select: { name: true } })).toEqual({ name: "F" });
    expect(await own.account.findMany({ orderBy: { id: "asc" } })).toEqual([
      { id: 1, name: "F" },
      { id: 2, name: "B" },
    ]);
  });
});

describe("13.3: include", () => {
  const included = async (include: object, where: object = { id: 1 }): Promise<any> =>
    db.user.findFirst({ where, include });

  test("belongsTo gives an object or null", async () => {
    expect((await included({ account: true })).account).toEqual({ id: 1, name: "Acme" });
    expect((await included({ account: true }, { id: 3 })).account).toBeNull();
  });

  test("a softly deleted target is null, unless asked for", async () => {
    const post = (include: object): Promise<any> =>
      db.post.findFirst({ where: { id: 4 }, include });
    expect((await post({ user: true })).user).toBeNull();
    expect((await post({ user: { withDeleted: true } })).user.name).toBe("Gone");
    expect((await post({ user: { onlyDeleted: true } })).user.name).toBe("Gone");
  });

  test("lists are arrays, empty where nothing is", async () => {
    expect((await included({ posts: true }, { id: 3 })).posts).toEqual([]);
    const { posts } = await included({ posts: true });
    expect(posts).toEqual([
      { id: 1, title: "p1", live: true, extra: [1], userId: 1, deletedAt: null },
    ]);
  });

  test("softly deleted children are left out, unless asked for", async () => {
    expect(ids((await included({ posts: { withDeleted: true } })).posts)).toEqual([1, 2]);
    expect(ids((await included({ posts: { onlyDeleted: true } })).posts)).toEqual([2]);
  });

  test("templates are left out, unless asked for", async () => {
    const post = (include: object): Promise<any> =>
      db.post.findFirst({ where: { id: 1 }, include });
    expect(ids((await post({ comments: true })).comments)).toEqual([1, 3]);
    expect(ids((await post({ comments: { withTemplates: true } })).comments)).toEqual([1, 2, 3]);
    expect(ids((await post({ comments: { onlyTemplates: true } })).comments)).toEqual([2]);
  });

  test("related rows have their computed and derived fields", async () => {
    const account = await db.account.findFirst({ where: { id: 1 }, include: { users: true } });
    expect(account.users[0]).toMatchObject({
      label: "1:Ada",
      postCount: 2,
      meta: { a: [1] },
      active: true,
    });
  });

  test("manyToMany honours the target's soft deletion and nested select", async () => {
    const post = (include: object): Promise<any> =>
      db.post.findFirst({ where: { id: 1 }, include });
    expect(ids((await post({ tags: true })).tags)).toEqual([1]);
    expect(ids((await post({ tags: { withDeleted: true } })).tags)).toEqual([1, 2]);
    expect((await post({ tags: { select: { color: true } } })).tags).toEqual([{ color: "red" }]);
    const tag = await db.tag.findFirst({
      where: { id: 1 },
      include: { posts: { select: { id: true } } },
    });
    expect(tag.posts).toEqual([{ id: 1 }]);
  });

  test("to any depth, several at a time", async () => {
    const account = await db.account.findFirst({
      where: { id: 1 },
      include: {
        users: {
          include: { posts: { include: { tags: true, user: { include: { account: true } } } } },
        },
      },
    });
    expect(account.users[0].posts[0].tags[0].name).toBe("x");
    expect(account.users[0].posts[0].user.account.name).toBe("Acme");
    expect(account.users.map((user: any) => user.posts.length)).toEqual([1, 1]);
  });

  test("where, orderBy, limit and offset of the relation, per parent", async () => {
    const own = await open(SCHEMA);
    await own.user.createMany({ data: [{ name: "a" }, { name: "b" }] });
    await own.post.createMany({
      data: [1, 2, 1, 2, 1, 2].map((userId, index) => ({ userId, title: `t${index % 3}` })),
    });
    const lists = async (posts: object): Promise<number[][]> =>
      (await own.user.findMany({ orderBy: { id: "asc" }, include: { posts } })).map((user: any) =>
        ids(user.posts),
      );
    expect(await lists({ orderBy: { id: "desc" } })).toEqual([
      [5, 3, 1],
      [6, 4, 2],
    ]);
    expect(await lists({ orderBy: { id: "desc" }, limit: 1 })).toEqual([[5], [6]]);
    expect(await lists({ orderBy: { id: "asc" }, limit: 1, offset: 1 })).toEqual([[3], [4]]);
    expect(await lists({ where: { title: "t0" } })).toEqual([[1], [4]]);
    expect(
      await lists({ where: { title: { not: "t0" } }, orderBy: { title: "desc" }, limit: 1 }),
    ).toEqual([[3], [6]]);
    expect(await lists({ limit: 0 })).toEqual([[], []]);
  });

  test("an unknown relation names relation and model", async () => {
    expect((await failure(included({ nothing: true }))).message).toBe(
      'Unknown relation "nothing" on "User"',
    );
    expect((await failure(included({ name: true }))).message).toBe(
      'Unknown relation "name" on "User"',
    );
    expect((await failure(included({ posts: { include: { nothing: true } } }))).message).toBe(
      'Unknown relation "nothing" on "Post"',
    );
  });

  test("false and null leave a relation out", async () => {
    const row = await included({ posts: false, account: null });
    expect(row).not.toHaveProperty("posts");
    expect(row).not.toHaveProperty("account");
  });

  test("what writes return has its relations", async () => {
    const own = await open(SCHEMA);
    const user = await own.user.create({
      data: { name: "N", posts: { create: [{ title: "a" }] } },
      include: { posts: { select: { title: true } }, account: true, _count: true },
    });
    expect(user).toMatchObject({ posts: [{ title: "a" }], account: null, _count: { posts: 1 } });
    const updated = await own.user.update({
      where: { id: user.id },
      data: { name: "M" },
      include: { posts: true },
    });
    expect(updated).toMatchObject({ name: "M", posts: [{ title: "a" }] });
  });
});

describe("13.4: _count", () => {
  const counts = async (include: object): Promise<any> =>
    (await db.user.findMany({ orderBy: { id: "asc" }, include })).map((row: any) => row._count);

  test("true counts all lists; what is deleted softly or a template is not counted", async () => {
    expect(await counts({ _count: true })).toEqual([{ posts: 1 }, { posts: 1 }, { posts: 0 }]);
    const [post] = await db.post.findMany({ where: { id: 1 }, include: { _count: true } });
    expect(post._count).toEqual({ tags: 1, comments: 2 });
  });

  test("a selection, an alias with a where, and the same map without select", async () => {
    expect(await counts({ _count: { select: { posts: true } } })).toEqual([
      { posts: 1 },
      { posts: 1 },
      { posts: 0 },
    ]);
    const map = { posts: true, drafts: { relation: "posts", where: { live: false } } };
    const expected = [
      { posts: 1, drafts: 0 },
      { posts: 1, drafts: 1 },
      { posts: 0, drafts: 0 },
    ];
    expect(await counts({ _count: { select: map } })).toEqual(expected);
    expect(await counts({ _count: map })).toEqual(expected);
  });

  test("beside other includes and under a select", async () => {
    expect(
      await db.user.findMany({
        where: { id: 1 },
        select: { name: true },
        include: { _count: true, posts: { select: { id: true } } },
      }),
    ).toEqual([{ name: "Ada", posts: [{ id: 1 }], _count: { posts: 1 } }]);
  });

  test("within an include", async () => {
    const account = await db.account.findFirst({
      where: { id: 1 },
      include: { users: { select: { id: true }, include: { _count: true } } },
    });
    expect(account.users).toEqual([
      { id: 1, _count: { posts: 1 } },
      { id: 2, _count: { posts: 1 } },
    ]);
  });

  test("an unknown relation is an error", async () => {
    expect((await failure(counts({ _count: { select: { nothing: true } } }))).message).toContain(
      "nothing",
    );
  });
});

describe("13.6: distinct", () => {
  test("true leaves equal rows out", async () => {
    const own = await open("model T { id Int @id  a Int  b String }");
    await own.t.createMany({
      data: [
        { a: 1, b: "x" },
        { a: 1, b: "x" },
        { a: 2, b: "x" },
      ],
    });
    const args = { select: { a: true, b: true }, orderBy: { a: "asc" } };
    expect(await own.t.findMany({ ...args, distinct: true })).toEqual([
      { a: 1, b: "x" },
      { a: 2, b: "x" },
    ]);
    expect(await own.t.findMany({ distinct: true })).toHaveLength(3);
    expect(await own.t.findMany({ ...args, distinct: ["a"] })).toHaveLength(3);
    expect(await own.t.findMany({ ...args, distinct: false })).toHaveLength(3);
    expect(await own.t.findMany({ ...args, distinct: true, limit: 1, offset: 1 })).toEqual([
      { a: 2, b: "x" },
    ]);
  });
});
