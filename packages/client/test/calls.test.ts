import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { flush, makeClient } from "./fake_socket.js";
import type { FakeSocket } from "./fake_socket.js";

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

const idsOf = (socket: FakeSocket, type: string): unknown[] =>
  socket.ofType(type).map(({ id }) => id);

describe("mutations", () => {
  it("go one after the other, in the order of the calls", async () => {
    const { client, last } = makeClient();
    const done: unknown[] = [];
    const all = [1, 2, 3].map((n) => client.mutation("a:b", { n }).then((r) => done.push(r)));
    const socket = await last().accept();
    expect(socket.calls).toEqual([{ type: "mutation", id: "1", fn: "a:b", args: { n: 1 } }]);
    await socket.say({ type: "mutationResult", id: "2", result: "early" }); // not asked yet
    await socket.say({ type: "mutationResult", id: "1", result: "one" });
    expect(done).toEqual(["one"]);
    expect(idsOf(socket, "mutation")).toEqual(["1", "2"]);
    await socket.say({ type: "mutationResult", id: "2" });
    await socket.say({ type: "mutationResult", id: "3", result: null });
    await Promise.all(all);
    expect(done).toEqual(["one", undefined, null]);
    expect(vi.getTimerCount()).toBe(1); // the heartbeat
  });

  it("that are too large for a message fail unsent, and do not stop the next", async () => {
    const { client, sockets, last } = makeClient({ maxMessageBytes: 200 });
    const tooLarge = { name: "MoonstoneError", code: "message_too_large" };
    const mutation = expect(client.mutation("a:b", "x".repeat(200))).rejects.toMatchObject({
      ...tooLarge,
      message: expect.stringMatching(/^The message for a:b has 2\d\d bytes, more than maxMess/),
    });
    // Fewer characters than bytes.
    const action = expect(client.action("a:c", "€".repeat(60))).rejects.toMatchObject(tooLarge);
    const onError = vi.fn();
    client.subscribe("a:d", { x: "x".repeat(200) }, undefined, onError);
    const next = client.mutation("a:e", {});
    const socket = await last().accept();
    await mutation;
    await action;
    expect(onError).toHaveBeenCalledWith(expect.objectContaining(tooLarge));
    expect(socket.calls).toEqual([{ type: "mutation", id: "2", fn: "a:e", args: {} }]);
    await socket.say({ type: "mutationResult", id: "2" });
    await next;
    expect(sockets.length).toBe(1);
  });

  it("that fail do not stop the next", async () => {
    const { client, last } = makeClient();
    const first = expect(client.mutation("a:b", {})).rejects.toMatchObject({
      name: "MoonstoneError",
      code: "execution_error",
      message: "Missing required field: x",
    });
    const second = client.mutation("a:b", {});
    const socket = await last().accept();
    const message = "Missing required field: x";
    await socket.say({ type: "error", id: "1", code: "execution_error", message });
    await first;
    await socket.say({ type: "mutationResult", id: "2", result: 2 });
    expect(await second).toBe(2);
  });

  it("that were sent and not answered are sent again first, under their id", async () => {
    const { client, last } = makeClient();
    const results = [client.mutation("a:b", { n: 1 }), client.mutation("a:b", { n: 2 })];
    await last().accept();
    await last().drop();
    await vi.advanceTimersByTimeAsync(1_000);
    last().onopen?.({});
    await flush();
    expect(last().calls).toEqual([]); // not before the server said that it remembers
    await last().say({ type: "hello" });
    expect(last().calls).toEqual([{ type: "mutation", id: "1", fn: "a:b", args: { n: 1 } }]);
    await last().say({ type: "mutationResult", id: "1", result: "remembered" });
    await last().say({ type: "mutationResult", id: "2", result: "new" });
    expect(await Promise.all(results)).toEqual(["remembered", "new"]);
    expect(idsOf(last(), "mutation")).toEqual(["1", "2"]);
  });

  it("that were never sent need no hello", async () => {
    const { client, last } = makeClient();
    void client.mutation("a:b", {});
    last().onopen?.({});
    await flush();
    expect(idsOf(last(), "mutation")).toEqual(["1"]);
  });

  it("are not sent twice to a server that never says hello", async () => {
    const { client, last } = makeClient({ requestTimeoutMs: 5_000 });
    const first = expect(client.mutation("a:b", {})).rejects.toThrow("Request timed out");
    const second = client.mutation("a:b", {});
    await last().accept();
    await last().drop();
    await vi.advanceTimersByTimeAsync(1_000);
    last().onopen?.({});
    await vi.advanceTimersByTimeAsync(5_000);
    await first;
    expect(idsOf(last(), "mutation")).toEqual(["2"]); // the second was never sent before
    await last().say({ type: "mutationResult", id: "2", result: 2 });
    expect(await second).toBe(2);
  });

  it("time out only while they are underway, and let the next go", async () => {
    const { client, last } = makeClient({ requestTimeoutMs: 5_000, backoff: { maxAttempts: 99 } });
    const first = expect(client.mutation("a:slow", {})).rejects.toMatchObject({
      code: "request_timeout",
      message: "Request timed out: mutation a:slow was sent and may have run",
    });
    const second = client.mutation("a:b", {});
    await vi.advanceTimersByTimeAsync(15_000); // still connecting
    const socket = await last().accept();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(idsOf(socket, "mutation")).toEqual(["1"]);
    await vi.advanceTimersByTimeAsync(1);
    await first;
    expect(idsOf(socket, "mutation")).toEqual(["1", "2"]);
    await socket.say({ type: "mutationResult", id: "1", result: "late" });
    await socket.say({ type: "mutationResult", id: "2", result: "second" });
    expect(await second).toBe("second");
  });

  it("that were refused for their rate are sent again after a second, before the next", async () => {
    const { client, last } = makeClient();
    const results = [client.mutation("a:b", {}), client.mutation("a:b", {})];
    const socket = await last().accept();
    await socket.say({ type: "error", id: "1", code: "rate_limited", message: "slow down" });
    await vi.advanceTimersByTimeAsync(999);
    expect(idsOf(socket, "mutation")).toEqual(["1"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(idsOf(socket, "mutation")).toEqual(["1", "1"]);
    await socket.say({ type: "mutationResult", id: "1", result: 1 });
    await socket.say({ type: "mutationResult", id: "2", result: 2 });
    expect(await Promise.all(results)).toEqual([1, 2]);
  });

  it("take their arguments at the time of the call", async () => {
    const { client, last } = makeClient();
    const args = { list: [1], bytes: new Uint8Array([0, 255]), gone: undefined };
    void client.mutation("a:b", args);
    args.list.push(2);
    const socket = await last().accept();
    expect(socket.calls[0]!["args"]).toEqual({ list: [1], bytes: "AP8=" });
    await expect(client.mutation("a:b", { big: 1n })).rejects.toThrow("BigInt");
    await expect(client.mutation(undefined as never, {})).rejects.toThrow("function reference");
  });
});

describe("actions", () => {
  it("do not wait for each other or for mutations", async () => {
    const { client, last } = makeClient();
    void client.mutation("a:b", {});
    const results = [client.action("a:x", { n: 1 }), client.action("a:x")];
    const socket = await last().accept();
    expect(socket.calls.slice(1)).toEqual([
      { type: "action", id: "a1", fn: "a:x", args: { n: 1 } },
      { type: "action", id: "a2", fn: "a:x", args: {} },
    ]);
    await socket.say(
      { type: "actionResult", id: "a2", result: 2 },
      { type: "actionResult", id: "a1" },
    );
    expect(await Promise.all(results)).toEqual([undefined, 2]);
  });

  it("fail when the connection goes after they were sent, and wait when before", async () => {
    const { client, last } = makeClient();
    await last().accept();
    const sent = expect(client.action("a:x", {})).rejects.toMatchObject({
      code: "connection_lost",
      message: "Connection lost: action a:x was sent and may have run",
    });
    await flush();
    await last().drop();
    await sent;
    const unsent = client.action("a:y", {});
    await vi.advanceTimersByTimeAsync(1_000);
    await last().accept();
    expect(idsOf(last(), "action")).toEqual(["a2"]);
    await last().say({ type: "actionResult", id: "a2", result: "ok" });
    expect(await unsent).toBe("ok");
  });

  it("time out, fail, and are sent again when refused for their rate", async () => {
    const { client, last } = makeClient({ requestTimeoutMs: 5_000 });
    const socket = await last().accept();
    const slow = expect(client.action("a:slow", {})).rejects.toThrow("Request timed out");
    const wrong = expect(client.action("a:wrong", {})).rejects.toThrow("No");
    const refused = client.action("a:refused", {});
    await flush();
    await socket.say(
      { type: "error", id: "a2", code: "forbidden", message: "No" },
      { type: "error", id: "a3", code: "rate_limited", message: "slow down" },
    );
    await wrong;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(idsOf(socket, "action")).toEqual(["a1", "a2", "a3", "a3"]);
    await socket.say({ type: "actionResult", id: "a3", result: 3 });
    expect(await refused).toBe(3);
    await vi.advanceTimersByTimeAsync(4_000);
    await slow;
  });
});

describe("pacing", () => {
  it("sends at most 40 messages in any second, all in the end", async () => {
    const { client, last } = makeClient();
    for (let n = 0; n < 130; n++) client.subscribe("a:b", { n });
    const socket = await last().accept();
    const counts = [socket.received.length];
    for (let window = 1; window <= 3; window++) {
      await vi.advanceTimersByTimeAsync(1_199);
      expect(socket.received.length).toBe(counts.at(-1));
      await vi.advanceTimersByTimeAsync(1);
      counts.push(socket.received.length);
    }
    expect(counts).toEqual([40, 80, 120, 131]);
    expect(new Set(socket.calls.map(({ id }) => id)).size).toBe(130);
  });

  it("keeps a gliding second, not a calendar one", async () => {
    const { client, last } = makeClient();
    const socket = await last().accept();
    await vi.advanceTimersByTimeAsync(900);
    for (let n = 0; n < 60; n++) client.subscribe("a:b", { n });
    await flush();
    expect(socket.received.length).toBe(40); // hello is still in the window
    await vi.advanceTimersByTimeAsync(300);
    expect(socket.received.length).toBe(41);
    await vi.advanceTimersByTimeAsync(899);
    expect(socket.received.length).toBe(41);
    await vi.advanceTimersByTimeAsync(1);
    expect(socket.received.length).toBe(61);
  });

  it("lets a call through between many renewals, after the first of them", async () => {
    const { client, last } = makeClient();
    for (let n = 0; n < 200; n++) client.subscribe("a:b", { n });
    const mutation = client.mutation("a:m", {});
    const socket = await last().accept();
    const position = socket.received.findIndex(({ type }) => type === "mutation");
    expect(position).toBeGreaterThanOrEqual(30);
    expect(position).toBeLessThan(40);
    await socket.say({ type: "mutationResult", id: "1", result: 1 });
    expect(await mutation).toBe(1);
  });

  it.each([1, 2, 3])("does so, too, where only %d messages a second are allowed", async (limit) => {
    const { client, last } = makeClient({ messagesPerSecond: limit });
    for (let n = 0; n < 50; n++) client.subscribe("a:b", { n });
    void client.mutation("a:m", {});
    const socket = await last().accept();
    await vi.advanceTimersByTimeAsync(3 * 1_200);
    expect(socket.ofType("mutation").length).toBe(1);
  });

  it("counts anew on a new connection", async () => {
    const { client, last } = makeClient({ backoff: { baseMs: 10 } });
    for (let n = 0; n < 39; n++) client.subscribe("a:b", { n });
    expect((await last().accept()).received.length).toBe(40);
    await last().drop();
    await vi.advanceTimersByTimeAsync(10);
    expect((await last().accept()).received.length).toBe(40);
  });

  it("can be turned off", async () => {
    const { client, last } = makeClient({ messagesPerSecond: 0 });
    for (let n = 0; n < 500; n++) client.subscribe("a:b", { n });
    expect((await last().accept()).received.length).toBe(501);
  });

  it("sends a query that was refused for its rate again after a second", async () => {
    const { client, last } = makeClient();
    const onError = vi.fn();
    client.subscribe("a:b", {}, undefined, onError);
    const socket = await last().accept();
    await socket.say({ type: "error", id: "q1", code: "rate_limited", message: "slow down" });
    await vi.advanceTimersByTimeAsync(999);
    expect(idsOf(socket, "query")).toEqual(["q1"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(idsOf(socket, "query")).toEqual(["q1", "q1"]);
    expect(onError).not.toHaveBeenCalled();
  });

  it("does the same for an unsubscribe", async () => {
    const { client, last } = makeClient();
    const stop = client.subscribe("a:b", {});
    const socket = await last().accept();
    stop();
    await flush();
    await socket.say({ type: "error", id: "q1", code: "rate_limited", message: "slow down" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(socket.calls.map(({ type }) => type)).toEqual(["query", "unsubscribe", "unsubscribe"]);
  });

  it("forgets that query when nobody wants it any more", async () => {
    const { client, last } = makeClient();
    const stop = client.subscribe("a:b", {});
    const socket = await last().accept();
    await socket.say({ type: "error", id: "q1", code: "rate_limited", message: "slow down" });
    stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(idsOf(socket, "query")).toEqual(["q1"]);
  });
});
