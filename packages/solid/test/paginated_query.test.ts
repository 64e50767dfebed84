import { createSignal } from "solid-js";
import { describe, expect, it, vi } from "vitest";
import { createPaginatedQuery } from "@moonstone/solid";
import { flush } from "../../client/test/fake_socket.js";
import { pages, prepareApp } from "./harness.js";

const app = prepareApp();
const { mount } = app;

const pageOf = (cursor: string | null, ...texts: string[]): object => ({
  page: texts.map((text) => ({ _id: `n:${text}`, text })),
  isDone: cursor === null,
  continueCursor: cursor,
});

/** Answers the queries that have come in since, by the cursor they ask for. */
async function answer(byCursor: Record<string, object>): Promise<void> {
  const answered = new Set<unknown>();
  for (;;) {
    const open = app
      .last()
      .ofType("query")
      .filter(({ id }) => !answered.has(id));
    if (open.length === 0) return;
    for (const { id, args } of open) {
      answered.add(id);
      const { cursor = "" } = args as { cursor?: string };
      if (cursor in byCursor)
        await app.last().say({ type: "result", id, result: byCursor[cursor] });
    }
  }
}

describe("createPaginatedQuery", () => {
  it("loads the first page, then more, and leaves nothing behind", async () => {
    await app.last().accept();
    const { value: query, dispose } = mount(() =>
      createPaginatedQuery(pages, { tag: "a" }, { initialNumItems: 2 }),
    );
    const seen = (): unknown[] => [query.status(), ...query.results().map(({ text }) => text)];
    await flush();
    expect(seen()).toEqual(["LoadingFirstPage"]);
    expect(app.last().calls).toEqual([
      { type: "query", id: "q1", fn: "notes:pages", args: { tag: "a", numItems: 2 } },
    ]);
    const first = pageOf("c2", "one", "two");
    await answer({ "": first });
    expect(seen()).toEqual(["CanLoadMore", "one", "two"]);
    query.loadMore(2);
    await flush();
    await answer({ "": first, "~c2": first, c2: pageOf(null, "three") });
    expect(seen()).toEqual(["Exhausted", "one", "two", "three"]);
    dispose();
    await flush();
    expect(app.open()).toBe(0);
    const ended = app
      .last()
      .ofType("unsubscribe")
      .map(({ id }) => id);
    expect(new Set(ended)).toEqual(
      new Set(
        app
          .last()
          .ofType("query")
          .map(({ id }) => id),
      ),
    );
  });

  it("begins anew with other arguments", async () => {
    await app.last().accept();
    const [tag, setTag] = createSignal("a");
    const { value: query } = mount(() =>
      createPaginatedQuery(pages, () => ({ tag: tag() }), { initialNumItems: 2 }),
    );
    await flush();
    await answer({ "": pageOf(null, "one") });
    expect(query.status()).toBe("Exhausted");
    const same = mount(() => createPaginatedQuery(pages, { tag: "a" }, { initialNumItems: 2 }));
    expect(same.value.status()).toBe("Exhausted");
    same.dispose();
    setTag("b");
    expect([query.status(), query.results()]).toEqual(["LoadingFirstPage", []]);
    await flush();
    expect(app.last().calls.slice(1)).toEqual([
      { type: "query", id: "q2", fn: "notes:pages", args: { tag: "b", numItems: 2 } },
      { type: "unsubscribe", id: "q1" },
    ]);
  });

  it("has an error", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await app.last().accept();
    const { value: query } = mount(() =>
      createPaginatedQuery(pages, { tag: "a" }, { initialNumItems: 2 }),
    );
    await flush();
    await app.last().say({ type: "error", id: "q1", code: "execution_error", message: "no luck" });
    expect(query.error()?.message).toBe("no luck");
  });

  it("is loading where a server renders", () => {
    const { value: query } = mount(
      () => createPaginatedQuery(pages, { tag: "a" }, { initialNumItems: 2 }),
      null,
    );
    expect([query.status(), query.results()]).toEqual(["LoadingFirstPage", []]);
  });
});
