// Checked by tsc alone, from schema and functions through the generated api to the hooks: a line
// under @ts-expect-error must not compile, all others must.
import {
  useAction,
  useMutation,
  usePaginatedQuery,
  usePreloadedQuery,
  useQuery,
  useQueryWithStatus,
  useSuspenseQuery,
} from "@moonstone/react";
import type { FunctionReference, MoonstoneError } from "@moonstone/react";
import { preloadQuery } from "@moonstone/client";
import type { PaginationResult } from "@moonstone/server";
import { api } from "../../server/test/fixtures/_generated/api";
import type { Doc, Id } from "../../server/test/fixtures/_generated/dataModel";

type Message = Doc<"messages">;

declare const pages: FunctionReference<
  "query",
  { channel: Id<"channels">; cursor?: string; numItems?: number },
  PaginationResult<Message>
>;

export function Queries({ channel }: { channel: Id<"channels"> }): null {
  const messages: Message[] | undefined = useQuery(api.messages.list, { channel });
  messages?.map((message) => message.author.name.length);
  useQuery(api.messages.list, { channel, limit: 3 });
  useQuery(api.messages.list, { channel }, { enabled: true, throwOnError: true });
  const count: number | undefined = useQuery(api.messages.count);
  useQuery(api.messages.count, {});
  useQuery(api.messages.count, {}, { enabled: false });
  useQuery(api.messages.count, undefined, { throwOnError: true });
  // @ts-expect-error a required argument is missing
  useQuery(api.messages.list);
  // @ts-expect-error wrong type
  useQuery(api.messages.list, { channel: 5 });
  // @ts-expect-error unknown argument
  useQuery(api.messages.list, { channel, page: 2 });
  // @ts-expect-error unknown option
  useQuery(api.messages.list, { channel }, { skip: true });
  // @ts-expect-error a mutation is no query
  useQuery(api.messages.send, { channel, body: "" });
  // @ts-expect-error the result may be undefined
  messages.length;

  const suspended: Message[] = useSuspenseQuery(api.messages.list, { channel });
  const counted: number = useSuspenseQuery(api.messages.count);
  // @ts-expect-error a required argument is missing
  useSuspenseQuery(api.messages.list);
  // @ts-expect-error an action is no query
  useSuspenseQuery(api.utils.stats.taskStats);
  void [count, suspended, counted];
  return null;
}

export function Status({ channel }: { channel: Id<"channels"> }): number | null {
  const { data, error, isLoading, isStale } = useQueryWithStatus(api.messages.list, { channel });
  const maybe: Message[] | undefined = data;
  const failure: MoonstoneError | undefined = error;
  const stale: boolean = isStale;
  void [maybe, failure, stale];
  // @ts-expect-error not looked at yet whether it is there
  data.length;
  const off = useQueryWithStatus(api.messages.count, {}, { enabled: false });
  // @ts-expect-error a query that is off has no data
  if (!off.isLoading && off.error === undefined) off.data.toFixed();
  // @ts-expect-error a required argument is missing
  useQueryWithStatus(api.messages.list);
  // @ts-expect-error wrong type
  useQueryWithStatus(api.messages.list, { channel: 5 });
  if (error) return null;
  if (isLoading) return null;
  return data.length;
}

export function Calls({ channel }: { channel: Id<"channels"> }): null {
  const send = useMutation(api.messages.send);
  const sent: Promise<Id<"messages">> = send({ channel, body: "Hello" });
  // @ts-expect-error a required argument is missing
  send({ channel });
  // @ts-expect-error a query is no mutation
  useMutation(api.messages.list);

  useMutation(api.messages.send, {
    optimisticUpdate: (store, args) => {
      const body: string = args.body;
      const shown = store.getQuery(api.messages.list, { channel: args.channel });
      const known: Message[] | undefined = shown;
      store.setQuery(api.messages.list, { channel }, known ?? []);
      store.setQuery(api.messages.count, {}, body.length);
      // @ts-expect-error no such argument
      void args.text;
      // @ts-expect-error a number is no list of messages
      store.setQuery(api.messages.list, { channel }, 5);
      // @ts-expect-error wrong arguments of the query
      store.getQuery(api.messages.list, { channel: 5 });
    },
  });

  const stats = useAction(api.utils.stats.taskStats);
  const counted: Promise<{ messages: number; label?: string }> = stats();
  // @ts-expect-error a mutation is no action
  useAction(api.messages.send);
  // @ts-expect-error no such function
  api.messages.remove;
  // @ts-expect-error internal functions are not in api
  api.messages.clear;

  void [sent, counted];
  return null;
}

export function Pages({ channel }: { channel: Id<"channels"> }): null {
  const { results, status, loadMore, error } = usePaginatedQuery(
    pages,
    { channel },
    { initialNumItems: 10 },
  );
  const items: Message[] = results;
  const state: "LoadingFirstPage" | "CanLoadMore" | "Exhausted" = status;
  const failure: MoonstoneError | undefined = error;
  loadMore(5);
  // @ts-expect-error how many?
  loadMore();
  // @ts-expect-error the cursor is the business of the hook
  usePaginatedQuery(pages, { channel, cursor: "x" }, { initialNumItems: 10 });
  // @ts-expect-error a required argument is missing
  usePaginatedQuery(pages, {}, { initialNumItems: 10 });
  // @ts-expect-error how many?
  usePaginatedQuery(pages, { channel }, {});
  // @ts-expect-error this query returns no pages
  usePaginatedQuery(api.messages.list, { channel }, { initialNumItems: 10 });
  void [items, state, failure];
  return null;
}

type PreloadedMessages = Awaited<ReturnType<typeof preload>>;
const preload = (channel: Id<"channels">) =>
  preloadQuery("ws://localhost:8788/ws", api.messages.list, { channel });

export function FromServer({ preloaded }: { preloaded: PreloadedMessages }): null {
  const messages: Message[] = usePreloadedQuery(preloaded);
  // @ts-expect-error the type of the result comes with it
  const numbers: number[] = usePreloadedQuery(preloaded);
  // @ts-expect-error no preloaded result
  usePreloadedQuery(messages);
  void numbers;
  return null;
}
