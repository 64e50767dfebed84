// litestone.md 9.1 - 9.3, 9.6, 9.8: writes of one row, and how data is made ready for them.
import { describe, expect, test } from "vitest";
import "../addon.js";
import { ValidationError } from "../../src/index.js";
import { failure, open, rowsOf } from "./support.js";

const SCHEMA = `
enum Role { admin member }
model User {
  id Int @id
  email String @unique @lower
  name String?
  role Role @default(member)
  age Int?
  active Boolean @default(true)
  tags String[] @minItems(0)
  posts Post[]
}
model Post {
  id Int @id
  title String
  author User @relation(fields: [authorId], references: [id])
  authorId Int
}`;
const ADA = { email: "ada@x.org", name: "Ada" };

describe("9.1 create", () => {
  test("gives the row as it is stored", async () => {
    const db = await open(SCHEMA);
    const row = await db.user.create({ data: { ...ADA, email: "ADA@x.org" } });
    expect(row).toEqual({
      ...{ id: 1, email: "ada@x.org", name: "Ada", role: "member", age: null, active: true },
      tags: [],
    });
  });

  test("without columns takes the defaults", async () => {
    const db = await open("model T { id Int @id  n Int @default(5) }");
    expect(await db.t.create({ data: {} })).toEqual({ id: 1, n: 5 });
  });

  test("select and include shape the row", async () => {
    const db = await open(SCHEMA);
    expect(await db.user.create({ data: ADA, select: { name: true } })).toEqual({ name: "Ada" });
    expect(
      await db.post.create({
        data: { title: "t", authorId: 1 },
        select: { title: true },
        include: { author: { select: { email: true } } },
      }),
    ).toEqual({ title: "t", author: { email: "ada@x.org" } });
  });

  test("select: false gives null", async () => {
    const db = await open(SCHEMA);
    expect(await db.user.create({ data: ADA, select: false })).toBeNull();
    expect(await db.user.count()).toBe(1);
  });

  test("what is missing is an error of the database", async () => {
    const db = await open(SCHEMA);
    const error = await failure(db.user.create({ data: {} }));
    expect(error).toMatchObject({
      name: "SQLiteError",
      code: "SQLITE_CONSTRAINT_NOTNULL",
      message: "NOT NULL constraint failed: user.email",
    });
  });
});

describe("9.2 update", () => {
  test("gives the first row, and changes all", async () => {
    const db = await open(SCHEMA);
    await db.user.createMany({ data: [ADA, { email: "b@x.org", age: 3 }] });
    expect(await db.user.update({ where: { active: true }, data: { age: 9 } })).toMatchObject({
      id: 1,
      age: 9,
    });
    expect((await db.user.findMany()).map((row: any) => row.age)).toEqual([9, 9]);
  });

  test("without a match gives null", async () => {
    const db = await open(SCHEMA);
    expect(await db.user.update({ where: { id: 5 }, data: { age: 1 } })).toBeNull();
  });

  test.each([{}, { where: {} }, { where: undefined }])("needs a condition: %j", async (args) => {
    const db = await open(SCHEMA);
    expect((await failure(db.user.update({ ...args, data: { age: 1 } }))).message).toBe(
      'update on "user" requires a where clause',
    );
  });

  test("without data changes nothing, and gives the row", async () => {
    const db = await open("model T { id Int @id  n Int  updatedAt DateTime @updatedAt }");
    const old = "2020-01-01T00:00:00.000Z";
    await db.t.create({ data: { n: 1, updatedAt: old } });
    expect(await db.t.update({ where: { id: 1 }, data: {} })).toEqual({
      id: 1,
      n: 1,
      updatedAt: old,
    });
    expect((await db.t.findFirst()).updatedAt).toBe(old);
    expect(await db.t.update({ where: { id: 2 }, data: {} })).toBeNull();
  });

  test("select and include shape the row; select: false gives null", async () => {
    const db = await open(SCHEMA);
    await db.user.create({ data: ADA });
    const where = { id: 1 };
    expect(
      await db.user.update({ where, data: { age: 1 }, select: { age: true, posts: true } }),
    ).toEqual({ age: 1, posts: [] });
    expect(await db.user.update({ where, data: { age: 2 }, select: false })).toBeNull();
    expect((await db.user.findFirst()).age).toBe(2);
  });

  test("@updatedBy stamps who did it, over what is given, and never in create", async () => {
    const db = await open(`
      model T { id Int @id  n Int?  by Int? @updatedBy  staff String? @updatedBy(auth().staff) }`);
    const own = db.$setAuth({ id: 7, staff: "s1" });
    expect(await own.t.create({ data: {} })).toMatchObject({ by: null, staff: null });
    expect(await own.t.update({ where: { id: 1 }, data: { n: 1, by: 99 } })).toMatchObject({
      by: 7,
      staff: "s1",
    });
    expect(
      await db.$setAuth({ id: null }).t.update({ where: { id: 1 }, data: { n: 2 } }),
    ).toMatchObject({ by: 7 });
    expect(await db.t.update({ where: { id: 1 }, data: { by: 3 } })).toMatchObject({ by: 3 });
  });
});

describe("9.3 unknown fields", () => {
  const messageOf = async (data: object) => {
    const db = await open(SCHEMA);
    const error = await failure(db.user.create({ data }));
    expect(error).toBeInstanceOf(ValidationError);
    return error;
  };

  test("have a hint if a name is near", async () => {
    const error = await messageOf({ emial: "x" });
    expect(error.errors).toEqual([
      { path: ["emial"], message: "Unknown field 'emial' on model 'User'. Did you mean: email?" },
    ]);
    expect(error.message).toBe(
      "Validation failed — emial: Unknown field 'emial' on model 'User'. Did you mean: email?",
    );
  });

  test("are compared without case", async () => {
    expect((await messageOf({ EMAIL: "x" })).errors[0].message).toContain("Did you mean: email?");
  });

  test("else a sorted list of the fields", async () => {
    expect((await messageOf({ qqqqqqq: 1 })).errors[0].message).toBe(
      "Unknown field 'qqqqqqq' on model 'User'. Valid fields: active, age, email, id, name, posts, role, tags",
    );
  });

  test("are all told", async () => {
    const { errors } = await messageOf({ emial: 1, nmae: 2 });
    expect(errors.map((one: any) => one.path)).toEqual([["emial"], ["nmae"]]);
  });

  test("are refused by every write, before the database", async () => {
    const db = await open(SCHEMA);
    await db.user.create({ data: ADA });
    const bad = { nmae: "x" };
    for (const call of [
      db.user.createMany({ data: [{ email: "n@x.org" }, bad] }),
      db.user.update({ where: { id: 1 }, data: bad }),
      db.user.updateMany({ data: bad }),
      db.user.upsert({ where: { id: 1 }, create: ADA, update: bad }),
      db.user.upsertMany({ data: [bad] }),
    ])
      expect((await failure(call)).errors[0].message).toContain("Did you mean: name?");
    expect(await db.user.count()).toBe(1);
  });

  test("keys of relations and generated or computed fields", async () => {
    const db = await open(
      'model T { id Int @id  a Int  b Int @generated("{a} * 2")  c Int @computed }',
      { computed: { T: { c: () => 1 } } },
    );
    for (const name of ["b", "c"])
      expect((await failure(db.t.create({ data: { a: 1, [name]: 5 } }))).name).toBe(
        "ValidationError",
      );
  });
});

describe("9.3 values", () => {
  test("lists", async () => {
    const db = await open(`
      model T { id Int @id  names String[]  numbers Int[]  few String[] @minItems(1) @maxItems(2) @uniqueItems }`);
    const messageOf = async (data: object) =>
      (await failure(db.t.create({ data: { few: ["a"], ...data } }))).message;
    expect(await messageOf({ names: "x" })).toContain("names must be an array");
    expect(await messageOf({ numbers: [1, 1.5] })).toContain(
      "numbers (Int[]) must contain only integers",
    );
    expect(await messageOf({ numbers: ["1"] })).toContain("must contain only integers");
    expect(await messageOf({ names: ["a", 1] })).toContain(
      "names (String[]) must contain only strings",
    );
    for (const few of [[], ["a", "b", "c"], ["a", "a"]])
      expect(await failure(db.t.create({ data: { few } }))).toBeInstanceOf(Error);
    expect((await db.t.create({ data: { few: ["a", "b"], numbers: [3, -1] } })).numbers).toEqual([
      3, -1,
    ]);
  });

  test("lists of the old names keep them in messages", async () => {
    const db = await open("model T { id Integer @id  names Text[]  numbers Integer[] }");
    expect((await failure(db.t.create({ data: { numbers: [0.5] } }))).message).toContain(
      "numbers (Integer[]) must contain only integers",
    );
    expect((await failure(db.t.create({ data: { names: [null] } }))).message).toContain(
      "names (Text[]) must contain only strings",
    );
  });

  test("enums", async () => {
    const db = await open(SCHEMA);
    const errorOf = (role: unknown) => failure(db.user.create({ data: { ...ADA, role } }));
    expect(await errorOf("zz")).toBeInstanceOf(ValidationError);
    expect((await errorOf("zz")).errors[0]).toEqual({
      path: ["role"],
      message: 'invalid Role value "zz" — must be one of: admin, member',
    });
    expect((await errorOf(null)).message).toContain("must be one of: admin, member");
  });

  test("@from in data is dropped silently", async () => {
    const db = await open(`
      model A { id Int @id  n Int @from(B, count: true)  bs B[] }
      model B { id Int @id  a A @relation(fields: [aId], references: [id])  aId Int }`);
    await db.a.create({ data: { n: 5 } });
    expect(await db.a.findFirst()).toEqual({ id: 1, n: 0 });
  });
});

describe("9.6 upsert", () => {
  const where = { email: "ada@x.org" };

  test("creates, then updates", async () => {
    const db = await open(SCHEMA);
    const args = { where, create: { ...ADA, age: 1 }, update: { age: 2 } };
    expect(await db.user.upsert(args)).toMatchObject({ id: 1, age: 1 });
    expect(await db.user.upsert(args)).toMatchObject({ id: 1, age: 2 });
    expect(await db.user.count()).toBe(1);
  });

  test("shapes its row", async () => {
    const db = await open(SCHEMA);
    const args = { where, create: ADA, update: {} };
    expect(await db.user.upsert({ ...args, select: { id: true } })).toEqual({ id: 1 });
    expect(
      await db.user.upsert({ ...args, select: { id: true }, include: { posts: true } }),
    ).toEqual({ id: 1, posts: [] });
    expect(await db.user.upsert({ ...args, select: false })).toBeNull();
  });

  test("a collision with a row that the condition does not find is told", async () => {
    const db = await open("model T { id Int @id  name String @unique  n Int }");
    await db.t.create({ data: { name: "x", n: 1 } });
    // The key is taken, so the update is tried; it finds nobody, and nothing may be lost silently.
    const error = await failure(
      db.t.upsert({ where: { name: "y" }, create: { name: "x", n: 2 }, update: { n: 3 } }),
    );
    expect(error.code).toBe("SQLITE_CONSTRAINT_UNIQUE");
    expect(await db.t.findMany()).toEqual([{ id: 1, name: "x", n: 1 }]);
  });
});

const SOFT = `
model Doc { id Int @id  name String  done Boolean @default(false)  deletedAt DateTime?  @@softDelete }
model Hard { id Int @id  name String  done Boolean @default(false) }`;

describe("9.8 remove", () => {
  test("on a soft-delete model stamps all that match, and gives the first", async () => {
    const db = await open(SOFT);
    await db.doc.createMany({ data: [{ name: "a" }, { name: "b" }, { name: "c" }] });
    const row = await db.doc.remove({ where: { id: { lte: 2 } } });
    expect(row).toMatchObject({ id: 1, name: "a", done: false });
    expect(row.deletedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(await db.doc.count()).toBe(1);
    expect(await db.doc.count({ withDeleted: true })).toBe(3);
    expect(await db.doc.remove({ where: { id: 1 } })).toBeNull();
  });

  test("on other models really deletes, and gives the row as it was", async () => {
    const db = await open(SOFT);
    await db.hard.create({ data: { name: "a" } });
    expect(await db.hard.remove({ where: { id: 1 } })).toEqual({ id: 1, name: "a", done: false });
    expect(rowsOf(db, "SELECT * FROM hard")).toEqual([]);
    expect(await db.hard.remove({ where: { id: 1 } })).toBeNull();
  });

  test("needs a condition", async () => {
    const db = await open(SOFT);
    expect((await failure(db.doc.remove({}))).message).toBe(
      'remove on "doc" requires a where clause',
    );
    expect((await failure(db.hard.remove({ where: {} }))).message).toBe(
      'remove on "hard" requires a where clause',
    );
  });

  test("removeMany counts, and needs none", async () => {
    const db = await open(SOFT);
    await db.doc.createMany({ data: [{ name: "a" }, { name: "b" }, { name: "b" }] });
    expect(await db.doc.removeMany({ where: { name: "b" } })).toEqual({ count: 2 });
    expect(await db.doc.removeMany({})).toEqual({ count: 1 });
    expect(await db.doc.removeMany({})).toEqual({ count: 0 });
    expect(await db.doc.count({ onlyDeleted: true })).toBe(3);
  });
});

describe("9.8 delete", () => {
  test("is real, and finds what was removed", async () => {
    const db = await open(SOFT);
    await db.doc.createMany({ data: [{ name: "a" }, { name: "b" }] });
    await db.doc.remove({ where: { id: 1 } });
    expect(await db.doc.delete({ where: { id: 1 } })).toMatchObject({
      id: 1,
      name: "a",
      done: false,
    });
    expect(await db.doc.delete({ where: { id: 1 } })).toBeNull();
    expect(rowsOf(db, "SELECT id FROM doc")).toEqual([{ id: 2 }]);
  });

  test("needs a condition, and says how else", async () => {
    const db = await open(SOFT);
    expect((await failure(db.doc.delete({}))).message).toBe(
      'delete on "doc" requires a where clause — use deleteMany({}) to delete all rows',
    );
  });

  test("deleteMany counts, all without a condition", async () => {
    const db = await open(SOFT);
    await db.doc.createMany({ data: [{ name: "a" }, { name: "b" }, { name: "c" }] });
    await db.doc.remove({ where: { id: 2 } });
    expect(await db.doc.deleteMany({ where: { name: ["a"] } })).toEqual({ count: 1 });
    expect(await db.doc.deleteMany()).toEqual({ count: 2 });
  });

  test("a foreign key may forbid it", async () => {
    const db = await open(SCHEMA);
    await db.user.create({ data: { ...ADA, posts: { create: { title: "t" } } } });
    expect((await failure(db.user.delete({ where: { id: 1 } }))).message).toBe(
      "FOREIGN KEY constraint failed",
    );
  });
});

describe("9.8 restore", () => {
  test("gives the rows, with their count (0.1)", async () => {
    const db = await open(SOFT);
    await db.doc.createMany({ data: [{ name: "a" }, { name: "b" }, { name: "c" }] });
    await db.doc.removeMany({ where: { id: { lte: 2 } } });
    const rows = await db.doc.restore({ where: { id: { lte: 3 } } });
    expect(rows).toEqual([
      { id: 1, name: "a", done: false, deletedAt: null },
      { id: 2, name: "b", done: false, deletedAt: null },
    ]);
    expect(rows.count).toBe(2);
    expect(Object.keys(rows)).toEqual(["0", "1"]);
    expect((await db.doc.restore({ where: { id: 1 } })).count).toBe(0);
  });

  test("needs no condition", async () => {
    const db = await open(SOFT);
    await db.doc.createMany({ data: [{ name: "a" }, { name: "b" }] });
    await db.doc.removeMany({});
    expect(await db.doc.restore({})).toHaveLength(2);
    expect(await db.doc.count()).toBe(2);
  });

  test("is for soft-delete models", async () => {
    const db = await open(SOFT);
    expect((await failure(db.hard.restore({ where: { id: 1 } }))).message).toBe(
      "restore() is only available on soft-delete tables (deletedAt field). Use delete() for hard deletes.",
    );
  });
});
