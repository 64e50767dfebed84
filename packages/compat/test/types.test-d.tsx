// The code of the seed's pages compiles against the packages under the seed's names.
import { ZerobackClient as ClientOfClient } from "@zeroback/client";
import type {
  BackoffOptions,
  ConnectionState,
  QueryKey,
  ZerobackClientOptions,
} from "@zeroback/client";
import { QueryStore } from "@zeroback/client";
import {
  useAction,
  useConnectionState,
  useMutation,
  useQuery,
  useQueryWithStatus,
  useZerobackClient,
  ZerobackClient,
  ZerobackProvider,
} from "@zeroback/react";
import { cronJobs, defineSchema, defineTable, httpAction, httpRouter, v } from "@zeroback/server";
import type { FunctionReference, Infer } from "@zeroback/server";
import { createZerobackDO, workerHandler } from "@zeroback/server/runtime";
import { createMutation, createQuery, ZerobackProvider as SolidProvider } from "@zeroback/solid";
import { v as values } from "@zeroback/values";

// --- server ---
export const schema = defineSchema({
  tasks: defineTable({
    title: values.string(),
    status: v.string(),
    labels: v.optional(v.array(v.string())),
  })
    .index("by_status", ["status"])
    .searchIndex("search_title", { searchField: "title" }),
});
const taskValidator = v.object({ title: v.string(), done: v.union(v.literal(0), v.literal(1)) });
export const task: Infer<typeof taskValidator> = { title: "x", done: 1 };
const http = httpRouter();
http.route({
  path: "/api/tasks",
  method: "GET",
  handler: httpAction(async (ctx) => new Response(await ctx.runQuery("tasks:list"))),
});
cronJobs().interval("cleanup", { minutes: 30 }, "tasks:cleanupDone");
export const ZerobackDO = createZerobackDO({ functions: {}, schema, httpRouter: http });
export default workerHandler;

// --- client ---
const backoff: BackoffOptions = { baseMs: 1, maxMs: 2, maxAttempts: 3 };
const options: ZerobackClientOptions = { backoff, heartbeatIntervalMs: 1, requestTimeoutMs: 1 };
const client = new ClientOfClient("ws://localhost:8788/ws", options);
const key: QueryKey = QueryStore.makeKey("tasks:list", {});
const unsubscribe: () => void = client.subscribe("tasks:list", { projectId: "p" }, () => {});
unsubscribe();
client.watchQuery(key, () => {})();
client.getQueryResult(key);
client.onConnectionChange((state: ConnectionState) => void state)();

// --- react ---
interface Task {
  _id: string;
  text: string;
}
declare const api: {
  tasks: {
    list: FunctionReference<"query", { projectId?: string }, Task[]>;
    create: FunctionReference<"mutation", { text: string }, string>;
    mail: FunctionReference<"action", {}, number>;
  };
};

export function Page() {
  const tasks: Task[] | undefined = useQuery(api.tasks.list);
  const { data, isLoading, isStale } = useQueryWithStatus(api.tasks.list, { projectId: "p" });
  const create: (args: { text: string }) => Promise<string> = useMutation(api.tasks.create);
  const mail = useAction(api.tasks.mail);
  const state: ConnectionState = useConnectionState();
  const same: ZerobackClient = useZerobackClient();
  // @ts-expect-error: the mutation has no such argument
  void create({ title: "x" });
  // @ts-expect-error: a mutation is no query
  useQuery(api.tasks.create);
  void [tasks, data, isLoading, isStale, mail, state, same];
  return null;
}

export function App() {
  // A client of one package fits the provider of another.
  return (
    <ZerobackProvider client={client}>
      <ZerobackProvider client={new ZerobackClient("ws://localhost:8788/ws")}>
        <Page />
      </ZerobackProvider>
    </ZerobackProvider>
  );
}

// --- solid ---
SolidProvider({ client });
const tasks: () => Task[] | undefined = createQuery(api.tasks.list, () => ({ projectId: "p" }));
const create = createMutation(api.tasks.create);
void [tasks, create({ text: "x" })];
