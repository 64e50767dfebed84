import { callSafely } from "./errors.js";
import { keepIdentity } from "./stable.js";
import { canonicalJson } from "./wire.js";

/** Names a query with its arguments; made by `QueryStore.makeKey`. */
export type QueryKey = string;

type Listener = () => void;

/**
 * The results of all queries by key. Values keep their identity while they do not change, and so
 * do their parts; listeners are called only when the value changed, after the whole batch that
 * the server sent for one commit is in place.
 */
export class QueryStore {
  /** What the server said. */
  readonly #base = new Map<QueryKey, unknown>();
  readonly #confirmed = new Set<QueryKey>();
  readonly #listeners = new Map<QueryKey, Set<Listener>>();

  /** Equal arguments make equal keys, whatever the order of their members. */
  static makeKey(fnName: string, args?: unknown): QueryKey {
    return `${fnName}|${canonicalJson(args ?? {})}`;
  }

  /** The current result, or undefined if there is none yet. */
  get(key: QueryKey): unknown {
    return this.#base.get(key);
  }

  /** Whether the result came from the server, and the server has not lost sight of it since. */
  hasServerResult(key: QueryKey): boolean {
    return this.#confirmed.has(key);
  }

  /** Calls `listener` when the result or its confirmation changes. Returns the way out. */
  watch(key: QueryKey, listener: Listener): () => void {
    // A wrapper of its own, so that one function can watch a key twice.
    const entry: Listener = () => listener();
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(entry));
    return () => {
      listeners.delete(entry);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) {
        this.#listeners.delete(key);
      }
    };
  }

  /** Stores results that belong together; returns the keys whose value changed. */
  applyServerResults(results: Iterable<readonly [QueryKey, unknown]>): Set<QueryKey> {
    const changed = new Set<QueryKey>();
    const newlyConfirmed = new Set<QueryKey>();
    for (const [key, result] of results) {
      const previous = this.#base.get(key);
      const value = keepIdentity(previous, result);
      if (!this.#confirmed.has(key)) newlyConfirmed.add(key);
      this.#confirmed.add(key);
      if (this.#base.has(key) && Object.is(previous, value)) continue;
      this.#base.set(key, value);
      changed.add(key);
    }
    this.#notify(new Set([...changed, ...newlyConfirmed]));
    return changed;
  }

  /** The values may be out of date: the server has forgotten the subscriptions. */
  unconfirmAll(): void {
    const keys = new Set(this.#confirmed);
    this.#confirmed.clear();
    this.#notify(keys);
  }

  /** Forgets a result that nobody subscribes to any more. */
  forget(key: QueryKey): void {
    this.#confirmed.delete(key);
    if (this.#base.delete(key)) this.#notify(new Set([key]));
  }

  #notify(keys: Set<QueryKey>): void {
    for (const key of keys) {
      for (const listener of [...(this.#listeners.get(key) ?? [])]) callSafely(listener);
    }
  }
}
