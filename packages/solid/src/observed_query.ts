import { createComputed, createMemo, createSignal, onCleanup, untrack } from "solid-js";
import type { Accessor } from "solid-js";
import { functionName, QueryStore } from "@moonstone/client";
import type { MoonstoneClient, MoonstoneError, QueryKey } from "@moonstone/client";

/** A value, or an accessor whose changes are followed. */
export type MaybeAccessor<T> = T | Accessor<T>;

/** Reads a value or accessor. No arguments of a query are a function. */
export function read<T>(value: MaybeAccessor<T>): T {
  return typeof value === "function" ? (value as Accessor<T>)() : value;
}

export interface ObservedQuery {
  readonly key: Accessor<QueryKey>;
  readonly data: Accessor<unknown>;
  readonly error: Accessor<MoonstoneError | undefined>;
  readonly isConfirmed: Accessor<boolean>;
}

export interface ObserveOptions {
  readonly isEnabled: Accessor<boolean>;
  /** The component deals with errors, so that they need not go to the console. */
  readonly handlesErrors: boolean;
  /** What happens before a subscription. */
  readonly prepare?: () => void;
}

/** Follows a query with its arguments while the owner lives. */
export function observeQuery(
  client: MoonstoneClient | null,
  getName: Accessor<string>,
  getArgs: Accessor<unknown>,
  { isEnabled, handlesErrors, prepare }: ObserveOptions,
): ObservedQuery {
  const key = createMemo(() => QueryStore.makeKey(functionName(getName()), getArgs()));
  const isOn = createMemo(() => client !== null && isEnabled());
  const [changed, change] = createSignal<void>(undefined, { equals: false });
  // Not an effect: those of a component inside a <Suspense> wait until its siblings are there.
  createComputed(() => {
    const current = key();
    if (!isOn()) return;
    untrack(() => {
      prepare?.();
      const stopWatching = client!.watchQuery(current, () => change());
      const onError = handlesErrors ? (): void => {} : undefined;
      const name = functionName(getName());
      const unsubscribe = client!.subscribe(name, getArgs(), undefined, onError);
      onCleanup(() => {
        stopWatching();
        unsubscribe();
      });
    });
  });
  const observe = <T>(get: (key: QueryKey) => T): Accessor<T | undefined> =>
    createMemo(() => {
      changed();
      return isOn() ? get(key()) : undefined;
    });
  return {
    key,
    data: observe((current) => client!.getQueryResult(current)),
    error: observe((current) => client!.getQueryError(current)),
    isConfirmed: createMemo(() => {
      changed();
      return isOn() && client!.hasServerResult(key());
    }),
  };
}

export function always(): boolean {
  return true;
}
