// litestone.md 35: migrations, in files and without.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import "../addon.js";
import {
  apply,
  autoMigrate,
  type AppliedMigrations,
  create,
  type CreatedMigration,
  createClient,
  type MigrationStatus,
  parse,
  RawDatabase,
  status,
  type Verification,
  verify,
} from "../../src/index.js";
import { folderOfTest, openWith, thrown } from "./support.js";
import { onTestFinished } from "vitest";

const V1 = "model User { id Int @id  email String @unique }";
const V2 = "model User { id Int @id  email String @unique  nick String? }";

let folder: ReturnType<typeof folderOfTest>;
let files: string;
let raw: RawDatabase;
beforeEach(() => {
  folder = folderOfTest();
  files = folder.file("migrations");
  raw = new RawDatabase(folder.file("app.db"));
  onTestFinished(() => raw.close());
});

const make = (schema: string, label?: string) =>
  create(raw, parse(schema), label, files) as CreatedMigration;
const run = async (...more: any[]) => (await apply(raw, files, ...more)) as AppliedMigrations;
const states = () => (status(raw, files) as MigrationStatus[]).map((one) => [one.file, one.state]);
const checked = (schema: string) => verify(raw, parse(schema), files) as Verification;
/** A file with that name. */
function put(name: string, text: string): void {
  mkdirSync(files, { recursive: true });
  writeFileSync(`${files}/${name}`, text);
}

describe("35.1 create", () => {
  test("writes a file with the time and the label", () => {
    const made = make(V1, "Add Users, & more!");
    expect(made.created).toBe(true);
    expect(made.name).toMatch(/^\d{14}_add_users_more\.sql$/);
    expect(made.filePath).toBe(`${files}/${made.name}`);
    expect(readdirSync(files)).toEqual([made.name]);
    const text = readFileSync(made.filePath ?? "", "utf8");
    expect(text).toMatch(
      /^-- Litestone migration\n-- Created: {3}\d{4}-\d\d-\d\dT[\d:.]+Z\n-- Changes:\n/,
    );
    expect(text).toMatch(/^-- +\+ User {2}\(new table\)$/m);
    expect(text).toContain('CREATE TABLE IF NOT EXISTS "user" (');
  });

  test("the time is that of the place", () => {
    const before = new Date();
    const { name = "" } = make(V1);
    const digits = (date: Date) =>
      [
        date.getFullYear(),
        date.getMonth() + 1,
        date.getDate(),
        date.getHours(),
        date.getMinutes(),
        date.getSeconds(),
      ]
        .map((part) => String(part).padStart(2, "0"))
        .join("");
    expect(name.slice(0, 14) >= digits(before)).toBe(true);
    expect(name.slice(0, 14) <= digits(new Date())).toBe(true);
  });

  test.each([[undefined], [""], ["!!!"]])("a label of nothing is migration: %j", (label) => {
    expect(make(V1, label).name).toMatch(/^\d{14}_migration\.sql$/);
  });

  test("nothing to do", async () => {
    make(V1);
    await run();
    expect(make(V1)).toEqual({
      created: false,
      message: "schema is already in sync — no migration needed",
    });
  });
});

describe("35.3 apply", () => {
  test("no files, all applied, some", async () => {
    expect(await run()).toEqual({ applied: [], pending: 0, message: "no migration files found" });
    const { name } = make(V1);
    expect(await run()).toEqual({
      applied: [{ file: name, ok: true, elapsed: expect.stringMatching(/^\d+$/) }],
      pending: 1,
    });
    expect(await run()).toEqual({
      applied: [],
      pending: 0,
      message: "✓ all migrations already applied",
    });
  });

  test("is kept in a table", async () => {
    const { name, filePath } = make(V1);
    await run();
    const sum = createHash("sha256")
      .update(readFileSync(filePath ?? ""))
      .digest("hex")
      .slice(0, 16);
    expect(raw.all("SELECT * FROM _litestone_migrations")).toEqual([
      { id: 1, name, applied_at: expect.stringMatching(/^\d{4}-/), checksum: sum },
    ]);
  });

  test("only files with such names, in their order", async () => {
    put("20250101000002_b.sql", "INSERT INTO t VALUES (2);");
    put("20250101000001_a.sql", "CREATE TABLE t(n); INSERT INTO t VALUES (1);");
    put("20250101000003_with-hyphen.sql", "INSERT INTO t VALUES (3);");
    put("readme.sql", "nonsense");
    put("20250101_short.sql", "nonsense");
    put("20250101000004_x.txt", "nonsense");
    expect((await run()).applied.map((one) => one.file)).toEqual([
      "20250101000001_a.sql",
      "20250101000002_b.sql",
      "20250101000003_with-hyphen.sql",
    ]);
    expect(raw.all("SELECT n FROM t").map((row) => row["n"])).toEqual([1, 2, 3]);
  });

  test("statements end where SQL says so", async () => {
    put(
      "20250101000001_a.sql",
      `-- a comment; with a semicolon
      CREATE TABLE t(s TEXT, n INTEGER DEFAULT 0);
      /* and; another */ INSERT INTO t(s) VALUES ('a;b'), ('it''s; -- no comment');
      CREATE TRIGGER tr AFTER INSERT ON t BEGIN
        UPDATE t SET n = CASE WHEN n = 0 THEN 1 ELSE 2 END;
        UPDATE t SET n = n + 1;
      END;
      INSERT INTO t(s) VALUES ("x")`.replace('("x")', "('x')"),
    );
    expect((await run()).applied[0]?.ok).toBe(true);
    expect(raw.all("SELECT s FROM t").map((row) => row["s"])).toEqual([
      "a;b",
      "it's; -- no comment",
      "x",
    ]);
  });

  test("a failure stops, and says what", async () => {
    put("20250101000001_a.sql", "CREATE TABLE t(n);");
    put("20250101000002_b.sql", "INSERT INTO ghost VALUES (1);");
    put("20250101000003_c.sql", "DROP TABLE t;");
    const outcome = await run();
    expect(outcome).toMatchObject({
      applied: [
        { file: "20250101000001_a.sql", ok: true },
        { file: "20250101000002_b.sql", ok: false, error: expect.stringContaining("ghost") },
      ],
      failed: "20250101000002_b.sql",
      error: expect.stringContaining("ghost"),
    });
    expect(states().map((one) => one[1])).toEqual(["applied", "pending", "pending"]);
  });

  test("a file that fails has done nothing", async () => {
    put("20250101000001_a.sql", "CREATE TABLE t(n); INSERT INTO ghost VALUES (1);");
    expect((await run()).applied[0]?.ok).toBe(false);
    expect(raw.all("SELECT name FROM sqlite_master WHERE name = 't'")).toEqual([]);
  });

  test("SQL has run when the call returns", () => {
    make(V1);
    const applying = apply(raw, files);
    expect(raw.all("SELECT count(*) AS n FROM user")).toEqual([{ n: 0 }]);
    return applying;
  });

  test("JavaScript gets the client, in a transaction", async () => {
    raw.close();
    const db = await openWith({ schema: V2, db: folder.file("app.db") });
    await db.user.createMany({ data: [{ email: "ada@x" }, { email: "lin@x" }] });
    put(
      "20250101000001_up.js",
      `exports.up = async (db) => {
        for (const user of await db.user.findMany({ where: { nick: null } }))
          await db.user.update({ where: { id: user.id }, data: { nick: user.email.split("@")[0] } });
      };`,
    );
    put(
      "20250101000002_default.js",
      "module.exports = async (db) => { await db.user.create({ data: { email: 'eve@x' } }); };",
    );
    put(
      "20250101000003_throws.js",
      "exports.up = async (db) => { await db.user.deleteMany(); throw new Error('stop'); };",
    );
    const outcome = (await apply(db, files)) as AppliedMigrations;
    expect(outcome.applied.map((one) => one.ok)).toEqual([true, true, false]);
    expect(outcome.applied[2]?.error).toContain("stop");
    expect(
      (await db.user.findMany({ orderBy: { id: "asc" } })).map((row: any) => row.nick),
    ).toEqual(["ada", "lin", null]);
    expect(db.$db.all("SELECT checksum FROM _litestone_migrations")).toEqual([
      { checksum: "js-migration" },
      { checksum: "js-migration" },
    ]);
    raw = new RawDatabase(folder.file("other.db"));
  });

  test("JavaScript needs a client, and a function", async () => {
    put("20250101000001_a.js", "exports.up = async () => {};");
    expect((await run()).error).toContain("client");
    raw.close();
    const db = await openWith({ schema: V1, db: folder.file("app.db") });
    put("20250101000001_a.js", "exports.down = async () => {};");
    expect(((await apply(db, files)) as AppliedMigrations).error).toContain("up");
    raw = new RawDatabase(folder.file("other.db"));
  });
});

describe("35.4 status", () => {
  test("applied, pending, modified, orphaned", async () => {
    put("20250101000001_a.sql", "CREATE TABLE a(n);");
    put("20250101000002_b.sql", "CREATE TABLE b(n);");
    put("20250101000003_c.sql", "CREATE TABLE c(n);");
    await run();
    put("20250101000002_b.sql", "CREATE TABLE b(n, m);");
    put("20250101000004_d.sql", "CREATE TABLE d(n);");
    const { rmSync } = await import("node:fs");
    rmSync(`${files}/20250101000001_a.sql`);
    const rows = status(raw, files) as MigrationStatus[];
    expect(rows).toEqual([
      {
        file: "20250101000002_b.sql",
        state: "modified",
        applied_at: expect.any(String),
        tampered: true,
        sql: "CREATE TABLE b(n, m);",
      },
      {
        file: "20250101000003_c.sql",
        state: "applied",
        applied_at: expect.any(String),
        tampered: false,
        sql: "CREATE TABLE c(n);",
      },
      {
        file: "20250101000004_d.sql",
        state: "pending",
        applied_at: null,
        tampered: false,
        sql: "CREATE TABLE d(n);",
      },
      {
        file: "20250101000001_a.sql",
        state: "orphaned",
        applied_at: expect.any(String),
        tampered: false,
        sql: null,
      },
    ]);
    // 0.1: files that were changed do not block those that wait.
    expect((await run()).applied.map((one) => one.file)).toEqual(["20250101000004_d.sql"]);
  });

  test("JavaScript has no sql, and is never modified", async () => {
    raw.close();
    const db = await openWith({ schema: V1, db: folder.file("app.db") });
    put("20250101000001_a.js", "exports.up = async () => {};");
    await apply(db, files);
    put("20250101000001_a.js", "exports.up = async () => { /* changed */ };");
    expect(status(db, files)).toMatchObject([{ state: "applied", tampered: false, sql: null }]);
    raw = new RawDatabase(folder.file("other.db"));
  });
});

describe("35.5 verify", () => {
  test("in sync, pending, drift", async () => {
    make(V1, "first");
    expect(checked(V1)).toMatchObject({
      state: "pending",
      message: "1 migration not yet applied",
      pending: [expect.stringMatching(/_first\.sql$/)],
    });
    await run();
    expect(checked(V1)).toEqual({ state: "in-sync", message: "✓ schema is in sync" });
    const drift = checked(V2);
    expect(drift).toMatchObject({
      state: "drift",
      message: "⚠  live db has drifted from schema.lite",
    });
    expect(drift.diff).toBeTruthy();
  });

  test.each([
    [
      "soft delete",
      "model A { id Int @id  s String  deletedAt DateTime?  @@softDelete @@index([s]) @@fts([s]) }",
    ],
    ["search", "model A { id Int @id  s String  @@fts([s]) }"],
    ["updatedAt", "model A { id Int @id  updatedAt DateTime @updatedAt }"],
    ["join tables", "model A { id Int @id  bs B[] }  model B { id Int @id  as A[] }"],
    [
      "functions",
      'function f(a: String): String { @@expr("lower({a})") }  model A { id Int @id  s String  t String @f(s) }',
    ],
    [
      "views",
      'model A { id Int @id  n Int }  view v { n Int @@sql("SELECT n FROM a") }  view w { n Int @@sql("SELECT n FROM a") @@materialized @@refreshOn([A]) }',
    ],
    ["sequences", "model A { id Int @id  t Int  n Int @sequence(scope: t) }"],
    [
      "defaults",
      'enum E { x y }  model A { id String @id @default(uuid())  e E @default(x)  d DateTime @default(now())  s String @default("it\'s")  b Boolean @default(true)  l String[] }',
    ],
  ])("what a migration makes is in sync: %s", async (_, schema) => {
    expect(make(schema).created).toBe(true);
    expect((await run()).applied.map((one) => one.error)).toEqual([undefined]);
    expect(checked(schema)).toEqual({ state: "in-sync", message: "✓ schema is in sync" });
    expect(make(schema).created).toBe(false);
  });
});

describe("35.8 changes", () => {
  /** From one schema to the next with rows in between. */
  const change = async (before: string, rows: string, after: string) => {
    make(before, "before");
    await run();
    if (rows !== "") raw.exec(rows);
    await new Promise((resolve) => setTimeout(resolve, 1));
    const made = make(after, "zz_after");
    const outcome = await run();
    expect(outcome.applied.map((one) => one.error)).toEqual([undefined]);
    expect(checked(after).state).toBe("in-sync");
    return made;
  };
  const T = (fields: string) => `model T { id Int @id  ${fields} }`;

  test("a statement frame of its own", async () => {
    const { sql = "" } = make(V1);
    const lines = sql.split("\n").filter((line) => line !== "" && !line.startsWith("--"));
    expect(lines.slice(0, 2)).toEqual(["PRAGMA foreign_keys = OFF;", "BEGIN;"]);
    expect(lines.slice(-2)).toEqual(["COMMIT;", "PRAGMA foreign_keys = ON;"]);
  });

  test("a new column that may be null is added", async () => {
    const { sql } = await change(T("a Int"), "INSERT INTO t(a) VALUES (1)", T("a Int  b String?"));
    expect(sql).toMatch(/ALTER TABLE "t" ADD COLUMN "b" TEXT/);
    expect(raw.all("SELECT * FROM t")).toEqual([{ id: 1, a: 1, b: null }]);
  });

  test("a new column with a default is added", async () => {
    const { sql } = await change(
      T("a Int"),
      "INSERT INTO t(a) VALUES (1)",
      T("a Int  b Int @default(5)"),
    );
    expect(sql).toContain('ADD COLUMN "b" INTEGER NOT NULL DEFAULT 5');
    expect(raw.all("SELECT b FROM t")).toEqual([{ b: 5 }]);
  });

  test("a default that SQLite cannot add is a rebuild", async () => {
    const { sql } = await change(
      T("a Int"),
      "INSERT INTO t(a) VALUES (1)",
      T("a Int  at DateTime @default(now())"),
    );
    expect(sql).toContain('"t__new"');
    expect(raw.all("SELECT a, at LIKE '20%Z' AS dated FROM t")).toEqual([{ a: 1, dated: 1 }]);
  });

  test("a required column without a default is blocked", async () => {
    make(T("a Int"));
    await run();
    raw.exec("INSERT INTO t(a) VALUES (1)");
    const { sql = "", summary = "" } = make(T("a Int  b Int"), "zz");
    expect(sql).toMatch(/-- .*"b".*-- BLOCKED$/m);
    expect(summary).toContain("⚠ NOT NULL no default");
  });

  test("dropped and changed columns are a rebuild that keeps the rest", async () => {
    const { sql } = await change(
      T("a Int  b String  gone Int?"),
      "INSERT INTO t(a, b, gone) VALUES (1, 'x', 9), (2, 'y', NULL)",
      T('a Int?  b String @default("z")'),
    );
    expect(sql).toContain('CREATE TABLE "t__new"');
    expect(sql).toMatch(
      /INSERT INTO "t__new" \("id", "a", "b"\)\s+SELECT "id", "a", "b"\s+FROM "t"/,
    );
    expect(raw.all("SELECT * FROM t")).toEqual([
      { id: 1, a: 1, b: "x" },
      { id: 2, a: 2, b: "y" },
    ]);
  });

  test("a rebuild keeps triggers, search and children", async () => {
    const schema = (more: string) => `
      model P { id Int @id  s String  ${more}  updatedAt DateTime @updatedAt  cs C[]  deletedAt DateTime?  @@softDelete @@fts([s]) }
      model C { id Int @id  p P @relation(fields: [pId], references: [id], onDelete: Cascade)  pId Int }`;
    await change(
      schema("n Int"),
      "INSERT INTO p(s, n) VALUES ('red hat', 1); INSERT INTO c(pId) VALUES (1)",
      schema(""),
    );
    expect(raw.all("SELECT pId FROM c")).toEqual([{ pId: 1 }]);
    expect(raw.all("SELECT rowid AS id FROM p_fts WHERE p_fts MATCH 'red'")).toEqual([{ id: 1 }]);
    raw.exec("UPDATE p SET s = 'blue' WHERE id = 1");
    expect(raw.all("SELECT rowid AS id FROM p_fts WHERE p_fts MATCH 'blue'")).toEqual([{ id: 1 }]);
  });

  test.each([
    ["a new index", "a Int", "a Int  @@index([a])"],
    ["an index less", "a Int  @@index([a])", "a Int"],
    ["unique", "a Int", "a Int @unique"],
    ["unique no more", "a Int @unique", "a Int"],
    ["a check", "a Int", 'a Int @check("a > 0")'],
    ["no strict", "a Int", "a Int  @@noStrict"],
    ["search", "s String", "s String  @@fts([s])"],
    ["search no more", "s String  @@fts([s])", "s String"],
    ["soft delete", "a Int  @@index([a])", "a Int  deletedAt DateTime?  @@softDelete @@index([a])"],
    ["a stamp", "updatedAt DateTime?", "updatedAt DateTime @updatedAt"],
  ])("%s", async (_, before, after) => {
    await change(T(before), "", T(after));
  });

  test("an enum's values", async () => {
    await change(
      `enum E { a b }\n${T("e E")}`,
      "INSERT INTO t(e) VALUES ('a')",
      `enum E { a b c }\n${T("e E")}`,
    );
    raw.exec("INSERT INTO t(e) VALUES ('c')");
  });

  test("a foreign key", async () => {
    const schema = (action: string) => `
      model P { id Int @id  cs C[] }
      model C { id Int @id  p P? @relation(fields: [pId], references: [id]${action})  pId Int? }`;
    const { summary } = await change(
      schema(""),
      "INSERT INTO p DEFAULT VALUES; INSERT INTO c(pId) VALUES (1)",
      schema(", onDelete: Cascade"),
    );
    expect(summary).toContain("foreign keys changed");
    raw.exec("PRAGMA foreign_keys = ON; DELETE FROM p");
    expect(raw.all("SELECT * FROM c")).toEqual([]);
  });

  test("a table that the schema has no more is only mentioned", async () => {
    make(`${V1} model Old { id Int @id }`);
    await run();
    const { sql, summary } = make(V1, "zz");
    expect(sql).toContain('-- DROP TABLE IF EXISTS "old";');
    expect(summary).toMatch(/^ {2}\? old {2}\(in db, not in schema\)$/m);
    await run();
    expect(raw.all("SELECT name FROM sqlite_master WHERE name = 'old'")).toHaveLength(1);
  });

  test("a view", async () => {
    const schema = (text: string) => `${T("a Int")} view v { a Int @@sql("${text}") }`;
    await change(
      schema("SELECT a FROM t"),
      "INSERT INTO t(a) VALUES (4)",
      schema("SELECT a + 1 AS a FROM t"),
    );
    expect(raw.all("SELECT a FROM v")).toEqual([{ a: 5 }]);
  });
});

describe("35.11 summary", () => {
  const summaryOf = async (before: string, after: string) => {
    make(before);
    await run();
    return make(after, "zz").summary ?? "";
  };

  test("new tables have the names of their models", () => {
    expect(make(V1).summary?.split("\n")).toEqual(["  + User  (new table)"]);
  });

  test("added columns and indexes", async () => {
    const text = await summaryOf(
      V1,
      "model User { id Int @id  email String @unique  nick String?  @@index([nick]) }",
    );
    expect(text.split("\n")).toEqual([
      "  ~ user  [alter]",
      "      + col  nick TEXT",
      "      + idx  (nick)",
    ]);
  });

  test("dropped and changed columns", async () => {
    const text = await summaryOf(
      "model User { id Int @id  age Int?  x Int  @@index([age]) }",
      "model User { id Int @id  age Int  @@noStrict }",
    );
    const lines = text.split("\n");
    expect(lines[0]).toBe("  ~ user  [rebuild]");
    expect(lines).toContain("      - col  x");
    expect(lines).toContain("      ~ col  age  notnull: false → true");
    expect(lines).toContain("      ~ strict mode changed");
    expect(lines).toContain("      - idx  idx_user_age");
  });
});

describe("35.6 autoMigrate", () => {
  test("in sync, migrated, skipped", async () => {
    raw.close();
    const db = await openWith({ schema: V1, db: folder.file("app.db") });
    await db.user.create({ data: { email: "a" } });
    expect(autoMigrate(db)).toEqual({ main: { state: "in-sync", applied: 0 } });
    db.$close();
    const next = await openWith({ schema: V2, db: folder.file("app.db") });
    const done = autoMigrate(next);
    expect(done).toEqual({
      main: {
        state: "migrated",
        applied: expect.any(Number),
        sql: expect.stringContaining('"nick"'),
      },
    });
    expect(await next.user.findMany()).toEqual([{ id: 1, email: "a", nick: null }]);
    raw = new RawDatabase(folder.file("other.db"));
  });

  test("to another schema than the client's", async () => {
    raw.close();
    const db = await openWith({ schema: V1, db: folder.file("app.db") });
    expect(autoMigrate(db, parse(V2)).main?.state).toBe("migrated");
    expect(await db.sql`SELECT name FROM pragma_table_info('user')`).toHaveLength(3);
    raw = new RawDatabase(folder.file("other.db"));
  });
});

describe("35.10 several databases", () => {
  const TWO = (more = "") => `
    database main { path "./app.db" }
    database stats { path "./stats.db" }
    model User { id Int @id ${more} }
    model Hit { id Int @id ${more}  @@db(stats) }`;

  test("have folders and answers of their own", async () => {
    const at = { main: { path: folder.file("m.db") }, stats: { path: folder.file("s.db") } };
    const first = await createClient({ schema: TWO(), databases: at });
    first.$close();
    const db = await openWith({ schema: TWO("n Int?"), databases: at });
    const made = create(db, parse(TWO("n Int?")), "more", files) as Record<
      string,
      CreatedMigration
    >;
    expect(Object.keys(made)).toEqual(["main", "stats"]);
    expect(readdirSync(`${files}/stats`)).toEqual([made["stats"]?.name]);
    const drift = verify(db, parse(TWO("n Int?")), files) as Record<string, Verification>;
    expect(drift["stats"]).toMatchObject({
      state: "pending",
      message: "stats: 1 migration not yet applied",
    });
    const outcome = (await apply(db, files)) as Record<string, AppliedMigrations>;
    expect(outcome["stats"]?.applied).toHaveLength(1);
    expect(await db.hit.create({ data: { n: 4 } })).toEqual({ id: 1, n: 4 });
    const after = verify(db, parse(TWO("n Int?")), files) as Record<string, Verification>;
    expect(after["main"]?.message).toBe("main: ✓ schema is in sync");
  });
});

test("0.1 two-word names, foreign keys and pluralize go through migrations", async () => {
  const schema = parse(`
    model BlogPost { id Int @id  notes Note[] }
    model Note { id Int @id  post BlogPost @relation(fields: [postId], references: [id])  postId Int }`);
  const made = create(raw, schema, "x", files, { pluralize: true }) as CreatedMigration;
  expect(made.sql).toContain('REFERENCES "blog_posts" ("id")');
  await run();
  expect(verify(raw, schema, files, { pluralize: true })).toMatchObject({ state: "in-sync" });
  expect(thrown(() => raw.exec("SELECT * FROM blog_post")).message).toContain("no such table");
});
