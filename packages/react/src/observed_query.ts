import { useMemo } from "react";
import { functionName, QueryStore } from "@moonstone/client";
import type { MoonstoneClient, MoonstoneError, QueryKey } from "@moonstone/client";

/** What a component sees of a query. The same object until one of its members changes. */
export interface Observation {
  readonly data: unknown;
  readonly error: MoonstoneError | undefined;
  readonly isConfirmed: boolean;
}

export interface ObserveOptions {
  /** false: nothing is subscribed to, and there is neither result nor error. */
  isEnabled: boolean;
  /** The component deals with errors, so that they need not go to the console. */
  handlesErrors: boolean;
}

/** Without result and error. */
export const NOTHING: Observation = { data: undefined, error: undefined, isConfirmed: false };

/**
 * A query with its arguments as `useSyncExternalStore` wants it: a way to subscribe and snapshots,
 * which belong to no component and may be taken during a render that is thrown away.
 */
export class ObservedQuery {
  #last: Observation = NOTHING;

  constructor(
    readonly client: MoonstoneClient | null,
    readonly name: string,
    readonly args: unknown,
    readonly key: QueryKey,
    readonly options: ObserveOptions,
  ) {}

  /** Subscribes at the server and calls `listener` at each change. Returns the way out. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const { client, options } = this;
    if (client === null || !options.isEnabled) return nothing;
    const stopWatching = client.watchQuery(this.key, listener);
    const onError = options.handlesErrors ? nothing : undefined;
    const unsubscribe = client.subscribe(this.name, this.args, undefined, onError);
    return () => {
      stopWatching();
      unsubscribe();
    };
  };

  /** Calls `listener` at each change, beside a `subscribe` of the same component. */
  readonly watch = (listener: () => void): (() => void) => {
    if (this.client === null || !this.options.isEnabled) return nothing;
    return this.client.watchQuery(this.key, listener);
  };

  readonly getData = (): unknown =>
    this.options.isEnabled ? this.client?.getQueryResult(this.key) : undefined;

  readonly getError = (): MoonstoneError | undefined =>
    this.options.isEnabled ? this.client?.getQueryError(this.key) : undefined;

  readonly getObservation = (): Observation => {
    const data = this.getData();
    const error = this.getError();
    const isConfirmed = data !== undefined && this.client!.hasServerResult(this.key);
    const last = this.#last;
    const isSame = last.data === data && last.error === error && last.isConfirmed === isConfirmed;
    return isSame ? last : (this.#last = { data, error, isConfirmed });
  };
}

/** Stays the same while client, options and the value of the arguments do. */
export function useObservedQuery(
  client: MoonstoneClient | null,
  ref: { readonly _name: string },
  args: unknown,
  { isEnabled, handlesErrors }: ObserveOptions,
): ObservedQuery {
  const name = functionName(ref);
  // Making a key costs a serialisation; arguments that are the same object need none.
  const key = useMemo(() => QueryStore.makeKey(name, args), [name, args]);
  // The key stands for name and arguments: these are the ones of the render that made it.
  return useMemo(
    () => new ObservedQuery(client, name, args, key, { isEnabled, handlesErrors }),
    [client, key, isEnabled, handlesErrors],
  );
}

export function nothing(): undefined {
  return undefined;
}
