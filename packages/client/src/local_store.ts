import { makeKey } from "./query_key.js";
import type { QueryKey } from "./query_key.js";
import { functionName } from "./reference.js";
import type { FunctionReference, OptionalArgs } from "./reference.js";

/**
 * What an `optimisticUpdate` sees and changes: the results as the page shows them. Results must
 * not be changed in place; set a copy. Usable only until the callback returns.
 */
export interface LocalStore {
  /** The result that is shown, or undefined if there is none. */
  getQuery<Args, Return>(
    ref: FunctionReference<"query", Args, Return>,
    ...args: OptionalArgs<Args>
  ): Return | undefined;
  getQuery(name: string, args?: unknown): unknown;

  /** Shows `value` as the result until the mutation is answered; undefined shows none. */
  setQuery<Args, Return>(
    ref: FunctionReference<"query", Args, Return>,
    args: Args,
    value: Return | undefined,
  ): void;
  setQuery(name: string, args: unknown, value: unknown): void;
}

/** Options of one mutation. */
export interface MutationOptions {
  /**
   * Shows the expected effect at once. It runs when the mutation is called, and again whenever a
   * result that it looked at changes before the mutation is sent; so it must do nothing but read
   * and set results. If its first run throws, the mutation is rejected and not sent.
   */
  optimisticUpdate?: (store: LocalStore) => void;
}

/** The arguments of `client.mutation` after the reference. */
export type MutationArgs<Args> = {} extends Args
  ? [args?: Args, options?: MutationOptions]
  : [args: Args, options?: MutationOptions];

/** Runs `update` over results that `get` brings and `set` takes. Errors: what `update` throws. */
export function runUpdate(
  update: (store: LocalStore) => void,
  get: (key: QueryKey) => unknown,
  set: (key: QueryKey, value: unknown) => void,
): void {
  let isOver = false;
  const keyOf = (fn: string | { readonly _name: string }, args: unknown): QueryKey => {
    if (isOver) throw new Error("optimisticUpdate: the store is usable only until it returns");
    return makeKey(functionName(fn), args);
  };
  const store: LocalStore = {
    getQuery: (fn: string | FunctionReference, args?: unknown): any => get(keyOf(fn, args)),
    setQuery: (fn: string | FunctionReference, args: unknown, value: unknown): void =>
      set(keyOf(fn, args), value),
  };
  const outcome = update(store) as unknown;
  isOver = true;
  if (typeof (outcome as PromiseLike<unknown> | undefined)?.then === "function") {
    throw new Error("optimisticUpdate must not be async: it shows its effect before it returns");
  }
}
