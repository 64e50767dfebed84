// @vitest-environment happy-dom
import { act, StrictMode } from "react";
import type { ReactNode } from "react";
import { hydrateRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { describe, expect, it, vi } from "vitest";
import { MoonstoneProvider, usePreloadedQuery, useQuery } from "@moonstone/react";
import type { Preloaded } from "@moonstone/react";
import { flush } from "../../client/test/fake_socket.js";
import { list, preparePage } from "./harness.js";
import type { Row } from "./harness.js";

const page = preparePage();
const preloaded = (): Preloaded<Row[] | null> =>
  ({
    _fn: "notes:list",
    _args: { tag: "a" },
    _result: [{ _id: "n:1", text: "preloaded" }],
  }) as Preloaded<Row[] | null>;

const texts = (rows: Row[] | null | undefined): ReactNode =>
  rows?.map((row) => row.text).join() ?? "nothing";

function Rows({
  from,
  onRender,
}: {
  from: Preloaded<Row[] | null>;
  onRender?: () => void;
}): ReactNode {
  onRender?.();
  return texts(usePreloadedQuery(from));
}

describe("usePreloadedQuery", () => {
  it("renders on a server without a provider", () => {
    expect(renderToString(<Rows from={preloaded()} />)).toBe("preloaded");
  });

  it("hydrates without a mismatch or a loading state, then is live", async () => {
    const html = renderToString(<Rows from={preloaded()} />);
    const element = document.createElement("div");
    element.innerHTML = html;
    const text = element.firstChild;
    const onRecoverableError = vi.fn();
    const onRender = vi.fn();
    const tree = (
      <MoonstoneProvider client={page.client}>
        <Rows from={preloaded()} onRender={onRender} />
      </MoonstoneProvider>
    );
    await page.accept();
    const root = await act(async () => {
      const hydrated = hydrateRoot(element, tree, { onRecoverableError });
      await flush();
      return hydrated;
    });
    expect(element.firstChild).toBe(text);
    expect(onRecoverableError).not.toHaveBeenCalled();
    expect(page.last().calls).toEqual([
      { type: "query", id: "q1", fn: "notes:list", args: { tag: "a" } },
    ]);
    await page.say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "preloaded" }] });
    expect(onRender).toHaveBeenCalledTimes(1);
    await page.say({ type: "update", id: "q1", result: [{ _id: "n:1", text: "live" }] });
    expect(element.textContent).toBe("live");
    await act(async () => root.unmount());
    expect(page.last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });

  it("gives its result to the other components that ask for the query", async () => {
    function Other(): ReactNode {
      return texts(useQuery(list, { tag: "a" }));
    }
    await page.show(
      <StrictMode>
        <Other />
        <Rows from={preloaded()} />
      </StrictMode>,
    );
    expect(page.container.textContent).toBe("preloadedpreloaded");
  });

  it("prefers what was preloaded to what the client is not sure of", async () => {
    function Other(): ReactNode {
      return texts(useQuery(list, { tag: "a" }));
    }
    await page.accept();
    await page.show(<Other />);
    await page.say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "old" }] });
    await page.say({ type: "reset" });
    const seen: unknown[] = [];
    const Seen = (): ReactNode => {
      const rows = usePreloadedQuery(preloaded());
      seen.push(texts(rows));
      return null;
    };
    await page.show(
      <>
        <Other />
        <Seen />
      </>,
    );
    expect(new Set(seen)).toEqual(new Set(["preloaded"]));
    expect(page.container.textContent).toBe("preloaded");
  });

  it("does not go back to the preloaded result", async () => {
    await page.accept();
    const from = preloaded();
    await page.show(<Rows from={from} />);
    await page.say({ type: "result", id: "q1", result: null });
    expect(page.container.textContent).toBe("nothing");
    await page.say({ type: "reset" });
    await page.show(<Rows from={from} />);
    expect(page.container.textContent).toBe("nothing");
  });

  it("keeps its result when the query fails", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    await page.accept();
    await page.show(<Rows from={preloaded()} />);
    await page.say({ type: "error", id: "q1", code: "execution_error", message: "no luck" });
    expect(page.container.textContent).toBe("preloaded");
    expect(log).toHaveBeenCalledTimes(1);
  });
});
