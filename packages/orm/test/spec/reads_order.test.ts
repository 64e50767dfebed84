// litestone.md 12: orderBy, and 10's limits under it.
import { beforeAll, describe, expect, test } from "vitest";
import { type Db, failure, ids, open } from "./reads_support.js";

const SCHEMA = `
model Country { id Int @id  name String?  teams Team[] }
model Team {
  id Int @id
  name String
  country Country? @relation(fields: [countryId], references: [id])
  countryId Int?
  players Player[]
}
model Player {
  id Int @id
  name String
  rank Int?
  team Team? @relation(fields: [teamId], references: [id])
  teamId Int?
  goals Goal[]
  badges Badge[]
}
model Goal {
  id Int @id
  points Int
  weight Float?
  player Player @relation(fields: [playerId], references: [id])
  playerId Int
  deletedAt DateTime?
  @@softDelete
}
model Badge { id Int @id  players Player[] }
`;

let db: Db;
beforeAll(async () => {
  db = await open(SCHEMA);
  await db.country.createMany({ data: [{ name: "Peru" }, { name: "Chad" }, { name: null }] });
  await db.team.createMany({
    data: [
      { name: "b", countryId: 1 },
      { name: "a", countryId: 2 },
      { name: "c", countryId: 3 },
      { name: "d" },
    ],
  });
  await db.player.createMany({
    data: [
      { name: "p1", rank: 2, teamId: 1 },
      { name: "p2", rank: null, teamId: 2 },
      { name: "p3", rank: 1, teamId: 3 },
      { name: "p4", rank: 2, teamId: 4 },
      { name: "p5", rank: 1 },
    ],
  });
  await db.goal.createMany({
    data: [
      { playerId: 1, points: 3, weight: 1 },
      { playerId: 1, points: 1, weight: 2.5 },
      { playerId: 2, points: 10 },
      { playerId: 3, points: 2, weight: 4 },
    ],
  });
  await db.badge.create({ data: { players: { connect: [{ id: 2 }, { id: 3 }] } } });
  await db.badge.create({ data: { players: { connect: [{ id: 3 }] } } });
});

const order = async (orderBy: unknown, more: object = {}): Promise<number[]> =>
  ids(await db.player.findMany({ orderBy, ...more }));
const orders = (cases: [orderBy: unknown, expected: number[]][]): void => {
  test.each(cases)("%j gives %j", async (orderBy, expected) => {
    expect(await order(orderBy)).toEqual(expected);
  });
};

describe("12: fields", () => {
  orders([
    [{ id: "asc" }, [1, 2, 3, 4, 5]],
    [{ id: "desc" }, [5, 4, 3, 2, 1]],
    [{ id: "DESC" }, [5, 4, 3, 2, 1]],
    [{ id: "Asc" }, [1, 2, 3, 4, 5]],
    [
      [{ rank: "asc" }, { id: "asc" }],
      [2, 3, 5, 1, 4],
    ],
    [
      [{ rank: "desc" }, { id: "asc" }],
      [1, 4, 3, 5, 2],
    ],
    [
      [{ rank: "desc" }, { id: "desc" }],
      [4, 1, 5, 3, 2],
    ],
    [{ rank: "asc", id: "desc" }, [2, 5, 3, 4, 1]],
    [
      [{ rank: { dir: "asc", nulls: "last" } }, { id: "asc" }],
      [3, 5, 1, 4, 2],
    ],
    [
      [{ rank: { dir: "desc", nulls: "first" } }, { id: "asc" }],
      [2, 1, 4, 3, 5],
    ],
    [
      [{ rank: { dir: "desc", nulls: "last" } }, { id: "asc" }],
      [1, 4, 3, 5, 2],
    ],
    [
      [{ rank: { dir: "asc" } }, { id: { dir: "desc" } }],
      [2, 5, 3, 4, 1],
    ],
    [
      [{ rank: { dir: "ASC", nulls: "LAST" } }, { id: "asc" }],
      [3, 5, 1, 4, 2],
    ],
  ]);

  test("without one nothing is ordered, and all is there", async () => {
    expect((await order(undefined)).sort()).toEqual([1, 2, 3, 4, 5]);
    expect((await order([])).sort()).toEqual([1, 2, 3, 4, 5]);
    expect((await order({})).sort()).toEqual([1, 2, 3, 4, 5]);
  });

  test("limit and offset follow the order", async () => {
    expect(await order({ id: "desc" }, { limit: 2, offset: 1 })).toEqual([4, 3]);
  });
});

describe("12: belongsTo", () => {
  orders([
    [[{ team: { name: "asc" } }], [5, 2, 1, 3, 4]],
    [[{ team: { name: "desc" } }], [4, 3, 1, 2, 5]],
    [{ team: { id: "desc" } }, [4, 3, 2, 1, 5]],
    [
      [{ team: { country: { name: "asc" } } }, { id: "asc" }],
      [3, 4, 5, 2, 1],
    ],
    [
      [{ team: { country: { name: "desc" } } }, { id: "desc" }],
      [1, 2, 5, 4, 3],
    ],
    [
      [{ rank: "asc" }, { team: { name: "desc" } }],
      [2, 3, 5, 4, 1],
    ],
    [
      [{ team: { country: { name: "desc" } } }, { team: { name: "asc" } }, { id: "asc" }],
      [1, 2, 5, 3, 4],
    ],
  ]);

  test("with where, select, include, limit and count", async () => {
    expect(
      await db.player.findMany({
        where: { id: { lte: 4 }, name: { startsWith: "p" } },
        orderBy: { team: { name: "asc" } },
        select: { name: true, id: true },
        limit: 2,
        offset: 1,
      }),
    ).toEqual([
      { name: "p1", id: 1 },
      { name: "p3", id: 3 },
    ]);
    const rows = await db.player.findMany({
      orderBy: [{ team: { name: "desc" } }],
      include: { team: { select: { name: true } } },
      limit: 1,
    });
    expect(rows).toEqual([{ id: 4, name: "p4", rank: 2, teamId: 4, team: { name: "d" } }]);
    expect((await db.player.findFirst({ orderBy: { team: { name: "asc" } } })).id).toBe(5);
    const page = await db.player.findManyAndCount({ orderBy: { team: { name: "asc" } }, limit: 1 });
    expect(page).toMatchObject({ rows: [{ id: 5 }], total: 5 });
  });

  test("a raw condition and the columns of both tables do not meet", async () => {
    expect(
      ids(
        await db.player.findMany({
          where: { $raw: "rank = 2" },
          orderBy: { team: { name: "asc" } },
        }),
      ),
    ).toEqual([1, 4]);
  });
});

describe("12: aggregates of relations", () => {
  orders([
    [
      [{ goals: { _count: "desc" } }, { id: "asc" }],
      [1, 2, 3, 4, 5],
    ],
    [
      [{ goals: { _count: "asc" } }, { id: "desc" }],
      [5, 4, 3, 2, 1],
    ],
    [
      [{ goals: { _sum: { points: "desc" } } }, { id: "asc" }],
      [2, 1, 3, 4, 5],
    ],
    [
      [{ goals: { _avg: { points: "asc" } } }, { id: "asc" }],
      [4, 5, 1, 3, 2],
    ],
    [
      [{ goals: { _min: { points: "asc" } } }, { id: "desc" }],
      [5, 4, 1, 3, 2],
    ],
    [
      [{ goals: { _max: { weight: "desc" } } }, { id: "asc" }],
      [3, 1, 2, 4, 5],
    ],
    [
      [{ badges: { _count: "desc" } }, { id: "asc" }],
      [3, 2, 1, 4, 5],
    ],
    [
      [{ rank: "desc" }, { badges: { _count: "desc" } }, { id: "desc" }],
      [4, 1, 3, 5, 2],
    ],
    [
      [{ badges: { _count: "asc" } }, { rank: "desc" }, { id: "asc" }],
      [1, 4, 5, 2, 3],
    ],
    [
      [{ goals: { _count: "desc" } }, { team: { name: "asc" } }],
      [1, 2, 3, 5, 4],
    ],
  ]);

  test("softly deleted children are counted", async () => {
    const own = await open(SCHEMA);
    await own.player.createMany({ data: [{ name: "x" }, { name: "y" }] });
    await own.goal.createMany({ data: [{ playerId: 2, points: 1 }] });
    await own.goal.remove({ where: { playerId: 2 } });
    expect(ids(await own.player.findMany({ orderBy: { goals: { _count: "desc" } } }))).toEqual([
      2, 1,
    ]);
  });

  test("with select and limit", async () => {
    expect(
      await db.player.findMany({
        orderBy: { goals: { _sum: { points: "desc" } } },
        select: { name: true },
        limit: 1,
      }),
    ).toEqual([{ name: "p2" }]);
  });
});

describe("12: errors", () => {
  test.each([
    [{ id: "up" }, "orderBy direction must be 'asc' or 'desc', got: up"],
    [{ id: { dir: "up" } }, "orderBy direction must be 'asc' or 'desc', got: up"],
    [
      { id: { dir: "asc", nulls: "middle" } },
      "orderBy nulls must be 'first' or 'last', got: middle",
    ],
    [
      { goals: { points: "asc" } },
      "orderBy: 'goals' is a hasMany relation — only belongsTo (single-row) relations can be used in orderBy",
    ],
    [{ team: { name: "up" } }, "orderBy direction must be 'asc' or 'desc', got: up"],
    [{ badges: { _sum: { id: "asc" } } }, "manyToMany"],
    [{ team: { _count: "asc" } }, "belongsTo"],
    [{ nothing: { _count: "asc" } }, "relation 'nothing' not found on 'Player'"],
    [{ goals: { _count: "up" } }, "orderBy direction must be 'asc' or 'desc', got: up"],
    [{ nothing: "asc" }, "nothing"],
    [{ team: { nothing: "asc" } }, "nothing"],
    [{ goals: { _sum: { nothing: "asc" } } }, "nothing"],
  ])("%j: %s", async (orderBy, message) => {
    expect((await failure(order(orderBy))).message).toContain(message);
  });
});
