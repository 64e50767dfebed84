import type { IndexJSON, SchemaJSON, SearchIndexJSON, TableJSON } from "./json.js";
import type { FieldPath, TableNames, WithIndexes } from "./types/data_model.js";
import type { Id } from "./id.js";
import { fieldsToJSON } from "./validators.js";
import type { Flatten, InferFields, ValidatorMap } from "./validators.js";

/** Index names and their fields, as types. */
export type IndexMap = Record<string, readonly string[]>;

/** The names of the fields that an index may use. */
export type IndexableField<Fields extends ValidatorMap> =
  FieldPath<InferFields<Fields>> | "_creationTime";

/**
 * One table: its fields, indexes and search indexes. Immutable: `index` and `searchIndex` return
 * a new definition. Whether the fields exist is checked when the server reads the schema.
 */
export class TableDefinition<
  Fields extends ValidatorMap = ValidatorMap,
  Indexes extends IndexMap = IndexMap,
> {
  /** For the compiler only. */
  declare readonly _indexes: Indexes;
  readonly fields: Fields;
  readonly indexes: readonly IndexJSON[];
  readonly searchIndexes: readonly SearchIndexJSON[];

  constructor(
    fields: Fields,
    indexes: readonly IndexJSON[] = [],
    searchIndexes: readonly SearchIndexJSON[] = [],
  ) {
    this.fields = fields;
    this.indexes = indexes;
    this.searchIndexes = searchIndexes;
  }

  /** Adds an index over `fields`, in this order, for `.withIndex(name, …)`. */
  index<
    Name extends string,
    const IndexFields extends readonly [IndexableField<Fields>, ...IndexableField<Fields>[]],
  >(
    name: Name,
    fields: IndexFields,
  ): TableDefinition<Fields, Indexes & { readonly [K in Name]: IndexFields }> {
    const index: IndexJSON = { name, fields: [...fields] };
    return new TableDefinition(this.fields, [...this.indexes, index], this.searchIndexes);
  }

  /** Adds a full-text index over one text field, for `.search(field, text)`. */
  searchIndex(
    name: string,
    options: { searchField: FieldPath<InferFields<Fields>> },
  ): TableDefinition<Fields, Indexes> {
    const index: SearchIndexJSON = { name, searchField: options.searchField };
    return new TableDefinition(this.fields, this.indexes, [...this.searchIndexes, index]);
  }

  toJSON(): TableJSON {
    return tableToJSON(this, "defineTable");
  }
}

/** A whole schema, as `defineSchema` returns it. */
export class SchemaDefinition<Tables extends TableMap = TableMap> {
  readonly tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  toJSON(): SchemaJSON {
    const tables: Record<string, TableJSON> = {};
    for (const [name, table] of Object.entries(this.tables)) {
      tables[name] = tableToJSON(table, `table "${name}"`);
    }
    return { tables };
  }
}

export type TableMap = Record<string, TableDefinition<any, any>>;

/** Declares a table: `defineTable({ title: v.string() }).index("by_title", ["title"])`. */
export function defineTable<Fields extends ValidatorMap>(
  fields: Fields,
): TableDefinition<Fields, {}> {
  fieldsToJSON(fields, "defineTable"); // for the error only, at the line that is wrong
  return new TableDefinition<Fields, {}>(fields);
}

/** Declares the schema; `schema.ts` exports it as `schema` or as its default. */
export function defineSchema<Tables extends TableMap>(tables: Tables): SchemaDefinition<Tables> {
  if (typeof tables !== "object" || tables === null) {
    throw new Error("defineSchema needs an object of tables, e.g. { notes: defineTable({ … }) }");
  }
  for (const [name, table] of Object.entries(tables)) {
    if (typeof (table as TableDefinition | undefined)?.fields === "object") continue;
    throw new Error(`defineSchema: table "${name}" is not made by defineTable(…)`);
  }
  return new SchemaDefinition(tables);
}

/** The schema as the server stores and compares it. */
export function schemaToJSON(schema: SchemaDefinition): SchemaJSON {
  return SchemaDefinition.prototype.toJSON.call(schema);
}

type TableParts = Pick<TableDefinition, "fields" | "indexes" | "searchIndexes">;

function tableToJSON(table: TableParts, place: string): TableJSON {
  const json: TableJSON = {
    fields: fieldsToJSON(table.fields, place),
    indexes: table.indexes.map(({ name, fields }) => ({ name, fields: [...fields] })),
  };
  if (table.searchIndexes.length > 0) {
    json.searchIndexes = table.searchIndexes.map((index) => ({ ...index }));
  }
  return json;
}

type DocumentOf<Name extends string, Table> =
  Table extends TableDefinition<infer Fields, IndexMap>
    ? Flatten<{ _id: Id<Name>; _creationTime: number } & InferFields<Fields>>
    : never;

/**
 * The data model of a schema, derived by the compiler: what `_generated/dataModel` says in plain
 * text, for those who do without generated code.
 */
export type DataModelFromSchema<Schema extends SchemaDefinition> = {
  [Name in TableNames<Schema["tables"]>]: DocumentOf<Name, Schema["tables"][Name]>;
} & WithIndexes<{
  [Name in TableNames<Schema["tables"]>]: Schema["tables"][Name]["_indexes"];
}>;
