import { useMemo, useSyncExternalStore } from "react";
import type { FunctionReference, MoonstoneError, OptionalArgs } from "@moonstone/client";
import { useProvidedClient } from "./context.js";
import { NOTHING, nothing, useObservedQuery } from "./observed_query.js";
import type { Observation } from "./observed_query.js";

export interface QueryOptions {
  /** false: the query is not subscribed to, and its result is undefined. Default true. */
  enabled?: boolean;
}

export interface UseQueryOptions extends QueryOptions {
  /** Throws an error of the query, for an error boundary, instead of logging it. Default false. */
  throwOnError?: boolean;
}

/** Arguments, which may be left out when none is required, then options. */
export type QueryParameters<Args, Options> = {} extends Args
  ? [args?: Args, options?: Options]
  : [args: Args, options?: Options];

/**
 * The live result of a query, or undefined until the first result is there. The component renders
 * again when the result changes; what did not change in it keeps its identity. Equal arguments are
 * the same query, whether or not they are the same object.
 * Errors: with `throwOnError` a MoonstoneError if the query failed; else it is logged.
 */
export function useQuery<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...[args, options]: QueryParameters<Args, UseQueryOptions>
): Return | undefined {
  const throwOnError = options?.throwOnError ?? false;
  const query = useObservedQuery(useProvidedClient(), ref, args, {
    isEnabled: options?.enabled ?? true,
    handlesErrors: throwOnError,
  });
  const data = useSyncExternalStore(query.subscribe, query.getData, nothing);
  const getError = throwOnError ? query.getError : nothing;
  const error = useSyncExternalStore(query.watch, getError, nothing);
  if (error !== undefined) throw error;
  return data as Return | undefined;
}

/** There is neither a result nor an error yet. */
export interface LoadingQuery {
  data: undefined;
  error: undefined;
  isLoading: true;
  isStale: false;
}

/** There is a result; with an error, it is the last one before the query failed. */
export interface LoadedQuery<Return> {
  data: Return;
  error: MoonstoneError | undefined;
  isLoading: false;
  /** The server has not confirmed that the result still holds. */
  isStale: boolean;
}

/** The query failed before there was a result. */
export interface FailedQuery {
  data: undefined;
  error: MoonstoneError;
  isLoading: false;
  isStale: false;
}

/** The query is turned off by `enabled: false`. */
export interface DisabledQuery {
  data: undefined;
  error: undefined;
  isLoading: false;
  isStale: false;
}

/** After `error` and `isLoading` have been looked at, `data` is there. */
export type QueryStatus<Return> = LoadingQuery | LoadedQuery<Return> | FailedQuery;

/**
 * Like useQuery, and tells loading, failure and staleness apart. The returned object stays the
 * same until one of its members changes. Errors: returned, not thrown.
 */
export function useQueryWithStatus<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...args: OptionalArgs<Args>
): QueryStatus<Return>;
export function useQueryWithStatus<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  args: Args,
  options: QueryOptions | undefined,
): QueryStatus<Return> | DisabledQuery;
export function useQueryWithStatus<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  args?: Args,
  options?: QueryOptions,
): QueryStatus<Return> | DisabledQuery {
  const isEnabled = options?.enabled ?? true;
  const query = useObservedQuery(useProvidedClient(), ref, args, {
    isEnabled,
    handlesErrors: true,
  });
  const seen = useSyncExternalStore(query.subscribe, query.getObservation, getNothing);
  return useMemo(() => statusOf<Return>(seen, isEnabled), [seen, isEnabled]);
}

function getNothing(): Observation {
  return NOTHING;
}

function statusOf<Return>(
  { data, error, isConfirmed }: Observation,
  isEnabled: boolean,
): QueryStatus<Return> | DisabledQuery {
  if (data !== undefined) {
    return { data: data as Return, error, isLoading: false, isStale: !isConfirmed };
  }
  if (error !== undefined) return { data, error, isLoading: false, isStale: false };
  if (isEnabled) return { data, error, isLoading: true, isStale: false };
  return { data, error, isLoading: false, isStale: false };
}
