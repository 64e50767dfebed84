// Moonstone. Licence: see LICENSE.
//
// The methods of a table. Their numbers are their positions in src/orm/method.cc; a test compares.

export const METHODS = [
  "findMany",
  "findFirst",
  "findFirstOrThrow",
  "findUnique",
  "findUniqueOrThrow",
  "findManyAndCount",
  "findManyCursor",
  "count",
  "exists",
  "aggregate",
  "groupBy",
  "search",
  "query",
  "create",
  "createMany",
  "update",
  "updateMany",
  "upsert",
  "upsertMany",
  "remove",
  "removeMany",
  "delete",
  "deleteMany",
  "restore",
  "transition",
  "optimizeFts",
] as const;

export type Method = (typeof METHODS)[number];

export const METHOD_NUMBERS: ReadonlyMap<string, number> = new Map(
  METHODS.map((method, number) => [method, number]),
);

const WRITES: ReadonlySet<Method> = new Set(METHODS.slice(METHODS.indexOf("create")));

export function isWrite(method: Method): boolean {
  return WRITES.has(method);
}

/** The reads that a scope offers. */
export const SCOPED_METHODS: ReadonlySet<string> = new Set([
  "findMany",
  "findFirst",
  "findUnique",
  "findFirstOrThrow",
  "findUniqueOrThrow",
  "count",
  "aggregate",
  "groupBy",
  "findManyCursor",
  "query",
  "search",
]);

/** What hooks call a read, where they are called for it. */
export function hookOperation(method: Method): string | undefined {
  switch (method) {
    case "findMany":
    case "findManyAndCount":
      return "findMany";
    case "findFirst":
    case "findFirstOrThrow":
      return "findFirst";
    case "findUnique":
    case "findUniqueOrThrow":
      return "findUnique";
    case "findManyCursor":
    case "count":
    case "exists":
    case "search":
      return method;
    default:
      return undefined;
  }
}

/** The operations behind the names of groups of hooks. */
export const SETTERS: ReadonlySet<string> = new Set([
  "create",
  "createMany",
  "update",
  "updateMany",
  "upsert",
  "upsertMany",
  "remove",
  "removeMany",
  "delete",
  "deleteMany",
]);
export const GETTERS: ReadonlySet<string> = new Set([
  "findMany",
  "findFirst",
  "findUnique",
  "findManyCursor",
  "count",
  "exists",
  "search",
]);
