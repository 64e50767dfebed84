// Calls as components make them: what the packages for UI libraries have in common.
import type { MoonstoneClient } from "./client.js";
import { MoonstoneError } from "./errors.js";
import type { LocalStore } from "./local_store.js";

/**
 * Runs a mutation for a component. `client` null: a server renders. `given` may be the event of
 * `onClick={send}`, which is no arguments.
 * Errors: those of `MoonstoneClient.mutation`; `no_client` without a client.
 */
export async function callMutation<Args, Return>(
  client: MoonstoneClient | null,
  name: string,
  given: Args | undefined,
  optimisticUpdate: ((store: LocalStore, args: Args) => void) | undefined,
): Promise<Return> {
  const args = argumentsOf(given) as Args;
  const options = optimisticUpdate && {
    optimisticUpdate: (store: LocalStore) => optimisticUpdate(store, args),
  };
  return (await connected(client).mutation(name, args, options)) as Return;
}

/** Runs an action for a component, as `callMutation` does a mutation. */
export async function callAction<Return>(
  client: MoonstoneClient | null,
  name: string,
  given: unknown,
): Promise<Return> {
  return (await connected(client).action(name, argumentsOf(given))) as Return;
}

function connected(client: MoonstoneClient | null): MoonstoneClient {
  if (client !== null) return client;
  throw new MoonstoneError("no_client", "Nothing can be called where a server renders");
}

function argumentsOf(given: unknown): unknown {
  const { preventDefault } = (given ?? {}) as { preventDefault?: unknown };
  return typeof preventDefault === "function" ? {} : (given ?? {});
}
