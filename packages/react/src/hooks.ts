import { useCallback, useMemo, useSyncExternalStore } from "react";
import { functionName, QueryStore } from "@moonstone/client";
import type {
  ConnectionState,
  FunctionReference,
  MoonstoneClient,
  OptionalArgs,
  QueryKey,
} from "@moonstone/client";
import { useMoonstoneClient } from "./context.js";

/**
 * The live result of a query, or undefined until the first result is there. The component renders
 * again when the result changes; what did not change in it keeps its identity.
 */
export function useQuery<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...args: OptionalArgs<Args>
): Return | undefined {
  const { client, key, subscribe } = useSubscription(ref, args[0]);
  const getSnapshot = useCallback(() => client.getQueryResult(key), [client, key]);
  return useSyncExternalStore(subscribe, getSnapshot, nothing) as Return | undefined;
}

export interface QueryStatus<Return> {
  /** The result, or undefined while there is none. */
  data: Return | undefined;
  /** There is no result yet. */
  isLoading: boolean;
  /** There is a result, but the server has not confirmed that it still holds. */
  isStale: boolean;
}

/** Like useQuery, and tells loading and staleness apart. */
export function useQueryWithStatus<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...args: OptionalArgs<Args>
): QueryStatus<Return> {
  const { client, key, subscribe } = useSubscription(ref, args[0]);
  const getData = useCallback(() => client.getQueryResult(key), [client, key]);
  const getConfirmed = useCallback(() => client.hasServerResult(key), [client, key]);
  const data = useSyncExternalStore(subscribe, getData, nothing) as Return | undefined;
  const watch = useCallback(
    (listener: () => void) => client.watchQuery(key, listener),
    [client, key],
  );
  const isConfirmed = useSyncExternalStore(watch, getConfirmed, no);
  return useMemo(
    () => ({ data, isLoading: data === undefined, isStale: data !== undefined && !isConfirmed }),
    [data, isConfirmed],
  );
}

/** A function that runs the mutation. It stays the same from render to render. */
export function useMutation<Args, Return>(
  ref: FunctionReference<"mutation", Args, Return>,
): (...args: OptionalArgs<Args>) => Promise<Return> {
  const client = useMoonstoneClient();
  const name = functionName(ref);
  return useCallback((...args) => client.mutation(name, args[0]), [client, name]);
}

/** A function that runs the action. It stays the same from render to render. */
export function useAction<Args, Return>(
  ref: FunctionReference<"action", Args, Return>,
): (...args: OptionalArgs<Args>) => Promise<Return> {
  const client = useMoonstoneClient();
  const name = functionName(ref);
  return useCallback((...args) => client.action(name, args[0]), [client, name]);
}

/** `"connecting"`, `"connected"` or `"disconnected"`, live. */
export function useConnectionState(): ConnectionState {
  const client = useMoonstoneClient();
  const watch = useCallback(
    (listener: () => void) => client.onConnectionChange(listener),
    [client],
  );
  const getState = useCallback(() => client.connectionState, [client]);
  return useSyncExternalStore(watch, getState, connecting);
}

interface Subscription {
  client: MoonstoneClient;
  key: QueryKey;
  /** For useSyncExternalStore; it changes only with the client and the key. */
  subscribe: (listener: () => void) => () => void;
}

function useSubscription(ref: { readonly _name: string }, args: unknown): Subscription {
  const client = useMoonstoneClient();
  const name = functionName(ref);
  const key = useKey(name, args);
  const subscribe = useCallback(
    (listener: () => void) => {
      const stopWatching = client.watchQuery(key, listener);
      // The key stands for the arguments: these are the ones of the render that made it.
      const unsubscribe = client.subscribe(name, args);
      return () => {
        stopWatching();
        unsubscribe();
      };
    },
    [client, name, key],
  );
  return { client, key, subscribe };
}

// Making a key costs a serialisation; arguments that are the same object need none.
function useKey(name: string, args: unknown): QueryKey {
  return useMemo(() => QueryStore.makeKey(name, args), [name, args]);
}

function nothing(): undefined {
  return undefined;
}

function no(): boolean {
  return false;
}

function connecting(): ConnectionState {
  return "connecting";
}
