import { useCallback, useInsertionEffect, useRef } from "react";
import { callAction, callMutation, functionName } from "@moonstone/client";
import type { FunctionReference, LocalStore, OptionalArgs } from "@moonstone/client";
import { useProvidedClient } from "./context.js";

export interface UseMutationOptions<Args> {
  /**
   * Shows the expected effect at once: changes results of queries in `store` until the server has
   * answered. It may run several times, so it must do nothing else.
   */
  optimisticUpdate?: (store: LocalStore, args: Args) => void;
}

/**
 * A function that runs the mutation, after those called before it. It stays the same from render
 * to render, and uses the `optimisticUpdate` of the latest one.
 * Errors: its promise is rejected with a MoonstoneError.
 */
export function useMutation<Args, Return>(
  ref: FunctionReference<"mutation", Args, Return>,
  options?: UseMutationOptions<Args>,
): (...args: OptionalArgs<Args>) => Promise<Return> {
  const client = useProvidedClient();
  const name = functionName(ref);
  const latest = useRef(options?.optimisticUpdate);
  useInsertionEffect(() => {
    latest.current = options?.optimisticUpdate;
  });
  return useCallback(
    (...[given]) => callMutation<Args, Return>(client, name, given, latest.current),
    [client, name],
  );
}

/**
 * A function that runs the action, at once. It stays the same from render to render.
 * Errors: its promise is rejected with a MoonstoneError.
 */
export function useAction<Args, Return>(
  ref: FunctionReference<"action", Args, Return>,
): (...args: OptionalArgs<Args>) => Promise<Return> {
  const client = useProvidedClient();
  const name = functionName(ref);
  return useCallback((...[given]) => callAction<Return>(client, name, given), [client, name]);
}
