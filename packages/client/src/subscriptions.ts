import { callSafely } from "./errors.js";
import type { MoonstoneError } from "./errors.js";
import type { Outbox } from "./outbox.js";
import { QueryStore } from "./query_store.js";
import type { QueryKey, ServerResult } from "./query_store.js";
import { jsonCopy } from "./wire.js";
import type { ResultItem } from "./wire.js";

export type ResultCallback = (data: unknown) => void;
export type ErrorCallback = (error: MoonstoneError) => void;

interface Subscriber {
  readonly onResult: ResultCallback | undefined;
  readonly onError: ErrorCallback | undefined;
  /** The value that it was told last; undefined: none yet. */
  told: unknown;
}

/** One subscription at the server, shared by all who ask for the same query. */
interface Entry {
  readonly id: string;
  readonly key: QueryKey;
  readonly fn: string;
  readonly args: unknown;
  readonly subscribers: Set<Subscriber>;
  readonly stopWatching: () => void;
  retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** The first result of this connection is still to come. */
  isAwaited: boolean;
  /** On this connection. */
  isSent: boolean;
  /** On this connection or another, so that something is shown. */
  wasAnswered: boolean;
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
  /** Who waits for the results of subscriptions that were renewed. */
  readonly #afterRenewals: (() => void)[] = [];
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
    const subscriber: Subscriber = { onResult, onError, told: undefined };
    const entry = this.#entryFor(fn, args);
    entry.subscribers.add(subscriber);
    if (entry.failed) this.#send(entry, "call");
    // Later, as nobody expects a callback before the way out is returned.
    if (this.#store.get(entry.key) !== undefined) queueMicrotask(() => this.#tell(entry));
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
  accept(items: readonly ResultItem[]): void {
    const results: ServerResult[] = [];
    for (const { id, result, late } of items) {
      const entry = this.#byId.get(id);
      if (entry === undefined) continue;
      entry.failed = false;
      entry.isAwaited = false;
      entry.wasAnswered = true;
      results.push([entry.key, result ?? null, late === true]);
    }
    this.#store.applyServerResults(results);
    this.#checkRenewals();
  }

  /**
   * Calls `then` when no result of an earlier connection is shown whose subscription has been sent
   * on this one: an answer that comes before such results would be told over what is out of date.
   */
  afterRenewals(then: () => void): void {
    this.#afterRenewals.push(then);
    this.#checkRenewals();
  }

  #checkRenewals(): void {
    if (this.#afterRenewals.length === 0) return;
    for (const entry of this.#byKey.values()) {
      if (entry.isAwaited && entry.isSent && entry.wasAnswered) return;
    }
    for (const then of this.#afterRenewals.splice(0)) then();
  }

  /**
   * Whether the result at `key` is behind an answer that names `lateIds`: those subscriptions, and
   * all whose first result of this connection is still to come.
   */
  isLate(key: QueryKey, lateIds: readonly string[]): boolean {
    const entry = this.#byKey.get(key);
    if (entry === undefined || entry.failed) return false;
    return entry.isAwaited || lateIds.includes(entry.id);
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
    entry.isAwaited = false;
    const subscribers = [...entry.subscribers];
    this.#store.fail(entry.key, error);
    let handled = false;
    for (const { onError } of subscribers) {
      if (onError === undefined) continue;
      handled = true;
      callSafely(onError, error);
    }
    if (!handled) console.error(`Moonstone: query ${entry.fn} failed: ${error.message}`);
    this.#checkRenewals();
    return true;
  }

  /** The connection is gone, and with it what waits to be sent on it. */
  connectionLost(): void {
    for (const entry of this.#byKey.values()) {
      clearTimeout(entry.retryTimer);
      entry.isSent = false;
    }
    this.#checkRenewals();
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
      stopWatching: this.#store.watch(key, () => this.#tell(entry)),
      retryTimer: undefined,
      isAwaited: true,
      isSent: false,
      wasAnswered: false,
      failed: false,
    };
    this.#byKey.set(key, entry);
    this.#byId.set(entry.id, entry);
    this.#send(entry, "call");
    return entry;
  }

  #tell(entry: Entry): void {
    for (const subscriber of [...entry.subscribers]) {
      const value = this.#store.get(entry.key);
      if (value === undefined || Object.is(value, subscriber.told)) continue;
      subscriber.told = value;
      if (subscriber.onResult !== undefined) callSafely(subscriber.onResult, value);
    }
  }

  #send(entry: Entry, lane: "call" | "renewal"): void {
    clearTimeout(entry.retryTimer);
    entry.isAwaited = true;
    entry.isSent = false;
    if (!this.#isOpen()) return; // renewAll follows when the connection is there
    const { id, fn, args } = entry;
    entry.failed = false;
    this.#outbox.cancel(id);
    this.#outbox.push({ type: "query", id, fn, args }, lane, () => {
      entry.isSent = true;
    });
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
    entry.stopWatching();
    this.#store.forget(entry.key);
    this.#checkRenewals();
    // One that has not been sent yet needs no unsubscribe.
    if (!this.#outbox.cancel(entry.id)) this.#sendUnsubscribe(entry.id);
  }

  #sendUnsubscribe(id: string): void {
    if (this.#isOpen()) this.#outbox.push({ type: "unsubscribe", id });
  }
}
