// The client against the real server. Runs where the binary was built; MOONSTONE_BIN names another.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { IDBFactory } from "fake-indexeddb";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { MoonstoneClient, PaginatedQuery, preloadQuery, QueryStore } from "@moonstone/client";
import type { LocalStore, MoonstoneClientOptions } from "@moonstone/client";

const BINARY =
  process.env["MOONSTONE_BIN"] ??
  fileURLToPath(new URL("../../../build/release/bin/moonstone", import.meta.url));

const FILES = {
  "schema.ts": `
    import { defineSchema, defineTable, v } from "@moonstone/server";
    export const schema = defineSchema({
      rows: defineTable({ list: v.string(), n: v.number() }).index("by_list_n", ["list", "n"]),
    });`,
  "rows.ts": `
    import { mutation, query, v } from "./_generated/server";
    const sorted = (ctx: any, list: string) =>
      ctx.db.query("rows").withIndex("by_list_n", (q: any) => q.eq("list", list));
    export const all = query({
      args: { list: v.string() },
      handler: async (ctx, { list }) => (await sorted(ctx, list).collect()).map((row: any) => row.n),
    });
    export const page = query({
      args: { list: v.string(), numItems: v.number(), cursor: v.optional(v.string()) },
      handler: (ctx, { list, numItems, cursor }) =>
        sorted(ctx, list).paginate({ cursor: cursor ?? null, numItems }),
    });
    export const add = mutation({
      args: { list: v.string(), numbers: v.array(v.number()) },
      handler: async (ctx, { list, numbers }) => {
        for (const n of numbers) await ctx.db.insert("rows", { list, n });
        return numbers.length;
      },
    });
    export const remove = mutation({
      args: { list: v.string(), above: v.number(), below: v.number() },
      handler: async (ctx, { list, above, below }) => {
        for (const row of await sorted(ctx, list).collect()) {
          if (row.n > above && row.n < below) await ctx.db.delete(row._id);
        }
      },
    });
    export const refuse = mutation({ args: {}, handler: () => { throw new Error("never"); } });`,
};

let folder = "";
let server: ChildProcess | undefined;
let url = "";
let clients: MoonstoneClient[] = [];

function connect(options: MoonstoneClientOptions = {}): MoonstoneClient {
  const client = new MoonstoneClient(url, { webSocket: WebSocket, ...options });
  clients.push(client);
  return client;
}

/** Resolves when `isSo` is true after one of the changes that `watch` tells of. */
function when(watch: (listener: () => void) => () => void, isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      queueMicrotask(() => stop());
      resolve();
    };
    const stop = watch(look);
    look();
  });
}

async function startServer(): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), "moonstone-client-"));
  mkdirSync(join(folder, "moonstone"));
  for (const [name, text] of Object.entries(FILES)) {
    writeFileSync(join(folder, "moonstone", name), text);
  }
  const process = spawn(BINARY, ["dev", "moonstone", "--port", "0"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  server = process;
  url = await new Promise((resolve, reject) => {
    let text = "";
    const read = (data: Buffer): void => {
      text += String(data);
      const port = /http:\/\/[^\s/]+:([1-9]\d*)/.exec(text)?.[1];
      if (port !== undefined) resolve(`ws://127.0.0.1:${port}/ws`);
    };
    process.stdout.on("data", read);
    process.stderr.on("data", read);
    process.on("exit", () => reject(new Error(`the server ended: ${text}`)));
  });
}

describe.skipIf(!existsSync(BINARY))("against the real server", { timeout: 60_000 }, () => {
  beforeAll(startServer, 60_000);
  afterEach(() => {
    for (const client of clients) client.close();
    clients = [];
    vi.unstubAllGlobals();
  });
  afterAll(() => {
    server?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  it("shows optimistic updates without a step between", async () => {
    const client = connect();
    const args = { list: "optimistic" };
    const seen: string[] = [];
    const key = QueryStore.makeKey("rows:all", args);
    client.subscribe("rows:all", args, (value: number[]) => seen.push(value.join()));
    await when(
      (listener) => client.watchQuery(key, listener),
      () => client.hasServerResult(key),
    );
    const calls = Array.from({ length: 20 }, (_, n) => {
      const optimisticUpdate = (store: LocalStore): void => {
        const list = store.getQuery("rows:all", args) as number[];
        store.setQuery("rows:all", args, [...list, n]);
      };
      return client.mutation("rows:add", { ...args, numbers: [n] }, { optimisticUpdate });
    });
    await Promise.all(calls);
    // Each call showed one more at once; from then on nothing changed any more.
    const wanted = Array.from({ length: 21 }, (_, n) =>
      Array.from({ length: n }, (_, i) => i).join(),
    );
    expect(seen).toEqual(wanted);
  });

  it("takes back what the server refuses", async () => {
    const client = connect();
    const args = { list: "refused" };
    const key = QueryStore.makeKey("rows:all", args);
    client.subscribe("rows:all", args);
    await when(
      (listener) => client.watchQuery(key, listener),
      () => client.hasServerResult(key),
    );
    const optimisticUpdate = (store: LocalStore): void => store.setQuery("rows:all", args, [1]);
    const call = client.mutation("rows:refuse", {}, { optimisticUpdate });
    expect(client.getQueryResult(key)).toEqual([1]);
    await expect(call).rejects.toMatchObject({ code: "execution_error" });
    expect(client.getQueryResult(key)).toEqual([]);
  });

  it("keeps pages together while rows come and go in all of them", async () => {
    const reader = connect();
    const writer = connect();
    const list = "pages";
    const numbers = Array.from({ length: 60 }, (_, n) => n * 10);
    await writer.mutation("rows:add", { list, numbers });
    const pages = new PaginatedQuery<{ n: number }>(
      reader,
      "rows:page",
      { list },
      { initialNumItems: 10 },
    );
    const problems: string[] = [];
    pages.subscribe(() => {
      const shown = pages.getSnapshot().results.map(({ n }) => n);
      const sorted = [...new Set(shown)].sort((a, b) => a - b);
      if (shown.join() !== sorted.join()) problems.push(shown.join());
    });
    const shown = (): number[] => pages.getSnapshot().results.map(({ n }) => n);
    const until = (isSo: () => boolean): Promise<void> =>
      when((listener) => pages.subscribe(listener), isSo);
    for (const size of [10, 20, 30, 40]) {
      await until(() => shown().length === size);
      pages.getSnapshot().loadMore(10);
    }
    await until(() => shown().length === 50);
    await writer.mutation("rows:add", { list, numbers: [1, 2, 3, 105, 495] });
    await until(() => shown().includes(105));
    await writer.mutation("rows:add", {
      list,
      numbers: Array.from({ length: 25 }, (_, n) => 200 + n / 100 + 0.001),
    });
    await writer.mutation("rows:remove", { list, above: 300, below: 400 });
    await until(() => !shown().includes(310) && shown().length > 60);
    for (let last = -1; pages.getSnapshot().status !== "Exhausted"; last = shown().length) {
      pages.getSnapshot().loadMore(50);
      await until(() => shown().length !== last || pages.getSnapshot().status === "Exhausted");
    }
    const key = QueryStore.makeKey("rows:all", { list });
    writer.subscribe("rows:all", { list });
    await when(
      (listener) => writer.watchQuery(key, listener),
      () => writer.hasServerResult(key),
    );
    expect(shown()).toEqual(writer.getQueryResult(key));
    expect(problems).toEqual([]);
  });

  it("hands preloaded results from a server to a page", async () => {
    const client = connect();
    const args = { list: "preloaded" };
    await client.mutation("rows:add", { ...args, numbers: [1] });
    const preloaded = await preloadQuery(url, "rows:all", args);
    expect(preloaded).toEqual({ _fn: "rows:all", _args: args, _result: [1] });
    client.hydrate(JSON.parse(JSON.stringify(preloaded)));
    const key = QueryStore.makeKey("rows:all", args);
    expect(client.getQueryResult(key)).toEqual([1]);
    await expect(preloadQuery(url, "rows:nothing")).rejects.toMatchObject({ code: "not_found" });
  });

  it("sends what a visit left exactly once, and shows what it saw", async () => {
    vi.stubGlobal("indexedDB", new IDBFactory());
    const args = { list: "offline" };
    const key = QueryStore.makeKey("rows:all", args);
    const first = connect({ persistence: true });
    await first.init();
    first.subscribe("rows:all", args);
    await first.mutation("rows:add", { ...args, numbers: [1] });
    expect(first.getQueryResult(key)).toEqual([1]);
    // The page ends: one mutation has perhaps arrived, the others have not.
    const left = [2, 3, 4].map((n) => first.mutation("rows:add", { ...args, numbers: [n] }));
    const settled = Promise.allSettled(left);
    await new Promise((resolve) => setImmediate(resolve));
    first.close();
    await settled;

    const second = connect({ persistence: true });
    await second.init();
    expect([[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]).toContainEqual(second.getQueryResult(key));
    expect(second.hasServerResult(key)).toBe(false);
    second.subscribe("rows:all", args);
    await second.mutation("rows:add", { ...args, numbers: [5] });
    expect(second.getQueryResult(key)).toEqual([1, 2, 3, 4, 5]);
  });
});
