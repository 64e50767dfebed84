// Checked by tsc alone: a line under @ts-expect-error must not compile, all others must.
import { MoonstoneClient } from "@moonstone/client";
import type { FunctionReference } from "@moonstone/client";

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
