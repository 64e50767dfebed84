// @vitest-environment happy-dom
import { act, Profiler, StrictMode, useState } from "react";
import type { ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, it, vi } from "vitest";
import {
  MoonstoneProvider,
  useConnectionState,
  useMoonstoneClient,
  useQuery,
  useQueryWithStatus,
} from "@moonstone/react";
import { Boundary, count, list, preparePage } from "./harness.js";

const page = preparePage();

function Count(): ReactNode {
  return useQuery(count) ?? "…";
}

function State(): ReactNode {
  return useConnectionState();
}

describe("useQuery", () => {
  it("is undefined, then the live result", async () => {
    await page.show(<Count />);
    await page.accept();
    expect(page.container.textContent).toBe("…");
    await page.say({ type: "result", id: "q1", result: 0 });
    expect(page.container.textContent).toBe("0");
    await page.say({ type: "update", id: "q1", result: 3 });
    expect(page.container.textContent).toBe("3");
  });

  it("subscribes once in strict mode and for many components, and unsubscribes with the last", async () => {
    await page.accept();
    await page.show(
      <StrictMode>
        <Count />
        <Count />
      </StrictMode>,
    );
    const { calls } = page.last();
    expect(calls).toEqual([{ type: "query", id: "q1", fn: "notes:count", args: {} }]);
    await page.say({ type: "result", id: "q1", result: 4 });
    expect(page.container.textContent).toBe("44");
    await page.show(<Count />);
    expect(page.last().calls.length).toBe(1);
    await page.show(null);
    expect(page.last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });

  it("keeps subscription and result while equal arguments come as new objects", async () => {
    const subscribe = vi.spyOn(page.client, "subscribe");
    const renders = vi.fn();
    let rerender = (): void => {};
    function List(): ReactNode {
      const [, setTick] = useState(0);
      rerender = () => setTick((tick) => tick + 1);
      const rows = useQuery(list, { tag: "a" });
      renders(rows);
      return rows?.map((row) => row.text).join();
    }
    await page.show(<List />);
    await page.accept();
    await page.say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "x" }] });
    const before = renders.mock.lastCall![0] as unknown;
    await act(async () => rerender());
    expect(renders).toHaveBeenCalledTimes(3);
    expect(renders.mock.lastCall![0]).toBe(before);
    expect(subscribe).toHaveBeenCalledTimes(1);
  });

  it("follows its arguments and never shows a result of the old ones", async () => {
    const seen: [string, string | undefined][] = [];
    function List({ tag }: { tag: string }): ReactNode {
      const text = useQuery(list, { tag })?.[0]?.text;
      seen.push([tag, text]);
      return text;
    }
    await page.accept();
    await page.show(<List tag="a" />);
    await page.say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "of a" }] });
    await page.show(<List tag="b" />);
    expect(page.container.textContent).toBe("");
    expect(page.last().calls.slice(1)).toEqual([
      { type: "query", id: "q2", fn: "notes:list", args: { tag: "b" } },
      { type: "unsubscribe", id: "q1" },
    ]);
    await page.say({ type: "result", id: "q2", result: [{ _id: "n:2", text: "of b" }] });
    expect(page.container.textContent).toBe("of b");
    expect(seen.filter(([tag, text]) => text !== undefined && text !== `of ${tag}`)).toEqual([]);
  });

  it("renders only who is concerned, and nobody when nothing changed", async () => {
    const rendered = vi.fn();
    function List(): ReactNode {
      return useQuery(list, { tag: "a" })?.length;
    }
    await page.accept();
    await page.show(
      <>
        <Profiler id="count" onRender={rendered}>
          <Count />
        </Profiler>
        <Profiler id="list" onRender={rendered}>
          <List />
        </Profiler>
      </>,
    );
    rendered.mockClear();
    await page.say({ type: "result", id: "q1", result: 1 });
    await page.say({ type: "update", id: "q1", result: 1 });
    await page.say({ type: "reset" }); // the result is stale, but the same
    expect(rendered.mock.calls.map(([id]) => id as string)).toEqual(["count"]);
  });

  it("is off with enabled: false", async () => {
    const Switched = ({ isOn }: { isOn: boolean }): ReactNode =>
      useQuery(count, {}, { enabled: isOn }) ?? "…";
    await page.accept();
    await page.show(<Switched isOn={false} />);
    expect(page.last().calls).toEqual([]);
    await page.show(<Switched isOn />);
    await page.say({ type: "result", id: "q1", result: 7 });
    expect(page.container.textContent).toBe("7");
    await page.show(<Switched isOn={false} />);
    expect(page.container.textContent).toBe("…");
    expect(page.last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });

  it("logs an error and stays undefined", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    await page.accept();
    await page.show(<Count />);
    await page.say({ type: "error", id: "q1", code: "execution_error", message: "no luck" });
    expect(page.container.textContent).toBe("…");
    expect(log.mock.calls.flat().join(" ")).toContain("no luck");
  });

  it("throws an error with throwOnError, and asks again when the boundary tries again", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const Strict = (): ReactNode => useQuery(count, {}, { throwOnError: true }) ?? "…";
    await page.accept();
    await page.show(
      <Boundary>
        <Strict />
      </Boundary>,
    );
    await page.say({ type: "error", id: "q1", code: "execution_error", message: "no luck" });
    expect(page.container.textContent).toBe("failed: no luck");
    expect(log).not.toHaveBeenCalled();
    await act(async () => Boundary.last.again());
    expect(page.container.textContent).toBe("…");
    await page.say({ type: "result", id: "q2", result: 5 });
    expect(page.container.textContent).toBe("5");
  });

  it("has no result yet where a server renders", () => {
    const content = (
      <>
        <Count />
        <State />
      </>
    );
    for (const client of [page.client, null]) {
      const html = renderToString(<MoonstoneProvider client={client}>{content}</MoonstoneProvider>);
      expect(html.replaceAll("<!-- -->", "")).toBe("…connecting");
    }
    expect(page.last().calls).toEqual([]);
  });
});

describe("useQueryWithStatus", () => {
  const loading = { data: undefined, error: undefined, isLoading: true, isStale: false };

  it("tells loading, fresh and stale", async () => {
    const seen = vi.fn();
    function Status(): ReactNode {
      seen(useQueryWithStatus(count));
      return null;
    }
    const fresh = { data: 1, error: undefined, isLoading: false, isStale: false };
    await page.show(<Status />);
    await page.accept();
    expect(seen.mock.lastCall![0]).toEqual(loading);
    await page.say({ type: "result", id: "q1", result: 1 });
    expect(seen.mock.lastCall![0]).toEqual(fresh);
    await page.say({ type: "reset" });
    expect(seen.mock.lastCall![0]).toEqual({ ...fresh, isStale: true });
    await page.say({ type: "result", id: "q1", result: 1 });
    expect(seen.mock.lastCall![0]).toEqual(fresh);
    await page.say({ type: "update", id: "q1", result: 1 });
    expect(seen).toHaveBeenCalledTimes(4);
    const before = seen.mock.lastCall![0] as unknown;
    await page.show(<Status />);
    expect(seen).toHaveBeenCalledTimes(5);
    expect(seen.mock.lastCall![0]).toBe(before);
  });

  it("returns an error, and takes it back with the next result", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const seen = vi.fn();
    function Status(): ReactNode {
      seen(useQueryWithStatus(count));
      return null;
    }
    await page.accept();
    await page.show(<Status />);
    await page.say({ type: "error", id: "q1", code: "execution_error", message: "no luck" });
    const failed = seen.mock.lastCall![0] as { error: Error };
    expect(failed).toMatchObject({ data: undefined, isLoading: false, isStale: false });
    expect(failed.error.message).toBe("no luck");
    expect(log).not.toHaveBeenCalled();
    await page.say({ type: "result", id: "q1", result: 2 });
    expect(seen.mock.lastCall![0]).toMatchObject({ data: 2, error: undefined });
  });

  it("is neither loading nor failed while it is off", async () => {
    const seen = vi.fn();
    function Status(): ReactNode {
      seen(useQueryWithStatus(count, {}, { enabled: false }));
      return null;
    }
    await page.show(<Status />);
    expect(seen.mock.lastCall![0]).toEqual({ ...loading, isLoading: false });
  });
});

it("useConnectionState follows the connection", async () => {
  await page.show(<State />);
  expect(page.container.textContent).toBe("connecting");
  await page.accept();
  expect(page.container.textContent).toBe("connected");
  await act(async () => page.last().drop());
  expect(page.container.textContent).toBe("disconnected");
});

it("hooks without a provider or a client say what is missing", () => {
  function Lost(): ReactNode {
    useMoonstoneClient();
    return null;
  }
  expect(() => renderToString(<Lost />)).toThrow(
    "useMoonstoneClient must be used within a MoonstoneProvider",
  );
  const withNull = (
    <MoonstoneProvider client={null}>
      <Lost />
    </MoonstoneProvider>
  );
  expect(() => renderToString(withNull)).toThrow("was given null");
});
