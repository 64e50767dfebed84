import { callAction, callMutation, functionName } from "@moonstone/client";
import type { FunctionReference, LocalStore, OptionalArgs } from "@moonstone/client";
import { useProvidedClient } from "./context.js";

export interface CreateMutationOptions<Args> {
  /**
   * Shows the expected effect at once: changes results of queries in `store` until the server has
   * answered. It may run several times, so it must do nothing else.
   */
  optimisticUpdate?: (store: LocalStore, args: Args) => void;
}

/**
 * A function that runs the mutation, after those called before it.
 * Errors: its promise is rejected with a MoonstoneError.
 */
export function createMutation<Args, Return>(
  ref: FunctionReference<"mutation", Args, Return>,
  options?: CreateMutationOptions<Args>,
): (...args: OptionalArgs<Args>) => Promise<Return> {
  const client = useProvidedClient();
  const name = functionName(ref);
  return (...[given]) => callMutation<Args, Return>(client, name, given, options?.optimisticUpdate);
}

/**
 * A function that runs the action, at once.
 * Errors: its promise is rejected with a MoonstoneError.
 */
export function createAction<Args, Return>(
  ref: FunctionReference<"action", Args, Return>,
): (...args: OptionalArgs<Args>) => Promise<Return> {
  const client = useProvidedClient();
  const name = functionName(ref);
  return (...[given]) => callAction<Return>(client, name, given);
}
