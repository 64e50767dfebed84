import { ActionCalls } from "./action_calls.js";
import { AuthKeeper } from "./auth.js";
import type { AuthListener, TokenFetcher } from "./auth.js";
import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import type { MoonstoneClientOptions } from "./client_options.js";
import type { ConnectionState } from "./connection.js";
import { globalWebSocket, listenForReturn, webSocketUrl } from "./environment.js";
import { callSafely, MoonstoneError } from "./errors.js";
import type { MutationArgs, MutationOptions } from "./local_store.js";
import { MutationQueue } from "./mutation_queue.js";
import type { MutationEvents } from "./mutation_queue.js";
import type { Layer } from "./optimistic.js";
import { Outbox } from "./outbox.js";
import type { Persistence } from "./persistence.js";
import type { PersistenceAdapter } from "./persistence_types.js";
import type { Preloaded } from "./preload.js";
import { QueryStore } from "./query_store.js";
import type { QueryKey } from "./query_store.js";
import { functionName } from "./reference.js";
import type { FunctionReference, OptionalArgs } from "./reference.js";
import { SubscriptionRegistry } from "./subscriptions.js";
import { checkedMs } from "./timers.js";
import { jsonCopy, randomUuid } from "./wire.js";
import type { ClientFrame, ServerFrame } from "./wire.js";

const DEFAULT_HEARTBEAT_MS = 30_000;
const DEFAULT_REQUEST_TIMEOUT_MS = 60_000;
const DEFAULT_CACHE_AGE_MS = 7 * 24 * 60 * 60 * 1_000;
const DEFAULT_MESSAGES_PER_SECOND = 40;
const DEFAULT_MESSAGE_BYTES = 4 * 1024 * 1024;

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
  readonly #options: MoonstoneClientOptions;
  readonly #url: string;
  #loading: Promise<void> | undefined;
  #persistence: Persistence | undefined;
  /** Without `init` a client with persistence must not connect. */
  #mayConnect: boolean;
  /** Before `init` was done: what it finds is of whoever was there before. */
  #hasSignedOut = false;
  #isClosed = false;
  #hasGreeted = false;

  /**
   * `url` is the `/ws` address of the backend, e.g. `ws://localhost:8788/ws`; in a page also
   * `/ws`, for the server that the page came from. Errors: no such URL; no WebSocket to
   * use; an option that is no number.
   */
  constructor(url: string, options: MoonstoneClientOptions = {}) {
    this.#options = options;
    this.#url = webSocketUrl(url);
    this.#mayConnect = !options.persistence;
    const { requestTimeoutMs, heartbeatIntervalMs } = options;
    const timeoutMs = checkedMs("requestTimeoutMs", requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS);
    const heartbeatMs = heartbeatIntervalMs ?? DEFAULT_HEARTBEAT_MS;
    const perSecond = options.messagesPerSecond ?? DEFAULT_MESSAGES_PER_SECOND;
    this.#connection = new Connection(
      {
        url: this.#url,
        webSocket: options.webSocket ?? globalWebSocket(),
        backoff: new Backoff(options.backoff),
        heartbeatIntervalMs: checkedMs("heartbeatIntervalMs", heartbeatMs),
      },
      {
        onOpen: () => this.#opened(),
        onFrame: (frame) => this.#received(frame),
        onLost: () => this.#lost(),
        onGiveUp: () => this.#gaveUp(),
      },
    );
    const isOpen = (): boolean => this.#connection.state === "connected" && this.#hasGreeted;
    this.#outbox = new Outbox(
      (text) => this.#connection.send(text),
      perSecond,
      options.maxMessageBytes ?? DEFAULT_MESSAGE_BYTES,
      (frame, bytes) => this.#refused(frame, bytes),
    );
    this.#subscriptions = new SubscriptionRegistry(this.queryStore, this.#outbox, isOpen);
    this.#mutations = new MutationQueue(this.#outbox, timeoutMs, this.#clientId, {
      hasIdentity: () => this.#auth.isSettled,
      drop: () => this.#connection.drop(),
    });
    this.#actions = new ActionCalls(this.#outbox, timeoutMs);
    this.#auth = new AuthKeeper(this.#outbox, isOpen, {
      onIdentity: () => this.#subscriptions.renewFailed(),
      onSettled: () => this.#mutations.identityKnown(),
      onUnsettled: () => this.#mutations.identityLost(),
    });
    if (options.auth !== undefined) this.#auth.set(options.auth, undefined);
    this.#stopListening = listenForReturn(() => this.#mayConnect && this.#connection.verify());
    if (this.#mayConnect) this.#connection.wake();
  }

  /**
   * With persistence: loads what was kept, connects, and sends the mutations that were left
   * without an answer. Call it before rendering, and `setAuth` before it. Without persistence, and
   * when called again, it does nothing. It does not fail: a storage that does is reported on the
   * console once, and nothing is kept.
   */
  init(): Promise<void> {
    const { persistence } = this.#options;
    if (!persistence) return Promise.resolve();
    return (this.#loading ??= this.#load(persistence));
  }

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
   * `onChange` hears whether the server knows us. With persistence, signing out forgets the kept
   * results, and rejects mutations that were not sent with `signed_out`.
   */
  setAuth(fetchToken: TokenFetcher | null, onChange?: AuthListener): void {
    if (this.#isClosed) return;
    if (fetchToken === null && this.#auth.hasFetcher) this.#signOut();
    this.#auth.set(fetchToken, onChange);
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
    this.#wakeIfGivenUp();
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

  /**
   * Closes the connection for good; what waits for an answer is rejected. With persistence,
   * mutations among that are kept all the same, and sent by the next page.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    this.#connection.close();
    this.#outbox.clear();
    this.#subscriptions.connectionLost();
    this.#auth.connectionLost();
    const error = new MoonstoneError("client_closed", "The client was closed");
    this.#mutations.rejectAll(error);
    this.#actions.rejectAll(error);
    this.#persistence?.close();
  }

  /** Checks a call, and takes its arguments as they are now. */
  #prepare(
    fn: string | { readonly _name: string },
    args: unknown,
  ): { name: string; value: unknown } {
    const name = functionName(fn);
    if (this.#isClosed) throw new MoonstoneError("client_closed", "The client was closed");
    const value = jsonCopy(args ?? {});
    this.#wakeIfGivenUp();
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

  #wakeIfGivenUp(): void {
    if (this.#mayConnect) this.#connection.wakeIfGivenUp();
  }

  async #load(persistence: true | PersistenceAdapter): Promise<void> {
    const kept = await this.#openPersistence(persistence);
    if (this.#isClosed) return kept?.close();
    if (kept !== undefined) {
      this.#persistence = kept;
      if (this.#hasSignedOut) kept.results.clearAndPause();
      this.queryStore.keepIn(kept.results);
      this.#mutations.keepIn(kept.mutations);
      await kept.mutations.adopt(this.#mutations, (code, message, { fn, args }) =>
        this.#replayFailed(new MoonstoneError(code, message), { fn, args }),
      );
      if (this.#hasSignedOut) this.#mutations.rejectForSignOut("adopted");
    }
    this.#mayConnect = true;
    this.#connection.wake();
  }

  async #openPersistence(persistence: true | PersistenceAdapter): Promise<Persistence | undefined> {
    const { persistenceScope, maxCacheAge, schemaVersion, mutationStore } = this.#options;
    try {
      const { openPersistence } = await import("./persistence.js");
      return await openPersistence({
        url: this.#url,
        client: this.#clientId,
        persistence,
        mutationStore,
        scope: persistenceScope ?? "",
        maxAgeMs: maxCacheAge ?? DEFAULT_CACHE_AGE_MS,
        schemaVersion: schemaVersion ?? "",
      });
    } catch (error) {
      console.warn("Moonstone: loading the persistence failed; nothing is kept.", error);
      return undefined;
    }
  }

  #replayFailed(error: MoonstoneError, mutation: { fn: string; args: unknown }): void {
    const { onReplayError } = this.#options;
    if (onReplayError !== undefined) return callSafely(onReplayError, error, mutation);
    console.error(`Moonstone: mutation ${mutation.fn} of an earlier visit failed`, error);
  }

  #signOut(): void {
    if (!this.#options.persistence) return;
    this.#hasSignedOut = !this.#mayConnect;
    this.#persistence?.results.clearAndPause();
    this.#mutations.rejectForSignOut("all");
  }

  #gaveUp(): void {
    const error = new MoonstoneError("connection_lost", "Connection lost");
    if (!this.#mutations.isDurable) this.#mutations.rejectAll(error);
    this.#actions.rejectAll(error);
  }

  #opened(): void {
    // Nothing goes out before the token: it would run for nobody in particular.
    this.#auth.prepare((token) => {
      this.#hasGreeted = true;
      this.#persistence?.results.resume(); // what comes on this connection is for who we are now
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
        return this.#subscriptions.afterRenewals(() => this.#mutations.settle(frame.id, frame));
      case "actionResult":
        return this.#subscriptions.afterRenewals(() => this.#actions.settle(frame.id, frame));
      case "error":
        return this.#failed(frame);
      case "auth":
        if (this.#auth.accepted(frame.id, frame.authenticated, frame.expiresInMs)) {
          // Until now, results may have come that were made for whoever was here before.
          this.#persistence?.results.resume();
        }
        return;
      case "hello":
        return this.#mutations.serverGreeted();
      case "reset":
        this.queryStore.unconfirmAll();
        return this.#subscriptions.renewAll();
      case "pong":
        return;
    }
  }

  /** The message was not sent: it has more bytes than the server takes. */
  #refused(frame: ClientFrame, bytes: number): void {
    const name = "fn" in frame ? ` for ${frame.fn}` : "";
    const message = `The message${name} has ${bytes} bytes, more than maxMessageBytes allows`;
    const id = "id" in frame ? { id: frame.id } : {};
    this.#failed({ ...id, code: "message_too_large", message });
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
}
