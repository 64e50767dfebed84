import { createEffect, createMemo, createSignal, onCleanup, untrack } from "solid-js";
import type { Accessor } from "solid-js";
import { functionName, QueryStore } from "@moonstone/client";
import type {
  ConnectionState,
  FunctionReference,
  MoonstoneClient,
  OptionalArgs,
  QueryKey,
} from "@moonstone/client";
import { useMoonstoneClient } from "./context.js";

/** Arguments as they are, or an accessor whose changes subscribe anew; left out if none is required. */
export type QueryArgs<Args> = {} extends Args
  ? [args?: Args | Accessor<Args>]
  : [args: Args | Accessor<Args>];

/**
 * The live result of a query, undefined until the first one is there. It is subscribed to while
 * the owner lives; what did not change in a new result keeps its identity.
 */
export function createQuery<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...args: QueryArgs<Args>
): Accessor<Return | undefined> {
  const { client, key, changed } = createSubscription(ref, args[0]);
  return createMemo(() => {
    changed();
    return client.getQueryResult(key()) as Return | undefined;
  });
}

export interface QueryStatus<Return> {
  /** The result, or undefined while there is none. */
  data: Accessor<Return | undefined>;
  /** There is no result yet. */
  isLoading: Accessor<boolean>;
  /** There is a result, but the server has not confirmed that it still holds. */
  isStale: Accessor<boolean>;
}

/** Like createQuery, and tells loading and staleness apart. */
export function createQueryWithStatus<Args, Return>(
  ref: FunctionReference<"query", Args, Return>,
  ...args: QueryArgs<Args>
): QueryStatus<Return> {
  const { client, key, changed } = createSubscription(ref, args[0]);
  const data = createMemo(() => {
    changed();
    return client.getQueryResult(key()) as Return | undefined;
  });
  const isStale = createMemo(() => {
    changed();
    return data() !== undefined && !client.hasServerResult(key());
  });
  return { data, isLoading: () => data() === undefined, isStale };
}

/** A function that runs the mutation. */
export function createMutation<Args, Return>(
  ref: FunctionReference<"mutation", Args, Return>,
): (...args: OptionalArgs<Args>) => Promise<Return> {
  const client = useMoonstoneClient();
  return (...args) => client.mutation(functionName(ref), args[0]);
}

/** A function that runs the action. */
export function createAction<Args, Return>(
  ref: FunctionReference<"action", Args, Return>,
): (...args: OptionalArgs<Args>) => Promise<Return> {
  const client = useMoonstoneClient();
  return (...args) => client.action(functionName(ref), args[0]);
}

/** `"connecting"`, `"connected"` or `"disconnected"`, live. */
export function createConnectionState(): Accessor<ConnectionState> {
  const client = useMoonstoneClient();
  const [state, setState] = createSignal<ConnectionState>(client.connectionState);
  createEffect(() => {
    onCleanup(client.onConnectionChange(setState));
    setState(client.connectionState); // it may have changed before the effect ran
  });
  return state;
}

interface Subscription {
  client: MoonstoneClient;
  key: Accessor<QueryKey>;
  /** Whoever reads it runs again when the stored result or its confirmation changes. */
  changed: Accessor<void>;
}

function createSubscription(ref: { readonly _name: string }, args: unknown): Subscription {
  const client = useMoonstoneClient();
  const name = functionName(ref);
  const read = (): unknown => (typeof args === "function" ? (args as Accessor<unknown>)() : args);
  const key = createMemo(() => QueryStore.makeKey(name, read()));
  const [changed, change] = createSignal<void>(undefined, { equals: false });
  // An effect, so that nothing is subscribed to where a server renders.
  createEffect(() => {
    const stopWatching = client.watchQuery(key(), () => change());
    const unsubscribe = client.subscribe(name, untrack(read));
    onCleanup(() => {
      stopWatching();
      unsubscribe();
    });
    change(); // another component's subscription may have brought the result already
  });
  return { client, key, changed };
}
