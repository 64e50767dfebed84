import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { flush, makeClient } from "./fake_socket.js";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
  });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const kHour = 3_600_000;

describe("identity", () => {
  it("is announced with hello, before anything else is asked", async () => {
    let give: (token: string) => void = () => {};
    const { client, last } = makeClient({
      auth: () => new Promise<string>((resolve) => (give = resolve)),
    });
    client.subscribe("a:b", {});
    await last().accept();
    await flush();
    expect(last().received).toEqual([]);
    give("t1");
    await flush();
    expect(last().received.map((frame) => frame["type"])).toEqual(["hello", "query"]);
    expect(last().received[0]!["token"]).toBe("t1");
  });

  it("is renewed before it ends, and brought along to the next connection", async () => {
    let tokens = 0;
    const { client, last } = makeClient({ heartbeatIntervalMs: 0 });
    await last().accept();
    const heard: boolean[] = [];
    client.setAuth(
      () => `t${++tokens}`,
      (isAuthenticated) => heard.push(isAuthenticated),
    );
    await flush();
    expect(last().received.at(-1)).toMatchObject({ type: "auth", token: "t1" });
    await last().say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour });
    await vi.advanceTimersByTimeAsync(kHour * 0.74);
    expect(tokens).toBe(1);
    await vi.advanceTimersByTimeAsync(kHour * 0.02);
    expect(last().received.at(-1)).toMatchObject({ type: "auth", token: "t2" });
    await last().say({ type: "auth", id: "auth2", authenticated: true, expiresInMs: kHour });
    await last().drop();
    await vi.advanceTimersByTimeAsync(2_000);
    await last().accept();
    await flush();
    expect(last().received[0]).toMatchObject({ type: "hello", token: "t2" });
    expect(tokens).toBe(2);
    expect(heard).toEqual([true]);
  });

  it("asks for a fresh token once when the server refuses one, and tells when that fails", async () => {
    const asked: boolean[] = [];
    const { client, last } = makeClient();
    vi.spyOn(console, "error").mockReturnValue(undefined);
    await last().accept();
    client.setAuth(({ forceRefreshToken }) => {
      asked.push(forceRefreshToken);
      return "t";
    });
    await flush();
    await last().say({ type: "error", id: "auth1", code: "unauthenticated", message: "expired" });
    await flush();
    expect(asked).toEqual([false, true]);
    await last().say({ type: "error", id: "auth2", code: "unauthenticated", message: "expired" });
    await flush();
    expect(asked).toEqual([false, true]);
    expect(console.error).toHaveBeenCalledOnce();
  });

  it("sends again what was refused without it", async () => {
    const { client, last } = makeClient();
    await last().accept();
    client.subscribe("a:b", {}, undefined, () => {});
    await flush();
    const { id } = last().received.at(-1)!;
    await last().say({ type: "error", id, code: "execution_error", message: "sign in" });
    client.setAuth(() => "t");
    await flush();
    await last().say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour });
    await flush();
    expect(last().received.at(-1)).toMatchObject({ type: "query", id });
    client.setAuth(null);
    await flush();
    expect(last().received.at(-1)).toMatchObject({ type: "auth", token: null });
  });

  it("is known before mutations go out, whose work they are", async () => {
    const { client, last } = makeClient({ auth: () => "t" });
    const done = client.mutation("a:b", {});
    const socket = await last().accept();
    expect(socket.ofType("mutation")).toEqual([]);
    await socket.say({ type: "error", code: "unauthenticated", message: "expired" });
    await socket.say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour });
    expect(socket.ofType("mutation").length).toBe(1);
    await socket.say({ type: "mutationResult", id: "1", result: 1 });
    expect(await done).toBe(1);
    client.setAuth(null);
    void client.mutation("a:c", {});
    await flush();
    expect(socket.received.at(-1)).toMatchObject({ type: "auth", token: null });
    await socket.say({ type: "auth", id: "auth2", authenticated: false });
    expect(socket.received.at(-1)).toMatchObject({ type: "mutation", fn: "a:c" });
  });

  it("is waited for again when it has ended, so that no mutation goes out as nobody's", async () => {
    let give: (token: string) => void = () => {};
    const { client, last } = makeClient();
    await last().accept();
    client.setAuth(({ forceRefreshToken }) =>
      forceRefreshToken ? new Promise<string>((resolve) => (give = resolve)) : "t1",
    );
    await flush();
    await last().say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour });
    await last().say({ type: "error", code: "unauthenticated", message: "it has ended" });
    const done = client.mutation("a:b", {});
    await flush();
    expect(last().ofType("mutation")).toEqual([]);
    give("t2");
    await flush();
    expect(last().ofType("mutation")).toEqual([]);
    await last().say({ type: "auth", id: "auth2", authenticated: true, expiresInMs: kHour });
    expect(last().ofType("mutation").length).toBe(1);
    await last().say({ type: "mutationResult", id: "1", result: 1 });
    expect(await done).toBe(1);
  });

  it("of who was here before is not taken for the one that is still being fetched", async () => {
    let give: (token: string) => void = () => {};
    const { client, last } = makeClient({ auth: () => "ada" });
    last().onopen?.({});
    await flush();
    expect(last().received[0]).toMatchObject({ type: "hello", token: "ada" });
    client.setAuth(() => "eve");
    await flush();
    const heard = vi.fn();
    client.setAuth(() => new Promise<string>((resolve) => (give = resolve)), heard);
    void client.mutation("a:b", {});
    await last().say(
      { type: "hello" },
      { type: "auth", authenticated: true, expiresInMs: kHour }, // ada
      { type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour }, // eve
    );
    expect(last().ofType("mutation")).toEqual([]);
    expect(heard).not.toHaveBeenCalled();
    give("bob");
    await flush();
    expect(last().received.at(-1)).toMatchObject({ type: "auth", token: "bob" });
    await last().say({ type: "auth", id: "auth2", authenticated: true, expiresInMs: kHour });
    expect(heard.mock.calls).toEqual([[true]]);
    expect(last().ofType("mutation").length).toBe(1);
  });

  it("that was refused after another one took its place is not asked for again", async () => {
    const { client, last } = makeClient();
    await last().accept();
    client.setAuth(() => "ada");
    await flush();
    const bob = vi.fn(() => "bob");
    client.setAuth(bob);
    await flush();
    await last().say({ type: "error", id: "auth1", code: "unauthenticated", message: "expired" });
    expect(bob).toHaveBeenCalledTimes(1);
    void client.mutation("a:b", {});
    await last().say({ type: "auth", id: "auth2", authenticated: true, expiresInMs: kHour });
    expect(last().ofType("mutation").length).toBe(1);
  });

  it.each([
    ["signed out", true],
    ["has no token any more", false],
  ])("that ended without a connection is told of when the page %s", async (_how, signsOut) => {
    let token: string | null = "t";
    const heard = vi.fn();
    const { client, last } = makeClient({ heartbeatIntervalMs: 0 });
    await last().accept();
    client.setAuth(() => token, heard);
    await flush();
    await last().say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: 1_000 });
    await last().drop();
    token = null;
    if (signsOut) client.setAuth(null);
    await vi.advanceTimersByTimeAsync(2_000);
    await last().accept();
    await flush();
    expect(last().received[0]).not.toHaveProperty("token");
    expect(heard.mock.calls).toEqual([[true], [false]]);
  });

  it("is not asked for after the client was closed, nor twice for one connection", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue(undefined);
    let fail: (error: Error) => void = () => {};
    const auth = vi.fn(() => new Promise<string>((_resolve, reject) => (fail = reject)));
    const { client, last } = makeClient({ auth });
    expect(auth).not.toHaveBeenCalled();
    await last().accept();
    expect(auth).toHaveBeenCalledTimes(1);
    client.close();
    fail(new Error("the provider is away"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(auth).toHaveBeenCalledTimes(1);
    expect(logged).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is the one that was asked for last, whatever comes first", async () => {
    const gives: ((token: string) => void)[] = [];
    const { client, last } = makeClient({ backoff: { baseMs: 1 } });
    await last().accept();
    const fetchToken = (): Promise<string> => new Promise((resolve) => gives.push(resolve));
    client.setAuth(fetchToken);
    client.setAuth(fetchToken); // of somebody else
    gives[1]!("bob");
    await flush();
    await last().say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour });
    gives[0]!("ada");
    await flush();
    await last().drop();
    await vi.advanceTimersByTimeAsync(10);
    await last().accept();
    expect(last().received[0]).toMatchObject({ type: "hello", token: "bob" });
  });

  it("is sent again when the server took too many messages to look at it", async () => {
    const { client, last } = makeClient();
    await last().accept();
    client.setAuth(() => "t");
    await flush();
    void client.mutation("a:b", {});
    await last().say({ type: "error", id: "auth1", code: "rate_limited", message: "Slow down" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(last().ofType("auth").length).toBe(2);
    await last().say({ type: "auth", id: "auth2", authenticated: true, expiresInMs: kHour });
    expect(last().ofType("mutation").length).toBe(1);
  });

  it("is fetched anew on each connection whose token is refused", async () => {
    const asked: boolean[] = [];
    const auth = ({ forceRefreshToken }: { forceRefreshToken: boolean }): string => {
      asked.push(forceRefreshToken);
      return "t";
    };
    const { last } = makeClient({ auth, backoff: { baseMs: 1 } });
    const refusal = { type: "error", code: "unauthenticated", message: "expired" };
    for (let connection = 1; connection <= 2; connection++) {
      await last().accept();
      await last().say(refusal);
      expect(asked).toEqual(Array.from({ length: connection }, () => [false, true]).flat());
      await last().drop(); // before the answer to the fresh one
      await vi.advanceTimersByTimeAsync(10);
    }
  });

  it("is waited for while a token that replaces it is checked", async () => {
    const { client, last } = makeClient({ heartbeatIntervalMs: 0 });
    await last().accept();
    client.setAuth(({ forceRefreshToken }) => (forceRefreshToken ? "fresh" : "t"));
    await flush();
    await last().say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: 40_000 });
    await vi.advanceTimersByTimeAsync(30_000);
    void client.mutation("a:b", {});
    await flush();
    expect(last().received.at(-1)).toMatchObject({ type: "auth", id: "auth2" });
    // Keys that are away are no reason to wait: who was known stays known.
    await last().say({ type: "error", id: "auth2", code: "unavailable", message: "no keys" });
    expect(last().ofType("mutation").length).toBe(1);
    await last().say({ type: "mutationResult", id: "1" });
    await vi.advanceTimersByTimeAsync(5_000);
    void client.mutation("a:b", {});
    await flush();
    await last().say({ type: "error", id: "auth3", code: "unauthenticated", message: "expired" });
    await flush();
    expect(last().received.at(-1)).toMatchObject({ type: "auth", id: "auth4", token: "fresh" });
    await last().say({ type: "auth", id: "auth4", authenticated: true, expiresInMs: kHour });
    expect(last().received.at(-1)).toMatchObject({ type: "mutation", id: "2" });
  });

  it("is waited for by a mutation in the outbox, too, when it has ended", async () => {
    const { client, last } = makeClient({ messagesPerSecond: 2, heartbeatIntervalMs: 0 });
    await last().accept();
    let give: (token: string) => void = () => {};
    client.setAuth(({ forceRefreshToken }) =>
      forceRefreshToken ? new Promise<string>((resolve) => (give = resolve)) : "t1",
    );
    await flush();
    await last().say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour });
    void client.mutation("a:b", {});
    await flush();
    await last().say({ type: "error", code: "unauthenticated", message: "it has ended" });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(last().ofType("mutation")).toEqual([]);
    give("t2");
    await flush();
    await last().say({ type: "auth", id: "auth2", authenticated: true, expiresInMs: kHour });
    expect(last().ofType("mutation").length).toBe(1);
  });

  it("that does not come in time ends the wait of a mutation, which was not sent", async () => {
    const { client, last } = makeClient({ requestTimeoutMs: 1_000 });
    await last().accept();
    client.setAuth(() => new Promise(() => {}));
    const failed = expect(client.mutation("a:b", {})).rejects.toMatchObject({
      code: "request_timeout",
      message: "Request timed out: mutation a:b could not be sent",
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await failed;
    expect(last().ofType("mutation")).toEqual([]);
  });

  it("is told to a listener that comes when somebody is known already", async () => {
    const { client, last } = makeClient();
    await last().accept();
    const [ofAda, ofBob, ofNobody] = [vi.fn(), vi.fn(), vi.fn()];
    client.setAuth(() => "ada", ofAda);
    await flush();
    await last().say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour });
    client.setAuth(() => "bob", ofBob);
    await flush();
    await last().say({ type: "auth", id: "auth2", authenticated: true, expiresInMs: kHour });
    client.setAuth(() => "bob again", ofBob);
    await flush();
    await last().say({ type: "auth", id: "auth3", authenticated: true, expiresInMs: kHour });
    client.setAuth(null, ofNobody);
    await flush();
    await last().say({ type: "auth", id: "auth4", authenticated: false });
    expect(ofAda.mock.calls).toEqual([[true]]);
    expect(ofBob.mock.calls).toEqual([[true]]);
    expect(ofNobody.mock.calls).toEqual([[false]]);
  });

  it("reaches mutations even if the listener of the identity throws", async () => {
    vi.spyOn(console, "error").mockReturnValue(undefined);
    const { client, last } = makeClient();
    await last().accept();
    client.setAuth(
      () => "t1",
      () => {
        throw new Error("a mistake of the page");
      },
    );
    void client.mutation("a:b", {});
    await flush();
    await last().say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour });
    expect(last().ofType("mutation").length).toBe(1);
  });

  it("that nobody has does not hold mutations up", async () => {
    const { client, last } = makeClient({ auth: () => null });
    void client.mutation("a:b", {});
    const socket = await last().accept();
    expect(socket.ofType("mutation").length).toBe(1);
  });

  it("does not end because a token cannot be fetched for a while", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue(undefined);
    let fails = true;
    const auth = (): string => {
      if (fails) throw new Error("the provider is away");
      return "t";
    };
    const { client, last } = makeClient({ auth, heartbeatIntervalMs: 0 });
    const done = client.mutation("a:b", {});
    const socket = await last().accept();
    expect(socket.received.map(({ type }) => type)).toEqual(["hello"]);
    fails = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.received.at(-1)).toMatchObject({ type: "auth", token: "t" });
    await socket.say({ type: "auth", id: "auth1", authenticated: true, expiresInMs: kHour });
    expect(socket.ofType("mutation").length).toBe(1);
    await socket.say({ type: "mutationResult", id: "1", result: 1 });
    expect(await done).toBe(1);
    fails = true;
    await vi.advanceTimersByTimeAsync(kHour * 0.76);
    expect(logged).toHaveBeenCalled();
    expect(socket.ofType("auth").length).toBe(1); // nobody was signed out
    fails = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(socket.ofType("auth").map(({ token }) => token)).toEqual(["t", "t"]);
  });
});
