import { ActionCalls } from "./action_calls.js";
import { AuthKeeper } from "./auth.js";
import type { AuthListener, TokenFetcher } from "./auth.js";
import { Backoff } from "./backoff.js";
import type { BackoffOptions } from "./backoff.js";
import { Connection } from "./connection.js";
import type { ConnectionState, WebSocketConstructor } from "./connection.js";
import { MoonstoneError } from "./errors.js";
import type { MutationArgs, MutationOptions } from "./local_store.js";
import { MutationQueue } from "./mutation_queue.js";
import type { MutationEvents } from "./mutation_queue.js";
import type { Layer } from "./optimistic.js";
import { Outbox } from "./outbox.js";
import type { MutationStore, PersistenceAdapter } from "./persistence_types.js";
import type { Preloaded } from "./preload.js";
import { QueryStore } from "./query_store.js";
import type { QueryKey } from "./query_store.js";
import { functionName } from "./reference.js";
import type { FunctionReference, OptionalArgs } from "./reference.js";
import { SubscriptionRegistry } from "./subscriptions.js";
import { jsonCopy, randomUuid } from "./wire.js";
import type { ServerFrame } from "./wire.js";

export interface MoonstoneClientOptions {
  backoff?: BackoffOptions;
  /** How often to ask whether the server is still there. Default 30000; 0 turns it off. */
  heartbeatIntervalMs?: number;
  /** How long a mutation or action waits for its answer once it is sent. Default 60000. */
  requestTimeoutMs?: number;
  /**
   * Messages per second, heartbeats apart. Default 40, as a server allows 50 unless configured
   * otherwise; 0 for no limit.
   */
  messagesPerSecond?: number;
  /** Says who we are, as `setAuth` does later. */
  auth?: TokenFetcher;
  /**
   * Keeps query results and unanswered mutations between visits: `true` in IndexedDB, or results
   * in an adapter of your own. The client then connects in `init` only. Default false.
   */
  persistence?: boolean | PersistenceAdapter;
  /** How old kept results may become, in milliseconds. Default 604800000, seven days. */
  maxCacheAge?: number;
  /** Another version than the one that was kept forgets all kept results. */
  schemaVersion?: string;
  /** Keeps unanswered mutations in place of IndexedDB. */
  mutationStore?: MutationStore;
  /** The WebSocket to use where there is no global one, e.g. of the `ws` package on Node 18. */
  webSocket?: WebSocketConstructor;
}

const DEFAULT_HEARTBEAT_MS = 30_000;
const DEFAULT_REQUEST_TIMEOUT_MS = 60_000;
const DEFAULT_MESSAGES_PER_SECOND = 40;

/**
 * A connection to a Moonstone backend: live queries, mutations in order, actions. It connects at
 * once, reconnects by itself, and takes subscriptions and unanswered mutations along.
 */
export class MoonstoneClient {
  /** The results of all queries that are subscribed to. */
  readonly queryStore: QueryStore = new QueryStore();
  readonly #clientId = randomUuid();
  readonly #connection: Connection;
  readonly #outbox: Outbox;
  readonly #subscriptions: SubscriptionRegistry;
  readonly #mutations: MutationQueue;
  readonly #actions: ActionCalls;
  readonly #auth: AuthKeeper;
  readonly #stopListening: () => void;
  #isClosed = false;
  #hasGreeted = false;

  /**
   * `url` is the `/ws` address of the backend, e.g. `ws://localhost:8788/ws`; in a page also
   * `/ws`, for the server that the page came from. Errors: no such URL; no WebSocket to use.
   */
  constructor(url: string, options: MoonstoneClientOptions = {}) {
    const timeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
    const perSecond = options.messagesPerSecond ?? DEFAULT_MESSAGES_PER_SECOND;
    this.#connection = new Connection(
      {
        url: webSocketUrl(url),
        webSocket: options.webSocket ?? globalWebSocket(),
        backoff: new Backoff(options.backoff),
        heartbeatIntervalMs: options.heartbeatIntervalMs ?? DEFAULT_HEARTBEAT_MS,
      },
      {
        onOpen: () => this.#opened(),
        onFrame: (frame) => this.#received(frame),
        onLost: () => this.#lost(),
        onGiveUp: () => this.#rejectAll("connection_lost", "Connection lost"),
      },
    );
    const isOpen = (): boolean => this.#connection.state === "connected" && this.#hasGreeted;
    this.#outbox = new Outbox((text) => this.#connection.send(text), perSecond);
    this.#subscriptions = new SubscriptionRegistry(this.queryStore, this.#outbox, isOpen);
    this.#mutations = new MutationQueue(this.#outbox, timeoutMs, this.#clientId);
    this.#actions = new ActionCalls(this.#outbox, timeoutMs);
    this.#auth = new AuthKeeper(this.#outbox, isOpen, {
      onIdentity: () => this.#subscriptions.renewFailed(),
    });
    if (options.auth !== undefined) this.#auth.set(options.auth, undefined);
    this.#stopListening = listenForReturn(() => this.#connection.wake());
    this.#connection.wake();
  }

  /**
   * With persistence: loads what was kept, connects, and sends the mutations that were left
   * without an answer. Call it once, before rendering. Without persistence it does nothing.
   */
  async init(): Promise<void> {}

  get connectionState(): ConnectionState {
    return this.#connection.state;
  }

  /** Calls `listener` at each change of the connection state. Returns the way out. */
  onConnectionChange(listener: (state: ConnectionState) => void): () => void {
    return this.#connection.onChange(listener);
  }

  /**
   * Says who is at this client: `fetchToken` brings a token (a JWT of a provider that the server
   * knows), now, before it ends, and for each new connection; null: nobody is signed in any more.
   * Subscriptions stay; those whose queries read the identity get their new results.
   * `onChange` hears whether the server knows us.
   */
  setAuth(fetchToken: TokenFetcher | null, onChange?: AuthListener): void {
    if (!this.#isClosed) this.#auth.set(fetchToken, onChange);
  }

  /**
   * Subscribes to a query: `callback` gets its result and every changed one after it, `onError`
   * an error instead (without it, errors go to the console). Returns the way out.
   */
  subscribe<Args, Return>(
    ref: FunctionReference<"query", Args, Return>,
    args: Args,
    callback?: (data: Return) => void,
    onError?: (error: MoonstoneError) => void,
  ): () => void;
  subscribe(
    name: string,
    args?: unknown,
    callback?: (data: any) => void,
    onError?: (error: MoonstoneError) => void,
  ): () => void;
  subscribe(
    fn: string | FunctionReference<"query">,
    args?: unknown,
    callback?: (data: any) => void,
    onError?: (error: MoonstoneError) => void,
  ): () => void {
    const name = functionName(fn);
    if (this.#isClosed) {
      console.warn(`Moonstone: subscribing to ${name} on a closed client does nothing`);
      return () => {};
    }
    this.#connection.wakeIfGivenUp();
    return this.#subscriptions.add(name, args, callback, onError);
  }

  /** Calls `listener` when the result at this key of `QueryStore.makeKey` changes. */
  watchQuery(key: QueryKey, listener: () => void): () => void {
    return this.queryStore.watch(key, listener);
  }

  /** The current result, or undefined if there is none. It keeps its identity until it changes. */
  getQueryResult(key: QueryKey): unknown {
    return this.queryStore.get(key);
  }

  /** Why the server refused the query, or undefined. It stays until the query's next result. */
  getQueryError(key: QueryKey): MoonstoneError | undefined {
    return this.queryStore.getError(key);
  }

  /** Whether the result came from the server, and the server has not lost sight of it since. */
  hasServerResult(key: QueryKey): boolean {
    return this.queryStore.hasServerResult(key);
  }

  /** Takes the result of `preloadQuery` as the server's, unless there is one already. */
  hydrate(preloaded: Preloaded<unknown>): void {
    const key = QueryStore.makeKey(functionName(preloaded._fn), preloaded._args);
    this.queryStore.hydrate(key, preloaded._result);
  }

  /**
   * Runs a mutation, after those called before it. It survives a reconnect and is applied once.
   * Errors: MoonstoneError, with the server's code and message if the server answered.
   */
  mutation<Args, Return>(
    ref: FunctionReference<"mutation", Args, Return>,
    ...args: MutationArgs<Args>
  ): Promise<Return>;
  mutation(name: string, args?: unknown, options?: MutationOptions): Promise<any>;
  async mutation(
    fn: string | FunctionReference<"mutation">,
    args?: unknown,
    options?: MutationOptions,
  ): Promise<unknown> {
    const { name, value } = this.#prepare(fn, args);
    const update = options?.optimisticUpdate;
    const layer = update === undefined ? undefined : this.queryStore.addLayer(update);
    return this.#mutations.add(name, value, layer === undefined ? {} : this.#eventsOf(layer));
  }

  /**
   * Runs an action, at once. Errors: MoonstoneError; `connection_lost` and `request_timeout` say
   * that it may have run.
   */
  action<Args, Return>(
    ref: FunctionReference<"action", Args, Return>,
    ...args: OptionalArgs<Args>
  ): Promise<Return>;
  action(name: string, args?: unknown): Promise<any>;
  async action(fn: string | FunctionReference<"action">, args?: unknown): Promise<unknown> {
    const { name, value } = this.#prepare(fn, args);
    return this.#actions.add(name, value);
  }

  /** Closes the connection for good; what waits for an answer is rejected. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    this.#connection.close();
    this.#outbox.clear();
    this.#subscriptions.connectionLost();
    this.#auth.connectionLost();
    this.#rejectAll("client_closed", "The client was closed");
  }

  /** Checks a call, and takes its arguments as they are now. */
  #prepare(
    fn: string | { readonly _name: string },
    args: unknown,
  ): { name: string; value: unknown } {
    const name = functionName(fn);
    if (this.#isClosed) throw new MoonstoneError("client_closed", "The client was closed");
    const value = jsonCopy(args ?? {});
    this.#connection.wakeIfGivenUp();
    return { name, value };
  }

  #eventsOf(layer: Layer): MutationEvents {
    const store = this.queryStore;
    return {
      onSent: () => store.layerSent(layer),
      onDone: (late) => store.layerDone(layer, (key) => this.#subscriptions.isLate(key, late)),
      onFailed: () => store.layerFailed(layer),
    };
  }

  #opened(): void {
    // Nothing goes out before the token: it would run for nobody in particular.
    this.#auth.prepare((token) => {
      this.#hasGreeted = true;
      const who = token === undefined ? {} : { token };
      const client = this.#clientId;
      this.#outbox.push({ type: "hello", client, capabilities: [], ...who }, "renewal");
      this.#subscriptions.renewAll();
      this.#mutations.connectionOpened();
      this.#actions.connectionOpened();
    });
  }

  #lost(): void {
    this.#hasGreeted = false;
    this.#auth.connectionLost();
    this.#outbox.clear();
    this.#subscriptions.connectionLost();
    this.#mutations.connectionLost();
    this.#actions.connectionLost();
  }

  #received(frame: ServerFrame): void {
    switch (frame.type) {
      case "result":
      case "update":
        return this.#subscriptions.accept([frame]);
      case "updates":
        return this.#subscriptions.accept(frame.items);
      case "mutationResult":
        return void this.#mutations.settle(frame.id, frame);
      case "actionResult":
        return void this.#actions.settle(frame.id, frame);
      case "error":
        return this.#failed(frame);
      case "auth":
        return this.#auth.accepted(frame.authenticated, frame.expiresInMs);
      case "hello":
        return this.#mutations.serverGreeted();
      case "reset":
        this.queryStore.unconfirmAll();
        return this.#subscriptions.renewAll();
      case "pong":
        return;
    }
  }

  #failed(frame: { id?: string; code: string; message: string }): void {
    const error = new MoonstoneError(frame.code, frame.message);
    const { id } = frame;
    if (this.#auth.refused(id, frame.code, frame.message)) return;
    const owned =
      id !== undefined &&
      (this.#subscriptions.fail(id, error) ||
        this.#mutations.settle(id, { error }) ||
        this.#actions.settle(id, { error }));
    // An error for a request that is over needs no word; one without a request does.
    if (!owned && id === undefined) console.error(`Moonstone: ${error.code}: ${error.message}`);
  }

  #rejectAll(code: string, message: string): void {
    const error = new MoonstoneError(code, message);
    this.#mutations.rejectAll(error);
    this.#actions.rejectAll(error);
  }
}

function globalWebSocket(): WebSocketConstructor {
  const found = (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
  if (found !== undefined) return found;
  throw new Error(
    "MoonstoneClient: there is no global WebSocket here; pass one, e.g. of the ws package: " +
      "new MoonstoneClient(url, { webSocket: WebSocket })",
  );
}

function webSocketUrl(url: string): string {
  const page = globalThis.location as Location | undefined;
  const text = String(url);
  const absolute = text.startsWith("/") && page !== undefined ? page.origin + text : text;
  const result = absolute.replace(/^http(s?):/, "ws$1:");
  if (/^wss?:\/\/./.test(result)) return result;
  throw new Error(`MoonstoneClient: the URL must look like ws://localhost:8788/ws (got ${text})`);
}

// The network is back, or somebody looks at the page again: no reason to sit out a delay.
function listenForReturn(onReturn: () => void): () => void {
  const page = globalThis as Partial<Window & typeof globalThis>;
  const onVisible = (): void => {
    if (page.document?.visibilityState === "visible") onReturn();
  };
  page.addEventListener?.("online", onReturn);
  page.document?.addEventListener?.("visibilitychange", onVisible);
  return () => {
    page.removeEventListener?.("online", onReturn);
    page.document?.removeEventListener?.("visibilitychange", onVisible);
  };
}
