/** Solid primitives for Moonstone. */
export { MoonstoneProvider, useMoonstoneClient } from "./context.js";
export type { MoonstoneProviderProps } from "./context.js";
export {
  createAction,
  createConnectionState,
  createMutation,
  createQuery,
  createQueryWithStatus,
} from "./primitives.js";
export type { QueryArgs, QueryStatus } from "./primitives.js";
export { MoonstoneClient, MoonstoneError } from "@moonstone/client";
export type {
  ConnectionState,
  FunctionReference,
  MoonstoneClientOptions,
  OptionalArgs,
} from "@moonstone/client";
