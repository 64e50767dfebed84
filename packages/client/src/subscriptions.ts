import { callSafely } from "./errors.js";
import type { MoonstoneError } from "./errors.js";
import type { Outbox } from "./outbox.js";
import { QueryStore } from "./query_store.js";
import type { QueryKey } from "./query_store.js";
import { jsonCopy } from "./wire.js";

export type ResultCallback = (data: unknown) => void;
export type ErrorCallback = (error: MoonstoneError) => void;

interface Subscriber {
  readonly onResult: ResultCallback | undefined;
  readonly onError: ErrorCallback | undefined;
}

/** One subscription at the server, shared by all who ask for the same query. */
interface Entry {
  readonly id: string;
  readonly key: QueryKey;
  readonly fn: string;
  readonly args: unknown;
  readonly subscribers: Set<Subscriber>;
  retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** The server refused the query and so sends nothing for it. */
  failed: boolean;
}

const RATE_LIMITED_RETRY_MS = 1_000;
const SUBSCRIPTION_ID = /^q\d+$/;

/**
 * Who subscribes to what. Equal queries share one subscription at the server, which is sent
 * exactly once per connection.
 */
export class SubscriptionRegistry {
  readonly #store: QueryStore;
  readonly #outbox: Outbox;
  readonly #isOpen: () => boolean;
  readonly #byKey = new Map<QueryKey, Entry>();
  readonly #byId = new Map<string, Entry>();
  #lastId = 0;

  /** `isOpen` tells whether what is pushed to the outbox goes to a connection. */
  constructor(store: QueryStore, outbox: Outbox, isOpen: () => boolean) {
    this.#store = store;
    this.#outbox = outbox;
    this.#isOpen = isOpen;
  }

  /** Returns the way out. */
  add(
    fn: string,
    args: unknown,
    onResult: ResultCallback | undefined,
    onError: ErrorCallback | undefined,
  ): () => void {
    const subscriber: Subscriber = { onResult, onError };
    const entry = this.#entryFor(fn, args);
    entry.subscribers.add(subscriber);
    if (entry.failed) this.#send(entry, "call");
    else if (onResult !== undefined) this.#tellCurrent(entry, subscriber, onResult);
    return () => {
      // Later, so that a component that leaves and another that comes in the same breath share it.
      if (entry.subscribers.delete(subscriber)) queueMicrotask(() => this.#dropIfUnused(entry));
    };
  }

  /** Sends everything again, for a new connection or after a reset. */
  renewAll(): void {
    for (const entry of this.#byKey.values()) this.#send(entry, "renewal");
  }

  /** Asks again for what the server refused: it may know us under another identity now. */
  renewFailed(): void {
    for (const entry of this.#byKey.values()) if (entry.failed) this.#send(entry, "renewal");
  }

  /** Takes the results of one commit. */
  accept(items: readonly { id: string; result: unknown }[]): void {
    const known = items.flatMap(({ id, result }) => {
      const entry = this.#byId.get(id);
      return entry === undefined ? [] : [{ entry, result: result ?? null }];
    });
    const changed = this.#store.applyServerResults(
      known.map(({ entry, result }) => [entry.key, result] as const),
    );
    for (const { entry } of known) {
      entry.failed = false;
      if (!changed.has(entry.key)) continue;
      const value = this.#store.get(entry.key);
      for (const { onResult } of [...entry.subscribers]) {
        if (onResult !== undefined) callSafely(onResult, value);
      }
    }
  }

  /** Takes an error; returns whether it belongs to a subscription. */
  fail(id: string, error: MoonstoneError): boolean {
    const entry = this.#byId.get(id);
    if (entry === undefined) {
      if (error.code !== "rate_limited" || !SUBSCRIPTION_ID.test(id)) return false;
      // What the server refused to look at was an unsubscribe.
      setTimeout(() => this.#sendUnsubscribe(id), RATE_LIMITED_RETRY_MS);
      return true;
    }
    if (error.code === "rate_limited") {
      this.#sendLater(entry);
      return true;
    }
    entry.failed = true;
    let handled = false;
    for (const { onError } of [...entry.subscribers]) {
      if (onError === undefined) continue;
      handled = true;
      callSafely(onError, error);
    }
    if (!handled) console.error(`Moonstone: query ${entry.fn} failed: ${error.message}`);
    return true;
  }

  /** The connection is gone, and with it what waits to be sent on it. */
  connectionLost(): void {
    for (const entry of this.#byKey.values()) clearTimeout(entry.retryTimer);
  }

  #entryFor(fn: string, args: unknown): Entry {
    const key = QueryStore.makeKey(fn, args);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const entry: Entry = {
      id: `q${++this.#lastId}`,
      key,
      fn,
      args: jsonCopy(args ?? {}),
      subscribers: new Set(),
      retryTimer: undefined,
      failed: false,
    };
    this.#byKey.set(key, entry);
    this.#byId.set(entry.id, entry);
    this.#send(entry, "call");
    return entry;
  }

  #tellCurrent(entry: Entry, subscriber: Subscriber, onResult: ResultCallback): void {
    if (!this.#store.hasServerResult(entry.key)) return;
    const value = this.#store.get(entry.key);
    queueMicrotask(() => {
      // A newer value has been told already.
      if (!entry.subscribers.has(subscriber) || this.#store.get(entry.key) !== value) return;
      callSafely(onResult, value);
    });
  }

  #send(entry: Entry, lane: "call" | "renewal"): void {
    clearTimeout(entry.retryTimer);
    if (!this.#isOpen()) return; // renewAll follows when the connection is there
    const { id, fn, args } = entry;
    entry.failed = false;
    this.#outbox.cancel(id);
    this.#outbox.push({ type: "query", id, fn, args }, lane);
  }

  #sendLater(entry: Entry): void {
    clearTimeout(entry.retryTimer);
    entry.retryTimer = setTimeout(() => this.#send(entry, "renewal"), RATE_LIMITED_RETRY_MS);
  }

  #dropIfUnused(entry: Entry): void {
    if (entry.subscribers.size > 0 || this.#byId.get(entry.id) !== entry) return;
    clearTimeout(entry.retryTimer);
    this.#byKey.delete(entry.key);
    this.#byId.delete(entry.id);
    this.#store.forget(entry.key);
    // One that has not been sent yet needs no unsubscribe.
    if (!this.#outbox.cancel(entry.id)) this.#sendUnsubscribe(entry.id);
  }

  #sendUnsubscribe(id: string): void {
    if (this.#isOpen()) this.#outbox.push({ type: "unsubscribe", id });
  }
}
