// Checked by tsc alone: a line under @ts-expect-error must not compile, all others must.
import { MoonstoneClient, PaginatedQuery, preloadQuery } from "@moonstone/client";
import type {
  FunctionReference,
  LocalStore,
  MutationStore,
  PaginatedSnapshot,
  PaginationResult,
  PersistenceAdapter,
  Preloaded,
  UsePaginatedQueryResult,
} from "@moonstone/client";

declare const list: FunctionReference<"query", { channel: string; limit?: number }, string[]>;
declare const count: FunctionReference<"query", {}, number>;
declare const send: FunctionReference<"mutation", { body: string }, string>;
declare const tick: FunctionReference<"action", {}, void>;
declare const client: MoonstoneClient;

client.subscribe(list, { channel: "a" }, (data) => data.map((line) => line.length));
client.subscribe(count, {}, (data) => data.toFixed());
client.subscribe("any:name", { anything: 1 }, (data) => data.whatever);
// @ts-expect-error wrong argument
client.subscribe(list, { channel: 1 });
// @ts-expect-error missing argument
client.subscribe(list, {});
// @ts-expect-error a mutation is no query
client.subscribe(send, { body: "a" });

export const sent: Promise<string> = client.mutation(send, { body: "a" });
// @ts-expect-error missing arguments
client.mutation(send);
// @ts-expect-error unknown argument
client.mutation(send, { body: "a", more: 1 });
// @ts-expect-error a query is no mutation
client.mutation(count);
export const ticked: Promise<void> = client.action(tick);
// @ts-expect-error a mutation is no action
client.action(send, { body: "a" });

// Optimistic updates.
client.mutation(
  send,
  { body: "a" },
  {
    optimisticUpdate: (store) => {
      const lines: string[] | undefined = store.getQuery(list, { channel: "a" });
      store.setQuery(list, { channel: "a" }, [...(lines ?? []), "b"]);
      store.setQuery(list, { channel: "a" }, undefined);
      store.setQuery("any:name", {}, 1);
      const n: number | undefined = store.getQuery(count);
      // @ts-expect-error wrong value
      store.setQuery(list, { channel: "a" }, [1]);
      // @ts-expect-error wrong argument
      store.setQuery(list, { channel: 1 }, []);
      // @ts-expect-error missing arguments
      store.getQuery(list);
      // @ts-expect-error a mutation has no result to show
      store.getQuery(send, { body: "a" });
      // @ts-expect-error what a name brings is not known
      const text: string = store.getQuery("any:name");
      return void [n, text];
    },
  },
);
// @ts-expect-error no such option
client.mutation(send, { body: "a" }, { optimistic: () => {} });
export const update: (store: LocalStore) => void = (store) => store.setQuery(count, {}, 1);

// Pages.
interface Row {
  title: string;
}
declare const page: FunctionReference<
  "query",
  { tag: string; cursor?: string; numItems?: number },
  PaginationResult<Row>
>;
const pages = new PaginatedQuery(client, page, { tag: "a" }, { initialNumItems: 10 });
export const snapshot: PaginatedSnapshot<Row> = pages.getSnapshot();
export const sameShape: UsePaginatedQueryResult<Row> = snapshot;
export const titles: string[] = snapshot.results.map(({ title }) => title);
export const byName: PaginatedQuery<Row> = new PaginatedQuery<Row>(client, "a:b", undefined, {
  initialNumItems: 1,
});
// @ts-expect-error that query has no pages
new PaginatedQuery(client, list, { channel: "a" }, { initialNumItems: 10 });
// @ts-expect-error no such status
export const status: "LoadingMore" = snapshot.status;

// Preloaded results.
export const preloaded: Promise<Preloaded<string[]>> = preloadQuery("ws://h/ws", list, {
  channel: "a",
});
void preloadQuery("ws://h/ws", count, {}, { headers: { cookie: "a" } });
void preloadQuery("ws://h/ws", count);
// @ts-expect-error missing arguments
void preloadQuery("ws://h/ws", list);
// @ts-expect-error a mutation is no query
void preloadQuery("ws://h/ws", send, { body: "a" });
void preloaded.then((result) => client.hydrate(result));

// Persistence.
declare const adapter: PersistenceAdapter;
declare const mutationStore: MutationStore;
new MoonstoneClient("/ws", { persistence: adapter, mutationStore, schemaVersion: "1" });
new MoonstoneClient("/ws", { persistence: true, maxCacheAge: 1, persistenceScope: "ada" });
// @ts-expect-error an adapter needs all four functions
new MoonstoneClient("/ws", { persistence: { getAll: async () => new Map() } });
