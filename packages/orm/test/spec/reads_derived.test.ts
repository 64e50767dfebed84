// litestone.md 32.2 and 32.3: fields derived with @from, and computed fields.
import { beforeAll, describe, expect, test } from "vitest";
import { type Db, failure, ids, open } from "./reads_support.js";

const SCHEMA = `
model Account {
  id Int @id
  name String
  userCount Int @from(User, count: true)
  activeCount Int @from(User, count: true, where: "active = 1")
  points Int @from(User, sum: points)
  best Int? @from(User, max: points)
  worst Int? @from(User, min: points)
  anyUser Boolean @from(User, exists: true)
  anyInactive Boolean @from(User, exists: true, where: "active = 0")
  newest User? @from(User, last: true)
  oldest User? @from(User, first: true)
  strongest User? @from(User, last: true, orderBy: points)
  newestActive User? @from(User, last: true, where: "active = 1")
  noteCount Int @from(Note, count: true)
  users User[]
}
model User {
  id Int @id
  name String
  points Int?
  active Boolean @default(true)
  meta Json?
  tags String[]
  account Account? @relation(fields: [accountId], references: [id])
  accountId Int?
  deletedAt DateTime?
  @@softDelete
}
model Note { id Int @id  accountId Int }
`;

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  await db.account.createMany({ data: [{ name: "Acme" }, { name: "Empty" }, { name: "Solo" }] });
  await db.user.createMany({
    data: [
      { name: "a", accountId: 1, points: 5, meta: { x: [1] }, tags: ["t"] },
      { name: "b", accountId: 1, points: 9, active: false },
      { name: "c", accountId: 1, points: null },
      { name: "d", accountId: 3, points: -1, active: false },
    ],
  });
  await db.note.createMany({ data: [{ accountId: 3 }, { accountId: 3 }] });
});

const account = (id: number): Promise<any> => db.account.findUnique({ where: { id } });

describe("32.2: @from", () => {
  test("the kinds", async () => {
    expect(await account(1)).toMatchObject({
      userCount: 3,
      activeCount: 2,
      points: 14,
      best: 9,
      worst: 5,
      anyUser: true,
      anyInactive: true,
    });
    expect(await account(3)).toMatchObject({ userCount: 1, activeCount: 0, points: -1, best: -1 });
  });

  test("over nothing", async () => {
    expect(await account(2)).toEqual({
      id: 2,
      name: "Empty",
      userCount: 0,
      activeCount: 0,
      points: 0,
      best: null,
      worst: null,
      anyUser: false,
      anyInactive: false,
      newest: null,
      oldest: null,
      strongest: null,
      newestActive: null,
      noteCount: 0,
    });
  });

  test("first and last are rows with their values converted", async () => {
    const row = await account(1);
    expect(row.oldest).toEqual({
      id: 1,
      name: "a",
      points: 5,
      active: true,
      meta: { x: [1] },
      tags: ["t"],
      accountId: 1,
      deletedAt: null,
    });
    expect(row.newest).toMatchObject({ id: 3, active: true, tags: [] });
    expect(row.strongest.id).toBe(2);
    expect(row.newestActive.id).toBe(3);
  });

  test("without a relation the field named after the model joins", async () => {
    expect((await account(3)).noteCount).toBe(2);
  });

  test("softly deleted targets are included", async () => {
    const own = await open(SCHEMA);
    await own.account.create({ data: { name: "x" } });
    await own.user.create({ data: { name: "y", accountId: 1 } });
    await own.user.remove({ where: { id: 1 } });
    expect((await own.account.findFirst()).userCount).toBe(1);
  });

  test("is in every read", async () => {
    const where = { id: 1 };
    const wanted = { userCount: 3, anyUser: true };
    expect((await db.account.findMany({ where }))[0]).toMatchObject(wanted);
    expect(await db.account.findFirst({ where })).toMatchObject(wanted);
    expect((await db.account.findManyAndCount({ where })).rows[0]).toMatchObject(wanted);
    expect((await db.account.findManyCursor({ where })).items[0]).toMatchObject(wanted);
    expect((await db.account.findMany({ where, distinct: true }))[0]).toMatchObject(wanted);
    expect(
      (await db.account.findMany({ where, orderBy: { users: { _count: "desc" } } }))[0],
    ).toMatchObject(wanted);
    const [user] = await db.user.findMany({ where, include: { account: true } });
    expect(user.account).toMatchObject(wanted);
  });

  test("can be selected, found and ordered by", async () => {
    expect(
      await db.account.findMany({
        where: { userCount: { gte: 1 } },
        select: { name: true, userCount: true },
        orderBy: { userCount: "desc" },
      }),
    ).toEqual([
      { name: "Acme", userCount: 3 },
      { name: "Solo", userCount: 1 },
    ]);
    expect(ids(await db.account.findMany({ where: { anyInactive: false } }))).toEqual([2]);
    expect(await db.account.count({ where: { best: null } })).toBe(1);
  });

  test("cannot be written: the key is dropped", async () => {
    const own = await open(SCHEMA);
    await own.account.create({ data: { name: "x", userCount: 7 } });
    expect((await own.account.findFirst()).userCount).toBe(0);
  });
});

describe("32.3: computed", () => {
  const MODELS = `
    model Person {
      id Int @id
      first String
      last String?
      active Boolean @default(true)
      full String @computed
      caller Int? @computed
    }
    model Pet { id Int @id  owner Person? @relation(fields: [ownerId], references: [id])  ownerId Int? }
  `;
  const computed = {
    Person: {
      full: (row: any) => [row.first, row.last].filter(Boolean).join(" "),
      caller: (_: any, ctx: any) => ctx.auth?.id ?? null,
      // Not declared, and after `full`, whose value it sees.
      shout: (row: any) => `${row.full.toUpperCase()}${row.active === true ? "!" : ""}`,
    },
  };
  const ada = { full: "Ada L", caller: null, shout: "ADA L!" };
  let people: Db;
  beforeAll(async () => {
    people = await open(MODELS, { computed } as any);
    await people.person.create({ data: { first: "Ada", last: "L" } });
    await people.pet.create({ data: { ownerId: 1 } });
  });

  test("are on reads and on writes, in object order, also undeclared ones", async () => {
    const row = await people.person.findFirst();
    expect(row).toEqual({ id: 1, first: "Ada", last: "L", active: true, ...ada });
    expect(Object.keys(row).slice(-3)).toEqual(["full", "caller", "shout"]);
    const own = await open(MODELS, { computed } as any);
    expect(await own.person.create({ data: { first: "B" } })).toMatchObject({
      full: "B",
      shout: "B!",
    });
    expect(await own.person.update({ where: { id: 1 }, data: { last: "C" } })).toMatchObject({
      full: "B C",
    });
    expect((await own.person.delete({ where: { id: 1 } })).full).toBe("B C");
  });

  test("see the caller", async () => {
    expect((await people.$setAuth({ id: 9 }).person.findFirst()).caller).toBe(9);
  });

  test("are on related rows and on pages", async () => {
    const pet = await people.pet.findFirst({ include: { owner: true } });
    expect(pet.owner).toMatchObject(ada);
    expect((await people.person.findManyCursor({})).items[0]).toMatchObject(ada);
    expect((await people.person.findManyAndCount({})).rows[0]).toMatchObject(ada);
  });

  test("can be selected alone", async () => {
    expect(await people.person.findMany({ select: { full: true } })).toEqual([{ full: "Ada L" }]);
    expect(await people.person.findMany({ select: { id: true } })).toEqual([{ id: 1 }]);
  });

  test("are made only where they are shown, for they need the whole row", async () => {
    const strict = await open(
      `model Node { id Int @id  name String  parent Node? @relation(fields: [parentId], references: [id])
         parentId Int?  kids Node[]  loud String @computed  @@fts([name]) }`,
      { computed: { Node: { loud: (row: any) => row.name.toUpperCase() } } } as any,
    );
    await strict.node.createMany({
      data: [{ name: "a b" }, { name: "b", parentId: 1 }, { name: "c", parentId: 2 }],
    });
    const select = { id: true };
    const args = { where: { id: 1 }, select };
    const two = { id: 2, _depth: 1, children: [{ id: 3, _depth: 2, children: [] }] };
    expect(await strict.node.findMany(args)).toEqual([{ id: 1 }]);
    expect((await strict.node.findManyCursor(args)).items).toEqual([{ id: 1 }]);
    expect(await strict.node.search("a", { select, withRank: false })).toEqual([{ id: 1 }]);
    expect(await strict.query({ node: args })).toEqual({ node: [{ id: 1 }] });
    expect(await strict.node.findMany({ ...args, recursive: { nested: true } })).toEqual([two]);
    expect(await strict.node.findFirst({ ...args, include: { kids: { select } } })).toEqual({
      id: 1,
      kids: [{ id: 2 }],
    });
    expect(await strict.node.search("a", { select: { loud: true }, withRank: false })).toEqual([
      { loud: "A B" },
    ]);
    expect(await strict.query({ node: { where: { id: 3 }, select: { loud: true } } })).toEqual({
      node: [{ loud: "C" }],
    });
  });

  test("are no columns: not in where, not in data", async () => {
    await failure(people.person.findMany({ where: { full: "Ada L" } }));
    expect((await failure(people.person.create({ data: { first: "x", full: "y" } }))).name).toBe(
      "ValidationError",
    );
  });
});
