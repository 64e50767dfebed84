import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MoonstoneClient } from "@moonstone/client";
import { PaginatedQuery } from "@moonstone/client";
import { flush, makeClient } from "./fake_socket.js";
import type { FakeSocket } from "./fake_socket.js";
import { PageServer } from "./page_server.js";
import { generator, newSeed } from "./random.js";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
  });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

interface Row {
  _id: string;
  row: number;
}

const count = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const rowsOf = (query: PaginatedQuery<Row>): number[] =>
  query.getSnapshot().results.map(({ row }) => row);

/** A list of which the first page, of 3 rows, is there. */
async function start(rows: number[]): Promise<{
  client: MoonstoneClient;
  query: PaginatedQuery<Row>;
  server: PageServer;
  last: () => FakeSocket;
  listener: ReturnType<typeof vi.fn>;
  stop: () => void;
}> {
  const { client, last } = makeClient({ messagesPerSecond: 0, backoff: { baseMs: 1 } });
  const server = new PageServer(rows);
  server.connect(await last().accept());
  const query = new PaginatedQuery<Row>(client, "rows:list", { tag: "a" }, { initialNumItems: 3 });
  const listener = vi.fn();
  const stop = query.subscribe(listener);
  await flush();
  await server.answerAll();
  return { client, query, server, last, listener, stop };
}

describe("a paginated query", () => {
  it("asks for the first page without a cursor, and subscribes only while somebody listens", async () => {
    const { client, last } = makeClient();
    const socket = await last().accept();
    const query = new PaginatedQuery<Row>(
      client,
      "rows:list",
      { tag: "a" },
      { initialNumItems: 3 },
    );
    expect(query.getSnapshot()).toMatchObject({ results: [], status: "LoadingFirstPage" });
    await flush();
    expect(socket.calls).toEqual([]);
    const stop = query.subscribe(() => {});
    const stopOther = query.subscribe(() => {});
    await flush();
    const args = { tag: "a", numItems: 3 };
    expect(socket.calls).toEqual([{ type: "query", id: "q1", fn: "rows:list", args }]);
    stop();
    await flush();
    expect(socket.ofType("unsubscribe")).toEqual([]);
    stopOther();
    await flush();
    expect(socket.ofType("unsubscribe").length).toBe(1);
  });

  it("loads more, and pins the page before", async () => {
    const { query, server, last, listener } = await start(count(1, 8));
    expect(query.getSnapshot()).toMatchObject({ status: "CanLoadMore", error: undefined });
    expect(listener).toHaveBeenCalledTimes(1);
    query.getSnapshot().loadMore(3);
    await flush();
    expect(last().ofType("query").slice(1)).toMatchObject([
      { args: { cursor: "~g0:3", numItems: 3 } },
      { args: { cursor: "g0:3", numItems: 3 } },
    ]);
    await server.answerAll();
    expect(rowsOf(query)).toEqual(count(1, 6));
    expect(listener).toHaveBeenCalledTimes(2); // nothing was shown between
    query.getSnapshot().loadMore(10);
    await flush();
    await server.answerAll();
    expect(rowsOf(query)).toEqual(count(1, 8));
    expect(query.getSnapshot().status).toBe("Exhausted");
    await flush();
    expect(server.subscriptions.size).toBe(3);
  });

  it("keeps snapshot, results and rows until they change", async () => {
    const { query, server } = await start(count(1, 8));
    const before = query.getSnapshot();
    expect(query.getSnapshot()).toBe(before);
    query.getSnapshot().loadMore(3);
    await flush();
    await server.answerAll();
    const after = query.getSnapshot();
    expect(after).not.toBe(before);
    expect(after.loadMore).toBe(before.loadMore);
    expect(after.results.slice(0, 3).every((row, i) => row === before.results[i])).toBe(true);
    await server.commit((rows) => [...rows, 100]);
    expect(query.getSnapshot()).toBe(after); // not in the loaded range
  });

  it("does not load twice, nor beyond the end, nor before the first page", async () => {
    const { client, last } = makeClient();
    const server = new PageServer(count(1, 5));
    server.connect(await last().accept());
    const query = new PaginatedQuery<Row>(client, "rows:list", {}, { initialNumItems: 3 });
    query.subscribe(() => {});
    query.getSnapshot().loadMore(3);
    await flush();
    expect(last().ofType("query").length).toBe(1);
    await server.answerAll();
    for (let i = 0; i < 3; i++) query.getSnapshot().loadMore(3);
    await flush();
    expect(last().ofType("query").length).toBe(3);
    await server.answerAll();
    expect(rowsOf(query)).toEqual(count(1, 5));
    query.getSnapshot().loadMore(3);
    await flush();
    expect(last().ofType("query").length).toBe(3);
    expect(() => query.getSnapshot().loadMore(0)).toThrow("positive integer");
    expect(() => new PaginatedQuery(client, "a:b", {}, { initialNumItems: 1.5 })).toThrow(
      "initialNumItems must be a positive integer",
    );
  });

  it("can load more again when rows were added at the end", async () => {
    const { query, server } = await start([1, 2]);
    expect(query.getSnapshot().status).toBe("Exhausted");
    await server.commit((rows) => [...rows, 3, 4, 5]);
    expect(rowsOf(query)).toEqual([1, 2, 3]);
    expect(query.getSnapshot().status).toBe("CanLoadMore");
  });

  it("splits a page that has grown too large, without a gap on the way", async () => {
    const { query, server } = await start(count(10, 15).map((n) => n * 10));
    query.getSnapshot().loadMore(3);
    await flush();
    await server.answerAll();
    await server.commit((rows) => [...rows, ...count(1, 5)]);
    expect(rowsOf(query)).toEqual([...count(1, 5), 100, 110, 120, 130, 140, 150]);
    await server.answerAll();
    await flush();
    await server.answerAll();
    expect(rowsOf(query)).toEqual([...count(1, 5), 100, 110, 120, 130, 140, 150]);
    await flush();
    server.receive();
    expect(server.sizes().sort()).toEqual([3, 4, 4]);
  });

  it("does not split a page that has shrunk meanwhile", async () => {
    const { query, server } = await start(count(10, 15).map((n) => n * 10));
    query.getSnapshot().loadMore(3);
    await flush();
    await server.answerAll();
    await server.commit((rows) => [...rows, ...count(1, 5)]);
    await flush();
    server.receive();
    expect(server.pending.map(({ args }) => args.cursor)).toEqual([undefined]); // where to split
    await server.commit((rows) => rows.filter((row) => row > 105));
    for (let i = 0; i < 3; i++) {
      await server.answerAll();
      await flush();
    }
    expect(rowsOf(query)).toEqual(server.rows);
  });

  it.each([
    ["where to split it", 0],
    ["its first half", 1],
  ])(
    "leaves a page as it is, until it changes, when the query fails for %s",
    async (_what, step) => {
      const logged = vi.spyOn(console, "error").mockReturnValue(undefined);
      const { query, server, last } = await start(count(10, 15).map((n) => n * 10));
      query.getSnapshot().loadMore(3);
      await flush();
      await server.answerAll();
      await server.commit((rows) => [...rows, ...count(1, 5)]);
      for (let i = 0; i < step; i++) {
        await flush();
        await server.answer();
      }
      await flush();
      await server.refuse("too slow");
      await flush();
      const asked = last().ofType("query").length;
      for (let i = 0; i < 5; i++) {
        await server.answerAll();
        await flush();
      }
      expect(last().ofType("query").length).toBe(asked);
      expect(logged).not.toHaveBeenCalled();
      expect(rowsOf(query)).toEqual(server.rows);
      expect(query.getSnapshot().error).toBeUndefined(); // nobody has asked for anything
      await server.commit((rows) => [...rows, 6]);
      for (let i = 0; i < 3; i++) {
        await flush();
        await server.answerAll();
      }
      expect(rowsOf(query)).toEqual(server.rows);
      expect(server.sizes().length).toBe(3);
    },
  );

  it("does not split a page of which the rows that would be its first half are the last", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue(undefined);
    const { query, server, last } = await start(count(10, 15).map((n) => n * 10));
    query.getSnapshot().loadMore(3);
    await flush();
    await server.answerAll();
    await server.commit((rows) => [...rows, ...count(1, 5)]);
    await flush();
    const { id } = last().ofType("query").at(-1)!;
    // The update of the page, which shows that the rows are gone, is late.
    await last().say({
      type: "result",
      id,
      result: { page: [], isDone: true, continueCursor: null },
    });
    expect(logged).not.toHaveBeenCalled();
    expect(rowsOf(query)).toEqual(server.rows);
  });

  it("makes one page of two that have shrunk", async () => {
    const { query, server } = await start(count(1, 9));
    for (let i = 0; i < 2; i++) {
      query.getSnapshot().loadMore(3);
      await flush();
      await server.answerAll();
    }
    await server.commit((rows) => rows.filter((row) => row === 1 || row > 6));
    await server.answerAll();
    await flush();
    server.receive();
    expect(rowsOf(query)).toEqual([1, 7, 8, 9]);
    expect(server.subscriptions.size).toBe(2);
  });

  it("loads more after a split if that was asked for meanwhile", async () => {
    const { query, server } = await start(count(10, 18).map((n) => n * 10));
    query.getSnapshot().loadMore(3);
    await flush();
    await server.answerAll();
    await server.commit((rows) => [...rows, ...count(1, 5)]);
    query.getSnapshot().loadMore(3);
    for (let i = 0; i < 5; i++) {
      await flush();
      await server.answerAll();
    }
    expect(rowsOf(query)).toEqual(server.rows);
  });

  it("starts again at the first page when its cursors are refused", async () => {
    const { client, query, server, last } = await start(count(1, 9));
    query.getSnapshot().loadMore(3);
    await flush();
    await server.answerAll();
    await last().drop();
    await vi.advanceTimersByTimeAsync(10);
    server.generation = 1;
    server.rows = count(20, 30);
    server.connect(await last().accept());
    const seen: number[][] = [];
    query.subscribe(() => seen.push(rowsOf(query)));
    await server.answerAll();
    await flush();
    await server.answerAll();
    expect(seen).toEqual([[20, 21, 22]]);
    expect(query.getSnapshot()).toMatchObject({ status: "CanLoadMore", error: undefined });
    query.getSnapshot().loadMore(3);
    await flush();
    await server.answerAll();
    expect(rowsOf(query)).toEqual(count(20, 25));
    client.close();
  });

  it("tells why a page could not be loaded, and tries again when asked", async () => {
    const { query, server, last } = await start(count(1, 9));
    query.getSnapshot().loadMore(3);
    await flush();
    server.receive();
    server.pending = [];
    const message = "too slow";
    await last().say({ type: "error", id: "q3", code: "execution_error", message });
    expect(query.getSnapshot()).toMatchObject({ error: { message }, status: "CanLoadMore" });
    expect(rowsOf(query)).toEqual([1, 2, 3]);
    await flush();
    query.getSnapshot().loadMore(3);
    await flush();
    await server.answerAll();
    expect(query.getSnapshot().error).toBeUndefined();
    expect(rowsOf(query)).toEqual(count(1, 6));
  });

  it("tells why the first page failed", async () => {
    const { client, last } = makeClient();
    await last().accept();
    const query = new PaginatedQuery<Row>(client, "rows:list", {}, { initialNumItems: 3 });
    const listener = vi.fn();
    query.subscribe(listener);
    await flush();
    await last().say({ type: "error", id: "q1", code: "forbidden", message: "No" });
    expect(listener).toHaveBeenCalledTimes(1);
    expect(query.getSnapshot()).toMatchObject({
      status: "LoadingFirstPage",
      error: { code: "forbidden" },
    });
  });

  it("shows what it had when it is subscribed to again, until the news are there", async () => {
    const { query, server, stop } = await start(count(1, 9));
    query.getSnapshot().loadMore(3);
    await flush();
    await server.answerAll();
    stop();
    await flush();
    expect(rowsOf(query)).toEqual(count(1, 6));
    await server.commit((rows) => rows.filter((row) => row !== 2));
    query.subscribe(() => {});
    expect(rowsOf(query)).toEqual(count(1, 6));
    await flush();
    await server.answerAll();
    expect(rowsOf(query)).toEqual([1, 3, 4, 5, 6]);
  });
});

/** One random change of the rows: new, gone, moved, or many at once. */
function randomChange(random: () => number): (rows: number[]) => number[] {
  const anyNumber = (): number => Math.floor(random() * 1_000);
  const dice = random();
  if (dice < 0.4) return (rows) => [...rows, anyNumber()];
  if (dice < 0.65) return (rows) => rows.filter((_, i) => i !== Math.floor(random() * rows.length));
  if (dice < 0.8) {
    return (rows) => {
      const gone = Math.floor(random() * rows.length);
      return [...rows.filter((_, i) => i !== gone), anyNumber()];
    };
  }
  const from = anyNumber();
  if (dice < 0.9) return (rows) => [...rows, ...count(from, from + 15)];
  return (rows) => rows.filter((row) => row < from || row > from + 100);
}

async function playRound(seed: number): Promise<void> {
  const random = generator(seed);
  const { client, last } = makeClient({ messagesPerSecond: 0, backoff: { baseMs: 1 } });
  const server = new PageServer(Array.from({ length: 40 }, () => Math.floor(random() * 1_000)));
  server.rows = [...new Set(server.rows)].sort((a, b) => a - b);
  server.connect(await last().accept());
  const query = new PaginatedQuery<Row>(client, "rows:list", {}, { initialNumItems: 4 });
  const problems: string[] = [];
  const check = (): void => {
    const shown = rowsOf(query);
    const { status } = query.getSnapshot();
    if (status === "LoadingFirstPage") return;
    const wanted = server.rows.slice(0, shown.length);
    if (shown.join() !== wanted.join()) problems.push(`${shown.join()} is not ${wanted.join()}`);
    const isAll = shown.length === server.rows.length;
    if ((status === "Exhausted") !== isAll) problems.push(`${status} at ${shown.length}`);
  };
  query.subscribe(check);
  for (let step = 0; step < 80; step++) {
    const dice = random();
    if (dice < 0.45) await server.commit(randomChange(random));
    else if (dice < 0.6) query.getSnapshot().loadMore(1 + Math.floor(random() * 6));
    else if (dice < 0.95) {
      server.receive();
      await server.answer(Math.floor(random() * server.pending.length));
    } else {
      await last().drop();
      await vi.advanceTimersByTimeAsync(100);
      server.connect(await last().accept());
      await server.answerAll(); // a page that is behind for a moment is the server's matter
    }
    await flush();
    expect(problems, `seed ${seed}, step ${step}`).toEqual([]);
  }
  for (let i = 0; i < 500 && query.getSnapshot().status !== "Exhausted"; i++) {
    await server.answerAll();
    query.getSnapshot().loadMore(10);
    await flush();
  }
  for (let i = 0; i < 50; i++) {
    await server.answerAll();
    await flush(); // what the client asks for next, until every page has a fitting size
  }
  check();
  expect(problems, `seed ${seed}, the end`).toEqual([]);
  expect(rowsOf(query), `seed ${seed}, the end`).toEqual(server.rows);
  expect(Math.max(...server.sizes()), `seed ${seed}`).toBeLessThanOrEqual(20);
  client.close();
}

it("shows the rows of its range, without gap or duplicate, whatever comes and goes", async () => {
  const seed = newSeed();
  for (let round = 0; round < 20; round++) await playRound(seed + round);
}, 60_000);

it("splits a page also when the rows that were asked for meanwhile are there already", () =>
  playRound(826_317));
