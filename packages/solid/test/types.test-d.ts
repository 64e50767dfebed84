// Checked by tsc alone: a line under @ts-expect-error must not compile, all others must.
import {
  createAction,
  createMutation,
  createPaginatedQuery,
  createPreloadedQuery,
  createQuery,
  createQueryWithStatus,
  createSuspenseQuery,
  preloadQuery,
} from "@moonstone/solid";
import type { FunctionReference, MoonstoneError } from "@moonstone/solid";
import type { PaginationResult } from "@moonstone/server";
import { api } from "../../server/test/fixtures/_generated/api";
import type { Doc, Id } from "../../server/test/fixtures/_generated/dataModel";

type Message = Doc<"messages">;

declare const pages: FunctionReference<
  "query",
  { channel: Id<"channels">; cursor?: string; numItems?: number },
  PaginationResult<Message>
>;

export function Queries(props: { channel: Id<"channels"> }): null {
  const args = () => ({ channel: props.channel });
  const rows: Message[] | undefined = createQuery(api.messages.list, args)();
  createQuery(api.messages.list, { channel: props.channel, limit: 3 });
  createQuery(api.messages.list, args, { enabled: () => true, throwOnError: true });
  const count = createQuery(api.messages.count);
  const { data, error, isLoading, isStale } = createQueryWithStatus(api.messages.count);
  const numbers: (number | undefined)[] = [count(), data()];
  const failure: MoonstoneError | undefined = error();
  const flags: boolean[] = [isLoading(), isStale()];
  const suspended: Message[] | undefined = createSuspenseQuery(api.messages.list, args)();
  // @ts-expect-error a required argument is missing
  createQuery(api.messages.list);
  // @ts-expect-error wrong type
  createQuery(api.messages.list, () => ({ channel: 5 }));
  // @ts-expect-error unknown option
  createQuery(api.messages.list, args, { skip: true });
  // @ts-expect-error a mutation is no query
  createQuery(api.messages.send, { channel: props.channel, body: "" });
  // @ts-expect-error a required argument is missing
  createSuspenseQuery(api.messages.list);
  void [rows, numbers, failure, flags, suspended];
  return null;
}

export function Calls(props: { channel: Id<"channels"> }): null {
  const send = createMutation(api.messages.send, {
    optimisticUpdate: (store, { channel, body }) => {
      const shown: Message[] | undefined = store.getQuery(api.messages.list, { channel });
      store.setQuery(api.messages.list, { channel }, shown ?? []);
      store.setQuery(api.messages.count, {}, body.length);
      // @ts-expect-error a number is no list of messages
      store.setQuery(api.messages.list, { channel }, 5);
    },
  });
  const sent: Promise<Id<"messages">> = send({ channel: props.channel, body: "Hello" });
  // @ts-expect-error a required argument is missing
  send({ channel: props.channel });
  const stats = createAction(api.utils.stats.taskStats);
  // @ts-expect-error a query is no action
  createAction(api.messages.list);
  void [sent, stats()];
  return null;
}

export function Pages(props: { channel: Id<"channels"> }): null {
  const args = () => ({ channel: props.channel });
  const { results, status, loadMore } = createPaginatedQuery(pages, args, { initialNumItems: 10 });
  const items: Message[] = results();
  const state: "LoadingFirstPage" | "CanLoadMore" | "Exhausted" = status();
  loadMore(5);
  // @ts-expect-error the cursor is the business of the primitive
  createPaginatedQuery(pages, { ...args(), cursor: "x" }, { initialNumItems: 10 });
  // @ts-expect-error a required argument is missing
  createPaginatedQuery(pages, {}, { initialNumItems: 10 });
  // @ts-expect-error this query returns no pages
  createPaginatedQuery(api.messages.list, args, { initialNumItems: 10 });
  void [items, state];
  return null;
}

export async function FromServer(channel: Id<"channels">): Promise<null> {
  const preloaded = await preloadQuery("ws://localhost/ws", api.messages.list, { channel });
  const messages: Message[] = createPreloadedQuery(preloaded)();
  // @ts-expect-error the type of the result comes with it
  const numbers: number[] = createPreloadedQuery(() => preloaded)();
  void [messages, numbers];
  return null;
}
