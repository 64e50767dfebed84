/** The client of Moonstone for browsers and Node: one WebSocket, live queries over it. */
export { MoonstoneClient } from "./client.js";
export type { MoonstoneClientOptions } from "./client_options.js";
export type { AuthListener, TokenFetcher } from "./auth.js";
export { QueryStore } from "./query_store.js";
export type { QueryKey } from "./query_store.js";
export type { BackoffOptions } from "./backoff.js";
export type { ConnectionState, WebSocketConstructor, WebSocketLike } from "./connection.js";
export type { LocalStore, MutationArgs, MutationOptions } from "./local_store.js";
export { PaginatedQuery } from "./paginated_query.js";
export type {
  PaginatedQueryOptions,
  PaginatedSnapshot,
  PaginationResult,
  UsePaginatedQueryResult,
} from "./paginated_query.js";
export type {
  CachedEntry,
  MutationStore,
  PersistenceAdapter,
  StoredMutation,
} from "./persistence_types.js";
export { preloadQuery } from "./preload.js";
export type { Preloaded, PreloadOptions } from "./preload.js";
export { MoonstoneError } from "./errors.js";
export { callAction, callMutation } from "./component_calls.js";
export { functionName } from "./reference.js";
export type { FunctionKind, FunctionReference, OptionalArgs } from "./reference.js";
