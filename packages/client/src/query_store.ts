import { callSafely } from "./errors.js";
import type { MoonstoneError } from "./errors.js";
import type { LocalStore } from "./local_store.js";
import { OptimisticLayers } from "./optimistic.js";
import type { Layer } from "./optimistic.js";
import { makeKey } from "./query_key.js";
import type { QueryKey } from "./query_key.js";
import { keepIdentity } from "./stable.js";

export type { QueryKey } from "./query_key.js";

type Listener = () => void;

/** Results of earlier visits, and where those of this one are kept. */
export interface KeptResults {
  get(key: QueryKey): unknown;
  record(key: QueryKey, result: unknown): void;
}

/**
 * The results of all queries by key: what the server said, under the layers of optimistic updates.
 * Values keep their identity while they do not change, and so do their parts; listeners are called
 * only when the value changed, after the whole batch that the server sent for one commit is in
 * place.
 */
export class QueryStore {
  /** What the layers stand on. */
  readonly #base = new Map<QueryKey, unknown>();
  /** Newer than the base, of keys that are frozen (see OptimisticLayers). */
  readonly #held = new Map<QueryKey, unknown>();
  readonly #confirmed = new Set<QueryKey>();
  readonly #errors = new Map<QueryKey, MoonstoneError>();
  readonly #layers = new OptimisticLayers();
  readonly #listeners = new Map<QueryKey, Set<Listener>>();
  /** What is shown where there is no base. */
  #kept: KeptResults | undefined;

  /** Equal arguments make equal keys, whatever the order of their members. */
  static makeKey(fnName: string, args?: unknown): QueryKey {
    return makeKey(fnName, args);
  }

  /** The result to show, or undefined if there is none yet. */
  get(key: QueryKey): unknown {
    return this.#layers.has(key) ? this.#layers.get(key) : this.#below(key);
  }

  /** Why the server refused the query, until its next result. */
  getError(key: QueryKey): MoonstoneError | undefined {
    return this.#errors.get(key);
  }

  /** Whether the result came from the server, and the server has not lost sight of it since. */
  hasServerResult(key: QueryKey): boolean {
    return this.#confirmed.has(key);
  }

  /** Calls `listener` when result, error or confirmation changes. Returns the way out. */
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

  /** Stores results that belong together; returns the keys whose shown value changed. */
  applyServerResults(results: Iterable<readonly [QueryKey, unknown]>): Set<QueryKey> {
    const keys = new Set<QueryKey>();
    const news = new Set<QueryKey>();
    for (const [key, result] of results) {
      const previous = this.#held.has(key) ? this.#held.get(key) : this.#below(key);
      const value = keepIdentity(previous, result);
      this.#held.set(key, value);
      this.#kept?.record(key, value);
      if (this.#errors.delete(key) || !this.#confirmed.has(key)) news.add(key);
      this.#confirmed.add(key);
      this.#layers.arrived(key);
      keys.add(key);
    }
    return this.#thaw(keys, news);
  }

  /** Shows kept results until the server's are there, and keeps those. */
  keepIn(kept: KeptResults): void {
    this.#kept = kept;
    this.#notify(new Set(this.#listeners.keys()));
  }

  /** Stores a result that the server gave on another way, unless there is one. */
  hydrate(key: QueryKey, result: unknown): void {
    if (!this.#confirmed.has(key)) this.applyServerResults([[key, result]]);
  }

  /** The server refused the query. */
  fail(key: QueryKey, error: MoonstoneError): void {
    this.#errors.set(key, error);
    this.#confirmed.delete(key);
    this.#layers.arrived(key);
    this.#thaw([key], new Set([key]));
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
    this.#errors.delete(key);
    this.#held.delete(key);
    this.#layers.arrived(key);
    const before = new Map([[key, this.#below(key)]]);
    this.#base.delete(key);
    if (!this.#layers.isFrozen(key)) this.#layers.dropAnswered(key);
    this.#show(new Set([key]), before);
  }

  /** Shows the effect of a mutation that was called. Errors: what `update` throws. */
  addLayer(update: (store: LocalStore) => void): Layer {
    const layer = this.#layers.add(update, (key) => this.#below(key));
    this.#show(new Set());
    return layer;
  }

  /** Its mutation is sent: from now on the server's results may contain the effect. */
  layerSent(layer: Layer): void {
    layer.phase = "sent";
  }

  /** Its mutation is done, and all results contain the effect, except those of `late`. */
  layerDone(layer: Layer, late: (key: QueryKey) => boolean): void {
    layer.phase = "answered";
    const keys = [...layer.values.keys()];
    layer.late = new Set(keys.filter(late));
    if (keys.length === 0) this.#layers.remove(layer);
    this.#thaw(keys);
  }

  /** Its mutation failed, or nobody will hear of it. */
  layerFailed(layer: Layer): void {
    const keys = new Set(layer.values.keys());
    this.#layers.remove(layer);
    this.#thaw(keys, new Set(), keys);
  }

  /**
   * Brings what was held to those of `keys` that are not frozen. `news`: keys to tell of in any
   * case; `changed`: keys that changed below the layers already.
   */
  #thaw(
    keys: Iterable<QueryKey>,
    news: Set<QueryKey> = new Set(),
    changed: Set<QueryKey> = new Set(),
  ): Set<QueryKey> {
    const before = new Map<QueryKey, unknown>();
    for (const key of keys) {
      if (this.#layers.isFrozen(key)) continue;
      if (this.#layers.dropAnswered(key)) changed.add(key);
      if (!this.#held.has(key)) continue;
      before.set(key, this.#below(key));
      this.#base.set(key, this.#held.get(key));
      this.#held.delete(key);
      if (!Object.is(before.get(key), this.#base.get(key))) changed.add(key);
    }
    return this.#show(changed, before, news);
  }

  /** After `changed` changed below the layers: `before` has what the base was. */
  #show(
    changed: Set<QueryKey>,
    before: Map<QueryKey, unknown> = new Map(),
    news: Set<QueryKey> = new Set(),
  ): Set<QueryKey> {
    const candidates = new Set([...changed, ...this.#layers.keys()]);
    const base = (key: QueryKey): unknown => this.#below(key);
    const shownBefore = new Map(
      [...this.#layers.keys()].map((key) => [key, this.#layers.get(key)] as const),
    );
    const shown = (key: QueryKey): unknown =>
      shownBefore.has(key) ? shownBefore.get(key) : before.has(key) ? before.get(key) : base(key);
    this.#layers.rebase(changed, base, shown);
    for (const key of [...changed, ...this.#layers.keys()]) candidates.add(key);
    const different = new Set(
      [...candidates].filter((key) => !Object.is(shown(key), this.get(key))),
    );
    this.#notify(new Set([...different, ...news]));
    return different;
  }

  /** What is there without the layers. */
  #below(key: QueryKey): unknown {
    return this.#base.has(key) ? this.#base.get(key) : this.#kept?.get(key);
  }

  #notify(keys: Set<QueryKey>): void {
    for (const key of keys) {
      for (const listener of [...(this.#listeners.get(key) ?? [])]) callSafely(listener);
    }
  }
}
