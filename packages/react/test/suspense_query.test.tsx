// @vitest-environment happy-dom
import { act, startTransition, StrictMode, Suspense, useState } from "react";
import type { ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, it, vi } from "vitest";
import { MoonstoneProvider, useSuspenseQuery } from "@moonstone/react";
import { flush } from "../../client/test/fake_socket.js";
import { LEASE_MS } from "../src/held_queries.js";
import { Boundary, count, list, preparePage } from "./harness.js";

const page = preparePage();

function Count(): ReactNode {
  return useSuspenseQuery(count);
}

const suspending = (
  <Boundary>
    <Suspense fallback="…">
      <Count />
    </Suspense>
  </Boundary>
);

describe("useSuspenseQuery", () => {
  it("suspends until the first result, then follows it", async () => {
    await page.accept();
    await page.show(<StrictMode>{suspending}</StrictMode>);
    expect(page.container.textContent).toBe("…");
    await page.say({ type: "result", id: "q1", result: 0 });
    expect(page.container.textContent).toBe("0");
    await page.say({ type: "update", id: "q1", result: 3 });
    expect(page.container.textContent).toBe("3");
    expect(page.last().calls.length).toBe(1);
    await page.show(null);
    expect(page.last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });

  it("does not suspend for a result that is there", async () => {
    const fallback = vi.fn(() => null);
    const Fallback = fallback as () => ReactNode;
    await page.accept();
    await page.show(suspending);
    await page.say({ type: "result", id: "q1", result: 4 });
    await page.show(
      <>
        {suspending}
        <Suspense fallback={<Fallback />}>
          <Count />
        </Suspense>
      </>,
    );
    expect(page.container.textContent).toBe("44");
    expect(fallback).not.toHaveBeenCalled();
  });

  it("keeps the old content during a transition to other arguments", async () => {
    let setTag!: (tag: string) => void;
    const Rows = ({ tag }: { tag: string }): ReactNode =>
      useSuspenseQuery(list, { tag }).map((row) => row.text);
    function Tagged(): ReactNode {
      const [tag, set] = useState("a");
      setTag = set;
      return (
        <Suspense fallback="…">
          <Rows tag={tag} />
        </Suspense>
      );
    }
    await page.accept();
    await page.show(<Tagged />);
    await page.say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "of a" }] });
    await act(async () => startTransition(() => setTag("b")));
    expect(page.container.textContent).toBe("of a");
    await page.say({ type: "update", id: "q1", result: [{ _id: "n:1", text: "still a" }] });
    expect(page.container.textContent).toBe("still a");
    await page.say({ type: "result", id: "q2", result: [{ _id: "n:2", text: "of b" }] });
    expect(page.container.textContent).toBe("of b");
    expect(page.last().ofType("unsubscribe")).toEqual([{ type: "unsubscribe", id: "q1" }]);
    expect(page.last().ofType("query").length).toBe(2);
  });

  it("throws an error, and asks again when the boundary tries again", async () => {
    vi.useFakeTimers();
    await page.accept();
    await page.show(suspending);
    await page.say({ type: "error", id: "q1", code: "execution_error", message: "no luck" });
    expect(page.container.textContent).toBe("failed: no luck");
    await act(async () => vi.advanceTimersByTime(0));
    await act(async () => {
      Boundary.last.again();
      await flush();
    });
    expect(page.container.textContent).toBe("…");
    await page.say({ type: "result", id: "q2", result: 5 });
    expect(page.container.textContent).toBe("5");
  });

  it("stays subscribed as long as it is suspended, and not much longer", async () => {
    vi.useFakeTimers();
    const pass = (ms: number): Promise<void> =>
      act(async () => {
        await vi.advanceTimersByTimeAsync(ms);
        await flush();
      });
    await page.accept();
    await page.show(suspending);
    for (let leases = 0; leases < 5; leases++) await pass(LEASE_MS);
    expect(page.container.textContent).toBe("…");
    expect(page.last().calls.length).toBe(1);
    await page.show(null);
    await pass(2 * LEASE_MS);
    expect(page.last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
    expect(vi.getTimerCount()).toBe(1); // the heartbeat of the client
  });

  it("leaves the fallback to a server that renders without a client", () => {
    const html = renderToString(
      <MoonstoneProvider client={null}>
        <Suspense fallback="…">
          <Count />
        </Suspense>
      </MoonstoneProvider>,
    );
    expect(html).toContain("…");
  });
});
