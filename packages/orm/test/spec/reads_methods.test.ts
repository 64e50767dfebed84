// litestone.md 10: what all reads have in common, and each method.
import { beforeAll, describe, expect, test } from "vitest";
import { type Db, failure, ids, open, range } from "./reads_support.js";

const SCHEMA = `
model Item {
  id Int @id
  name String
  size Int?
  deletedAt DateTime?
  @@softDelete
}
model Hard { id Int @id  name String }
model Form {
  id Int @id
  name String
  @@hasTemplates
}
model Text { id Int @id  body String  @@fts([body]) }
`;

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  await db.item.createMany({
    data: range(1, 6).map((id) => ({ id, name: `n${id}`, size: id % 3 })),
  });
  await db.item.removeMany({ where: { id: { gte: 5 } } });
  await db.hard.createMany({ data: [{ name: "a" }, { name: "b" }, { name: "b" }] });
  await db.form.createMany({
    data: [{ name: "x" }, { name: "y", isTemplate: true }, { name: "z" }],
  });
});

describe("10: soft deletion", () => {
  test.each([
    [{}, [1, 2, 3, 4]],
    [{ withDeleted: true }, [1, 2, 3, 4, 5, 6]],
    [{ onlyDeleted: true }, [5, 6]],
    [{ withDeleted: true, onlyDeleted: true }, [1, 2, 3, 4, 5, 6]],
    [{ withDeleted: false, onlyDeleted: false }, [1, 2, 3, 4]],
  ])("%j finds %j in every method", async (flags, expected) => {
    const args = { ...flags, orderBy: { id: "asc" } };
    expect(ids(await db.item.findMany(args))).toEqual(expected);
    expect((await db.item.findFirst(args)).id).toBe(expected[0]);
    expect(await db.item.count(flags)).toBe(expected.length);
    expect(await db.item.exists({ ...flags, where: { id: 5 } })).toBe(expected.includes(5));
    expect((await db.item.findUnique({ ...flags, where: { id: 5 } })) !== null).toBe(
      expected.includes(5),
    );
    expect((await db.item.findManyAndCount({ ...args, limit: 1 })).total).toBe(expected.length);
    expect(ids((await db.item.findManyCursor({ ...flags })).items)).toEqual(expected);
    expect((await db.item.aggregate({ ...flags, _count: true }))._count).toBe(expected.length);
    const groups = await db.item.groupBy({ ...flags, by: ["id"], _count: true });
    expect(groups).toHaveLength(expected.length);
  });

  test("the flags are ignored on other models", async () => {
    expect(await db.hard.count({ withDeleted: true })).toBe(3);
    expect(ids(await db.hard.findMany({ onlyDeleted: true, orderBy: { id: "asc" } }))).toEqual([
      1, 2, 3,
    ]);
  });
});

describe("10: templates", () => {
  test.each([
    [{}, [1, 3]],
    [{ withTemplates: true }, [1, 2, 3]],
    [{ onlyTemplates: true }, [2]],
  ])("%j finds %j in every method", async (flags, expected) => {
    const args = { ...flags, orderBy: { id: "asc" } };
    expect(ids(await db.form.findMany(args))).toEqual(expected);
    expect(await db.form.count(flags)).toBe(expected.length);
    expect((await db.form.findManyCursor(flags)).items).toHaveLength(expected.length);
    expect((await db.form.aggregate({ ...flags, _count: true }))._count).toBe(expected.length);
  });
});

describe("10: limit and offset", () => {
  const found = async (args: object): Promise<number[]> =>
    ids(await db.item.findMany({ orderBy: { id: "asc" }, ...args }));

  test.each([
    [{ limit: 2 }, [1, 2]],
    [{ limit: "2" }, [1, 2]],
    [{ limit: null }, [1, 2, 3, 4]],
    [{ limit: undefined }, [1, 2, 3, 4]],
    [{ limit: -1 }, [1, 2, 3, 4]],
    [{ limit: 0 }, []],
    [{ limit: 100 }, [1, 2, 3, 4]],
    [{ limit: 2, offset: 1 }, [2, 3]],
    [{ limit: 2, offset: "3" }, [4]],
    [{ limit: 2, offset: 9 }, []],
    [{ offset: 3 }, [4]],
    [{ offset: 0 }, [1, 2, 3, 4]],
    [{ offset: null }, [1, 2, 3, 4]],
  ])("%j", async (args, expected) => {
    expect(await found(args)).toEqual(expected);
  });

  test("limit 0 gives nothing on models without soft deletion, too", async () => {
    expect(await db.hard.findMany({ limit: 0 })).toEqual([]);
    expect(await db.hard.findManyAndCount({ limit: 0 })).toEqual({ rows: [], total: 3 });
  });

  test("what is no number is an error", async () => {
    await failure(db.item.findMany({ limit: "many" }));
    await failure(db.item.findMany({ limit: NaN }));
    await failure(db.item.findMany({ limit: 1, offset: "x" }));
  });
});

describe("10.1: methods", () => {
  test("arguments may be left out", async () => {
    expect(await db.hard.findMany()).toHaveLength(3);
    expect((await db.hard.findFirst()).id).toBe(1);
    expect(await db.hard.count()).toBe(3);
    expect(await db.hard.exists()).toBe(true);
    expect((await db.hard.findManyCursor()).items).toHaveLength(3);
    expect((await db.hard.findManyAndCount()).total).toBe(3);
  });

  test("all but optimizeFts return promises", async () => {
    for (const call of ["findMany", "findFirst", "count", "exists", "findManyCursor"]) {
      const result = db.hard[call]();
      expect(result).toBeInstanceOf(Promise);
      await result;
    }
    expect(db.text.optimizeFts()).toEqual({ optimized: true, table: "text_fts" });
  });

  test("optimizeFts is not available without @@fts", async () => {
    expect((await failure(() => db.hard.optimizeFts())).message).toContain("not available");
  });

  test("findFirst gives the first row of the order, or null", async () => {
    expect((await db.hard.findFirst({ orderBy: { id: "desc" } })).id).toBe(3);
    expect(await db.hard.findFirst({ where: { id: 99 } })).toBeNull();
  });

  test("findUnique gives one row or null, and refuses more", async () => {
    expect(await db.hard.findUnique({ where: { name: "a" } })).toEqual({ id: 1, name: "a" });
    expect(await db.hard.findUnique({ where: { id: 99 } })).toBeNull();
    const error = await failure(db.hard.findUnique({ where: { name: "b" } }));
    expect(error.message).toBe('findUnique on "hard" returned more than one row');
    await failure(db.hard.findUnique({}));
  });

  test.each(["findFirstOrThrow", "findUniqueOrThrow"])("%s", async (method) => {
    expect(await db.hard[method]({ where: { id: 2 } })).toEqual({ id: 2, name: "b" });
    const error = await failure(db.hard[method]({ where: { id: 99 } }));
    expect(error).toBeInstanceOf(Error);
    expect(error.code).toBe("NOT_FOUND");
    expect(error.model).toBe("hard");
    expect(error.message).toBe('No "hard" record found matching the given where clause');
  });

  test("findUniqueOrThrow refuses more than one row like findUnique", async () => {
    expect((await failure(db.hard.findUniqueOrThrow({ where: { name: "b" } }))).message).toContain(
      "returned more than one row",
    );
  });

  test("findManyAndCount: the total ignores limit and offset", async () => {
    expect(
      await db.hard.findManyAndCount({
        where: { id: { gte: 2 } },
        orderBy: { id: "asc" },
        limit: 1,
        offset: 1,
        select: { id: true },
      }),
    ).toEqual({ rows: [{ id: 3 }], total: 2 });
  });

  test("count and exists take a where", async () => {
    expect(await db.hard.count({ where: { name: "b" } })).toBe(2);
    expect(await db.hard.exists({ where: { name: "b" } })).toBe(true);
    expect(await db.hard.exists({ where: { name: "c" } })).toBe(false);
  });

  test("a second call with other values of the same shape sees its own values", async () => {
    for (const id of [1, 2, 3, 2]) {
      expect(ids(await db.hard.findMany({ where: { id } }))).toEqual([id]);
    }
  });
});

describe("8 and 10: permanent filters", () => {
  test("hold for every read, and are ANDed with the caller's", async () => {
    const filtered = await open(SCHEMA, {
      filters: {
        hard: { name: "b" },
        item: (ctx: any) => (ctx.auth ? { size: ctx.auth.size } : null),
      },
    } as any);
    await filtered.hard.createMany({ data: [{ name: "a" }, { name: "b" }, { name: "b" }] });
    await filtered.item.createMany({
      data: range(1, 6).map((id) => ({ name: "i", size: id % 3 })),
    });
    expect(ids(await filtered.hard.findMany({ orderBy: { id: "asc" } }))).toEqual([2, 3]);
    expect(await filtered.hard.count({ where: { OR: [{ id: 1 }, { id: 2 }] } })).toBe(1);
    expect(await filtered.hard.exists({ where: { name: "a" } })).toBe(false);
    expect(ids((await filtered.hard.findManyCursor({})).items)).toEqual([2, 3]);
    expect((await filtered.hard.aggregate({ _count: true }))._count).toBe(2);
    expect(await filtered.hard.groupBy({ by: ["name"], _count: true })).toEqual([
      { name: "b", _count: 2 },
    ]);
    expect(await filtered.item.count()).toBe(6);
    expect(ids(await filtered.$setAuth({ size: 1 }).item.findMany())).toEqual([1, 4]);
  });
});
