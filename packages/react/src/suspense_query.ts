import { useEffect, useSyncExternalStore } from "react";
import type { FunctionReference, OptionalArgs } from "@moonstone/client";
import { useMoonstoneClient } from "./context.js";
import { holdQuery, releaseQuery } from "./held_queries.js";
import { useObservedQuery } from "./observed_query.js";

/**
 * The live result of a query. Until the first one is there the component suspends, so that the
 * closest `<Suspense>` shows its fallback; a change of the arguments within a transition keeps the
 * old content on the screen meanwhile.
 * Errors: throws the MoonstoneError of a failed query, for an error boundary, which may try again;
 * throws without a client, where a server renders: the server then sends the fallback.
 */
export function useSuspenseQuery<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...[args]: OptionalArgs<Args>
): Return {
  const client = useMoonstoneClient();
  const query = useObservedQuery(client, ref, args, { isEnabled: true, handlesErrors: true });
  const data = useSyncExternalStore(query.subscribe, query.getData, query.getData);
  const error = useSyncExternalStore(query.watch, query.getError, query.getError);
  // This effect runs after the one that subscribes.
  useEffect(() => releaseQuery(client, query.key), [client, query]);
  if (error !== undefined) {
    // Not at once: React renders a component that threw a second time. After that, whoever tries
    // again asks the server again.
    setTimeout(() => releaseQuery(client, query.key));
    throw error;
  }
  if (data === undefined) throw holdQuery(client, query);
  return data as Return;
}
