// Random schemas: a forest of models with scalars, keys, cascades, soft delete, sequences and one
// relation of many to many. Children have one parent each, so that no two paths of a cascade meet:
// what then comes first, SQLite does not say.
import type { Random } from "./random.js";

export type Scalar = "String" | "Int" | "Float" | "Boolean" | "DateTime" | "Colour";
export const COLOURS = ["red", "green", "blue"] as const;

export interface FieldSpec {
  readonly name: string;
  /** In the database; often the name. */
  readonly column: string;
  readonly type: Scalar;
  readonly isOptional: boolean;
  readonly isUnique: boolean;
  readonly default: unknown;
  /** Of texts; undefined: any. */
  readonly maximumLength: number | undefined;
}

/** The column of `parentId`. */
export const PARENT_COLUMN = "parent_ref";

export type Action = "Cascade" | "SetNull" | "Restrict" | "none";

export interface ModelSpec {
  readonly name: string;
  readonly accessor: string;
  /** In the database: of two words, or mapped. */
  readonly table: string;
  readonly isMapped: boolean;
  readonly fields: FieldSpec[];
  readonly isSoft: boolean;
  readonly cascades: boolean;
  /** `number Int? @sequence(scope: team)` */
  readonly hasSequence: boolean;
  parent: ParentSpec | undefined;
  readonly children: ModelSpec[];
}

export interface ParentSpec {
  readonly model: ModelSpec;
  readonly isOptional: boolean;
  readonly onDelete: Action;
  /** The list on the parent has @hardDelete. */
  readonly isHard: boolean;
}

export interface SchemaSpec {
  readonly models: ModelSpec[];
  /** The two models that are linked many to many, by the order of their names. */
  readonly linked: readonly [ModelSpec, ModelSpec] | undefined;
  readonly text: string;
}

/** The field of a parent that lists its children of a model. */
export function listName(child: ModelSpec): string {
  return `list${child.name}`;
}
/** The field of a model that lists what it is linked with. */
export function linkName(target: ModelSpec): string {
  return `linked${target.name}`;
}

const DEFAULTS: Record<Scalar, readonly unknown[]> = {
  String: ["", "it's"],
  Int: [0, -7],
  Float: [0.5],
  Boolean: [true, false],
  DateTime: [],
  Colour: ["green"],
};

function randomField(random: Random, index: number): FieldSpec {
  const type = random.pick<Scalar>(["String", "Int", "Float", "Boolean", "DateTime", "Colour"]);
  const isUnique = type === "Int" && random.chance(0.5);
  const defaults = DEFAULTS[type];
  const hasDefault = !isUnique && defaults.length > 0 && random.chance(0.4);
  const name = `f${index}`;
  return {
    name,
    column: random.chance(0.3) ? `col_${index}` : name,
    type,
    isOptional: random.chance(0.5),
    isUnique,
    default: hasDefault ? random.pick(defaults) : undefined,
    maximumLength: type === "String" && random.chance(0.4) ? 3 : undefined,
  };
}

function randomModel(random: Random, name: string): ModelSpec {
  const isSoft = random.chance(0.5);
  const isMapped = random.chance(0.3);
  return {
    name,
    accessor: name.charAt(0).toLowerCase() + name.slice(1),
    table: isMapped ? `my_${name}` : name.replace(/(?!^)([A-Z])/g, "_$1").toLowerCase(),
    isMapped,
    fields: Array.from({ length: random.int(1, 4) }, (_, index) => randomField(random, index)),
    isSoft,
    cascades: isSoft && random.chance(0.6),
    hasSequence: random.chance(0.3),
    parent: undefined,
    children: [],
  };
}

function literal(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function fieldText(field: FieldSpec): string {
  const parts = [`${field.name} ${field.type}${field.isOptional ? "?" : ""}`];
  if (field.isUnique) parts.push("@unique");
  if (field.column !== field.name) parts.push(`@map("${field.column}")`);
  if (field.default !== undefined) {
    const value = field.type === "Colour" ? String(field.default) : literal(field.default);
    parts.push(`@default(${value})`);
  }
  if (field.maximumLength !== undefined) parts.push(`@length(, ${field.maximumLength})`);
  return parts.join(" ");
}

function modelText(model: ModelSpec, linked: SchemaSpec["linked"]): string {
  const lines = ["id Int @id", ...model.fields.map(fieldText)];
  if (model.hasSequence) lines.push("team Int?", "number Int? @sequence(scope: team)");
  if (model.parent !== undefined) {
    const { model: parent, isOptional, onDelete } = model.parent;
    const mark = isOptional ? "?" : "";
    const action = onDelete === "none" ? "" : `, onDelete: ${onDelete}`;
    lines.push(
      `parent ${parent.name}${mark} @relation(fields: [parentId], references: [id]${action})`,
      `parentId Int${mark} @map("${PARENT_COLUMN}")`,
    );
  }
  for (const child of model.children)
    lines.push(`${listName(child)} ${child.name}[]${child.parent?.isHard ? " @hardDelete" : ""}`);
  const other = linked?.find((one) => one !== model);
  if (other !== undefined && linked?.includes(model))
    lines.push(`${linkName(other)} ${other.name}[]`);
  if (model.isMapped) lines.push(`@@map("${model.table}")`);
  if (model.isSoft)
    lines.push("deletedAt DateTime?", model.cascades ? "@@softDelete(cascade)" : "@@softDelete");
  return `model ${model.name} {\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
}

/** A list beside a foreign key would be the other side of that key (3.6): parents are not linked. */
function randomLink(models: readonly ModelSpec[]): SchemaSpec["linked"] {
  const first = models[0] as ModelSpec;
  const last = models[models.length - 1] as ModelSpec;
  return last.parent?.model === first ? undefined : [first, last];
}

export function randomSchema(random: Random): SchemaSpec {
  const names = ["Acorn", "BigBox", "Cat", "DoorBell"].slice(0, random.int(2, 4));
  const models = names.map((name) => randomModel(random, name));
  models.forEach((model, index) => {
    if (index === 0 || random.chance(0.2)) return;
    const parent = models[random.int(0, index - 1)] as ModelSpec;
    model.parent = {
      model: parent,
      isOptional: random.chance(0.6),
      onDelete: random.pick<Action>(["Cascade", "SetNull", "Restrict", "none"]),
      isHard: random.chance(0.25),
    };
    parent.children.push(model);
  });
  const linked = random.chance(0.6) ? randomLink(models) : undefined;
  const text = [
    `enum Colour { ${COLOURS.join(" ")} }\n`,
    ...models.map((model) => modelText(model, linked)),
  ].join("");
  return { models, linked, text };
}
