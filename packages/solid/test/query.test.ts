import { catchError, createRoot, createSignal } from "solid-js";
import { describe, expect, it, vi } from "vitest";
import {
  createConnectionState,
  createQuery,
  createQueryWithStatus,
  useMoonstoneClient,
} from "@moonstone/solid";
import { flush } from "../../client/test/fake_socket.js";
import { count, list, prepareApp } from "./harness.js";

const app = prepareApp();
const { mount } = app;

describe("createQuery", () => {
  it("is undefined, then the live result", async () => {
    const { value: result } = mount(() => createQuery(count));
    await app.last().accept();
    expect(result()).toBeUndefined();
    await app.last().say({ type: "result", id: "q1", result: 0 });
    expect(result()).toBe(0);
    await app.last().say({ type: "update", id: "q1", result: 3 });
    expect(result()).toBe(3);
  });

  it("is subscribed to once for many owners, and until the last is gone", async () => {
    await app.last().accept();
    const first = mount(() => createQuery(count));
    const second = mount(() => createQuery(count));
    await flush();
    expect(app.last().calls).toEqual([{ type: "query", id: "q1", fn: "notes:count", args: {} }]);
    first.dispose();
    await flush();
    expect(app.last().calls.length).toBe(1);
    second.dispose();
    await flush();
    expect(app.last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });

  it("leaves nothing behind", async () => {
    await app.last().accept();
    const { dispose } = mount(() => {
      createQuery(count);
      createQueryWithStatus(list, { tag: "a" });
      createConnectionState();
    });
    await flush();
    expect(app.open()).toBe(5);
    dispose();
    expect(app.open()).toBe(0);
  });

  it("shows a result that is there already", async () => {
    await app.last().accept();
    mount(() => createQuery(count));
    await flush();
    await app.last().say({ type: "result", id: "q1", result: 7 });
    expect(mount(() => createQuery(count)).value()).toBe(7);
  });

  it("follows its arguments, and not equal ones", async () => {
    await app.last().accept();
    const [tag, setTag] = createSignal("a");
    const [other, setOther] = createSignal(0);
    const { value: rows } = mount(() =>
      createQuery(list, () => {
        other();
        return { tag: tag() };
      }),
    );
    await flush();
    await app.last().say({ type: "result", id: "q1", result: [{ _id: "n:1", text: "of a" }] });
    const before = rows();
    setOther(1);
    await flush();
    expect(rows()).toBe(before);
    expect(app.last().calls.length).toBe(1);
    setTag("b");
    expect(rows()).toBeUndefined();
    await flush();
    expect(app.last().calls.slice(1)).toEqual([
      { type: "query", id: "q2", fn: "notes:list", args: { tag: "b" } },
      { type: "unsubscribe", id: "q1" },
    ]);
    await app.last().say({ type: "result", id: "q2", result: [{ _id: "n:2", text: "of b" }] });
    expect(rows()?.map((row) => row.text)).toEqual(["of b"]);
  });

  it("is off while enabled is false", async () => {
    await app.last().accept();
    const [isOn, setOn] = createSignal(false);
    const { value: result } = mount(() => createQuery(count, {}, { enabled: isOn }));
    await flush();
    expect(app.last().calls).toEqual([]);
    setOn(true);
    await flush();
    await app.last().say({ type: "result", id: "q1", result: 7 });
    expect(result()).toBe(7);
    setOn(false);
    await flush();
    expect(result()).toBeUndefined();
    expect(app.last().calls.slice(1)).toEqual([{ type: "unsubscribe", id: "q1" }]);
  });

  it("logs an error, or throws it where it is read", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    await app.last().accept();
    const { value: logged } = mount(() => createQuery(count));
    const { value: thrown } = mount(() => createQuery(list, { tag: "a" }, { throwOnError: true }));
    await flush();
    const error = { type: "error", code: "execution_error", message: "no luck" };
    await app.last().say({ ...error, id: "q2" });
    expect(log).not.toHaveBeenCalled();
    expect(() => thrown()).toThrow("no luck");
    await app.last().say({ type: "result", id: "q2", result: [] });
    expect(thrown()).toEqual([]);
    await app.last().say({ ...error, id: "q1" });
    expect(log).toHaveBeenCalledTimes(1);
    expect(logged()).toBeUndefined();
  });

  it("is undefined where a server renders without a client", () => {
    expect(mount(() => createQuery(count), null).value()).toBeUndefined();
    expect(mount(() => createConnectionState(), null).value()).toBe("connecting");
  });
});

it("createQueryWithStatus tells loading, fresh, stale, failed and off apart", async () => {
  const [isOn, setOn] = createSignal(true);
  const { value: status } = mount(() => createQueryWithStatus(count, {}, { enabled: isOn }));
  const seen = (): unknown[] => [
    status.data(),
    status.error()?.message,
    status.isLoading(),
    status.isStale(),
  ];
  await app.last().accept();
  expect(seen()).toEqual([undefined, undefined, true, false]);
  await app.last().say({ type: "error", id: "q1", code: "execution_error", message: "no luck" });
  expect(seen()).toEqual([undefined, "no luck", false, false]);
  await app.last().say({ type: "result", id: "q1", result: 1 });
  expect(seen()).toEqual([1, undefined, false, false]);
  await app.last().say({ type: "reset" });
  expect(seen()).toEqual([1, undefined, false, true]);
  await app.last().say({ type: "result", id: "q1", result: 1 });
  expect(seen()).toEqual([1, undefined, false, false]);
  setOn(false);
  expect(seen()).toEqual([undefined, undefined, false, false]);
});

it("createConnectionState follows the connection", async () => {
  const { value: state } = mount(() => createConnectionState());
  expect(state()).toBe("connecting");
  await app.last().accept();
  expect(state()).toBe("connected");
  await app.last().drop();
  expect(state()).toBe("disconnected");
});

it("primitives without a provider or a client say what is missing", () => {
  expect(() => createRoot(() => useMoonstoneClient())).toThrow(
    "useMoonstoneClient must be used within a MoonstoneProvider",
  );
  let message = "";
  const lost = (): void =>
    void catchError(useMoonstoneClient, (error) => (message = error.message));
  mount(lost, null);
  expect(message).toContain("was given null");
});
