import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MoonstoneClient, MoonstoneError, QueryStore } from "@moonstone/client";
import { flush, makeClient } from "./fake_socket.js";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
  });
  vi.spyOn(Math, "random").mockReturnValue(0.5); // no jitter: delays are 1, 2, 4, … seconds
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("connecting", () => {
  it("starts in the constructor, with hello as the first frame", async () => {
    const { client, sockets, last } = makeClient();
    expect(client.connectionState).toBe("connecting");
    expect(sockets.map(({ url }) => url)).toEqual(["ws://test/ws"]);
    client.subscribe("a:b", {});
    await last().accept();
    expect(client.connectionState).toBe("connected");
    expect(last().received[0]).toEqual({
      type: "hello",
      client: expect.stringMatching(UUID),
      capabilities: [],
    });
  });

  it("keeps the client id over a reconnect, and each client has its own", async () => {
    vi.restoreAllMocks(); // Node 18 has no global crypto: the id comes from Math.random there
    const { last, sockets } = makeClient();
    await last().accept();
    await last().drop();
    await vi.advanceTimersByTimeAsync(1_500);
    await last().accept();
    const other = makeClient();
    await other.last().accept();
    const ids = [...sockets, other.last()].map((socket) => socket.received[0]!["client"]);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[0]).not.toBe(ids[2]);
  });

  it("backs off, tells the states, and gives up after the last attempt", async () => {
    const { client, sockets, last } = makeClient({ backoff: { baseMs: 1_000, maxAttempts: 2 } });
    const states: string[] = [];
    client.onConnectionChange((state) => states.push(state));
    const mutation = client.mutation("a:b", {});
    const outcome = expect(mutation).rejects.toThrow("Connection lost");
    await last().drop();
    await vi.advanceTimersByTimeAsync(999);
    expect(sockets.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets.length).toBe(2);
    await last().drop();
    await vi.advanceTimersByTimeAsync(1_999);
    expect(sockets.length).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets.length).toBe(3);
    await last().drop();
    await outcome;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(sockets.length).toBe(3);
    expect(states).toEqual([
      "disconnected",
      "connecting",
      "disconnected",
      "connecting",
      "disconnected",
    ]);
  });

  it("tries again on the next call after giving up", async () => {
    const { client, sockets, last } = makeClient({ backoff: { maxAttempts: 0 } });
    await last().drop();
    expect(client.connectionState).toBe("disconnected");
    const mutation = client.mutation("a:b", { x: 1 });
    await flush();
    expect(sockets.length).toBe(2);
    await last().accept();
    expect(last().calls).toEqual([{ type: "mutation", id: "1", fn: "a:b", args: { x: 1 } }]);
    await last().say({ type: "mutationResult", id: "1", result: 5 });
    expect(await mutation).toBe(5);
  });

  it("starts the delays anew after a success", async () => {
    const { last, sockets } = makeClient();
    await last().drop();
    await vi.advanceTimersByTimeAsync(1_000);
    await last().accept();
    await last().drop();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets.length).toBe(3);
  });

  it("gives up an attempt that hangs", async () => {
    const { client, sockets } = makeClient();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(client.connectionState).toBe("disconnected");
    expect(sockets[0]!.isClosed).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets.length).toBe(2);
  });

  it("pings, and drops a connection that has gone silent", async () => {
    const { client, sockets, last } = makeClient({ heartbeatIntervalMs: 1_000 });
    const socket = await last().accept();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(socket.ofType("ping").length).toBe(1);
    await socket.say({ type: "pong" });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(client.connectionState).toBe("connected");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(client.connectionState).toBe("disconnected");
    expect(socket.isClosed).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets.length).toBe(2);
  });

  it("keeps a connection that answers when the browser holds up the heartbeat", async () => {
    const { client, last } = makeClient({ heartbeatIntervalMs: 1_000 });
    const socket = await last().accept();
    let heldUp = 0;
    const now = performance.now.bind(performance);
    vi.spyOn(performance, "now").mockImplementation(() => now() + heldUp);
    for (let beat = 1; beat <= 5; beat++) {
      heldUp += 1_100; // more than twice as long between two beats
      await vi.advanceTimersByTimeAsync(1_000);
      expect(socket.ofType("ping").length).toBe(beat);
      await socket.say({ type: "pong" });
      expect(client.connectionState).toBe("connected");
    }
    heldUp += 3_600_000; // the machine slept
    await vi.advanceTimersByTimeAsync(1_000);
    expect(client.connectionState).toBe("connected");
    await vi.advanceTimersByTimeAsync(2_000); // no answer
    expect(client.connectionState).toBe("disconnected");
  });

  it("sends no ping when the heartbeat is off", async () => {
    const { last } = makeClient({ heartbeatIntervalMs: 0 });
    await last().accept();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(last().ofType("ping")).toEqual([]);
  });

  it("waits as long as timers can where it is told to wait for ever", async () => {
    const backoff = { baseMs: Infinity, maxMs: Infinity };
    const options = { requestTimeoutMs: Infinity, heartbeatIntervalMs: 2 ** 40, backoff };
    const { client, sockets, last } = makeClient(options);
    const socket = await last().accept();
    const settled = vi.fn();
    client.mutation("a:b", {}).then(settled, settled);
    client.action("a:c", {}).catch(() => {});
    await vi.advanceTimersByTimeAsync(60_000);
    expect(settled).not.toHaveBeenCalled();
    expect(socket.ofType("ping")).toEqual([]);
    await socket.drop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets.length).toBe(1);
  });

  it.each([
    ["requestTimeoutMs", { requestTimeoutMs: NaN }],
    ["requestTimeoutMs", { requestTimeoutMs: "60000" as unknown as number }],
    ["heartbeatIntervalMs", { heartbeatIntervalMs: -1 }],
    ["backoff.baseMs", { backoff: { baseMs: NaN } }],
    ["backoff.maxMs", { backoff: { maxMs: -1 } }],
    ["backoff.maxAttempts", { backoff: { maxAttempts: NaN } }],
  ])("refuses a wrong %s, which would make timers fire at once", (option, options) => {
    expect(() => makeClient(options)).toThrow(`${option} must be a number`);
  });

  it("close ends everything", async () => {
    const { client, sockets, last } = makeClient();
    await last().accept();
    const outcomes = [client.mutation("a:b", {}), client.action("a:c", {})].map((call) =>
      expect(call).rejects.toMatchObject({ code: "client_closed" }),
    );
    await flush();
    client.close();
    await Promise.all(outcomes);
    expect(client.connectionState).toBe("disconnected");
    expect(last().isClosed).toBe(true);
    await expect(client.mutation("a:b", {})).rejects.toThrow("The client was closed");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    client.subscribe("a:b", {})();
    expect(warn).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(sockets.length).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("refuses a URL that is none and says which WebSocket is missing", () => {
    expect(() => new MoonstoneClient("localhost:8788", { webSocket: class {} as never })).toThrow(
      "the URL must look like ws://localhost:8788/ws (got localhost:8788)",
    );
    vi.stubGlobal("WebSocket", undefined);
    expect(() => new MoonstoneClient("ws://x/ws")).toThrow("there is no global WebSocket here");
    vi.unstubAllGlobals();
  });

  it("takes http addresses too", () => {
    const urls: string[] = [];
    class Socket {
      constructor(url: string) {
        urls.push(url);
      }
    }
    for (const url of ["http://a/ws", "https://b/ws", "wss://c/t/x/ws"]) {
      new MoonstoneClient(url, { webSocket: Socket as never });
    }
    expect(urls).toEqual(["ws://a/ws", "wss://b/ws", "wss://c/t/x/ws"]);
  });
});

describe("subscriptions", () => {
  it("deliver the first result and each changed one", async () => {
    const { client, last } = makeClient();
    const seen: unknown[] = [];
    client.subscribe("tasks:list", { done: true }, (data) => seen.push(data));
    const socket = await last().accept();
    expect(socket.calls).toEqual([
      { type: "query", id: "q1", fn: "tasks:list", args: { done: true } },
    ]);
    await socket.say(
      { type: "result", id: "q1", result: [1] },
      { type: "update", id: "q1", result: [1, 2] },
      { type: "updates", items: [{ id: "q1", result: null }] },
      { type: "update", id: "q9", result: "nobody's" },
    );
    expect(seen).toEqual([[1], [1, 2], null]);
    const key = QueryStore.makeKey("tasks:list", { done: true });
    expect(client.getQueryResult(key)).toBeNull();
    expect(client.hasServerResult(key)).toBe(true);
  });

  it("are sent exactly once, also when asked for before the connection", async () => {
    const { client, last } = makeClient();
    client.subscribe("a:one", {});
    const socket = await last().accept();
    client.subscribe("a:two", {});
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.calls.map(({ fn }) => fn)).toEqual(["a:one", "a:two"]);
  });

  it("are sent again exactly once per connection, under the same id", async () => {
    const { client, last, sockets } = makeClient();
    const seen: unknown[] = [];
    client.subscribe("a:one", {}, (data) => seen.push(data));
    client.subscribe("a:two", { n: 1 });
    await last().accept();
    await last().say({ type: "result", id: "q1", result: { n: 1 } });
    for (let i = 0; i < 2; i++) {
      await last().drop();
      client.subscribe("a:two", { n: 1 }); // one more listener, not one more subscription
      await vi.advanceTimersByTimeAsync(1_000);
      await last().accept();
      await last().say({ type: "result", id: "q1", result: { n: 1 } });
    }
    await vi.advanceTimersByTimeAsync(5_000);
    for (const socket of sockets) {
      expect(socket.calls).toEqual([
        { type: "query", id: "q1", fn: "a:one", args: {} },
        { type: "query", id: "q2", fn: "a:two", args: { n: 1 } },
      ]);
    }
    expect(seen).toEqual([{ n: 1 }]); // an unchanged result is no news
  });

  it("of equal queries share one at the server, whatever the order of the arguments", async () => {
    const { client, last } = makeClient();
    const first = vi.fn();
    const second = vi.fn();
    const stopFirst = client.subscribe("u/s:f", { a: 1, b: [{ c: 2, d: 3 }] }, first);
    const socket = await last().accept();
    await socket.say({ type: "result", id: "q1", result: 7 });
    const stopSecond = client.subscribe(
      { _name: "u.s:f" } as never,
      { b: [{ d: 3, c: 2 }], a: 1 },
      second,
    );
    await flush();
    expect(second.mock.calls).toEqual([[7]]); // known already
    expect(socket.calls.length).toBe(1);
    stopFirst();
    await socket.say({ type: "update", id: "q1", result: 8 });
    expect(first).toHaveBeenCalledTimes(1);
    expect(second).toHaveBeenLastCalledWith(8);
    stopSecond();
    await flush();
    expect(socket.calls.at(-1)).toEqual({ type: "unsubscribe", id: "q1" });
    expect(client.getQueryResult(QueryStore.makeKey("u/s:f", { a: 1, b: [{ c: 2, d: 3 }] }))).toBe(
      undefined,
    );
  });

  it("that end and begin in one breath cost the server nothing", async () => {
    const { client, last } = makeClient();
    const stop = client.subscribe("a:b", {});
    const socket = await last().accept();
    stop();
    stop();
    client.subscribe("a:b", {});
    await flush();
    expect(socket.calls.length).toBe(1);
  });

  it("that end before they are sent are never sent", async () => {
    const { client, last } = makeClient();
    client.subscribe("a:b", {})();
    await flush();
    expect((await last().accept()).calls).toEqual([]);
  });

  it("show one commit at once", async () => {
    const { client, last } = makeClient();
    const keys = ["a:one", "a:two"].map((name) => QueryStore.makeKey(name, {}));
    client.subscribe("a:one", {});
    client.subscribe("a:two", {});
    const socket = await last().accept();
    const views: unknown[] = [];
    for (const key of keys) {
      client.watchQuery(key, () => views.push(keys.map((other) => client.getQueryResult(other))));
    }
    const items = [
      { id: "q1", result: 1 },
      { id: "q2", result: 2 },
    ];
    await socket.say({ type: "updates", items });
    expect(views).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it("keep the identity of everything that did not change", async () => {
    const { client, last } = makeClient();
    client.subscribe("a:b", {});
    const socket = await last().accept();
    const key = QueryStore.makeKey("a:b", {});
    const rows = [
      { _id: "t:1", tags: ["x"] },
      { _id: "t:2", tags: ["y"] },
    ];
    await socket.say({ type: "result", id: "q1", result: rows });
    const before = client.getQueryResult(key) as object[];
    const listener = vi.fn();
    client.watchQuery(key, listener);
    await socket.say({ type: "update", id: "q1", result: rows });
    expect(client.getQueryResult(key)).toBe(before);
    expect(listener).not.toHaveBeenCalled();
    const added = { _id: "t:0", tags: [] };
    await socket.say({
      type: "update",
      id: "q1",
      result: [added, rows[0], { _id: "t:2", tags: [] }],
    });
    const after = client.getQueryResult(key) as object[];
    expect(after).toEqual([added, rows[0], { _id: "t:2", tags: [] }]);
    expect(after[1]).toBe(before[0]);
    expect(after[2]).not.toBe(before[1]);
    expect(listener).toHaveBeenCalledOnce();
  });

  it("tell an error to onError, else to the console, and try again with the next subscriber", async () => {
    const { client, last } = makeClient();
    const onError = vi.fn();
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    client.subscribe("a:b", {}, undefined, onError);
    client.subscribe("a:c", {});
    const socket = await last().accept();
    await socket.say(
      { type: "error", id: "q1", code: "forbidden", message: "No" },
      { type: "error", id: "q2", code: "execution_error", message: "Oh" },
    );
    expect(onError).toHaveBeenCalledOnce();
    expect(onError.mock.calls[0]![0]).toBeInstanceOf(MoonstoneError);
    expect(onError.mock.calls[0]![0]).toMatchObject({ code: "forbidden", message: "No" });
    expect(log.mock.calls).toEqual([["Moonstone: query a:c failed: Oh"]]);
    client.subscribe("a:b", {});
    await flush();
    expect(socket.ofType("query").map(({ id }) => id)).toEqual(["q1", "q2", "q1"]);
  });

  it("start over after a reset, as unconfirmed", async () => {
    const { client, last } = makeClient();
    client.subscribe("a:b", {});
    const socket = await last().accept();
    const key = QueryStore.makeKey("a:b");
    await socket.say({ type: "result", id: "q1", result: 1 });
    await socket.say({ type: "reset" });
    expect(client.hasServerResult(key)).toBe(false);
    expect(client.getQueryResult(key)).toBe(1);
    expect(socket.ofType("query").length).toBe(2);
    await socket.say({ type: "result", id: "q1", result: 1 });
    expect(client.hasServerResult(key)).toBe(true);
  });

  it("survive a listener that throws", async () => {
    const { client, last } = makeClient();
    vi.spyOn(console, "error").mockImplementation(() => {});
    const after = vi.fn();
    client.subscribe("a:b", {}, () => {
      throw new Error("mine");
    });
    client.subscribe("a:b", {}, after);
    const socket = await last().accept();
    await socket.say({ type: "result", id: "q1", result: 1 });
    expect(after.mock.calls).toEqual([[1]]);
  });

  it("are unmoved by frames that are none", async () => {
    const { client, last } = makeClient();
    const socket = await last().accept();
    for (const data of ["", "null", "[]", "{", '{"type":"new"}', 5, new ArrayBuffer(2)]) {
      socket.onmessage?.({ data });
    }
    expect(client.connectionState).toBe("connected");
  });
});
