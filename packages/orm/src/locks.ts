// Moonstone. Licence: see LICENSE.
//
// Locks of the application, in the table `_locks` of the main database (litestone.md 21). They hold
// between processes; what is locked only the application knows.
import { LockExpiredError, LockNotAcquiredError, LockReleasedByOtherError } from "./errors.js";
import type { Row } from "./exchange.js";

export interface LockOptions {
  /** How long it holds without a heartbeat, in milliseconds. */
  readonly ttl?: number;
  /** How long to wait until it is free, in milliseconds. */
  readonly wait?: number;
  readonly retryEvery?: number;
  readonly owner?: string;
}

export interface LockInfo {
  readonly key: string;
  readonly owner: string;
  readonly acquiredAt: Date;
  readonly expiresAt: Date;
  readonly heartbeatAt: Date;
}

/** A lock that is held. */
export interface Lock {
  readonly key: string;
  readonly owner: string;
  readonly acquiredAt: Date;
  readonly expiresAt: Date;
  /** Gives it back. Nothing happens if it is gone. */
  release(): Promise<void>;
  /** Holds it for another `ttl`. */
  heartbeat(ttl?: number): Promise<void>;
}

const TTL_MS = 30_000;
const RETRY_MS = 100;

const CREATE = `CREATE TABLE IF NOT EXISTS "_locks" (
  "key" TEXT PRIMARY KEY,
  "owner" TEXT NOT NULL,
  "acquired_at" INTEGER NOT NULL,
  "expires_at" INTEGER NOT NULL,
  "heartbeat_at" INTEGER NOT NULL
) STRICT`;

interface LockRow {
  key: string;
  owner: string;
  acquired_at: number;
  expires_at: number;
  heartbeat_at: number;
}

function defaultOwner(): string {
  return `pid-${process.pid}-${Math.random().toString(36).slice(2, 8).padEnd(6, "0")}`;
}

/** Where the locks lie: a connection, or the transaction in which the call is made. */
export interface LockDatabase {
  all(text: string, values: readonly unknown[]): Row[];
  /** Runs several statements that nobody comes between; all or none. */
  atOnce<T>(work: () => T): T;
}

/** Runs SQL of the application when it is its turn: locks wait for transactions like other calls. */
export type WithDatabase = <T>(work: (database: LockDatabase) => T) => Promise<T>;

export class Locks {
  readonly #use: WithDatabase;

  constructor(use: WithDatabase) {
    this.#use = use;
  }

  async #with<T>(work: (database: LockDatabase) => T): Promise<T> {
    return this.#use((database) => {
      database.all(CREATE, []);
      return work(database);
    });
  }

  /** Takes the lock or throws LockNotAcquiredError. */
  async acquire(key: string, options: LockOptions = {}): Promise<Lock> {
    const { ttl = TTL_MS, wait = 0, retryEvery = RETRY_MS, owner = defaultOwner() } = options;
    const giveUp = Date.now() + wait;
    for (;;) {
      const taken = await this.#with((database) => tryToTake(database, key, owner, ttl));
      if (taken.isNew) return this.#lockOf(taken.row, ttl);
      const left = giveUp - Date.now();
      if (left <= 0) throw notAcquired(key, taken.row);
      await new Promise((resolve) => setTimeout(resolve, Math.min(retryEvery, left)));
    }
  }

  #lockOf(row: LockRow, ttl: number): Lock {
    const { key, owner } = row;
    let expiresAt = new Date(row.expires_at);
    return {
      key,
      owner,
      acquiredAt: new Date(row.acquired_at),
      get expiresAt() {
        return expiresAt;
      },
      release: () => this.#give(key, owner),
      heartbeat: async (next = ttl) => {
        expiresAt = await this.heartbeat(key, owner, next);
      },
    };
  }

  async #give(key: string, owner: string): Promise<void> {
    await this.#with((database) => {
      const row = find(database, key);
      if (row === undefined) return;
      if (row.owner !== owner) throw takenByOther(key, owner, row.owner);
      database.all('DELETE FROM "_locks" WHERE "key" = ? AND "owner" = ?', [key, owner]);
      if (row.expires_at <= Date.now()) throw expired(key, owner);
    });
  }

  /** Gives a lock back, whoever holds it; of one owner only, if there is one. */
  async release(key: string, owner?: string): Promise<void> {
    await this.#with((database) => {
      if (owner === undefined) database.all('DELETE FROM "_locks" WHERE "key" = ?', [key]);
      else database.all('DELETE FROM "_locks" WHERE "key" = ? AND "owner" = ?', [key, owner]);
    });
  }

  /** Holds a lock for another `ttl` milliseconds. Returns until when. */
  async heartbeat(key: string, owner: string, ttl: number = TTL_MS): Promise<Date> {
    return this.#with((database) => {
      const now = Date.now();
      const row = find(database, key);
      if (row === undefined || (row.owner === owner && row.expires_at <= now))
        throw expired(key, owner);
      if (row.owner !== owner) throw takenByOther(key, owner, row.owner);
      database.all(
        'UPDATE "_locks" SET "expires_at" = ?, "heartbeat_at" = ? WHERE "key" = ? AND "owner" = ?',
        [now + ttl, now, key, owner],
      );
      return new Date(now + ttl);
    });
  }

  async isHeld(key: string): Promise<boolean> {
    return this.#with((database) => (find(database, key)?.expires_at ?? 0) > Date.now());
  }

  /** The locks that hold, the oldest first. */
  async list(): Promise<LockInfo[]> {
    return this.#with((database) => {
      const rows = database.all(
        'SELECT * FROM "_locks" WHERE "expires_at" > ? ORDER BY "acquired_at", "key"',
        [Date.now()],
      ) as unknown as LockRow[];
      return rows.map((row) => ({
        key: row.key,
        owner: row.owner,
        acquiredAt: new Date(row.acquired_at),
        expiresAt: new Date(row.expires_at),
        heartbeatAt: new Date(row.heartbeat_at),
      }));
    });
  }
}

function find(database: LockDatabase, key: string): LockRow | undefined {
  const [row] = database.all('SELECT * FROM "_locks" WHERE "key" = ?', [key]);
  return row as LockRow | undefined;
}

/** One attempt: what has expired goes, and whoever inserts the row has the lock. */
function tryToTake(
  database: LockDatabase,
  key: string,
  owner: string,
  ttl: number,
): { row: LockRow; isNew: boolean } {
  const now = Date.now();
  return database.atOnce(() => {
    database.all('DELETE FROM "_locks" WHERE "key" = ? AND "expires_at" <= ?', [key, now]);
    const inserted = database.all(
      'INSERT OR IGNORE INTO "_locks" VALUES (?, ?, ?, ?, ?) RETURNING "key"',
      [key, owner, now, now + ttl, now],
    );
    return { row: find(database, key) as LockRow, isNew: inserted.length === 1 };
  });
}

function notAcquired(key: string, row: LockRow): LockNotAcquiredError {
  return new LockNotAcquiredError(
    `Lock '${key}' is held by another owner and could not be acquired (held by: ${row.owner})`,
    { key, currentOwner: row.owner, expiresAt: new Date(row.expires_at) },
  );
}

function expired(key: string, owner: string): LockExpiredError {
  return new LockExpiredError(`Lock '${key}' has expired while '${owner}' held it`, { key, owner });
}

function takenByOther(key: string, owner: string, other: string): LockReleasedByOtherError {
  return new LockReleasedByOtherError(
    `Lock '${key}' does not belong to '${owner}' any more (held by: ${other})`,
    { key, owner },
  );
}
