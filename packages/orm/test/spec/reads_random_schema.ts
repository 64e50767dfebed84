// Random schemas with rows: what the random reads of `reads_random.test.ts` run on.
import type { Random } from "./random/random.js";
import type { Db, Row } from "./reads_support.js";

export type FieldType =
  "Int" | "Float" | "String" | "Boolean" | "DateTime" | "Mood" | "String[]" | "Int[]" | "Json";

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly isOptional: boolean;
  /** Its name in the file. */
  readonly column: string;
}

/** A field of `@from`: of the rows of a hasMany relation. */
export interface Derived extends Field {
  readonly relation: Relation;
  readonly kind: "count" | "exists" | "sum";
  readonly summed: string;
}

export interface Relation {
  readonly name: string;
  readonly kind: "belongsTo" | "hasMany" | "manyToMany";
  readonly target: string;
  /** belongsTo: of this model; hasMany: of the target. */
  readonly foreignKey: string;
}

export interface Model {
  readonly name: string;
  readonly accessor: string;
  readonly hasTextKey: boolean;
  readonly hasSoftDelete: boolean;
  readonly fields: Field[];
  readonly relations: Relation[];
  readonly derived: Derived[];
}

export interface World {
  readonly models: readonly Model[];
  readonly rows: ReadonlyMap<string, Row[]>;
  /** By model and relation: pairs of keys. */
  readonly links: ReadonlyMap<string, [unknown, unknown][]>;
}

export const TYPES = `
enum Mood { calm wild odd }
type Inner { n Int?  on Boolean? }
type Detail { word String?  size Int?  on Boolean?  inner Json? @type(Inner) }
`;

const NAMES = ["Ant", "BigBee", "cats", "Dog"];
const FIELD_TYPES: readonly FieldType[] = [
  "Int",
  "Float",
  "String",
  "Boolean",
  "DateTime",
  "Mood",
  "String[]",
  "Int[]",
  "Json",
];

/** Few values, so that they meet; those that comparisons get wrong first are among them. */
export const POOLS: Record<FieldType, readonly unknown[]> = {
  Int: [-2, 0, 1, 2, 10, 4294967296],
  Float: [-1.5, 0, 0.25, 1, 2.5, 10],
  String: ["", "a", "A", "ab", "b%", "_", "é", "Z", "o'x", "10", "😀"],
  Boolean: [true, false],
  DateTime: [
    "2024-01-01T00:00:00.000Z",
    "2024-01-31T23:59:59.000Z",
    "2024-03-01T10:00:00.000Z",
    "2025-01-01T00:00:00.000Z",
  ],
  Mood: ["calm", "wild", "odd"],
  "String[]": [[], ["a"], ["a", "b"], ["b", "é", ""], ["a", "a"]],
  "Int[]": [[], [1], [1, 2], [0, -2], [2, 2, 10]],
  Json: [
    { word: "a" },
    { word: "ab", size: 1, on: true, inner: { n: 1, on: false } },
    { word: null, size: 2, on: false },
    { size: 10, inner: { n: 2 } },
    {},
  ],
};

export function isList(field: Field): boolean {
  return field.type.endsWith("[]");
}

function makeFields(random: Random): Field[] {
  return Array.from({ length: random.int(3, 7) }, (_, index) => {
    const type = random.pick(FIELD_TYPES);
    const isOptional = !type.endsWith("[]") && random.chance(0.5);
    const name = `${type.replace("[]", "s").toLowerCase()}${index}`;
    return { name, type, isOptional, column: columnName(random, name) };
  });
}

function columnName(random: Random, field: string): string {
  return random.chance(0.2) ? `${field}_column` : field;
}

/** Relations go to models before, so that tables can be made in order; each pair has one. */
function connect(random: Random, models: Model[]): void {
  models.forEach((model, index) => {
    if (random.chance(0.5)) addBelongsTo(random, model, model, "parent", "children", true);
    for (const target of models.slice(0, index)) {
      const name = target.accessor;
      if (random.chance(0.55)) {
        addBelongsTo(
          random,
          model,
          target,
          `${name}Of`,
          `${model.accessor}List`,
          random.chance(0.5),
        );
      } else if (random.chance(0.6) && !model.hasTextKey && !target.hasTextKey) {
        const add = (from: Model, to: Model): void => {
          const link = { name: `${to.accessor}Set`, kind: "manyToMany", target: to.name } as const;
          from.relations.push({ ...link, foreignKey: "" });
        };
        add(model, target);
        add(target, model);
      }
    }
  });
}

function addBelongsTo(
  random: Random,
  model: Model,
  target: Model,
  name: string,
  list: string,
  isOptional: boolean,
): void {
  const foreignKey = `${name}Id`;
  const type = target.hasTextKey ? "String" : "Int";
  const column = columnName(random, foreignKey);
  const key: Field = { name: foreignKey, type, isOptional, column };
  model.fields.splice(random.int(0, model.fields.length), 0, key);
  model.relations.push({ name, kind: "belongsTo", target: target.name, foreignKey });
  target.relations.push({ name: list, kind: "hasMany", target: model.name, foreignKey });
}

/** Fields of `@from`, over the lists that a model has. */
function derive(random: Random, model: Model, models: readonly Model[]): void {
  for (const relation of model.relations) {
    if (relation.kind !== "hasMany" || random.chance(0.5)) continue;
    const numbers = models
      .find((one) => one.name === relation.target)!
      .fields.filter((field) => field.type === "Float");
    const kinds = ["count", "exists", ...(numbers.length > 0 ? ["sum"] : [])] as const;
    const kind = random.pick<Derived["kind"]>(kinds as readonly Derived["kind"][]);
    const name = `${relation.name}${kind}`;
    const type = kind === "exists" ? "Boolean" : kind === "sum" ? "Float" : "Int";
    const summed = kind === "sum" ? random.pick(numbers).name : "";
    model.derived.push({ name, type, isOptional: false, column: name, relation, kind, summed });
  }
}

export function makeModels(random: Random): Model[] {
  const models = NAMES.slice(0, random.int(2, NAMES.length)).map((name) => ({
    name,
    accessor: name.charAt(0).toLowerCase() + name.slice(1),
    hasTextKey: random.chance(0.2),
    hasSoftDelete: random.chance(0.4),
    fields: makeFields(random),
    relations: [] as Relation[],
    derived: [] as Derived[],
  }));
  connect(random, models);
  for (const model of models) derive(random, model, models);
  return models;
}

export function schemaText(models: readonly Model[]): string {
  return TYPES + models.map(modelText).join("");
}

function fieldText({ name, type, isOptional, column }: Field): string {
  const mapped = column === name ? "" : ` @map("${column}")`;
  return `${name} ${type}${isOptional ? "?" : ""}${type === "Json" ? " @type(Detail)" : ""}${mapped}`;
}

function modelText(model: Model): string {
  const lines = [`id ${model.hasTextKey ? "String" : "Int"} @id`, ...model.fields.map(fieldText)];
  for (const { name, kind, target, foreignKey } of model.relations) {
    const key = model.fields.find((field) => field.name === foreignKey);
    lines.push(
      kind === "belongsTo"
        ? `${name} ${target}${key?.isOptional ? "?" : ""} @relation(fields: [${foreignKey}], references: [id])`
        : `${name} ${target}[]`,
    );
  }
  for (const { name, type, relation, kind, summed } of model.derived) {
    const operation = kind === "sum" ? `sum: ${summed}` : `${kind}: true`;
    lines.push(`${name} ${type} @from(${relation.target}, ${operation})`);
  }
  if (model.hasSoftDelete) lines.push("deletedAt DateTime?", "@@softDelete");
  return `model ${model.name} {\n  ${lines.join("\n  ")}\n}\n`;
}

/** All stored fields, with the key first and the mark of deletion last, as rows have them. */
export function columnsOf(model: Model): Field[] {
  const type = model.hasTextKey ? "String" : "Int";
  const key: Field = { name: "id", type, isOptional: false, column: "id" };
  const deleted: Field = {
    name: "deletedAt",
    type: "DateTime",
    isOptional: true,
    column: "deletedAt",
  };
  return [key, ...model.fields, ...(model.hasSoftDelete ? [deleted] : [])];
}

/** All fields that rows show. */
export function fieldsOf(model: Model): Field[] {
  return [...columnsOf(model), ...model.derived];
}

function makeRow(
  random: Random,
  model: Model,
  number: number,
  rows: Map<string, Row[]>,
): Row | null {
  const row: Row = { id: model.hasTextKey ? `k${(number * 7) % 11}${number}` : number };
  for (const field of model.fields) {
    const parent = model.relations.find(
      ({ kind, foreignKey }) => kind === "belongsTo" && foreignKey === field.name,
    );
    const isNull = field.isOptional && random.chance(0.3);
    if (parent === undefined) {
      row[field.name] = isNull ? null : structuredClone(random.pick(POOLS[field.type]));
      continue;
    }
    const targets = rows.get(parent.target) ?? [];
    if (targets.length === 0 && !field.isOptional) return null;
    row[field.name] = isNull || targets.length === 0 ? null : random.pick(targets)["id"];
  }
  if (model.hasSoftDelete)
    row["deletedAt"] = random.chance(0.25) ? "2024-06-01T00:00:00.000Z" : null;
  return row;
}

/** Rows that refer to rows made before them. */
export function makeWorld(random: Random, models: readonly Model[]): World {
  const rows = new Map<string, Row[]>();
  for (const model of models) {
    const own: Row[] = [];
    rows.set(model.name, own);
    const count = random.chance(0.1) ? 0 : random.int(1, 14);
    for (let number = 1; number <= count; number += 1) {
      const row = makeRow(random, model, number, rows);
      if (row !== null) own.push(row);
    }
  }
  for (const model of models) deriveRows(model, rows);
  return { models, rows, links: makeLinks(random, models, rows) };
}

/** The values of `@from`, of rows that are deleted, too. */
function deriveRows(model: Model, rows: ReadonlyMap<string, Row[]>): void {
  for (const { name, relation, kind, summed } of model.derived) {
    for (const row of rows.get(model.name) ?? []) {
      const children = (rows.get(relation.target) ?? []).filter(
        (child) => child[relation.foreignKey] === row["id"],
      );
      const sum = children.reduce((total, child) => total + (child[summed] ?? 0), 0);
      row[name] = kind === "exists" ? children.length > 0 : kind === "sum" ? sum : children.length;
    }
  }
}

function makeLinks(
  random: Random,
  models: readonly Model[],
  rows: ReadonlyMap<string, Row[]>,
): Map<string, [unknown, unknown][]> {
  const links = new Map<string, [unknown, unknown][]>();
  for (const model of models) {
    for (const { kind, target, name } of model.relations) {
      if (kind !== "manyToMany" || links.has(`${model.name}.${name}`)) continue;
      const pairs: [unknown, unknown][] = [];
      for (const own of rows.get(model.name) ?? [])
        for (const other of rows.get(target) ?? [])
          if (random.chance(0.3)) pairs.push([own["id"], other["id"]]);
      links.set(`${model.name}.${name}`, pairs);
      links.set(
        `${target}.${model.accessor}Set`,
        pairs.map(([own, other]) => [other, own]),
      );
    }
  }
  return links;
}

/** Writes the world into a database; links directly, since rows that are deleted have some, too. */
export async function fill(db: Db, world: World): Promise<void> {
  for (const model of world.models) {
    const names = columnsOf(model).map((field) => field.name);
    const data = (world.rows.get(model.name) ?? []).map((row) =>
      Object.fromEntries(names.map((name) => [name, row[name]])),
    );
    await db[model.accessor].createMany({ data });
  }
  for (const [name, pairs] of world.links) {
    const [model, relation] = name.split(".") as [string, string];
    const { joinTable, selfKey, targetKey } = db.$relations[model][relation];
    for (const [own, other] of pairs)
      db.$db.run(
        `INSERT OR IGNORE INTO "${joinTable}" ("${selfKey}", "${targetKey}") VALUES (${own}, ${other})`,
      );
  }
}
