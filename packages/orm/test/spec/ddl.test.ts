// litestone.md 6: the tables of a schema, to the letter.
import { describe, expect, test } from "vitest";
import "../addon.js";
import { create, type CreatedMigration, parse, RawDatabase } from "../../src/index.js";
import {
  failure,
  folderOfTest,
  objectsOf,
  open,
  openWith,
  rowsOf,
  sqlOf,
  thrown,
} from "./support.js";

/** The statements for a schema, as a migration of an empty database has them. */
function statementsOf(schema: string): string {
  const raw = new RawDatabase(":memory:");
  try {
    const made = create(raw, parse(schema), "x", folderOfTest().path, { isDryRun: true });
    return (made as CreatedMigration).sql ?? "";
  } finally {
    raw.close();
  }
}

/** The lines of a table between its parentheses, without commas. */
async function linesOf(schema: string, table: string, options = {}): Promise<string[]> {
  const db = await open(schema, options);
  const text = sqlOf(db, table) ?? "";
  expect(text.startsWith(`CREATE TABLE "${table}" (\n`)).toBe(true);
  return text
    .split("\n")
    .slice(1, -1)
    .map((line) => line.replace(/^ {2}/, "").replace(/,$/, ""));
}

const columnOf = async (declaration: string, more = ""): Promise<string | undefined> =>
  (await linesOf(`${more} model T { id Int @id  ${declaration} }`, "t"))[1];

describe("6.10 the example", () => {
  test("is this text", async () => {
    const schema = `
      model Team { id Int @id
        name String @unique
        size Int @default(1)
        deletedAt DateTime?
        @@softDelete
        @@index([size]) }`;
    const table = `"team" (
  "id" INTEGER NOT NULL PRIMARY KEY,
  "name" TEXT NOT NULL UNIQUE,
  "size" INTEGER NOT NULL DEFAULT 1,
  "deletedAt" TEXT
) STRICT`;
    const text = statementsOf(schema);
    expect(text).toContain(`CREATE TABLE IF NOT EXISTS ${table};`);
    expect(text).toContain(
      `CREATE INDEX IF NOT EXISTS "idx_team_size" ON "team" ("size") WHERE "deletedAt" IS NULL;`,
    );
    expect(text).toContain(
      `CREATE INDEX IF NOT EXISTS "idx_team_deletedAt" ON "team" ("deletedAt") WHERE "deletedAt" IS NULL;`,
    );
    const db = await open(schema);
    expect(sqlOf(db, "team")).toBe(`CREATE TABLE ${table}`);
    expect(objectsOf(db).filter((name) => name.includes("team"))).toEqual([
      "idx_team_deletedAt",
      "idx_team_size",
      "team",
    ]);
  });
});

describe("6.1 columns", () => {
  test.each([
    ["s String", '"s" TEXT NOT NULL'],
    ["s String?", '"s" TEXT'],
    ["n Int @unique", '"n" INTEGER NOT NULL UNIQUE'],
    ["n Int? @unique @default(3)", '"n" INTEGER UNIQUE DEFAULT 3'],
    ["f Float", '"f" REAL NOT NULL'],
    ["b Bytes", '"b" BLOB NOT NULL'],
    ["j Json", '"j" TEXT NOT NULL'],
    ["b Boolean @default(true)", '"b" INTEGER NOT NULL DEFAULT 1'],
    ["b Boolean @default(false)", '"b" INTEGER NOT NULL DEFAULT 0'],
    ['s String @default("it\'s")', "\"s\" TEXT NOT NULL DEFAULT 'it''s'"],
    [
      "d DateTime @default(now())",
      `"d" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))`,
    ],
    ["d DateTime @updatedAt", `"d" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))`],
    [
      "s String[]",
      `"s" TEXT NOT NULL DEFAULT '[]' CHECK (json_valid("s") AND json_type("s") = 'array')`,
    ],
    [
      "s String[]?",
      `"s" TEXT NOT NULL DEFAULT '[]' CHECK (json_valid("s") AND json_type("s") = 'array')`,
    ],
    ['n Int @generated("{id} * 2")', '"n" INTEGER GENERATED ALWAYS AS ("id" * 2) VIRTUAL'],
    ['n Int @generated("{id} * 2", stored)', '"n" INTEGER GENERATED ALWAYS AS ("id" * 2) STORED'],
    ['n Int @check("n > 0")', '"n" INTEGER NOT NULL CHECK (n > 0)'],
  ])("%s", async (declaration, column) => {
    expect(await columnOf(declaration)).toBe(column);
  });

  test("uuid() is an expression of SQLite", async () => {
    expect(await columnOf("u String @default(uuid())")).toMatch(
      /^"u" TEXT NOT NULL DEFAULT \(lower\(hex\(randomblob\(4\)\)\) \|\| '-' \|\| .*\)$/,
    );
  });

  test("a function is always stored, its parameters become columns", async () => {
    const up = 'function up(text: String): String { @@expr("upper({text})") }';
    expect(await columnOf("s String @up(t)  t String", up)).toBe(
      '"s" TEXT GENERATED ALWAYS AS (upper("t")) STORED',
    );
  });

  test("relations, @computed, @from and the lists of many-to-many are no columns", async () => {
    const lines = await linesOf(
      `model A { id Int @id  bs B[]  c String @computed  n Int @from(C, count: true)  cs C[] }
       model B { id Int @id  as A[] }
       model C { id Int @id  a A @relation(fields: [aId], references: [id])  aId Int }`,
      "a",
      { computed: { A: { c: () => "" } } },
    );
    expect(lines).toEqual(['"id" INTEGER NOT NULL PRIMARY KEY']);
  });

  test("a text key is an ordinary one", async () => {
    expect((await linesOf("model T { id String @id  n Int }", "t"))[0]).toBe(
      '"id" TEXT NOT NULL PRIMARY KEY',
    );
  });
});

describe("6.2 constraints of tables", () => {
  const schema = `
    enum Role { admin member }
    model Team { id Int @id  users User[] }
    model User {
      id Int @id
      role Role
      other Role?
      a Int
      b Int
      team Team @relation(fields: [teamId], references: [id], onDelete: Cascade)
      teamId Int
      friend User? @relation(fields: [friendId], references: [id], onDelete: SetNull, onUpdate: Cascade)
      friendId Int?
      @@unique([a, b])
    }`;

  test("stand after the columns: enums, unique, foreign keys", async () => {
    expect((await linesOf(schema, "user")).slice(7)).toEqual([
      `CHECK ("role" IN ('admin', 'member'))`,
      `CHECK ("other" IN ('admin', 'member'))`,
      'UNIQUE ("a", "b")',
      'FOREIGN KEY ("teamId") REFERENCES "team" ("id") ON DELETE CASCADE',
      'FOREIGN KEY ("friendId") REFERENCES "user" ("id") ON DELETE SET NULL ON UPDATE CASCADE',
    ]);
  });

  test.each([
    ["Cascade", "CASCADE"],
    ["SetNull", "SET NULL"],
    ["Restrict", "RESTRICT"],
    ["NoAction", "NO ACTION"],
  ])("onDelete: %s", async (action, words) => {
    const db = await open(`model A { id Int @id  bs B[] }
      model B { id Int @id  a A? @relation(fields: [aId], references: [id], onDelete: ${action})  aId Int? }`);
    expect(sqlOf(db, "b")).toContain(
      `FOREIGN KEY ("aId") REFERENCES "a" ("id") ON DELETE ${words}\n`,
    );
  });

  test("a foreign key names the table of a model of two words (0.1)", async () => {
    const db = await open(`
      model BlogPost { id Int @id  notes Note[] }
      model Note { id Int @id  post BlogPost @relation(fields: [postId], references: [id])  postId Int }`);
    expect(sqlOf(db, "note")).toContain('REFERENCES "blog_post" ("id")');
    await db.blogPost.create({ data: { notes: { create: {} } } });
    expect(await db.note.count()).toBe(1);
  });

  test("two @id fields are one composite key (0.1)", async () => {
    const lines = await linesOf("enum E { x } model T { a Int @id  b String @id  e E }", "t");
    expect(lines).toEqual([
      '"a" INTEGER NOT NULL',
      '"b" TEXT NOT NULL',
      '"e" TEXT NOT NULL',
      `CHECK ("e" IN ('x'))`,
      'PRIMARY KEY ("a", "b")',
    ]);
  });

  test("null passes the check of an optional enum, another word does not", async () => {
    const db = await open("enum E { x }  model T { id Int @id  e E? }");
    db.$db.run("INSERT INTO t(e) VALUES (NULL)");
    expect(() => db.$db.run("INSERT INTO t(e) VALUES ('y')")).toThrow(/CHECK constraint failed/);
  });
});

describe("6.3 STRICT", () => {
  test("unless @@noStrict", async () => {
    const db = await open("model A { id Int @id }  model B { id Int @id  @@noStrict }");
    expect(sqlOf(db, "a")).toMatch(/\n\) STRICT$/);
    expect(sqlOf(db, "b")).toMatch(/\n\)$/);
  });
});

describe("6.4 keys", () => {
  test("the number of a deleted last row comes again", async () => {
    const db = await open("model T { id Int @id }");
    await db.t.createMany({ data: [{}, {}] });
    await db.t.delete({ where: { id: 2 } });
    expect((await db.t.create({ data: {} })).id).toBe(2);
  });
});

describe("6.5 indexes", () => {
  test("of ordinary models are whole", async () => {
    const db = await open("model BlogPost { id Int @id  a Int  b Int  @@index([a, b]) }");
    expect(sqlOf(db, "idx_blog_post_a_b")).toBe(
      'CREATE INDEX "idx_blog_post_a_b" ON "blog_post" ("a", "b")',
    );
  });

  test("of soft-delete models leave out what is deleted", async () => {
    const db = await open(
      "model T { id Int @id  a Int  deletedAt DateTime?  @@softDelete @@index([a]) }",
    );
    expect(sqlOf(db, "idx_t_a")).toBe(
      'CREATE INDEX "idx_t_a" ON "t" ("a") WHERE "deletedAt" IS NULL',
    );
    expect(sqlOf(db, "idx_t_deletedAt")).toBe(
      'CREATE INDEX "idx_t_deletedAt" ON "t" ("deletedAt") WHERE "deletedAt" IS NULL',
    );
  });

  test("a deleted row keeps its unique value", async () => {
    const db = await open(
      "model T { id Int @id  name String @unique  deletedAt DateTime?  @@softDelete }",
    );
    await db.t.create({ data: { name: "x" } });
    await db.t.remove({ where: { id: 1 } });
    expect((await failure(db.t.create({ data: { name: "x" } }))).code).toBe(
      "SQLITE_CONSTRAINT_UNIQUE",
    );
  });
});

describe("6.6 search tables", () => {
  const SOFT =
    "model Note { id Int @id  a String  b String?  deletedAt DateTime?  @@softDelete @@fts([a, b]) }";
  const found = (db: any, word: string) =>
    rowsOf(db, "SELECT rowid AS id FROM note_fts WHERE note_fts MATCH ?", word).map(
      (row) => row.id,
    );
  const isConsistent = (db: any) =>
    db.$db.run("INSERT INTO note_fts(note_fts, rank) VALUES ('integrity-check', 1)");

  test("have this text and these triggers", async () => {
    const db = await open(SOFT);
    expect(sqlOf(db, "note_fts")?.replace(/\s+/g, " ")).toMatch(
      /^CREATE VIRTUAL TABLE "note_fts" USING fts5\( ?"?a"?, "?b"?, content="note", content_rowid="id" ?\)$/,
    );
    const triggers = rowsOf(
      db,
      "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name",
    );
    expect(triggers.map((row) => row.name)).toEqual([
      "note_fts_delete",
      "note_fts_insert",
      "note_fts_restore",
      "note_fts_soft_delete",
      "note_fts_update",
    ]);
  });

  test("of other models have three triggers", async () => {
    const db = await open("model Note { id Int @id  a String  @@fts([a]) }");
    expect(
      objectsOf(db).filter((name) => /^note_fts_(insert|delete|update|soft|restore)/.test(name)),
    ).toEqual(["note_fts_delete", "note_fts_insert", "note_fts_update"]);
  });

  test("follow every write", async () => {
    const db = await open(SOFT);
    await db.note.create({ data: { a: "red" } });
    expect(found(db, "red")).toEqual([1]);
    await db.note.update({ where: { id: 1 }, data: { a: "blue" } });
    expect([found(db, "red"), found(db, "blue")]).toEqual([[], [1]]);
    await db.note.remove({ where: { id: 1 } });
    expect(found(db, "blue")).toEqual([]);
    await db.note.restore({ where: { id: 1 } });
    expect(found(db, "blue")).toEqual([1]);
    await db.note.delete({ where: { id: 1 } });
    expect(found(db, "blue")).toEqual([]);
    isConsistent(db);
  });

  test("know a deleted row that is changed or deleted for good only once", async () => {
    const db = await open(SOFT);
    await db.note.createMany({ data: [{ a: "red" }, { a: "red" }] });
    await db.note.remove({ where: { id: 1 } });
    db.$db.run("UPDATE note SET a = 'green' WHERE id = 1");
    expect([found(db, "red"), found(db, "green")]).toEqual([[2], []]);
    await db.note.delete({ where: { id: 1 } });
    expect(found(db, "red")).toEqual([2]);
    await db.note.remove({ where: { id: 2 } });
    await db.note.restore({ where: { id: 2 } });
    expect(found(db, "red")).toEqual([2]);
  });
});

describe("6.7 updatedAt", () => {
  const old = "2020-01-01T00:00:00.000Z";

  test("a trigger stamps it, after the row was returned", async () => {
    const db = await open("model T { id Int @id  n Int  updatedAt DateTime @updatedAt }");
    expect(sqlOf(db, "t_updatedAt")).toMatch(
      /AFTER UPDATE[\s\S]*WHEN NEW\."updatedAt" = OLD\."updatedAt"/,
    );
    expect(sqlOf(db, "t_updatedAt")).toContain("strftime('%Y-%m-%dT%H:%M:%fZ','now')");
    await db.t.create({ data: { n: 1, updatedAt: old } });
    expect((await db.t.update({ where: { id: 1 }, data: { n: 2 } })).updatedAt).toBe(old);
    expect((await db.t.findFirst()).updatedAt > old).toBe(true);
  });

  test("also without the attribute, and not if it is given", async () => {
    const db = await open("model T { id Int @id  n Int  updatedAt DateTime @default(now()) }");
    await db.t.create({ data: { n: 1, updatedAt: old } });
    await db.t.update({ where: { id: 1 }, data: { n: 2 } });
    expect((await db.t.findFirst()).updatedAt > old).toBe(true);
    const given = "2021-01-01T00:00:00.000Z";
    await db.t.update({ where: { id: 1 }, data: { updatedAt: given } });
    expect((await db.t.findFirst()).updatedAt).toBe(given);
  });

  test("a field of another name is stamped on update", async () => {
    const db = await open("model T { id Int @id  n Int  touched DateTime @updatedAt }");
    await db.t.create({ data: { n: 1, touched: old } });
    await db.t.update({ where: { id: 1 }, data: { n: 2 } });
    expect((await db.t.findFirst()).touched > old).toBe(true);
  });
});

describe("6.8 many-to-many", () => {
  test("a join table of the two names", async () => {
    const db = await open(`
      model tags { id Int @id  posts posts[] }
      model posts { id Int @id  tags tags[] }`);
    expect(
      sqlOf(db, "_posts_tags")
        ?.split("\n")
        .map((line) => line.trim()),
    ).toEqual([
      'CREATE TABLE "_posts_tags" (',
      '"postsId" INTEGER NOT NULL REFERENCES "posts" ("id") ON DELETE CASCADE,',
      '"tagsId" INTEGER NOT NULL REFERENCES "tags" ("id") ON DELETE CASCADE,',
      'PRIMARY KEY ("postsId", "tagsId")',
      ") STRICT",
    ]);
    expect(sqlOf(db, "_posts_tags_tagsId_idx")).toBe(
      'CREATE INDEX "_posts_tags_tagsId_idx" ON "_posts_tags" ("tagsId")',
    );
  });

  test("names of two words", async () => {
    const db = await open(`
      model BlogPost { id Int @id  marks BookMark[] }
      model BookMark { id Int @id  posts BlogPost[] }`);
    expect(sqlOf(db, "_blogpost_bookmark")).toContain('"blogPostId"');
    expect(sqlOf(db, "_blogpost_bookmark")).toContain('REFERENCES "book_mark" ("id")');
  });
});

describe("6.9 views", () => {
  const schema = `
    model Sale { id Int @id  shop String  total Float }
    view shopTotals { shop String  total Float
      @@sql("SELECT shop, sum(total) AS total FROM sale GROUP BY shop") }
    view kept { shop String  total Float
      @@sql("SELECT shop, sum(total) AS total FROM sale GROUP BY shop")
      @@materialized @@refreshOn([Sale]) }`;

  test("are views, or tables with triggers", async () => {
    const db = await open(schema);
    const types = rowsOf(db, "SELECT name, type, sql FROM sqlite_master WHERE sql NOT NULL");
    const typeOf = (name: string) => types.find((row) => row.name === name)?.type;
    expect(typeOf("kept")).toBe("table");
    expect(types.filter((row) => row.type === "view")).toHaveLength(1);
    expect(
      ["insert", "update", "delete"].map((event) => typeOf(`kept_refresh_on_Sale_${event}`)),
    ).toEqual(["trigger", "trigger", "trigger"]);
    await db.sale.createMany({
      data: [
        { shop: "a", total: 1 },
        { shop: "a", total: 2 },
        { shop: "b", total: 5 },
      ],
    });
    const expected = [
      { shop: "a", total: 3 },
      { shop: "b", total: 5 },
    ];
    expect(await db.shopTotals.findMany({ orderBy: { shop: "asc" } })).toEqual(expected);
    expect(await db.kept.findMany({ orderBy: { shop: "asc" } })).toEqual(expected);
    await db.sale.deleteMany({ where: { shop: "b" } });
    await db.sale.update({ where: { id: 1 }, data: { total: 10 } });
    expect(await db.kept.findMany()).toEqual([{ shop: "a", total: 12 }]);
  });

  test("can be read in some ways, and not written", async () => {
    const db = await open(schema);
    expect(await db.shopTotals.findFirst()).toBeNull();
    expect(await db.shopTotals.findUnique({ where: { shop: "x" } })).toBeNull();
    expect(await db.shopTotals.count()).toBe(0);
    expect((await failure(db.shopTotals.findFirstOrThrow())).code).toBe("NOT_FOUND");
    for (const method of ["create", "update", "delete", "createMany", "upsert"])
      expect((await failure(db.shopTotals[method]?.({ where: {}, data: {} }))).message).toBe(
        '"shopTotals" is a view — write operations are not supported',
      );
  });
});

describe("6 order", () => {
  test("tables come after those that they refer to, self references aside", () => {
    const text = statementsOf(`
      model C { id Int @id  b B @relation(fields: [bId], references: [id])  bId Int }
      model B { id Int @id  a A @relation(fields: [aId], references: [id])  aId Int  cs C[] }
      model A { id Int @id  up A? @relation(fields: [upId], references: [id])  upId Int?  bs B[] }`);
    const order = [...text.matchAll(/CREATE TABLE IF NOT EXISTS "(\w+)"/g)].map(
      (match) => match[1],
    );
    expect(order).toEqual(["a", "b", "c"]);
  });

  test("a circle of required keys is told", async () => {
    const schema = `
      model A { id Int @id  b B @relation(fields: [bId], references: [id])  bId Int  bs B[] }
      model B { id Int @id  a A @relation(fields: [aId], references: [id])  aId Int  as A[] }`;
    const error = await failure(openWith({ schema, db: ":memory:" }));
    expect(error.message).toContain("Circular foreign key reference detected between: A, B");
    expect(thrown(() => statementsOf(schema)).message).toContain("Circular foreign key reference");
  });

  test("documentation of a model stands before its table", () => {
    expect(statementsOf("/// People.\n/// All of them.\nmodel User { id Int @id }")).toContain(
      '-- People.\n-- All of them.\nCREATE TABLE IF NOT EXISTS "user" (',
    );
  });
});
