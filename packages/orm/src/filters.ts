// Moonstone. Licence: see LICENSE.
//
// Permanent filters (litestone.md 8, 10 and 44): conditions that every read of a model obeys,
// wherever its rows come from: as the answer, as related rows, as a count of them, or on a walk.
import type { Row } from "./exchange.js";
import type { ClientContext, Filter, Where } from "./options.js";

interface FilteredTable {
  readonly name: string;
  readonly relations: readonly {
    readonly name: string;
    readonly kind: string;
    readonly [property: string]: unknown;
  }[];
}

/** What a client has of them. */
export interface Filters {
  /** By the name of the model. */
  readonly filters: ReadonlyMap<string, Filter>;
  readonly tables: readonly FilteredTable[];
}

export function evaluate(filter: Filter | undefined, ctx: ClientContext): Where | null | undefined {
  return typeof filter === "function" ? filter(ctx) : filter;
}

/** The condition that all of them hold; undefined: none. */
export function allOf(wheres: readonly (Where | null | undefined)[]): Where | undefined {
  const given = wheres.filter((where) => where !== undefined && where !== null) as Where[];
  if (given.length <= 1) return given[0];
  return { AND: given.map((where) => (typeof where === "string" ? { $raw: where } : where)) };
}

function isObject(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The arguments of a read, with the filters of its model and of those that it includes. */
export function filterRead(all: Filters, table: FilteredTable, args: Row, ctx: ClientContext): Row {
  if (all.filters.size === 0) return args;
  return filterRelated(all, table, addFilter(all.filters.get(table.name), args, ctx), ctx);
}

/** The arguments of a call with the filters of the models that it includes. */
export function filterRelated(
  all: Filters,
  table: FilteredTable,
  args: Row,
  ctx: ClientContext,
): Row {
  if (all.filters.size === 0) return args;
  let filtered = args;
  for (const name of ["include", "select"]) {
    const entries = args[name];
    if (!isObject(entries)) continue;
    filtered = { ...filtered, [name]: filterEntries(all, table, entries, ctx) };
  }
  return filtered;
}

function addFilter(filter: Filter | undefined, args: Row, ctx: ClientContext): Row {
  const condition = evaluate(filter, ctx);
  if (condition === undefined || condition === null) return args;
  const filtered: Row = { ...args, where: allOf([condition, args["where"] as Where | undefined]) };
  // A walk starts at the rows of `where`; those that it meets obey the filter, too.
  const { recursive } = args;
  if (recursive === undefined || recursive === null || recursive === false) return filtered;
  const options = isObject(recursive) ? recursive : {};
  const where = allOf([condition, options["where"] as Where | undefined]);
  return { ...filtered, recursive: { ...options, where } };
}

function filterEntries(all: Filters, table: FilteredTable, entries: Row, ctx: ClientContext): Row {
  const filtered: Row = { ...entries };
  for (const [name, options] of Object.entries(entries)) {
    if (!options) continue;
    if (name === "_count") {
      filtered[name] = filterCounts(all, table, options, ctx);
      continue;
    }
    const target = targetOf(all, table, name);
    if (target !== undefined)
      filtered[name] = filterRead(all, target, isObject(options) ? options : {}, ctx);
  }
  return filtered;
}

/** `true`, `{ select: { .. } }`, or the entries themselves: as a map whose entries are filtered. */
function filterCounts(
  all: Filters,
  table: FilteredTable,
  given: unknown,
  ctx: ClientContext,
): unknown {
  const lists = table.relations.filter((relation) => relation.kind !== "belongsTo");
  if (!lists.some((list) => all.filters.has(String(list["targetModel"])))) return given;
  const selected = isObject(given) ? given["select"] : undefined;
  const entries: Row = isObject(selected)
    ? selected
    : isObject(given)
      ? given
      : Object.fromEntries(lists.map((list) => [list.name, true]));
  const counted: Row = {};
  for (const [name, options] of Object.entries(entries)) {
    const relation = isObject(options) ? (options["relation"] ?? name) : name;
    const target = targetOf(all, table, String(relation));
    const filter = target === undefined ? undefined : all.filters.get(target.name);
    const isCounted = Boolean(options) && filter !== undefined;
    counted[name] = isCounted ? addFilter(filter, isObject(options) ? options : {}, ctx) : options;
  }
  return { select: counted };
}

function targetOf(all: Filters, table: FilteredTable, name: string): FilteredTable | undefined {
  const relation = table.relations.find((one) => one.name === name);
  if (relation === undefined) return undefined;
  return all.tables.find((one) => one.name === relation["targetModel"]);
}
