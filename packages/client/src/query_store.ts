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

/** A result, and whether it lacks the effect of mutations that were answered. */
export type ServerResult = readonly [key: QueryKey, result: unknown, isLate?: boolean];

/** Results of earlier visits, and where those of this one are kept. */
export interface KeptResults {
  get(key: QueryKey): unknown;
  record(key: QueryKey, result: unknown): void;
}

/**
 * The results of all queries by key: what the server said, under the layers of optimistic updates.
 * Values keep their identity while they do not change, and so do their parts; listeners are called
 * only when the value changed, after the whole batch that the server sent for one commit is in
 * place. Pages read it; only the client writes.
 */
export class QueryStore {
  /** What the layers stand on. */
  readonly #base = new Map<QueryKey, unknown>();
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
  applyServerResults(results: Iterable<ServerResult>): Set<QueryKey> {
    const changed = new Set<QueryKey>();
    const before = new Map<QueryKey, unknown>();
    const news = new Set<QueryKey>();
    for (const [key, result, isLate] of results) {
      const previous = this.#below(key);
      const value = keepIdentity(previous, result);
      this.#base.set(key, value);
      this.#kept?.record(key, value);
      if (!Object.is(previous, value)) {
        changed.add(key);
        if (!before.has(key)) before.set(key, previous);
      }
      if (this.#errors.delete(key) || !this.#confirmed.has(key)) news.add(key);
      this.#confirmed.add(key);
      if (isLate !== true) this.#layers.arrived(key, changed);
    }
    return this.#show(changed, before, news);
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
    const changed = new Set<QueryKey>();
    this.#layers.arrived(key, changed);
    this.#show(changed, new Map(), new Set([key]));
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
    const before = new Map([[key, this.#below(key)]]);
    const changed = new Set([key]);
    this.#base.delete(key);
    this.#layers.arrived(key, changed);
    this.#show(changed, before);
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

  /** Its mutation is done, and all results contain the effect, except late ones. */
  layerDone(layer: Layer, isLate: (key: QueryKey) => boolean): void {
    const changed = new Set<QueryKey>();
    this.#layers.answer(layer, isLate, changed);
    this.#show(changed);
  }

  /** Its mutation failed, or nobody will hear of it. */
  layerFailed(layer: Layer): void {
    this.#layers.remove(layer);
    this.#show(new Set(layer.values.keys()));
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
    for (const key of shownBefore.keys()) {
      // What the layers showed may be what the server says now.
      if (this.#layers.has(key) || !this.#base.has(key)) continue;
      this.#base.set(key, keepIdentity(shown(key), base(key)));
    }
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
