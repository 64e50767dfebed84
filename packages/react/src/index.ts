/** React hooks for Moonstone. */
export { MoonstoneProvider, useMoonstoneClient } from "./context.js";
export type { MoonstoneProviderProps } from "./context.js";
export {
  useAction,
  useConnectionState,
  useMutation,
  useQuery,
  useQueryWithStatus,
} from "./hooks.js";
export type { QueryStatus } from "./hooks.js";
export { MoonstoneClient, MoonstoneError } from "@moonstone/client";
export type {
  ConnectionState,
  FunctionReference,
  MoonstoneClientOptions,
  OptionalArgs,
} from "@moonstone/client";
