// Moonstone. Licence: see LICENSE.
//
// createClient, and the members that a client has besides its tables (litestone.md 8.1).
import { dirname, join, resolve } from "node:path";
import { Core } from "./core.js";
import type { DatabaseInfo } from "./databases.js";
import type { Exchange, Row } from "./exchange.js";
import type { Gate, TransactionOptions } from "./gate.js";
import { type Lock, type LockDatabase, Locks, type LockOptions } from "./locks.js";
import { Operation, operate } from "./native.js";
import {
  checkOptions,
  type ClientContext,
  type ClientOptions,
  type QueryListener,
} from "./options.js";
import { type RawDatabase, readSqlRows, sqlValues } from "./raw.js";
import type { SchemaTree } from "./schema.js";
import { filterRead } from "./filters.js";
import { sql } from "./sql.js";
import { checkAccess, makeTable, readOutcome, rowsOf, type View } from "./tables.js";

/** The methods of one table; generateTypeScript() makes exact types of them. */
export type AnyTable = Record<string, (...args: any[]) => any> & Record<string, any>;

export interface BackupOptions {
  /** Writes the copy anew, without free pages; else it is the file page by page. */
  readonly vacuum?: boolean;
}
/** Plans that are kept for calls to come. */
export interface CacheSize {
  readonly read: number;
  readonly write: number;
}
export interface Backup {
  readonly path: string;
  readonly size: number;
  readonly vacuumed: boolean;
}
export interface WalStatus {
  readonly busy: boolean;
  readonly frames: number;
  readonly checkpointed: number;
}

/** What every client has besides its tables. */
export interface ClientMembers {
  /** Runs SQL of the application. Its rows are as the database has them. */
  sql(strings: TemplateStringsArray, ...values: unknown[]): Promise<Row[]>;
  /**
   * Several reads: `{ name: args }` to `{ name: result }`. Those of one database see one snapshot.
   */
  query(spec: Record<string, unknown>): Promise<Record<string, any>>;
  $transaction<T>(run: (tx: Client) => Promise<T> | T, options?: TransactionOptions): Promise<T>;
  /** The client on behalf of somebody. */
  $setAuth(auth: unknown): Client;
  asSystem(): Client;
  readonly $auth: unknown;
  $close(): void;
  readonly $schema: SchemaTree;
  readonly $enums: Record<string, string[]>;
  readonly $softDelete: Record<string, boolean>;
  readonly $relations: Record<string, Record<string, Row>>;
  readonly $databases: Record<string, DatabaseInfo>;
  readonly $rawDbs: Record<string, RawDatabase>;
  readonly $db: RawDatabase;
  readonly $config: { schemaPath: string | null; migrationsDir: string | null };
  $backup(target: string, options?: BackupOptions): Promise<Backup | Record<string, Backup>>;
  $walStatus(): Promise<WalStatus | Record<string, WalStatus>>;
  readonly $cacheSize: CacheSize | Record<string, CacheSize>;
  $attach(path: string, alias: string): void;
  $detach(alias: string): void;
  readonly $attached: string[];
  $tapQuery(listener: QueryListener): () => void;
  $lock<T>(key: string, run: () => Promise<T> | T, options?: LockOptions): Promise<T>;
  readonly $locks: Locks;
  $rotateKey(key: string): Promise<never>;
}

/** A client; its tables are properties. */
export type Client = ClientMembers & { readonly [table: string]: AnyTable } & Record<string, any>;

/** Properties that must be missing, so that a client can be awaited and printed. */
const ABSENT: ReadonlySet<unknown> = new Set(["then", "catch", "finally", "toJSON"]);

const cores = new WeakMap<object, Core>();

/** The client of a core in a gate, on somebody's behalf. */
class ClientView implements View {
  readonly core: Core;
  readonly context: ClientContext;
  readonly gate: Gate;
  readonly client: Client;
  readonly #shared: SharedViews;

  constructor(core: Core, context: ClientContext, gate: Gate, shared: SharedViews) {
    this.core = core;
    this.context = context;
    this.gate = gate;
    this.#shared = shared;
    this.client = this.#make();
    cores.set(this.client, core);
  }

  #make(): Client {
    const unknown = new Proxy(
      {},
      {
        get: (_, name) => {
          if (typeof name === "symbol" || ABSENT.has(name)) return undefined;
          // What every object has is no table: debuggers and test frameworks look at it.
          if (name in Object.prototype) return Reflect.get(Object.prototype, name);
          const known = this.core.tables.map((table) => table.accessor).join(", ");
          throw new Error(`"${name}" is not a table in this schema. Tables: ${known}`);
        },
        has: () => false,
      },
    );
    const client = Object.create(unknown) as Record<string, unknown>;
    for (const table of this.core.tables)
      lazily(client, table.accessor, () => makeTable(this, table));
    Object.defineProperties(client, Object.getOwnPropertyDescriptors(membersOf(this)));
    return client as Client;
  }

  withAuth(auth: unknown): Client {
    return this.#shared.of(this, { auth: auth ?? null, isSystem: false });
  }
  asSystem(): Client {
    return this.#shared.of(this, { auth: null, isSystem: true });
  }
  inside(gate: Gate): Client {
    return new ClientView(this.core, this.context, gate, new SharedViews()).client;
  }
}

function lazily(target: object, name: string, make: () => unknown): void {
  Object.defineProperty(target, name, {
    get() {
      const value = make();
      Object.defineProperty(target, name, { value, enumerable: true });
      return value;
    },
    enumerable: true,
    configurable: true,
  });
}

/** The views of one gate: one for each user object, and one for the system. */
class SharedViews {
  readonly #byUser = new WeakMap<object, Client>();
  #system: Client | undefined;

  of(view: ClientView, context: ClientContext): Client {
    const make = (): Client => new ClientView(view.core, context, view.gate, this).client;
    if (context.isSystem) return (this.#system ??= make());
    const { auth } = context;
    if (typeof auth !== "object" || auth === null) return make();
    let client = this.#byUser.get(auth);
    if (client === undefined) this.#byUser.set(auth, (client = make()));
    return client;
  }
}

/** Runs `work` when no transaction is in its way. */
function whenFree<T>(view: View, work: () => T): Promise<T> {
  try {
    return view.gate.isFree ? Promise.resolve(work()) : view.gate.wait(work);
  } catch (error) {
    return Promise.reject(error);
  }
}

function membersOf(view: ClientView): Omit<ClientMembers, "$auth"> & { $auth: unknown } {
  const { core } = view;
  const { databases, schema } = core;
  return {
    sql: (strings, ...values) => whenFree(view, () => runSql(view, strings, values)),
    query: (spec) => whenFree(view, () => runQuery(view, spec)),
    $transaction: (run, options = {}) =>
      view.gate.transact(options, (gate) => run(view.inside(gate))),
    $setAuth: (auth) => view.withAuth(auth),
    asSystem: () => view.asSystem(),
    $auth: view.context.auth,
    $close: () => core.close(),
    $schema: core.shownSchema,
    get $enums() {
      return Object.fromEntries(
        schema.enums.map((one) => [one.name, one.values.map((value) => value.name)]),
      );
    },
    get $softDelete() {
      return Object.fromEntries(
        schema.models.map((model) => [
          model.name,
          model.attributes.some((attribute) => attribute.kind === "softDelete"),
        ]),
      );
    },
    get $relations() {
      return relationsOf(core);
    },
    $databases: databases.info,
    get $rawDbs() {
      const connections = {};
      for (const { name } of databases.opened)
        lazily(connections, name, () => core.connection(name));
      return connections;
    },
    get $db() {
      return core.connection("main");
    },
    $config: {
      schemaPath: core.schemaPath,
      migrationsDir:
        core.options.migrationsDir ??
        (core.schemaPath === null ? null : join(dirname(core.schemaPath), "migrations")),
    },
    $backup: (target, options = {}) => whenFree(view, () => backUp(core, target, options)),
    $walStatus: () => whenFree(view, () => eachDatabase(core, (name) => walStatus(core, name))),
    get $cacheSize() {
      return eachDatabase(core, (name) => cacheSize(core, name));
    },
    $attach: (path, alias) => attach(core, path, alias),
    $detach: (alias) => detach(core, alias),
    get $attached() {
      return [...core.attached.keys()];
    },
    $tapQuery: (listener) => tap(core, listener),
    $lock: (key, run, options) => withLock(view, key, run, options),
    $locks: locksOf(view),
    $rotateKey: () => Promise.reject(new Error("$rotateKey: encryption is not supported yet")),
  };
}

function relationsOf(core: Core): Record<string, Record<string, Row>> {
  return Object.fromEntries(
    core.tables.map((table) => [
      table.name,
      Object.fromEntries(table.relations.map(({ name, ...relation }) => [name, relation])),
    ]),
  );
}

// --- SQL and several reads at once -----------------------------------------------------------------

function runSql(view: View, strings: TemplateStringsArray, values: readonly unknown[]): Row[] {
  const { sql: text } = sql(strings);
  const { core, gate } = view;
  if (!gate.isTransaction) return core.connection("main").all(text, values);
  gate.join(core.databaseNumber("main"));
  return runInTurn(core, text, values);
}

/** SQL in the transaction that is open on the main database. */
function runInTurn(core: Core, text: string, values: readonly unknown[]): Row[] {
  return operate((exchange) => {
    exchange.begin(Operation.TurnSql, core.number, core.databaseNumber("main"));
    exchange.write(text);
    exchange.write(sqlValues(values));
  }, readSqlRows);
}

function readNamed(exchange: Exchange, view: View, spec: Row): Record<string, unknown> {
  const results: Record<string, unknown> = {};
  for (let left = exchange.slots[1] as number; left > 0; --left) {
    const name = exchange.read() as string;
    const form = exchange.number();
    const hasMore = exchange.read() as boolean;
    const total = exchange.number();
    const rows = rowsOf(view, spec[name]);
    results[name] = readOutcome(exchange, rows, form, hasMore, total);
  }
  return results;
}

function runQuery(view: View, spec: unknown): Record<string, unknown> {
  const isPlain = typeof spec === "object" && spec !== null && !Array.isArray(spec);
  if (!isPlain) throw new TypeError("db.query: spec must be an object of { name: queryArgs, ... }");
  const { core } = view;
  const parts = new Map<number, Row>();
  for (const [name, given] of Object.entries(spec)) {
    const args = (given ?? {}) as Row;
    const accessor = String(args["model"] ?? name);
    const table = core.findTable(accessor);
    if (table === undefined) {
      const known = core.tables.map((one) => one.accessor).join(", ");
      throw new Error(`db.query: '${accessor}' is not a model accessor. Available: ${known}`);
    }
    checkAccess(view, table, "query");
    const part = parts.get(table.database) ?? {};
    part[name] = filterRead(core, table, args, view.context);
    parts.set(table.database, part);
  }
  const results: Record<string, unknown> = {};
  for (const [database, part] of parts) Object.assign(results, queryDatabase(view, database, part));
  return Object.fromEntries(Object.keys(spec).map((name) => [name, results[name]]));
}

/** The reads of one database, on one snapshot. */
function queryDatabase(view: View, database: number, spec: Row): Record<string, unknown> {
  const { core, context, gate } = view;
  gate.join(database);
  core.host.context = context;
  return operate(
    (exchange) => {
      exchange.begin(Operation.Query, core.number, database);
      exchange.header(4, context.isSystem ? 1 : 0);
      exchange.write(context.auth);
      exchange.write(spec);
    },
    (exchange) => readNamed(exchange, view, spec),
  );
}

// --- files -------------------------------------------------------------------------------------------

/** The answer for the only database, or one for each. */
function eachDatabase<T>(core: Core, work: (name: string) => T): T | Record<string, T> {
  const names = core.databases.opened.map((database) => database.name);
  if (names.length === 1) return work(names[0] as string);
  return Object.fromEntries(names.map((name) => [name, work(name)]));
}

function backUp(
  core: Core,
  target: string,
  options: BackupOptions,
): Backup | Record<string, Backup> {
  const isSingle = core.databases.opened.length === 1;
  const vacuumed = options.vacuum ?? false;
  return eachDatabase(core, (name) => {
    const path = isSingle ? resolve(target) : join(resolve(target), `${name}.db`);
    return { path, size: core.connection(name).backUp(path, vacuumed), vacuumed };
  });
}

/** How many plans of calls are kept. */
function cacheSize(core: Core, name: string): CacheSize {
  const database = core.databaseNumber(name);
  return operate(
    (exchange) => exchange.begin(Operation.CachedPlans, core.number, database),
    (exchange) => ({ read: exchange.slots[1] as number, write: exchange.slots[2] as number }),
  );
}

function walStatus(core: Core, name: string): WalStatus {
  const [row] = core.connection(name).all("PRAGMA wal_checkpoint(PASSIVE)");
  return {
    busy: row?.["busy"] !== 0,
    frames: Number(row?.["log"]),
    checkpointed: Number(row?.["checkpointed"]),
  };
}

const ALIAS = /^[A-Za-z_][A-Za-z0-9_]*$/;

function attach(core: Core, path: string, alias: string): void {
  if (!ALIAS.test(alias)) throw new Error(`$attach: "${alias}" is no name for a database`);
  if (core.attached.has(alias)) throw new Error(`$attach: alias "${alias}" is already attached`);
  core.connection("main").run(`ATTACH DATABASE ? AS "${alias}"`, resolve(path));
  core.attached.set(alias, path);
}

function detach(core: Core, alias: string): void {
  if (!core.attached.delete(alias)) throw new Error(`$detach: alias "${alias}" is not attached`);
  core.connection("main").exec(`DETACH DATABASE "${alias}"`);
}

// --- observers and locks -----------------------------------------------------------------------------

function tap(core: Core, listener: QueryListener): () => void {
  const own: QueryListener = (event) => listener(event);
  core.host.taps.add(own);
  core.observe();
  return () => {
    if (core.host.taps.delete(own) && !core.isClosed) core.observe();
  };
}

function locksOf(view: View): Locks {
  return new Locks((work) =>
    whenFree(view, () =>
      work(view.gate.isTransaction ? lockTurn(view) : lockConnection(view.core)),
    ),
  );
}

function lockConnection(core: Core): LockDatabase {
  const connection = core.connection("main");
  return {
    all: (text, values) => connection.all(text, values),
    // Whoever looks for the lock and takes it must not be overtaken in between.
    atOnce(work) {
      connection.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        connection.exec("COMMIT");
        return result;
      } catch (error) {
        connection.exec("ROLLBACK");
        throw error;
      }
    },
  };
}

/** Locks of a transaction are seen by others when it is committed; until then it has the writer. */
function lockTurn(view: View): LockDatabase {
  view.gate.join(view.core.databaseNumber("main"));
  return { all: (text, values) => runInTurn(view.core, text, values), atOnce: (work) => work() };
}

async function withLock<T>(
  view: View,
  key: string,
  run: () => Promise<T> | T,
  options?: LockOptions,
): Promise<T> {
  if (view.context.isSystem) return run();
  const lock: Lock = await locksOf(view).acquire(key, options);
  let isDone = false;
  try {
    const result = await run();
    isDone = true;
    return result;
  } finally {
    // What the function has thrown matters more than a lock that could not be given back.
    await (isDone ? lock.release() : lock.release().catch(() => undefined));
  }
}

/** Opens a client. Exactly one of `parsed`, `schema` and `path` says where its schema is. */
export async function createClient(options: ClientOptions): Promise<Client> {
  checkOptions(options);
  const core = await Core.open(options);
  const context: ClientContext = { auth: null, isSystem: false };
  return new ClientView(core, context, core.gate, new SharedViews()).client;
}

/** What a client stands on, for the tools of this package. */
export function coreOf(client: Client): Core {
  const core = cores.get(client);
  if (core === undefined) throw new TypeError("this is not a client of createClient()");
  return core;
}
