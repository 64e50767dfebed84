import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { flush, makeClient } from "./fake_socket.js";

/** What a page would have of the web's events. */
const page = new EventTarget();
const document = Object.assign(new EventTarget(), { visibilityState: "visible" });

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
  });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
  vi.stubGlobal("document", document);
  document.visibilityState = "visible";
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const online = (): boolean => page.dispatchEvent(new Event("online"));
const offline = (): boolean => page.dispatchEvent(new Event("offline"));
const look = (): boolean => document.dispatchEvent(new Event("visibilitychange"));

describe("a page", () => {
  it("that comes back connects at once, with all attempts ahead again", async () => {
    const { client, sockets, last } = makeClient({ backoff: { maxAttempts: 0 } });
    await last().drop();
    online();
    expect(sockets.length).toBe(2);
    await last().drop();
    document.visibilityState = "hidden";
    look();
    expect(sockets.length).toBe(2);
    document.visibilityState = "visible";
    look();
    expect(sockets.length).toBe(3);
    client.close();
    online();
    expect(sockets.length).toBe(3);
  });

  it("that may have lost its network finds out within five seconds", async () => {
    const { client, last } = makeClient();
    const socket = await last().accept();
    await vi.advanceTimersByTimeAsync(100);
    offline();
    expect(socket.ofType("ping").length).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    await socket.say({ type: "pong" });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(client.connectionState).toBe("connected");
    look();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(client.connectionState).toBe("connected");
    await vi.advanceTimersByTimeAsync(1);
    expect(client.connectionState).toBe("disconnected");
    client.close();
  });

  it("of which a client with persistence is not ready yet does not connect", async () => {
    const { client, sockets } = makeClient({ persistence: true });
    online();
    look();
    await flush();
    expect(sockets.length).toBe(0);
    client.close();
  });
});
