import { createComponent, createMemo, createSignal, ErrorBoundary, Suspense } from "solid-js";
import type { Accessor, JSX } from "solid-js";
import { describe, expect, it } from "vitest";
import { createQuery, createSuspenseQuery } from "@moonstone/solid";
import { flush } from "../../client/test/fake_socket.js";
import { count, list, prepareApp } from "./harness.js";

const app = prepareApp();
let again: () => void;

/** Mounts `<ErrorBoundary><Suspense fallback="…">content</Suspense></ErrorBoundary>`. */
function mountSuspense(component: () => JSX.Element): {
  shown: Accessor<unknown>;
  dispose: () => void;
} {
  const { value, dispose } = app.mount(() => {
    const boundary = createComponent(ErrorBoundary, {
      fallback: (error: Error, reset: () => void) => {
        again = reset;
        return `failed: ${error.message}`;
      },
      get children() {
        return createComponent(Suspense, {
          fallback: "…",
          get children() {
            return createComponent(component, {});
          },
        });
      },
    });
    return createMemo(() => unwrap(boundary));
  });
  return { shown: value, dispose };
}

function unwrap(content: unknown): unknown {
  return typeof content === "function" ? unwrap((content as () => unknown)()) : content;
}

describe("createSuspenseQuery", () => {
  it("suspends until the first result, then follows it", async () => {
    await app.last().accept();
    const { shown, dispose } = mountSuspense(() => {
      const result = createSuspenseQuery(count);
      return createMemo(() => result()) as unknown as JSX.Element;
    });
    await flush();
    expect(shown()).toBe("…");
    await app.last().say({ type: "result", id: "q1", result: 1 });
    expect(shown()).toBe(1);
    await app.last().say({ type: "update", id: "q1", result: 2 });
    expect(shown()).toBe(2);
    expect(app.last().calls.length).toBe(1);
    dispose();
    await flush();
    expect(app.last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });

  it("loads other queries of the suspended component at the same time", async () => {
    await app.last().accept();
    const { shown } = mountSuspense(() => {
      const number = createSuspenseQuery(count);
      const rows = createQuery(list, { tag: "a" });
      return createMemo(() => [number(), rows()?.length]) as unknown as JSX.Element;
    });
    await flush();
    expect(app.last().calls.map(({ fn }) => fn)).toEqual(["notes:count", "notes:list"]);
    await app.last().say({ type: "result", id: "q2", result: [] });
    expect(shown()).toBe("…");
    await app.last().say({ type: "result", id: "q1", result: 1 });
    expect(shown()).toEqual([1, 0]);
  });

  it("suspends again for other arguments, without their predecessor's result", async () => {
    await app.last().accept();
    const [tag, setTag] = createSignal("a");
    const seen: unknown[] = [];
    const { shown } = mountSuspense(() => {
      const rows = createSuspenseQuery(list, () => ({ tag: tag() }));
      return createMemo(() => {
        seen.push([tag(), rows()?.[0]?.text]);
        return rows()?.[0]?.text;
      }) as unknown as JSX.Element;
    });
    await flush();
    await app.last().say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "of a" }] });
    expect(shown()).toBe("of a");
    setTag("b");
    await flush();
    expect(shown()).toBe("…");
    await app.last().say({ type: "result", id: "q2", result: [{ _id: "n:2", text: "of b" }] });
    expect(shown()).toBe("of b");
    expect(seen).not.toContainEqual(["b", "of a"]);
  });

  it("throws an error where it is read, and asks again when the boundary tries again", async () => {
    await app.last().accept();
    const { shown } = mountSuspense(() => {
      const result = createSuspenseQuery(count);
      return createMemo(() => result()) as unknown as JSX.Element;
    });
    await flush();
    await app.last().say({ type: "error", id: "q1", code: "execution_error", message: "no luck" });
    expect(shown()).toBe("failed: no luck");
    await flush();
    again();
    expect(shown()).toBe("…");
    await flush();
    await app.last().say({ type: "result", id: "q2", result: 5 });
    expect(shown()).toBe(5);
  });

  it("leaves nothing behind when it is given up while suspended", async () => {
    await app.last().accept();
    const { dispose } = mountSuspense(() => {
      const result = createSuspenseQuery(count);
      return createMemo(() => result()) as unknown as JSX.Element;
    });
    await flush();
    dispose();
    await flush();
    expect(app.open()).toBe(0);
    expect(app.last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });
});
