// litestone.md 32.4: trees.
import { beforeAll, describe, expect, test } from "vitest";
import { type Db, failure, ids, open } from "./reads_support.js";

const SCHEMA = `
model Node {
  id Int @id
  name String
  live Boolean @default(true)
  parent Node? @relation(fields: [parentId], references: [id])
  parentId Int?
  children Node[]
  deletedAt DateTime?
  @@softDelete
}
model Employee {
  id Int @id
  name String
  boss Employee? @relation("boss", fields: [bossId], references: [id])
  bossId Int?
  mentor Employee? @relation("mentor", fields: [mentorId], references: [id])
  mentorId Int?
}
model Flat { id Int @id }
`;

//  1 ─┬─ 2 ─┬─ 4 ── 7        8 ── 9
//     │     └─ 5
//     └─ 3 ── 6
let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  const parents = [null, 1, 1, 2, 2, 3, 4, null, 8];
  await db.node.createMany({
    data: parents.map((parentId, index) => ({ name: `n${index + 1}`, parentId })),
  });
  await db.employee.createMany({
    data: [
      { name: "a" },
      { name: "b", bossId: 1 },
      { name: "c", bossId: 2, mentorId: 1 },
      { name: "d", mentorId: 3 },
    ],
  });
});

const walked = async (args: object): Promise<[number, number][]> =>
  (await db.node.findMany({ orderBy: [{ _depth: "asc" }, { id: "asc" }], ...args })).map(
    (row: any) => [row.id, row._depth],
  );

describe("32.4: recursive", () => {
  test.each([
    [
      { where: { id: 1 }, recursive: true },
      [
        [2, 1],
        [3, 1],
        [4, 2],
        [5, 2],
        [6, 2],
        [7, 3],
      ],
    ],
    [
      { where: { id: 2 }, recursive: { direction: "descendants" } },
      [
        [4, 1],
        [5, 1],
        [7, 2],
      ],
    ],
    [{ where: { id: 7 }, recursive: true }, []],
    [
      { where: { id: 7 }, recursive: { direction: "ancestors" } },
      [
        [4, 1],
        [2, 2],
        [1, 3],
      ],
    ],
    [{ where: { id: 1 }, recursive: { direction: "ancestors" } }, []],
    [
      { where: { id: 1 }, recursive: { maxDepth: 1 } },
      [
        [2, 1],
        [3, 1],
      ],
    ],
    [
      { where: { id: 1 }, recursive: { maxDepth: 2 } },
      [
        [2, 1],
        [3, 1],
        [4, 2],
        [5, 2],
        [6, 2],
      ],
    ],
    [
      { where: { id: 7 }, recursive: { direction: "ancestors", maxDepth: 2 } },
      [
        [4, 1],
        [2, 2],
      ],
    ],
    [
      { where: { id: 1 }, recursive: true, limit: 2 },
      [
        [2, 1],
        [3, 1],
      ],
    ],
    [
      { where: { id: 1 }, recursive: true, limit: 2, offset: 4 },
      [
        [6, 2],
        [7, 3],
      ],
    ],
    [{ where: { id: 1 }, recursive: { via: "parent" }, limit: 1 }, [[2, 1]]],
    [{ where: { id: 1 }, recursive: { via: "parentId" }, limit: 1 }, [[2, 1]]],
    [{ where: { parentId: null, id: 8 }, recursive: true }, [[9, 1]]],
    [{ where: { id: 0 }, recursive: true }, []],
  ])("%j", async (args, expected) => {
    expect(await walked(args)).toEqual(expected);
  });

  test("orders by fields and depth", async () => {
    const args = { where: { id: 1 }, recursive: true };
    expect(ids(await db.node.findMany({ ...args, orderBy: { id: "desc" } }))).toEqual([
      7, 6, 5, 4, 3, 2,
    ]);
    expect(
      ids(await db.node.findMany({ ...args, orderBy: [{ _depth: "desc" }, { id: "asc" }] })),
    ).toEqual([7, 4, 5, 6, 2, 3]);
  });

  test("rows are whole, with their values converted", async () => {
    const [row] = await db.node.findMany({ where: { id: 8 }, recursive: true });
    expect(row).toEqual({ id: 9, name: "n9", live: true, parentId: 8, deletedAt: null, _depth: 1 });
  });

  test("nested gives roots with children", async () => {
    const tree = await db.node.findMany({
      where: { id: 1 },
      recursive: { nested: true },
      orderBy: { id: "asc" },
    });
    const shape = (nodes: any[]): unknown => nodes.map((node) => [node.id, shape(node.children)]);
    expect(shape(tree)).toEqual([
      [
        2,
        [
          [4, [[7, []]]],
          [5, []],
        ],
      ],
      [3, [[6, []]]],
    ]);
  });

  test("a softly deleted row hides what is below it", async () => {
    const own = await open(SCHEMA);
    await own.node.createMany({
      data: [null, 1, 2, 1].map((parentId) => ({ name: "n", parentId })),
    });
    await own.node.remove({ where: { id: 2 } });
    const found = async (more: object): Promise<number[]> =>
      ids(
        await own.node.findMany({
          where: { id: 1 },
          recursive: true,
          orderBy: { id: "asc" },
          ...more,
        }),
      );
    expect(await found({})).toEqual([4]);
    expect(await found({ withDeleted: true })).toEqual([2, 3, 4]);
    expect(ids(await own.node.findMany({ where: { id: 2 }, recursive: true }))).toEqual([]);
  });

  test("a circle ends", async () => {
    const own = await open(SCHEMA);
    await own.node.createMany({ data: [{ name: "a" }, { name: "b", parentId: 1 }] });
    await own.node.update({ where: { id: 1 }, data: { parentId: 2 } });
    const rows = await own.node.findMany({ where: { id: 1 }, recursive: { maxDepth: 5 } });
    expect(new Set(ids(rows))).toContain(2);
    expect(rows.length).toBeLessThanOrEqual(5);
  });

  test("several relations of a model to itself", async () => {
    const found = async (recursive: unknown): Promise<any[]> =>
      (
        await db.employee.findMany({
          where: { id: 1 },
          recursive,
          orderBy: [{ id: "asc" }, { _depth: "asc" }],
        })
      ).map((row: any) => [row.id, row._depth, row._via]);
    expect(await found({ via: "boss" })).toEqual([
      [2, 1, undefined],
      [3, 2, undefined],
    ]);
    expect(await found({ via: "mentorId" })).toEqual([
      [3, 1, undefined],
      [4, 2, undefined],
    ]);
    expect((await found(true)).sort()).toEqual([
      [2, 1, "bossId"],
      [3, 1, "mentorId"],
      [3, 2, "bossId"],
      [4, 2, "mentorId"],
    ]);
  });

  test("errors", async () => {
    expect((await failure(db.flat.findMany({ recursive: true }))).message).toContain(
      "no self-referential relation",
    );
    const { message } = await failure(db.node.findMany({ recursive: { via: "x" } }));
    expect(message).toContain('via: "x"');
    expect(message).toContain("not found on");
    await failure(db.node.findMany({ recursive: { direction: "sideways" } }));
  });
});
