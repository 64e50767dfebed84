// What the random reads should answer: each argument of litestone.md 10 to 14, 17 and 32.4 on rows
// in memory, in the plainest way.
import { type Field, fieldsOf, type Model, type World } from "./reads_random_schema.js";
import type { Row } from "./reads_support.js";

/** What SQL knows: null is "unknown"; undefined is no condition at all, which AND and OR leave out. */
type Truth = boolean | null | undefined;

function join(all: readonly Truth[], decisive: boolean): Truth {
  const parts = all.filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  return parts.includes(decisive) ? decisive : parts.includes(null) ? null : !decisive;
}
const and = (parts: readonly Truth[]): Truth => join(parts, false);
const or = (parts: readonly Truth[]): Truth => join(parts, true);
const not = (part: Truth): Truth => (typeof part === "boolean" ? !part : part);

/** Whether a row stays under a condition. */
const isKept = (part: Truth): boolean => part === true || part === undefined;

/** Values as the database compares them: numbers before text, text by its bytes. */
function plain(value: unknown): unknown {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "object" && value !== null ? JSON.stringify(value) : (value ?? null);
}

/** Below zero, zero or above it; null is the smallest. */
export function compare(left: unknown, right: unknown): number {
  const [a, b] = [plain(left), plain(right)];
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return (a as number) - (b as number);
}

/** LIKE: % is any text, _ any character; letters of ASCII are the same in both cases. */
function isLike(value: unknown, pattern: string): Truth {
  if (value === null) return null;
  const fold = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const source = [...fold(pattern)]
    .map((one) =>
      one === "%" ? ".*" : one === "_" ? "." : one.replace(/[$()*+.?[\\\]^{|}]/, "\\$&"),
    )
    .join("");
  return new RegExp(`^${source}$`, "su").test(fold(String(plain(value))));
}

function isIn(value: unknown, list: readonly unknown[]): Truth {
  if (list.length === 0) return false;
  if (value === null) return null;
  if (list.some((one) => one !== null && compare(one, value) === 0)) return true;
  return list.includes(null) ? null : false;
}

function ordered(value: unknown, operand: unknown, holds: (sign: number) => boolean): Truth {
  return value === null || operand === null ? null : holds(compare(value, operand));
}

/** One operator on a value; `value` is what a column or a path in JSON gives. */
function operate(name: string, value: unknown, operand: any): Truth {
  switch (name) {
    case "gt":
      return ordered(value, operand, (sign) => sign > 0);
    case "gte":
      return ordered(value, operand, (sign) => sign >= 0);
    case "lt":
      return ordered(value, operand, (sign) => sign < 0);
    case "lte":
      return ordered(value, operand, (sign) => sign <= 0);
    case "not":
      return operand === null ? value !== null : ordered(value, operand, (sign) => sign !== 0);
    case "in":
      return isIn(value, operand);
    case "notIn":
      return operand.length === 0 ? undefined : or([not(isIn(value, operand)), value === null]);
    case "contains":
      return isLike(value, `%${operand}%`);
    case "startsWith":
      return isLike(value, `${operand}%`);
    case "endsWith":
      return isLike(value, `%${operand}`);
    case "has":
      return (value as unknown[]).includes(operand);
    case "hasEvery":
      return and(operand.map((one: unknown) => (value as unknown[]).includes(one)));
    case "hasSome":
      return operand.some((one: unknown) => (value as unknown[]).includes(one));
    case "isEmpty":
      return ((value as unknown[]).length === 0) === operand;
    default:
      throw new Error(`the oracle knows no operator ${name}`);
  }
}

const OPERATORS = ["gt", "gte", "lt", "lte", "not", "in", "notIn", "contains", "startsWith"];

function matchesValue(value: unknown, test: any, isJson: boolean): Truth {
  if (test === null) return value === null;
  if (Array.isArray(test)) return isIn(value, test);
  if (typeof test !== "object") return ordered(value, test, (sign) => sign === 0);
  const entries = Object.entries(test);
  if (isJson && entries.some(([name]) => !OPERATORS.includes(name) && name !== "endsWith")) {
    const inner = (value ?? {}) as Row;
    return and(
      entries.map(([key, part]) => {
        const member = inner[key] ?? null;
        const isDeeper = part !== null && typeof part === "object" && !Array.isArray(part);
        return matchesValue(member, part, isDeeper);
      }),
    );
  }
  return and(entries.map(([name, operand]) => operate(name, value, operand)));
}

export function matches(row: Row, where: Row | undefined): Truth {
  return and(
    Object.entries(where ?? {}).map(([name, test]) => {
      if (name === "AND") return and(test.map((one: Row) => matches(row, one)));
      if (name === "OR") return or(test.map((one: Row) => matches(row, one)));
      if (name === "NOT") return not(matches(row, test));
      const value = row[name] ?? null;
      const isJson = typeof value === "object" && !Array.isArray(value);
      return matchesValue(value, test, isJson);
    }),
  );
}

interface Direction {
  readonly sign: number;
  readonly areNullsLast: boolean;
}

function directionOf(given: any): Direction {
  const dir = typeof given === "string" ? given : given.dir;
  const sign = dir === "desc" ? -1 : 1;
  const nulls = typeof given === "string" ? undefined : given.nulls;
  return { sign, areNullsLast: nulls === undefined ? sign < 0 : nulls === "last" };
}

function compareIn(direction: Direction, left: unknown, right: unknown): number {
  if (left === null || right === null) {
    if (left === right) return 0;
    return (left === null) === direction.areNullsLast ? 1 : -1;
  }
  return direction.sign * compare(left, right);
}

function aggregateOf(name: string, values: readonly unknown[]): unknown {
  const present = values.filter((value) => value !== null);
  const numbers = present.map((value) => Number(plain(value)));
  if (name === "_count") return present.length;
  if (present.length === 0) return null;
  const sorted = [...present].sort(compare);
  if (name === "_min") return plain(sorted[0]);
  if (name === "_max") return plain(sorted.at(-1));
  const sum = numbers.reduce((total, value) => total + value, 0);
  return name === "_sum" ? sum : sum / numbers.length;
}

export class Oracle {
  readonly #world: World;
  readonly #filters: ReadonlyMap<string, Row>;

  /** `filters` are permanent conditions by the name of the model. */
  constructor(world: World, filters: ReadonlyMap<string, Row> = new Map()) {
    this.#world = world;
    this.#filters = filters;
  }

  #model(name: string): Model {
    return this.#world.models.find((model) => model.name === name) as Model;
  }

  #rows(name: string): Row[] {
    return this.#world.rows.get(name) ?? [];
  }

  #isMeant(model: Model, row: Row, options: Row): boolean {
    if (!isKept(matches(row, this.#filters.get(model.name)))) return false;
    if (!model.hasSoftDelete || options["withDeleted"]) return true;
    return (row["deletedAt"] !== null) === Boolean(options["onlyDeleted"]);
  }

  /** The rows of a list relation, in the order of storage. */
  #children(model: Model, row: Row, name: string): Row[] {
    const relation = model.relations.find((one) => one.name === name)!;
    const targets = this.#rows(relation.target);
    if (relation.kind === "hasMany")
      return targets.filter((target) => target[relation.foreignKey] === row["id"]);
    const links = this.#world.links.get(`${model.name}.${name}`) ?? [];
    return targets.filter((target) =>
      links.some(([own, other]) => own === row["id"] && other === target["id"]),
    );
  }

  #parent(model: Model, row: Row, name: string): Row | null {
    const relation = model.relations.find((one) => one.name === name)!;
    const key = row[relation.foreignKey];
    return this.#rows(relation.target).find((target) => target["id"] === key) ?? null;
  }

  /** The value that one entry of an order sorts by, and how. */
  #sortValue(model: Model, row: Row | null, name: string, given: any): [unknown, Direction] {
    const relation = model.relations.find((one) => one.name === name);
    if (relation === undefined) return [row?.[name] ?? null, directionOf(given)];
    const [inner, part] = Object.entries(given)[0] as [string, any];
    if (relation.kind === "belongsTo") {
      const parent = row === null ? null : this.#parent(model, row, name);
      return this.#sortValue(this.#model(relation.target), parent, inner, part);
    }
    const children = this.#children(model, row as Row, name);
    if (inner === "_count") return [children.length, directionOf(part)];
    const [field, direction] = Object.entries(part)[0] as [string, any];
    const values = children.map((child) => child[field] ?? null);
    return [aggregateOf(inner, values), directionOf(direction)];
  }

  sort(model: Model, rows: readonly Row[], orderBy: any): Row[] {
    const entries = [orderBy ?? []].flat().flatMap((entry: Row) => Object.entries(entry));
    return [...rows].sort((left, right) => {
      for (const [name, given] of entries) {
        const [a, direction] = this.#sortValue(model, left, name, given);
        const [b] = this.#sortValue(model, right, name, given);
        const sign = compareIn(direction, a, b);
        if (sign !== 0) return sign;
      }
      return 0;
    });
  }

  /** What where and modes leave, in order. */
  find(model: Model, args: Row, from = this.#rows(model.name)): Row[] {
    const found = from.filter(
      (row) => this.#isMeant(model, row, args) && isKept(matches(row, args["where"])),
    );
    return this.sort(model, found, args["orderBy"]);
  }

  /** Rows as `select`, `include` and `_count` want them. */
  project(model: Model, rows: readonly Row[], args: Row): Row[] {
    const { select, include } = args;
    const isField = (name: string): boolean =>
      fieldsOf(model).some((field: Field) => field.name === name);
    return rows.map((row) => {
      const shown: Row = {};
      for (const { name } of fieldsOf(model))
        if (select === undefined || select[name]) shown[name] = row[name];
      const related = { ...include, ...select };
      for (const [name, options] of Object.entries<any>(related)) {
        if (!options || isField(name)) continue;
        shown[name] =
          name === "_count"
            ? this.#counts(model, row, options)
            : this.#related(model, row, name, options);
      }
      return shown;
    });
  }

  #related(model: Model, row: Row, name: string, options: any): unknown {
    const args: Row = options === true ? {} : options;
    const relation = model.relations.find((one) => one.name === name)!;
    const target = this.#model(relation.target);
    if (relation.kind === "belongsTo") {
      const parent = this.#parent(model, row, name);
      const found = parent === null ? [] : this.find(target, args, [parent]);
      return this.project(target, found, args)[0] ?? null;
    }
    const found = this.find(target, args, this.#children(model, row, name));
    return this.project(target, cut(found, args), args);
  }

  #counts(model: Model, row: Row, given: any): Row {
    const lists = model.relations.filter((relation) => relation.kind !== "belongsTo");
    const entries: Row =
      given === true ? Object.fromEntries(lists.map((list) => [list.name, true])) : given.select;
    return Object.fromEntries(
      Object.entries<any>(entries).map(([alias, options]) => {
        const name = options.relation ?? alias;
        const target = this.#model(model.relations.find((one) => one.name === name)!.target);
        const where = options === true ? {} : { where: options.where };
        return [alias, this.find(target, where, this.#children(model, row, name)).length];
      }),
    );
  }

  findMany(model: Model, args: Row): Row[] {
    const found = this.find(model, args);
    if (args["distinct"] === true) {
      const shown = this.project(model, found, args);
      const isFirst = (row: Row, index: number): boolean =>
        shown.findIndex((other) => JSON.stringify(other) === JSON.stringify(row)) === index;
      return cut(shown.filter(isFirst), args);
    }
    const shown = this.project(model, found, args);
    for (const [alias, spec] of Object.entries<any>(args["window"] ?? {}))
      this.#window(model, found, spec).forEach((value, index) => (shown[index]![alias] = value));
    return cut(shown, args);
  }

  /** The values of one window, for each row. */
  #window(model: Model, rows: readonly Row[], spec: any): unknown[] {
    const group = (row: Row): string =>
      JSON.stringify([spec.partitionBy ?? []].flat().map((field: string) => plain(row[field])));
    return rows.map((row) => {
      const part = this.sort(
        model,
        rows.filter((other) => group(other) === group(row)),
        spec.orderBy,
      );
      return windowValue(part, part.indexOf(row), spec);
    });
  }

  /** All rows in the order of pages: the key goes last, in the direction of the last column. */
  pages(model: Model, args: Row): Row[] {
    const entries = [args["orderBy"] ?? []].flat();
    const last: any = Object.values(entries.at(-1) ?? { id: "asc" })[0];
    const orderBy = [...entries, { id: last.dir ?? last }];
    return this.project(model, this.find(model, { ...args, orderBy }), args);
  }

  aggregate(model: Model, args: Row): Row {
    return aggregates(model, this.find(model, { ...args, orderBy: undefined }), args);
  }

  groupBy(model: Model, args: any): Row[] {
    const groups = new Map<string, Row[]>();
    for (const row of this.find(model, { ...args, orderBy: undefined })) {
      const key = JSON.stringify(args.by.map((field: string) => plain(row[field])));
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    const kept = [...groups.values()].filter((rows) => meets(rows, args.having));
    const result = kept.map((rows) => ({
      ...Object.fromEntries(args.by.map((field: string) => [field, plain(rows[0]![field])])),
      ...aggregates(model, rows, args),
    }));
    return cut(this.sort({ ...model, relations: [] }, result, args.orderBy), args);
  }

  /** The rows below or above those of `where`, by depth and key. */
  walk(model: Model, args: any): Row[] {
    const isUp = args.recursive.direction === "ancestors";
    let level = this.find(model, { ...args, orderBy: undefined });
    const found: Row[] = [];
    for (
      let depth = 1;
      depth <= (args.recursive.maxDepth ?? 1000) && level.length > 0;
      depth += 1
    ) {
      const next = this.#rows(model.name).filter((row) =>
        level.some((one) => (isUp ? one["parentId"] === row["id"] : row["parentId"] === one["id"])),
      );
      level = next.filter((row) => this.#isMeant(model, row, args));
      found.push(...level.map((row) => ({ ...row, _depth: depth })));
    }
    const byKey = (left: Row, right: Row): number =>
      left["_depth"] - right["_depth"] || compare(left["id"], right["id"]);
    return cut(found.sort(byKey), args);
  }
}

function cut<T>(rows: readonly T[], args: Row): T[] {
  const offset = args["offset"] ?? 0;
  return rows.slice(offset, args["limit"] === undefined ? undefined : offset + args["limit"]);
}

function aggregates(model: Model, rows: readonly Row[], args: Row): Row {
  const result: Row = {};
  const values = (field: string, from = rows): unknown[] => from.map((row) => row[field] ?? null);
  for (const [name, spec] of Object.entries<any>(args)) {
    if (name === "_count") {
      const present = spec === true ? [] : values(spec.distinct).filter((value) => value !== null);
      result[name] =
        spec === true ? rows.length : new Set(present.map((value) => plain(value))).size;
    } else if (["_sum", "_avg", "_min", "_max"].includes(name)) {
      result[name] = Object.fromEntries(
        Object.keys(spec).map((field) => [field, aggregateOf(name, values(field))]),
      );
    } else if (name.startsWith("_")) {
      const [kind, field] = Object.entries(spec)[0] as [string, any];
      // The random filters are of the form `"field" op ?`.
      const [, column, sign] = /^"(\w+)" (>=|<>) \?$/.exec(spec.filter.sql) as unknown as string[];
      const tested = fieldsOf(model).find((one) => one.column === column) as Field;
      const operator = sign === ">=" ? "gte" : "not";
      const kept = rows.filter((row) =>
        isKept(operate(operator, row[tested.name] ?? null, spec.filter.params[0])),
      );
      result[name] = field === true ? kept.length : aggregateOf(`_${kind}`, values(field, kept));
    }
  }
  return result;
}

function meets(rows: readonly Row[], having: any): boolean {
  return Object.entries<any>(having ?? {}).every(([name, test]) => {
    if (name === "_count") return isKept(matchesValue(rows.length, test, false));
    return Object.entries<any>(test).every(([field, part]) => {
      const value = aggregateOf(
        name,
        rows.map((row) => row[field] ?? null),
      );
      return isKept(matchesValue(value, part, false));
    });
  });
}

/** The frame of a row in its partition: without `rows`, up to it (or all, without an order). */
function frameOf(part: readonly Row[], at: number, spec: any): Row[] {
  if (spec.rows === undefined)
    return part.slice(0, spec.orderBy === undefined ? undefined : at + 1);
  const [begin, end] = spec.rows as [number | null, number | null];
  const from = begin === null ? 0 : Math.max(0, at + begin);
  return part.slice(from, end === null ? undefined : Math.max(0, at + end + 1));
}

/** A window function at one row; orders of windows end with the key, so rows have no peers. */
function windowValue(part: readonly Row[], at: number, spec: any): unknown {
  const [name, field] = Object.entries<any>(spec)[0] as [string, any];
  const frame = frameOf(part, at, spec);
  const inFrame = frame.map((row) => plain(row[field]));
  switch (name) {
    case "rowNumber":
    case "rank":
    case "denseRank":
      return at + 1;
    case "lag":
    case "lead": {
      const other = part[at + (name === "lag" ? -1 : 1) * (spec.offset ?? 1)];
      return other === undefined ? (spec.default ?? null) : plain(other[field]);
    }
    case "firstValue":
      return inFrame[0] ?? null;
    case "lastValue":
      return inFrame.at(-1) ?? null;
    case "nthValue":
      return inFrame[(spec.n ?? 1) - 1] ?? null;
    case "count":
      return field === true ? frame.length : aggregateOf("_count", inFrame);
    default:
      return aggregateOf(`_${name}`, inFrame);
  }
}
