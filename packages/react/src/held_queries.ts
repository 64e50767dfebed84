import type { MoonstoneClient, QueryKey } from "@moonstone/client";
import { nothing } from "./observed_query.js";
import type { ObservedQuery } from "./observed_query.js";

/**
 * A suspended component runs no effects, so nobody says when it is gone. Once in each such time it
 * is woken and must ask again, or the subscription ends at the next time. Long enough for a render
 * to reach the screen, short enough that abandoned ones cost little.
 */
export const LEASE_MS = 10_000;

const heldByClient = new WeakMap<MoonstoneClient, Map<QueryKey, HeldQuery>>();

/** A query that is subscribed to on behalf of components that cannot do so themselves yet. */
class HeldQuery {
  readonly #stop: () => void;
  #isWanted = true;
  #promise: Promise<void> | undefined;
  #wake: () => void = nothing;

  constructor(client: MoonstoneClient, query: ObservedQuery, onExpired: () => void) {
    const stopWatching = client.watchQuery(query.key, () => this.#wakeAll());
    const unsubscribe = client.subscribe(query.name, query.args, undefined, nothing);
    const timer = setInterval(() => {
      if (!this.#isWanted) return onExpired();
      this.#isWanted = false;
      this.#wakeAll();
    }, LEASE_MS);
    this.#stop = () => {
      clearInterval(timer);
      stopWatching();
      unsubscribe();
      this.#wakeAll();
    };
  }

  /** Prolongs the lease. */
  want(): void {
    this.#isWanted = true;
  }

  /** Settles as soon as rendering again makes sense; the same promise for all until then. */
  get changed(): Promise<void> {
    return (this.#promise ??= new Promise((resolve) => (this.#wake = resolve)));
  }

  end(): void {
    this.#stop();
  }

  #wakeAll(): void {
    this.#promise = undefined;
    this.#wake();
  }
}

/** Subscribes to the query, unless it is held already. Returns what a component suspends on. */
export function holdQuery(client: MoonstoneClient, query: ObservedQuery): Promise<void> {
  const held = heldByClient.get(client) ?? new Map<QueryKey, HeldQuery>();
  heldByClient.set(client, held);
  let entry = held.get(query.key);
  if (entry === undefined) {
    entry = new HeldQuery(client, query, () => releaseQuery(client, query.key));
    held.set(query.key, entry);
  }
  entry.want();
  return entry.changed;
}

/** Ends the subscription, which a component has taken over or nobody waits for any more. */
export function releaseQuery(client: MoonstoneClient, key: QueryKey): void {
  const held = heldByClient.get(client);
  const entry = held?.get(key);
  if (held === undefined || entry === undefined) return;
  held.delete(key);
  entry.end();
}
