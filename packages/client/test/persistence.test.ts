import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  CachedEntry,
  MoonstoneClientOptions,
  MutationStore,
  PersistenceAdapter,
} from "@moonstone/client";
import { QueryStore } from "@moonstone/client";
import { FakeBrowser, settle } from "./fake_browser.js";
import { flush, makeClient } from "./fake_socket.js";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"],
  });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const KEY = QueryStore.makeKey("list:all");
const DAY_MS = 24 * 60 * 60 * 1_000;

/** A visit that sees `result`, and ends. */
async function visit(
  browser: FakeBrowser,
  result: unknown,
  options: MoonstoneClientOptions = {},
): Promise<void> {
  const page = await browser.open(options);
  page.client.subscribe("list:all", {});
  const socket = await page.last().accept();
  await socket.say({ type: "result", id: "q1", result });
  await vi.advanceTimersByTimeAsync(1_000);
  await settle();
  browser.close(page);
  await settle();
}

/** What a visit sees of `list:all` before the server has said anything. */
async function seenAtOnce(
  browser: FakeBrowser,
  options: MoonstoneClientOptions = {},
): Promise<unknown> {
  const page = await browser.open(options);
  const seen = page.client.getQueryResult(KEY);
  browser.close(page);
  await settle();
  return seen;
}

describe("kept results", () => {
  it("are there at once on the next visit, as stale, and then confirmed", async () => {
    const browser = new FakeBrowser();
    await visit(browser, [{ _id: "l:1" }]);
    const { client, last } = await browser.open();
    expect(client.getQueryResult(KEY)).toEqual([{ _id: "l:1" }]);
    expect(client.hasServerResult(KEY)).toBe(false);
    const before = client.getQueryResult(KEY);
    const callback = vi.fn();
    client.subscribe("list:all", {}, callback);
    await flush();
    expect(callback).toHaveBeenCalledTimes(1);
    const socket = await last().accept();
    await socket.say({ type: "result", id: "q1", result: [{ _id: "l:1" }] });
    expect(client.hasServerResult(KEY)).toBe(true);
    expect(client.getQueryResult(KEY)).toBe(before);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it("serve later subscriptions, too, with the newest result", async () => {
    const browser = new FakeBrowser();
    await visit(browser, ["old"]);
    const { client, last } = await browser.open();
    const socket = await last().accept();
    const stop = client.subscribe("list:all", {});
    await flush();
    await socket.say({ type: "result", id: "q1", result: ["new"] });
    stop();
    await flush();
    expect(client.getQueryResult(KEY)).toEqual(["new"]);
    expect(client.hasServerResult(KEY)).toBe(false);
  });

  it("are what the server said, without optimistic updates", async () => {
    const browser = new FakeBrowser();
    const page = await browser.open();
    page.client.subscribe("list:all", {});
    const socket = await page.last().accept();
    await socket.say({ type: "result", id: "q1", result: ["a"] });
    const update = { optimisticUpdate: (s: any) => s.setQuery("list:all", {}, ["a", "b"]) };
    void page.client.mutation("list:add", {}, update).catch(() => {});
    await vi.advanceTimersByTimeAsync(1_000);
    await settle();
    browser.crash(page);
    expect(await seenAtOnce(browser)).toEqual(["a"]);
  });

  it("are written before the page may vanish", async () => {
    const browser = new FakeBrowser();
    const page = await browser.open();
    page.client.subscribe("list:all", {});
    const socket = await page.last().accept();
    await socket.say({ type: "result", id: "q1", result: ["a"] });
    page.client.close(); // before the writes are due
    await settle();
    expect(await seenAtOnce(browser)).toEqual(["a"]);
  });

  it("are forgotten when they are too old", async () => {
    const browser = new FakeBrowser();
    await visit(browser, ["a"], { maxCacheAge: DAY_MS });
    vi.setSystemTime(Date.now() + DAY_MS - 10_000);
    expect(await seenAtOnce(browser, { maxCacheAge: DAY_MS })).toEqual(["a"]);
    vi.setSystemTime(Date.now() + 10_000);
    expect(await seenAtOnce(browser, { maxCacheAge: DAY_MS })).toBeUndefined();
    expect(await seenAtOnce(browser)).toBeUndefined(); // gone, not hidden
  });

  it("are forgotten with another schema version, and only then", async () => {
    const browser = new FakeBrowser();
    await visit(browser, ["a"], { schemaVersion: "v1" });
    expect(await seenAtOnce(browser, { schemaVersion: "v1" })).toEqual(["a"]);
    expect(await seenAtOnce(browser, { schemaVersion: "v2" })).toBeUndefined();
    expect(await seenAtOnce(browser, { schemaVersion: "v1" })).toBeUndefined();
  });

  it("are of one scope and one server", async () => {
    const browser = new FakeBrowser();
    await visit(browser, ["ada's"], { persistenceScope: "ada" });
    expect(await seenAtOnce(browser, { persistenceScope: "bob" })).toBeUndefined();
    expect(await seenAtOnce(browser)).toBeUndefined();
    expect(await seenAtOnce(browser, { persistenceScope: "ada" })).toEqual(["ada's"]);
  });

  it("are at most a thousand", async () => {
    const browser = new FakeBrowser();
    const page = await browser.open({ messagesPerSecond: 0 });
    for (let n = 0; n < 1_010; n++) page.client.subscribe("list:all", { n });
    const socket = await page.last().accept();
    const items = Array.from({ length: 1_010 }, (_, n) => ({ id: `q${n + 1}`, result: n }));
    await socket.say({ type: "updates", items });
    browser.close(page);
    await settle();
    const { client } = await browser.open();
    const has = (n: number): boolean =>
      client.getQueryResult(QueryStore.makeKey("list:all", { n })) !== undefined;
    expect(Array.from({ length: 1_010 }, (_, n) => has(n)).filter(Boolean).length).toBe(1_000);
    expect([has(0), has(9), has(10), has(1_009)]).toEqual([false, false, true, true]);
  });
});

describe("signing out", () => {
  it("forgets the results, also those that are still on their way", async () => {
    const browser = new FakeBrowser();
    const page = await browser.open({ auth: () => "ada" });
    page.client.subscribe("list:all", {});
    const socket = await page.last().accept();
    await socket.say(
      { type: "auth", authenticated: true, expiresInMs: 3_600_000 },
      { type: "result", id: "q1", result: ["ada's"] },
    );
    await vi.advanceTimersByTimeAsync(1_000);
    await settle();
    page.client.setAuth(null);
    await flush();
    await socket.say({ type: "update", id: "q1", result: ["ada's", "and more"] });
    await vi.advanceTimersByTimeAsync(1_000);
    await settle();
    expect(await seenAtOnce(browser)).toBeUndefined();
    await socket.say(
      { type: "auth", id: "auth1", authenticated: false },
      { type: "update", id: "q1", result: ["everybody's"] },
    );
    await vi.advanceTimersByTimeAsync(1_000);
    await settle();
    expect(await seenAtOnce(browser)).toEqual(["everybody's"]);
  });

  it("keeps nothing of who was here before while the next token is fetched", async () => {
    const browser = new FakeBrowser();
    const page = await browser.open({ auth: () => "ada" });
    const socket = await page.last().accept();
    page.client.subscribe("list:all", {});
    await settle();
    await socket.say({ type: "auth", authenticated: true, expiresInMs: 3_600_000 });
    page.client.setAuth(() => "ada again");
    await settle();
    page.client.setAuth(null);
    page.client.setAuth(() => new Promise(() => {}));
    await socket.say(
      { type: "auth", id: "auth1", authenticated: true, expiresInMs: 3_600_000 },
      { type: "result", id: "q1", result: ["ada's"] },
    );
    await vi.advanceTimersByTimeAsync(1_000);
    await settle();
    expect(await seenAtOnce(browser)).toBeUndefined();
  });

  it("while the storage is still being read forgets what is read, too", async () => {
    const browser = new FakeBrowser();
    await visit(browser, ["ada's"]);
    const first = await browser.open();
    first.client.mutation("a:b", {}).catch(() => {});
    await settle();
    browser.crash(first);
    const onReplayError = vi.fn();
    const after = vi.fn();
    let ofNobody: Promise<unknown> | undefined;
    const options = { auth: () => "ada", onReplayError };
    const page = await browser.open(options, (client) => {
      expect(client.mutation("a:before", {})).rejects.toMatchObject({ code: "signed_out" });
      client.setAuth(null);
      ofNobody = client.mutation("a:after", {});
      client.subscribe("list:all", {}, after);
    });
    expect(onReplayError.mock.calls).toMatchObject([[{ code: "signed_out" }, { fn: "a:b" }]]);
    const socket = await page.last().accept();
    await settle();
    expect(after).not.toHaveBeenCalled();
    expect(socket.ofType("mutation")).toMatchObject([{ fn: "a:after" }]);
    const { id } = socket.ofType("mutation")[0]!;
    await socket.say({ type: "mutationResult", id, result: 1 });
    expect(await ofNobody).toBe(1);
    browser.close(page);
    expect(await seenAtOnce(browser)).toBeUndefined();
  });

  it("rejects a mutation that waits for its turn to be sent, so that it is nobody's", async () => {
    const page = await new FakeBrowser().open({ auth: () => "ada", messagesPerSecond: 2 });
    const socket = await page.last().accept();
    await socket.say({ type: "auth", authenticated: true, expiresInMs: 3_600_000 });
    page.client.subscribe("a:list", {});
    await settle();
    const waiting = expect(page.client.mutation("a:b", {})).rejects.toMatchObject({
      code: "signed_out",
      message: "Signed out before the mutation was sent",
    });
    await settle();
    page.client.setAuth(null);
    await settle();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.ofType("mutation")).toEqual([]);
    await waiting;
    const next = page.client.mutation("a:c", {});
    await settle();
    await socket.say({ type: "auth", id: "auth1", authenticated: false });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.ofType("mutation")).toMatchObject([{ fn: "a:c" }]);
    await socket.say({ type: "mutationResult", id: "2", result: 1 });
    expect(await next).toBe(1);
  });

  it("says of a mutation that was sent on an earlier connection that it may have run", async () => {
    const page = await new FakeBrowser().open({ auth: () => "ada" });
    const socket = await page.last().accept();
    await socket.say({ type: "auth", authenticated: true, expiresInMs: 3_600_000 });
    const waiting = expect(page.client.mutation("a:b", {})).rejects.toMatchObject({
      code: "signed_out",
      message: expect.stringContaining("may have run") as string,
    });
    await settle();
    expect(socket.ofType("mutation").length).toBe(1);
    await socket.drop();
    page.client.setAuth(null);
    await waiting;
  });

  it("rejects mutations that wait, and sends them to nobody later", async () => {
    const browser = new FakeBrowser();
    const page = await browser.open({ auth: () => "ada" });
    const waiting = expect(page.client.mutation("a:b", {})).rejects.toMatchObject({
      code: "signed_out",
    });
    await settle();
    page.client.setAuth(null);
    await waiting;
    await settle();
    browser.close(page);
    const next = await browser.open();
    await next.last().accept();
    await settle();
    expect(next.last().calls).toEqual([]);
  });

  it("is not what an app does that starts with nobody signed in", async () => {
    const browser = new FakeBrowser();
    await visit(browser, ["a"]);
    const page = await browser.open();
    page.client.setAuth(null);
    await settle();
    browser.close(page);
    expect(await seenAtOnce(browser)).toEqual(["a"]);
  });
});

describe("a client with persistence", () => {
  it("connects in init only, once", async () => {
    const browser = new FakeBrowser();
    vi.stubGlobal("indexedDB", browser.indexedDB);
    const { client, sockets } = makeClient({ persistence: true });
    client.subscribe("list:all", {});
    const mutation = client.mutation("a:b", {});
    await settle();
    expect(sockets.length).toBe(0);
    expect(client.connectionState).toBe("disconnected");
    await Promise.all([client.init(), client.init()]);
    expect(sockets.length).toBe(1);
    await sockets[0]!.accept();
    await settle();
    expect(sockets[0]!.calls.map(({ type }) => type)).toEqual(["query", "mutation"]);
    await sockets[0]!.say({ type: "mutationResult", id: "1", result: 5 });
    expect(await mutation).toBe(5);
    client.close();
  });

  it("has an init that does nothing without persistence", async () => {
    const { client, sockets } = makeClient();
    await client.init();
    expect(sockets.length).toBe(1);
  });

  it("may be closed while it loads", async () => {
    const browser = new FakeBrowser();
    vi.stubGlobal("indexedDB", browser.indexedDB);
    const { client, sockets } = makeClient({ persistence: true });
    const loading = client.init();
    client.close();
    await loading;
    expect(sockets.length).toBe(0);
  });
});

/** An adapter in memory; each function can be made to fail. */
class Adapter implements PersistenceAdapter {
  readonly entries = new Map<string, CachedEntry>();
  failing: keyof PersistenceAdapter | undefined;

  async getAll(): Promise<Map<string, CachedEntry>> {
    this.#fail("getAll");
    return new Map(this.entries);
  }
  async set(key: string, entry: CachedEntry): Promise<void> {
    this.#fail("set");
    this.entries.set(key, entry);
  }
  async delete(key: string): Promise<void> {
    this.#fail("delete");
    this.entries.delete(key);
  }
  async clear(): Promise<void> {
    this.#fail("clear");
    this.entries.clear();
  }
  #fail(name: keyof PersistenceAdapter): void {
    if (this.failing === name) throw new Error("QuotaExceededError");
  }
}

describe("an adapter of one's own", () => {
  it("holds the results", async () => {
    const browser = new FakeBrowser();
    const adapter = new Adapter();
    await visit(browser, ["a"], { persistence: adapter });
    expect(adapter.entries.get(KEY)).toEqual({ result: ["a"], timestamp: expect.any(Number) });
    expect(await seenAtOnce(browser, { persistence: adapter })).toEqual(["a"]);
    expect(await seenAtOnce(browser)).toBeUndefined();
  });

  it("keeps its map as it is", async () => {
    const browser = new FakeBrowser();
    const adapter = new Adapter();
    adapter.getAll = async () => adapter.entries;
    const options = { persistence: adapter, schemaVersion: "1" };
    await visit(browser, ["a"], options);
    for (let visits = 0; visits < 3; visits++) {
      expect(await seenAtOnce(browser, options)).toEqual(["a"]);
    }
  });

  it.each([
    ["results", { persistence: { ...new Adapter(), getAll: async () => ({}) } as never }],
    ["mutations", { mutationStore: { ...NO_STORE, getAll: async () => ({}) } as never }],
  ])("may bring no list of %s, which counts as a failure", async (_what, options) => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    const { client, last } = makeClient({ persistence: new Adapter(), ...options });
    await client.init();
    const socket = await last().accept();
    const done = client.mutation("a:b", {});
    await settle();
    await socket.say({ type: "mutationResult", id: "1", result: 5 });
    expect(await done).toBe(5);
    expect(warned).toHaveBeenCalledOnce();
    expect(warned.mock.calls[0]![0]).toContain("the storage failed");
    client.close();
  });

  it("may hold nonsense, which is dropped", async () => {
    const browser = new FakeBrowser();
    const adapter = new Adapter();
    adapter.entries.set(KEY, "nonsense" as never);
    adapter.entries.set("other|{}", { result: 1, timestamp: Number.NaN });
    expect(await seenAtOnce(browser, { persistence: adapter })).toBeUndefined();
    expect([...adapter.entries.keys()]).toEqual([]);
  });
});

/** Where nothing is kept. */
const NO_STORE: MutationStore = {
  getAll: async () => [],
  put: async () => {},
  delete: async () => {},
  clear: async () => {},
};

describe("a storage that fails", () => {
  for (const failing of ["getAll", "set"] as const) {
    it(`in ${failing} costs one warning, and everything else works`, async () => {
      const warned = vi.spyOn(console, "warn").mockReturnValue();
      const adapter = new Adapter();
      adapter.failing = failing;
      const { client, last } = await new FakeBrowser().open({ persistence: adapter });
      client.subscribe("list:all", {});
      client.subscribe("list:other", {});
      const socket = await last().accept();
      await socket.say({ type: "result", id: "q1", result: ["a"] });
      await vi.advanceTimersByTimeAsync(1_000);
      await socket.say({ type: "result", id: "q2", result: ["b"] });
      await vi.advanceTimersByTimeAsync(1_000);
      const mutation = client.mutation("a:b", {});
      await settle();
      await socket.say({ type: "mutationResult", id: "1", result: 5 });
      expect(await mutation).toBe(5);
      expect(client.getQueryResult(KEY)).toEqual(["a"]);
      expect(warned).toHaveBeenCalledTimes(1);
    });
  }

  it.each([
    ["there is none", {}],
    [
      "it is full",
      { mutationStore: { ...NO_STORE, put: () => Promise.reject(new Error("full")) } },
    ],
  ])("lets no mutation wait for ever because %s", async (_why, options) => {
    vi.spyOn(console, "warn").mockReturnValue();
    const all = { persistence: true, backoff: { maxAttempts: 0 }, ...options };
    const { client, last } = makeClient(all);
    await client.init();
    const failed = expect(client.mutation("a:b", {})).rejects.toMatchObject({
      code: "connection_lost",
    });
    await settle();
    await last().drop();
    await failed;
    client.close();
  });

  it("because there is no IndexedDB does, too", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    const { client, sockets } = makeClient({ persistence: true });
    await client.init();
    const mutation = client.mutation("a:b", {});
    const socket = await sockets[0]!.accept();
    await settle();
    await socket.say({ type: "mutationResult", id: "1", result: 5 });
    expect(await mutation).toBe(5);
    expect(warned).toHaveBeenCalledTimes(1);
    client.close();
  });

  it("is not one of a page that was frozen while it wrote", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    const adapter = new Adapter();
    let write = (): void => {};
    const set = adapter.set.bind(adapter);
    adapter.set = (key, entry) =>
      new Promise((resolve) => (write = () => resolve(set(key, entry))));
    const options = { persistence: adapter, heartbeatIntervalMs: 0 };
    const { client, last } = await new FakeBrowser().open(options);
    client.subscribe("list:all", {});
    const socket = await last().accept();
    await socket.say({ type: "result", id: "q1", result: ["a"] });
    await vi.advanceTimersByTimeAsync(200);
    vi.runOnlyPendingTimers(); // the page is back, and all its timers are due
    await settle();
    write();
    await settle();
    expect(adapter.entries.get(KEY)?.result).toEqual(["a"]);
    await socket.say({ type: "update", id: "q1", result: ["b"] });
    await vi.advanceTimersByTimeAsync(200);
    write();
    await settle();
    expect(adapter.entries.get(KEY)?.result).toEqual(["b"]);
    expect(warned).not.toHaveBeenCalled();
    client.close();
  });

  it("because it never answers is given up after five seconds", async () => {
    const warned = vi.spyOn(console, "warn").mockReturnValue();
    vi.stubGlobal("indexedDB", { open: () => ({}) });
    const { client, sockets } = makeClient({ persistence: true });
    const loading = client.init();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(sockets.length).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    await loading;
    expect(sockets.length).toBe(1);
    expect(warned).toHaveBeenCalledTimes(1);
    client.close();
  });
});
