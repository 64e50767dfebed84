// What a client with persistence needs besides: a file of its own, loaded by `init`, so that others
// do not carry it. It takes only types from the rest of the client.
import { DurableMutations } from "./durable_mutations.js";
import { IndexedDbMutations, IndexedDbResults, openDatabase } from "./indexed_db.js";
import type { MutationStore, PersistenceAdapter } from "./persistence_types.js";
import { ResultCache } from "./result_cache.js";
import { StorageGuard } from "./storage_guard.js";

export interface PersistenceOptions {
  readonly url: string;
  /** The client id of this page. */
  readonly client: string;
  readonly persistence: true | PersistenceAdapter;
  readonly mutationStore: MutationStore | undefined;
  readonly scope: string;
  readonly maxAgeMs: number;
  readonly schemaVersion: string;
}

export interface Persistence {
  readonly results: ResultCache;
  readonly mutations: DurableMutations;
  /** Writes what waits, and lets go of what other pages may want. */
  close(): void;
}

/** Opens the storage and loads the results. Never fails: what cannot be kept stays in memory. */
export async function openPersistence(options: PersistenceOptions): Promise<Persistence> {
  const { persistence, mutationStore, client, maxAgeMs, schemaVersion } = options;
  const name = `moonstone|${options.url}|${options.scope}`;
  const warn = makeWarning();
  const needsDatabase = persistence === true || mutationStore === undefined;
  const database = needsDatabase
    ? await new StorageGuard(warn).run(() => openDatabase(name))
    : undefined;
  const ownAdapter = database && new IndexedDbResults(database);
  const adapter = persistence === true ? ownAdapter : persistence;
  const results = new ResultCache(adapter, { maxAgeMs, schemaVersion }, new StorageGuard(warn));
  const store = mutationStore ?? (database && new IndexedDbMutations(database));
  const mutations = new DurableMutations(name, store, client, new StorageGuard(warn));
  await mutations.claim();
  await results.load();
  const stopListening = listenForLeaving(() => results.flush());
  return {
    results,
    mutations,
    close: () => {
      stopListening();
      results.flush();
      mutations.close();
      database?.close(); // once what is under way is done
    },
  };
}

/** Several storages may fail for one reason; one warning tells it. */
function makeWarning(): (error: unknown) => void {
  let hasWarned = false;
  return (error) => {
    if (hasWarned) return;
    hasWarned = true;
    console.warn("Moonstone: the storage failed; nothing more is kept for later visits.", error);
  };
}

// A page that goes into the background may never come back.
function listenForLeaving(onLeave: () => void): () => void {
  const page = globalThis as Partial<Window & typeof globalThis>;
  const onHidden = (): void => {
    if (page.document?.visibilityState === "hidden") onLeave();
  };
  page.document?.addEventListener?.("visibilitychange", onHidden);
  page.addEventListener?.("pagehide", onLeave);
  return () => {
    page.document?.removeEventListener?.("visibilitychange", onHidden);
    page.removeEventListener?.("pagehide", onLeave);
  };
}
