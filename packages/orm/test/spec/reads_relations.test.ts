// litestone.md 7 (and 1, 8.1): the relations of a schema, their names, and `$relations`.
import { describe, expect, test } from "vitest";
import { failure, open } from "./reads_support.js";

describe("7: hasMany", () => {
  test("has the name of the list field of the target", async () => {
    const db = await open(`
      model Author { id Int @id  books Book[] }
      model Book { id Int @id  author Author @relation(fields: [authorId], references: [id])  authorId Int }`);
    expect(db.$relations).toEqual({
      Author: {
        books: {
          kind: "hasMany",
          targetModel: "Book",
          foreignKey: "authorId",
          referencedKey: "id",
          hardDelete: false,
        },
      },
      Book: {
        author: {
          kind: "belongsTo",
          targetModel: "Author",
          foreignKey: "authorId",
          referencedKey: "id",
        },
      },
    });
  });

  test("is named after the child model where no list is declared", async () => {
    const db = await open(`
      model accounts { id Int @id  name String }
      model users { id Int @id  account accounts @relation(fields: [accountId], references: [id])  accountId Int }`);
    await db.accounts.create({ data: { name: "Acme", users: { create: [{}, {}] } } });
    const [row] = await db.accounts.findMany({ include: { users: true } });
    expect(row).toEqual({
      id: 1,
      name: "Acme",
      users: [
        { id: 1, accountId: 1 },
        { id: 2, accountId: 1 },
      ],
    });
    expect(db.$relations.accounts.users).toMatchObject({ kind: "hasMany", targetModel: "users" });
  });

  test("of two belongsTo to one model is the first", async () => {
    const db = await open(`
      model Person { id Int @id  letters Letter[] }
      model Letter {
        id Int @id
        sender Person @relation(fields: [senderId], references: [id])
        senderId Int
        receiver Person @relation(fields: [receiverId], references: [id])
        receiverId Int
      }`);
    expect(db.$relations.Person.letters.foreignKey).toBe("senderId");
    await db.person.createMany({ data: [{}, {}] });
    await db.letter.create({ data: { senderId: 1, receiverId: 2 } });
    const people = await db.person.findMany({ include: { letters: true }, orderBy: { id: "asc" } });
    expect(people.map((person: any) => person.letters.length)).toEqual([1, 0]);
    const letter = await db.letter.findFirst({ include: { sender: true, receiver: true } });
    expect(letter).toMatchObject({ sender: { id: 1 }, receiver: { id: 2 } });
  });

  test("says when its rows are really deleted", async () => {
    const db = await open(`
      model Doc { id Int @id  deletedAt DateTime?  parts Part[] @hardDelete  @@softDelete(cascade) }
      model Part { id Int @id  doc Doc @relation(fields: [docId], references: [id])  docId Int }`);
    expect(db.$relations.Doc.parts.hardDelete).toBe(true);
  });
});

describe("7: manyToMany", () => {
  test("has a join table named after both models", async () => {
    const db = await open(`
      model posts { id Int @id  tags tags[] }
      model tags { id Int @id  posts posts[] }`);
    expect(db.$relations).toEqual({
      posts: {
        tags: {
          kind: "manyToMany",
          targetModel: "tags",
          joinTable: "_posts_tags",
          selfKey: "postsId",
          targetKey: "tagsId",
        },
      },
      tags: {
        posts: {
          kind: "manyToMany",
          targetModel: "posts",
          joinTable: "_posts_tags",
          selfKey: "tagsId",
          targetKey: "postsId",
        },
      },
    });
    await db.posts.create({ data: { tags: { create: [{}, {}] } } });
    expect(await db.sql`SELECT * FROM "_posts_tags" ORDER BY 1, 2`).toEqual([
      { postsId: 1, tagsId: 1 },
      { postsId: 1, tagsId: 2 },
    ]);
    // The list is no column: the row has no such key.
    expect(await db.posts.findFirst()).toEqual({ id: 1 });
  });
});

describe("7: relations by other keys than the id", () => {
  test("a reference to a unique field is followed both ways", async () => {
    const db = await open(`
      model Country { code String @id  cities City[] }
      model City { id Int @id  country Country? @relation(fields: [countryCode], references: [code])  countryCode String? }`);
    await db.country.create({ data: { code: "de" } });
    await db.city.createMany({ data: [{ countryCode: "de" }, { countryCode: null }] });
    expect(
      await db.city.findMany({ include: { country: true }, orderBy: { id: "asc" } }),
    ).toMatchObject([{ country: { code: "de" } }, { country: null }]);
    expect(await db.country.findMany({ include: { cities: true } })).toEqual([
      { code: "de", cities: [{ id: 1, countryCode: "de" }] },
    ]);
  });

  test("two-word models: accessor, table and foreign key", async () => {
    const db = await open(`
      model BlogPost { id Int @id  notes SideNote[] }
      model SideNote { id Int @id  post BlogPost @relation(fields: [postId], references: [id])  postId Int }`);
    await db.blogPost.create({ data: { notes: { create: {} } } });
    expect(await db.sql`SELECT count(*) AS n FROM side_note`).toEqual([{ n: 1 }]);
    expect(await db.sideNote.findMany({ include: { post: true } })).toEqual([
      { id: 1, postId: 1, post: { id: 1 } },
    ]);
    expect((await failure(db.sideNote.create({ data: { postId: 99 } }))).message).toContain(
      "FOREIGN KEY constraint failed",
    );
  });

  test("a name given to a relation may stand first or be named", async () => {
    const db = await open(`
      model A { id Int @id }
      model B { id Int @id  a A? @relation("first", fields: [aId], references: [id])  aId Int?
                z A? @relation(name: "second", fields: [zId], references: [id])  zId Int? }`);
    expect(Object.keys(db.$relations.B)).toEqual(["a", "z"]);
  });
});

describe("8.1: the client", () => {
  const SCHEMA =
    "model a { id Int @id }  model b { id Int @id  deletedAt DateTime?  @@softDelete }";

  test("names its tables when asked for another", async () => {
    const db = await open(SCHEMA);
    expect(() => db.orderz).toThrow('"orderz" is not a table in this schema. Tables: a, b');
  });

  test("can be awaited and printed", async () => {
    const db = await open(SCHEMA);
    for (const name of ["then", "catch", "finally", "toJSON"]) expect(db[name]).toBeUndefined();
    expect(db[Symbol.iterator]).toBeUndefined();
    expect(await db).toBe(db);
  });

  test("tells which models are deleted softly", async () => {
    expect((await open(SCHEMA)).$softDelete).toEqual({ a: false, b: true });
  });

  test("tells the values of the enums", async () => {
    const db = await open("enum Role { admin member }  model a { id Int @id  role Role }");
    expect(db.$enums).toEqual({ Role: ["admin", "member"] });
  });
});
