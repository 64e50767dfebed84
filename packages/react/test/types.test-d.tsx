// Checked by tsc alone, from schema and functions through the generated api to the hooks: a line
// under @ts-expect-error must not compile, all others must.
import { useAction, useMutation, useQuery, useQueryWithStatus } from "@moonstone/react";
import { api } from "../../server/test/fixtures/_generated/api";
import type { Doc, Id } from "../../server/test/fixtures/_generated/dataModel";

export function Component({ channel }: { channel: Id<"channels"> }): null {
  const messages: Doc<"messages">[] | undefined = useQuery(api.messages.list, { channel });
  messages?.map((message) => message.author.name.length);
  useQuery(api.messages.list, { channel, limit: 3 });
  const count: number | undefined = useQuery(api.messages.count);
  useQuery(api.messages.count, {});
  const { data, isStale } = useQueryWithStatus(api.messages.count);
  // @ts-expect-error a required argument is missing
  useQuery(api.messages.list);
  // @ts-expect-error wrong type
  useQuery(api.messages.list, { channel: 5 });
  // @ts-expect-error unknown argument
  useQuery(api.messages.list, { channel, page: 2 });
  // @ts-expect-error a mutation is no query
  useQuery(api.messages.send, { channel, body: "" });

  const send = useMutation(api.messages.send);
  const sent: Promise<Id<"messages">> = send({ channel, body: "Hello" });
  // @ts-expect-error a required argument is missing
  send({ channel });
  // @ts-expect-error a query is no mutation
  useMutation(api.messages.list);

  const stats = useAction(api.utils.stats.taskStats);
  const counted: Promise<{ messages: number; label?: string }> = stats();
  // @ts-expect-error no such function
  api.messages.remove;
  // @ts-expect-error internal functions are not in api
  api.messages.clear;

  void [count, data, isStale, sent, counted];
  return null;
}
