import { createMemo, createSignal, onCleanup, untrack } from "solid-js";
import type { Accessor } from "solid-js";
import { functionName, PaginatedQuery, QueryStore } from "@moonstone/client";
import type { FunctionReference, MoonstoneError, UsePaginatedQueryResult } from "@moonstone/client";
import { useProvidedClient } from "./context.js";
import { read } from "./observed_query.js";
import type { MaybeAccessor } from "./observed_query.js";

/** What `.paginate()` returns. */
export interface QueryPage<Item> {
  page: Item[];
  isDone: boolean;
  continueCursor: string | null;
}

/** The arguments of a paginated query without those that the primitive gives. */
export type PageArgs<Args> = Omit<Args, "cursor" | "numItems">;

export interface CreatePaginatedQueryOptions {
  /** How many items the first page asks for. */
  initialNumItems: number;
}

export interface CreatePaginatedQueryResult<Item> {
  /** The items of all loaded pages. */
  results: Accessor<Item[]>;
  status: Accessor<UsePaginatedQueryResult<Item>["status"]>;
  /** Loads the next page. Does nothing while there is none, or while the next one is on its way. */
  loadMore: (numItems: number) => void;
  /** Why a page could not be loaded; the items shown before stay. */
  error: Accessor<MoonstoneError | undefined>;
}

const LOADING: UsePaginatedQueryResult<never> = {
  results: [],
  status: "LoadingFirstPage",
  loadMore: () => {},
  error: undefined,
};

/**
 * The items of a query that returns pages, from the first page to the last one that was asked for,
 * live and without gaps or repetitions while rows come and go. Begins anew when the value of the
 * arguments changes. `ref` takes `cursor` and `numItems` and returns what `.paginate()` gave.
 * Errors: in `error`.
 */
export function createPaginatedQuery<Args extends { cursor?: unknown; numItems?: unknown }, Item>(
  ref: FunctionReference<"query", Args, QueryPage<Item>>,
  args: MaybeAccessor<PageArgs<Args>>,
  { initialNumItems }: CreatePaginatedQueryOptions,
): CreatePaginatedQueryResult<Item> {
  const client = useProvidedClient();
  const name = functionName(ref);
  const key = createMemo(() => QueryStore.makeKey(name, read(args)));
  // One signal for each value of the arguments, so that none shows what belongs to another.
  const pages = createMemo<Accessor<UsePaginatedQueryResult<Item>>>(() => {
    key();
    if (client === null) return () => LOADING;
    const query = new PaginatedQuery<Item>(
      client,
      name,
      untrack(() => read(args)),
      {
        initialNumItems,
      },
    );
    const [snapshot, setSnapshot] = createSignal(query.getSnapshot());
    onCleanup(query.subscribe(() => setSnapshot(query.getSnapshot())));
    return snapshot;
  });
  const snapshot = (): UsePaginatedQueryResult<Item> => pages()();
  return {
    results: createMemo(() => snapshot().results),
    status: createMemo(() => snapshot().status),
    loadMore: (numItems) => untrack(snapshot).loadMore(numItems),
    error: createMemo(() => snapshot().error),
  };
}
