/** The three kinds of functions that a client can call. */
export type FunctionKind = "query" | "mutation" | "action";

/**
 * Names a function and carries the types of its arguments and result: a leaf of the generated
 * `api`. The same shape as in `@moonstone/server`, which an app's pages need not install.
 */
export interface FunctionReference<
  Kind extends FunctionKind = FunctionKind,
  Args = any,
  Return = any,
> {
  readonly _name: string;
  readonly _type: Kind;
  readonly _args: Args;
  readonly _returns: Return;
}

/** Arguments that may be left out when none of them is required. */
export type OptionalArgs<Args> = {} extends Args ? [args?: Args] : [args: Args];

/**
 * The name of a function as the server lists it: `utils/stats:taskStats`. The form with dots
 * before the colon means the same. Errors: neither a name nor a reference.
 */
export function functionName(fn: string | { readonly _name: string }): string {
  const name: unknown = typeof fn === "string" ? fn : fn?._name;
  if (typeof name !== "string" || name === "") {
    throw new Error('Expected a function reference such as api.tasks.list, or "tasks:list"');
  }
  const colon = name.indexOf(":");
  if (colon < 0) return name;
  return name.slice(0, colon).replaceAll(".", "/") + name.slice(colon);
}
