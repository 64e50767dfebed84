import type { RegisteredFunction } from "./functions.js";

export type FunctionKind = "query" | "mutation" | "action";

/**
 * Names a function and carries the types of its arguments and result: a leaf of the generated
 * `api` and `internal`. `_args` and `_returns` exist for the compiler only.
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

/** What a function takes. */
export type ArgsOf<F> = F extends RegisteredFunction<FunctionKind, infer Args, any> ? Args : any;

/** What a function resolves to: from `returns` where it is given, else from the handler. */
export type ReturnOf<F> = F extends RegisteredFunction<FunctionKind, any, infer R> ? R : any;

/** Arguments that may be left out when none of them is required. */
export type OptionalArgs<Args> = {} extends Args ? [args?: Args] : [args: Args];

/** The name behind a function reference or a plain name; an error says which `place` got neither. */
export function functionName(fn: string | { readonly _name: string }, place: string): string {
  const name = typeof fn === "string" ? fn : (fn as { _name?: unknown } | undefined)?._name;
  if (typeof name === "string" && name !== "") return name;
  throw new Error(`${place}: expected a function name such as "tasks:list" or a reference to one`);
}
