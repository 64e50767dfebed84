// litestone.md 9.4, 9.5, 9.7: writes of many rows.
import { describe, expect, test } from "vitest";
import "../addon.js";
import { failure, open, rowsOf } from "./support.js";

const SCHEMA = `
model T {
  id Int @id
  key String @unique
  n Int @default(7)
  note String?
  deletedAt DateTime?
  @@softDelete
}`;

describe("9.4 createMany", () => {
  test("counts", async () => {
    const db = await open(SCHEMA);
    expect(await db.t.createMany({ data: [{ key: "a" }, { key: "b" }] })).toEqual({ count: 2 });
    expect(await db.t.createMany({ data: [] })).toEqual({ count: 0 });
    expect(await db.t.createMany({})).toEqual({ count: 0 });
    expect(await db.t.createMany()).toEqual({ count: 0 });
  });

  test("one bad row undoes all", async () => {
    const db = await open(SCHEMA);
    await db.t.create({ data: { key: "c" } });
    const error = await failure(
      db.t.createMany({ data: [{ key: "a" }, { key: "b" }, { key: "c" }] }),
    );
    expect(error.code).toBe("SQLITE_CONSTRAINT_UNIQUE");
    expect(await db.t.count()).toBe(1);
  });

  test("rows may have different keys; what is absent takes its default", async () => {
    const db = await open(SCHEMA);
    await db.t.createMany({
      data: [
        { key: "a" },
        { key: "b", n: 1 },
        { key: "c", note: "x" },
        { note: null, key: "d", n: 2 },
      ],
    });
    expect(await db.t.findMany({ select: { key: true, n: true, note: true } })).toEqual([
      { key: "a", n: 7, note: null },
      { key: "b", n: 1, note: null },
      { key: "c", n: 7, note: "x" },
      { key: "d", n: 2, note: null },
    ]);
  });

  test("defaults from fields, sequences, keys and transforms apply to every row", async () => {
    const db = await open(`
      model T {
        id String @id @default(nanoid())  team Int  number Int @sequence(scope: team)
        title String @trim  slug String @default(title) @slug
      }`);
    await db.t.createMany({
      data: [
        { team: 1, title: " A b " },
        { team: 2, title: "C" },
        { team: 1, title: "D", slug: "own" },
      ],
    });
    const rows = await db.t.findMany({ orderBy: [{ team: "asc" }, { number: "asc" }] });
    expect(rows.map(({ id, ...rest }: any) => rest)).toEqual([
      { team: 1, number: 1, title: "A b", slug: "a-b" },
      { team: 1, number: 2, title: "D", slug: "own" },
      { team: 2, number: 1, title: "C", slug: "c" },
    ]);
  });

  test("many rows at once", async () => {
    const db = await open(SCHEMA);
    const data = Array.from({ length: 5000 }, (_, index) => ({ key: `k${index}`, n: index }));
    expect(await db.t.createMany({ data })).toEqual({ count: 5000 });
    expect(await db.t.aggregate({ _sum: { n: true } })).toEqual({ _sum: { n: 12497500 } });
  });
});

describe("9.5 updateMany", () => {
  test("counts, all rows without a condition, but not what is deleted", async () => {
    const db = await open(SCHEMA);
    await db.t.createMany({ data: [{ key: "a" }, { key: "b" }, { key: "c" }] });
    await db.t.remove({ where: { key: "c" } });
    expect(await db.t.updateMany({ where: { key: "a" }, data: { n: 1 } })).toEqual({ count: 1 });
    expect(await db.t.updateMany({ data: { note: "x" } })).toEqual({ count: 2 });
    expect(rowsOf(db, "SELECT n, note FROM t ORDER BY id")).toEqual([
      { n: 1, note: "x" },
      { n: 7, note: "x" },
      { n: 7, note: null },
    ]);
  });

  test("without data counts nothing", async () => {
    const db = await open(SCHEMA);
    await db.t.create({ data: { key: "a" } });
    expect(await db.t.updateMany({ data: {} })).toEqual({ count: 0 });
  });

  test("knows no transitions and no @updatedBy", async () => {
    const db = await open(`
      enum S { a b transitions { go: a -> b } }
      model T { id Int @id  s S  by Int? @updatedBy }`);
    await db.t.create({ data: { s: "b" } });
    expect(await db.$setAuth({ id: 5 }).t.updateMany({ data: { s: "a" } })).toEqual({ count: 1 });
    expect(await db.t.findFirst()).toMatchObject({ s: "a" });
  });
});

describe("9.7 upsertMany", () => {
  const rows = (db: any) => rowsOf(db, "SELECT id, key, n, note FROM t ORDER BY id");

  test("counts its data, by the key by default", async () => {
    const db = await open(SCHEMA);
    expect(
      await db.t.upsertMany({
        data: [
          { id: 1, key: "a" },
          { id: 2, key: "b" },
        ],
      }),
    ).toEqual({ count: 2 });
    expect(
      await db.t.upsertMany({
        data: [
          { id: 1, key: "x" },
          { id: 3, key: "c" },
        ],
      }),
    ).toEqual({ count: 2 });
    expect(rows(db).map((row) => row.key)).toEqual(["x", "b", "c"]);
    expect(await db.t.upsertMany({ data: [] })).toEqual({ count: 0 });
  });

  test.each(["key", ["key"]])("another target: %j", async (conflictTarget) => {
    const db = await open(SCHEMA);
    await db.t.upsertMany({ data: [{ key: "a", n: 1, note: "old" }], conflictTarget });
    await db.t.upsertMany({ data: [{ key: "a", n: 2 }], conflictTarget });
    expect(rows(db)).toEqual([{ id: 1, key: "a", n: 2, note: "old" }]);
  });

  test.each(["n", ["n"], ["n", "ghost"]] as const)(
    "only some fields are updated: %j",
    async (update) => {
      const db = await open(SCHEMA);
      await db.t.create({ data: { key: "a", n: 1, note: "old" } });
      await db.t.upsertMany({
        data: [{ key: "a", n: 2, note: "new" }],
        conflictTarget: "key",
        update,
      });
      expect(rows(db)).toEqual([{ id: 1, key: "a", n: 2, note: "old" }]);
    },
  );

  test("nothing to update leaves the row", async () => {
    const db = await open(SCHEMA);
    await db.t.create({ data: { key: "a", n: 1 } });
    expect(await db.t.upsertMany({ data: [{ key: "a" }], conflictTarget: "key" })).toEqual({
      count: 1,
    });
    expect(
      await db.t.upsertMany({ data: [{ key: "a", n: 5 }], conflictTarget: "key", update: [] }),
    ).toEqual({ count: 1 });
    expect(rows(db)).toEqual([{ id: 1, key: "a", n: 1, note: null }]);
  });

  test("a target of two fields", async () => {
    const db = await open("model T { id Int @id  a Int  b Int  n Int  @@unique([a, b]) }");
    const conflictTarget = ["a", "b"];
    await db.t.upsertMany({
      data: [
        { a: 1, b: 1, n: 1 },
        { a: 1, b: 2, n: 2 },
      ],
      conflictTarget,
    });
    await db.t.upsertMany({ data: [{ a: 1, b: 2, n: 9 }], conflictTarget });
    expect(rowsOf(db, "SELECT n FROM t ORDER BY id").map((row) => row.n)).toEqual([1, 9]);
  });

  test("undoes all if one row fails, and validates first", async () => {
    const db = await open(
      "model T { id Int @id  key String @unique @length(1, 3)  n Int? @unique }",
    );
    await db.t.create({ data: { key: "a", n: 1 } });
    const error = await failure(
      db.t.upsertMany({
        data: [
          { key: "b", n: 2 },
          { key: "c", n: 1 },
        ],
        conflictTarget: "key",
      }),
    );
    expect(error.code).toBe("SQLITE_CONSTRAINT_UNIQUE");
    expect((await failure(db.t.upsertMany({ data: [{ key: "b" }, { key: "long" }] }))).name).toBe(
      "ValidationError",
    );
    expect(await db.t.count()).toBe(1);
  });
});
