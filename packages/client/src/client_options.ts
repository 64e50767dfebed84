import type { TokenFetcher } from "./auth.js";
import type { BackoffOptions } from "./backoff.js";
import type { WebSocketConstructor } from "./connection.js";
import type { MoonstoneError } from "./errors.js";
import type { MutationStore, PersistenceAdapter } from "./persistence_types.js";

/** How a client behaves; all of it may be left out. */
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
  /**
   * Bytes of one message; a call beyond fails with `message_too_large`. Default 4194304, which is
   * what a server takes unless configured otherwise (`limits.frame_bytes`); 0 for no limit.
   */
  maxMessageBytes?: number;
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
  /**
   * Whose results and mutations are kept, e.g. the id of the signed-in user: what was kept under
   * another scope is neither shown nor sent. Default "".
   */
  persistenceScope?: string;
  /** Keeps unanswered mutations in place of IndexedDB. */
  mutationStore?: MutationStore;
  /**
   * Hears of each mutation of an earlier visit that failed when it was sent at last; it is not
   * sent again. Default: an error on the console.
   */
  onReplayError?: (error: MoonstoneError, mutation: { fn: string; args: unknown }) => void;
  /** The WebSocket to use where there is no global one, e.g. of the `ws` package on Node 18. */
  webSocket?: WebSocketConstructor;
}
