// Random calls, pushes, answers and lost connections against a server that keeps its promises. Each
// list holds tokens: those of our mutations, and those of others.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { LocalStore, MoonstoneClient } from "@moonstone/client";
import { QueryStore } from "@moonstone/client";
import { flush, makeClient } from "./fake_socket.js";
import type { FakeSocket } from "./fake_socket.js";
import { generator, newSeed, pick } from "./random.js";

const LISTS = ["one:all", "two:all"];
const ROUNDS = 25;
const STEPS = 60;

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
  });
});

afterEach(() => {
  vi.useRealTimers();
});

interface Call {
  readonly id: string;
  readonly args: { tokens: Record<string, string>; fails: boolean };
}

/** The server's side of one client: applies once, pushes before it answers, or says what is late. */
class Server {
  readonly lists = new Map(LISTS.map((name) => [name, [] as string[]]));
  readonly #answers = new Map<string, object>();
  #socket: FakeSocket | undefined;
  /** Subscription id by list, on this connection. */
  #ids = new Map<string, string>();
  /** Lists whose push is due on this connection, and those that had none yet. */
  #owed = new Set<string>();
  #unseen = new Set<string>();
  /** How much of a list was pushed on this connection, and how much an answer has promised. */
  readonly #pushed = new Map<string, number>();
  readonly #promised = new Map<string, number>();
  #handled = 0;

  constructor(readonly random: () => number) {}

  connect(socket: FakeSocket): void {
    this.#socket = socket;
    this.#handled = 0;
    this.#ids = new Map();
    this.#owed = new Set();
    this.#unseen = new Set(LISTS);
    this.#promised.clear();
  }

  get isConnected(): boolean {
    return this.#socket !== undefined && !this.#socket.isClosed;
  }

  /** Takes the next frame; mutations are applied and not answered if `isCut`. */
  async handleNext(isCut = false): Promise<boolean> {
    const frame = this.#socket?.received[this.#handled];
    if (frame === undefined || !this.isConnected) return false;
    this.#handled += 1;
    if (frame["type"] === "hello") await this.#say({ type: "hello" });
    if (frame["type"] === "query") {
      this.#ids.set(frame["fn"] as string, frame["id"] as string);
      this.#owed.add(frame["fn"] as string);
    }
    if (frame["type"] !== "mutation") return true;
    const call = frame as unknown as Call;
    const answer = this.#answers.get(call.id) ?? this.#apply(call);
    this.#answers.set(call.id, answer);
    if (isCut) return true;
    // Some lists are slow; the others are pushed before the answer.
    const slow = LISTS.filter((name) => this.#owed.has(name) && this.random() < 0.4);
    for (const name of [...this.#owed]) if (!slow.includes(name)) await this.push(name);
    // Of a first result that is still to come the client knows by itself.
    const named = slow.filter((name) => !this.#unseen.has(name));
    for (const name of named) this.#promised.set(name, this.lists.get(name)!.length);
    const late = named.map((name) => this.#ids.get(name));
    await this.#say({ ...answer, ...("code" in answer ? {} : { late }) });
    return true;
  }

  foreign(name: string, token: string): void {
    this.lists.get(name)!.push(token);
    this.#owed.add(name);
  }

  async push(name: string): Promise<void> {
    const id = this.#ids.get(name);
    if (id === undefined || !this.isConnected) return;
    this.#owed.delete(name);
    this.#unseen.delete(name);
    this.#promised.delete(name);
    this.#pushed.set(name, this.lists.get(name)!.length);
    await this.#say({ type: "update", id, result: this.lists.get(name) });
  }

  /** The result of a slow run that began before the last changes. */
  async pushOlder(name: string): Promise<void> {
    const id = this.#ids.get(name);
    const promised = this.#promised.get(name);
    if (id === undefined || promised === undefined || !this.isConnected) return;
    const pushed = this.#pushed.get(name)!;
    const length = pushed + Math.floor(this.random() * (this.lists.get(name)!.length - pushed));
    this.#pushed.set(name, length);
    if (length >= promised) this.#promised.delete(name);
    const late = length < promised ? { late: true } : {};
    await this.#say({
      type: "update",
      id,
      ...late,
      result: this.lists.get(name)!.slice(0, length),
    });
  }

  async pushAll(): Promise<void> {
    for (const name of [...this.#owed]) await this.push(name);
  }

  #apply({ id, args }: Call): object {
    if (args.fails) return { type: "error", id, code: "execution_error", message: "No" };
    for (const [name, token] of Object.entries(args.tokens)) this.foreign(name, token);
    return { type: "mutationResult", id, result: null };
  }

  async #say(frame: object): Promise<void> {
    await this.#socket!.say(frame as Record<string, unknown>);
  }
}

/** Checks each value that is shown. */
class Witness {
  /** Tokens that must be shown from now on, and those that must not. */
  readonly wanted = new Map(LISTS.map((name) => [name, new Set<string>()]));
  readonly failed = new Set<string>();
  readonly #seenForeign = new Map(LISTS.map((name) => [name, new Set<string>()]));
  readonly problems: string[] = [];

  constructor(readonly client: MoonstoneClient) {
    for (const name of LISTS) {
      client.watchQuery(QueryStore.makeKey(name), () => this.look(name));
    }
  }

  look(name: string): void {
    const value = this.client.getQueryResult(QueryStore.makeKey(name)) as string[] | undefined;
    if (value === undefined) return;
    const tokens = new Set(value);
    const seen = this.#seenForeign.get(name)!;
    if (tokens.size < value.length) this.problems.push(`twice in ${name}: ${value.join()}`);
    for (const token of [...this.wanted.get(name)!, ...seen]) {
      if (!tokens.has(token)) this.problems.push(`${token} is hidden in ${name}: ${value.join()}`);
    }
    for (const token of this.failed) {
      if (tokens.has(token)) this.problems.push(`${token} failed but is in ${name}`);
    }
    for (const token of value) if (token.startsWith("x")) seen.add(token);
  }
}

async function playRound(seed: number): Promise<void> {
  const random = generator(seed);
  const { client, last } = makeClient({ backoff: { baseMs: 1, maxAttempts: 99 } });
  const server = new Server(random);
  const witness = new Witness(client);
  for (const name of LISTS) client.subscribe(name, {});
  let count = 0;

  const call = (): void => {
    count += 1;
    const fails = random() < 0.2;
    const names = random() < 0.3 ? LISTS : [pick(random, LISTS)];
    const tokens = Object.fromEntries(names.map((name) => [name, `m${count}`]));
    const optimisticUpdate = (store: LocalStore): void => {
      for (const [name, token] of Object.entries(tokens)) {
        const list = (store.getQuery(name) as string[] | undefined) ?? [];
        store.setQuery(name, {}, [...list, token]);
      }
    };
    const promise = client.mutation("list:add", { tokens, fails }, { optimisticUpdate });
    if (!fails) for (const name of names) witness.wanted.get(name)!.add(tokens[name]!);
    const token = `m${count}`;
    promise.catch(() => {
      witness.failed.add(token);
      for (const name of names) witness.look(name);
    });
    for (const name of names) witness.look(name);
  };

  const open = async (): Promise<void> => {
    await vi.advanceTimersByTimeAsync(50_000);
    server.connect(last());
    last().onopen?.({});
    await flush();
  };

  await open();
  for (let step = 0; step < STEPS; step++) {
    const dice = random();
    if (!server.isConnected) {
      if (dice < 0.3) call();
      else await open();
    } else if (dice < 0.25) call();
    else if (dice < 0.4) server.foreign(pick(random, LISTS), `x${++count}`);
    else if (dice < 0.55) await server.push(pick(random, LISTS));
    else if (dice < 0.65) await server.pushOlder(pick(random, LISTS));
    else if (dice < 0.95) await server.handleNext();
    else {
      if (random() < 0.5) await server.handleNext(true);
      await last().drop();
    }
    await flush();
    for (const name of LISTS) witness.look(name);
    expect(witness.problems, `seed ${seed}, step ${step}`).toEqual([]);
  }
  if (!server.isConnected) await open();
  do {
    await server.pushAll(); // answers may wait for results
    await flush();
  } while (await server.handleNext());
  for (const [name, list] of server.lists) {
    const shown = client.getQueryResult(QueryStore.makeKey(name));
    expect(shown, `seed ${seed}, the end`).toEqual(list);
  }
  expect(witness.problems, `seed ${seed}, the end`).toEqual([]);
  client.close();
}

it("never hides or doubles an effect, and ends with what the server has", async () => {
  const seed = newSeed();
  for (let round = 0; round < ROUNDS; round++) await playRound(seed + round);
}, 60_000);
