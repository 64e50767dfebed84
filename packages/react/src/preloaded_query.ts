import { useMemo, useSyncExternalStore } from "react";
import type { Preloaded } from "@moonstone/client";
import { useClientIfAny } from "./context.js";
import { useObservedQuery } from "./observed_query.js";

/**
 * The live result of a query that `preloadQuery` ran where the page was rendered: what it brought,
 * never undefined, until the server has something newer. On a server no provider is needed. A
 * query that fails later is logged, and the last result stays.
 */
export function usePreloadedQuery<Return>(preloaded: Preloaded<Return>): Return {
  const client = useClientIfAny();
  const query = useObservedQuery(client, { _name: preloaded._fn }, preloaded._args, {
    isEnabled: true,
    handlesErrors: false,
  });
  const source = useMemo(() => {
    let isHydrated = false;
    return {
      // Here and not during the render, which may be thrown away and must not disturb others.
      subscribe: (listener: () => void) => {
        client?.hydrate(preloaded);
        isHydrated = true;
        return query.subscribe(listener);
      },
      getSnapshot: () => {
        const { data, isConfirmed } = query.getObservation();
        // Until then the client may know no more than what an earlier visit left in its cache.
        const isNewer = data !== undefined && (isHydrated || isConfirmed);
        return isNewer ? data : preloaded._result;
      },
      getPreloaded: () => preloaded._result as unknown,
    };
  }, [client, query, preloaded._result]);
  return useSyncExternalStore(source.subscribe, source.getSnapshot, source.getPreloaded) as Return;
}
