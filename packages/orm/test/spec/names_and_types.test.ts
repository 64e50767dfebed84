// litestone.md 1, 4, 5: names that follow from a schema, types, and values on their way in and out.
import { describe, expect, test } from "vitest";
import "../addon.js";
import { parse, ValidationError } from "../../src/index.js";
import { failure, objectsOf, open, rowsOf } from "./support.js";

describe("1 names", () => {
  test.each([
    ["User", "user", "user"],
    ["BlogPost", "blogPost", "blog_post"],
    ["users", "users", "users"],
    ["ServiceAgreement", "serviceAgreement", "service_agreement"],
    ["HTTPLog", "hTTPLog", "http_log"],
    ["pageViews", "pageViews", "page_views"],
    ["Item2Part", "item2Part", "item2_part"],
    ["legacy_audit_log", "legacy_audit_log", "legacy_audit_log"],
  ])("%s is db.%s on %s", async (model, accessor, table) => {
    const db = await open(`model ${model} { id Int @id }`);
    expect(objectsOf(db)).toContain(table);
    expect(await db[accessor]?.["count"]?.()).toBe(0);
  });

  test("@@map names the table", async () => {
    const db = await open('model User { id Int @id  @@map("people_2") }');
    await db.user.create({ data: {} });
    expect(rowsOf(db, "SELECT id FROM people_2")).toEqual([{ id: 1 }]);
  });

  test.each([
    ["Bus", "buses"],
    ["Box", "boxes"],
    ["Quiz", "quizes"],
    ["Match", "matches"],
    ["Dish", "dishes"],
    ["City", "cities"],
    ["Day", "days"],
    ["Person", "people"],
    ["Child", "children"],
    ["Mouse", "mice"],
    ["Leaf", "leaves"],
    ["Datum", "data"],
    ["Index", "indexes"],
    ["Analysis", "analysises"],
    ["BlogPost", "blog_posts"],
  ])("the plural of %s is %s", async (model, table) => {
    const db = await open(`model ${model} { id Int @id }`, { pluralize: true });
    expect(objectsOf(db)).toContain(table);
    const accessor = model.charAt(0).toLowerCase() + model.slice(1);
    expect(await db[accessor]?.["count"]?.()).toBe(0);
  });

  test("metadata has model names, errors of calls have table names", async () => {
    const db = await open(`
      model BlogPost { id Int @id  deletedAt DateTime?  @@softDelete }`);
    expect(db.$softDelete).toEqual({ BlogPost: true });
    expect(Object.keys(db.$relations)).toEqual(["BlogPost"]);
    const missing = await failure(db.blogPost.findFirstOrThrow({ where: { id: 1 } }));
    expect(missing.message).toBe('No "blog_post" record found matching the given where clause');
    expect(missing.model).toBe("blog_post");
    expect((await failure(db.blogPost.update({ data: {} }))).message).toBe(
      'update on "blog_post" requires a where clause',
    );
  });
});

const ALL = `
enum Role { admin member }
model T {
  id Int @id
  s String?  i Int?  f Float?  b Boolean?  d DateTime?  j Json?  y Bytes?  e Role?
  strings String[]  ints Int[]
}`;

describe("4 types", () => {
  test("old names are synonyms", async () => {
    const db = await open("model T { id Integer @id  s Text  r Real  b Blob? }");
    expect(await db.t.create({ data: { s: "x", r: 2, b: Buffer.from("a") } })).toEqual({
      id: 1,
      s: "x",
      r: 2,
      b: Buffer.from("a"),
    });
  });

  test("columns", async () => {
    const db = await open(ALL);
    const columns = rowsOf(db, "SELECT name, type FROM pragma_table_info('t')");
    expect(Object.fromEntries(columns.map((one) => [one.name, one.type]))).toEqual({
      id: "INTEGER",
      s: "TEXT",
      i: "INTEGER",
      f: "REAL",
      b: "INTEGER",
      d: "TEXT",
      j: "TEXT",
      y: "BLOB",
      e: "TEXT",
      strings: "TEXT",
      ints: "TEXT",
    });
  });

  test("what is absent is null, and a list is empty", async () => {
    const db = await open(ALL);
    expect(await db.t.create({ data: {} })).toEqual({
      ...{ id: 1, s: null, i: null, f: null, b: null, d: null, j: null, y: null, e: null },
      ...{ strings: [], ints: [] },
    });
  });

  test("integers keep 53 bits", async () => {
    const db = await open(ALL);
    for (const i of [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1)])
      expect((await db.t.create({ data: { i } })).i).toBe(i);
  });

  test("integers beyond 2^53 are exact through the native API", async () => {
    const db = await open(ALL);
    await db.t.create({ data: { i: 9007199254740993n } });
    expect((await db.t.findFirst()).i).toBe(9007199254740993n);
  });

  test("an integer in a Float is stored as REAL", async () => {
    const db = await open(ALL);
    expect((await db.t.create({ data: { f: 3 } })).f).toBe(3);
    expect(rowsOf(db, "SELECT typeof(f) AS type FROM t")).toEqual([{ type: "real" }]);
  });

  test("a Boolean is 1 for what is truthy, 0 for what is not, and null stays", async () => {
    const db = await open(ALL);
    for (const [value, stored, read] of [
      [true, 1, true],
      [false, 0, false],
      ["yes", 1, true],
      [2, 1, true],
      [0, 0, false],
      ["", 0, false],
      [null, null, null],
    ]) {
      const row = await db.t.create({ data: { b: value } });
      expect(row.b).toBe(read);
      expect(rowsOf(db, "SELECT b FROM t WHERE id = ?", row.id)).toEqual([{ b: stored }]);
    }
  });

  test("a Boolean that is neither 0 nor 1 in the file reads as false", async () => {
    const db = await open(ALL);
    db.$db.run("INSERT INTO t(b, strings, ints) VALUES (7, '[]', '[]')");
    expect((await db.t.findFirst()).b).toBe(false);
  });

  test("Bytes are a Buffer", async () => {
    const db = await open(ALL);
    const row = await db.t.create({ data: { y: new Uint8Array([1, 0, 255]) } });
    expect(Buffer.isBuffer(row.y)).toBe(true);
    expect([...row.y]).toEqual([1, 0, 255]);
  });

  test("strict tables refuse wrong storage classes", async () => {
    const db = await open(ALL);
    expect((await failure(db.t.create({ data: { i: "one" } }))).message).toContain(
      "cannot store TEXT value in INTEGER column t.i",
    );
    expect((await failure(db.t.create({ data: { i: 1.5 } }))).message).toContain(
      "cannot store REAL value in INTEGER column t.i",
    );
  });

  test("text of a number is accepted, by affinity", async () => {
    const db = await open(ALL);
    expect((await db.t.create({ data: { i: "1" } })).i).toBe(1);
    expect((await db.t.create({ data: { f: "1.5" } })).f).toBe(1.5);
  });
});

describe("5.1 reading", () => {
  test("text that is no JSON stays text", async () => {
    const db = await open(ALL);
    db.$db.run("INSERT INTO t(j, strings, ints) VALUES ('{broken', '[\"a\"]', '[1]')");
    expect(await db.t.findFirst()).toMatchObject({ j: "{broken", strings: ["a"], ints: [1] });
  });

  test("keys come in the order of columns, then @from, then computed", async () => {
    const db = await open(
      `model A { total Int @from(B, count: true)  twice Int @computed  id Int @id  n Int  bs B[] }
       model B { id Int @id  a A @relation(fields: [aId], references: [id])  aId Int }`,
      { computed: { A: { twice: (row) => (row["n"] as number) * 2 } } },
    );
    await db.a.create({ data: { n: 4 } });
    expect(JSON.stringify(await db.a.findFirst())).toBe('{"id":1,"n":4,"total":0,"twice":8}');
  });
});

describe("5.2 writing", () => {
  test("undefined is NULL, in create and in update", async () => {
    const db = await open('model T { id Int @id  s String? @default("x")  n Int? }');
    expect(await db.t.create({ data: { s: undefined } })).toEqual({ id: 1, s: null, n: null });
    await db.t.update({ where: { id: 1 }, data: { s: "y", n: 1 } });
    expect(await db.t.update({ where: { id: 1 }, data: { s: undefined } })).toEqual({
      id: 1,
      s: null,
      n: 1,
    });
  });
});

describe("5.3 DateTime", () => {
  test.each([
    "2024-01-15",
    "2024-01-15T09:30:00",
    "2024-01-15T09:30:00Z",
    "2024-01-15T09:30:00.123Z",
    "2024-01-15T09:30:00.1+02:00",
    "2024-01-15T09:30:00-11:30",
  ])("%s is stored as given", async (d) => {
    const db = await open(ALL);
    expect((await db.t.create({ data: { d } })).d).toBe(d);
  });

  test("a Date and a number of milliseconds become text", async () => {
    const db = await open(ALL);
    const text = "2024-01-15T09:30:00.250Z";
    expect((await db.t.create({ data: { d: new Date(text) } })).d).toBe(text);
    expect((await db.t.create({ data: { d: Date.parse(text) } })).d).toBe(text);
    expect((await db.t.create({ data: { d: 0 } })).d).toBe("1970-01-01T00:00:00.000Z");
  });

  test.each(["yesterday", "2024-1-5", "2024-01-15 09:30:00", "2024-01-15T09:30Z", "", true, {}])(
    "%j is refused",
    async (d) => {
      const db = await open(ALL);
      const error = await failure(db.t.create({ data: { d } }));
      expect(error).toBeInstanceOf(ValidationError);
      expect(error.errors).toEqual([
        {
          path: ["d"],
          message: "must be a valid ISO 8601 datetime (e.g. 2024-01-15T09:30:00Z)",
        },
      ]);
    },
  );

  test("is checked on every write", async () => {
    const db = await open(ALL);
    await db.t.create({ data: {} });
    const bad = { d: "never" };
    for (const call of [
      db.t.update({ where: { id: 1 }, data: bad }),
      db.t.updateMany({ data: bad }),
      db.t.createMany({ data: [{}, bad] }),
      db.t.upsert({ where: { id: 1 }, create: {}, update: bad }),
      db.t.upsertMany({ data: [{ id: 1, ...bad }] }),
    ])
      expect((await failure(call)).message).toContain("ISO 8601");
    expect(await db.t.findMany({ select: { id: true, d: true } })).toEqual([{ id: 1, d: null }]);
  });
});

describe("5.4 Json", () => {
  test.each([
    [{ a: [1, { b: null }] }, '{"a":[1,{"b":null}]}'],
    [[1, "x"], '[1,"x"]'],
    [5, "5"],
    [false, "false"],
  ])("%j is stored as text", async (value, stored) => {
    const db = await open(ALL);
    expect((await db.t.create({ data: { j: value } })).j).toEqual(value);
    expect(rowsOf(db, "SELECT j FROM t")).toEqual([{ j: stored }]);
  });

  test("a string is stored as it is, so text of JSON reads as its value", async () => {
    const db = await open(ALL);
    expect((await db.t.create({ data: { j: "123" } })).j).toBe(123);
    expect((await db.t.create({ data: { j: "hello" } })).j).toBe("hello");
    expect((await db.t.create({ data: { j: '{"a":1}' } })).j).toEqual({ a: 1 });
    expect(rowsOf(db, "SELECT j FROM t ORDER BY id").map((row) => row.j)).toEqual([
      "123",
      "hello",
      '{"a":1}',
    ]);
  });

  test("null is NULL", async () => {
    const db = await open(ALL);
    expect((await db.t.create({ data: { j: null } })).j).toBeNull();
    expect(rowsOf(db, "SELECT j IS NULL AS none FROM t")).toEqual([{ none: 1 }]);
  });
});

describe("5.5 defaults", () => {
  test("in the database: literals, enums, now and uuid", async () => {
    const db = await open(`
      enum Role { admin member }
      model T {
        id Int @id  s String @default("it's")  n Int @default(-3)  f Float @default(1.5)
        yes Boolean @default(true)  no Boolean @default(false)  role Role @default(member)
        at DateTime @default(now())  token String @default(uuid())  touched DateTime @updatedAt
      }`);
    db.$db.run("INSERT INTO t DEFAULT VALUES");
    const row = await db.t.findFirst();
    expect(row).toMatchObject({ s: "it's", n: -3, f: 1.5, yes: true, no: false, role: "member" });
    expect(row.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(row.touched).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(row.token).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  test.each([
    ["uuid", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
    ["ulid", /^[0-9A-HJKMNP-TV-Z]{26}$/],
    ["cuid", /^c[a-z0-9]{1,24}$/],
    ["nanoid", /^[A-Za-z0-9_-]{21}$/],
  ])("%s() makes keys wherever rows are made", async (name, form) => {
    const db = await open(`model T { id String @id @default(${name}())  n Int @unique }`);
    expect((await db.t.create({ data: { n: 1 } })).id).toMatch(form);
    expect((await db.t.create({ data: { id: null, n: 2 } })).id).toMatch(form);
    await db.t.createMany({ data: [{ n: 3 }, { n: 4 }] });
    await db.t.upsertMany({ data: [{ n: 5 }], conflictTarget: "n" });
    const ids = (await db.t.findMany()).map((row: any) => row.id);
    expect(ids.every((id: string) => form.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(5);
    expect((await db.t.create({ data: { id: "own", n: 6 } })).id).toBe("own");
  });

  test("ulids of one moment differ, and begin with their time", async () => {
    const db = await open("model T { id String @id @default(ulid()) }");
    const before = Date.now();
    const { id } = await db.t.create({ data: {} });
    const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const time = [...id.slice(0, 10)].reduce((sum, one) => sum * 32 + digits.indexOf(one), 0);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  test("generated for every field, not for keys only (0.1)", async () => {
    const db = await open(
      "model T { id Int @id  a String @default(cuid())  b String @default(nanoid()) }",
    );
    const row = await db.t.create({ data: {} });
    expect(row.a).toMatch(/^c[a-z0-9]+$/);
    expect(row.b).toMatch(/^[A-Za-z0-9_-]{21}$/);
  });

  test("auth() stamps what is missing, if there is somebody", async () => {
    const db = await open(
      "model T { id Int @id  by Int? @default(auth().id)  team String? @default(auth().team) }",
    );
    expect(await db.t.create({ data: {} })).toEqual({ id: 1, by: null, team: null });
    const own = db.$setAuth({ id: 7, team: null });
    expect(await own.t.create({ data: {} })).toEqual({ id: 2, by: 7, team: null });
    expect(await own.t.create({ data: { by: 8 } })).toEqual({ id: 3, by: 8, team: null });
    await own.t.createMany({ data: [{}, { by: 9 }] });
    expect((await db.t.findMany({ where: { id: { gt: 3 } } })).map((row: any) => row.by)).toEqual([
      7, 9,
    ]);
  });

  test("a field is copied before transforms, unless it is null", async () => {
    const db = await open(`
      model T { id Int @id  title String?  slug String? @default(title) @slug  copy String? @default(title) }`);
    expect(await db.t.create({ data: { title: "Hello World" } })).toMatchObject({
      slug: "hello-world",
      copy: "Hello World",
    });
    expect(await db.t.create({ data: { title: "A", copy: "own" } })).toMatchObject({ copy: "own" });
    expect(await db.t.create({ data: {} })).toMatchObject({ slug: null, copy: null });
  });

  test("a default that names nothing is no schema", () => {
    expect(parse("model T { id Int @id  s String @default(other) }").valid).toBe(false);
  });
});
