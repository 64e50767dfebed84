// Moonstone. Licence: see LICENSE.
//
// Transactions of one client. Calls go through a gate; while a transaction is open inside it, all
// calls that do not belong to the transaction wait. A transaction is a gate of its own, so that
// transactions nest, and the innermost ones are savepoints.
import { AsyncLocalStorage } from "node:async_hooks";
import { isRunning, Operation, operate } from "./native.js";

export interface TransactionOptions {
  /** How long it may take, in milliseconds; then it is rolled back. */
  readonly timeout?: number;
  /** How long to wait for other writers, in milliseconds. */
  readonly maxWait?: number;
}

const TIMEOUT_MS = 30_000;
const MAX_WAIT_MS = 5_000;

const current = new AsyncLocalStorage<Gate>();

function command(operation: Operation, client: number, database: number, operand = 0): number {
  return operate(
    (exchange) => exchange.begin(operation, client, database, operand),
    (exchange) => exchange.slots[1] as number,
  );
}

export class Gate {
  readonly #client: number;
  readonly #outer: Gate | undefined;
  readonly #timeout: number;
  readonly #maxWait: number;
  #inner: Gate | undefined;
  #waiting: (() => void)[] = [];
  #ended: Error | undefined;
  /** Databases that take part, with their savepoints if there is an outer transaction. */
  readonly #databases = new Map<number, number>();
  /** What is told once everything is committed. */
  readonly #afterCommit: (() => void)[] = [];

  constructor(client: number, outer?: Gate, options: TransactionOptions = {}) {
    this.#client = client;
    this.#outer = outer;
    this.#timeout = options.timeout ?? TIMEOUT_MS;
    this.#maxWait = options.maxWait ?? MAX_WAIT_MS;
  }

  /** Whether a call may go in at once. Throws if the gate belongs to what has ended. */
  get isFree(): boolean {
    if (this.#ended !== undefined) throw this.#ended;
    return this.#inner === undefined && !isRunning();
  }

  get isTransaction(): boolean {
    return this.#outer !== undefined;
  }

  /** Ends all use of it. */
  end(why: Error): void {
    this.#ended = why;
    this.#inner?.end(why);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  /** Runs `work` as soon as no transaction is open inside. */
  async wait<T>(work: () => T): Promise<T> {
    while (!this.isFree) {
      if (this.#inner === undefined) {
        await Promise.resolve(); // a hook is running: after it
        continue;
      }
      this.#refuseWaitingForOneself();
      await new Promise<void>((go) => this.#waiting.push(go));
    }
    return work();
  }

  /** A transaction that waits for a call that waits for the transaction would never end. */
  #refuseWaitingForOneself(): void {
    for (let gate = current.getStore(); gate !== undefined; gate = gate.#outer) {
      if (gate === this.#inner) {
        throw new Error(
          "this call is made inside $transaction on the client outside of it, where it would wait " +
            "for the transaction: call it on the client that the function was given",
        );
      }
    }
  }

  /** Makes a database take part, when it is used first. */
  join(database: number): void {
    if (this.#outer === undefined || this.#databases.has(database)) return;
    if (this.#outer.#outer !== undefined) {
      this.#outer.join(database);
      this.#databases.set(database, command(Operation.Mark, this.#client, database));
      return;
    }
    operate(
      (exchange) => {
        exchange.begin(Operation.Begin, this.#client, database, this.#timeout);
        exchange.header(4, this.#maxWait);
      },
      () => undefined,
    );
    this.#databases.set(database, 0);
  }

  /** Runs `tell` after the commit of all that is open around it. */
  afterCommit(tell: () => void): void {
    if (this.#outer === undefined) setTimeout(tell, 0);
    else this.#afterCommit.push(tell);
  }

  /** Runs `body` in a transaction: all it writes stays, or nothing. */
  async transact<T>(
    options: TransactionOptions,
    body: (inside: Gate) => Promise<T> | T,
  ): Promise<T> {
    return this.wait(() => this.#begin(options, body)).then((done) => done.result);
  }

  /** The promise is wrapped, so that the gate is taken before anybody waits for the result. */
  #begin<T>(
    options: TransactionOptions,
    body: (inside: Gate) => Promise<T> | T,
  ): { result: Promise<T> } {
    const inside = new Gate(this.#client, this, options);
    this.#inner = inside;
    return { result: inside.#run(body) };
  }

  async #run<T>(body: (inside: Gate) => Promise<T> | T): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const why = Object.assign(
          new Error(`the transaction took longer than ${this.#timeout} ms and was rolled back`),
          { code: "TURN_EXPIRED", retryable: true },
        );
        this.#finish(false, why);
        reject(why);
      }, this.#timeout);
    });
    try {
      const result = await Promise.race([current.run(this, async () => body(this)), expired]);
      this.#finish(true);
      return result;
    } catch (error) {
      this.#finish(false);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Commits or rolls back what takes part, and lets the others in. */
  #finish(keeps: boolean, why?: Error): void {
    if (this.#ended !== undefined) {
      if (keeps) throw this.#ended;
      return;
    }
    this.#inner?.end(new Error("the transaction around this one has ended"));
    this.#ended = why ?? new Error("the transaction has ended: its client cannot be used any more");
    const databases = [...this.#databases];
    const outer = this.#outer as Gate;
    try {
      while (keeps && databases.length > 0) {
        const [database, mark] = databases[0] as [number, number];
        databases.shift();
        this.#close(outer, database, mark, keeps);
      }
    } finally {
      for (const [database, mark] of databases) this.#close(outer, database, mark, false);
      outer.#inner = undefined;
      if (keeps) for (const tell of this.#afterCommit) outer.afterCommit(tell);
      outer.#wake();
      this.#wake();
    }
  }

  #close(outer: Gate, database: number, mark: number, keeps: boolean): void {
    if (outer.#outer !== undefined) {
      command(keeps ? Operation.Release : Operation.RollbackTo, this.#client, database, mark);
    } else {
      command(keeps ? Operation.Commit : Operation.Rollback, this.#client, database);
    }
  }
}
