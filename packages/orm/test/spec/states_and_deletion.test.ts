// litestone.md 25, 26, 32.1: soft delete, state machines, sequences.
import { beforeEach, describe, expect, test } from "vitest";
import "../addon.js";
import {
  type Client,
  TransitionConflictError,
  TransitionNotFoundError,
  TransitionViolationError,
} from "../../src/index.js";
import { failure, open, rowsOf } from "./support.js";

describe("25 soft delete", () => {
  const SCHEMA = `
    model Org { id Int @id  name String  teams Team[]  logs Log[]  audits Audit[] @hardDelete  deletedAt DateTime?  @@softDelete(cascade) }
    model Team { id Int @id  org Org @relation(fields: [orgId], references: [id])  orgId Int  members Member[]  deletedAt DateTime?  @@softDelete }
    model Member { id Int @id  team Team @relation(fields: [teamId], references: [id])  teamId Int  deletedAt DateTime?  @@softDelete }
    model Log { id Int @id  org Org @relation(fields: [orgId], references: [id])  orgId Int }
    model Audit { id Int @id  org Org @relation(fields: [orgId], references: [id])  orgId Int }`;
  let db: Client;
  beforeEach(async () => {
    db = await open(SCHEMA);
    for (const name of ["a", "b", "c"])
      await db.org.create({
        data: {
          name,
          teams: { create: [{ members: { create: [{}, {}] } }, {}] },
          logs: { create: {} },
          audits: { create: {} },
        },
      });
  });
  const counts = async (args = {}) =>
    Promise.all(
      ["org", "team", "member", "log", "audit"].map((name) => db[name]?.["count"]?.(args)),
    );

  test("a cascade stamps soft children of any depth, deletes hard ones, leaves the rest", async () => {
    expect(await counts()).toEqual([3, 6, 6, 3, 3]);
    const { deletedAt } = await db.org.remove({ where: { id: 1 } });
    expect(await counts()).toEqual([2, 4, 4, 3, 2]);
    expect(await counts({ withDeleted: true })).toEqual([3, 6, 6, 3, 2]);
    for (const table of ["org", "team", "member"])
      expect(
        rowsOf(db, `SELECT DISTINCT deletedAt FROM ${table} WHERE deletedAt NOT NULL`),
      ).toEqual([{ deletedAt }]);
  });

  test("of several rows, the children of all go", async () => {
    await db.org.remove({ where: { id: { in: [1, 2] } } });
    expect(await counts()).toEqual([1, 2, 2, 3, 1]);
    await db.org.removeMany({});
    expect(await counts()).toEqual([0, 0, 0, 3, 0]);
  });

  test("restore brings back what went with it, not what had gone before", async () => {
    await db.member.remove({ where: { id: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 2));
    await db.org.remove({ where: { id: 1 } });
    await db.org.restore({ where: { id: 1 } });
    expect(await counts()).toEqual([3, 6, 5, 3, 2]);
    expect((await db.member.findMany({ onlyDeleted: true })).map((row: any) => row.id)).toEqual([
      1,
    ]);
  });

  test("without cascade, children stay", async () => {
    await db.team.remove({ where: { id: 1 } });
    expect(await counts()).toEqual([3, 5, 6, 3, 3]);
  });

  test("what is removed is hidden from reads and writes", async () => {
    await db.org.remove({ where: { id: 1 } });
    expect(await db.org.findUnique({ where: { id: 1 } })).toBeNull();
    expect(await db.org.update({ where: { id: 1 }, data: { name: "x" } })).toBeNull();
    expect(await db.org.exists({ where: { id: 1 } })).toBe(false);
    expect(
      await db.team.findMany({ include: { org: true }, withDeleted: true, where: { id: 1 } }),
    ).toMatchObject([{ org: null }]);
    expect(await db.org.findMany({ withDeleted: true, onlyDeleted: true })).toHaveLength(3);
  });

  test("the flags mean nothing on other models", async () => {
    expect(await db.log.count({ onlyDeleted: true })).toBe(3);
  });

  test("deleteMany takes what is removed, too", async () => {
    await db.log.deleteMany();
    await db.audit.deleteMany();
    await db.member.deleteMany();
    await db.team.remove({ where: { id: 1 } });
    expect(await db.team.deleteMany({ where: { orgId: 1 } })).toEqual({ count: 2 });
  });
});

describe("26 state machines", () => {
  const SCHEMA = `
    enum Stage {
      draft review live dead
      transitions { submit: draft -> review  publish: [draft, review] -> live  kill: live -> dead }
    }
    enum Plain { x y }
    model Post { id Int @id  title String @default("")  stage Stage? @default(draft)  user User? @relation(fields: [userId], references: [id])  userId Int? }
    model User { id Int @id  posts Post[] }
    model Bare { id Int @id  plain Plain @default(x) }`;
  let db: Client;
  beforeEach(async () => {
    db = await open(SCHEMA);
    await db.post.create({ data: {} });
  });
  const where = { id: 1 };

  test("update moves along transitions only", async () => {
    expect((await db.post.update({ where, data: { stage: "review" } })).stage).toBe("review");
    const error = await failure(db.post.update({ where, data: { stage: "draft" } }));
    expect(error).toBeInstanceOf(TransitionViolationError);
    expect(error).toMatchObject({
      ...{ model: "post", field: "stage", from: "review", to: "draft", retryable: false },
    });
    expect(error.name).toBe("TransitionViolationError");
    expect(error.message).toMatch(
      /^Cannot transition post.stage from 'review' to 'draft' — valid transitions from 'review': '\w+'$/,
    );
  });

  test("several ways on are all told, and none as none", async () => {
    expect((await failure(db.post.update({ where, data: { stage: "dead" } }))).message).toMatch(
      /^Cannot transition post.stage from 'draft' to 'dead' — valid transitions from 'draft': '\w+', '\w+'$/,
    );
    await db.asSystem().post.update({ where, data: { stage: "dead" } });
    expect((await failure(db.post.update({ where, data: { stage: "live" } }))).message).toBe(
      "Cannot transition post.stage from 'dead' to 'live' — valid transitions from 'dead': none",
    );
  });

  test("the rest of the data is not written", async () => {
    await failure(db.post.update({ where, data: { title: "x", stage: "dead" } }));
    expect((await db.post.findFirst()).title).toBe("");
  });

  test("no check: the same state, null before, null after, no row", async () => {
    expect((await db.post.update({ where, data: { stage: "draft", title: "t" } })).title).toBe("t");
    expect((await db.post.update({ where, data: { stage: null } })).stage).toBeNull();
    expect((await db.post.update({ where, data: { stage: "dead" } })).stage).toBe("dead");
    expect(await db.post.update({ where: { id: 9 }, data: { stage: "dead" } })).toBeNull();
  });

  test("no check: create, updateMany, upsertMany, system", async () => {
    expect((await db.post.create({ data: { stage: "dead" } })).stage).toBe("dead");
    await db.post.updateMany({ data: { stage: "draft" } });
    await db.post.upsertMany({ data: [{ id: 1, stage: "dead" }] });
    expect((await db.post.findUnique({ where })).stage).toBe("dead");
    expect((await db.asSystem().post.update({ where, data: { stage: "draft" } })).stage).toBe(
      "draft",
    );
  });

  test("upsert and nested updates are checked", async () => {
    const args = { where, create: {}, update: { stage: "dead" } };
    expect((await failure(db.post.upsert(args))).name).toBe("TransitionViolationError");
    await db.user.create({ data: { posts: { connect: { id: 1 } } } });
    const data = { posts: { update: { where: { id: 1 }, data: { stage: "dead" } } } };
    expect((await failure(db.user.update({ where: { id: 1 }, data }))).name).toBe(
      "TransitionViolationError",
    );
  });

  test("transition() goes by name", async () => {
    expect(await db.post.transition(1, "publish")).toMatchObject({ id: 1, stage: "live" });
    expect((await db.post.transition(1, "publish")).stage).toBe("live");
    expect(await db.post.transition(9, "publish")).toBeNull();
    expect((await failure(db.post.transition(1, "submit"))).name).toBe("TransitionViolationError");
  });

  test("an unknown transition names those that there are", async () => {
    const error = await failure(db.post.transition(1, "fly"));
    expect(error).toBeInstanceOf(TransitionNotFoundError);
    expect(error).toMatchObject({
      model: "post",
      transition: "fly",
      retryable: false,
      message: "Transition 'fly' not found on post — available: 'submit', 'publish', 'kill'",
    });
    expect((await failure(db.bare.transition(1, "fly"))).message).toContain("no transitions block");
  });

  test("a row that is not as it was read is a conflict, which may be tried again", async () => {
    // A call holds the writer, so nobody comes in between; a trigger can keep the row as it is.
    db.$db.exec(`CREATE TRIGGER busy BEFORE UPDATE ON post WHEN NEW.title = 'busy'
      BEGIN SELECT RAISE(IGNORE); END`);
    const error = await failure(db.post.update({ where, data: { title: "busy", stage: "live" } }));
    expect(error).toBeInstanceOf(TransitionConflictError);
    expect(error).toMatchObject({ model: "post", field: "stage", expected: "draft" });
    expect(error.retryable).toBe(true);
    expect(error.name).toBe("TransitionConflictError");
    expect(error.message).toBe(
      "Transition conflict on post.stage: row was modified before update could complete " +
        "(expected 'draft', transition to 'live')",
    );
    expect(await db.post.findFirst()).toMatchObject({ title: "", stage: "draft" });
    expect((await db.post.update({ where, data: { stage: "live" } })).stage).toBe("live");
  });

  test("of several rows, those move that are where the first one is", async () => {
    await db.post.createMany({ data: [{ stage: "review" }, { stage: "draft" }] });
    await db.post.update({ where: { id: { gt: 0 } }, data: { stage: "live" } });
    const stages = (await db.post.findMany({ orderBy: { id: "asc" } })).map(
      (row: any) => row.stage,
    );
    expect(stages).toEqual(["live", "review", "live"]);
  });
});

describe("32.1 sequences", () => {
  const SCHEMA = "model Quote { id Int @id  account Int?  number Int? @sequence(scope: account) }";
  let db: Client;
  beforeEach(async () => {
    db = await open(SCHEMA);
  });
  const make = async (account: number | null, more = {}) =>
    (await db.quote.create({ data: { account, ...more } })).number;

  test("count from 1 in every scope", async () => {
    expect([await make(5), await make(5), await make(6), await make(5)]).toEqual([1, 2, 1, 3]);
  });

  test("an explicit value moves the counter, never back", async () => {
    expect([
      await make(5, { number: 10 }),
      await make(5),
      await make(5, { number: 3 }),
      await make(5),
    ]).toEqual([10, 11, 3, 12]);
  });

  test("a scope of null has none", async () => {
    expect([await make(null), await make(null), await make(1)]).toEqual([null, null, 1]);
  });

  test("are kept in a table", async () => {
    await make(5);
    await make(5);
    expect(rowsOf(db, "SELECT model, field, scope, lastNum FROM _litestone_sequences")).toEqual([
      { model: "Quote", field: "number", scope: "5", lastNum: 2 },
    ]);
  });

  test("deleted numbers do not come again", async () => {
    await make(5);
    await make(5);
    await db.quote.deleteMany();
    expect(await make(5)).toBe(3);
  });

  test("createMany and upsertMany count, too", async () => {
    await db.quote.createMany({ data: [{ account: 1 }, { account: 2 }, { account: 1 }] });
    await db.quote.upsertMany({ data: [{ id: 10, account: 1 }] });
    expect(
      (await db.quote.findMany({ orderBy: { id: "asc" } })).map((row: any) => row.number),
    ).toEqual([1, 1, 2, 3]);
  });

  test("a rollback takes the number back", async () => {
    await failure(
      db.$transaction(async (tx) => {
        await tx.quote.create({ data: { account: 1 } });
        throw new Error("no");
      }),
    );
    expect(await make(1)).toBe(1);
  });
});
