import { useMemo, useSyncExternalStore } from "react";
import { functionName, PaginatedQuery, QueryStore } from "@moonstone/client";
import type { FunctionReference, UsePaginatedQueryResult } from "@moonstone/client";
import { useProvidedClient } from "./context.js";
import { nothing } from "./observed_query.js";

/** What `.paginate()` returns. */
export interface QueryPage<Item> {
  page: Item[];
  isDone: boolean;
  continueCursor: string | null;
}

/** The arguments of a paginated query without those that the hook gives. */
export type PageArgs<Args> = Omit<Args, "cursor" | "numItems">;

export interface UsePaginatedQueryOptions {
  /** How many items the first page asks for. A change does not load the pages again. */
  initialNumItems: number;
}

const LOADING: UsePaginatedQueryResult<never> = {
  results: [],
  status: "LoadingFirstPage",
  loadMore: nothing,
  error: undefined,
};

/**
 * The items of a query that returns pages, from the first page to the last one that was asked for,
 * live and without gaps or repetitions while rows come and go. Begins anew when the value of the
 * arguments changes. `ref` takes `cursor` and `numItems` and returns what `.paginate()` gave.
 * Errors: in `error`; the items shown before stay.
 */
export function usePaginatedQuery<Args extends { cursor?: unknown; numItems?: unknown }, Item>(
  ref: FunctionReference<"query", Args, QueryPage<Item>>,
  args: PageArgs<Args>,
  { initialNumItems }: UsePaginatedQueryOptions,
): UsePaginatedQueryResult<Item> {
  const client = useProvidedClient();
  const name = functionName(ref);
  const key = useMemo(() => QueryStore.makeKey(name, args), [name, args]);
  const source = useMemo(() => {
    if (client === null) return { subscribe: () => nothing, getSnapshot: getLoading };
    const pages = new PaginatedQuery<Item>(client, name, args, { initialNumItems });
    return {
      subscribe: (listener: () => void) => pages.subscribe(listener),
      getSnapshot: () => pages.getSnapshot(),
    };
  }, [client, key]);
  return useSyncExternalStore(source.subscribe, source.getSnapshot, getLoading);
}

function getLoading(): UsePaginatedQueryResult<never> {
  return LOADING;
}
