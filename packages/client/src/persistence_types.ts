import type { MutationRecord } from "./mutation_queue.js";

/** A query result on disk. */
export interface CachedEntry {
  result: unknown;
  /** When it came from the server, in milliseconds since 1970. */
  timestamp: number;
}

/**
 * Where query results are kept between visits, by query key. A function that fails turns the
 * cache off for the rest of the visit, with a warning.
 */
export interface PersistenceAdapter {
  getAll(): Promise<Map<string, CachedEntry>>;
  set(key: string, entry: CachedEntry): Promise<void>;
  delete(key: string): Promise<void>;
  clear(): Promise<void>;
}

/** A mutation that has no answer yet, on disk. Plain JSON. */
export interface StoredMutation extends MutationRecord {
  /** When it was called, in milliseconds since 1970. */
  readonly timestamp: number;
}

/**
 * Where mutations are kept until they are answered. `put` must not resolve before the mutation
 * would survive a crash of the page: it is sent after that.
 */
export interface MutationStore {
  /** All of them, in the order in which they were put. */
  getAll(): Promise<StoredMutation[]>;
  put(mutation: StoredMutation): Promise<void>;
  /** `client` and `id` name one mutation. */
  delete(client: string, id: string): Promise<void>;
  clear(): Promise<void>;
}
