// @vitest-environment happy-dom
import { act, StrictMode } from "react";
import type { ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, it, vi } from "vitest";
import { MoonstoneProvider, usePaginatedQuery } from "@moonstone/react";
import type { UsePaginatedQueryResult } from "@moonstone/react";
import { flush } from "../../client/test/fake_socket.js";
import { pages, preparePage } from "./harness.js";
import type { Row } from "./harness.js";

const page = preparePage();
const seen = vi.fn<(result: UsePaginatedQueryResult<Row>) => void>();
const current = (): UsePaginatedQueryResult<Row> => seen.mock.lastCall![0];

function Rows({ tag, size = 2 }: { tag: string; size?: number }): ReactNode {
  const result = usePaginatedQuery(pages, { tag }, { initialNumItems: size });
  seen(result);
  return `${result.status}: ${result.results.map((row) => row.text).join()}`;
}

const rows = (...names: string[]): Row[] => names.map((text) => ({ _id: `n:${text}`, text }));
const pageOf = (items: Row[], cursor: string | null): object => ({
  page: items,
  isDone: cursor === null,
  continueCursor: cursor,
});

/** Answers the queries that have come in since, by the cursor they ask for. */
async function answer(byCursor: Record<string, object>): Promise<void> {
  const answered = new Set<unknown>();
  for (;;) {
    const open = page
      .last()
      .ofType("query")
      .filter(({ id }) => !answered.has(id));
    if (open.length === 0) return;
    for (const { id, args } of open) {
      answered.add(id);
      const { cursor = "" } = args as { cursor?: string };
      if (cursor in byCursor) await page.say({ type: "result", id, result: byCursor[cursor] });
    }
  }
}

describe("usePaginatedQuery", () => {
  it("loads the first page once in strict mode, then more", async () => {
    await page.accept();
    await page.show(
      <StrictMode>
        <Rows tag="a" />
      </StrictMode>,
    );
    expect(page.container.textContent).toBe("LoadingFirstPage: ");
    expect(page.last().calls).toEqual([
      { type: "query", id: "q1", fn: "notes:pages", args: { tag: "a", numItems: 2 } },
    ]);
    const first = pageOf(rows("one", "two"), "c2");
    await answer({ "": first });
    expect(page.container.textContent).toBe("CanLoadMore: one,two");
    await act(async () => {
      current().loadMore(2);
      await flush();
    });
    await answer({ "": first, "~c2": first, c2: pageOf(rows("three"), null) });
    expect(page.container.textContent).toBe("Exhausted: one,two,three");
  });

  it("keeps result and function while nothing changes", async () => {
    await page.accept();
    await page.show(<Rows tag="a" />);
    await answer({ "": pageOf(rows("one"), "c1") });
    const before = current();
    await page.show(<Rows tag="a" size={3} />);
    expect(current()).toBe(before);
    expect(page.last().ofType("unsubscribe")).toEqual([]);
  });

  it("begins anew with other arguments, and leaves nothing behind", async () => {
    await page.accept();
    await page.show(<Rows tag="a" />);
    await answer({ "": pageOf(rows("one"), null) });
    await page.show(<Rows tag="b" />);
    expect(page.container.textContent).toBe("LoadingFirstPage: ");
    expect(page.last().calls.slice(1)).toEqual([
      { type: "query", id: "q2", fn: "notes:pages", args: { tag: "b", numItems: 2 } },
      { type: "unsubscribe", id: "q1" },
    ]);
    await page.show(null);
    expect(page.last().calls.slice(3)).toEqual([{ type: "unsubscribe", id: "q2" }]);
  });

  it("returns an error", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await page.accept();
    await page.show(<Rows tag="a" />);
    await page.say({ type: "error", id: "q1", code: "execution_error", message: "no luck" });
    expect(current().error?.message).toBe("no luck");
  });

  it("is loading where a server renders", () => {
    for (const client of [page.client, null]) {
      const html = renderToString(
        <MoonstoneProvider client={client}>
          <Rows tag="a" />
        </MoonstoneProvider>,
      );
      expect(html).toBe("LoadingFirstPage: ");
    }
  });
});
