import { functionName, MoonstoneError } from "@moonstone/client";
import type {
  FunctionReference,
  LocalStore,
  MoonstoneClient,
  OptionalArgs,
} from "@moonstone/client";
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
  return async (...[given]) => {
    const args = callArguments(given) as Args;
    const update = options?.optimisticUpdate;
    if (update === undefined) return connected(client).mutation(name, args);
    const optimisticUpdate = (store: LocalStore): void => update(store, args);
    return connected(client).mutation(name, args, { optimisticUpdate });
  };
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
  return async (...[given]) => connected(client).action(name, callArguments(given));
}

function connected(client: MoonstoneClient | null): MoonstoneClient {
  if (client !== null) return client;
  throw new MoonstoneError("no_client", "Nothing can be called where a server renders");
}

/** `onClick={send}` passes an event, which is no arguments. */
function callArguments(given: unknown): unknown {
  const { preventDefault } = (given ?? {}) as { preventDefault?: unknown };
  return typeof preventDefault === "function" ? {} : (given ?? {});
}
