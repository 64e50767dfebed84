import type {
  CachedEntry,
  MutationStore,
  PersistenceAdapter,
  StoredMutation,
} from "./persistence_types.js";

/** Never raised: another layout gets another name, so that old pages keep what they know. */
const VERSION = 1;
const RESULTS = "results";
const MUTATIONS = "mutations";
const BY_CALL = "by_call";

/** Opens or makes the database. Errors: it is blocked, refused, or there is no IndexedDB. */
export function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, VERSION);
    opening.onupgradeneeded = () => {
      const database = opening.result;
      database.createObjectStore(RESULTS);
      // Its own keys count up over all tabs: the order of the calls.
      const mutations = database.createObjectStore(MUTATIONS, { autoIncrement: true });
      mutations.createIndex(BY_CALL, ["client", "id"], { unique: true });
    };
    opening.onblocked = () => reject(new Error("the database is blocked by another page"));
    opening.onerror = () => reject(asError(opening.error));
    opening.onsuccess = () => {
      const database = opening.result;
      // Whoever deletes the site's data must not wait for this page.
      database.onversionchange = () => database.close();
      resolve(database);
    };
  });
}

/** Results in IndexedDB; what is written in one breath is one transaction. */
export class IndexedDbResults implements PersistenceAdapter {
  readonly #database: IDBDatabase;
  #batch: { readonly store: IDBObjectStore; readonly done: Promise<void> } | undefined;

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  async getAll(): Promise<Map<string, CachedEntry>> {
    const store = this.#database.transaction(RESULTS).objectStore(RESULTS);
    const [keys, entries] = await Promise.all([
      resultOf(store.getAllKeys()),
      resultOf<CachedEntry[]>(store.getAll()),
    ]);
    return new Map(keys.map((key, index) => [String(key), entries[index]!]));
  }

  set(key: string, entry: CachedEntry): Promise<void> {
    return this.#write((store) => store.put(entry, key));
  }

  delete(key: string): Promise<void> {
    return this.#write((store) => store.delete(key));
  }

  clear(): Promise<void> {
    return this.#write((store) => store.clear());
  }

  async #write(work: (store: IDBObjectStore) => void): Promise<void> {
    if (this.#batch === undefined) {
      const transaction = this.#database.transaction(RESULTS, "readwrite");
      const store = transaction.objectStore(RESULTS);
      this.#batch = { store, done: isFinished(transaction) };
      queueMicrotask(() => (this.#batch = undefined));
    }
    const { store, done } = this.#batch;
    work(store);
    return done;
  }
}

/** Unanswered mutations in IndexedDB. */
export class IndexedDbMutations implements MutationStore {
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  async getAll(): Promise<StoredMutation[]> {
    const store = this.#database.transaction(MUTATIONS).objectStore(MUTATIONS);
    return resultOf<StoredMutation[]>(store.getAll());
  }

  async put(mutation: StoredMutation): Promise<void> {
    const transaction = this.#database.transaction(MUTATIONS, "readwrite");
    transaction.objectStore(MUTATIONS).add(mutation);
    return isFinished(transaction);
  }

  async delete(client: string, id: string): Promise<void> {
    const transaction = this.#database.transaction(MUTATIONS, "readwrite");
    const store = transaction.objectStore(MUTATIONS);
    const finding = store.index(BY_CALL).getKey([client, id]);
    finding.onsuccess = () => {
      if (finding.result !== undefined) store.delete(finding.result);
    };
    return isFinished(transaction);
  }

  async clear(): Promise<void> {
    const transaction = this.#database.transaction(MUTATIONS, "readwrite");
    transaction.objectStore(MUTATIONS).clear();
    return isFinished(transaction);
  }
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(asError(request.error));
  });
}

function isFinished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(asError(transaction.error));
  });
}

function asError(error: DOMException | null): Error {
  return error ?? new Error("IndexedDB gave no reason");
}
