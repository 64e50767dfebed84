// Moonstone. Licence: see LICENSE.
//
// A connection of its own on a database file, for SQL of the application: `$rawDbs`, `$db`, the tag
// `sql` and the tools. What it writes is another program's change to the clients of the file.
import type { Exchange, Row } from "./exchange.js";
import { Operation, operate } from "./native.js";

export interface RawResult {
  readonly changes: number;
  readonly lastInsertRowid: number | bigint;
}

/** One statement of a RawDatabase. It is compiled each time it runs. */
export class RawStatement {
  readonly #database: RawDatabase;
  readonly #sql: string;

  constructor(database: RawDatabase, text: string) {
    this.#database = database;
    this.#sql = text;
  }
  all(...values: unknown[]): Row[] {
    return this.#database.all(this.#sql, values);
  }
  get(...values: unknown[]): Row | null {
    return this.all(...values)[0] ?? null;
  }
  values(...values: unknown[]): unknown[][] {
    return this.all(...values).map((row) => Object.values(row));
  }
  run(...values: unknown[]): RawResult {
    return this.#database.run(this.#sql, ...values);
  }
}

/** Columns, then cells, as the addon gives them. */
export function readSqlRows(exchange: Exchange): Row[] {
  const columnCount = exchange.slots[1] as number;
  const rowCount = exchange.slots[2] as number;
  const columns: string[] = [];
  for (let i = 0; i < columnCount; ++i) columns.push(exchange.read() as string);
  const rows: Row[] = [];
  for (let i = 0; i < rowCount; ++i) {
    const row: Row = {};
    for (const column of columns) row[column] = exchange.read();
    rows.push(row);
  }
  return rows;
}

/** Booleans are 0 and 1 in SQL, and what is undefined is NULL. */
export function sqlValues(values: readonly unknown[]): unknown[] {
  return values.map((value) => {
    if (typeof value === "boolean") return value ? 1 : 0;
    return value === undefined ? null : value;
  });
}

export class RawDatabase {
  readonly filename: string;
  readonly readonly: boolean;
  #connection: number | null;

  /** Opens the file, and makes it if need be. ":memory:" is a database of this object alone. */
  constructor(filename: string, options: { readonly?: boolean } = {}) {
    this.filename = filename;
    this.readonly = options.readonly ?? false;
    this.#connection = operate(
      (exchange) => {
        exchange.begin(Operation.RawOpen, 0, this.readonly ? 1 : 0);
        exchange.write(filename);
      },
      (exchange) => exchange.slots[1] as number,
    );
  }

  /** The connection's number in the addon. */
  get handle(): number {
    if (this.#connection === null) throw new Error(`the database ${this.filename} is closed`);
    return this.#connection;
  }

  /** Runs all statements of the text. */
  exec(text: string): void {
    const connection = this.handle;
    operate(
      (exchange) => {
        exchange.begin(Operation.RawExec, connection);
        exchange.write(text);
      },
      () => undefined,
    );
  }

  /** The rows of one statement. */
  all(text: string, values: readonly unknown[] = []): Row[] {
    const connection = this.handle;
    return operate((exchange) => {
      exchange.begin(Operation.RawQuery, connection);
      exchange.write(text);
      exchange.write(sqlValues(values));
    }, readSqlRows);
  }

  /** Runs one statement; without values also several. */
  run(text: string, ...values: unknown[]): RawResult {
    const connection = this.handle;
    const bound =
      values.length === 1 && Array.isArray(values[0]) ? (values[0] as unknown[]) : values;
    if (bound.length === 0 && text.includes(";")) {
      this.exec(text);
      return { changes: 0, lastInsertRowid: 0 };
    }
    return operate(
      (exchange) => {
        exchange.begin(Operation.RawRun, connection);
        exchange.write(text);
        exchange.write(sqlValues(bound));
      },
      (exchange) => ({
        changes: exchange.read() as number,
        lastInsertRowid: exchange.read() as number | bigint,
      }),
    );
  }

  /** Copies the database into a file, page by page or written anew. Returns its size in bytes. */
  backUp(path: string, vacuum: boolean): number {
    const connection = this.handle;
    return operate(
      (exchange) => {
        exchange.begin(Operation.RawBackup, connection, vacuum ? 1 : 0);
        exchange.write(path);
      },
      (exchange) => exchange.slots[1] as number,
    );
  }

  query(text: string): RawStatement {
    return new RawStatement(this, text);
  }
  prepare(text: string): RawStatement {
    return new RawStatement(this, text);
  }

  close(): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    operate(
      (exchange) => exchange.begin(Operation.RawClose, connection),
      () => undefined,
    );
  }
}
