import type { Id } from "../id.js";
import type {
  FieldPath,
  FieldValue,
  GenericDataModel,
  IndexFields,
  IndexNames,
  SearchFields,
  InputOf,
  TableNames,
  WithoutSystemFields,
} from "./data_model.js";

export type Direction = "asc" | "desc";

/** One page of a query; pass `continueCursor` on to get the next. */
export interface PaginationResult<Doc> {
  page: Doc[];
  /** Where the next page starts; null when there is none. */
  continueCursor: string | null;
  isDone: boolean;
}

export interface PaginationOptions {
  /** null, or the `continueCursor` of the page before. */
  cursor: string | null;
  /** How many documents at most. */
  numItems: number;
}

type Tail<Fields extends readonly string[]> = Fields extends readonly [
  string,
  ...infer Rest extends string[],
]
  ? Rest
  : Fields extends readonly [string, ...infer Rest extends readonly string[]]
    ? Rest
    : Fields;

type Head<Fields extends readonly string[]> = Fields extends readonly [] ? never : Fields[0];

/** What a field may be compared with; null stands for "absent or null". */
type Bound<Doc, Field extends string> =
  unknown extends FieldValue<Doc, Field>
    ? unknown
    : undefined extends FieldValue<Doc, Field>
      ? FieldValue<Doc, Field> | null
      : FieldValue<Doc, Field>;

/**
 * Narrows an index: `eq` on its leading fields, then at most one range on the next.
 * What the callback returns is not looked at; the calls count.
 */
export interface IndexRangeBuilder<Doc, Fields extends readonly string[]>
  extends LowerBoundBuilder<Doc, Head<Fields>>, UpperBoundBuilder<Doc, Head<Fields>> {
  /** Absent and null rows match `eq(field, null)`. */
  eq<Field extends Head<Fields>>(
    field: Field,
    value: Bound<Doc, Field>,
  ): IndexRangeBuilder<Doc, Tail<Fields>>;
  gt<Field extends Head<Fields>>(
    field: Field,
    value: Bound<Doc, Field>,
  ): UpperBoundBuilder<Doc, Field>;
  gte<Field extends Head<Fields>>(
    field: Field,
    value: Bound<Doc, Field>,
  ): UpperBoundBuilder<Doc, Field>;
  lt<Field extends Head<Fields>>(
    field: Field,
    value: Bound<Doc, Field>,
  ): LowerBoundBuilder<Doc, Field>;
  lte<Field extends Head<Fields>>(
    field: Field,
    value: Bound<Doc, Field>,
  ): LowerBoundBuilder<Doc, Field>;
}

/** A range that may still get its lower bound. */
export interface LowerBoundBuilder<Doc, Range extends string> {
  gt<Field extends Range>(field: Field, value: Bound<Doc, Field>): unknown;
  gte<Field extends Range>(field: Field, value: Bound<Doc, Field>): unknown;
}

/** A range that may still get its upper bound. */
export interface UpperBoundBuilder<Doc, Range extends string> {
  lt<Field extends Range>(field: Field, value: Bound<Doc, Field>): unknown;
  lte<Field extends Range>(field: Field, value: Bound<Doc, Field>): unknown;
}

/** A value inside a filter: a field or a literal. */
export interface Expression<T = unknown> {
  readonly _value?: T;
  readonly op: string;
}

/** A condition. */
export interface FilterExpression {
  readonly op: string;
}

export type ExpressionOrValue = Expression | string | number | boolean | null;

/**
 * Builds conditions. Comparisons are three-valued as in SQL: one with an absent field is neither
 * true nor false, also under `not`; `eq(field, null)` asks for absence.
 */
export interface FilterBuilder<Doc> {
  /** A field of the document, or a dotted path such as `"address.city"`. */
  field<Path extends FieldPath<Doc>>(path: Path): Expression<FieldValue<Doc, Path>>;
  eq(a: ExpressionOrValue, b: ExpressionOrValue): FilterExpression;
  neq(a: ExpressionOrValue, b: ExpressionOrValue): FilterExpression;
  lt(a: ExpressionOrValue, b: ExpressionOrValue): FilterExpression;
  lte(a: ExpressionOrValue, b: ExpressionOrValue): FilterExpression;
  gt(a: ExpressionOrValue, b: ExpressionOrValue): FilterExpression;
  gte(a: ExpressionOrValue, b: ExpressionOrValue): FilterExpression;
  and(...conditions: FilterExpression[]): FilterExpression;
  or(...conditions: FilterExpression[]): FilterExpression;
  not(condition: FilterExpression): FilterExpression;
}

/** A query under construction. Every chainable call returns the builder; repeating one replaces it. */
export interface QueryBuilder<DataModel extends GenericDataModel, T extends TableNames<DataModel>> {
  /** Reads along an index, in its order. Not together with `search`. */
  withIndex<Name extends IndexNames<DataModel, T>>(
    name: Name,
    range?: (q: IndexRangeBuilder<DataModel[T], IndexFields<DataModel, T, Name>>) => unknown,
  ): this;
  /**
   * Full-text search on a field with a search index, most relevant first; `order` does not count.
   * The text is made of words (all must occur), `"phrases in quotes"`, beginnings (`fix*`), AND, OR,
   * NOT and parentheses. Not together with `withIndex`. Errors: a text that cannot be read.
   */
  search(field: SearchFields<DataModel, T>, text: string): this;
  filter(condition: (q: FilterBuilder<DataModel[T]>) => FilterExpression): this;
  order(direction: Direction): this;
  orderBy(field: FieldPath<DataModel[T]>, direction?: Direction): this;
  collect(): Promise<DataModel[T][]>;
  take(count: number): Promise<DataModel[T][]>;
  first(): Promise<DataModel[T] | null>;
  /** The only match. Errors: none, or more than one. */
  unique(): Promise<DataModel[T]>;
  /** How many documents match; order is of no importance. */
  count(): Promise<number>;
  paginate(options: PaginationOptions): Promise<PaginationResult<DataModel[T]>>;
}

/** `ctx.db` of a query. */
export interface DatabaseReader<DataModel extends GenericDataModel = GenericDataModel> {
  /** The document, or null. Errors: an id of an unknown table. */
  get<T extends TableNames<DataModel>>(id: Id<T>): Promise<DataModel[T] | null>;
  get<T extends TableNames<DataModel>>(table: T, id: Id<T>): Promise<DataModel[T] | null>;
  /** Documents by id, in the order of the arguments; null where there is none. */
  getMany<T extends TableNames<DataModel>>(
    table: T,
    ids: readonly Id<T>[],
  ): Promise<Map<Id<T>, DataModel[T] | null>>;
  getMany<T extends TableNames<DataModel>>(
    ids: readonly Id<T>[],
  ): Promise<Map<Id<T>, DataModel[T] | null>>;
  getMany<T extends TableNames<DataModel>>(
    ...ids: Id<T>[]
  ): Promise<Map<Id<T>, DataModel[T] | null>>;
  query<T extends TableNames<DataModel>>(table: T): QueryBuilder<DataModel, T>;
}

/** The changes that `patch` accepts: undefined takes an optional field away. */
export type PatchOf<Doc> = Doc extends unknown
  ? { [K in keyof WithoutSystemFields<Doc>]?: WithoutSystemFields<Doc>[K] | undefined }
  : never;

/**
 * `ctx.db` of a mutation. Everything it does is one transaction: reads see the writes before
 * them, and a throw takes all of them back.
 */
export interface DatabaseWriter<
  DataModel extends GenericDataModel = GenericDataModel,
> extends DatabaseReader<DataModel> {
  /** Stores a new document and returns its id. */
  insert<T extends TableNames<DataModel>>(table: T, doc: InputOf<DataModel[T]>): Promise<Id<T>>;
  /** Changes the given fields. Errors: no such document. */
  patch<T extends TableNames<DataModel>>(id: Id<T>, fields: PatchOf<DataModel[T]>): Promise<void>;
  /** Changes all fields; id and creation time stay. Errors: no such document. */
  replace<T extends TableNames<DataModel>>(id: Id<T>, doc: InputOf<DataModel[T]>): Promise<void>;
  /** Removes a document; nothing happens if it is gone already. */
  delete<T extends TableNames<DataModel>>(id: Id<T>): Promise<void>;
}
