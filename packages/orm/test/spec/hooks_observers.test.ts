// litestone.md 29, 31, 34: hooks, events, what runs; errors of the database.
import { describe, expect, test, vi } from "vitest";
import "../addon.js";
import { sql, SQLiteError } from "../../src/index.js";
import { failure, open } from "./support.js";

const SCHEMA = `
enum Stage { draft live transitions { publish: draft -> live } }
model BlogPost { id Int @id  title String @unique  stage Stage @default(draft)  n Int @default(0)  notes Note[]  deletedAt DateTime?  @@softDelete }
model Note { id Int @id  text String @default("")  post BlogPost? @relation(fields: [postId], references: [id])  postId Int? }`;

describe("29 hooks", () => {
  test("have the client first, and what happens second", async () => {
    const seen: any[] = [];
    const db = await open(SCHEMA, {
      hooks: { before: { create: (ctx: any, hook: any) => void seen.push([ctx, { ...hook }]) } },
    });
    await db.$setAuth({ id: 7 }).blogPost.create({ data: { title: "a" } });
    const [ctx, hook] = seen[0];
    expect(ctx).toMatchObject({ auth: { id: 7 }, isSystem: false });
    expect(hook).toMatchObject({
      model: "BlogPost",
      operation: "create",
      args: { data: { title: "a" } },
    });
    expect(hook.schema).toMatchObject({ name: "BlogPost", attributes: [{ kind: "softDelete" }] });
    await db.asSystem().blogPost.create({ data: { title: "b" } });
    expect(seen[1][0].isSystem).toBe(true);
  });

  test("before: may change the arguments, or return more of them", async () => {
    const db = await open(SCHEMA, {
      hooks: {
        before: {
          create: [
            (_: unknown, hook: any) => {
              hook.args.data.title += "!";
            },
            (_: unknown, hook: any) => ({ data: { ...hook.args.data, n: 5 } }),
          ],
          findMany: () => ({ where: { n: 5 } }),
        },
      },
    });
    expect(await db.blogPost.create({ data: { title: "a" } })).toMatchObject({ title: "a!", n: 5 });
    expect(await db.blogPost.findMany({ where: { n: 1 } })).toHaveLength(1);
  });

  test("after: may change the result, or return another one", async () => {
    const db = await open(SCHEMA, {
      hooks: {
        after: {
          create: (_: unknown, hook: any) => {
            hook.result.extra = 1;
          },
          findFirst: (_: unknown, hook: any) => ({ result: { was: hook.result.id } }),
        },
      },
    });
    expect(await db.blogPost.create({ data: { title: "a" } })).toMatchObject({ extra: 1 });
    expect(await db.blogPost.findFirst()).toEqual({ was: 1 });
  });

  test("setters, getters and all", async () => {
    const seen: string[] = [];
    const note = (kind: string) => (_: unknown, hook: any) =>
      void seen.push(`${kind} ${hook.operation}`);
    const db = await open(SCHEMA, {
      hooks: { before: { setters: note("set"), getters: note("get"), all: note("all") } },
    });
    const told = async (call: () => unknown) => {
      seen.length = 0;
      await call();
      return seen.slice();
    };
    expect((await told(() => db.blogPost.create({ data: { title: "a" } }))).sort()).toEqual([
      "all create",
      "set create",
    ]);
    expect(
      (await told(() => db.blogPost.update({ where: { id: 1 }, data: { n: 1 } }))).sort(),
    ).toEqual(["all update", "set update"]);
    expect((await told(() => db.blogPost.findMany())).sort()).toEqual([
      "all findMany",
      "get findMany",
    ]);
    expect((await told(() => db.blogPost.findFirst())).sort()).toEqual([
      "all findFirst",
      "get findFirst",
    ]);
    expect((await told(() => db.blogPost.count())).sort()).toEqual(["all count", "get count"]);
  });

  test("run for nested rows", async () => {
    const seen: string[] = [];
    const db = await open(SCHEMA, {
      hooks: { before: { create: (_: unknown, hook: any) => void seen.push(hook.model) } },
    });
    await db.blogPost.create({ data: { title: "a", notes: { create: [{}, {}] } } });
    expect(seen).toEqual(["BlogPost", "Note", "Note"]);
  });

  test("one that throws undoes the call", async () => {
    const db = await open(SCHEMA, {
      hooks: {
        after: {
          create: () => {
            throw new Error("not today");
          },
        },
      },
    });
    expect((await failure(db.blogPost.create({ data: { title: "a" } }))).message).toBe("not today");
    expect(await db.blogPost.count()).toBe(0);
  });
});

describe("29 events", () => {
  const listening = async () => {
    const seen: any[] = [];
    const note = (name: string) => (event: any, ctx: any) => void seen.push([name, event, ctx]);
    const db = await open(SCHEMA, {
      onEvent: Object.fromEntries(
        ["create", "update", "remove", "transition", "change"].map((name) => [name, note(name)]),
      ) as any,
    });
    const told = async (call: unknown, count: number) => {
      seen.length = 0;
      await call;
      await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(count));
      return seen.slice();
    };
    return { db, told, seen };
  };

  test("create, update, remove; change hears all", async () => {
    const { db, told } = await listening();
    const created = await told(db.$setAuth({ id: 3 }).blogPost.create({ data: { title: "a" } }), 2);
    expect(created.map(([name]) => name)).toEqual(["create", "change"]);
    expect(created[0][1]).toMatchObject({
      model: "BlogPost",
      operation: "create",
      result: { id: 1, title: "a" },
    });
    expect(created[0][1].schema.name).toBe("BlogPost");
    expect(created[0][2].auth).toEqual({ id: 3 });
    const updated = await told(db.blogPost.update({ where: { id: 1 }, data: { n: 2 } }), 2);
    expect(updated[0]).toMatchObject(["update", { operation: "update", result: { n: 2 } }, {}]);
    const removed = await told(db.blogPost.remove({ where: { id: 1 } }), 2);
    expect(removed[0]).toMatchObject(["remove", { operation: "remove", result: { id: 1 } }, {}]);
  });

  test("transition tells where from and where to, by the table's name", async () => {
    const { db, told } = await listening();
    await told(db.blogPost.create({ data: { title: "a" } }), 2);
    const moved = await told(db.blogPost.transition(1, "publish"), 4);
    const transitions = moved.filter(([, event]) => event.transition !== undefined);
    expect(transitions.map(([name]) => name).sort()).toEqual(["change", "transition"]);
    expect(transitions[0][1]).toMatchObject({
      model: "blog_post",
      transition: "publish",
      field: "stage",
      from: "draft",
      to: "live",
      record: { id: 1, stage: "live" },
    });
  });

  test("come after the call, and only after a commit", async () => {
    const { db, told, seen } = await listening();
    await told(db.blogPost.create({ data: { title: "a" } }), 2);
    seen.length = 0;
    await failure(
      db.$transaction(async (tx) => {
        await tx.blogPost.create({ data: { title: "lost" } });
        throw new Error("no");
      }),
    );
    const kept = await told(
      db.$transaction(async (tx) => {
        await tx.blogPost.create({ data: { title: "kept" } });
        await new Promise((resolve) => setTimeout(resolve, 2));
        expect(seen).toEqual([]);
      }),
      2,
    );
    expect(kept[0][1].result.title).toBe("kept");
  });

  test("are of single rows only", async () => {
    const { db, told } = await listening();
    await db.blogPost.createMany({ data: [{ title: "x" }, { title: "y" }] });
    await db.blogPost.updateMany({ data: { n: 1 } });
    await db.blogPost.removeMany({ where: { title: "x" } });
    const seen = await told(db.blogPost.create({ data: { title: "z" } }), 2);
    expect(seen.map(([, event]) => event.result.title)).toEqual(["z", "z"]);
  });

  test("a listener that throws is nobody's problem", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    try {
      let last = false;
      const db = await open(SCHEMA, {
        onEvent: {
          create: [
            () => {
              throw new Error("listener");
            },
            () => {
              last = true;
            },
          ],
        },
      });
      await db.blogPost.create({ data: { title: "a" } });
      await vi.waitFor(() => expect(last).toBe(true));
      expect(await db.blogPost.count()).toBe(1);
    } finally {
      error.mockRestore();
      warn.mockRestore();
    }
  });
});

describe("31 onQuery and $tapQuery", () => {
  const listening = async () => {
    const seen: any[] = [];
    const db = await open(SCHEMA, { onQuery: (event) => void seen.push(event) });
    const told = async (call: () => unknown): Promise<any[]> => {
      seen.length = 0;
      await call();
      return seen.slice();
    };
    return { db, told };
  };

  test("an event", async () => {
    const { db, told } = await listening();
    const args = { where: { title: "a", $raw: sql`n > ${3}` }, limit: 20 };
    const [event] = await told(() => db.$setAuth({ id: "u1" }).blogPost.findMany(args));
    expect(event).toEqual({
      model: "blog_post",
      database: "main",
      actorId: "u1",
      operation: "findMany",
      args: expect.objectContaining({ limit: 20 }),
      sql: expect.stringMatching(/^SELECT .* FROM "blog_post"/s),
      params: expect.arrayContaining(["a", 3]),
      duration: expect.any(Number),
      rowCount: 0,
    });
  });

  test("operations have their names", async () => {
    const { db, told } = await listening();
    const operations = async (call: () => unknown) =>
      (await told(call)).map((event) => event.operation);
    const one = { where: { id: 1 } };
    expect(await operations(() => db.blogPost.create({ data: { title: "a" } }))).toEqual([
      "create",
    ]);
    expect(await operations(() => db.blogPost.createMany({ data: [{ title: "b" }] }))).toEqual([
      "createMany",
    ]);
    expect(await operations(() => db.blogPost.findMany())).toEqual(["findMany"]);
    expect(await operations(() => db.blogPost.findFirst())).toEqual(["findFirst"]);
    expect(await operations(() => db.blogPost.findUnique(one))).toEqual(["findUnique"]);
    expect(await operations(() => db.blogPost.count())).toEqual(["count"]);
    expect(await operations(() => db.blogPost.exists(one))).toEqual(["exists"]);
    expect(await operations(() => db.blogPost.findManyCursor({}))).toEqual(["findManyCursor"]);
    expect(await operations(() => db.blogPost.aggregate({ _count: true }))).toEqual(["aggregate"]);
    expect(await operations(() => db.blogPost.groupBy({ by: ["n"], _count: true }))).toEqual([
      "groupBy",
    ]);
    expect(await operations(() => db.blogPost.update({ ...one, data: { n: 1 } }))).toEqual([
      "update",
    ]);
    expect(await operations(() => db.blogPost.updateMany({ data: { n: 1 } }))).toEqual([
      "updateMany",
    ]);
    expect(
      await operations(() => db.blogPost.upsertMany({ data: [{ id: 1, title: "c" }] })),
    ).toEqual(["upsertMany"]);
    expect(await operations(() => db.blogPost.remove(one))).toEqual(["remove"]);
    expect(await operations(() => db.blogPost.restore(one))).toEqual(["restore"]);
    expect(await operations(() => db.blogPost.removeMany({}))).toEqual(["removeMany"]);
    expect(await operations(() => db.blogPost.delete(one))).toEqual(["delete"]);
    expect(await operations(() => db.blogPost.deleteMany({}))).toEqual(["deleteMany"]);
  });

  test("upsert is a findFirst and a write", async () => {
    const { db, told } = await listening();
    const args = { where: { title: "a" }, create: { title: "a" }, update: { n: 1 } };
    expect((await told(() => db.blogPost.upsert(args))).map((event) => event.operation)).toEqual([
      "findFirst",
      "create",
    ]);
    expect((await told(() => db.blogPost.upsert(args))).map((event) => event.operation)).toEqual([
      "findFirst",
      "update",
    ]);
  });

  test("bulk writes have no params", async () => {
    const { db, told } = await listening();
    expect(
      (await told(() => db.blogPost.createMany({ data: [{ title: "a" }] })))[0].params,
    ).toBeNull();
    expect(
      (await told(() => db.blogPost.upsertMany({ data: [{ id: 1, title: "a" }] })))[0].params,
    ).toBeNull();
  });

  test("rowCount", async () => {
    const { db, told } = await listening();
    await db.blogPost.createMany({ data: [{ title: "a" }, { title: "b" }] });
    expect((await told(() => db.blogPost.findMany()))[0].rowCount).toBe(2);
    expect((await told(() => db.blogPost.create({ data: { title: "c" } })))[0].rowCount).toBe(1);
  });

  test("a tap ends when it is stopped", async () => {
    const db = await open(SCHEMA);
    const seen: string[] = [];
    const stop = db.$tapQuery((event) => void seen.push(event.operation));
    await db.blogPost.count();
    stop();
    await db.blogPost.findMany();
    expect(seen).toEqual(["count"]);
  });

  test("what listeners throw or reject is ignored", async () => {
    const db = await open(SCHEMA, {
      onQuery: () => {
        throw new Error("listener");
      },
    });
    db.$tapQuery(() => Promise.reject(new Error("later")));
    expect(await db.blogPost.count()).toBe(0);
  });
});

describe("34 errors of the database", () => {
  const CHECKED = `
    model User { id Int @id  email String @unique  age Int? @check("age > 0")  posts Post[] }
    model Post { id Int @id  user User @relation(fields: [userId], references: [id])  userId Int }`;

  test.each([
    [{ email: "a" }, "SQLITE_CONSTRAINT_UNIQUE", 2067, /^UNIQUE constraint failed: user\.email$/],
    [
      { id: 1, email: "b" },
      "SQLITE_CONSTRAINT_PRIMARYKEY",
      1555,
      /^UNIQUE constraint failed: user\.id$/,
    ],
    [{}, "SQLITE_CONSTRAINT_NOTNULL", 1299, /^NOT NULL constraint failed: user\.email$/],
    [{ email: "c", age: 0 }, "SQLITE_CONSTRAINT_CHECK", 275, /^CHECK constraint failed: /],
  ])("%j", async (data, code, errno, message) => {
    const db = await open(CHECKED);
    await db.user.create({ data: { email: "a" } });
    const error = await failure(db.user.create({ data }));
    expect(error).toBeInstanceOf(SQLiteError);
    expect(error.name).toBe("SQLiteError");
    expect([error.code, error.errno]).toEqual([code, errno]);
    expect(error.message).toMatch(message);
  });

  test("foreign keys", async () => {
    const db = await open(CHECKED);
    const error = await failure(db.post.create({ data: { userId: 5 } }));
    expect([error.code, error.errno]).toEqual(["SQLITE_CONSTRAINT_FOREIGNKEY", 787]);
    expect(error.message).toBe("FOREIGN KEY constraint failed");
  });

  test("what is not found", async () => {
    const db = await open(CHECKED);
    for (const method of ["findFirstOrThrow", "findUniqueOrThrow"]) {
      const error = await failure(db.user[method]?.({ where: { id: 9 } }));
      expect([error.code, error.model]).toEqual(["NOT_FOUND", "user"]);
      expect(error.message).toBe('No "user" record found matching the given where clause');
    }
  });
});
