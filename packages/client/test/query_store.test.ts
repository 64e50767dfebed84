import { describe, expect, it, vi } from "vitest";
import { QueryStore } from "@moonstone/client";
import { generator, newSeed } from "./random.js";

function randomJson(random: () => number, depth = 0): unknown {
  const kind = Math.floor(random() * (depth > 2 ? 4 : 7));
  const size = Math.floor(random() * 4);
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return Math.floor(random() * 3);
  if (kind === 3) return "abc".slice(size);
  if (kind === 4) return Array.from({ length: size }, () => randomJson(random, depth + 1));
  const entries = Array.from({ length: size }, (_, i) => [
    "xyz"[i]!,
    randomJson(random, depth + 1),
  ]);
  if (kind === 6) entries.push(["_id", `t:${size}`]);
  return Object.fromEntries(entries) as unknown;
}

const apply = (store: QueryStore, value: unknown): Set<string> =>
  store.applyServerResults([["k", structuredClone(value)]]);

describe("the store", () => {
  it("holds exactly what came last, and tells of it exactly when it differs", () => {
    const seed = newSeed();
    const random = generator(seed);
    const store = new QueryStore();
    const listener = vi.fn();
    store.watch("k", listener);
    let previous: unknown;
    for (let round = 0; round < 3_000; round++) {
      const value = random() < 0.2 && round > 0 ? previous : randomJson(random);
      const isNews = round === 0 || JSON.stringify(value) !== JSON.stringify(previous);
      const held = store.get("k");
      listener.mockClear();
      const place = `seed ${seed}, round ${round}`;
      expect(apply(store, value).has("k"), place).toBe(isNews);
      expect(listener.mock.calls.length, place).toBe(isNews ? 1 : 0);
      expect(store.get("k"), place).toStrictEqual(value);
      if (!isNews) expect(store.get("k"), place).toBe(held);
      previous = value;
    }
  });

  it("keeps rows that moved", () => {
    const store = new QueryStore();
    apply(store, { rows: [{ _id: "t:1" }, { _id: "t:2", deep: { n: [1] } }], other: [1] });
    const before = store.get("k") as { rows: object[]; other: object };
    apply(store, { rows: [{ _id: "t:2", deep: { n: [1] } }, { _id: "t:3" }], other: [1] });
    const after = store.get("k") as { rows: object[]; other: object };
    expect(after.rows[0]).toBe(before.rows[1]);
    expect(after.other).toBe(before.other);
    expect(after.rows).not.toBe(before.rows);
  });

  it("leaves both values as they were", () => {
    const store = new QueryStore();
    const first = Object.freeze({ rows: Object.freeze([Object.freeze({ _id: "t:1" })]), n: 1 });
    const second = Object.freeze({ rows: Object.freeze([Object.freeze({ _id: "t:1" })]), n: 2 });
    store.applyServerResults([["k", first]]);
    store.applyServerResults([["k", second]]);
    expect(store.get("k")).toEqual({ rows: [{ _id: "t:1" }], n: 2 });
    expect((store.get("k") as typeof first).rows).toBe(first.rows);
  });

  it("takes a Date, which only an optimistic update can bring, as a whole", () => {
    const store = new QueryStore();
    store.applyServerResults([["k", { at: new Date(1) }]]);
    store.applyServerResults([["k", { at: new Date(2) }]]);
    expect(store.get("k")).toEqual({ at: new Date(2) });
  });

  it("forgets, and tells who still looks", () => {
    const store = new QueryStore();
    const listener = vi.fn();
    const stop = store.watch("k", listener);
    const stopOther = store.watch("k", listener);
    apply(store, 1);
    expect(listener).toHaveBeenCalledTimes(2);
    stop();
    stop();
    store.forget("k");
    expect(listener).toHaveBeenCalledTimes(3);
    expect(store.get("k")).toBeUndefined();
    expect(store.hasServerResult("k")).toBe(false);
    stopOther();
    apply(store, 2);
    expect(listener).toHaveBeenCalledTimes(3);
  });
});

describe("makeKey", () => {
  it("is the same for equal arguments and for none", () => {
    const key = QueryStore.makeKey("a:b", { b: [{ d: 1, c: 2 }], a: undefined });
    expect(key).toBe(QueryStore.makeKey("a:b", { b: [{ c: 2, d: 1 }] }));
    expect(QueryStore.makeKey("a:b")).toBe(QueryStore.makeKey("a:b", {}));
    expect(key).toBe('a:b|{"b":[{"c":2,"d":1}]}');
  });

  it("tells everything else apart", () => {
    const keys = [{}, { a: 1 }, { a: "1" }, { a: null }, { a: [1] }, { a: { 0: 1 } }].map((args) =>
      QueryStore.makeKey("a:b", args),
    );
    expect(new Set([...keys, QueryStore.makeKey("a:c", {})]).size).toBe(keys.length + 1);
  });
});
