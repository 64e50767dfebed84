import { createComponent, createRoot, createSignal } from "solid-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createAction,
  createConnectionState,
  createMutation,
  createQuery,
  createQueryWithStatus,
  MoonstoneProvider,
  useMoonstoneClient,
} from "@moonstone/solid";
import type { FunctionReference, MoonstoneClient } from "@moonstone/solid";
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

let client: MoonstoneClient;
let last: () => FakeSocket;
const disposers: (() => void)[] = [];

beforeEach(() => {
  ({ client, last } = makeClient({ backoff: { baseMs: 60_000 } }));
});
afterEach(() => {
  for (const dispose of disposers.splice(0)) dispose();
  client.close();
  vi.restoreAllMocks();
});

/** Runs `setup` as a component below a provider; effects have run when it returns. */
function mount<T>(setup: () => T): { value: T; dispose: () => void } {
  let value!: T;
  const dispose = createRoot((disposeRoot) => {
    // Reading the result is what makes the children come into being.
    const content: unknown = createComponent(MoonstoneProvider, {
      client,
      get children() {
        value = setup();
        return null;
      },
    });
    if (typeof content === "function") (content as () => unknown)();
    return disposeRoot;
  });
  disposers.push(dispose);
  return { value, dispose };
}

describe("createQuery", () => {
  it("is undefined, then the live result", async () => {
    const { value: result } = mount(() => createQuery(count));
    await last().accept();
    expect(result()).toBeUndefined();
    await last().say({ type: "result", id: "q1", result: 0 });
    expect(result()).toBe(0);
    await last().say({ type: "update", id: "q1", result: 3 });
    expect(result()).toBe(3);
  });

  it("is subscribed to once for many owners, and until the last is gone", async () => {
    await last().accept();
    const first = mount(() => createQuery(count));
    const second = mount(() => createQuery(count));
    await flush();
    expect(last().calls).toEqual([{ type: "query", id: "q1", fn: "notes:count", args: {} }]);
    first.dispose();
    await flush();
    expect(last().calls.length).toBe(1);
    second.dispose();
    await flush();
    expect(last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });

  it("shows a result that is there already", async () => {
    await last().accept();
    mount(() => createQuery(count));
    await flush();
    await last().say({ type: "result", id: "q1", result: 7 });
    expect(mount(() => createQuery(count)).value()).toBe(7);
  });

  it("follows its arguments, and not equal ones", async () => {
    await last().accept();
    const [tag, setTag] = createSignal("a");
    const [other, setOther] = createSignal(0);
    const { value: rows } = mount(() =>
      createQuery(list, () => {
        other();
        return { tag: tag() };
      }),
    );
    await flush();
    await last().say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "of a" }] });
    const before = rows();
    setOther(1);
    await flush();
    expect(rows()).toBe(before);
    expect(last().calls.length).toBe(1);
    setTag("b");
    expect(rows()).toBeUndefined();
    await flush();
    expect(last().calls.slice(1)).toEqual(
      expect.arrayContaining([
        { type: "query", id: "q2", fn: "notes:list", args: { tag: "b" } },
        { type: "unsubscribe", id: "q1" },
      ]),
    );
    await last().say({ type: "result", id: "q2", result: [{ _id: "n:2", text: "of b" }] });
    expect(rows()?.map((row) => row.text)).toEqual(["of b"]);
  });
});

it("createQueryWithStatus tells loading, fresh and stale", async () => {
  const { value: status } = mount(() => createQueryWithStatus(count));
  const seen = (): unknown[] => [status.data(), status.isLoading(), status.isStale()];
  await last().accept();
  expect(seen()).toEqual([undefined, true, false]);
  await last().say({ type: "result", id: "q1", result: 1 });
  expect(seen()).toEqual([1, false, false]);
  await last().say({ type: "reset" });
  expect(seen()).toEqual([1, false, true]);
  await last().say({ type: "result", id: "q1", result: 1 });
  expect(seen()).toEqual([1, false, false]);
});

it("createMutation and createAction run", async () => {
  const { value: calls } = mount(() => [createMutation(add), createAction(ping)] as const);
  await last().accept();
  const results = Promise.all([calls[0]({ text: "x" }), calls[1]()]);
  await flush();
  expect(last().calls).toEqual([
    { type: "mutation", id: "1", fn: "notes:add", args: { text: "x" } },
    { type: "action", id: "a1", fn: "net:ping", args: {} },
  ]);
  await last().say(
    { type: "mutationResult", id: "1", result: "n:1" },
    { type: "actionResult", id: "a1", result: "pong" },
  );
  expect(await results).toEqual(["n:1", "pong"]);
});

it("createConnectionState follows the connection", async () => {
  const { value: state } = mount(() => createConnectionState());
  expect(state()).toBe("connecting");
  await last().accept();
  expect(state()).toBe("connected");
  await last().drop();
  expect(state()).toBe("disconnected");
});

it("primitives outside a provider say what is missing", () => {
  expect(() => createRoot(() => useMoonstoneClient())).toThrow(
    "useMoonstoneClient must be used within a MoonstoneProvider",
  );
});
