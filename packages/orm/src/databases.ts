// Moonstone. Licence: see LICENSE.
//
// Where the databases of a client are, and what it may do with them.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Access, ClientOptions } from "./options.js";
import { type DatabaseDeclaration, databaseOf, type SchemaTree } from "./schema.js";

export interface DatabaseInfo {
  readonly driver: "sqlite" | "jsonl" | "logger";
  readonly access: Access;
  readonly path: string;
}

export interface Databases {
  readonly info: Readonly<Record<string, DatabaseInfo>>;
  /** The SQLite ones that this client opens, in the order of their numbers. */
  readonly opened: readonly { readonly name: string; readonly path: string }[];
  /** Deletes what is temporary. */
  discard(): void;
}

const MEMORY = ":memory:";

/** Folders of open clients. One listener removes them all: a program may have many clients. */
const folders = new Set<string>();

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

class TemporaryFolder {
  #path: string | undefined;

  file(name: string): string {
    if (this.#path === undefined) {
      this.#path = mkdtempSync(join(tmpdir(), "moonstone-orm-"));
      if (folders.size === 0) process.once("exit", removeFolders);
      folders.add(this.#path);
    }
    return join(this.#path, name);
  }
  discard(): void {
    if (this.#path === undefined) return;
    rmSync(this.#path, { recursive: true, force: true });
    folders.delete(this.#path);
    if (folders.size === 0) process.removeListener("exit", removeFolders);
    this.#path = undefined;
  }
}

function declaredPath(database: DatabaseDeclaration): string {
  const { path } = database;
  if (path.kind === "literal") return path.value;
  const value = process.env[path.var] || path.default;
  if (value) return value;
  throw new Error(
    `database "${database.name}": the environment variable ${path.var} is not set and has no default`,
  );
}

function pathOf(
  database: DatabaseDeclaration | undefined,
  name: string,
  options: ClientOptions,
): string {
  if (options.databases === MEMORY) return MEMORY;
  const override = options.databases?.[name]?.path;
  if (override !== undefined) return override;
  if (database !== undefined) return declaredPath(database);
  if (options.db !== undefined) return options.db;
  throw new Error(
    'createClient: where is the database? Give `db: "./app.db"`, or declare ' +
      '`database main { path "./app.db" }` in the schema',
  );
}

function accessOf(name: string, driver: string, options: ClientOptions): Access {
  const given = options.access?.[name];
  if (given !== undefined) return given;
  return options.readOnly === true && driver === "sqlite" ? "readonly" : "readwrite";
}

function checkNames(tree: SchemaTree, options: ClientOptions): void {
  const names = new Set(["main", ...tree.databases.map((database) => database.name)]);
  const overridden = typeof options.databases === "object" ? Object.keys(options.databases) : [];
  for (const name of [...overridden, ...Object.keys(options.access ?? {})]) {
    if (!names.has(name)) throw new Error(`createClient: the schema has no database "${name}"`);
  }
}

/** The databases of a schema under the options of a client. Makes the folders of their files. */
export function locateDatabases(tree: SchemaTree, options: ClientOptions): Databases {
  checkNames(tree, options);
  const temporary = new TemporaryFolder();
  const info: Record<string, DatabaseInfo> = {};
  const opened: { name: string; path: string }[] = [];
  const hasMain = tree.databases.some((database) => database.name === "main");
  const needsMain =
    tree.databases.length === 0 ||
    options.db !== undefined ||
    tree.models.some((model) => databaseOf(model) === "main");
  const declared: { name: string; database?: DatabaseDeclaration }[] = tree.databases.map(
    (database) => ({ name: database.name, database }),
  );
  if (!hasMain && needsMain) declared.unshift({ name: "main" });
  for (const { name, database } of declared) {
    const driver = database?.driver ?? "sqlite";
    const given = pathOf(database, name, options);
    const access = accessOf(name, driver, options);
    info[name] = { driver, access, path: given };
    if (driver !== "sqlite" || access === false) continue;
    const path = given === MEMORY ? temporary.file(`${name}.db`) : resolve(given);
    mkdirSync(dirname(path), { recursive: true });
    opened.push({ name, path });
  }
  return { info, opened, discard: () => temporary.discard() };
}
