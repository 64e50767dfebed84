// The code of the seed's pages compiles against the packages under the seed's names.
import { ZerobackClient as ClientOfClient } from "@zeroback/client";
import type {
  BackoffOptions,
  CachedEntry,
  ConnectionState,
  LocalStore,
  PersistenceAdapter,
  Preloaded,
  QueryKey,
  ZerobackClientOptions,
} from "@zeroback/client";
import { preloadQuery, QueryStore } from "@zeroback/client";
import {
  useAction,
  useConnectionState,
  useMutation,
  usePaginatedQuery,
  usePreloadedQuery,
  useQuery,
  useQueryWithStatus,
  useZerobackClient,
  ZerobackClient,
  ZerobackProvider,
} from "@zeroback/react";
import { cronJobs, defineSchema, defineTable, httpAction, httpRouter, v } from "@zeroback/server";
import type { UsePaginatedQueryResult, ZerobackProviderProps } from "@zeroback/react";
import type { FunctionReference, Infer, PaginationResult } from "@zeroback/server";
import { createZerobackDO, workerHandler } from "@zeroback/server/runtime";
import {
  createMutation,
  createPaginatedQuery,
  createQuery,
  ZerobackProvider as SolidProvider,
} from "@zeroback/solid";
import type { CreatePaginatedQueryResult } from "@zeroback/solid";
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
const cached: CachedEntry = { result: 1, timestamp: 1 };
const persistence: PersistenceAdapter = {
  getAll: async () => new Map([["key", cached]]),
  set: async () => {},
  delete: async () => {},
  clear: async () => {},
};
const options: ZerobackClientOptions = {
  persistence,
  maxCacheAge: 86400000,
  schemaVersion: "v2",
  backoff,
  heartbeatIntervalMs: 1,
  requestTimeoutMs: 1,
};
const client = new ClientOfClient("ws://localhost:8788/ws", options);
const key: QueryKey = QueryStore.makeKey("tasks:list", {});
const unsubscribe: () => void = client.subscribe("tasks:list", { projectId: "p" }, () => {});
unsubscribe();
client.watchQuery(key, () => {})();
client.getQueryResult(key);
client.onConnectionChange((state: ConnectionState) => void state)();
await client.init();
await client.mutation(
  "tasks:create",
  { title: "x" },
  {
    optimisticUpdate: (store: LocalStore) => {
      const current = store.getQuery("tasks:list", {});
      if (Array.isArray(current)) store.setQuery("tasks:list", {}, [{ _id: "temp" }, ...current]);
    },
  },
);

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
    page: FunctionReference<
      "query",
      { projectId: string; cursor?: string; numItems?: number },
      PaginationResult<Task>
    >;
  };
};

const PRELOADED: Preloaded<Task[]> = await preloadQuery(
  "wss://example.com/ws",
  api.tasks.list,
  {},
  { headers: { Authorization: "Bearer x" } },
);

export function Page() {
  const tasks: Task[] | undefined = useQuery(api.tasks.list);
  const { data, isLoading, isStale } = useQueryWithStatus(api.tasks.list, { projectId: "p" });
  const create: (args: { text: string }) => Promise<string> = useMutation(api.tasks.create);
  const createAtOnce = useMutation(api.tasks.create, {
    optimisticUpdate: (store, args) => {
      const current = store.getQuery(api.tasks.list, {});
      if (Array.isArray(current)) {
        store.setQuery(api.tasks.list, {}, [{ ...args, _id: "temp" }, ...current]);
      }
    },
  });
  const paginated: UsePaginatedQueryResult<Task> = usePaginatedQuery(
    api.tasks.page,
    { projectId: "p" },
    { initialNumItems: 20 },
  );
  const preloaded: Task[] = usePreloadedQuery(PRELOADED);
  const mail = useAction(api.tasks.mail);
  const state: ConnectionState = useConnectionState();
  const same: ZerobackClient = useZerobackClient();
  // @ts-expect-error: the mutation has no such argument
  void create({ title: "x" });
  // @ts-expect-error: a mutation is no query
  useQuery(api.tasks.create);
  void [tasks, data, isLoading, isStale, createAtOnce, paginated, preloaded, mail, state, same];
  return null;
}

export const props: ZerobackProviderProps = { client };
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
const pages: CreatePaginatedQueryResult<Task> = createPaginatedQuery(
  api.tasks.page,
  () => ({ projectId: "p" }),
  { initialNumItems: 20 },
);
void [tasks, create({ text: "x" }), pages.results(), pages.status(), pages.loadMore(20)];
