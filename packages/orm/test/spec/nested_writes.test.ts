// litestone.md 15: what is written with a row.
import { beforeEach, describe, expect, test } from "vitest";
import "../addon.js";
import { type Client } from "../../src/index.js";
import { failure, open, rowsOf } from "./support.js";

const SCHEMA = `
model Account { id Int @id  name String @unique  users User[] }
model User {
  id Int @id
  name String @unique @length(1, 8)
  account Account? @relation(fields: [accountId], references: [id])
  accountId Int?
  notes Note[]
  tags Tag[]
}
model Note { id Int @id  text String @unique @trim  user User? @relation(fields: [userId], references: [id])  userId Int? }
model Tag { id Int @id  name String @unique  users User[] }`;

let db: Client;
beforeEach(async () => {
  db = await open(SCHEMA);
  await db.account.create({ data: { name: "acme" } });
});
const notes = async () =>
  (await db.note.findMany({ orderBy: { id: "asc" } })).map((row: any) => [row.text, row.userId]);
const links = () =>
  rowsOf(db, 'SELECT "tagId", "userId" FROM _tag_user ORDER BY 1, 2').map((row) => [
    row.tagId,
    row.userId,
  ]);

describe("15.2 belongsTo", () => {
  test("connect takes the first match", async () => {
    const user = await db.user.create({
      data: { name: "a", account: { connect: { name: "acme" } } },
    });
    expect(user.accountId).toBe(1);
  });

  test("connect without a match", async () => {
    const error = await failure(
      db.user.create({ data: { name: "a", account: { connect: { name: "no" } } } }),
    );
    expect(error.message).toBe('Nested connect on "account": no "Account" record found');
    expect(await db.user.count()).toBe(0);
  });

  test("create makes the parent first", async () => {
    const user = await db.user.create({
      data: { name: "a", account: { create: { name: "new" } } },
      include: { account: true },
    });
    expect(user.account).toEqual({ id: 2, name: "new" });
    expect(user.accountId).toBe(2);
  });

  test("connectOrCreate", async () => {
    const make = (name: string, account: string) =>
      db.user.create({
        data: {
          name,
          account: { connectOrCreate: { where: { name: account }, create: { name: account } } },
        },
      });
    expect((await make("a", "acme")).accountId).toBe(1);
    expect((await make("b", "new")).accountId).toBe(2);
    expect(await db.account.count()).toBe(2);
  });

  test("in update, too", async () => {
    await db.user.create({ data: { name: "a" } });
    const where = { id: 1 };
    expect(
      (await db.user.update({ where, data: { account: { connect: { id: 1 } } } })).accountId,
    ).toBe(1);
    expect(
      (await db.user.update({ where, data: { account: { create: { name: "x" } } } })).accountId,
    ).toBe(2);
    const data = {
      account: { connectOrCreate: { where: { name: "acme" }, create: { name: "acme" } } },
    };
    expect((await db.user.update({ where, data })).accountId).toBe(1);
  });

  test("connect goes before create", async () => {
    const user = await db.user.create({
      data: { name: "a", account: { create: { name: "new" }, connect: { id: 1 } } },
    });
    expect(user.accountId).toBe(1);
    expect(await db.account.count()).toBe(1);
  });
});

describe("15.3 hasMany", () => {
  test("create one or several; the key is the parent's", async () => {
    await db.user.create({ data: { name: "a", notes: { create: { text: " one " } } } });
    await db.user.create({
      data: { name: "b", notes: { create: [{ text: "two", userId: 1 }, { text: "three" }] } },
    });
    expect(await notes()).toEqual([
      ["one", 1],
      ["two", 2],
      ["three", 2],
    ]);
  });

  test("connect and disconnect one or several", async () => {
    await db.note.createMany({ data: [{ text: "x" }, { text: "y" }, { text: "z" }] });
    await db.user.create({ data: { name: "a", notes: { connect: { text: "x" } } } });
    const where = { id: 1 };
    await db.user.update({ where, data: { notes: { connect: [{ id: 2 }, { text: "z" }] } } });
    expect(await notes()).toEqual([
      ["x", 1],
      ["y", 1],
      ["z", 1],
    ]);
    await db.user.update({ where, data: { notes: { disconnect: [{ id: 1 }, { id: 2 }] } } });
    await db.user.update({ where, data: { notes: { disconnect: { id: 3 } } } });
    expect(await notes()).toEqual([
      ["x", null],
      ["y", null],
      ["z", null],
    ]);
  });

  test("delete is real", async () => {
    await db.user.create({
      data: { name: "a", notes: { create: [{ text: "x" }, { text: "y" }] } },
    });
    await db.user.update({ where: { id: 1 }, data: { notes: { delete: { text: "x" } } } });
    expect(await notes()).toEqual([["y", 1]]);
  });

  test("update one or several", async () => {
    await db.user.create({
      data: { name: "a", notes: { create: [{ text: "x" }, { text: "y" }] } },
    });
    await db.user.update({
      where: { id: 1 },
      data: { notes: { update: { where: { text: "x" }, data: { text: " x2 " } } } },
    });
    await db.user.update({
      where: { id: 1 },
      data: {
        notes: {
          update: [
            { where: { id: 1 }, data: { text: "x3" } },
            { where: { id: 2 }, data: { text: "y3" } },
          ],
        },
      },
    });
    expect(await notes()).toEqual([
      ["x3", 1],
      ["y3", 1],
    ]);
  });

  test("several operations at once", async () => {
    await db.note.create({ data: { text: "free" } });
    await db.user.create({ data: { name: "a", notes: { create: { text: "x" } } } });
    await db.user.update({
      where: { id: 1 },
      data: {
        name: "b",
        notes: { create: { text: "y" }, connect: { text: "free" }, disconnect: { text: "x" } },
      },
    });
    expect(await notes()).toEqual([
      ["free", 1],
      ["x", null],
      ["y", 1],
    ]);
    expect((await db.user.findFirst()).name).toBe("b");
  });
});

describe("15.4 manyToMany", () => {
  beforeEach(() =>
    db.tag.createMany({ data: [{ name: "red" }, { name: "blue" }, { name: "old" }] }),
  );

  test("create and connect", async () => {
    await db.user.create({
      data: { name: "a", tags: { create: { name: "new" }, connect: [{ name: "red" }, { id: 2 }] } },
    });
    expect(links()).toEqual([
      [1, 1],
      [2, 1],
      [4, 1],
    ]);
    await db.tag.update({ where: { id: 3 }, data: { users: { connect: { name: "a" } } } });
    expect(links()).toEqual([
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
  });

  test("a link twice is one", async () => {
    await db.user.create({ data: { name: "a", tags: { connect: [{ id: 1 }, { id: 1 }] } } });
    await db.user.update({ where: { id: 1 }, data: { tags: { connect: { name: "red" } } } });
    expect(links()).toEqual([[1, 1]]);
  });

  test("connect without a match", async () => {
    const error = await failure(
      db.user.create({ data: { name: "a", tags: { connect: { name: "no" } } } }),
    );
    expect(error.message).toBe('m2m connect on "tags": no "Tag" found');
    expect(await db.user.count()).toBe(0);
  });

  test("disconnect, also of what is not there", async () => {
    await db.user.create({ data: { name: "a", tags: { connect: [{ id: 1 }, { id: 2 }] } } });
    await db.user.update({
      where: { id: 1 },
      data: { tags: { disconnect: [{ id: 1 }, { name: "no" }] } },
    });
    expect(links()).toEqual([[2, 1]]);
    expect(await db.tag.count()).toBe(3);
  });

  test("delete takes the link and the target", async () => {
    await db.user.create({ data: { name: "a", tags: { connect: [{ id: 1 }, { id: 2 }] } } });
    await db.user.update({ where: { id: 1 }, data: { tags: { delete: { name: "red" } } } });
    expect(links()).toEqual([[2, 1]]);
    expect((await db.tag.findMany()).map((row: any) => row.name)).toEqual(["blue", "old"]);
  });

  test("set replaces all", async () => {
    await db.user.create({ data: { name: "a", tags: { connect: [{ id: 1 }, { id: 2 }] } } });
    await db.user.update({
      where: { id: 1 },
      data: { tags: { set: [{ name: "old" }, { id: 2 }] } },
    });
    expect(links()).toEqual([
      [2, 1],
      [3, 1],
    ]);
    await db.user.update({ where: { id: 1 }, data: { tags: { set: [] } } });
    expect(links()).toEqual([]);
  });

  test("set without a match changes nothing", async () => {
    await db.user.create({ data: { name: "a", tags: { connect: { id: 1 } } } });
    const error = await failure(
      db.user.update({ where: { id: 1 }, data: { tags: { set: [{ name: "no" }] } } }),
    );
    expect(error.message).toBe('m2m set on "tags": no "Tag" found matching {"name":"no"}');
    expect(links()).toEqual([[1, 1]]);
  });
});

describe("15.5 keys that parent and child share", () => {
  const SHARED = `
    model Account { id Int @id  orders Order[]  lines Line[] }
    model Order { id Int @id  account Account? @relation(fields: [accountId], references: [id])  accountId Int?  lines Line[] }
    model Line {
      id Int @id
      order Order @relation(fields: [orderId], references: [id])  orderId Int
      account Account? @relation(fields: [accountId], references: [id])  accountId Int?
    }`;
  const linesFor = async (data: object, options = {}) => {
    const own = await open(SHARED, options);
    await own.account.createMany({ data: [{}, {}] });
    await own.order.create({ data });
    return (await own.line.findMany({ orderBy: { id: "asc" } })).map((row: any) => row.accountId);
  };
  const create = [{}, { accountId: 2 }];

  test("the parent's wins", async () => {
    expect(await linesFor({ accountId: 1, lines: { create } })).toEqual([1, 1]);
    expect(await linesFor({ lines: { create } })).toEqual([null, 2]);
  });

  test("unless the child may override it", async () => {
    expect(
      await linesFor({ accountId: 1, lines: { create } }, { allowChildFkOverride: true }),
    ).toEqual([1, 2]);
  });
});

describe("15.6 nested rows are rows", () => {
  test("to any depth, with their own rules and transforms", async () => {
    const account = await db.account.create({
      data: {
        name: "x",
        users: {
          create: {
            name: "a",
            notes: { create: { text: "  deep " } },
            tags: { create: { name: "t" } },
          },
        },
      },
      include: { users: { include: { notes: true, tags: true } } },
    });
    expect(account.users).toEqual([
      {
        id: 1,
        name: "a",
        accountId: 2,
        notes: [{ id: 1, text: "deep", userId: 1 }],
        tags: [{ id: 1, name: "t" }],
      },
    ]);
    const error = await failure(
      db.account.create({ data: { name: "y", users: { create: { name: "much too long" } } } }),
    );
    expect(error.name).toBe("ValidationError");
  });

  test("a failing child undoes the parent and its siblings", async () => {
    await db.note.create({ data: { text: "taken" } });
    const error = await failure(
      db.account.create({
        data: {
          name: "y",
          users: {
            create: [
              { name: "a" },
              { name: "b", notes: { create: [{ text: "ok" }, { text: "taken" }] } },
            ],
          },
        },
      }),
    );
    expect(error.code).toBe("SQLITE_CONSTRAINT_UNIQUE");
    expect([await db.account.count(), await db.user.count(), await db.note.count()]).toEqual([
      1, 0, 1,
    ]);
    await db.user.create({ data: { name: "a" } });
    await failure(
      db.user.update({
        where: { id: 1 },
        data: { name: "z", notes: { create: [{ text: "ok" }, { text: "taken" }] } },
      }),
    );
    expect((await db.user.findFirst()).name).toBe("a");
    expect(await db.note.count()).toBe(1);
  });

  test("upsert nests in both branches", async () => {
    const args = {
      where: { name: "a" },
      create: { name: "a", notes: { create: { text: "made" } } },
      update: { notes: { create: { text: "changed" } } },
    };
    await db.user.upsert(args);
    await db.user.upsert(args);
    expect(await notes()).toEqual([
      ["made", 1],
      ["changed", 1],
    ]);
  });

  test("an update without scalars is no match: nothing nested happens", async () => {
    expect(
      await db.user.update({ where: { id: 9 }, data: { notes: { create: { text: "x" } } } }),
    ).toBeNull();
    expect(await db.note.count()).toBe(0);
  });
});
