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

/** The operation whose hooks a method calls, if that is not its name; none calls no hooks. */
const HOOKED_AS: Readonly<Partial<Record<Method, Method | "none">>> = {
  findFirstOrThrow: "findFirst",
  findUniqueOrThrow: "findUnique",
  findManyAndCount: "findMany",
  aggregate: "none",
  groupBy: "none",
  query: "none",
  upsert: "none", // the create or update in it calls its own
  transition: "update",
  optimizeFts: "none",
};

/** The operation whose hooks a method calls; undefined: it calls none. */
export function hookOperation(method: Method): Method | undefined {
  const operation = HOOKED_AS[method] ?? method;
  return operation === "none" ? undefined : operation;
}

/** The group of hooks to which an operation belongs; undefined: to none. */
export function hookGroup(operation: Method): "setters" | "getters" | undefined {
  if (hookOperation(operation) === undefined || operation === "restore") return undefined;
  return isWrite(operation) ? "setters" : "getters";
}
