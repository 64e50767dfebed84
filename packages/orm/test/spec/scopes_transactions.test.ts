// litestone.md 19, 20, 21: scopes, transactions, locks.
import { beforeEach, describe, expect, test } from "vitest";
import "../addon.js";
import {
  type Client,
  LockExpiredError,
  LockNotAcquiredError,
  LockReleasedByOtherError,
} from "../../src/index.js";
import { failure, folderOfTest, open, openWith, rowsOf } from "./support.js";

const CUSTOMER = `
model Customer {
  id Int @id  name String  status String @default("active")  tier String?  ownerId Int?
  orders Order[]  deletedAt DateTime?
  @@softDelete
  @@fts([name])
}
model Order { id Int @id  total Float @default(1)  customer Customer @relation(fields: [customerId], references: [id])  customerId Int }`;

describe("19 scopes", () => {
  const Customer = {
    active: { where: { status: "active" } },
    premium: { where: { tier: "premium" }, orderBy: { id: "desc" } },
    mine: { where: (ctx: any) => ({ ownerId: ctx.auth?.id ?? null }) },
    two: { limit: 2, orderBy: { id: "asc" } },
  };
  let db: Client;
  beforeEach(async () => {
    db = await open(CUSTOMER, { scopes: { Customer } as any });
    await db.customer.createMany({
      data: [
        { name: "Ada", tier: "premium", ownerId: 1 },
        { name: "Lin", ownerId: 2 },
        { name: "Eve", tier: "premium", status: "gone", ownerId: 1 },
        { name: "Bob", tier: "premium", ownerId: 2 },
      ],
    });
  });
  const names = (rows: any[]) => rows.map((row) => row.name);

  test("are functions that find many", async () => {
    expect(names(await db.customer.active())).toEqual(["Ada", "Lin", "Bob"]);
    expect(names(await db.customer.active({ where: { ownerId: 2 } }))).toEqual(["Lin", "Bob"]);
    expect(names(await db.customer.active.findMany({ limit: 1 }))).toEqual(["Ada"]);
  });

  test("have the methods that read", async () => {
    const { premium } = db.customer as any;
    expect(await premium.count()).toBe(3);
    expect((await premium.findFirst()).name).toBe("Bob");
    expect((await premium.findUnique({ where: { id: 1 } })).name).toBe("Ada");
    expect((await failure(premium.findFirstOrThrow({ where: { name: "Lin" } }))).code).toBe(
      "NOT_FOUND",
    );
    expect((await failure(premium.findUniqueOrThrow({ where: { id: 2 } }))).code).toBe("NOT_FOUND");
    expect(await premium.aggregate({ _count: true })).toEqual({ _count: 3 });
    expect(
      await premium.groupBy({ by: ["status"], _count: true, orderBy: { status: "asc" } }),
    ).toEqual([
      { status: "active", _count: 2 },
      { status: "gone", _count: 1 },
    ]);
    expect((await premium.findManyCursor({ limit: 2 })).items).toHaveLength(2);
    expect(await premium.query({ _count: true })).toEqual({ _count: 3 });
    expect(names(await premium.search("Ada OR Lin"))).toEqual(["Ada"]);
  });

  test("chain; conditions are joined, of the rest the last wins", async () => {
    expect(names(await (db.customer as any).active.premium())).toEqual(["Bob", "Ada"]);
    expect(names(await (db.customer as any).premium.two())).toEqual(["Ada", "Eve"]);
    expect(
      names(await (db.customer as any).premium.two({ orderBy: { name: "desc" }, limit: 1 })),
    ).toEqual(["Eve"]);
  });

  test("a condition may be a function of who asks, when it asks", async () => {
    expect(names(await db.$setAuth({ id: 1 }).customer.mine())).toEqual(["Ada", "Eve"]);
    expect(
      names(await db.$setAuth({ id: 2 }).customer.mine.active({ where: { tier: null } })),
    ).toEqual(["Lin"]);
    expect(await db.customer.mine.count()).toBe(0);
  });

  test("leave out what is deleted, and write nothing", async () => {
    await db.customer.remove({ where: { id: 1 } });
    expect(await db.customer.premium.count()).toBe(2);
    for (const method of ["create", "update", "remove", "deleteMany", "upsert"])
      expect((db.customer.active as any)[method]).toBeUndefined();
  });

  test.each([
    [{ Ghost: {} }, /scopes: unknown model "Ghost". Schema models: Customer, Order/],
    [{ Customer: { _x: {} } }, /cannot start with "_" or "\$"/],
    [{ Customer: { $x: {} } }, /cannot start with "_" or "\$"/],
    [{ Customer: { findMany: {} } }, /conflicts with a built-in table method/],
    [{ Customer: { orders: {} } }, /conflicts with the relation field of the same name/],
    [
      { Customer: { x: 5 } },
      /must be an object like \{ where, orderBy\?, limit\?, ... \}. Got number/,
    ],
    [{ Customer: { x: null } }, /must be an object like/],
    [{ Customer: { x: [] } }, /must be an object like/],
    [
      { Customer: { x: () => 1 } },
      /must be an object like \{ where, orderBy\?, limit\?, ... \}. Got function/,
    ],
  ])("wrong: %j", async (scopes, message) => {
    expect((await failure(open(CUSTOMER, { scopes: scopes as any }))).message).toMatch(message);
  });
});

const ITEM = "model Item { id Int @id  name String @unique }";

describe("20 transactions", () => {
  test("commit on return, with the returned value", async () => {
    const db = await open(ITEM);
    expect(
      await db.$transaction(async (tx) => {
        await tx.item.create({ data: { name: "a" } });
        return "done";
      }),
    ).toBe("done");
    expect(await db.item.count()).toBe(1);
  });

  test("roll back on throw, and throw it again", async () => {
    const db = await open(ITEM);
    const reason = new Error("no");
    expect(
      await failure(
        db.$transaction(async (tx) => {
          await tx.item.create({ data: { name: "a" } });
          throw reason;
        }),
      ),
    ).toBe(reason);
    expect(await db.item.count()).toBe(0);
  });

  test.each([":memory:", "file"])("see their own writes in every read: %s", async (where) => {
    const db = await openWith({
      schema: ITEM,
      db: where === "file" ? folderOfTest().file("a.db") : where,
    });
    await db.$transaction(async (tx) => {
      await tx.item.create({ data: { name: "a" } });
      expect(await tx.item.findMany()).toHaveLength(1);
      expect(await tx.item.count()).toBe(1);
      expect(await tx.item.exists({ where: { name: "a" } })).toBe(true);
      expect(await tx.item.findFirst({ where: { name: "a" } })).toEqual({ id: 1, name: "a" });
      expect(
        (
          await tx.item.upsert({
            where: { name: "a" },
            create: { name: "a" },
            update: { name: "b" },
          })
        ).name,
      ).toBe("b");
    });
  });

  test("nested ones and bulk writes are savepoints", async () => {
    const db = await open(ITEM);
    await db.$transaction(async (tx) => {
      await tx.item.create({ data: { name: "a" } });
      await failure(
        tx.$transaction(async (inner) => {
          await inner.item.create({ data: { name: "b" } });
          await inner.item.createMany({ data: [{ name: "c" }] });
          throw new Error("inner");
        }),
      );
      await failure(tx.item.createMany({ data: [{ name: "d" }, { name: "a" }] }));
      await failure(
        tx.item.upsertMany({
          data: [
            { id: 9, name: "e" },
            { id: 10, name: "a" },
          ],
        }),
      );
      await tx.$transaction((inner) => inner.item.create({ data: { name: "f" } }));
    });
    expect((await db.item.findMany()).map((row: any) => row.name)).toEqual(["a", "f"]);
  });

  test("a failed call inside undoes itself, and the rest may go on", async () => {
    const db = await open(ITEM);
    await db.$transaction(async (tx) => {
      await tx.item.create({ data: { name: "a" } });
      await failure(tx.item.create({ data: { name: "a" } }));
      await tx.item.create({ data: { name: "b" } });
    });
    expect(await db.item.count()).toBe(2);
  });

  test("keep who asks", async () => {
    const db = await open("model T { id Int @id  by Int? @default(auth().id) }");
    await db.$setAuth({ id: 7 }).$transaction(async (tx) => {
      expect(tx.$auth).toEqual({ id: 7 });
      expect((await tx.t.create({ data: {} })).by).toBe(7);
    });
  });

  test("are alone: what others call waits", async () => {
    const db = await open(ITEM);
    const order: string[] = [];
    let go = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (go = resolve));
    const transaction = db.$transaction(async (tx) => {
      await tx.item.create({ data: { name: "a" } });
      await waiting;
      await tx.item.create({ data: { name: "b" } });
      order.push("transaction");
    });
    const outside = db.item.count().then((count: number) => order.push(`count ${count}`));
    go();
    await Promise.all([transaction, outside]);
    expect(order).toEqual(["transaction", "count 2"]);
  });

  test("two at once run one after the other", async () => {
    const db = await open(ITEM);
    const add = (name: string) =>
      db.$transaction(async (tx) => {
        const before = await tx.item.count();
        await tx.item.create({ data: { name } });
        expect(await tx.item.count()).toBe(before + 1);
      });
    await Promise.all([add("a"), add("b"), add("c")]);
    expect(await db.item.count()).toBe(3);
  });
});

describe("21 locks", () => {
  let db: Client;
  beforeEach(async () => {
    db = await open(ITEM);
  });

  test("$lock runs and gives back, also after an error", async () => {
    expect(await db.$lock("k", async () => db.$locks.isHeld("k"))).toBe(true);
    expect(await db.$locks.isHeld("k")).toBe(false);
    expect((await failure(db.$lock("k", () => Promise.reject(new Error("x"))))).message).toBe("x");
    expect(await db.$locks.isHeld("k")).toBe(false);
  });

  test("a system client just runs", async () => {
    await db.$locks.acquire("k", { owner: "other" });
    expect(await db.asSystem().$lock("k", () => "ran")).toBe("ran");
  });

  test("a lock is a row of _locks", async () => {
    const before = Date.now();
    const lock = await db.$locks.acquire("k", { ttl: 1000, owner: "me" });
    expect(lock).toMatchObject({ key: "k", owner: "me" });
    expect(lock.acquiredAt).toBeInstanceOf(Date);
    expect(lock.expiresAt.getTime() - lock.acquiredAt.getTime()).toBe(1000);
    expect(lock.acquiredAt.getTime()).toBeGreaterThanOrEqual(before);
    const [row] = rowsOf(db, "SELECT * FROM _locks");
    expect(row).toEqual({
      key: "k",
      owner: "me",
      acquired_at: lock.acquiredAt.getTime(),
      expires_at: lock.expiresAt.getTime(),
      heartbeat_at: lock.acquiredAt.getTime(),
    });
  });

  test("owners have names of their own", async () => {
    const { owner } = await db.$locks.acquire("k");
    expect(owner).toMatch(new RegExp(`^pid-${process.pid}-[0-9a-z]{6}$`));
  });

  test("what is held cannot be had", async () => {
    const lock = await db.$locks.acquire("k", { owner: "me" });
    const error = await failure(db.$locks.acquire("k"));
    expect(error).toBeInstanceOf(LockNotAcquiredError);
    expect(error).toMatchObject({
      name: "LockNotAcquiredError",
      key: "k",
      currentOwner: "me",
      retryable: true,
    });
    expect(new Date(error.expiresAt).getTime()).toBe(lock.expiresAt.getTime());
    expect(error.message).toBe(
      "Lock 'k' is held by another owner and could not be acquired (held by: me)",
    );
    await db.$locks.acquire("other");
  });

  test("one may wait for it", async () => {
    const lock = await db.$locks.acquire("k");
    const waiting = db.$locks.acquire("k", { wait: 5000, retryEvery: 5, owner: "next" });
    await lock.release();
    expect((await waiting).owner).toBe("next");
    expect((await failure(db.$locks.acquire("k", { wait: 20, retryEvery: 5 }))).name).toBe(
      "LockNotAcquiredError",
    );
  });

  test("an expired one can be had, and its holder is told", async () => {
    const lock = await db.$locks.acquire("k", { ttl: 0, owner: "late" });
    expect(await db.$locks.isHeld("k")).toBe(false);
    const error = await failure(lock.release());
    expect(error).toBeInstanceOf(LockExpiredError);
    expect(error).toMatchObject({ key: "k", owner: "late", retryable: false });
    const next = await db.$locks.acquire("k", { owner: "next" });
    const taken = await failure(lock.release());
    expect(taken).toBeInstanceOf(LockReleasedByOtherError);
    expect(taken).toMatchObject({ key: "k", retryable: false });
    await next.release();
    await lock.release();
  });

  test("heartbeat prolongs", async () => {
    const lock = await db.$locks.acquire("k", { ttl: 60_000, owner: "me" });
    db.$db.run("UPDATE _locks SET expires_at = expires_at - 50000");
    await lock.heartbeat();
    const [row] = rowsOf(db, "SELECT expires_at - heartbeat_at AS left FROM _locks");
    expect(row.left).toBe(60_000);
    await db.$locks.heartbeat("k", "me", 5000);
    expect(rowsOf(db, "SELECT expires_at - heartbeat_at AS left FROM _locks")[0].left).toBe(5000);
  });

  test("release by name, once or twice, of one owner or any", async () => {
    await db.$locks.acquire("k", { owner: "me" });
    await db.$locks.release("k", "me");
    await db.$locks.release("k", "me");
    await db.$locks.acquire("k", { owner: "me" });
    await db.$locks.release("k");
    expect(await db.$locks.isHeld("k")).toBe(false);
  });

  test("list has what holds, the oldest first", async () => {
    await db.$locks.acquire("b", { owner: "x" });
    await db.$locks.acquire("gone", { ttl: 0 });
    db.$db.run("UPDATE _locks SET acquired_at = acquired_at - 10 WHERE key = 'b'");
    await db.$locks.acquire("a", { owner: "y" });
    const list = await db.$locks.list();
    expect(list.map((one) => [one.key, one.owner])).toEqual([
      ["b", "x"],
      ["a", "y"],
    ]);
    expect(Object.keys(list[0] ?? {})).toEqual([
      "key",
      "owner",
      "acquiredAt",
      "expiresAt",
      "heartbeatAt",
    ]);
    expect(list[0]?.heartbeatAt).toBeInstanceOf(Date);
  });
});
