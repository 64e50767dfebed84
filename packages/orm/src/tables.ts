// Moonstone. Licence: see LICENSE.
//
// The methods of tables: from the arguments of a call to what the addon answers.
import type { Core, TableInfo } from "./core.js";
import type { Exchange, Row, RowContext } from "./exchange.js";
import type { Gate } from "./gate.js";
import { hookOperation, isWrite, METHODS, type Method, METHOD_NUMBERS } from "./methods.js";
import { Operation, operate } from "./native.js";
import type { ClientContext, Scope } from "./options.js";
import { computedRows, plainRows, type Selection } from "./rows.js";
import { filterRead, filterRelated } from "./filters.js";
import { mergeScopes } from "./scopes.js";

/** What a client acts as, and in which transaction. */
export interface View {
  readonly core: Core;
  readonly context: ClientContext;
  readonly gate: Gate;
}

const enum Form {
  Rows,
  Row,
  Value,
  Page,
  RowsAndTotal,
}

/** Slots of the header of a call and of its answer. */
const SYSTEM_SLOT = 4;
const MODEL_SLOT = 5;
const WANTS_EVENTS_SLOT = 6;
const EVENTS_SLOT = 4;

/** The answer of one call; `form` and the facts come from the header or stand before it. */
export function readOutcome(
  exchange: Exchange,
  rows: RowContext,
  form: number,
  hasMore: boolean,
  total: number,
): unknown {
  switch (form as Form) {
    case Form.Rows:
      return exchange.readRows(rows) ?? [];
    case Form.Row:
      return exchange.readRows(rows)?.[0] ?? null;
    case Form.Page: {
      const nextCursor = exchange.read() as string | null;
      return { items: exchange.readRows(rows) ?? [], nextCursor, hasMore };
    }
    case Form.RowsAndTotal:
      return { rows: exchange.readRows(rows) ?? [], total };
    default:
      return exchange.read();
  }
}

/** Which computed fields a result shows. */
function selectionOf(args: unknown): Selection | undefined {
  if (typeof args !== "object" || args === null) return undefined;
  const { select, include, recursive } = args as Record<string, unknown>;
  const chosen = typeof select === "object" && select !== null ? (select as Row) : undefined;
  const related: Record<string, Selection | undefined> = {};
  for (const [name, value] of Object.entries({ ...(include as Row | undefined), ...chosen }))
    related[name] = selectionOf(value);
  const fields = chosen && new Set(Object.keys(chosen).filter((name) => Boolean(chosen[name])));
  const selection: Selection = fields === undefined ? { related } : { fields, related };
  // The rows of a tree look like its roots.
  if (isRow(recursive) && recursive["nested"]) related["children"] = selection;
  return selection;
}

/** What makes the rows of a call; search has its options second. */
export function rowsOf({ core }: View, args: unknown): RowContext {
  if (!core.hasComputed) return plainRows;
  const options: unknown = Array.isArray(args) ? args[1] : args;
  return computedRows((model) => core.host.computedOf(model), selectionOf(options));
}

/** The event of a call that changed something, as the addon tells it. */
interface Told {
  model: string;
  operation: string;
  result: unknown;
  details: unknown;
}

function readEvents(exchange: Exchange, count: number): Told[] {
  const events: Told[] = [];
  for (let i = 0; i < count; ++i) {
    const model = exchange.read() as string;
    const operation = exchange.read() as string;
    const result = exchange.read();
    events.push({ model, operation, result, details: exchange.read() });
  }
  return events;
}

/** One call, now: the gate is open. */
function callNow(view: View, table: TableInfo, method: Method, args: unknown): unknown {
  const { core, context, gate } = view;
  gate.join(table.database);
  core.host.context = context;
  let told: Told[] | undefined;
  const result = operate(
    (exchange) => {
      exchange.begin(Operation.Call, core.number, table.database, METHOD_NUMBERS.get(method));
      exchange.header(SYSTEM_SLOT, context.isSystem ? 1 : 0);
      exchange.header(MODEL_SLOT, table.number);
      exchange.header(WANTS_EVENTS_SLOT, core.hasListeners ? 1 : 0);
      exchange.write(context.auth);
      exchange.write(args);
    },
    (exchange) => {
      const [, form, hasMore, total] = exchange.slots;
      const eventCount = exchange.slots[EVENTS_SLOT] as number;
      const rows = rowsOf(view, args);
      const outcome = readOutcome(exchange, rows, form as number, hasMore === 1, total as number);
      if (eventCount > 0) told = readEvents(exchange, eventCount);
      return outcome;
    },
  );
  if (told !== undefined) tellLater(view, told);
  return result;
}

function tellLater(view: View, events: readonly Told[]): void {
  const { host } = view.core;
  view.gate.afterCommit(() => {
    for (const { model, operation, result, details } of events)
      host.tell(model, operation, result, details, view.context);
  });
}

function isRow(args: unknown): args is Row {
  return typeof args === "object" && args !== null && !Array.isArray(args);
}

function objectOf(args: unknown, method: string): Row {
  if (args === undefined || args === null) return {};
  if (isRow(args)) return args;
  throw new TypeError(`${method}: the arguments must be an object`);
}

/** Arguments with the permanent filters; search has its own second. */
function filtered(view: View, table: TableInfo, method: Method, args: unknown): unknown {
  const { core, context } = view;
  if (core.filters.size === 0) return args;
  if (isWrite(method)) return isRow(args) ? filterRelated(core, table, args, context) : args;
  if (method === "search") {
    const [text, options] = args as [unknown, unknown];
    return [text, filterRead(core, table, objectOf(options, method), context)];
  }
  return filterRead(core, table, objectOf(args, method), context);
}

/** The read between its hooks; those of writes are called by the addon, nested ones included. */
function callWithHooks(view: View, table: TableInfo, method: Method, args: unknown): unknown {
  const { core } = view;
  const operation = core.host.hasHooks && !isWrite(method) ? hookOperation(method) : undefined;
  if (operation === undefined)
    return callNow(view, table, method, filtered(view, table, method, args));
  core.host.context = view.context;
  const isSearch = method === "search";
  const [text, options] = isSearch ? (args as [unknown, unknown]) : [undefined, args];
  const given = objectOf(options, method);
  const changed = core.host.before(
    table.name,
    operation,
    isSearch ? { ...given, query: text } : { ...given },
  );
  const { query, ...rest } = changed;
  const finalArgs = isSearch ? [query, rest] : changed;
  const result = callNow(view, table, method, filtered(view, table, method, finalArgs));
  core.host.context = view.context;
  return core.host.after(table.name, operation, changed, result);
}

/** Throws if the client may not make such a call of the table. */
export function checkAccess(view: View, table: TableInfo, method: Method): void {
  const { access, driver } = view.core.databaseInfo(table.databaseName);
  const database = table.databaseName;
  if (access === false) {
    throw new Error(`Database '${database}' is not accessible in this client (access: false)`);
  }
  if (driver !== "sqlite") {
    throw new Error(
      `db.${table.accessor}.${method}() — ${driver} databases are not supported yet ` +
        `(database "${database}")`,
    );
  }
  if (access === "readonly" && (isWrite(method) || method === "optimizeFts")) {
    throw new Error(
      `Database '${database}' is readonly in this client — write operations are not allowed`,
    );
  }
}

/** `restore` gives rows; whoever expects `{ count }` finds it, too. */
function finish(method: Method, result: unknown): unknown {
  if (method === "restore" && Array.isArray(result))
    Object.defineProperty(result, "count", { value: result.length });
  return result;
}

/** Makes a call, after those that are in its way. */
export function call(
  view: View,
  table: TableInfo,
  method: Method,
  args: unknown,
): Promise<unknown> {
  try {
    checkAccess(view, table, method);
    if (view.gate.isFree)
      return Promise.resolve(finish(method, callWithHooks(view, table, method, args)));
  } catch (error) {
    return Promise.reject(error);
  }
  return view.gate.wait(() => finish(method, callWithHooks(view, table, method, args)));
}

/** The arguments as the addon wants them. */
function argumentsOf(method: Method, given: readonly unknown[]): unknown {
  if (method === "search") return [given[0], given[1] ?? {}];
  if (method === "transition") return [given[0], given[1]];
  return given[0] ?? {};
}

type Methods = Record<string, unknown>;

/** The methods of one table, for one view. */
export function makeTable(view: View, table: TableInfo): Methods {
  const methods: Methods = {};
  for (const method of METHODS) {
    methods[method] =
      method === "search" || method === "transition"
        ? (...given: unknown[]) => call(view, table, method, argumentsOf(method, given))
        : (args: unknown) => call(view, table, method, args ?? {});
  }
  methods["optimizeFts"] = () => optimizeNow(view, table);
  for (const scope of Object.keys(view.core.scopes.get(table.name) ?? {}))
    Object.defineProperty(methods, scope, {
      get: () => makeScope(view, table, [scope]),
      enumerable: true,
    });
  return methods;
}

/** The one method that answers at once. */
function optimizeNow(view: View, table: TableInfo): unknown {
  checkAccess(view, table, "optimizeFts");
  if (!view.gate.isFree) throw new Error("optimizeFts: a transaction is open; call it afterwards");
  return callNow(view, table, "optimizeFts", {});
}

const SCOPED: readonly Method[] = [
  "findMany",
  "findFirst",
  "findUnique",
  "findFirstOrThrow",
  "findUniqueOrThrow",
  "count",
  "aggregate",
  "groupBy",
  "findManyCursor",
  "query",
  "search",
];

const MODES = ["where", "withDeleted", "onlyDeleted", "withTemplates", "onlyTemplates"];
/** What of a scope counts for methods that do not take everything that findMany takes. */
const PARTS: Partial<Record<Method, readonly string[]>> = {
  count: MODES,
  aggregate: MODES,
  groupBy: MODES,
  findUnique: [...MODES, "select", "include"],
  findUniqueOrThrow: [...MODES, "select", "include"],
  findFirst: [...MODES, "select", "include", "orderBy"],
  findFirstOrThrow: [...MODES, "select", "include", "orderBy"],
};

/** `query` is the method that its arguments look like (litestone.md 18). */
function isOfGroups(method: Method, args: Row): boolean {
  return method === "query" && Object.keys(args).some((key) => key === "by" || key.startsWith("_"));
}

function partFor(method: Method, args: Row, scope: Scope): Scope {
  const names = isOfGroups(method, args) ? MODES : PARTS[method];
  if (names === undefined) return scope;
  return Object.fromEntries(Object.entries(scope).filter(([name]) => names.includes(name)));
}

/** Scopes in a row: callable (findMany), with the reads as methods and further scopes. */
function makeScope(view: View, table: TableInfo, names: readonly string[]): unknown {
  const definitions = view.core.scopes.get(table.name) ?? {};
  const run = async (method: Method, given: readonly unknown[]): Promise<unknown> => {
    const args = objectOf(method === "search" ? given[1] : given[0], method);
    const scopes = names.map((name) => partFor(method, args, definitions[name] as Scope));
    const merged = mergeScopes(scopes, args, view.context);
    return call(view, table, method, method === "search" ? [given[0], merged] : merged);
  };
  const scope = (...given: unknown[]): Promise<unknown> => run("findMany", given);
  for (const method of SCOPED)
    Object.defineProperty(scope, method, {
      value: (...given: unknown[]) => run(method, given),
      enumerable: true,
    });
  for (const name of Object.keys(definitions))
    Object.defineProperty(scope, name, {
      get: () => makeScope(view, table, [...names, name]),
      enumerable: true,
      configurable: true,
    });
  return scope;
}
