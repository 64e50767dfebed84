// Moonstone. Licence: see LICENSE.
//
// Locks of the application, in the table `_locks` of the main database (litestone.md 21). They hold
// between processes; what is locked only the application knows.
import { LockExpiredError, LockNotAcquiredError, LockReleasedByOtherError } from "./errors.js";
import type { RawDatabase } from "./raw.js";

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

/** Runs SQL of the application when it is its turn: locks wait for transactions like other calls. */
export type WithDatabase = <T>(work: (database: RawDatabase) => T) => Promise<T>;

export class Locks {
  readonly #use: WithDatabase;
  #isReady = false;

  constructor(use: WithDatabase) {
    this.#use = use;
  }

  async #with<T>(work: (database: RawDatabase) => T): Promise<T> {
    return this.#use((database) => {
      if (!this.#isReady) database.exec(CREATE);
      this.#isReady = true;
      return work(database);
    });
  }

  /** Takes the lock or throws LockNotAcquiredError. */
  async acquire(key: string, options: LockOptions = {}): Promise<Lock> {
    const { ttl = TTL_MS, wait = 0, retryEvery = RETRY_MS, owner = defaultOwner() } = options;
    const giveUp = Date.now() + wait;
    for (;;) {
      const taken = await this.#with((database) => tryToTake(database, key, owner, ttl));
      if (taken.owner === owner && taken.isNew) return this.#lockOf(taken.row, ttl);
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
      database.run('DELETE FROM "_locks" WHERE "key" = ? AND "owner" = ?', key, owner);
      if (row.expires_at <= Date.now()) throw expired(key, owner);
    });
  }

  /** Gives a lock back, whoever holds it; of one owner only, if there is one. */
  async release(key: string, owner?: string): Promise<void> {
    await this.#with((database) => {
      if (owner === undefined) database.run('DELETE FROM "_locks" WHERE "key" = ?', key);
      else database.run('DELETE FROM "_locks" WHERE "key" = ? AND "owner" = ?', key, owner);
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
      database.run(
        'UPDATE "_locks" SET "expires_at" = ?, "heartbeat_at" = ? WHERE "key" = ? AND "owner" = ?',
        now + ttl,
        now,
        key,
        owner,
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

function find(database: RawDatabase, key: string): LockRow | undefined {
  const [row] = database.all('SELECT * FROM "_locks" WHERE "key" = ?', [key]);
  return row as LockRow | undefined;
}

/** One attempt: what has expired goes, and whoever inserts the row has the lock. */
function tryToTake(
  database: RawDatabase,
  key: string,
  owner: string,
  ttl: number,
): { row: LockRow; owner: string; isNew: boolean } {
  const now = Date.now();
  database.exec("BEGIN IMMEDIATE");
  try {
    database.run('DELETE FROM "_locks" WHERE "key" = ? AND "expires_at" <= ?', key, now);
    const { changes } = database.run(
      'INSERT OR IGNORE INTO "_locks" VALUES (?, ?, ?, ?, ?)',
      key,
      owner,
      now,
      now + ttl,
      now,
    );
    const row = find(database, key) as LockRow;
    database.exec("COMMIT");
    return { row, owner: row.owner, isNew: changes === 1 };
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
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
