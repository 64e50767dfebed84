// litestone.md 7: what the client knows about relations.
import { describe, expect, test } from "vitest";
import "../addon.js";
import { failure, open } from "./support.js";

const SCHEMA = `
model User { id Int @id  posts Post[]  logs Log[] @hardDelete }
model Post {
  id Int @id
  author User @relation(fields: [authorId], references: [id])  authorId Int
  editor User? @relation(fields: [editorId], references: [id])  editorId Int?
  tags Tag[]
}
model Log { id Int @id  user User @relation(fields: [userId], references: [id])  userId Int }
model Tag { id Int @id  posts Post[] }`;

describe("7 relations", () => {
  test("$relations", async () => {
    const db = await open(SCHEMA);
    expect(db.$relations).toEqual({
      User: {
        posts: {
          kind: "hasMany",
          targetModel: "Post",
          foreignKey: "authorId",
          referencedKey: "id",
          hardDelete: false,
        },
        logs: {
          kind: "hasMany",
          targetModel: "Log",
          foreignKey: "userId",
          referencedKey: "id",
          hardDelete: true,
        },
      },
      Post: {
        author: {
          kind: "belongsTo",
          targetModel: "User",
          foreignKey: "authorId",
          referencedKey: "id",
        },
        editor: {
          kind: "belongsTo",
          targetModel: "User",
          foreignKey: "editorId",
          referencedKey: "id",
        },
        tags: {
          kind: "manyToMany",
          targetModel: "Tag",
          joinTable: "_post_tag",
          selfKey: "postId",
          targetKey: "tagId",
        },
      },
      Log: {
        user: { kind: "belongsTo", targetModel: "User", foreignKey: "userId", referencedKey: "id" },
      },
      Tag: {
        posts: {
          kind: "manyToMany",
          targetModel: "Post",
          joinTable: "_post_tag",
          selfKey: "tagId",
          targetKey: "postId",
        },
      },
    });
  });

  test("a list that nobody declared has the name of the child", async () => {
    const db = await open(`
      model accounts { id Int @id }
      model users { id Int @id  account accounts @relation(fields: [accountId], references: [id])  accountId Int }`);
    await db.accounts.create({ data: { users: { create: [{}, {}] } } });
    expect(await db.accounts.findFirst({ include: { users: true } })).toEqual({
      id: 1,
      users: [
        { id: 1, accountId: 1 },
        { id: 2, accountId: 1 },
      ],
    });
    expect(db.$relations["accounts"]).toEqual({
      users: {
        kind: "hasMany",
        targetModel: "users",
        foreignKey: "accountId",
        referencedKey: "id",
        hardDelete: false,
      },
    });
  });

  test("of two keys to one model, the list is that of the first", async () => {
    const db = await open(SCHEMA);
    await db.user.createMany({ data: [{}, {}] });
    await db.post.create({ data: { authorId: 1, editorId: 2 } });
    const users = await db.user.findMany({ include: { posts: { select: { id: true } } } });
    expect(users.map((user: any) => user.posts)).toEqual([[{ id: 1 }], []]);
  });

  test("a key may refer to another field than id", async () => {
    const db = await open(`
      model Country { id Int @id  code String @unique  cities City[] }
      model City { id Int @id  country Country @relation(fields: [countryCode], references: [code])  countryCode String }`);
    await db.country.create({ data: { code: "CH", cities: { create: {} } } });
    expect(await db.city.findFirst({ include: { country: true } })).toEqual({
      id: 1,
      countryCode: "CH",
      country: { id: 1, code: "CH" },
    });
    expect((await failure(db.city.create({ data: { countryCode: "XX" } }))).code).toBe(
      "SQLITE_CONSTRAINT_FOREIGNKEY",
    );
  });

  test("a key of two fields is a foreign key of both", async () => {
    const db = await open(`
      model P { a Int @id  b Int @id }
      model C { id Int @id  p P @relation(fields: [pa, pb], references: [a, b])  pa Int  pb Int }`);
    await db.p.createMany({
      data: [
        { a: 1, b: 1 },
        { a: 2, b: 2 },
      ],
    });
    await db.c.create({ data: { pa: 1, pb: 1 } });
    expect((await failure(db.c.create({ data: { pa: 1, pb: 2 } }))).message).toBe(
      "FOREIGN KEY constraint failed",
    );
  });
});
