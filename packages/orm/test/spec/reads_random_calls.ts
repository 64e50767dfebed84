// Random arguments of reads, for the schemas of `reads_random_schema.ts`.
import type { Random } from "./random/random.js";
import {
  columnsOf,
  type Field,
  fieldsOf,
  isList,
  type Model,
  POOLS,
  type World,
} from "./reads_random_schema.js";
import type { Row } from "./reads_support.js";

export interface Call {
  readonly model: Model;
  readonly method: string;
  readonly args: any;
}

const scalars = (model: Model): Field[] =>
  columnsOf(model).filter((field) => !isList(field) && field.type !== "Json");
const numeric = (model: Model): Field[] =>
  model.fields.filter(
    (field) => field.type === "Float" || (field.type === "Int" && !isKey(model, field)),
  );
const isKey = (model: Model, field: Field): boolean =>
  model.relations.some(({ foreignKey }) => foreignKey === field.name);

export class Calls {
  readonly #random: Random;
  readonly #world: World;

  constructor(random: Random, world: World) {
    this.#random = random;
    this.#world = world;
  }

  #target(name: string): Model {
    return this.#world.models.find((model) => model.name === name) as Model;
  }

  /** A value that a column may hold: one that a row has, mostly. */
  #value(model: Model, field: Field): unknown {
    const random = this.#random;
    const rows = this.#world.rows.get(model.name) ?? [];
    const held = rows.length > 0 && random.chance(0.7) ? random.pick(rows)[field.name] : null;
    if (held !== null && held !== undefined) return held;
    if (field.name === "id" || isKey(model, field))
      return field.type === "Int" ? random.int(0, 9) : "k1";
    return random.pick(POOLS[field.type]);
  }

  #scalarTest(value: () => unknown, type: string): unknown {
    const random = this.#random;
    const list = (): unknown[] => {
      const values = Array.from({ length: random.int(0, 3) }, value);
      return random.chance(0.15) ? [...values, null] : values;
    };
    const isText = type === "String" || type === "Mood" || type === "DateTime";
    const text = (): string => [...String(value())].slice(0, random.int(0, 3)).join("");
    const operator = (): [string, unknown] => {
      const names = ["not", "in", "notIn"];
      if (type !== "Boolean") names.push("gt", "gte", "lt", "lte");
      if (isText) names.push("contains", "startsWith", "endsWith");
      const name = random.pick(names);
      if (name === "in" || name === "notIn") return [name, list()];
      if (/^(contains|startsWith|endsWith)$/.test(name)) return [name, text()];
      return [name, random.chance(0.12) ? null : value()];
    };
    const form = random.next();
    if (form < 0.12) return null;
    if (form < 0.35) return value();
    if (form < 0.45) return list();
    return Object.fromEntries(Array.from({ length: random.int(1, 2) }, operator));
  }

  #listTest(field: Field): unknown {
    const random = this.#random;
    const item = (): unknown =>
      field.type === "Int[]"
        ? random.pick([0, 1, 2, -2, 7])
        : random.pick(["a", "b", "é", "", "z"]);
    const items = (): unknown[] => Array.from({ length: random.int(0, 2) }, item);
    return random.pick([
      { has: item() },
      { hasEvery: items() },
      { hasSome: items() },
      { isEmpty: random.chance(0.5) },
    ]);
  }

  #jsonTest(): unknown {
    const random = this.#random;
    if (random.chance(0.2)) return random.chance(0.5) ? null : { not: null };
    const word = (): unknown => random.pick(["a", "ab", "A", "z"]);
    const size = (): unknown => random.pick([1, 2, 10]);
    const on = (): unknown => random.chance(0.5);
    const entries: [string, unknown][] = [
      ["word", this.#scalarTest(word, "String")],
      ["size", this.#scalarTest(size, "Int")],
      ["on", random.chance(0.3) ? null : on()],
      ["inner", { n: this.#scalarTest(size, "Int"), ...(random.chance(0.3) ? { on: on() } : {}) }],
    ];
    return Object.fromEntries(random.some(entries, 1));
  }

  where(model: Model, depth = 0): Row {
    const random = this.#random;
    const where: Row = {};
    for (let count = random.int(depth === 0 ? 0 : 1, 2); count > 0; count -= 1) {
      const field = random.pick(fieldsOf(model));
      if (isList(field)) where[field.name] = this.#listTest(field);
      else if (field.type === "Json") where[field.name] = this.#jsonTest();
      else where[field.name] = this.#scalarTest(() => this.#value(model, field), field.type);
    }
    if (depth >= 3 || random.chance(0.5)) return where;
    const several = (): Row[] =>
      Array.from({ length: random.int(0, 3) }, () => this.where(model, depth + 1));
    if (random.chance(0.4)) where["OR"] = several();
    if (random.chance(0.3)) where["AND"] = several();
    if (random.chance(0.3)) where["NOT"] = this.where(model, depth + 1);
    return where;
  }

  #direction(): unknown {
    const dir = this.#random.pick(["asc", "desc"]);
    if (this.#random.chance(0.6)) return dir;
    return { dir, nulls: this.#random.pick(["first", "last"]) };
  }

  /** Orders by fields alone. */
  flatOrder(model: Model): Row[] {
    return this.#random
      .some([...scalars(model), ...model.derived])
      .slice(0, 3)
      .map((field) => ({ [field.name]: this.#direction() }));
  }

  #relationOrder(model: Model): Row | undefined {
    const random = this.#random;
    if (model.relations.length === 0) return undefined;
    const relation = random.pick(model.relations);
    const target = this.#target(relation.target);
    const dir = random.pick(["asc", "desc"]);
    if (relation.kind === "belongsTo") {
      const deeper = random.chance(0.3) ? this.#relationOrder(target) : undefined;
      const [name] = Object.keys(deeper ?? {});
      const isPath = target.relations.some((one) => one.name === name && one.kind === "belongsTo");
      return { [relation.name]: isPath ? deeper : { [random.pick(scalars(target)).name]: dir } };
    }
    const fields = numeric(target);
    if (relation.kind === "manyToMany" || fields.length === 0 || random.chance(0.4))
      return { [relation.name]: { _count: dir } };
    const kind = random.pick(["_sum", "_avg", "_min", "_max"]);
    return { [relation.name]: { [kind]: { [random.pick(fields).name]: dir } } };
  }

  /** Any order that is total. */
  order(model: Model): Row[] {
    const orders = this.flatOrder(model).slice(0, 2);
    const related = this.#random.chance(0.4) ? this.#relationOrder(model) : undefined;
    if (related !== undefined) orders.splice(this.#random.int(0, orders.length), 0, related);
    return [...orders, { id: this.#random.pick(["asc", "desc"]) }];
  }

  #bounds(): Row {
    const bounds: Row = {};
    if (this.#random.chance(0.35)) bounds["limit"] = this.#random.int(0, 5);
    if (this.#random.chance(0.25)) bounds["offset"] = this.#random.int(0, 3);
    return bounds;
  }

  #modes(): Row {
    const form = this.#random.next();
    return form < 0.7 ? {} : form < 0.85 ? { withDeleted: true } : { onlyDeleted: true };
  }

  /** select, include and _count, to some depth. */
  shape(model: Model, depth = 0): Row {
    const random = this.#random;
    const related: Row = {};
    for (const { name, kind, target } of depth < 2 ? random.some(model.relations) : []) {
      if (random.chance(0.4)) continue;
      const other = this.#target(target);
      const filter = random.chance(0.5) ? { where: this.where(other, 2) } : {};
      const list = { orderBy: this.order(other), ...this.#bounds() };
      related[name] = {
        ...(kind === "belongsTo" ? {} : list),
        ...filter,
        ...this.#modes(),
        ...this.shape(other, depth + 1),
      };
    }
    const lists = model.relations.filter(({ kind }) => kind !== "belongsTo");
    if (lists.length > 0 && random.chance(0.3)) related["_count"] = this.#counts(lists);
    const hasRelated = Object.keys(related).length > 0;
    if (random.chance(0.5)) return hasRelated ? { include: related } : {};
    const fields = random.some(fieldsOf(model), hasRelated ? 0 : 1);
    return {
      select: { ...Object.fromEntries(fields.map(({ name }) => [name, true])), ...related },
    };
  }

  #counts(lists: readonly { name: string; target: string }[]): unknown {
    const random = this.#random;
    if (random.chance(0.5)) return true;
    const entries = lists.flatMap(({ name, target }): [string, unknown][] => [
      [name, true],
      [`${name}Some`, { relation: name, where: this.where(this.#target(target), 2) }],
    ]);
    return { select: Object.fromEntries(random.some(entries, 1)) };
  }

  #windows(model: Model): Row {
    const random = this.#random;
    const window: Row = {};
    for (const alias of ["w1", "w2"].slice(0, random.int(1, 2))) {
      const field = random.pick(scalars(model)).name;
      const number = random.pick([{ name: "id" }, ...numeric(model)]).name;
      const spec = random.pick<Row>([
        { rowNumber: true },
        { rank: true },
        { denseRank: true },
        { lag: field, offset: random.int(1, 2) },
        { lead: field, default: random.int(0, 5) },
        { firstValue: field },
        { lastValue: field },
        { nthValue: field, n: 2 },
        { count: random.chance(0.5) ? true : field },
        { min: field },
        { max: field },
        ...(model.hasTextKey ? [] : [{ sum: number }, { avg: number }]),
      ]);
      const isFramed = !["rowNumber", "rank", "denseRank", "lag", "lead"].includes(
        Object.keys(spec)[0]!,
      );
      window[alias] = {
        ...spec,
        ...(random.chance(0.5) ? { partitionBy: random.pick(scalars(model)).name } : {}),
        orderBy: [...this.flatOrder(model).slice(0, 1), { id: random.pick(["asc", "desc"]) }],
        ...(isFramed && random.chance(0.5)
          ? { rows: [random.pick([null, -2, -1, 0]), random.pick([null, 0, 1, 2])] }
          : {}),
      };
    }
    return window;
  }

  #aggregates(model: Model): Row {
    const random = this.#random;
    const numbers = numeric(model);
    const args: Row = {
      _count: random.chance(0.7) ? true : { distinct: random.pick(scalars(model)).name },
    };
    for (const name of random.some(["_sum", "_avg"]))
      if (numbers.length > 0) args[name] = { [random.pick(numbers).name]: true };
    for (const name of random.some(["_min", "_max"]))
      args[name] = { [random.pick(scalars(model)).name]: true };
    if (random.chance(0.5)) {
      const field = random.pick(scalars(model));
      const sign = random.pick([">=", "<>"]);
      const operand = this.#value(model, field);
      const filter = {
        _litestoneRaw: true,
        sql: `"${field.column}" ${sign} ?`,
        params: [typeof operand === "boolean" ? Number(operand) : operand],
      };
      args["_named"] = { ...random.pick([{ count: true }, { max: field.name }]), filter };
    }
    return args;
  }

  #having(model: Model): Row {
    const random = this.#random;
    const numbers = numeric(model);
    const having: Row = {};
    if (random.chance(0.6))
      having["_count"] = random.pick<unknown>([1, { gt: 1 }, { lte: 2 }, { not: 1 }]);
    if (numbers.length > 0 && random.chance(0.5))
      having[random.pick(["_sum", "_avg", "_max"])] = {
        [random.pick(numbers).name]: { [random.pick(["gt", "lte"])]: random.int(0, 2) },
      };
    return having;
  }

  #group(model: Model): Row {
    const random = this.#random;
    const by = random
      .some(scalars(model), 1)
      .slice(0, 2)
      .map((field) => field.name);
    const aggregates = this.#aggregates(model);
    // What `_count` in `having` means beside a distinct count, nobody has said.
    const hasHaving = aggregates["_count"] === true && random.chance(0.5);
    return {
      by,
      where: this.where(model, 1),
      ...aggregates,
      ...(hasHaving ? { having: this.#having(model) } : {}),
      orderBy: Object.fromEntries(by.map((field) => [field, random.pick(["asc", "desc"])])),
      ...this.#bounds(),
      ...this.#modes(),
    };
  }

  #distinct(model: Model): Row {
    const fields = this.#random.some(scalars(model), 1).slice(0, 2);
    return {
      where: this.where(model, 1),
      distinct: true,
      select: Object.fromEntries(fields.map(({ name }) => [name, true])),
      orderBy: fields.map(({ name }) => ({ [name]: this.#direction() })),
      ...this.#bounds(),
    };
  }

  next(): Call {
    const random = this.#random;
    const model = random.pick(this.#world.models);
    const base = { where: this.where(model), ...this.#modes() };
    const found = { ...base, orderBy: this.order(model) };
    const made: Record<string, () => unknown> = {
      findMany: () => ({ ...found, ...this.shape(model), ...this.#bounds() }),
      findFirst: () => ({ ...found, ...this.shape(model) }),
      findManyAndCount: () => ({ ...found, ...this.shape(model), ...this.#bounds() }),
      count: () => base,
      exists: () => base,
      findManyCursor: () => ({ ...base, orderBy: this.flatOrder(model), limit: random.int(1, 4) }),
      aggregate: () => ({ ...base, ...this.#aggregates(model) }),
      groupBy: () => this.#group(model),
      distinct: () => this.#distinct(model),
      window: () => ({ ...found, window: this.#windows(model), ...this.#bounds() }),
      recursive: () => ({
        where: { id: this.#value(model, columnsOf(model)[0] as Field) },
        recursive: {
          direction: random.pick(["descendants", "ancestors"]),
          ...(random.chance(0.3) ? { maxDepth: random.int(1, 3) } : {}),
        },
        orderBy: [{ _depth: "asc" }, { id: "asc" }],
        ...this.#modes(),
        ...this.#bounds(),
      }),
    };
    const isTree = model.relations.some((relation) => relation.name === "parent");
    const names = Object.keys(made).filter((name) => isTree || name !== "recursive");
    const method = random.pick([...names, "findMany", "findMany", "findMany"]);
    return { model, method, args: made[method]!() };
  }
}
