/** The JSON form of a validator: what the server stores, compares and checks with. */
export type ValidatorJSON =
  | { type: "string" | "number" | "float64" | "int64" | "boolean" | "null" | "any" | "bytes" }
  | { type: "id"; tableName: string }
  | { type: "literal"; value: string | number | boolean }
  | { type: "object"; value: Record<string, ValidatorJSON> }
  | { type: "array" | "optional"; value: ValidatorJSON }
  | { type: "union"; value: ValidatorJSON[] }
  | { type: "record"; keys: ValidatorJSON; values: ValidatorJSON };

/** One index of a table: a name and the fields in their order. */
export interface IndexJSON {
  name: string;
  fields: string[];
}

/** One full-text index of a table. */
export interface SearchIndexJSON {
  name: string;
  searchField: string;
}

/** One table; `searchIndexes` is absent when there are none. */
export interface TableJSON {
  fields: Record<string, ValidatorJSON>;
  indexes: IndexJSON[];
  searchIndexes?: SearchIndexJSON[];
}

/** A whole schema as the server reads it. `by_id` and `by_creation_time` are added there. */
export interface SchemaJSON {
  tables: Record<string, TableJSON>;
}
