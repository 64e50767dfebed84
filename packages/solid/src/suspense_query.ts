import { createResource, onCleanup } from "solid-js";
import type { Accessor } from "solid-js";
import type { FunctionReference, MoonstoneClient, QueryKey } from "@moonstone/client";
import { useProvidedClient } from "./context.js";
import { always, observeQuery, read } from "./observed_query.js";
import type { QueryParameters } from "./query.js";

/**
 * The live result of a query. Where it is read before the first one is there, the closest
 * `<Suspense>` shows its fallback; as with every resource of Solid, it reads as undefined
 * meanwhile.
 * Errors: reading throws the MoonstoneError of a failed query, for an `<ErrorBoundary>`.
 */
export function createSuspenseQuery<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...[args]: QueryParameters<Args, never>
): Accessor<Return | undefined> {
  const client = useProvidedClient();
  const query = observeQuery(
    client,
    () => ref._name,
    () => read(args),
    { isEnabled: always, handlesErrors: true },
  );
  const [settled] = createResource(query.key, (key) => {
    return client === null ? true : whenSettled(client, key);
  });
  return () => {
    settled(); // what makes <Suspense> wait
    const error = query.error();
    if (error !== undefined) throw error;
    return query.data() as Return | undefined;
  };
}

/** true, or a promise of it, once there is a result or an error. It may never come. */
function whenSettled(client: MoonstoneClient, key: QueryKey): true | Promise<true> {
  const isSettled = (): boolean =>
    client.getQueryResult(key) !== undefined || client.getQueryError(key) !== undefined;
  if (isSettled()) return true;
  return new Promise((resolve) => {
    const stop = client.watchQuery(key, () => {
      if (!isSettled()) return;
      stop();
      resolve(true);
    });
    onCleanup(stop); // other arguments, or the component is gone
  });
}
