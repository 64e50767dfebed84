import { createRoot, createSignal } from "solid-js";
import { describe, expect, it } from "vitest";
import { createPreloadedQuery, createQuery } from "@moonstone/solid";
import type { Preloaded } from "@moonstone/solid";
import { flush } from "../../client/test/fake_socket.js";
import { list, prepareApp } from "./harness.js";
import type { Row } from "./harness.js";

const app = prepareApp();
const preloaded = (tag: string): Preloaded<Row[] | null> =>
  ({ _fn: "notes:list", _args: { tag }, _result: [{ _id: "n:1", text: tag }] }) as Preloaded<
    Row[] | null
  >;

describe("createPreloadedQuery", () => {
  it("has its result on a server without a provider", () => {
    expect(createRoot(() => createPreloadedQuery(preloaded("a"))())).toEqual(
      preloaded("a")._result,
    );
  });

  it("is live, also for others that ask for the query", async () => {
    await app.last().accept();
    const { value: rows, dispose } = app.mount(() => createPreloadedQuery(preloaded("a")));
    const { value: other } = app.mount(() => createQuery(list, { tag: "a" }));
    expect(rows()?.[0]?.text).toBe("a");
    expect(other()?.[0]?.text).toBe("a");
    await flush();
    await app.last().say({ type: "result", id: "q1", result: [] });
    expect([rows(), other()]).toEqual([[], []]);
    await app.last().say({ type: "update", id: "q1", result: null });
    expect(rows()).toBeNull();
    dispose();
    expect(app.last().calls.length).toBe(1);
  });

  it("follows what is preloaded", async () => {
    await app.last().accept();
    const [current, setCurrent] = createSignal(preloaded("a"));
    const { value: rows } = app.mount(() => createPreloadedQuery(current));
    await flush();
    setCurrent(preloaded("b"));
    expect(rows()?.[0]?.text).toBe("b");
    await flush();
    expect(app.last().ofType("unsubscribe")).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });
});
