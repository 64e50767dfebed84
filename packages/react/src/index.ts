/** React hooks for Moonstone. */
export { MoonstoneProvider, useMoonstoneClient } from "./context.js";
export type { MoonstoneProviderProps } from "./context.js";
export { useQuery, useQueryWithStatus } from "./query.js";
export type {
  DisabledQuery,
  FailedQuery,
  LoadedQuery,
  LoadingQuery,
  QueryOptions,
  QueryParameters,
  QueryStatus,
  UseQueryOptions,
} from "./query.js";
export { useSuspenseQuery } from "./suspense_query.js";
export { useAction, useMutation } from "./calls.js";
export type { UseMutationOptions } from "./calls.js";
export { usePaginatedQuery } from "./paginated_query.js";
export type { PageArgs, QueryPage, UsePaginatedQueryOptions } from "./paginated_query.js";
export { usePreloadedQuery } from "./preloaded_query.js";
export { useConnectionState } from "./connection_state.js";
export { MoonstoneClient, MoonstoneError } from "@moonstone/client";
export type {
  ConnectionState,
  FunctionReference,
  LocalStore,
  MoonstoneClientOptions,
  OptionalArgs,
  PaginationResult,
  Preloaded,
  UsePaginatedQueryResult,
} from "@moonstone/client";
