// litestone.md 11: conditions.
import { beforeAll, describe, expect, test } from "vitest";
import { sql } from "../../src/index.js";
import { type Db, failure, ids, open } from "./reads_support.js";

const SCHEMA = `
enum Role { admin member }
type Geo { lat Float  lng Float? }
type Address { city String  zip String?  floor Int?  active Boolean?  geo Json? @type(Geo) }
model User {
  id Int @id
  name String
  nick String?
  age Int?
  score Float?
  active Boolean?
  role Role @default(member)
  joined DateTime?
  meta Json?
  addr Json? @type(Address)
  tags String[]
  nums Int[]
  upper String @generated("upper({name})")
  posts Post[]
  postCount Int @from(Post, count: true)
  anyPost Boolean @from(Post, exists: true)
  likes Int @from(Post, sum: likes)
}
model Post {
  id Int @id
  likes Int @default(0)
  user User @relation(fields: [userId], references: [id])
  userId Int
}
`;

const USERS = [
  {
    name: "Ada",
    age: 36,
    score: 1.5,
    active: true,
    role: "admin",
    joined: "2024-01-01T00:00:00.000Z",
    meta: { k: 1 },
    addr: { city: "NYC", zip: "10001", floor: 3, active: true, geo: { lat: 40.7, lng: -74 } },
    tags: ["a", "b"],
    nums: [1, 2],
  },
  {
    name: "bob",
    nick: "bobby",
    age: 28,
    active: false,
    joined: "2024-02-01T00:00:00.000Z",
    addr: { city: "Nice", geo: { lat: 43.7 } },
    tags: ["b"],
    nums: [2, 3],
  },
  { name: "Cy", age: null, score: -2, addr: { city: "Rome", zip: null, active: false } },
  { name: "d%e", nick: "D_E", age: 28, score: 0, active: true, tags: ["c", "a", "b"], nums: [] },
  { name: "Ädam", nick: "o'neil", age: 70, score: 1.5, active: null, meta: ["x"], nums: [36] },
];

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  for (const data of USERS) await db.user.create({ data });
  await db.post.createMany({
    data: [
      { userId: 1, likes: 5 },
      { userId: 1, likes: 2 },
      { userId: 4, likes: 1 },
    ],
  });
});

const found = async (where: unknown): Promise<number[]> =>
  ids(await db.user.findMany({ where, orderBy: { id: "asc" } }));

/** Each condition with the ids that it finds, in findMany as in count. */
const finds = (cases: [where: unknown, expected: number[]][]): void => {
  test.each(cases)("%j finds %j", async (where, expected) => {
    expect(await found(where)).toEqual(expected);
    expect(await db.user.count({ where })).toBe(expected.length);
  });
};

describe("11.1: equality", () => {
  finds([
    [{ id: 2 }, [2]],
    [{ id: "2" }, [2]],
    [{ name: "Ada" }, [1]],
    [{ name: "ada" }, []],
    [{ nick: null }, [1, 3]],
    [{ active: true }, [1, 4]],
    [{ active: false }, [2]],
    [{ active: null }, [3, 5]],
    [{ score: 0 }, [4]],
    [{ score: -2.0 }, [3]],
    [{ role: "admin" }, [1]],
    [{ nick: "o'neil" }, [5]],
    [{ joined: "2024-01-01T00:00:00.000Z" }, [1]],
    [{ joined: new Date(Date.UTC(2024, 0, 1)) }, [1]],
    [{ id: [1, 3] }, [1, 3]],
    [{ id: [] }, []],
    [{ role: ["admin", "member"] }, [1, 2, 3, 4, 5]],
    [{ active: [true, false] }, [1, 2, 4]],
    [{ name: "bob", age: 28 }, [2]],
    [{ name: "bob", age: 29 }, []],
    [{}, [1, 2, 3, 4, 5]],
    [undefined, [1, 2, 3, 4, 5]],
    [null, [1, 2, 3, 4, 5]],
    [{ age: {} }, [1, 2, 3, 4, 5]],
  ]);
});

describe("11.1: comparison", () => {
  finds([
    [{ age: { gt: 28 } }, [1, 5]],
    [{ age: { gte: 28 } }, [1, 2, 4, 5]],
    [{ age: { lt: 36 } }, [2, 4]],
    [{ age: { lte: 36 } }, [1, 2, 4]],
    [{ age: { gt: 28, lt: 70 } }, [1]],
    [{ age: { gt: null } }, []],
    [{ age: { lte: null } }, []],
    [{ name: { gte: "Cy" } }, [2, 3, 4, 5]],
    [{ joined: { gt: new Date(Date.UTC(2024, 0, 15)) } }, [2]],
    [{ joined: { gte: "2024-01-01", lt: "2024-02" } }, [1]],
    [{ age: { not: 28 } }, [1, 5]],
    [{ age: { not: null } }, [1, 2, 4, 5]],
    [{ active: { not: true } }, [2]],
    [{ name: { not: "Ada" } }, [2, 3, 4, 5]],
  ]);
});

describe("11.1: lists", () => {
  finds([
    [{ age: { in: [36, 70] } }, [1, 5]],
    [{ age: { in: [] } }, []],
    [{ age: { in: null } }, []],
    [{ age: { in: [36, null] } }, [1]],
    [{ active: { in: [true] } }, [1, 4]],
    [{ joined: { in: [new Date(Date.UTC(2024, 0, 1))] } }, [1]],
    [{ age: { notIn: [36, 70] } }, [2, 3, 4]],
    [{ age: { notIn: [] } }, [1, 2, 3, 4, 5]],
    [{ name: { notIn: ["Ada"] } }, [2, 3, 4, 5]],
    [{ age: { in: [28, 36], gt: 30 } }, [1]],
  ]);
});

describe("11.1: text", () => {
  finds([
    [{ name: { contains: "d" } }, [1, 4, 5]],
    [{ name: { contains: "DA" } }, [1, 5]],
    [{ name: { startsWith: "a" } }, [1]],
    [{ name: { startsWith: "ä" } }, []],
    [{ name: { endsWith: "B" } }, [2]],
    [{ name: { contains: "%" } }, [1, 2, 3, 4, 5]],
    [{ name: { startsWith: "_d" } }, [1, 5]],
    [{ nick: { contains: "" } }, [2, 4, 5]],
    [{ nick: { contains: "o'n" } }, [5]],
    [{ name: { startsWith: "A", endsWith: "a" } }, [1]],
  ]);
});

describe("11.1: arrays", () => {
  finds([
    [{ tags: { has: "a" } }, [1, 4]],
    [{ tags: { has: "z" } }, []],
    [{ nums: { has: 2 } }, [1, 2]],
    [{ tags: { hasEvery: ["a", "b"] } }, [1, 4]],
    [{ tags: { hasEvery: [] } }, [1, 2, 3, 4, 5]],
    [{ tags: { hasSome: ["c", "b"] } }, [1, 2, 4]],
    [{ tags: { hasSome: [] } }, []],
    [{ nums: { hasSome: [36, 3] } }, [2, 5]],
    [{ tags: { isEmpty: true } }, [3, 5]],
    [{ tags: { isEmpty: false } }, [1, 2, 4]],
    [{ tags: { has: "a", isEmpty: false } }, [1, 4]],
    [{ NOT: { tags: { has: "a" } } }, [2, 3, 5]],
  ]);
});

describe("11.1: AND, OR, NOT", () => {
  finds([
    [{ AND: [{ age: 28 }, { active: true }] }, [4]],
    [{ OR: [{ id: 1 }, { id: 3 }] }, [1, 3]],
    [{ OR: [{ age: 28, active: false }, { name: "Cy" }] }, [2, 3]],
    [{ NOT: { age: 28 } }, [1, 5]],
    [{ NOT: { name: "Ada" } }, [2, 3, 4, 5]],
    [{ NOT: { name: "Ada", age: 36 } }, [2, 3, 4, 5]],
    [{ AND: [] }, [1, 2, 3, 4, 5]],
    [{ OR: [] }, [1, 2, 3, 4, 5]],
    [{ NOT: {} }, [1, 2, 3, 4, 5]],
    [{ OR: [], id: 2 }, [2]],
    [{ AND: { id: 2 } }, [2]],
    [{ OR: { id: 2 } }, [2]],
    [
      {
        OR: [{ AND: [{ id: 1 }, { OR: [{ age: 36 }, { age: 1 }] }] }, { NOT: { NOT: { id: 5 } } }],
      },
      [1, 5],
    ],
    [{ id: { gt: 1 }, OR: [{ id: 1 }, { id: 2 }], NOT: { id: 3 } }, [2]],
    [{ AND: [{ OR: [{ id: 1 }, { id: 2 }] }, { OR: [{ id: 2 }, { id: 3 }] }] }, [2]],
  ]);
});

describe("11.1: $raw", () => {
  finds([
    [{ $raw: "age > 30" }, [1, 5]],
    ["age > 30", [1, 5]],
    [{ id: { lt: 5 }, $raw: "age > 30" }, [1]],
    [{ $raw: "age = 28 OR age = 36", id: { gt: 1 } }, [2, 4]],
    [{ $raw: { _litestoneRaw: true, sql: "age > ? AND id < ?", params: [30, 5] } }, [1]],
    [{ OR: [{ $raw: "id = 1" }, { id: 2 }] }, [1, 2]],
    [{ NOT: { $raw: "id > 1" } }, [1]],
  ]);

  test("the tag binds its values in their places", async () => {
    const low = 28;
    expect(await found({ $raw: sql`age >= ${low} AND age < ${70}`, active: true })).toEqual([1, 4]);
    expect(await found({ active: true, $raw: sql`name = ${"d%e"}` })).toEqual([4]);
    expect(await found({ AND: [{ id: { gt: 1 } }, { $raw: sql`name <> ${"x' OR 1"}` }] })).toEqual([
      2, 3, 4, 5,
    ]);
    expect(
      await found({ $raw: sql`json_extract(meta, '$.k') = ${1}`, OR: [{ id: 1 }, { id: 5 }] }),
    ).toEqual([1]);
  });

  test("the tag has the form of the wire", () => {
    expect(JSON.parse(JSON.stringify(sql`  price > ${100} `))).toEqual({
      _litestoneRaw: true,
      sql: "price > ?",
      params: [100],
    });
  });

  test.each([[1], [true], [{ sql: "1" }], [["1 = 1"]]])("%j is refused", async (raw) => {
    const { message } = await failure(found({ $raw: raw }));
    expect(message).toContain("where.$raw must be a value returned by the sql");
    expect(message).toContain("tag or a plain SQL string");
  });

  test("works in every read and in writes", async () => {
    const where = { $raw: sql`id = ${2}` };
    expect((await db.user.findFirst({ where })).id).toBe(2);
    expect((await db.user.findUnique({ where })).id).toBe(2);
    expect(await db.user.exists({ where })).toBe(true);
    expect((await db.user.aggregate({ where, _count: true }))._count).toBe(1);
    expect(await db.user.groupBy({ where, by: ["age"], _count: true })).toEqual([
      { age: 28, _count: 1 },
    ]);
    expect(ids((await db.user.findManyCursor({ where })).items)).toEqual([2]);
    expect((await db.user.update({ where, data: { score: null } })).id).toBe(2);
    expect(await db.user.updateMany({ where, data: { score: null } })).toEqual({ count: 1 });
  });
});

describe("11.1: errors", () => {
  test("an unknown operator", async () => {
    expect((await failure(found({ age: { foo: 1 } }))).message).toBe(
      'Unknown where operator: "foo"',
    );
    expect((await failure(found({ name: { equals: "Ada" } }))).message).toBe(
      'Unknown where operator: "equals"',
    );
    expect((await failure(found({ OR: [{ name: { mode: "x" } }] }))).message).toContain("mode");
  });

  test("undefined names the field", async () => {
    const message = 'where clause: field "age" was given undefined — did you mean null?';
    expect((await failure(found({ age: undefined }))).message).toBe(message);
    expect((await failure(found({ OR: [{ age: undefined }] }))).message).toBe(message);
    for (const operand of [
      { gt: undefined },
      { in: [1, undefined] },
      [undefined],
      { not: undefined },
    ]) {
      const { message: text } = await failure(found({ age: operand }));
      expect(text).toContain('"age"');
      expect(text).toContain("undefined");
    }
  });

  test("functions and symbols are refused, naming the field", async () => {
    for (const operand of [() => 1, Symbol("s"), { gt: () => 1 }, { in: [Symbol("s")] }]) {
      expect((await failure(found({ age: operand }))).message).toContain('"age"');
    }
  });

  test("an unknown field names field and model", async () => {
    const { message } = await failure(found({ agee: 1 }));
    expect(message).toContain("agee");
    expect(message).toContain("User");
    await failure(found({ OR: [{ agee: 1 }] }));
    await failure(found({ NOT: { agee: { gt: 1 } } }));
  });

  test("there are no relation filters", async () => {
    await failure(found({ posts: { some: { likes: 1 } } }));
  });

  test.each(["findFirst", "findUnique", "count", "exists", "findManyCursor", "findManyAndCount"])(
    "%s refuses the same",
    async (method) => {
      expect((await failure(db.user[method]({ where: { age: undefined } }))).message).toContain(
        "did you mean null?",
      );
      expect((await failure(db.user[method]({ where: { age: { foo: 1 } } }))).message).toBe(
        'Unknown where operator: "foo"',
      );
      expect((await failure(db.user[method]({ where: { agee: 1 } }))).message).toContain("agee");
    },
  );
});

describe("11.1: untyped Json", () => {
  finds([
    [{ meta: '{"k":1}' }, [1]],
    [{ meta: null }, [2, 3, 4]],
    [{ meta: { not: null } }, [1, 5]],
    [{ meta: { contains: '"k"' } }, [1]],
    [{ $raw: "json_extract(meta, '$.k') = 1" }, [1]],
  ]);
});

describe("11.2: typed JSON paths", () => {
  finds([
    [{ addr: { city: "NYC" } }, [1]],
    [{ addr: { city: { not: "NYC" } } }, [2, 3]],
    [{ addr: { city: ["NYC", "Rome"] } }, [1, 3]],
    [{ addr: { city: { in: ["Nice"] } } }, [2]],
    [{ addr: { city: { startsWith: "n" } } }, [1, 2]],
    [{ addr: { city: { contains: "OM" } } }, [3]],
    [{ addr: { city: { endsWith: "e" } } }, [2, 3]],
    [{ addr: { floor: { contains: "3" } } }, [1]],
    [{ addr: { floor: { gte: 3, lt: 4 } } }, [1]],
    [{ addr: { zip: { notIn: ["1"] } } }, [1, 2, 3, 4, 5]],
    [{ addr: { zip: { notIn: ["10001"] } } }, [2, 3, 4, 5]],
    [{ addr: { zip: null } }, [2, 3, 4, 5]],
    [{ addr: { zip: { not: null } } }, [1]],
    [{ addr: { active: true } }, [1]],
    [{ addr: { active: false } }, [3]],
    [{ addr: { geo: { lat: { gte: 41 } } } }, [2]],
    [{ addr: { city: "NYC", geo: { lat: { gte: 40 }, lng: { lt: 0 } } } }, [1]],
    [{ addr: { city: "Nice", geo: { lng: null } } }, [2]],
    [{ addr: null }, [4, 5]],
    [{ addr: { not: null } }, [1, 2, 3]],
    [{ NOT: { addr: { city: "NYC" } } }, [2, 3]],
    [{ OR: [{ addr: { city: "NYC" } }, { id: 5 }] }, [1, 5]],
  ]);

  test("an unknown key names the type", async () => {
    expect((await failure(found({ addr: { bogus: 1 } }))).message).toContain(
      "Unknown field 'bogus' on type Address in WHERE clause",
    );
    expect((await failure(found({ addr: { geo: { bogus: 1 } } }))).message).toContain(
      "Unknown field 'bogus' on type Geo in WHERE clause",
    );
  });

  test("an unknown operator names the path", async () => {
    expect((await failure(found({ addr: { city: { like: "x" } } }))).message).toContain(
      "Unknown WHERE operator 'like' inside typed JSON path on field",
    );
    const { message } = await failure(found({ addr: { geo: { lat: { has: 1 } } } }));
    expect(message).toContain("Unknown WHERE operator 'has' inside typed JSON path on field");
    expect(message).toContain("geo.lat");
  });
});

describe("11.3: @from and generated fields", () => {
  finds([
    [{ upper: "BOB" }, [2]],
    [{ upper: { startsWith: "D" } }, [4]],
    [{ postCount: 2 }, [1]],
    [{ postCount: { gte: 1 } }, [1, 4]],
    [{ postCount: 0, id: { lt: 4 } }, [2, 3]],
    [{ postCount: [1, 2] }, [1, 4]],
    [{ postCount: { in: [1] } }, [4]],
    [{ likes: { gt: 1 } }, [1]],
    [{ anyPost: true }, [1, 4]],
    [{ anyPost: false }, [2, 3, 5]],
    [{ OR: [{ anyPost: false }, { postCount: 2 }] }, [1, 2, 3, 5]],
    [{ NOT: { anyPost: true } }, [2, 3, 5]],
  ]);
});
