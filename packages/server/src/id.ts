/**
 * The id of a document of table `T`, e.g. `"messages:01JQ8Z3N6V0000000000000000"`.
 *
 * The tag exists for the compiler only and is optional: any string is accepted where an id is
 * wanted, but an id of one table is refused where an id of another is.
 */
export type Id<T extends string = string> = string & { readonly __tableName?: T };
