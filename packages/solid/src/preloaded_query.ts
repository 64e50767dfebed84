import type { Accessor } from "solid-js";
import type { Preloaded } from "@moonstone/client";
import { useClientIfAny } from "./context.js";
import { always, observeQuery, read } from "./observed_query.js";
import type { MaybeAccessor } from "./observed_query.js";

/**
 * The live result of a query that `preloadQuery` ran where the page was rendered: what it brought,
 * never undefined, until the server has something newer. On a server no provider is needed. A
 * query that fails later is logged, and the last result stays.
 */
export function createPreloadedQuery<Return>(
  preloaded: MaybeAccessor<Preloaded<Return>>,
): Accessor<Return> {
  const client = useClientIfAny();
  const query = observeQuery(
    client,
    () => read(preloaded)._fn,
    () => read(preloaded)._args,
    {
      isEnabled: always,
      handlesErrors: false,
      prepare: () => client!.hydrate(read(preloaded)),
    },
  );
  return () => {
    const data = query.data();
    return (data === undefined ? read(preloaded)._result : data) as Return;
  };
}
