// The suite that runs under Node and under Bun: what a program does with a client.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BLOG } from "./addon.js";
import {
  type Client,
  createClient,
  SQLiteError,
  sql,
  TransitionViolationError,
  ValidationError,
} from "../src/index.js";

let db: Client;

beforeEach(async () => {
  db = await createClient({ schema: BLOG, db: ":memory:" });
});
afterEach(() => db.$close());

/** The error of a call that must fail. */
async function failure(call: Promise<unknown>): Promise<any> {
  return call.then(
    () => expect.fail("the call has not failed"),
    (error: unknown) => error,
  );
}

async function makeUser(email: string, more: object = {}): Promise<any> {
  return db.user.create({ data: { email, ...more } });
}

describe("rows", () => {
  test("come back as they were written, with what the schema adds", async () => {
    const photo = new Uint8Array([0, 255, 7]);
    const data = { list: [1, null, { deep: "ü€😀" }], empty: {}, no: false };
    const row = await makeUser("Ada@Example.org", {
      name: "  Ada ",
      age: 36,
      score: 1.5,
      data,
      photo,
      tags: ["x", "y"],
      home: { city: "London" },
    });
    expect(row).toMatchObject({
      id: 1,
      email: "ada@example.org",
      name: "Ada",
      role: "member",
      age: 36,
      score: 1.5,
      isActive: true,
      home: { city: "London" },
      data,
      tags: ["x", "y"],
      deletedAt: null,
    });
    expect(Buffer.isBuffer(row.photo)).toBe(true);
    expect([...row.photo]).toEqual([0, 255, 7]);
    expect(row.createdAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(await db.user.findUnique({ where: { id: 1 } })).toEqual(row);
  });

  test("hold every text, also long ones and more of them than the first buffer", async () => {
    const texts = ["", "\0", "a\ud800b", "x".repeat(100_000), "€".repeat(5000), "😀", "__proto__"];
    await db.label.createMany({
      data: Array.from({ length: 3000 }, (_, i) => ({ name: `label ${i}` })),
    });
    expect(await db.label.count()).toBe(3000);
    const names = (await db.label.findMany({ orderBy: { id: "asc" } })).map((row: any) => row.name);
    expect(names[0]).toBe("label 0");
    expect(names[2999]).toBe("label 2999");
    const data = Object.fromEntries(texts.map((text, i) => [`k${i}`, text]));
    const written = [...texts];
    written[2] = "a\ufffdb"; // half a character is none
    if (written.includes("\0")) {
      // The database keeps no text with U+0000: it says so.
      const error = await failure(makeUser("nul@example.org", { name: "a\0b" }));
      expect(error).toBeInstanceOf(Error);
    }
    delete (data as Record<string, unknown>)["k1"];
    const row = await makeUser("texts@example.org", { data });
    expect(Object.values(row.data)).toEqual(written.filter((text) => text !== "\0"));
  });

  test("keep whole numbers of 64 bits exact", async () => {
    const big = 9_007_199_254_740_993n;
    await makeUser("big@example.org", { age: big });
    const row = await db.user.findFirst({ where: { age: big } });
    expect(row.age).toBe(big);
    expect((await makeUser("small@example.org", { age: 7n })).age).toBe(7);
    const error = await failure(makeUser("more@example.org", { age: 2n ** 64n }));
    expect(error.message).toContain("64 bits");
  });

  test("have a prototype that no data can change", async () => {
    const data = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as object;
    const row = await makeUser("proto@example.org", { data });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.getPrototypeOf(row.data)).toBe(Object.prototype);
    expect(Object.keys(row.data)).toEqual(["__proto__", "a"]);
  });
});

describe("reads", () => {
  beforeEach(async () => {
    const ada = await makeUser("ada@example.org", { age: 36, role: "admin" });
    const lin = await makeUser("lin@example.org", { age: 28 });
    await db.label.createMany({ data: [{ name: "news" }, { name: "code" }] });
    for (const [title, author] of [
      ["first words", ada],
      ["second thoughts", ada],
      ["a third", lin],
    ] as const)
      await db.post.create({
        data: { title, authorId: author.id, labels: { connect: [{ name: "news" }] } },
      });
  });

  test("filter, sort and page", async () => {
    expect(
      await db.user.findMany({ where: { age: { gte: 30 } }, select: { email: true } }),
    ).toEqual([{ email: "ada@example.org" }]);
    const first = await db.post.findManyCursor({ limit: 2, select: { id: true } });
    expect(first).toEqual({
      items: [{ id: 1 }, { id: 2 }],
      nextCursor: "eyJpZCI6Mn0",
      hasMore: true,
    });
    const second = await db.post.findManyCursor({
      limit: 2,
      select: { id: true },
      cursor: first.nextCursor,
    });
    expect(second).toEqual({ items: [{ id: 3 }], nextCursor: null, hasMore: false });
    expect(await db.post.findManyAndCount({ limit: 1, select: { id: true } })).toEqual({
      rows: [{ id: 1 }],
      total: 3,
    });
    expect(await db.user.exists({ where: { age: 99 } })).toBe(false);
    expect(await db.user.count({ where: undefined })).toBe(2);
  });

  test("bring related rows along", async () => {
    const users = await db.user.findMany({
      select: {
        email: true,
        posts: { select: { title: true, labels: { select: { name: true } } } },
      },
      orderBy: { id: "asc" },
    });
    expect(users).toEqual([
      {
        email: "ada@example.org",
        posts: [
          { title: "first words", labels: [{ name: "news" }] },
          { title: "second thoughts", labels: [{ name: "news" }] },
        ],
      },
      { email: "lin@example.org", posts: [{ title: "a third", labels: [{ name: "news" }] }] },
    ]);
    const post = await db.post.findFirst({ include: { author: true, _count: true } });
    expect(post.author.email).toBe("ada@example.org");
    expect(post._count).toEqual({ labels: 1 });
  });

  test("aggregate, group, search and run several at once", async () => {
    expect(await db.user.aggregate({ _count: true, _avg: { age: true } })).toEqual({
      _count: 2,
      _avg: { age: 32 },
    });
    expect(await db.post.groupBy({ by: ["authorId"], _count: true })).toEqual([
      { authorId: 1, _count: 2 },
      { authorId: 2, _count: 1 },
    ]);
    const [found] = await db.post.search("thoughts", { highlight: { field: "title" } });
    expect(found._highlight).toBe("second <mark>thoughts</mark>");
    expect(
      await db.query({
        admins: { model: "user", where: { role: "admin" }, select: { id: true } },
        post: { _count: true },
      }),
    ).toEqual({ admins: [{ id: 1 }], post: { _count: 3 } });
    const error = await failure(db.query({ orderz: {} }));
    expect(error.message).toContain("'orderz' is not a model accessor");
  });

  test("take SQL with values", async () => {
    const where = { $raw: sql`age > ${30} AND email LIKE ${"ada%"}` };
    expect(await db.user.count({ where })).toBe(1);
    expect(await db.sql`SELECT email FROM user WHERE age = ${28}`).toEqual([
      { email: "lin@example.org" },
    ]);
  });

  test("say what is missing", async () => {
    const error = await failure(db.user.findUniqueOrThrow({ where: { id: 99 } }));
    expect(error.code).toBe("NOT_FOUND");
    expect(error.model).toBe("user");
    expect(error.message).toBe('No "user" record found matching the given where clause');
  });
});

describe("writes", () => {
  test("fail with the errors of their kind", async () => {
    const invalid = await failure(db.user.create({ data: { email: "nobody", nmae: "x" } }));
    expect(invalid).toBeInstanceOf(ValidationError);
    expect(invalid.name).toBe("ValidationError");
    expect(invalid.errors[0].path).toEqual(["nmae"]);
    expect(invalid.message).toContain("Did you mean: name?");
    await makeUser("ada@example.org");
    const taken = await failure(makeUser("ada@example.org"));
    expect(taken).toBeInstanceOf(SQLiteError);
    expect(taken.code).toBe("SQLITE_CONSTRAINT_UNIQUE");
    expect(taken.message).toBe("UNIQUE constraint failed: user.email");
    expect(await db.user.count()).toBe(1);
  });

  test("refuse what no database can keep, and name the field", async () => {
    const wrong = await failure(db.user.findMany({ where: { age: () => 1 } }));
    expect(wrong).toBeInstanceOf(TypeError);
    expect(wrong.message).toBe('where clause: field "age" was given a function');
    const symbol = await failure(db.user.findMany({ where: { age: { in: [Symbol("x")] } } }));
    expect(symbol.message).toBe('where clause: field "age" was given a symbol');
    const absent = await failure(db.user.findMany({ where: { age: undefined } }));
    expect(absent.message).toContain('field "age" was given undefined');
    const round: Record<string, unknown> = {};
    round["self"] = round;
    expect((await failure(makeUser("r@example.org", { data: round }))).message).toContain("deep");
    expect(await db.user.count()).toBe(0);
  });

  test("update, upsert, remove and restore", async () => {
    await makeUser("ada@example.org", { age: 1 });
    expect(await db.user.update({ where: { id: 1 }, data: { age: 2 } })).toMatchObject({ age: 2 });
    expect(await db.user.update({ where: { id: 9 }, data: { age: 2 } })).toBeNull();
    expect(await db.user.create({ data: { email: "x@example.org" }, select: false })).toBeNull();
    const upserted = await db.user.upsert({
      where: { email: "ada@example.org" },
      create: { email: "ada@example.org" },
      update: { age: 3 },
    });
    expect(upserted).toMatchObject({ id: 1, age: 3 });
    expect((await db.user.remove({ where: { id: 1 } })).deletedAt).toEqual(expect.any(String));
    expect(await db.user.count()).toBe(1);
    const restored = await db.user.restore({ where: { id: 1 } });
    expect(restored).toHaveLength(1);
    expect(restored.count).toBe(1);
    expect(Object.keys(restored)).toEqual(["0"]);
    expect(await db.user.deleteMany({})).toEqual({ count: 2 });
  });

  test("follow the states of an enum", async () => {
    const { id } = await makeUser("ada@example.org");
    const post = await db.post.create({ data: { title: "t", authorId: id, stage: "live" } });
    const error = await failure(
      db.post.update({ where: { id: post.id }, data: { stage: "draft" } }),
    );
    expect(error).toBeInstanceOf(TransitionViolationError);
    expect(error).toMatchObject({ model: "post", field: "stage", from: "live", to: "draft" });
    expect(error.retryable).toBe(false);
    const draft = await db.post.create({ data: { title: "u", authorId: id } });
    expect(await db.post.transition(draft.id, "publish")).toMatchObject({ stage: "live" });
  });

  test("are one transaction, nested ones included", async () => {
    const error = await failure(
      db.user.create({
        data: { email: "ada@example.org", posts: { create: [{ title: "ok" }, { title: "" }] } },
      }),
    );
    expect(error).toBeInstanceOf(ValidationError);
    expect(await db.user.count()).toBe(0);
    expect(await db.post.count()).toBe(0);
  });
});

describe("transactions", () => {
  test("keep all or nothing, and see what they have written", async () => {
    const seen = await db.$transaction(async (tx) => {
      const user = await tx.user.create({ data: { email: "ada@example.org" } });
      await tx.post.create({ data: { title: "t", authorId: user.id } });
      expect(await tx.sql`SELECT count(*) AS n FROM user`).toEqual([{ n: 1 }]);
      return tx.user.findFirst({ include: { posts: true } });
    });
    expect(seen.posts).toHaveLength(1);
    const why = new Error("no");
    const error = await failure(
      db.$transaction(async (tx) => {
        await tx.user.deleteMany({});
        expect(await tx.user.count()).toBe(0);
        throw why;
      }),
    );
    expect(error).toBe(why);
    expect(await db.user.count()).toBe(1);
  });

  test("nest: what is inside can fail alone", async () => {
    await db.$transaction(async (tx) => {
      await tx.label.create({ data: { name: "outer" } });
      await failure(
        tx.$transaction(async (inner) => {
          await inner.label.create({ data: { name: "lost" } });
          throw new Error("inner");
        }),
      );
      await tx.$transaction((inner) => inner.label.create({ data: { name: "kept" } }));
    });
    const labels = await db.label.findMany({ orderBy: { id: "asc" } });
    expect(labels.map((label: any) => label.name)).toEqual(["outer", "kept"]);
  });

  test("make other calls wait", async () => {
    const steps: string[] = [];
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const transaction = db.$transaction(async (tx) => {
      await tx.label.create({ data: { name: "inside" } });
      await gate;
      steps.push("end");
    });
    const outside = db.label.count().then((count: number) => steps.push(`count ${count}`));
    const second = db.$transaction(() => steps.push("second"));
    go();
    await Promise.all([transaction, outside, second]);
    expect(steps[0]).toBe("end");
    expect(steps.sort()).toEqual(["count 1", "end", "second"]);
  });

  test("refuse to wait for themselves, and to be used after their end", async () => {
    let left: Client | undefined;
    const error = await failure(
      db.$transaction(async (tx) => {
        left = tx;
        await db.label.count();
      }),
    );
    expect(error.message).toContain("inside $transaction");
    expect((await failure((left as Client).label.count())).message).toContain("has ended");
    expect(await db.label.count()).toBe(0);
  });

  test("end when they take too long", async () => {
    const error = await failure(
      db.$transaction(
        async (tx) => {
          await tx.label.create({ data: { name: "late" } });
          await new Promise(() => undefined);
        },
        { timeout: 20 },
      ),
    );
    expect(error.message).toContain("took longer than 20 ms");
    expect(await db.label.count()).toBe(0);
  });
});

describe("a client", () => {
  test("can be awaited and knows its tables", async () => {
    expect(await db).toBe(db);
    expect(() => db["orders"]).toThrow(
      '"orders" is not a table in this schema. Tables: user, post',
    );
    expect(db.$enums).toEqual({
      Role: ["admin", "member"],
      Stage: ["draft", "review", "live"],
    });
    expect(db.$softDelete).toEqual({ User: true, Post: false, Label: false });
    expect(db.$relations["Post"]?.["author"]).toEqual({
      kind: "belongsTo",
      targetModel: "User",
      foreignKey: "authorId",
      referencedKey: "id",
    });
    expect(db.$relations["User"]?.["posts"]).toMatchObject({
      kind: "hasMany",
      targetModel: "Post",
    });
    expect(db.$relations["Post"]?.["labels"]).toMatchObject({ kind: "manyToMany" });
    expect(db.$schema.models.map((model) => model.name)).toEqual(["User", "Post", "Label"]);
    expect(db.$databases["main"]?.driver).toBe("sqlite");
  });

  test("acts for somebody", () => {
    const user = { id: 7 };
    expect(db.$setAuth(user)).toBe(db.$setAuth(user));
    expect(db.$setAuth(user).$auth).toBe(user);
    expect(db.asSystem()).toBe(db.asSystem());
    expect(db.$auth).toBeNull();
  });

  test("cannot be used once it is closed", async () => {
    const user = db.user;
    db.$close();
    db.$close();
    expect((await failure(user.count())).message).toContain("closed");
  });
});
