import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LocalStore, MoonstoneClient } from "@moonstone/client";
import { QueryStore } from "@moonstone/client";
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

const KEY = QueryStore.makeKey("list:all");

/** Appends to a list, as most optimistic updates do. */
const appends =
  (item: unknown, name = "list:all") =>
  (store: LocalStore): void => {
    const list = store.getQuery(name) as unknown[] | undefined;
    if (list !== undefined) store.setQuery(name, {}, [...list, item]);
  };

const add = (client: MoonstoneClient, item: unknown): Promise<unknown> =>
  client.mutation("list:add", { item }, { optimisticUpdate: appends(item) });

/** A connected client that shows `list:all` (`q1`), and everything that was shown. */
async function start(initial: unknown[]): Promise<{
  client: MoonstoneClient;
  shown: unknown[];
  socket: FakeSocket;
  last: () => FakeSocket;
  stop: () => void;
}> {
  const { client, last } = makeClient();
  const shown: unknown[] = [];
  const stop = client.subscribe("list:all", {}, (value) => shown.push(value));
  const socket = await last().accept();
  await socket.say({ type: "result", id: "q1", result: initial });
  return { client, shown, socket, last, stop };
}

describe("an optimistic update", () => {
  it("shows at once, and gives way to the server's result without a step between", async () => {
    const { client, shown, socket } = await start(["a"]);
    const done = add(client, "b");
    expect(client.getQueryResult(KEY)).toEqual(["a", "b"]);
    await flush();
    await socket.say({ type: "update", id: "q1", result: ["a", "b of the server"] });
    expect(client.getQueryResult(KEY)).toEqual(["a", "b"]); // may or may not contain it
    await socket.say({ type: "mutationResult", id: "1", result: null });
    await done;
    expect(shown).toEqual([["a"], ["a", "b"], ["a", "b of the server"]]);
  });

  it("is over before the promise of the mutation is settled", async () => {
    const { client, socket } = await start(["a"]);
    let seen: unknown;
    const done = add(client, "b").then(() => (seen = client.getQueryResult(KEY)));
    await flush();
    await socket.say(
      { type: "update", id: "q1", result: ["a", "B"] },
      { type: "mutationResult", id: "1" },
    );
    await done;
    expect(seen).toEqual(["a", "B"]);
  });

  it("goes at once when the mutation fails", async () => {
    const { client, shown, socket } = await start(["a"]);
    const done = expect(add(client, "b")).rejects.toThrow("No");
    await flush();
    await socket.say({ type: "error", id: "1", code: "forbidden", message: "No" });
    await done;
    expect(shown).toEqual([["a"], ["a", "b"], ["a"]]);
  });

  it("goes when the client gives the mutation up or is closed", async () => {
    const { client, shown } = await start(["a"]);
    const done = expect(add(client, "b")).rejects.toThrow("closed");
    client.close();
    await done;
    expect(shown.at(-1)).toEqual(["a"]);
  });

  it("runs again on what others change, as long as its mutation waits", async () => {
    const { client, shown, socket } = await start(["a"]);
    void client.mutation("other:first", {}); // is sent, and holds up the next
    void add(client, "b");
    await flush();
    await socket.say({ type: "update", id: "q1", result: ["a", "x"] });
    expect(shown).toEqual([["a"], ["a", "b"], ["a", "x", "b"]]);
  });

  it("runs again when one below it fails", async () => {
    const { client, shown, socket } = await start(["a"]);
    const failed = expect(add(client, "b")).rejects.toThrow();
    void add(client, "c");
    await flush();
    expect(shown.at(-1)).toEqual(["a", "b", "c"]);
    await socket.say({ type: "error", id: "1", code: "execution_error", message: "No" });
    await failed;
    expect(shown.at(-1)).toEqual(["a", "c"]);
  });

  it("stays on top of what the mutation before it has really done", async () => {
    const { client, shown, socket } = await start([]);
    void add(client, "b");
    void add(client, "c");
    await flush();
    await socket.say(
      { type: "update", id: "q1", result: ["B"] },
      { type: "mutationResult", id: "1" },
    );
    await socket.say(
      { type: "update", id: "q1", result: ["B", "C"] },
      { type: "mutationResult", id: "2" },
    );
    expect(shown).toEqual([[], ["b"], ["b", "c"], ["B", "c"], ["B", "C"]]);
  });

  it("does not run again for keys that it did not look at", async () => {
    const { client, socket } = await start(["a"]);
    client.subscribe("other:all", {});
    await flush();
    const update = vi.fn(appends("b"));
    void client.mutation("other:first", {});
    void client.mutation("list:add", {}, { optimisticUpdate: update });
    await flush();
    await socket.say({ type: "result", id: "q2", result: 1 });
    expect(update).toHaveBeenCalledTimes(1);
    await socket.say({ type: "update", id: "q1", result: ["x"] });
    expect(update).toHaveBeenCalledTimes(2);
  });

  it("tells listeners once, and only of what is different", async () => {
    const { client, socket } = await start(["a"]);
    const listener = vi.fn();
    client.watchQuery(KEY, listener);
    void add(client, "b");
    await flush();
    expect(listener).toHaveBeenCalledTimes(1);
    await socket.say(
      { type: "update", id: "q1", result: ["a", "b"] },
      { type: "mutationResult", id: "1" },
    );
    expect(listener).toHaveBeenCalledTimes(1); // the server's result is what was shown
  });

  it("keeps the identity of what it does not change", async () => {
    const { client, socket } = await start([{ _id: "l:1", tags: ["x"] }]);
    const [before] = client.getQueryResult(KEY) as object[];
    const update = (store: LocalStore): void => {
      const list = structuredClone(store.getQuery("list:all") as object[]);
      store.setQuery("list:all", {}, [...list, { _id: "temp" }]);
    };
    void client.mutation("list:add", {}, { optimisticUpdate: update });
    const shown = client.getQueryResult(KEY) as object[];
    expect(shown[0]).toBe(before);
    await flush();
    await socket.say(
      { type: "update", id: "q1", result: [{ _id: "l:1", tags: ["x"] }, { _id: "l:2" }] },
      { type: "mutationResult", id: "1" },
    );
    expect((client.getQueryResult(KEY) as object[])[0]).toBe(before);
  });

  it("may set a result that is not there yet, or take one away", async () => {
    const { client } = await start(["a"]);
    void client.mutation(
      "a:b",
      {},
      { optimisticUpdate: (s) => s.setQuery("new:one", { n: 1 }, 5) },
    );
    expect(client.getQueryResult(QueryStore.makeKey("new:one", { n: 1 }))).toBe(5);
    void client.mutation(
      "a:b",
      {},
      { optimisticUpdate: (s) => s.setQuery("list:all", {}, undefined) },
    );
    expect(client.getQueryResult(KEY)).toBeUndefined();
  });

  it("is shown to a subscription that comes while it holds", async () => {
    const { client } = await start(["a"]);
    void add(client, "b");
    const callback = vi.fn();
    client.subscribe("list:all", {}, callback);
    await flush();
    expect(callback.mock.calls).toEqual([[["a", "b"]]]);
  });

  it("goes at the answer where nobody subscribes", async () => {
    const { client, socket } = await start(["a"]);
    void client.mutation("a:b", {}, { optimisticUpdate: (s) => s.setQuery("nobody:asks", {}, 1) });
    await flush();
    await socket.say({ type: "mutationResult", id: "1" });
    expect(client.getQueryResult(QueryStore.makeKey("nobody:asks"))).toBeUndefined();
  });
});

describe("an optimistic update that goes wrong", () => {
  it("rejects the mutation if its first run throws, and sends nothing", async () => {
    const { client, socket, shown } = await start(["a"]);
    const update = (store: LocalStore): void => {
      store.setQuery("list:all", {}, []);
      throw new Error("oops");
    };
    await expect(client.mutation("a:b", {}, { optimisticUpdate: update })).rejects.toThrow("oops");
    expect(socket.ofType("mutation")).toEqual([]);
    expect(shown).toEqual([["a"]]);
  });

  it("is logged and dropped if a later run throws", async () => {
    const { client, socket, shown } = await start(["a"]);
    const logged = vi.spyOn(console, "error").mockReturnValue();
    void client.mutation("other:first", {});
    const update = (store: LocalStore): void => {
      const list = store.getQuery("list:all") as unknown[];
      if (list.length > 1) throw new Error("oops");
      store.setQuery("list:all", {}, [...list, "b"]);
    };
    const done = client.mutation("a:b", {}, { optimisticUpdate: update });
    await flush();
    await socket.say({ type: "update", id: "q1", result: ["a", "x"] });
    expect(logged).toHaveBeenCalledTimes(1);
    expect(shown).toEqual([["a"], ["a", "b"], ["a", "x"]]);
    await socket.say({ type: "mutationResult", id: "1" }, { type: "mutationResult", id: "2" });
    await socket.say({ type: "mutationResult", id: "2", result: "fine" });
    expect(await done).toBe("fine");
  });

  it("must not be async, and its store ends with it", async () => {
    const { client } = await start(["a"]);
    const isAsync = async (store: LocalStore): Promise<void> => store.setQuery("list:all", {}, []);
    await expect(client.mutation("a:b", {}, { optimisticUpdate: isAsync })).rejects.toThrow(
      "must not be async",
    );
    let kept: LocalStore | undefined;
    void client.mutation("a:b", {}, { optimisticUpdate: (store) => void (kept = store) });
    expect(() => kept!.setQuery("list:all", {}, [])).toThrow("until it returns");
  });
});

describe("an answer that comes before the results", () => {
  it("leaves the effect of late subscriptions in place until their push", async () => {
    const { client, shown, socket } = await start(["a"]);
    const done = add(client, "b");
    await flush();
    await socket.say({ type: "mutationResult", id: "1", late: ["q1"] });
    await done;
    expect(client.getQueryResult(KEY)).toEqual(["a", "b"]);
    await socket.say({ type: "update", id: "q1", result: ["a", "B"] });
    expect(shown).toEqual([["a"], ["a", "b"], ["a", "B"]]);
  });

  it("keeps it through the next mutation, too", async () => {
    const { client, shown, socket } = await start([]);
    void add(client, "b");
    void add(client, "c");
    await flush();
    await socket.say({ type: "mutationResult", id: "1", late: ["q1"] });
    await socket.say({ type: "update", id: "q1", result: ["B"] }); // the second is under way
    expect(client.getQueryResult(KEY)).toEqual(["b", "c"]);
    await socket.say({ type: "mutationResult", id: "2", late: ["q1"] });
    expect(client.getQueryResult(KEY)).toEqual(["b", "c"]);
    await socket.say({ type: "update", id: "q1", result: ["B", "C"] });
    expect(shown).toEqual([[], ["b"], ["b", "c"], ["B", "C"]]);
  });

  it("drops it when the late query fails or nobody wants it any more", async () => {
    const { client, socket, stop } = await start(["a"]);
    void add(client, "b");
    await flush();
    await socket.say({ type: "mutationResult", id: "1", late: ["q1"] });
    vi.spyOn(console, "error").mockReturnValue();
    await socket.say({ type: "error", id: "q1", code: "execution_error", message: "slow" });
    expect(client.getQueryResult(KEY)).toEqual(["a"]);
    expect(client.getQueryError(KEY)).toMatchObject({ message: "slow" });
    stop();
    await flush();
    expect(client.getQueryResult(KEY)).toBeUndefined();
    expect(client.getQueryError(KEY)).toBeUndefined();
  });
});

describe("layers over a reconnect", () => {
  it("hold until the answer, whichever comes first: it or the new results", async () => {
    const { client, shown, socket, last } = await start(["a"]);
    void add(client, "b");
    await flush();
    await socket.drop();
    await vi.advanceTimersByTimeAsync(1_000);
    await last().accept();
    await last().say({ type: "mutationResult", id: "1" }); // from the server's memory
    expect(client.getQueryResult(KEY)).toEqual(["a", "b"]);
    await last().say({ type: "result", id: "q1", result: ["a", "B"] });
    expect(shown).toEqual([["a"], ["a", "b"], ["a", "B"]]);

    void add(client, "c");
    await flush();
    await last().drop();
    await vi.advanceTimersByTimeAsync(1_000);
    await last().accept();
    await last().say({ type: "result", id: "q1", result: ["a", "B", "x"] });
    expect(client.getQueryResult(KEY)).toEqual(["a", "B", "c"]);
    await last().say({ type: "update", id: "q1", result: ["a", "B", "x", "C"] });
    await last().say({ type: "mutationResult", id: "2" });
    expect(shown.slice(2)).toEqual([
      ["a", "B"],
      ["a", "B", "c"],
      ["a", "B", "x", "C"],
    ]);
  });

  it("of mutations that were never sent run on the new results", async () => {
    const { client, shown, socket, last } = await start(["a"]);
    await socket.drop();
    void add(client, "b");
    await vi.advanceTimersByTimeAsync(1_000);
    last().onopen?.({});
    last().onmessage?.({ data: JSON.stringify({ type: "result", id: "q1", result: ["x"] }) });
    expect(shown).toEqual([["a"], ["a", "b"], ["x", "b"]]);
  });
});
