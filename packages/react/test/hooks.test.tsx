// @vitest-environment happy-dom
import { act, Profiler, StrictMode, useState } from "react";
import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import type { Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  MoonstoneProvider,
  useAction,
  useConnectionState,
  useMoonstoneClient,
  useMutation,
  useQuery,
  useQueryWithStatus,
} from "@moonstone/react";
import type { FunctionReference, MoonstoneClient } from "@moonstone/react";
import { flush, makeClient } from "../../client/test/fake_socket.js";
import type { FakeSocket } from "../../client/test/fake_socket.js";

interface Row {
  _id: string;
  text: string;
}

const list = { _name: "notes:list", _type: "query" } as FunctionReference<
  "query",
  { tag: string },
  Row[]
>;
const count = { _name: "notes:count", _type: "query" } as FunctionReference<"query", {}, number>;
const add = { _name: "notes:add", _type: "mutation" } as FunctionReference<
  "mutation",
  { text: string },
  string
>;
const ping = { _name: "net:ping", _type: "action" } as FunctionReference<"action", {}, string>;

let root: Root;
let container: HTMLElement;
let client: MoonstoneClient;
let last: () => FakeSocket;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  container = document.createElement("div");
  root = createRoot(container);
  ({ client, last } = makeClient({ backoff: { baseMs: 60_000 } }));
});

afterEach(async () => {
  await act(async () => root.unmount());
  client.close();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const show = (content: ReactNode): Promise<void> =>
  act(async () => {
    root.render(<MoonstoneProvider client={client}>{content}</MoonstoneProvider>);
    await flush();
  });
const accept = (): Promise<FakeSocket> => act(async () => last().accept());
const say = (...frames: Record<string, unknown>[]): Promise<void> =>
  act(async () => last().say(...frames));

function Count(): ReactNode {
  return useQuery(count) ?? "…";
}

describe("useQuery", () => {
  it("is undefined, then the live result", async () => {
    await show(<Count />);
    await accept();
    expect(container.textContent).toBe("…");
    await say({ type: "result", id: "q1", result: 0 });
    expect(container.textContent).toBe("0");
    await say({ type: "update", id: "q1", result: 3 });
    expect(container.textContent).toBe("3");
  });

  it("subscribes once in strict mode and for many components, and unsubscribes with the last", async () => {
    await accept();
    await show(
      <StrictMode>
        <Count />
        <Count />
      </StrictMode>,
    );
    expect(last().calls).toEqual([{ type: "query", id: "q1", fn: "notes:count", args: {} }]);
    await say({ type: "result", id: "q1", result: 4 });
    expect(container.textContent).toBe("44");
    await show(<Count />);
    expect(last().calls.length).toBe(1);
    await show(null);
    expect(last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });

  it("keeps its subscription while equal arguments come as new objects", async () => {
    const renders = vi.fn();
    let rerender = (): void => {};
    function List(): ReactNode {
      const [, setTick] = useState(0);
      rerender = () => setTick((tick) => tick + 1);
      const rows = useQuery(list, { tag: "a" });
      renders(rows);
      return rows?.map((row) => row.text).join();
    }
    await show(<List />);
    await accept();
    await say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "x" }] });
    const before = renders.mock.lastCall![0] as unknown;
    await act(async () => rerender());
    expect(renders.mock.lastCall![0]).toBe(before);
    expect(last().calls.length).toBe(1);
  });

  it("follows its arguments", async () => {
    const List = ({ tag }: { tag: string }): ReactNode =>
      useQuery(list, { tag })
        ?.map((row) => row.text)
        .join() ?? "…";
    await accept();
    await show(<List tag="a" />);
    await say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "of a" }] });
    expect(container.textContent).toBe("of a");
    await show(<List tag="b" />);
    expect(container.textContent).toBe("…");
    expect(last().calls.slice(1)).toEqual([
      { type: "query", id: "q2", fn: "notes:list", args: { tag: "b" } },
      { type: "unsubscribe", id: "q1" },
    ]);
    await say({ type: "result", id: "q2", result: [{ _id: "n:2", text: "of b" }] });
    expect(container.textContent).toBe("of b");
  });

  it("renders only who is concerned", async () => {
    const rendered = vi.fn();
    await accept();
    await show(
      <>
        <Profiler id="count" onRender={rendered}>
          <Count />
        </Profiler>
        <Profiler id="list" onRender={rendered}>
          <List />
        </Profiler>
      </>,
    );
    function List(): ReactNode {
      return useQuery(list, { tag: "a" })?.length;
    }
    rendered.mockClear();
    await say({ type: "result", id: "q1", result: 1 });
    await say({ type: "update", id: "q1", result: 1 });
    expect(rendered.mock.calls.map(([id]) => id as string)).toEqual(["count"]);
  });

  it("has no result yet where a server renders", () => {
    const page = (
      <MoonstoneProvider client={client}>
        <Count />
        <State />
      </MoonstoneProvider>
    );
    expect(renderToString(page).replaceAll("<!-- -->", "")).toBe("…connecting");
  });
});

function State(): ReactNode {
  return useConnectionState();
}

it("useQueryWithStatus tells loading, fresh and stale", async () => {
  const seen = vi.fn();
  function Status(): ReactNode {
    seen(useQueryWithStatus(count));
    return null;
  }
  await show(<Status />);
  await accept();
  expect(seen.mock.lastCall![0]).toEqual({ data: undefined, isLoading: true, isStale: false });
  await say({ type: "result", id: "q1", result: 1 });
  expect(seen.mock.lastCall![0]).toEqual({ data: 1, isLoading: false, isStale: false });
  await say({ type: "reset" });
  expect(seen.mock.lastCall![0]).toEqual({ data: 1, isLoading: false, isStale: true });
  await say({ type: "result", id: "q1", result: 1 });
  expect(seen.mock.lastCall![0]).toEqual({ data: 1, isLoading: false, isStale: false });
});

it("useMutation and useAction run, and stay the same", async () => {
  const seen: [(args: { text: string }) => Promise<string>, () => Promise<string>][] = [];
  function Caller({ tick }: { tick: number }): ReactNode {
    seen.push([useMutation(add), useAction(ping)]);
    return tick;
  }
  await accept();
  await show(<Caller tick={1} />);
  await show(<Caller tick={2} />);
  expect(seen[1]![0]).toBe(seen[0]![0]);
  expect(seen[1]![1]).toBe(seen[0]![1]);
  const results = Promise.all([seen[0]![0]({ text: "x" }), seen[0]![1]()]);
  await flush();
  expect(last().calls).toEqual([
    { type: "mutation", id: "1", fn: "notes:add", args: { text: "x" } },
    { type: "action", id: "a1", fn: "net:ping", args: {} },
  ]);
  await say(
    { type: "mutationResult", id: "1", result: "n:1" },
    { type: "actionResult", id: "a1", result: "pong" },
  );
  expect(await results).toEqual(["n:1", "pong"]);
});

it("useConnectionState follows the connection", async () => {
  await show(<State />);
  expect(container.textContent).toBe("connecting");
  await accept();
  expect(container.textContent).toBe("connected");
  await act(async () => last().drop());
  expect(container.textContent).toBe("disconnected");
});

it("hooks outside a provider say what is missing", () => {
  function Lost(): ReactNode {
    useMoonstoneClient();
    return null;
  }
  expect(() => renderToString(<Lost />)).toThrow(
    "useMoonstoneClient must be used within a MoonstoneProvider",
  );
});
