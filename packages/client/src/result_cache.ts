import type { CachedEntry, PersistenceAdapter } from "./persistence_types.js";
import type { QueryKey } from "./query_key.js";
import type { StorageGuard } from "./storage_guard.js";

export interface ResultCacheOptions {
  readonly maxAgeMs: number;
  readonly schemaVersion: string;
}

/** Beside the query keys, all of which have a bar after the name of their function. */
const VERSION_KEY = "moonstone.schemaVersion";
/** Each page of a list is an entry: without a bound, one long list would fill the disk. */
const ENTRIES_MAX = 1_000;
/** How long results wait for others to be written with them. */
const FLUSH_MS = 200;
/** A confirmed but unchanged result is written again, with its new time, when this part of its age is over. */
const REFRESH_AFTER = 0.1;

/**
 * The results of earlier visits, all in memory, and written to an adapter as they change. When the
 * adapter fails, it goes on in memory.
 */
export class ResultCache {
  readonly #adapter: PersistenceAdapter | undefined;
  readonly #options: ResultCacheOptions;
  readonly #guard: StorageGuard;
  /** Those that were confirmed last come last. */
  readonly #entries = new Map<QueryKey, CachedEntry>();
  readonly #unwritten = new Set<QueryKey>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isPaused = false;

  /** `adapter` undefined: memory only. */
  constructor(
    adapter: PersistenceAdapter | undefined,
    options: ResultCacheOptions,
    guard: StorageGuard,
  ) {
    this.#adapter = adapter;
    this.#options = options;
    this.#guard = guard;
  }

  /** Reads all entries; drops those that are too old, unreadable, or of another schema version. */
  async load(): Promise<void> {
    // A copy: it may be what the adapter itself works with.
    const entries = await this.#run(async (adapter) => new Map(await adapter.getAll()));
    if (entries === undefined) return;
    const { schemaVersion } = this.#options;
    if ((entries.get(VERSION_KEY)?.result ?? "") !== schemaVersion) {
      await this.#run((adapter) => adapter.clear());
      const entry = { result: schemaVersion, timestamp: Date.now() };
      await this.#run((adapter) => adapter.set(VERSION_KEY, entry));
      return;
    }
    entries.delete(VERSION_KEY);
    const good = [...entries].filter(([, entry]) => this.#isGood(entry));
    good.sort(([, a], [, b]) => a.timestamp - b.timestamp);
    for (const [key, entry] of good) this.#entries.set(key, entry);
    const bad = [...entries.keys()].filter((key) => !this.#entries.has(key));
    await this.#run((adapter) => Promise.all(bad.map((key) => adapter.delete(key))));
    this.#prune();
  }

  get(key: QueryKey): unknown {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#isGood(entry) ? entry.result : undefined;
  }

  /** Takes a result that the server gave. */
  record(key: QueryKey, result: unknown): void {
    if (this.#isPaused) return;
    const known = this.#entries.get(key);
    const now = Date.now();
    const freshUntil = (known?.timestamp ?? 0) + this.#options.maxAgeMs * REFRESH_AFTER;
    if (known !== undefined && Object.is(known.result, result) && now < freshUntil) return;
    this.#entries.delete(key);
    this.#entries.set(key, { result, timestamp: now });
    this.#prune();
    this.#markUnwritten(key);
  }

  /** Forgets everything, and takes nothing until `resume`. */
  clearAndPause(): void {
    this.#isPaused = true;
    this.#entries.clear();
    this.#unwritten.clear();
    const entry = { result: this.#options.schemaVersion, timestamp: Date.now() };
    void this.#run(async (adapter) => {
      await adapter.clear();
      await adapter.set(VERSION_KEY, entry);
    });
  }

  resume(): void {
    this.#isPaused = false;
  }

  /** Writes what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const keys = [...this.#unwritten];
    this.#unwritten.clear();
    void this.#run((adapter) =>
      Promise.all(
        keys.map((key) => {
          const entry = this.#entries.get(key);
          return entry === undefined ? adapter.delete(key) : adapter.set(key, entry);
        }),
      ),
    );
  }

  #markUnwritten(key: QueryKey): void {
    this.#unwritten.add(key);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  #prune(): void {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= ENTRIES_MAX) return;
      this.#entries.delete(key);
      this.#markUnwritten(key);
    }
  }

  #isGood(entry: CachedEntry): boolean {
    if (typeof entry !== "object" || entry === null || entry.result === undefined) return false;
    return Date.now() - entry.timestamp < this.#options.maxAgeMs;
  }

  async #run<T>(work: (adapter: PersistenceAdapter) => Promise<T>): Promise<T | undefined> {
    const adapter = this.#adapter;
    return adapter === undefined ? undefined : this.#guard.run(() => work(adapter));
  }
}
