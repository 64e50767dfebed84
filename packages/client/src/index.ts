/** The client of Moonstone for browsers and Node: one WebSocket, live queries over it. */
export { MoonstoneClient } from "./client.js";
export type { MoonstoneClientOptions } from "./client.js";
export type { AuthListener, TokenFetcher } from "./auth.js";
export { QueryStore } from "./query_store.js";
export type { QueryKey } from "./query_store.js";
export type { BackoffOptions } from "./backoff.js";
export type { ConnectionState, WebSocketConstructor, WebSocketLike } from "./connection.js";
export { MoonstoneError } from "./errors.js";
export { functionName } from "./reference.js";
export type { FunctionKind, FunctionReference, OptionalArgs } from "./reference.js";
