// litestone.md 32.5: full-text search.
import { beforeAll, describe, expect, test } from "vitest";
import { type Db, failure, ids, open } from "./reads_support.js";

const SCHEMA = `
model Author { id Int @id  name String  articles Article[] }
model Article {
  id Int @id
  title String
  body String?
  live Boolean @default(true)
  author Author? @relation(fields: [authorId], references: [id])
  authorId Int?
  deletedAt DateTime?
  @@fts([title, body])
  @@softDelete
}
`;

const ARTICLES = [
  { title: "Red shoes", body: "The red shoes of Ada are red.", authorId: 1 },
  { title: "Blue hat", body: "A hat, not red at all." },
  { title: "Green tea", body: "Nothing of interest here.", live: false },
  { title: "Hats and shoes", body: null, live: false },
  { title: "Ünïcode", body: "naïve café" },
];

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  await db.author.create({ data: { name: "Ada" } });
  await db.article.createMany({ data: ARTICLES });
});

const search = (text: string, options?: object): Promise<any[]> => db.article.search(text, options);

describe("32.5: search", () => {
  test.each([
    ["red", [1, 2]],
    ["RED", [1, 2]],
    ["shoes", [1, 4]],
    ["red shoes", [1]],
    ["red OR tea", [1, 2, 3]],
    ["hat NOT blue", []],
    ["hat*", [2, 4]],
    ['"not red"', [2]],
    ["title: hat", [2]],
    ["cafe", [5]],
    ["zebra", []],
  ])("%j finds %j", async (text, expected) => {
    expect(ids(await search(text)).sort()).toEqual(expected);
  });

  test("rows are whole, in the order of their rank, which is negative", async () => {
    const rows = await search("red");
    expect(rows[0]).toEqual({
      id: 1,
      ...ARTICLES[0],
      live: true,
      deletedAt: null,
      _rank: expect.any(Number),
    });
    for (const row of rows) expect(row._rank).toBeLessThan(0);
    expect([...rows].sort((a, b) => a._rank - b._rank)).toEqual(rows);
  });

  test("withRank: false leaves the rank out", async () => {
    const [row] = await search("tea", { withRank: false });
    expect(row).not.toHaveProperty("_rank");
  });

  test("where is asked before the limit", async () => {
    expect(
      ids(await search("shoes OR hat* OR tea", { where: { live: false }, limit: 2 })).sort(),
    ).toEqual([3, 4]);
    expect(ids(await search("red", { where: { id: { gt: 1 } }, limit: 1 }))).toEqual([2]);
  });

  test("limit and offset", async () => {
    const all = ids(await search("red OR shoes OR tea"));
    expect(ids(await search("red OR shoes OR tea", { limit: 2 }))).toEqual(all.slice(0, 2));
    expect(ids(await search("red OR shoes OR tea", { limit: 2, offset: 2 }))).toEqual(
      all.slice(2, 4),
    );
    expect(ids(await search("red OR shoes OR tea", { offset: 3 }))).toEqual(all.slice(3));
    expect(await search("red", { limit: 0 })).toEqual([]);
  });

  test("20 rows are the default limit", async () => {
    const own = await open(SCHEMA);
    await own.article.createMany({ data: Array.from({ length: 25 }, () => ({ title: "same" })) });
    expect(await own.article.search("same")).toHaveLength(20);
    expect(await own.article.search("same", { limit: 100 })).toHaveLength(25);
  });

  test("highlight", async () => {
    const [row] = await search("shoes NOT hats", { highlight: { field: "title" } });
    expect(row._highlight).toBe("Red <mark>shoes</mark>");
    const [other] = await search("tea", { highlight: { field: "title", open: "[", close: "]" } });
    expect(other._highlight).toBe("Green [tea]");
  });

  test("snippet", async () => {
    const [row] = await search("ada", {
      snippet: { field: "body", open: "<", close: ">", ellipsis: "...", length: 3 },
    });
    expect(row._snippet).toContain("<Ada>");
    expect(row._snippet).toContain("...");
    const [whole] = await search("ada", { snippet: { field: "body" } });
    expect(whole._snippet).toBe("The red shoes of <mark>Ada</mark> are red.");
  });

  test("select keeps rank, highlight and snippet; include adds relations", async () => {
    const [row] = await search("ada", {
      select: { id: true },
      include: { author: { select: { name: true } } },
      highlight: { field: "body" },
    });
    expect(row).toEqual({
      id: 1,
      author: { name: "Ada" },
      _rank: expect.any(Number),
      _highlight: "The red shoes of <mark>Ada</mark> are red.",
    });
  });

  test("softly deleted rows come back only when asked for, and with restore", async () => {
    const own = await open(SCHEMA);
    await own.article.createMany({ data: [{ title: "one word" }, { title: "two words word" }] });
    await own.article.remove({ where: { id: 1 } });
    expect(ids(await own.article.search("word"))).toEqual([2]);
    await own.article.restore({ where: { id: 1 } });
    expect(ids(await own.article.search("word")).sort()).toEqual([1, 2]);
  });

  test("follows updates and deletes", async () => {
    const own = await open(SCHEMA);
    await own.article.create({ data: { title: "before" } });
    await own.article.update({ where: { id: 1 }, data: { title: "after" } });
    expect(await own.article.search("before")).toEqual([]);
    expect(ids(await own.article.search("after"))).toEqual([1]);
    await own.article.delete({ where: { id: 1 } });
    expect(await own.article.search("after")).toEqual([]);
    expect(own.article.optimizeFts()).toEqual({ optimized: true, table: "article_fts" });
  });

  test("errors", async () => {
    const { message } = await failure(search("red", { highlight: { field: "live" } }));
    expect(message).toContain("title");
    expect(message).toContain("body");
    expect((await failure(search("red", { snippet: { field: "nothing" } }))).message).toContain(
      "title",
    );
    await failure(search('"unterminated'));
    await failure(search("red", { where: { nothing: 1 } }));
    await failure(db.author.search("x"));
  });
});
