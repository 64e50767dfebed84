// litestone.md 8: createClient, its options, and the members of a client.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import "../addon.js";
import { createClient, parse, parseFile, RawDatabase } from "../../src/index.js";
import { failure, folderOfTest, objectsOf, open, openWith, thrown } from "./support.js";

const USER = "model User { id Int @id  name String?  active Boolean @default(true) }";

describe("8 where the schema comes from", () => {
  test("parsed, schema and path", async () => {
    const folder = folderOfTest();
    writeFileSync(folder.file("schema.lite"), USER);
    for (const source of [
      { parsed: parse(USER) },
      { parsed: parseFile(folder.file("schema.lite")) },
      { schema: USER },
      { schema: folder.file("schema.lite") },
      { path: folder.file("schema.lite") },
    ]) {
      const db = await openWith({ ...source, db: ":memory:" });
      expect(await db.user.count()).toBe(0);
    }
  });

  test("parsed goes before schema, and schema before path", async () => {
    const one = "model One { id Int @id }";
    const db = await openWith({
      parsed: parse(one),
      schema: USER,
      path: "/none.lite",
      db: ":memory:",
    });
    expect(await db.one.count()).toBe(0);
    const next = await openWith({ schema: one, path: "/none.lite", db: ":memory:" });
    expect(await next.one.count()).toBe(0);
  });

  test("none is an error that lists the three", async () => {
    const { message } = await failure(createClient({ db: ":memory:" }));
    for (const form of ["parsed", "schema", "path"]) expect(message).toContain(form);
  });

  test("a schema with errors", async () => {
    const { message } = await failure(
      openWith({ schema: "model A { id Int @id  x Nope  y Nay }" }),
    );
    const lines = message.split("\n");
    expect(lines[0]).toBe("schema.lite has errors:");
    expect(lines.slice(1).map((line: string) => line.trim())).toEqual(
      parse("model A { id Int @id  x Nope  y Nay }").errors,
    );
  });

  test("a path that is none", async () => {
    expect(
      (await failure(createClient({ path: "/no/such.lite", db: ":memory:" }))).message,
    ).toContain("/no/such.lite");
  });
});

const TWO = `
database main { path "./app.db" }
database stats { path env("SUITE_STATS_DB", "./stats.db") }
model User { id Int @id }
model Hit { id Int @id  userId Int?  @@db(stats) }`;

describe("8 databases", () => {
  test("db is the main one without a block", async () => {
    const folder = folderOfTest();
    const db = await openWith({ schema: USER, db: folder.file("deep/er/app.db") });
    await db.user.create({ data: {} });
    expect(existsSync(folder.file("deep/er/app.db"))).toBe(true);
    expect(db.$databases).toEqual({
      main: { driver: "sqlite", access: "readwrite", path: folder.file("deep/er/app.db") },
    });
  });

  test("paths may be given by name, and each has the tables of its models", async () => {
    const folder = folderOfTest();
    const db = await openWith({
      schema: TWO,
      databases: { main: { path: folder.file("a.db") }, stats: { path: folder.file("b.db") } },
    });
    await db.hit.create({ data: {} });
    expect(objectsOf(db, "main")).toContain("user");
    expect(objectsOf(db, "main")).not.toContain("hit");
    expect(objectsOf(db, "stats")).toContain("hit");
    expect(objectsOf(db, "stats")).not.toContain("user");
    expect(Object.keys(db.$databases)).toEqual(["main", "stats"]);
  });

  test("':memory:' is for all", async () => {
    const db = await openWith({ schema: TWO, databases: ":memory:" });
    await db.hit.create({ data: {} });
    expect([await db.hit.count(), await db.user.count()]).toEqual([1, 0]);
    expect(existsSync("stats.db")).toBe(false);
  });

  test("env() names a variable", async () => {
    const folder = folderOfTest();
    vi.stubEnv("SUITE_STATS_DB", folder.file("from_env.db"));
    try {
      const db = await openWith({ schema: TWO, databases: { main: { path: ":memory:" } } });
      await db.hit.create({ data: {} });
      expect(existsSync(folder.file("from_env.db"))).toBe(true);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test("a file that has tables keeps them", async () => {
    const folder = folderOfTest();
    const raw = new RawDatabase(folder.file("app.db"));
    raw.exec("CREATE TABLE other(x)");
    raw.close();
    const db = await openWith({ schema: USER, db: folder.file("app.db") });
    expect(objectsOf(db)).not.toContain("user");
    expect((await failure(db.user.count())).message).toContain("no such table");
  });

  test("connections are set up", async () => {
    const folder = folderOfTest();
    const db = await openWith({ schema: USER, db: folder.file("app.db") });
    const value = (name: string) => Object.values(db.$db.query(`PRAGMA ${name}`).get() ?? {})[0];
    expect(value("journal_mode")).toBe("wal");
    expect(value("foreign_keys")).toBe(1);
    expect(value("synchronous")).toBe(1);
    expect(value("busy_timeout")).toBe(5000);
    expect(value("page_size")).toBe(8192);
  });

  test("foreign keys hold", async () => {
    const db = await open(`
      model A { id Int @id  bs B[] }
      model B { id Int @id  a A @relation(fields: [aId], references: [id])  aId Int }`);
    expect((await failure(db.b.create({ data: { aId: 9 } }))).message).toBe(
      "FOREIGN KEY constraint failed",
    );
  });
});

describe("8 access", () => {
  const withAccess = (access: any) => openWith({ schema: TWO, databases: ":memory:", access });

  test("false: every call is refused", async () => {
    const db = await withAccess({ stats: false });
    expect((await failure(db.hit.findMany())).message).toBe(
      "Database 'stats' is not accessible in this client (access: false)",
    );
    expect((await failure(db.hit.create({ data: {} }))).message).toBe(
      "Database 'stats' is not accessible in this client (access: false)",
    );
    expect(await db.user.count()).toBe(0);
  });

  test("readonly: writes are refused", async () => {
    const db = await withAccess({ stats: "readonly" });
    const message =
      "Database 'stats' is readonly in this client — write operations are not allowed";
    for (const [method, args] of [
      ["create", { data: {} }],
      ["createMany", { data: [{}] }],
      ["update", { where: { id: 1 }, data: { userId: 1 } }],
      ["updateMany", { data: { userId: 1 } }],
      ["upsert", { where: { id: 1 }, create: {}, update: {} }],
      ["upsertMany", { data: [{ id: 1 }] }],
      ["remove", { where: { id: 1 } }],
      ["removeMany", {}],
      ["delete", { where: { id: 1 } }],
      ["deleteMany", {}],
    ] as const)
      expect((await failure(db.hit[method]?.(args))).message).toBe(message);
    expect(await db.hit.findMany()).toEqual([]);
    expect(db.$databases["stats"]?.access).toBe("readonly");
  });

  test("readOnly is readonly for all, but access wins", async () => {
    const db = await openWith({
      schema: TWO,
      databases: ":memory:",
      readOnly: true,
      access: { stats: "readwrite" },
    });
    expect((await failure(db.user.create({ data: {} }))).message).toContain("'main' is readonly");
    await db.hit.create({ data: {} });
    expect(await db.hit.count()).toBe(1);
  });
});

describe("8 filters", () => {
  const filters = { user: { active: true } };
  const people = [{ name: "a" }, { name: "b", active: false }, { name: "c" }];

  test("hold for every read", async () => {
    const db = await open(USER, { filters });
    await db.user.createMany({ data: people });
    const names = (rows: any[]) => rows.map((row) => row.name);
    expect(names(await db.user.findMany())).toEqual(["a", "c"]);
    expect(names(await db.user.findMany({ where: { name: ["b", "c"] } }))).toEqual(["c"]);
    expect(await db.user.findFirst({ where: { name: "b" } })).toBeNull();
    expect(await db.user.findUnique({ where: { id: 2 } })).toBeNull();
    expect(await db.user.count()).toBe(2);
    expect(await db.user.exists({ where: { name: "b" } })).toBe(false);
    expect(await db.user.aggregate({ _count: true })).toEqual({ _count: 2 });
    expect(await db.user.groupBy({ by: ["active"], _count: true })).toEqual([
      { active: 1, _count: 2 },
    ]);
    expect(names((await db.user.findManyCursor({})).items)).toEqual(["a", "c"]);
    expect((await db.user.findManyAndCount({ limit: 1 })).total).toBe(2);
  });

  test("may be functions of who asks", async () => {
    const db = await open(USER, {
      filters: { user: (ctx: any) => ({ name: ctx.auth?.name ?? null }) },
    });
    await db.user.createMany({ data: people });
    expect(await db.user.count()).toBe(0);
    expect(await db.$setAuth({ name: "b" }).user.count()).toBe(1);
  });
});

describe("8 start", () => {
  test("a computed field without a function is a warning", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    try {
      await open("model M { id Int @id  twice Int @computed  also Int @computed }", {
        computed: { M: { also: () => 1 } },
      });
      const lines = warn.mock.calls.map((call) => call.join(" "));
      expect(lines.filter((line) => line.includes("has no compute function defined"))).toEqual([
        expect.stringContaining('@computed field "M.twice" has no compute function defined'),
      ]);
    } finally {
      warn.mockRestore();
    }
  });

  test("computed may be a file", async () => {
    const folder = folderOfTest();
    writeFileSync(
      folder.file("computed.mjs"),
      "export default { User: { shout: (row) => row.name.toUpperCase() } };",
    );
    const db = await open("model User { id Int @id  name String  shout String @computed }", {
      computed: folder.file("computed.mjs"),
    });
    expect((await db.user.create({ data: { name: "ada" } })).shout).toBe("ADA");
  });

  test.each(["abcd", "f".repeat(62), new Uint8Array(31)])(
    "an encryption key of a wrong size is refused: %s",
    async (encryptionKey) => {
      const error = await failure(open(USER, { encryptionKey }));
      expect(error.message).toMatch(/^Encryption key must be 32 bytes \(got \d+\)\./);
    },
  );

  test.each(["f".repeat(64), new Uint8Array(32)])(
    "a key of 32 bytes is right",
    async (encryptionKey) => {
      expect(await (await open(USER, { encryptionKey })).user.count()).toBe(0);
    },
  );
});

describe("8.1 members", () => {
  test("metadata", async () => {
    const db = await open(`
      enum Role { admin member }
      model User { id Int @id  role Role  deletedAt DateTime?  @@softDelete }
      model Post { id Int @id }`);
    expect(db.$enums).toEqual({ Role: ["admin", "member"] });
    expect(db.$softDelete).toEqual({ User: true, Post: false });
    expect(db.$schema.models.map((model) => model.name)).toEqual(["User", "Post"]);
    expect(Object.keys(db.$rawDbs)).toEqual(["main"]);
    expect(db.$auth).toBeNull();
  });

  test("$config", async () => {
    const folder = folderOfTest();
    writeFileSync(folder.file("schema.lite"), USER);
    const db = await openWith({ path: folder.file("schema.lite"), db: ":memory:" });
    expect(db.$config.schemaPath).toBe(folder.file("schema.lite"));
    expect(db.$config).toHaveProperty("migrationsDir");
  });

  test("$schema has a stub of a model for every view", async () => {
    const db = await open(`${USER} view v { id Int @@sql("SELECT id FROM user") }`);
    expect(db.$schema.models.map((model) => model.name)).toEqual(["User", "v"]);
    expect(db.$schema.models[1]?.fields.map((field) => field.name)).toEqual(["id"]);
  });

  test("$schema has the model of a log, and can be given back", async () => {
    const db = await openWith({
      databases: ":memory:",
      schema: `database main { path "./a.db" } database audit { path "./a/" driver logger } ${USER}`,
    });
    const log = db.$schema.models[1];
    expect(log?.name).toBe("auditLogs");
    expect(
      log?.fields.map(({ name, type }) => `${name} ${type.name}${type.optional ? "?" : ""}`),
    ).toEqual([
      ...["operation String", "model String", "field String?", "records Json", "before Json?"],
      ...["after Json?", "actorId Int?", "actorType String?", "meta Json?", "createdAt DateTime"],
    ]);
    const parsed = { schema: db.$schema, valid: true, errors: [], warnings: [] };
    const again = await openWith({ parsed, databases: ":memory:" });
    expect(await again.user.count()).toBe(0);
  });

  test("an unknown property is told, with what there is", async () => {
    const db = await open(`${USER} model BlogPost { id Int @id }`);
    expect(thrown(() => db["usr"]).message).toBe(
      '"usr" is not a table in this schema. Tables: user, blogPost',
    );
  });

  test("what every object has is no table", async () => {
    const db = await open(USER);
    expect(db["constructor"]).toBe(Object);
    expect(typeof db.toString).toBe("function");
  });

  test("a client can be awaited and printed", async () => {
    const db = await open(USER);
    expect([db["then"], db["catch"], db["finally"], db["toJSON"]]).toEqual(
      Array(4).fill(undefined),
    );
    expect((db as any)[Symbol.iterator]).toBeUndefined();
    expect((await (async () => db)()).user).toBeDefined();
  });

  test("sql reads plain rows", async () => {
    const db = await open(USER);
    await db.user.createMany({ data: [{ name: "a" }, { name: "b", active: false }] });
    expect(await db.sql`SELECT name, active FROM user WHERE name = ${"b"}`).toEqual([
      { name: "b", active: 0 },
    ]);
    expect(await db.sql`SELECT 1 AS one WHERE 1 = ${2}`).toEqual([]);
  });

  test("$setAuth keeps one client for one user", async () => {
    const db = await open(USER);
    const user = { id: 1 };
    expect(db.$setAuth(user)).toBe(db.$setAuth(user));
    expect(db.$setAuth({ id: 1 })).not.toBe(db.$setAuth(user));
    expect(db.$setAuth(user).$auth).toBe(user);
    expect(db.asSystem()).toBe(db.asSystem());
    await db.$setAuth(user).user.create({ data: {} });
    expect(await db.asSystem().user.count()).toBe(1);
  });

  test("many clients in memory are no leak", async () => {
    const before = process.listenerCount("exit");
    for (let index = 0; index < 12; ++index) await open(USER);
    expect(process.listenerCount("exit")).toBeLessThanOrEqual(before + 1);
  });

  test("$cacheSize", async () => {
    const db = await open(USER);
    await db.user.findMany();
    expect(db["$cacheSize"]).toEqual({ read: expect.any(Number), write: expect.any(Number) });
    const several = await openWith({ schema: TWO, databases: ":memory:" });
    expect(Object.keys(several["$cacheSize"])).toEqual(["main", "stats"]);
  });

  test("$close ends it", async () => {
    const db = await createClient({ schema: USER, db: ":memory:" });
    db.$close();
    expect(await failure(Promise.resolve().then(() => db.user.count()))).toBeInstanceOf(Error);
    db.$close();
  });
});

describe("8.1 copies and states", () => {
  test("$backup of one database is a file", async () => {
    const folder = folderOfTest();
    const db = await openWith({ schema: USER, db: folder.file("app.db") });
    await db.user.create({ data: { name: "a" } });
    expect(await db.$backup(folder.file("copies/one.db"))).toEqual({
      path: folder.file("copies/one.db"),
      size: expect.any(Number),
      vacuumed: false,
    });
    expect(await db.$backup(folder.file("two.db"), { vacuum: true })).toMatchObject({
      vacuumed: true,
    });
    for (const name of ["copies/one.db", "two.db"]) {
      const copy = await openWith({ schema: USER, db: folder.file(name) });
      expect(await copy.user.findMany()).toEqual([{ id: 1, name: "a", active: true }]);
    }
  });

  test("$backup of several is a folder", async () => {
    const folder = folderOfTest();
    const db = await openWith({ schema: TWO, databases: ":memory:" });
    mkdirSync(folder.file("all"));
    const made = await db.$backup(folder.file("all"));
    expect(Object.keys(made)).toEqual(["main", "stats"]);
    expect(readdirSync(folder.file("all")).sort()).toEqual(["main.db", "stats.db"]);
  });

  test("$walStatus", async () => {
    const folder = folderOfTest();
    const db = await openWith({ schema: USER, db: folder.file("app.db") });
    await db.user.create({ data: {} });
    const one = (await db.$walStatus()) as any;
    expect(Object.keys(one).sort()).toEqual(["busy", "checkpointed", "frames"]);
    const several = await openWith({ schema: TWO, databases: ":memory:" });
    expect(Object.keys(await several.$walStatus())).toEqual(["main", "stats"]);
  });

  test("$attach and $detach", async () => {
    const folder = folderOfTest();
    const other = new RawDatabase(folder.file("other.db"));
    other.exec("CREATE TABLE t(n); INSERT INTO t VALUES (5)");
    other.close();
    const db = await openWith({ schema: USER, db: folder.file("app.db") });
    expect(db.$attached).toEqual([]);
    db.$attach(folder.file("other.db"), "archive");
    expect(db.$attached).toEqual(["archive"]);
    expect(await db.sql`SELECT n FROM archive.t`).toEqual([{ n: 5 }]);
    expect(thrown(() => db.$attach(folder.file("other.db"), "archive")).message).toMatch(
      /already attached/,
    );
    db.$detach("archive");
    expect(db.$attached).toEqual([]);
    expect(thrown(() => db.$detach("archive")).message).toMatch(/not attached/);
    expect((await failure(db.sql`SELECT n FROM archive.t`)).message).toContain("archive");
  });
});
