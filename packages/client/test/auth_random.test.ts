// Who is there changes, tokens come late, are refused or end, connections break: no mutation runs
// for anybody but the person who was there when it was called, and none is forgotten.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { MoonstoneClient } from "@moonstone/client";
import { flush, makeClient } from "./fake_socket.js";
import type { FakeSocket } from "./fake_socket.js";
import { generator, newSeed } from "./random.js";

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
  });
  vi.spyOn(console, "error").mockReturnValue(undefined);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

type Random = () => number;
type Person = string | null;

/** Takes one frame after the other, and knows who is at the other end of each connection. */
class Server {
  /** From now on nothing goes wrong any more. */
  isCalm = false;
  readonly wrong: string[] = [];
  readonly #random: Random;
  readonly #handled = new Map<FakeSocket, number>();
  readonly #person = new Map<FakeSocket, Person>();

  constructor(random: Random) {
    this.#random = random;
  }

  personAt(socket: FakeSocket): Person {
    return this.#person.get(socket) ?? null;
  }

  /** Returns whether there was a frame. */
  async handleNext(socket: FakeSocket): Promise<boolean> {
    const index = this.#handled.get(socket) ?? 0;
    const frame = socket.received[index];
    if (frame === undefined || socket.isClosed) return false;
    this.#handled.set(socket, index + 1);
    const { type, id, token } = frame;
    if (type === "hello") await socket.say({ type: "hello" });
    if (token !== undefined) await this.#check(socket, id, token as Person);
    if (type !== "mutation") return true;
    const { of } = frame["args"] as { of: Person };
    if (of !== this.personAt(socket)) {
      this.wrong.push(`a mutation of ${of} ran for ${this.personAt(socket)}`);
    }
    await socket.say({ type: "mutationResult", id });
    return true;
  }

  /** The token has ended. What is on its way already runs for nobody. */
  async endIdentity(socket: FakeSocket): Promise<void> {
    const isIdle = this.#handled.get(socket) === socket.received.length;
    if (!isIdle || socket.isClosed || this.personAt(socket) === null) return;
    this.#person.set(socket, null);
    await socket.say({ type: "error", code: "unauthenticated", message: "ended" });
  }

  async #check(socket: FakeSocket, id: unknown, token: Person): Promise<void> {
    const answer = id === undefined ? {} : { id };
    const refuse = (code: string): Promise<void> =>
      socket.say({ type: "error", ...answer, code, message: "no" });
    if (!this.isCalm && this.#random() < 0.1) return refuse("unavailable");
    if (!this.isCalm && id !== undefined && this.#random() < 0.1) return refuse("rate_limited");
    const isRefused = token?.startsWith("bad") === true;
    this.#person.set(socket, isRefused ? null : token);
    if (isRefused) return refuse("unauthenticated");
    const expiresInMs = this.isCalm ? 3_600_000 : 20_000;
    return socket.say({ type: "auth", ...answer, authenticated: token !== null, expiresInMs });
  }
}

/** Brings tokens now or later; now and then a bad one, which is not brought again, or none. */
class Provider {
  readonly #random: Random;
  readonly #waiting: (() => void)[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  signIn(client: MoonstoneClient, person: string): void {
    client.setAuth(({ forceRefreshToken }) => {
      const isBad = !forceRefreshToken && this.#random() < 0.15;
      const token = isBad ? `bad ${person}` : person;
      const fails = this.#random() < 0.1;
      if (!fails && this.#random() < 0.4) return token;
      return new Promise((resolve, reject) => {
        this.#waiting.push(() => (fails ? reject(new Error("away")) : resolve(token)));
      });
    });
  }

  /** Lets one of those that wait have its token. */
  bringOne(): boolean {
    const index = Math.floor(this.#random() * this.#waiting.length);
    const [bring] = this.#waiting.splice(index, 1);
    bring?.();
    return bring !== undefined;
  }
}

async function playRound(seed: number): Promise<void> {
  const random = generator(seed);
  const messagesPerSecond = random() < 0.3 ? 3 : 0; // so that frames wait in the outbox
  const backoff = { baseMs: 1, maxAttempts: Infinity };
  const { client, last } = makeClient({ messagesPerSecond, backoff, heartbeatIntervalMs: 0 });
  const server = new Server(random);
  const provider = new Provider(random);
  let person: Person = null;
  let persons = 0;
  let waiting = 0;
  const accept = (): void => {
    if (client.connectionState === "connecting") last().onopen?.({});
  };
  const becomeAnother = (): void => {
    if (waiting > 0) return; // a mutation that waits would run for the other one: that is known
    person = random() < 0.25 ? null : `p${++persons}`;
    if (person === null) client.setAuth(null);
    else provider.signIn(client, person);
  };
  const call = (): void => {
    waiting += 1;
    void client.mutation("a:b", { of: person }).then(() => (waiting -= 1));
  };
  for (let step = 0; step < 80; step++) {
    const dice = random();
    if (dice < 0.12) becomeAnother();
    else if (dice < 0.3) call();
    else if (dice < 0.4) await last().drop();
    else if (dice < 0.55) await vi.advanceTimersByTimeAsync(10).then(accept);
    else if (dice < 0.7) provider.bringOne();
    else if (dice < 0.75) await vi.advanceTimersByTimeAsync(6_000);
    else if (dice < 0.78) await server.endIdentity(last());
    else await server.handleNext(last());
    await flush();
    expect(server.wrong, `seed ${seed}, step ${step}`).toEqual([]);
  }
  server.isCalm = true;
  for (let idle = 0; idle < 8; idle++) {
    while (provider.bringOne()) await flush();
    await vi.advanceTimersByTimeAsync(6_000);
    accept();
    await flush();
    while (await server.handleNext(last())) idle = 0;
  }
  expect(server.wrong, `seed ${seed}`).toEqual([]);
  expect(waiting, `seed ${seed}: mutations without an answer`).toBe(0);
  expect(server.personAt(last()), `seed ${seed}`).toBe(person);
  client.close();
  expect(vi.getTimerCount(), `seed ${seed}: timers of a closed client`).toBe(0);
}

it("runs each mutation for whoever was there when it was called", async () => {
  const seed = newSeed();
  for (let round = 0; round < 100; round++) await playRound(seed + round);
}, 60_000);
