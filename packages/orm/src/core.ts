// Moonstone. Licence: see LICENSE.
//
// What all views of one client share: its databases in the addon, its schema, and what the
// application adds.
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { type DatabaseInfo, type Databases, locateDatabases } from "./databases.js";
import { Gate } from "./gate.js";
import { addHost, Host, removeHost } from "./host.js";
import { Operation, operate } from "./native.js";
import type { ClientOptions, Filter, ModelFunctions } from "./options.js";
import { RawDatabase } from "./raw.js";
import { databaseOf, type ModelDeclaration, readSchema, type SchemaTree } from "./schema.js";
import { checkScopes, type Scopes } from "./scopes.js";
import { shownSchema } from "./shown_schema.js";

/** A table that a client has. */
export interface TableInfo {
  readonly name: string;
  readonly accessor: string;
  readonly table: string;
  /** Numbers in the addon; -1: of a database that is not opened. */
  readonly number: number;
  readonly database: number;
  readonly databaseName: string;
  readonly relations: readonly RelationInfo[];
  readonly computed: readonly string[];
}
/** A relation as `$relations` shows it, with its name. */
export interface RelationInfo {
  readonly name: string;
  readonly kind: "belongsTo" | "hasMany" | "manyToMany";
  readonly [property: string]: unknown;
}

type Described = Omit<TableInfo, "database" | "databaseName">;

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Models of databases that are not opened: their tables exist and say why they do nothing. */
function closedTables(tree: SchemaTree, databases: Databases): TableInfo[] {
  const opened = new Set(databases.opened.map((database) => database.name));
  const declared = [
    ...tree.models.map((model) => ({ name: model.name, databaseName: databaseOf(model) })),
    ...tree.views.map((view) => ({ name: view.name, databaseName: view.db ?? "main" })),
    ...tree.databases
      .filter((database) => database.driver === "logger" && database.logModel === null)
      .map((database) => ({ name: `${database.name}Logs`, databaseName: database.name })),
  ];
  return declared
    .filter(({ databaseName }) => !opened.has(databaseName))
    .map(({ name, databaseName }) => ({
      name,
      accessor: lowerFirst(name),
      table: name,
      number: -1,
      database: -1,
      databaseName,
      relations: [],
      computed: [],
    }));
}

function openDatabases(
  tree: SchemaTree,
  options: ClientOptions,
  databases: Databases,
  application: { readonly hasHooks: boolean; readonly checkedModels: readonly string[] },
): { number: number; tables: TableInfo[] } {
  const { number, described } = operate(
    (exchange) => {
      exchange.begin(Operation.Open);
      exchange.write({
        schema: tree,
        databases: databases.opened,
        pluralize: options.pluralize ?? false,
        allowChildFkOverride: options.allowChildFkOverride ?? false,
        ...application,
      });
    },
    (exchange) => ({
      number: exchange.slots[1] as number,
      described: exchange.read() as Described[][],
    }),
  );
  const tables = described.flatMap((models, database) =>
    models.map((model) => ({
      ...model,
      database,
      databaseName: databases.opened[database]?.name ?? "main",
    })),
  );
  return { number, tables };
}

async function loadFunctions(
  computed: ClientOptions["computed"],
): Promise<Readonly<Record<string, ModelFunctions>>> {
  if (computed === undefined) return {};
  if (typeof computed !== "string") return computed;
  const loaded = (await import(pathToFileURL(resolve(computed)).href)) as { default?: unknown };
  return (loaded.default ?? loaded) as Readonly<Record<string, ModelFunctions>>;
}

export class Core {
  readonly options: ClientOptions;
  readonly schema: SchemaTree;
  /** What `$schema` gives. */
  readonly shownSchema: SchemaTree;
  readonly schemaPath: string | null;
  readonly databases: Databases;
  readonly number: number;
  readonly tables: readonly TableInfo[];
  readonly host: Host;
  readonly gate: Gate;
  readonly filters: ReadonlyMap<string, Filter>;
  readonly scopes: ReadonlyMap<string, Scopes>;
  readonly hasListeners: boolean;
  readonly hasComputed: boolean;
  readonly attached: Map<string, string> = new Map<string, string>();
  readonly #connections = new Map<string, RawDatabase>();
  #isClosed = false;

  static async open(options: ClientOptions): Promise<Core> {
    const { tree, file } = readSchema(options);
    const functions = await loadFunctions(options.computed);
    const databases = locateDatabases(tree, options);
    try {
      return new Core(options, tree, file, functions, databases);
    } catch (error) {
      databases.discard();
      throw error;
    }
  }

  private constructor(
    options: ClientOptions,
    schema: SchemaTree,
    schemaPath: string | null,
    functions: Readonly<Record<string, ModelFunctions>>,
    databases: Databases,
  ) {
    this.options = options;
    this.schema = schema;
    this.shownSchema = shownSchema(schema);
    this.schemaPath = schemaPath;
    this.databases = databases;
    const hostOf = (tables: readonly TableInfo[]): Host =>
      new Host(options, functions, {
        models: schema.models,
        accessors: new Map(tables.map((table) => [table.name, table.accessor])),
        tables: new Map(tables.map((table) => [table.name, table.table])),
        databases: databases.opened.map((database) => database.name),
      });
    const names = schema.models.map((model) => namesOf(model));
    const early = hostOf(names);
    const { hasHooks, checkedModels } = early;
    const opened = openDatabases(schema, options, databases, { hasHooks, checkedModels });
    this.number = opened.number;
    this.tables = [...opened.tables, ...closedTables(schema, databases)];
    this.host = hostOf(this.tables);
    this.gate = new Gate(this.number);
    this.hasListeners = this.host.hasListeners;
    this.hasComputed = this.host.hasComputed;
    addHost(this.number, this.host);
    try {
      this.scopes = checkScopes(options.scopes ?? {}, this.tables);
      this.filters = this.#checkFilters(options.filters ?? {});
    } catch (error) {
      this.close();
      throw error;
    }
    this.observe();
    this.#warn();
  }

  #checkFilters(filters: Readonly<Record<string, Filter>>): Map<string, Filter> {
    const checked = new Map<string, Filter>();
    for (const [name, filter] of Object.entries(filters)) {
      const table = this.tables.find((one) => one.accessor === name || one.name === name);
      if (table === undefined) {
        const known = this.tables.map((one) => one.accessor).join(", ");
        throw new Error(`filters: unknown model "${name}". Models: ${known}`);
      }
      checked.set(table.name, filter);
    }
    return checked;
  }

  /** Says what of the schema is not done by anybody. */
  #warn(): void {
    for (const table of this.tables) {
      const computed = this.host.computedOf(table.name) ?? {};
      for (const field of table.computed) {
        if (computed[field] === undefined)
          console.warn(`@computed field "${table.name}.${field}" has no compute function defined`);
      }
    }
    const open = this.schema.models.filter((model) => model.attributes.some(isUnguarded));
    if (open.length > 0) {
      const names = open.map((model) => model.name).join(", ");
      process.emitWarning(
        `@moonstone/orm does not enforce @@allow, @@deny and @@gate yet (${names})`,
        { code: "MOONSTONE_NO_POLICIES" },
      );
    }
    const secret = this.schema.models.flatMap((model) =>
      model.fields
        .filter((field) => field.attributes.some(({ kind }) => UNHIDDEN.has(kind)))
        .map((field) => `${model.name}.${field.name}`),
    );
    if (secret.length > 0) {
      process.emitWarning(
        "@moonstone/orm does not encrypt, guard or omit fields yet (" + secret.join(", ") + ")",
        { code: "MOONSTONE_NO_FIELD_PROTECTION" },
      );
    }
  }

  /** Tells the addon whether somebody watches. */
  observe(): void {
    const isObserved = this.host.taps.size > 0 ? 1 : 0;
    operate(
      (exchange) => exchange.begin(Operation.Observe, this.number, isObserved),
      () => undefined,
    );
  }

  databaseInfo(name: string): DatabaseInfo {
    return this.databases.info[name] as DatabaseInfo;
  }

  /** The number of an open database in the addon. */
  databaseNumber(name: string): number {
    const number = this.databases.opened.findIndex((one) => one.name === name);
    if (number < 0) throw new Error(`there is no open database "${name}"`);
    return number;
  }

  findTable(accessor: string): TableInfo | undefined {
    return this.tables.find((table) => table.accessor === accessor);
  }

  /** The connection for SQL of the application. Opened when it is first used. */
  connection(name: string): RawDatabase {
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const database = this.databases.opened.find((one) => one.name === name);
    if (database === undefined) throw new Error(`there is no open database "${name}"`);
    const isReadonly = this.databaseInfo(name).access === "readonly";
    const connection = new RawDatabase(database.path, { readonly: isReadonly });
    this.#connections.set(name, connection);
    return connection;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.gate.end(new Error("the client is closed"));
    removeHost(this.number);
    for (const connection of this.#connections.values()) connection.close();
    operate(
      (exchange) => exchange.begin(Operation.Close, this.number),
      () => undefined,
    );
    this.databases.discard();
  }
}

const UNHIDDEN: ReadonlySet<string> = new Set([
  "encrypted",
  "secret",
  "guarded",
  "omit",
  "fieldAllow",
]);

function isUnguarded({ kind }: { kind: string }): boolean {
  return kind === "allow" || kind === "deny" || kind === "gate";
}

function namesOf(model: ModelDeclaration): TableInfo {
  return {
    name: model.name,
    accessor: lowerFirst(model.name),
    table: model.name,
    number: -1,
    database: -1,
    databaseName: databaseOf(model),
    relations: [],
    computed: [],
  };
}
