// litestone.md 4 and 5: how values are written and read.
import { beforeAll, describe, expect, test } from "vitest";
import { type Db, failure, open } from "./reads_support.js";

const SCHEMA = `
enum Mood { calm wild }
model Thing {
  id Int @id
  name String?
  count Int?
  ratio Float?
  flag Boolean?
  at DateTime?
  data Json?
  bytes Bytes?
  mood Mood?
  words String[]
  numbers Int[]
}
model Plain { id Int @id  zeta String?  alpha Int? }
model Order {
  id Int @id
  bag Bag @relation(fields: [bagId], references: [id])
  zulu Boolean?
  bagId Int
  amount Int @default(0)
}
model Bag {
  id Int @id
  orders Order[]
  label String @computed
  zone String?
  orderCount Int @from(Order, count: true)
  area Int?
  anyOrder Boolean @from(Order, exists: true)
}
model Defaults {
  id Int @id
  text String @default("it's")
  number Int @default(-3)
  ratio Float @default(1.5)
  flag Boolean @default(true)
  mood Mood @default(wild)
  at DateTime @default(now())
  key String @default(uuid())
  changedAt DateTime @updatedAt
  nullable String? @default("here")
  owner Int? @default(auth().id)
  title String?
  slug String? @default(title) @slug
}
model U { id String @id @default(uuid())  n Int? }
model L { id String @id @default(ulid())  n Int? }
model C { id String @id @default(cuid())  n Int? }
model N { id String @id @default(nanoid())  n Int? }
model Loose { id Int @id  key String @default(cuid())  other String @default(nanoid())  third String @default(ulid()) }
`;

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA, {
    computed: { Bag: { label: (row: any) => `bag ${row.id}` } } as any,
  });
});

const echo = async (data: object): Promise<any> => {
  const written = await db.thing.create({ data });
  const read = await db.thing.findUnique({ where: { id: written.id } });
  expect(read).toEqual(written);
  return read;
};

describe("4: types", () => {
  test.each([
    ["String", { name: "ü€😀\n\"'" }],
    ["an empty String", { name: "" }],
    ["Int", { count: -7 }],
    ["the largest safe Int", { count: Number.MAX_SAFE_INTEGER }],
    ["Float", { ratio: 0.1 }],
    ["an integer in a Float", { ratio: 3 }],
    ["true", { flag: true }],
    ["false", { flag: false }],
    ["DateTime", { at: "2024-01-15T09:30:00Z" }],
    ["an object in Json", { data: { a: [1, null, { b: "c" }], d: 1.5, e: false } }],
    ["an array in Json", { data: [1, "2", null] }],
    ["an Enum", { mood: "calm" }],
    ["String[]", { words: ["a", "", "ü"] }],
    ["Int[]", { numbers: [3, -1, 3] }],
  ])("%s comes back as it was written", async (_, data) => {
    expect(await echo(data)).toMatchObject(data);
  });

  test("what is absent is null, and lists are empty", async () => {
    expect(await echo({})).toEqual({
      id: expect.any(Number),
      name: null,
      count: null,
      ratio: null,
      flag: null,
      at: null,
      data: null,
      bytes: null,
      mood: null,
      words: [],
      numbers: [],
    });
  });

  test("Bytes take a Buffer or a Uint8Array and give a Buffer", async () => {
    for (const bytes of [Buffer.from([0, 255, 7]), new Uint8Array([0, 255, 7])]) {
      const row = await db.thing.create({ data: { bytes } });
      const read = await db.thing.findFirst({ where: { id: row.id } });
      expect(Buffer.isBuffer(read.bytes)).toBe(true);
      expect([...read.bytes]).toEqual([0, 255, 7]);
    }
  });

  test.each([
    [1, true],
    ["yes", true],
    [[], true],
    [0, false],
    ["", false],
  ])("Boolean: %j is written as %j", async (value, expected) => {
    expect((await echo({ flag: value })).flag).toBe(expected);
  });

  test("a number in text is a number in an Int column", async () => {
    expect((await echo({ count: "12" })).count).toBe(12);
  });

  test("other text in an Int column is refused with the text of the database", async () => {
    const error = await failure(db.thing.create({ data: { count: "twelve" } }));
    expect(error.message).toContain("cannot store TEXT value in INTEGER column thing.count");
  });

  test("a fraction in an Int column is refused with the text of the database", async () => {
    const error = await failure(db.thing.create({ data: { count: 1.5 } }));
    expect(error.message).toContain("cannot store REAL value in INTEGER column thing.count");
  });
});

describe("5.1: reading", () => {
  test("keys stand in the order of the columns", async () => {
    await db.plain.create({ data: { alpha: 1, zeta: "z" } });
    expect(Object.keys(await db.plain.findFirst())).toEqual(["id", "zeta", "alpha"]);
    expect(Object.keys((await db.plain.findMany())[0])).toEqual(["id", "zeta", "alpha"]);
  });

  test("then follow the fields of @from and the computed ones", async () => {
    const bag = await db.bag.create({ data: { zone: "n" } });
    await db.order.create({ data: { bag: { connect: { id: bag.id } } } });
    const row = await db.bag.findUnique({ where: { id: bag.id } });
    expect(Object.keys(row)).toEqual(["id", "zone", "area", "orderCount", "anyOrder", "label"]);
    expect(row).toMatchObject({ orderCount: 1, anyOrder: true, label: `bag ${bag.id}` });
    expect(Object.keys(await db.order.findFirst())).toEqual(["id", "zulu", "bagId", "amount"]);
  });

  test("text in a Json column that is not JSON stays text", async () => {
    const { id } = await db.thing.create({ data: { data: "{broken" } });
    expect((await db.thing.findUnique({ where: { id } })).data).toBe("{broken");
  });

  test("a Boolean is true for 1 and false for any other number", async () => {
    const one = await db.thing.create({ data: { flag: true } });
    const two = await db.thing.create({ data: { flag: true } });
    db.$db.run(`UPDATE "thing" SET "flag" = 2 WHERE "id" = ${two.id}`);
    expect((await db.thing.findUnique({ where: { id: one.id } })).flag).toBe(true);
    expect((await db.thing.findUnique({ where: { id: two.id } })).flag).toBe(false);
  });
});

describe("5.2: undefined", () => {
  test("in create writes NULL, not the default", async () => {
    expect((await db.defaults.create({ data: { nullable: undefined } })).nullable).toBeNull();
    expect((await db.defaults.create({ data: {} })).nullable).toBe("here");
  });

  test("in update writes NULL", async () => {
    const { id } = await db.thing.create({ data: { name: "x", count: 1 } });
    const row = await db.thing.update({ where: { id }, data: { name: undefined } });
    expect(row).toMatchObject({ name: null, count: 1 });
  });
});

describe("5.3: DateTime", () => {
  test.each([
    "2024-01-15",
    "2024-01-15T09:30:00",
    "2024-01-15T09:30:00Z",
    "2024-01-15T09:30:00.1Z",
    "2024-01-15T09:30:00.123456Z",
    "2024-01-15T09:30:00+02:00",
    "2024-01-15T09:30:00.5-11:30",
  ])("%s is stored as given", async (at) => {
    expect((await echo({ at })).at).toBe(at);
  });

  test.each(["", "today", "2024-1-5", "2024-01-15 09:30:00", "2024-01-15T09:30Z", "15.01.2024"])(
    "%j is refused",
    async (at) => {
      const error = await failure(db.thing.create({ data: { at } }));
      expect(error.name).toBe("ValidationError");
      expect(error.errors).toEqual([
        {
          path: ["at"],
          message: "must be a valid ISO 8601 datetime (e.g. 2024-01-15T09:30:00Z)",
        },
      ]);
    },
  );

  test("a Date becomes ISO text with milliseconds", async () => {
    expect((await echo({ at: new Date(Date.UTC(2024, 0, 15, 9, 30, 0, 7)) })).at).toBe(
      "2024-01-15T09:30:00.007Z",
    );
  });

  test("a number is milliseconds since the epoch", async () => {
    expect((await echo({ at: 0 })).at).toBe("1970-01-01T00:00:00.000Z");
    expect((await echo({ at: 1705311000123 })).at).toBe("2024-01-15T09:30:00.123Z");
  });

  test.each([NaN, Infinity, true, {}])("%j is refused", async (at) => {
    expect((await failure(db.thing.create({ data: { at } }))).message).toContain("ISO 8601");
  });

  test("every write is checked: update, createMany, updateMany, upsertMany", async () => {
    const { id } = await db.thing.create({ data: {} });
    const calls = [
      () => db.thing.update({ where: { id }, data: { at: "x" } }),
      () => db.thing.createMany({ data: [{}, { at: "x" }] }),
      () => db.thing.updateMany({ where: { id }, data: { at: "x" } }),
      () => db.thing.upsertMany({ data: [{ id, at: "x" }] }),
    ];
    for (const call of calls) expect((await failure(call)).message).toContain("ISO 8601");
  });
});

describe("5.4: Json", () => {
  test.each([
    ["123", 123],
    ["hello", "hello"],
    ['{"a":1}', { a: 1 }],
    ['"quoted"', "quoted"],
    ["null", null],
  ])("the string %j is stored as it is and reads as %j", async (text, expected) => {
    const { id } = await db.thing.create({ data: { data: text } });
    expect((await db.thing.findUnique({ where: { id } })).data).toEqual(expected);
  });

  test.each([[0], [1.5], [true], [false], [[]], [{}]])("%j is kept", async (data) => {
    expect((await echo({ data })).data).toEqual(data);
  });

  test("null is the NULL of SQL", async () => {
    const { id } = await db.thing.create({ data: { data: null } });
    expect(await db.thing.count({ where: { id, data: null } })).toBe(1);
  });
});

describe("5.5: defaults", () => {
  const kIso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

  test("literals, enums, now() and uuid()", async () => {
    const row = await db.defaults.create({ data: {} });
    expect(row).toMatchObject({
      text: "it's",
      number: -3,
      ratio: 1.5,
      flag: true,
      mood: "wild",
      owner: null,
    });
    expect(row.at).toMatch(kIso);
    expect(row.changedAt).toMatch(kIso);
    expect(row.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  });

  test.each([
    ["u", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
    ["l", /^[0-9A-HJKMNP-TV-Z]{26}$/],
    ["c", /^c[a-z0-9]{1,24}$/],
    ["n", /^[A-Za-z0-9_-]{21}$/],
  ])("ids of the model %s are made by create, createMany and upsertMany", async (name, form) => {
    const table = db[name];
    expect((await table.create({ data: {} })).id).toMatch(form);
    expect((await table.create({ data: { id: null } })).id).toMatch(form);
    expect((await table.create({ data: { id: "mine" } })).id).toBe("mine");
    await table.createMany({ data: [{ n: 1 }, { n: 2 }] });
    await table.upsertMany({ data: [{ n: 3 }] });
    const rows = await table.findMany({ where: { n: { gte: 1 } } });
    expect(rows).toHaveLength(3);
    for (const row of rows) expect(row.id).toMatch(form);
  });

  test("cuid, nanoid and ulid are made for every field", async () => {
    const row = await db.loose.create({ data: {} });
    expect(row.key).toMatch(/^c[a-z0-9]+$/);
    expect(row.other).toMatch(/^[A-Za-z0-9_-]{21}$/);
    expect(row.third).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  test("auth() is stamped only for a known caller, in create and createMany", async () => {
    const mine = db.$setAuth({ id: 9 });
    expect((await mine.defaults.create({ data: {} })).owner).toBe(9);
    expect((await mine.defaults.create({ data: { owner: 4 } })).owner).toBe(4);
    await mine.defaults.createMany({ data: [{ title: "stamped" }] });
    expect((await db.defaults.findFirst({ where: { title: "stamped" } })).owner).toBe(9);
    expect((await db.$setAuth({}).defaults.create({ data: {} })).owner).toBeNull();
  });

  test("a field default is copied before the transforms run", async () => {
    const row = await db.defaults.create({ data: { title: "Hello, World" } });
    expect(row.slug).toBe("hello-world");
    expect((await db.defaults.create({ data: {} })).slug).toBeNull();
  });
});
