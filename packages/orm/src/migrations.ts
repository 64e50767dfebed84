// Moonstone. Licence: see LICENSE.
//
// Migrations and introspection (litestone.md 35, 36). A database is a client, or a RawDatabase.
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Client, coreOf } from "./client.js";
import type { Row } from "./exchange.js";
import { Operation, operate } from "./native.js";
import { RawDatabase } from "./raw.js";
import type { ParseResult, SchemaTree } from "./schema.js";
import { sourceOf } from "./shown_schema.js";

export interface CreatedMigration {
  readonly created: boolean;
  readonly message?: string;
  readonly name?: string;
  readonly filePath?: string;
  /** Lines of text. */
  readonly summary?: string;
  readonly sql?: string;
}
export interface AppliedMigrations {
  readonly applied: { file: string; ok: boolean; elapsed?: string; error?: string }[];
  readonly pending: number;
  readonly message?: string;
  readonly failed?: string;
  readonly error?: string;
}
export interface MigrationStatus {
  readonly file: string;
  readonly state: "applied" | "pending" | "modified" | "orphaned";
  readonly applied_at: string | null;
  readonly tampered: boolean;
  readonly sql: string | null;
}
export interface Verification {
  readonly state: "in-sync" | "pending" | "drift";
  readonly message: string;
  readonly pending?: string[];
  readonly diff?: unknown;
}
export interface AutoMigration {
  readonly state: "in-sync" | "migrated" | "skipped";
  readonly applied?: number;
  readonly sql?: string;
  readonly reason?: string;
}

type Source = Client | RawDatabase;
type Parsed = ParseResult | SchemaTree;

/** One database of a source. */
interface Place {
  readonly connection: RawDatabase;
  readonly database: string;
  readonly folder: string;
  readonly prefix: string;
}

function placesOf(source: Source, folder: string): Place[] {
  if (source instanceof RawDatabase)
    return [{ connection: source, database: "main", folder: resolve(folder), prefix: "" }];
  const core = coreOf(source);
  const { opened } = core.databases;
  return opened.map(({ name }) => ({
    connection: core.connection(name),
    database: name,
    folder: opened.length === 1 ? resolve(folder) : join(resolve(folder), name),
    prefix: opened.length === 1 ? "" : `${name}: `,
  }));
}

function treeOf(parsed: Parsed): SchemaTree {
  if ("models" in parsed) return sourceOf(parsed);
  if (parsed.schema === null || !parsed.valid)
    throw new Error(`schema.lite has errors:\n${parsed.errors.join("\n")}`);
  return sourceOf(parsed.schema);
}

function run<T>(operation: Operation, place: Place, more: Row = {}): T {
  const { connection, database, folder, prefix } = place;
  const handle = connection.handle;
  return operate(
    (exchange) => {
      exchange.begin(operation, handle);
      exchange.write({ database, folder, prefix, ...more });
    },
    (exchange) => exchange.read() as T,
  );
}

/** The answer for the only database, or one for each. */
function each<T>(places: readonly Place[], work: (place: Place) => T): T | Record<string, T> {
  const [first] = places;
  if (places.length === 1 && first !== undefined) return work(first);
  return Object.fromEntries(places.map((place) => [place.database, work(place)]));
}

export interface CreateOptions {
  readonly pluralize?: boolean;
  /** Says what the file would be, and writes none. */
  readonly isDryRun?: boolean;
}

/** Writes the migration from what a database is to what its schema says. */
export function create(
  source: Source,
  parsed: Parsed,
  label = "migration",
  folder = "./migrations",
  options: CreateOptions = {},
): CreatedMigration | Record<string, CreatedMigration> {
  const schema = treeOf(parsed);
  return each(placesOf(source, folder), (place) =>
    run<CreatedMigration>(Operation.MigrationCreate, place, { schema, label, ...options }),
  );
}

interface Script {
  readonly file: string;
  readonly path: string;
}

function start(place: Place): number {
  const handle = place.connection.handle;
  const { database, folder, prefix } = place;
  return operate(
    (exchange) => {
      exchange.begin(Operation.MigrationStart, handle);
      exchange.write({ database, folder, prefix });
    },
    (exchange) => exchange.slots[1] as number,
  );
}

/** What SQL comes next runs; then there is a script, or the outcome. */
function next(number: number): { script: Script | null; outcome: AppliedMigrations } {
  return operate(
    (exchange) => exchange.begin(Operation.MigrationNext, number),
    (exchange) => {
      const script = exchange.read() as Script | null;
      return { script, outcome: exchange.read() as AppliedMigrations };
    },
  );
}

function finish(number: number, failure: string | null): void {
  operate(
    (exchange) => {
      exchange.begin(Operation.MigrationFinish, number);
      exchange.write(failure);
    },
    () => undefined,
  );
}

async function runScript(script: Script, client: Client | undefined): Promise<string | null> {
  try {
    if (client === undefined)
      throw new Error(`${script.file} is JavaScript: give apply() a client to run it with`);
    const module = (await import(pathToFileURL(script.path).href)) as Record<string, unknown>;
    const up = module["up"] ?? module["default"];
    if (typeof up !== "function")
      throw new Error(`${script.file} exports no function "up", nor a function as its default`);
    await client.$transaction((tx) => up(tx) as Promise<unknown>);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function runRest(
  number: number,
  script: Script,
  client: Client | undefined,
): Promise<AppliedMigrations> {
  let waiting: Script | null = script;
  for (;;) {
    finish(number, await runScript(waiting, client));
    const step = next(number);
    if (step.script === null) return step.outcome;
    waiting = step.script;
  }
}

/** Applies one place; what is SQL until the first script has run when it returns. */
function applyTo(place: Place, client: Client | undefined): Promise<AppliedMigrations> {
  try {
    const number = start(place);
    const { script, outcome } = next(number);
    return script === null ? Promise.resolve(outcome) : runRest(number, script, client);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Applies the migrations that wait. Those in SQL before the first one in JavaScript have run when
 * the call returns; its promise tells the rest. JavaScript needs a client.
 */
export function apply(
  source: Source,
  folder = "./migrations",
  client?: Client,
): Promise<AppliedMigrations | Record<string, AppliedMigrations>> {
  const scriptClient = client ?? (source instanceof RawDatabase ? undefined : source);
  const places = placesOf(source, folder);
  const runs = places.map((place) => applyTo(place, scriptClient));
  if (runs.length === 1) return runs[0] as Promise<AppliedMigrations>;
  return Promise.all(runs).then((outcomes) =>
    Object.fromEntries(places.map((place, i) => [place.database, outcomes[i]])),
  ) as Promise<Record<string, AppliedMigrations>>;
}

/** What became of every migration. */
export function status(
  source: Source,
  folder = "./migrations",
): MigrationStatus[] | Record<string, MigrationStatus[]> {
  return each(placesOf(source, folder), (place) =>
    run<MigrationStatus[]>(Operation.MigrationStatus, place),
  );
}

/** Whether a database is what its schema says. */
export function verify(
  source: Source,
  parsed: Parsed,
  folder = "./migrations",
  options: { readonly pluralize?: boolean } = {},
): Verification | Record<string, Verification> {
  const schema = treeOf(parsed);
  return each(placesOf(source, folder), (place) =>
    run<Verification>(Operation.MigrationVerify, place, { schema, ...options }),
  );
}

/** Brings the databases of a client to its schema, or to another one, without files. */
export function autoMigrate(client: Client, parsed?: Parsed): Record<string, AutoMigration> {
  const core = coreOf(client);
  const schema = parsed === undefined ? core.schema : treeOf(parsed);
  const pluralize = core.options.pluralize ?? false;
  return Object.fromEntries(
    placesOf(client, ".").map((place) => [
      place.database,
      run<AutoMigration>(Operation.AutoMigrate, place, { schema, pluralize }),
    ]),
  );
}

/** A schema for a database that is there already. */
export function generateLiteSchema(
  source: Source,
  options: { readonly camelCase?: boolean } = {},
): string {
  const [place] = placesOf(source, ".");
  if (place === undefined) throw new Error("generateLiteSchema: the client has no database");
  return run<string>(Operation.LiteSchema, place, { ...options });
}
