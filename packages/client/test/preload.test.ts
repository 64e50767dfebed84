import { describe, expect, it, vi } from "vitest";
import type { FunctionReference } from "@moonstone/client";
import { preloadQuery, QueryStore } from "@moonstone/client";
import { makeClient } from "./fake_socket.js";

const list = { _name: "tasks:list", _type: "query" } as FunctionReference<
  "query",
  { limit?: number },
  string[]
>;

/** A fetch that answers `body`. */
const answers = (body: unknown, status = 200): typeof fetch & ReturnType<typeof vi.fn> =>
  vi.fn(
    async () => new Response(typeof body === "string" ? body : JSON.stringify(body), { status }),
  );

describe("preloadQuery", () => {
  it("asks the server's HTTP side, and returns plain JSON", async () => {
    const fetch = answers({ result: ["a"] });
    const headers = { authorization: "Bearer t" };
    const preloaded = await preloadQuery(
      "wss://host/t/x/ws",
      list,
      { limit: 5 },
      { fetch, headers },
    );
    expect(preloaded).toEqual({ _fn: "tasks:list", _args: { limit: 5 }, _result: ["a"] });
    expect(fetch).toHaveBeenCalledWith("https://host/t/x/query", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer t" },
      body: '{"fn":"tasks:list","args":{"limit":5}}',
    });
  });

  it("takes a name, no arguments, and plain http", async () => {
    const fetch = answers({});
    expect(await preloadQuery("ws://host:1/ws", "utils.stats:all", undefined, { fetch })).toEqual({
      _fn: "utils/stats:all",
      _args: {},
      _result: null,
    });
    expect(fetch.mock.calls[0]![0]).toBe("http://host:1/query");
  });

  it("refuses an address that is not the client's", async () => {
    for (const url of ["ws://host/", "ws://host/ws/", "/ws", "host/ws", ""]) {
      await expect(preloadQuery(url, list)).rejects.toThrow(
        "must look like ws://localhost:8788/ws",
      );
    }
  });

  it("fails with what the server says", async () => {
    const refused = answers({ error: "no such function", code: "not_found" }, 404);
    await expect(preloadQuery("ws://h/ws", list, {}, { fetch: refused })).rejects.toMatchObject({
      name: "MoonstoneError",
      code: "not_found",
      message: "no such function",
    });
    const proxy = answers("<html>", 502);
    await expect(preloadQuery("ws://h/ws", list, {}, { fetch: proxy })).rejects.toMatchObject({
      code: "http_error",
      message: "HTTP 502",
    });
    const page = answers("<html>");
    await expect(preloadQuery("ws://h/ws", list, {}, { fetch: page })).rejects.toThrow("not JSON");
  });
});

describe("hydrate", () => {
  const preloaded = { _fn: "tasks:list", _args: { limit: 5 }, _result: ["a"] };
  const key = QueryStore.makeKey("tasks:list", { limit: 5 });

  it("counts as the server's result, and is told to subscribers", async () => {
    const { client, last } = makeClient();
    client.hydrate(preloaded);
    expect(client.getQueryResult(key)).toEqual(["a"]);
    expect(client.hasServerResult(key)).toBe(true);
    const callback = vi.fn();
    client.subscribe(list, { limit: 5 }, callback);
    const socket = await last().accept();
    expect(callback.mock.calls).toEqual([[["a"]]]);
    await socket.say({ type: "result", id: "q1", result: ["a"] });
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it("does not replace a result", async () => {
    const { client, last } = makeClient();
    client.subscribe(list, { limit: 5 });
    const socket = await last().accept();
    await socket.say({ type: "result", id: "q1", result: ["newer"] });
    client.hydrate(preloaded);
    expect(client.getQueryResult(key)).toEqual(["newer"]);
  });
});

describe("getQueryError", () => {
  it("is the error of the last answer, until the next result", async () => {
    const { client, last } = makeClient();
    const key = QueryStore.makeKey("tasks:list", {});
    const listener = vi.fn();
    client.watchQuery(key, listener);
    client.subscribe(list, {}, undefined, () => {});
    const socket = await last().accept();
    await socket.say({ type: "error", id: "q1", code: "forbidden", message: "No" });
    expect(client.getQueryError(key)).toMatchObject({ code: "forbidden", message: "No" });
    expect(listener).toHaveBeenCalledTimes(1);
    await socket.say({ type: "result", id: "q1", result: [] });
    expect(client.getQueryError(key)).toBeUndefined();
    expect(listener).toHaveBeenCalledTimes(2);
    await socket.say({ type: "error", id: "q1", code: "execution_error", message: "later" });
    expect(client.getQueryResult(key)).toEqual([]);
    expect(client.hasServerResult(key)).toBe(false);
    expect(listener).toHaveBeenCalledTimes(3);
  });
});
