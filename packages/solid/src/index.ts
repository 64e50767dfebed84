/** Solid primitives for Moonstone, and the client. */
export { MoonstoneProvider, useMoonstoneClient } from "./context.js";
export type { MoonstoneProviderProps } from "./context.js";
export type { MaybeAccessor } from "./observed_query.js";
export { createQuery, createQueryWithStatus } from "./query.js";
export type { CreateQueryOptions, QueryOptions, QueryParameters, QueryStatus } from "./query.js";
export { createSuspenseQuery } from "./suspense_query.js";
export { createAction, createMutation } from "./calls.js";
export type { CreateMutationOptions } from "./calls.js";
export { createPaginatedQuery } from "./paginated_query.js";
export type {
  CreatePaginatedQueryOptions,
  CreatePaginatedQueryResult,
  PageArgs,
  QueryPage,
} from "./paginated_query.js";
export { createPreloadedQuery } from "./preloaded_query.js";
export { createConnectionState } from "./connection_state.js";
export * from "@moonstone/client";
