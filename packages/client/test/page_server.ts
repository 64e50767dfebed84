import type { FakeSocket } from "./fake_socket.js";

interface Subscription {
  readonly id: string;
  readonly args: { numItems: number; cursor?: string };
}

/** A server with one ordered list of numbers, read in pages: what the real one promises of cursors. */
export class PageServer {
  rows: number[];
  /** Cursors of an older generation are refused, as those of another query are. */
  generation = 0;
  readonly subscriptions = new Map<string, Subscription>();
  /** Queries that wait for their first result. */
  pending: Subscription[] = [];
  #socket: FakeSocket | undefined;
  #handled = 0;

  constructor(rows: number[]) {
    this.rows = [...rows];
  }

  connect(socket: FakeSocket): void {
    this.#socket = socket;
    this.#handled = 0;
    this.pending = [];
    this.subscriptions.clear();
  }

  /** Takes what came in; queries wait until `answer`. */
  receive(): void {
    const socket = this.#socket!;
    for (const frame of socket.received.slice(this.#handled)) {
      const id = frame["id"] as string;
      if (frame["type"] === "query") this.pending.push({ id, args: frame["args"] } as Subscription);
      if (frame["type"] !== "unsubscribe") continue;
      this.subscriptions.delete(id);
      this.pending = this.pending.filter((query) => query.id !== id);
    }
    this.#handled = socket.received.length;
  }

  /** Answers one query that waits, the oldest unless told otherwise. */
  async answer(index = 0): Promise<void> {
    this.receive();
    const [query] = this.pending.splice(index, 1);
    if (query === undefined) return;
    const { id } = query;
    const { cursor } = query.args;
    const generations = (cursor ?? "").split("~").filter((text) => text !== "");
    if (generations.some((text) => !text.startsWith(`g${this.generation}:`))) {
      const message = "Uncaught Error: Invalid cursor";
      return this.#socket!.say({ type: "error", id, code: "execution_error", message });
    }
    this.subscriptions.set(id, query);
    await this.#socket!.say({ type: "result", id, result: this.#read(query) });
  }

  /** Answers the oldest query that waits with an error. */
  async refuse(message: string): Promise<void> {
    this.receive();
    const { id } = this.pending.shift()!;
    await this.#socket!.say({ type: "error", id, code: "execution_error", message });
  }

  async answerAll(): Promise<void> {
    for (this.receive(); this.pending.length > 0; this.receive()) await this.answer();
  }

  /** Changes the rows, and tells all subscriptions that see it in one message. */
  async commit(change: (rows: number[]) => number[]): Promise<void> {
    this.receive();
    const all = [...this.subscriptions.values()];
    const before = all.map((query) => JSON.stringify(this.#read(query)));
    this.rows = [...new Set(change([...this.rows]))].sort((a, b) => a - b);
    const items = all
      .filter((query, index) => JSON.stringify(this.#read(query)) !== before[index])
      .map((query) => ({ id: query.id, result: this.#read(query) }));
    if (items.length > 0) await this.#socket!.say({ type: "updates", items });
  }

  /** How many rows each subscription with a result sees. */
  sizes(): number[] {
    return [...this.subscriptions.values()].map((query) => this.#read(query).page.length);
  }

  #read({ args: { numItems, cursor = "" } }: Subscription): {
    page: object[];
    isDone: boolean;
    continueCursor: string | null;
  } {
    const [start = "", end] = cursor.split("~");
    const rest = this.rows.filter((row) => start === "" || row > numberOf(start));
    if (end !== undefined) {
      const page = rest.filter((row) => row <= numberOf(end));
      return { page: page.map(document), isDone: false, continueCursor: end };
    }
    const page = rest.slice(0, numItems);
    const isDone = rest.length <= numItems;
    const continueCursor = isDone ? null : `g${this.generation}:${page.at(-1)}`;
    return { page: page.map(document), isDone, continueCursor };
  }
}

const numberOf = (cursor: string): number => Number(cursor.slice(cursor.indexOf(":") + 1));
const document = (row: number): object => ({ _id: `rows:${row}`, row });
