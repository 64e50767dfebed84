import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MutationStore, StoredMutation } from "@moonstone/client";
import { FakeBrowser, settle } from "./fake_browser.js";
import type { Page } from "./fake_browser.js";
import type { FakeSocket } from "./fake_socket.js";
import { generator, newSeed, pick } from "./random.js";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"],
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** The frames that matter here, without capabilities. */
const callsOf = (socket: FakeSocket): unknown[] =>
  socket.received
    .filter(({ type }) => type === "hello" || type === "mutation")
    .map(({ type, client, id, args }) => (type === "hello" ? client : [id, args]));

/** Accepts the page's connection and greets every hello. */
async function greet(page: Page): Promise<FakeSocket> {
  const socket = await page.last().accept();
  await settle();
  return socket;
}

describe("mutations of an earlier visit", () => {
  it("are sent in order before new ones, under the client id and number of then", async () => {
    const browser = new FakeBrowser();
    const first = await browser.open();
    for (const n of [1, 2]) first.client.mutation("a:b", { n }).catch(() => {});
    await settle();
    browser.crash(first); // it never was online

    const second = await browser.open();
    void second.client.mutation("a:b", { n: 3 });
    const socket = await greet(second);
    const own = socket.received[0]!["client"];
    const other = callsOf(socket)[1];
    expect(callsOf(socket)).toEqual([own, other]);
    expect(other).not.toBe(own);
    await socket.say({ type: "hello" });
    await socket.say({ type: "mutationResult", id: "1" });
    await socket.say({ type: "mutationResult", id: "2" });
    await settle();
    await socket.say({ type: "hello" });
    expect(callsOf(socket)).toEqual([
      own,
      other,
      ["1", { n: 1 }],
      ["2", { n: 2 }],
      own,
      ["1", { n: 3 }],
    ]);
    await socket.say({ type: "mutationResult", id: "1" });
    await settle();
    browser.close(second);
    const third = await browser.open();
    expect(callsOf(await greet(third)).length).toBe(1); // nothing is left
  });

  it("that fail are reported, and not sent again", async () => {
    const browser = new FakeBrowser();
    const first = await browser.open();
    first.client.mutation("a:b", { n: 1 }).catch(() => {});
    first.client.mutation("a:b", { n: 2 }).catch(() => {});
    await settle();
    browser.crash(first);
    const onReplayError = vi.fn();
    const second = await browser.open({ onReplayError });
    const socket = await greet(second);
    await socket.say({ type: "hello" });
    await socket.say({ type: "error", id: "1", code: "execution_error", message: "No" });
    await socket.say({ type: "mutationResult", id: "2" });
    await settle();
    expect(onReplayError.mock.calls).toEqual([
      [
        expect.objectContaining({ code: "execution_error", message: "No" }),
        { fn: "a:b", args: { n: 1 } },
      ],
    ]);
    browser.close(second);
    expect(callsOf(await greet(await browser.open())).length).toBe(1);
  });

  it("are not sent after 28 days, but reported", async () => {
    const browser = new FakeBrowser();
    const first = await browser.open();
    first.client.mutation("a:b", { n: 1 }).catch(() => {});
    await settle();
    browser.crash(first);
    vi.setSystemTime(Date.now() + 28 * 24 * 60 * 60 * 1_000);
    const onReplayError = vi.fn();
    const second = await browser.open({ onReplayError });
    expect(callsOf(await greet(second)).length).toBe(1);
    expect(onReplayError.mock.calls[0]![0]).toMatchObject({ code: "mutation_expired" });
  });

  it("stay on disk when the page is closed before they are answered", async () => {
    const browser = new FakeBrowser();
    const first = await browser.open();
    const rejected = expect(first.client.mutation("a:b", { n: 1 })).rejects.toMatchObject({
      code: "client_closed",
    });
    await settle();
    browser.close(first);
    await rejected;
    const socket = await greet(await browser.open());
    await socket.say({ type: "hello" });
    expect(callsOf(socket).at(-1)).toEqual(["1", { n: 1 }]);
  });
});

describe("mutations with persistence", () => {
  it("are sent after they are on disk", async () => {
    const order: string[] = [];
    let release = (): void => {};
    const store: MutationStore = {
      getAll: async () => [],
      put: ({ id }) =>
        new Promise((resolve) => {
          order.push(`put ${id}`);
          release = resolve;
        }),
      delete: async (_client, id) => void order.push(`delete ${id}`),
      clear: async () => {},
    };
    const page = await new FakeBrowser().open({ mutationStore: store });
    void page.client.mutation("a:b", {});
    const socket = await greet(page);
    expect(socket.ofType("mutation")).toEqual([]);
    release();
    await settle();
    expect(socket.ofType("mutation").length).toBe(1);
    await socket.say({ type: "mutationResult", id: "1" });
    expect(order).toEqual(["put 1", "delete 1"]);
  });

  it("are not given up when the connection cannot be had", async () => {
    const page = await new FakeBrowser().open({ backoff: { maxAttempts: 0 } });
    const done = page.client.mutation("a:b", {});
    await page.last().drop();
    await settle();
    const action = expect(page.client.action("a:c")).rejects.toThrow("Connection lost");
    await settle();
    await page.last().drop();
    await action;
    void page.client.action("a:c").catch(() => {});
    const socket = await greet(page);
    await socket.say({ type: "mutationResult", id: "1", result: 7 });
    expect(await done).toBe(7);
  });

  it("without an answer in time are sent on another connection, and given up in the end", async () => {
    const page = await new FakeBrowser().open({ requestTimeoutMs: 100 });
    const done = expect(page.client.mutation("a:b", {})).rejects.toMatchObject({
      code: "request_timeout",
    });
    for (let i = 1; i <= 3; i++) {
      const socket = await greet(page);
      expect(socket.ofType("mutation").map(({ id }) => id)).toEqual(["1"]);
      expect(page.sockets.length).toBe(i);
      await vi.advanceTimersByTimeAsync(100);
      await vi.advanceTimersByTimeAsync(10);
    }
    await done;
  });
});

describe("several pages", () => {
  it("send their own, and none those of a living one", async () => {
    const browser = new FakeBrowser();
    const one = await browser.open();
    void one.client.mutation("a:b", { n: 1 });
    await settle();
    const two = await browser.open();
    void two.client.mutation("a:b", { n: 2 });
    expect(callsOf(await greet(two)).slice(1)).toEqual([["1", { n: 2 }]]);
    expect(callsOf(await greet(one)).slice(1)).toEqual([["1", { n: 1 }]]);
  });

  it("adopt what a page leaves behind that ends after they began", async () => {
    const browser = new FakeBrowser();
    const one = await browser.open();
    const two = await browser.open();
    const socket = await greet(two);
    one.client.mutation("a:b", { n: 1 }).catch(() => {});
    await settle();
    expect(callsOf(socket).length).toBe(1);
    browser.crash(one);
    await settle();
    expect(callsOf(socket).length).toBe(2);
    await socket.say({ type: "hello" });
    expect(callsOf(socket).at(-1)).toEqual(["1", { n: 1 }]);
  });

  it("adopt what one leaves behind of which nothing was on disk when they began", async () => {
    const browser = new FakeBrowser();
    const one = await browser.open();
    void one.client.mutation("a:b", { n: 1 });
    await (await greet(one)).say({ type: "mutationResult", id: "1" });
    await settle();
    const two = await browser.open();
    const socket = await greet(two);
    one.client.mutation("a:b", { n: 2 }).catch(() => {});
    await settle();
    browser.crash(one);
    await settle();
    await socket.say({ type: "hello" });
    expect(callsOf(socket).at(-1)).toEqual(["2", { n: 2 }]);
  });

  it("tell nobody of what is on disk only after they were closed", async () => {
    let release = (): void => {};
    const mutationStore: MutationStore = {
      getAll: async () => [],
      put: () => new Promise((resolve) => (release = resolve)),
      delete: async () => {},
      clear: async () => {},
    };
    const page = await new FakeBrowser().open({ mutationStore });
    page.client.mutation("a:b", {}).catch(() => {});
    page.client.close();
    const failed = vi.fn();
    process.once("unhandledRejection", failed);
    release();
    await settle();
    process.off("unhandledRejection", failed);
    expect(failed).not.toHaveBeenCalled();
  });

  it("take over from one that ends while it adopts", async () => {
    const browser = new FakeBrowser();
    const one = await browser.open();
    const two = await browser.open();
    const three = await browser.open();
    one.client.mutation("a:b", { n: 1 }).catch(() => {});
    await settle();
    browser.crash(one);
    await settle();
    browser.crash(two);
    await settle();
    const socket = await greet(three);
    await socket.say({ type: "hello" });
    expect(callsOf(socket).at(-1)).toEqual(["1", { n: 1 }]);
  });
});

interface Applied {
  readonly page: number;
  readonly n: number;
}

/** A server for all pages, which applies (client, id) once and remembers the answer. */
class Server {
  readonly applied: Applied[] = [];
  readonly #answers = new Map<string, number>();
  readonly #state = new Map<FakeSocket, { handled: number; client: string }>();

  async handleNext(socket: FakeSocket, isCut = false): Promise<boolean> {
    const state = this.#state.get(socket) ?? { handled: 0, client: "" };
    this.#state.set(socket, state);
    const frame = socket.received[state.handled];
    if (frame === undefined || socket.isClosed) return false;
    state.handled += 1;
    if (frame["type"] === "hello") {
      state.client = frame["client"] as string;
      await socket.say({ type: "hello" });
    } else if (frame["type"] === "mutation") {
      const key = `${state.client} ${frame["id"] as string}`;
      const args = frame["args"] as Applied;
      if (!this.#answers.has(key)) {
        this.applied.push(args);
        this.#answers.set(key, args.n);
      }
      const answer = { type: "mutationResult", id: frame["id"], result: this.#answers.get(key) };
      if (!isCut) await socket.say(answer);
    }
    return true;
  }
}

async function playRound(seed: number, hasLocks: boolean): Promise<void> {
  const random = generator(seed);
  const browser = new FakeBrowser(hasLocks);
  const server = new Server();
  const stored: Applied[] = [];
  const wrong: string[] = [];
  let pages: { page: Page; number: number }[] = [];
  let lastPage = 0;
  let lastCall = 0;

  const open = async (): Promise<void> => {
    pages.push({ page: await browser.open({ messagesPerSecond: 0 }), number: ++lastPage });
  };
  const call = async (): Promise<void> => {
    const { page, number } = pick(random, pages);
    const args = { page: number, n: ++lastCall };
    page.client.mutation("a:b", args).then(
      (answer) =>
        void (answer !== args.n && wrong.push(`${args.n} was answered ${String(answer)}`)),
      (error: Error) => void wrong.push(`${args.n} failed: ${error.message}`),
    );
    await settle();
    stored.push(args);
  };
  const connect = async (page: Page): Promise<void> => {
    if (page.client.connectionState === "connected") return;
    await vi.advanceTimersByTimeAsync(100);
    page.last().onopen?.({});
    await settle();
  };
  await open();
  for (let step = 0; step < 40; step++) {
    const dice = random();
    const { page } = pick(random, pages);
    if (dice < 0.3) await call();
    else if (dice < 0.4 && pages.length < 4) await open();
    else if (dice < 0.5 && pages.length > 1) {
      browser.crash(page);
      pages = pages.filter((other) => other.page !== page);
    } else if (dice < 0.6 && page.client.connectionState === "connected") {
      if (random() < 0.5) await server.handleNext(page.last(), true);
      await page.last().drop();
    } else if (dice < 0.75) await connect(page);
    else await server.handleNext(page.last());
    await settle();
    expect(wrong, `seed ${seed}, step ${step}`).toEqual([]);
  }
  await open(); // without locks, only a new page looks for what others have left
  for (let idle = 0; idle < 3; idle++) {
    for (const { page } of pages) {
      await connect(page);
      while (await server.handleNext(page.last())) idle = 0;
      await settle();
    }
  }
  expect(wrong, `seed ${seed}`).toEqual([]);
  const numbers = server.applied.map(({ n }) => n);
  expect(
    [...numbers].sort((a, b) => a - b),
    `seed ${seed}`,
  ).toEqual(stored.map(({ n }) => n));
  for (let number = 1; number <= lastPage; number++) {
    const ofPage = server.applied.filter(({ page }) => page === number).map(({ n }) => n);
    expect(ofPage, `seed ${seed}, order of page ${number}`).toEqual(
      [...ofPage].sort((a, b) => a - b),
    );
  }
  for (const { page } of pages) browser.close(page);
  await settle();
}

for (const hasLocks of [true, false]) {
  it(`applies each mutation once, in the order of its page, with ${hasLocks ? "" : "no "}locks`, async () => {
    const seed = newSeed();
    for (let round = 0; round < 15; round++) await playRound(seed + round, hasLocks);
  }, 60_000);
}

it("keeps what is needed to know a mutation again", async () => {
  const kept: StoredMutation[] = [];
  const store: MutationStore = {
    getAll: async () => kept,
    put: async (mutation) => void kept.push(mutation),
    delete: async () => {},
    clear: async () => {},
  };
  const page = await new FakeBrowser().open({ mutationStore: store });
  void page.client.mutation("a:b", { n: 1, bytes: new Uint8Array([1]) });
  await settle();
  const client = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
  const args = { n: 1, bytes: "AQ==" };
  expect(kept).toEqual([{ client, id: "1", fn: "a:b", args, timestamp: Date.now() }]);
});
