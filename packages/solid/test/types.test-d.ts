// Checked by tsc alone: a line under @ts-expect-error must not compile, all others must.
import { createAction, createMutation, createQuery, createQueryWithStatus } from "@moonstone/solid";
import { api } from "../../server/test/fixtures/_generated/api";
import type { Doc, Id } from "../../server/test/fixtures/_generated/dataModel";

export function Component(props: { channel: Id<"channels"> }): null {
  const messages = createQuery(api.messages.list, () => ({ channel: props.channel }));
  const rows: Doc<"messages">[] | undefined = messages();
  createQuery(api.messages.list, { channel: props.channel, limit: 3 });
  const count = createQuery(api.messages.count);
  const { data, isStale } = createQueryWithStatus(api.messages.count);
  const numbers: (number | undefined)[] = [count(), data()];
  const stale: boolean = isStale();
  // @ts-expect-error a required argument is missing
  createQuery(api.messages.list);
  // @ts-expect-error wrong type
  createQuery(api.messages.list, () => ({ channel: 5 }));
  // @ts-expect-error a mutation is no query
  createQuery(api.messages.send, { channel: props.channel, body: "" });

  const send = createMutation(api.messages.send);
  const sent: Promise<Id<"messages">> = send({ channel: props.channel, body: "Hello" });
  // @ts-expect-error a required argument is missing
  send({ channel: props.channel });
  const stats = createAction(api.utils.stats.taskStats);
  void [rows, numbers, stale, sent, stats()];
  return null;
}
