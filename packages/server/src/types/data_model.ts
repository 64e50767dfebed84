/** A key that no table can have, under which a data model carries its indexes. */
declare const tableIndexes: unique symbol;
/** The same for the fields that can be searched. */
declare const tableSearchIndexes: unique symbol;

/**
 * Table name to document type, e.g. `{ messages: { _id: Id<"messages">; … } }`. Every system
 * field that a document has is part of its type.
 */
export type GenericDataModel = Record<string, any>;

/**
 * Adds the indexes of the tables to a data model:
 * `type DataModel = { messages: { … } } & WithIndexes<{ messages: { by_channel: ["channel"] } }>`.
 * A data model without it works too; index names and fields are then any text.
 */
export interface WithIndexes<Indexes extends Record<string, Record<string, readonly string[]>>> {
  readonly [tableIndexes]?: Indexes;
}

/** The same for full-text search: the fields of each table that have a search index. */
export interface WithSearchIndexes<Fields extends Record<string, string>> {
  readonly [tableSearchIndexes]?: Fields;
}

/** The names of the tables. */
export type TableNames<DataModel> = keyof DataModel & string;

type IndexesOf<DataModel, T extends string> =
  DataModel extends WithIndexes<infer All>
    ? string extends keyof All
      ? undefined
      : T extends keyof All
        ? All[T]
        : {}
    : undefined;

interface BuiltInIndexes {
  by_id: readonly ["_id"];
  by_creation_time: readonly ["_creationTime"];
}

/** The names of the indexes of a table, the built-in ones included. */
export type IndexNames<DataModel, T extends string> =
  IndexesOf<DataModel, T> extends undefined
    ? string
    : (keyof IndexesOf<DataModel, T> & string) | keyof BuiltInIndexes;

/** The fields of an index, in their order; any texts if the data model carries no indexes. */
export type IndexFields<
  DataModel,
  T extends string,
  Name extends string,
> = Name extends keyof BuiltInIndexes
  ? BuiltInIndexes[Name]
  : Name extends keyof IndexesOf<DataModel, T>
    ? Extract<IndexesOf<DataModel, T>[Name], readonly string[]>
    : readonly string[];

type SearchFieldsOf<DataModel, T extends string> =
  DataModel extends WithSearchIndexes<infer All>
    ? string extends keyof All
      ? undefined
      : T extends keyof All
        ? All[T]
        : never
    : undefined;

/** The fields that `search` takes; any field if the data model carries no search indexes. */
export type SearchFields<DataModel extends GenericDataModel, T extends TableNames<DataModel>> = [
  undefined,
] extends [SearchFieldsOf<DataModel, T>]
  ? FieldPath<DataModel[T]>
  : Extract<SearchFieldsOf<DataModel, T>, string>;

type Plain<T> = Exclude<T, null | undefined>;

type IsObject<T> = T extends string | number | bigint | boolean | ArrayBuffer | readonly unknown[]
  ? false
  : T extends object
    ? true
    : false;

/** A field of a document, or a dotted path into a nested object. */
export type FieldPath<Doc> = {
  [K in keyof Doc & string]: true extends IsObject<Plain<Doc[K]>> ? K | `${K}.${string}` : K;
}[keyof Doc & string];

/** The type of the value at a path; unknown where the compiler cannot follow it. */
export type FieldValue<Doc, Path extends string> = Path extends keyof Doc
  ? Doc[Path]
  : Path extends `${infer Head}.${infer Rest}`
    ? Head extends keyof Doc
      ? FieldValue<Plain<Doc[Head]>, Rest>
      : unknown
    : unknown;

type SystemField = "_id" | "_creationTime";

/** A document as it is written: without the fields that the server sets. */
export type WithoutSystemFields<Doc> = Doc extends unknown ? Omit<Doc, SystemField> : never;

/**
 * What `insert` and `replace` take: a document without the fields that the server sets. An optional
 * field may also be undefined, as an optional argument is that is handed on.
 */
export type InputOf<Doc> = Doc extends unknown
  ? {
      [K in keyof Doc as Exclude<K, SystemField>]: {} extends Pick<Doc, K>
        ? Doc[K] | undefined
        : Doc[K];
    }
  : never;
