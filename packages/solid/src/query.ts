import type { Accessor } from "solid-js";
import type { FunctionReference, MoonstoneError } from "@moonstone/client";
import { useProvidedClient } from "./context.js";
import { observeQuery, read } from "./observed_query.js";
import type { MaybeAccessor } from "./observed_query.js";

export interface QueryOptions {
  /** false: the query is not subscribed to, and its result is undefined. Default true. */
  enabled?: MaybeAccessor<boolean>;
}

export interface CreateQueryOptions extends QueryOptions {
  /** Reading throws an error of the query, for an `<ErrorBoundary>`, instead of logging it. */
  throwOnError?: boolean;
}

/**
 * Arguments as they are, or an accessor whose changes subscribe anew; they may be left out when
 * none is required. Then options.
 */
export type QueryParameters<Args, Options> = {} extends Args
  ? [args?: MaybeAccessor<Args>, options?: Options]
  : [args: MaybeAccessor<Args>, options?: Options];

/**
 * The live result of a query, undefined until the first one is there. It is subscribed to while
 * the owner lives; what did not change in a new result keeps its identity, and arguments of equal
 * value are the same query.
 * Errors: with `throwOnError` reading throws the MoonstoneError; else it is logged.
 */
export function createQuery<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...[args, options]: QueryParameters<Args, CreateQueryOptions>
): Accessor<Return | undefined> {
  const throwOnError = options?.throwOnError ?? false;
  const query = observeReference(ref, args, options, throwOnError);
  if (!throwOnError) return query.data as Accessor<Return | undefined>;
  return () => {
    const error = query.error();
    if (error !== undefined) throw error;
    return query.data() as Return | undefined;
  };
}

export interface QueryStatus<Return> {
  /** The result, or undefined while there is none. */
  data: Accessor<Return | undefined>;
  /** Why the query failed; `data` is then the last result before, if there was one. */
  error: Accessor<MoonstoneError | undefined>;
  /** There is neither a result nor an error yet, and the query is enabled. */
  isLoading: Accessor<boolean>;
  /** There is a result, but the server has not confirmed that it still holds. */
  isStale: Accessor<boolean>;
}

/** Like createQuery, and tells loading, failure and staleness apart. Errors: in `error`. */
export function createQueryWithStatus<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...[args, options]: QueryParameters<Args, QueryOptions>
): QueryStatus<Return> {
  const { data, error, isConfirmed } = observeReference(ref, args, options, true);
  return {
    data: data as Accessor<Return | undefined>,
    error,
    isLoading: () =>
      data() === undefined && error() === undefined && read(options?.enabled ?? true),
    isStale: () => data() !== undefined && !isConfirmed(),
  };
}

function observeReference(
  ref: { readonly _name: string },
  args: unknown,
  options: QueryOptions | undefined,
  handlesErrors: boolean,
): ReturnType<typeof observeQuery> {
  return observeQuery(
    useProvidedClient(),
    () => ref._name,
    () => read(args),
    { isEnabled: () => read(options?.enabled ?? true), handlesErrors },
  );
}
