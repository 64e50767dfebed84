// Moonstone. Licence: see LICENSE.
//
// The options of createClient (litestone.md 8), and what of them is not there yet.
import type { Row } from "./exchange.js";
import type { ParseResult } from "./schema.js";

/** On whose behalf a client acts, as functions of the application see it. */
export interface ClientContext {
  readonly auth: unknown;
  readonly isSystem: boolean;
}

/** What a hook is told; the second argument. */
export interface HookContext {
  readonly model: string;
  readonly operation: string;
  args: Row;
  readonly schema: unknown;
  result?: unknown;
}
/** May change `hook.args` or `hook.result`, or return what is merged into the arguments, or
 * `{ result }`. It is not waited for. */
export type Hook = (client: ClientContext, hook: HookContext) => unknown;
export type Hooks = Record<string, Hook | readonly Hook[]>;

/** What happened, told after its commit. */
export interface ModelEvent {
  readonly model: string;
  readonly operation?: string;
  readonly result?: unknown;
  readonly schema?: unknown;
  readonly transition?: string;
  readonly field?: string;
  readonly from?: string;
  readonly to?: string;
  readonly record?: unknown;
}
export type EventListener = (event: ModelEvent, client: ClientContext) => unknown;

/** One statement that ran. */
export interface QueryEvent {
  /** The table. */
  readonly model: string;
  readonly database: string;
  readonly actorId: unknown;
  readonly operation: string;
  readonly args: unknown;
  readonly sql: string;
  readonly params: unknown[] | null;
  /** In milliseconds; the database alone. */
  readonly duration: number;
  readonly rowCount: number;
}
export type QueryListener = (event: QueryEvent) => unknown;

export type Where = Row | string;
export type Filter = Where | ((ctx: ClientContext) => Where | null | undefined);

/** A fragment of a query with a name. */
export interface Scope extends Row {
  readonly where?: Filter;
}

export interface ValidationRule {
  check(data: Row): unknown;
  readonly message?: string;
  readonly path?: readonly string[];
}
export type ComputedField = (row: Row, ctx: ClientContext) => unknown;
/** Fields that the application computes for a model, and its rules for data (`$validate`). */
export type ModelFunctions = Record<string, ComputedField | readonly ValidationRule[]>;

export type Access = "readwrite" | "readonly" | false;

export interface ClientOptions {
  /** A schema that was parsed already. */
  readonly parsed?: ParseResult;
  /** The text of a schema, or the path of one. */
  readonly schema?: string;
  /** The path of a schema. */
  readonly path?: string;
  /** The file of the main database, or ":memory:". */
  readonly db?: string;
  readonly databases?: ":memory:" | Readonly<Record<string, { readonly path?: string }>>;
  readonly computed?: Readonly<Record<string, ModelFunctions>> | string;
  readonly hooks?: { readonly before?: Hooks; readonly after?: Hooks };
  readonly onEvent?: Readonly<Record<string, EventListener | readonly EventListener[]>>;
  readonly filters?: Readonly<Record<string, Filter>>;
  readonly scopes?: Readonly<Record<string, Readonly<Record<string, Scope>>>>;
  readonly onQuery?: QueryListener;
  readonly access?: Readonly<Record<string, Access>>;
  readonly readOnly?: boolean;
  readonly pluralize?: boolean;
  readonly allowChildFkOverride?: boolean;
  /** Which names the types of the schema may have. */
  readonly dialect?: "1.0.3" | "1.0.6" | "any";
  readonly migrationsDir?: string;
  /** Not there yet: refused unless empty. */
  readonly plugins?: readonly unknown[];
  /** Accepted; nothing is encrypted yet. */
  readonly encryptionKey?: string | Uint8Array;
  /** Accepted; nothing is logged yet. */
  readonly onLog?: (...args: never[]) => unknown;
  /** Accepted; there are no policies yet. */
  readonly policyDebug?: boolean | "verbose";
}

const KNOWN: ReadonlySet<string> = new Set([
  "parsed",
  "schema",
  "path",
  "db",
  "databases",
  "computed",
  "hooks",
  "onEvent",
  "filters",
  "scopes",
  "onQuery",
  "access",
  "readOnly",
  "pluralize",
  "allowChildFkOverride",
  "dialect",
  "migrationsDir",
  "plugins",
  "encryptionKey",
  "onLog",
  "policyDebug",
]);

/** Refuses what would be ignored silently. */
export function checkOptions(options: ClientOptions): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError("createClient: the options must be an object");
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) throw new TypeError(`createClient: unknown option "${name}"`);
  }
  if ((options.plugins?.length ?? 0) > 0)
    throw new Error("createClient: plugins are not supported yet");
  checkKey(options.encryptionKey);
}

function checkKey(key: string | Uint8Array | undefined): void {
  if (key === undefined) return;
  const bytes = typeof key === "string" ? Buffer.from(key, "hex").length : key.length;
  if (bytes !== 32) {
    throw new Error(
      `Encryption key must be 32 bytes (got ${bytes}). Give 64 hexadecimal characters.`,
    );
  }
}
