// What a client can be told: hooks, events, scopes, filters, computed fields, observers, locks.
import { existsSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { BLOG, temporaryFolder } from "./addon.js";
import {
  type Client,
  type ClientOptions,
  createClient,
  LockExpiredError,
  LockNotAcquiredError,
  LockReleasedByOtherError,
  type ModelEvent,
  type QueryEvent,
  ValidationError,
} from "../src/index.js";

const opened: Client[] = [];
afterEach(() => {
  for (const client of opened.splice(0)) client.$close();
});

async function open(options: Partial<ClientOptions> = {}): Promise<Client> {
  const db = await createClient({ schema: BLOG, db: ":memory:", ...options });
  opened.push(db);
  return db;
}

async function failure(call: Promise<unknown>): Promise<any> {
  return call.then(
    () => expect.fail("the call has not failed"),
    (error: unknown) => error,
  );
}

describe("createClient", () => {
  test("wants a schema and a database, and knows its options", async () => {
    await expect(createClient({})).rejects.toThrow("{ path:");
    await expect(createClient({ schema: BLOG })).rejects.toThrow("where is the database?");
    await expect(createClient({ schema: "model A {", db: ":memory:" })).rejects.toThrow(
      "schema.lite has errors:",
    );
    await expect(open({ wrong: 1 } as object)).rejects.toThrow('unknown option "wrong"');
    await expect(open({ plugins: [{}] })).rejects.toThrow("plugins are not supported yet");
    await expect(open({ encryptionKey: "abc" })).rejects.toThrow("must be 32 bytes (got 1)");
    await expect(open({ filters: { nobody: {} } })).rejects.toThrow('unknown model "nobody"');
    await expect(open({ access: { other: false } })).rejects.toThrow('no database "other"');
  });

  test("opens several databases, and says what is not there yet", async () => {
    const folder = temporaryFolder();
    const db = await open({
      schema: `
        database main { path "${folder.file("main.db")}" }
        database stats { path env("NO_SUCH_VARIABLE", "${folder.file("deep/stats.db")}") }
        database logs { path "${folder.file("logs")}" driver jsonl }
        model User { id Int @id  name String }
        model Hit { id Int @id  path String  @@db(stats) }
        model Line { text String  @@db(logs) }`,
    });
    await db.hit.create({ data: { path: "/" } });
    await db.user.create({ data: { name: "Ada" } });
    expect(await db.hit.count()).toBe(1);
    expect(existsSync(folder.file("deep/stats.db"))).toBe(true);
    expect(db.$databases["logs"]).toMatchObject({ driver: "jsonl", access: "readwrite" });
    const error = await failure(db.line.create({ data: { text: "x" } }));
    expect(error.message).toContain("jsonl databases are not supported yet");
    expect(
      await db.$transaction(async (tx) => [await tx.hit.count(), await tx.user.count()]),
    ).toEqual([1, 1]);
    const spec = {
      hits: { model: "hit", select: { path: true } },
      user: { _count: true },
      hit: { _count: true },
    };
    const answer = { hits: [{ path: "/" }], user: { _count: 1 }, hit: { _count: 1 } };
    expect(Object.entries(await db.query(spec))).toEqual(Object.entries(answer));
    const inside = await db.$transaction(async (tx) => {
      await tx.hit.create({ data: { path: "/a" } });
      return tx.query({ user: { _count: true }, hit: { _count: true } });
    });
    expect(inside).toEqual({ user: { _count: 1 }, hit: { _count: 2 } });
    expect(db.$cacheSize).toMatchObject({ main: {}, stats: {} });
    db.$close();
    folder.remove();
  });

  test("keeps a database read-only or shut", async () => {
    const folder = temporaryFolder();
    const first = await open({ db: folder.file("app.db") });
    await first.label.create({ data: { name: "a" } });
    first.$close();
    const reading = await open({ db: folder.file("app.db"), readOnly: true });
    expect(await reading.label.count()).toBe(1);
    expect((await failure(reading.label.create({ data: { name: "b" } }))).message).toBe(
      "Database 'main' is readonly in this client — write operations are not allowed",
    );
    reading.$close();
    const shut = await open({ db: folder.file("app.db"), access: { main: false } });
    expect((await failure(shut.label.count())).message).toBe(
      "Database 'main' is not accessible in this client (access: false)",
    );
    folder.remove();
  });
});

describe("scopes and filters", () => {
  test("join conditions; the caller has the last word on the rest", async () => {
    const db = await open({
      scopes: {
        User: {
          adults: { where: { age: { gte: 18 } }, orderBy: { age: "asc" }, limit: 1 },
          admins: { where: { role: "admin" } },
          mine: { where: (ctx) => ({ id: (ctx.auth as { id: number } | null)?.id ?? 0 }) },
        },
      },
    });
    for (const [name, age, role] of [
      ["a", 17, "admin"],
      ["b", 40, "admin"],
      ["c", 20, "member"],
    ] as const)
      await db.user.create({ data: { email: `${name}@example.org`, age, role } });
    expect(await db.user.adults({ select: { age: true } })).toEqual([{ age: 20 }]);
    expect(await db.user.adults.findMany({ limit: 5, select: { age: true } })).toEqual([
      { age: 20 },
      { age: 40 },
    ]);
    expect(await db.user.adults.admins.count()).toBe(1);
    expect(await db.user.adults.admins.count({ where: { age: 20 } })).toBe(0);
    expect(await db.$setAuth({ id: 3 }).user.mine.findFirst({ select: { age: true } })).toEqual({
      age: 20,
    });
    expect(db.user.adults.create).toBeUndefined();
  });

  test("refuse what they cannot be", async () => {
    const scopes = (User: object): Partial<ClientOptions> => ({ scopes: { User } as never });
    await expect(open({ scopes: { Nobody: {} } })).rejects.toThrow(
      'scopes: unknown model "Nobody". Schema models: User, Post, Label',
    );
    await expect(open(scopes({ _x: {} }))).rejects.toThrow('cannot start with "_" or "$"');
    await expect(open(scopes({ count: {} }))).rejects.toThrow("built-in table method");
    await expect(open(scopes({ posts: {} }))).rejects.toThrow("relation field of the same name");
    await expect(open(scopes({ x: [] }))).rejects.toThrow("Got array");
  });

  test("hold for every read", async () => {
    const db = await open({
      filters: { user: (ctx) => (ctx.isSystem ? null : { isActive: true }) },
    });
    await db.user.create({ data: { email: "on@example.org" } });
    await db.user.create({ data: { email: "off@example.org", isActive: false } });
    expect(await db.user.count()).toBe(1);
    expect(await db.user.count({ where: { email: { contains: "example" } } })).toBe(1);
    expect((await db.user.findManyCursor()).items).toHaveLength(1);
    expect(await db.user.aggregate({ _count: true })).toEqual({ _count: 1 });
    expect(await db.query({ user: { _count: true } })).toEqual({ user: { _count: 1 } });
    expect(await db.asSystem().user.count()).toBe(2);
  });
});

describe("hooks", () => {
  test("change arguments and results, of nested writes too", async () => {
    const calls: string[] = [];
    const db = await open({
      hooks: {
        before: {
          all: (_, hook) => void calls.push(`${hook.operation} ${hook.model}`),
          create: (_, hook) => {
            if (hook.model === "Post") (hook.args["data"] as { body: string }).body = "by a hook";
          },
          getters: [() => ({ limit: 1 })],
        },
        after: {
          findMany: (_, hook) => ({ result: { rows: hook.result } }),
        },
      },
    });
    await db.user.create({
      data: { email: "a@example.org", posts: { create: [{ title: "one" }, { title: "two" }] } },
    });
    expect(calls).toEqual(["create User", "create Post", "create Post"]);
    const { rows } = (await db.post.findMany()) as unknown as { rows: { body: string }[] };
    expect(rows.map((row) => row.body)).toEqual(["by a hook"]);
  });

  test("stop a write with their own error, and nothing stays", async () => {
    const why = new RangeError("not today");
    const db = await open({
      hooks: {
        after: {
          create: () => {
            throw why;
          },
        },
      },
    });
    expect(await failure(db.label.create({ data: { name: "a" } }))).toBe(why);
    expect(await db.label.count()).toBe(0);
  });

  test("may call the client: the call comes after the one that runs", async () => {
    const later: Promise<number>[] = [];
    const db = await open({
      hooks: { before: { create: () => void later.push(db.label.count()) } },
    });
    await db.label.create({ data: { name: "a" } });
    expect(await Promise.all(later)).toEqual([1]);
  });
});

test("events tell what was committed", async () => {
  const events: ModelEvent[] = [];
  let arrived = (): void => undefined;
  const db = await open({
    onEvent: {
      change: (event) => {
        events.push(event);
        if (events.length === 4) arrived();
      },
    },
  });
  const all = new Promise<void>((resolve) => (arrived = resolve));
  await failure(
    db.$transaction(async (tx) => {
      await tx.label.create({ data: { name: "lost" } });
      throw new Error("no");
    }),
  );
  const user = await db.user.create({ data: { email: "a@example.org" } });
  const post = await db.post.create({ data: { title: "t", authorId: user.id } });
  await db.post.transition(post.id, "publish");
  await all;
  expect(events.map((event) => event.operation ?? event.transition)).toEqual([
    "create",
    "create",
    ...events.slice(2).map((event) => event.operation ?? event.transition),
  ]);
  expect(events[0]).toMatchObject({ model: "User", result: { email: "a@example.org" } });
  const transition = events.find((event) => event.transition !== undefined);
  expect(transition).toMatchObject({
    model: "post",
    transition: "publish",
    field: "stage",
    from: "draft",
    to: "live",
  });
});

describe("computed fields", () => {
  const schema = `
    model User { id Int @id  first String  last String  full String @computed  posts Post[] }
    model Post { id Int @id  title String  shout String @computed
      author User @relation(fields: [authorId], references: [id])  authorId Int }`;
  const computed = {
    User: {
      full: (row: any) => `${row.first} ${row.last}`,
      $validate: [
        { check: (data: any) => data.first !== "x", message: "not x", path: ["first"] },
        {
          check: () => {
            throw new Error("odd");
          },
        },
      ].slice(0, 1),
    },
    post: { shout: (row: any, ctx: any) => `${row.title}!${ctx.auth?.id ?? ""}` },
  };

  test("stand in every result, and see what is not shown", async () => {
    const db = await open({ schema, computed });
    const user = await db.user.create({
      data: { first: "Ada", last: "L", posts: { create: { title: "hi" } } },
    });
    expect(user.full).toBe("Ada L");
    expect(await db.user.findMany({ select: { full: true } })).toEqual([{ full: "Ada L" }]);
    expect(await db.user.findMany({ select: { id: true } })).toEqual([{ id: 1 }]);
    const [found] = await db.$setAuth({ id: 5 }).user.findMany({
      include: { posts: { select: { shout: true } } },
    });
    expect(found).toEqual({
      id: 1,
      first: "Ada",
      last: "L",
      full: "Ada L",
      posts: [{ shout: "hi!5" }],
    });
  });

  test("come with rules for data", async () => {
    const db = await open({ schema, computed });
    const error = await failure(db.user.create({ data: { first: "x", last: "y" } }));
    expect(error).toBeInstanceOf(ValidationError);
    expect(error.errors).toEqual([{ path: ["first"], message: "not x" }]);
  });
});

test("observers see every statement", async () => {
  const events: QueryEvent[] = [];
  const db = await open({ onQuery: (event) => void events.push(event) });
  await db.$setAuth({ id: 4 }).label.create({ data: { name: "a" } });
  await db.$setAuth({ id: 4 }).label.findMany({ where: { name: "a" } });
  const read = events.find((event) => event.operation === "findMany");
  expect(read).toMatchObject({
    model: "label",
    database: "main",
    actorId: 4,
    args: { where: { name: "a" } },
    rowCount: 1,
  });
  expect(read?.sql).toContain("SELECT");
  expect(read?.params).toContain("a");
  expect(read?.duration).toBeGreaterThanOrEqual(0);
  const taps: QueryEvent[] = [];
  const stop = db.$tapQuery((event) => {
    taps.push(event);
    throw new Error("ignored");
  });
  await db.label.count();
  stop();
  await db.label.count();
  expect(taps.map((event) => event.operation)).toEqual(["count"]);
});

describe("locks", () => {
  test("belong to one owner", async () => {
    const db = await open();
    const lock = await db.$locks.acquire("import", { owner: "me" });
    expect(await db.$locks.isHeld("import")).toBe(true);
    expect((await db.$locks.list()).map((one) => [one.key, one.owner])).toEqual([["import", "me"]]);
    const refused = await failure(db.$locks.acquire("import"));
    expect(refused).toBeInstanceOf(LockNotAcquiredError);
    expect(refused).toMatchObject({ key: "import", currentOwner: "me", retryable: true });
    expect(refused.message).toBe(
      "Lock 'import' is held by another owner and could not be acquired (held by: me)",
    );
    await lock.heartbeat();
    await lock.release();
    await lock.release();
    expect(await db.$locks.isHeld("import")).toBe(false);
  });

  test("end with their time", async () => {
    const db = await open();
    const lock = await db.$locks.acquire("a", { owner: "me", ttl: -1 });
    expect(await failure(lock.release())).toBeInstanceOf(LockExpiredError);
    const old = await db.$locks.acquire("a", { owner: "me", ttl: -1 });
    await db.$locks.acquire("a", { owner: "you" });
    expect(await failure(old.release())).toBeInstanceOf(LockReleasedByOtherError);
    expect(await failure(old.heartbeat())).toBeInstanceOf(LockReleasedByOtherError);
  });

  test("surround a function", async () => {
    const db = await open();
    const result = await db.$lock("job", async () => {
      expect(await db.$locks.isHeld("job")).toBe(true);
      return 5;
    });
    expect(result).toBe(5);
    expect(await failure(db.$lock("job", () => Promise.reject(new Error("inside"))))).toMatchObject(
      {
        message: "inside",
      },
    );
    expect(await db.$locks.isHeld("job")).toBe(false);
  });
});

describe("locks in transactions", () => {
  test("stay or go with the transaction", async () => {
    const db = await open();
    const undone = db.$transaction(async (tx) => {
      await tx.$locks.acquire("import", { owner: "me" });
      expect(await tx.$locks.isHeld("import")).toBe(true);
      expect(await failure(tx.$locks.acquire("import"))).toBeInstanceOf(LockNotAcquiredError);
      throw new Error("undone");
    });
    expect((await failure(undone)).message).toBe("undone");
    expect(await db.$locks.list()).toEqual([]);
    const lock = await db.$transaction((tx) => tx.$locks.acquire("import", { owner: "me" }));
    expect(await db.$locks.isHeld("import")).toBe(true);
    expect((await failure(lock.heartbeat())).message).toMatch("has ended");
    await db.$locks.release("import", "me");
    const seen = await db.$transaction((tx) =>
      tx.$lock("job", async () => {
        await tx.label.create({ data: { name: "a" } });
        return tx.$locks.isHeld("job");
      }),
    );
    expect(seen).toBe(true);
    expect(await db.$locks.isHeld("job")).toBe(false);
    expect(await db.label.count()).toBe(1);
  });
});

test("plans of calls are kept and counted", async () => {
  const db = await open();
  expect(db.$cacheSize).toEqual({ read: 0, write: 0 });
  await db.label.create({ data: { name: "a" } });
  await db.label.findMany({ where: { name: "a" } });
  await db.label.findMany({ where: { name: "b" } });
  expect(db.$cacheSize).toEqual({ read: 1, write: 1 });
});

describe("files", () => {
  test("are copied while they are used, attached and looked at", async () => {
    const folder = temporaryFolder();
    const db = await open({ db: folder.file("app.db") });
    await db.label.create({ data: { name: "a" } });
    const backup = await db.$backup(folder.file("copies/app.db"));
    expect(backup).toMatchObject({ path: folder.file("copies/app.db"), vacuumed: false });
    const { size } = backup as { size: number };
    expect(size).toBeGreaterThan(0);
    // Free pages are copied, unless the copy is written anew.
    await db.label.createMany({
      data: Array.from({ length: 2000 }, (_, i) => ({ name: `label ${i} ${"x".repeat(100)}` })),
    });
    await db.label.deleteMany({ where: { name: { startsWith: "label" } } });
    const plain = (await db.$backup(folder.file("plain.db"))) as { size: number };
    const small = await db.$backup(folder.file("small.db"), { vacuum: true });
    expect(small).toMatchObject({ vacuumed: true });
    expect((small as { size: number }).size).toBeLessThan(plain.size);
    const copy = await open({ db: folder.file("plain.db") });
    expect(await copy.label.findMany({ select: { name: true } })).toEqual([{ name: "a" }]);
    expect(await db.$walStatus()).toMatchObject({ busy: false });
    db.$attach(folder.file("copies/app.db"), "copy");
    expect(db.$attached).toEqual(["copy"]);
    expect(() => db.$attach(folder.file("copies/app.db"), "copy")).toThrow("already attached");
    expect(await db.sql`SELECT name FROM copy.label`).toEqual([{ name: "a" }]);
    db.$detach("copy");
    expect(() => db.$detach("copy")).toThrow("not attached");
    expect(db.$db.query("SELECT count(*) AS n FROM label").get()).toEqual({ n: 1 });
    expect(db.$rawDbs["main"]).toBe(db.$db);
    db.$close();
    folder.remove();
  });
});

describe("arguments", () => {
  test("that change while they are read do not mix with those of other calls", async () => {
    const schema = "model Note { id Int @id  any Json?  text String? }";
    const db = await open({ schema });
    await db.note.create({ data: { any: [["an", "earlier", "call"], 7, 8, 9], text: "secret" } });
    const shrinking: unknown[] = [0, 1, 2];
    shrinking[0] = { toJSON: () => ((shrinking.length = 1), "first") };
    const growing: unknown[] = [0, 1];
    growing[0] = { toJSON: () => (growing.push(2, 3), "first") };
    const shrunk = await db.note.create({ data: { any: shrinking, text: "a" } });
    expect(shrunk).toEqual({ id: 2, any: ["first", null, null], text: "a" });
    const grown = await db.note.create({ data: { any: growing, text: "b" } });
    expect(grown).toEqual({ id: 3, any: ["first", 1], text: "b" });
  });

  test("that are nested too deeply are refused by the name of a field, if there is one", async () => {
    const db = await open();
    let where: Record<string, unknown> = {};
    for (let i = 0; i < 100; i++) where = { NOT: where };
    const error = await failure(db.user.findMany({ where }));
    expect(error.message).toBe("where clause: is nested too deep");
  });
});
