import type { Backoff } from "./backoff.js";
import { callSafely } from "./errors.js";
import { decodeFrame } from "./wire.js";
import type { ServerFrame } from "./wire.js";

export type ConnectionState = "connecting" | "connected" | "disconnected";

/** The part of the web's WebSocket that is used; the `ws` package fits too. */
export interface WebSocketLike {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: string): void;
  close(): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

export interface ConnectionOptions {
  readonly url: string;
  readonly webSocket: WebSocketConstructor;
  readonly backoff: Backoff;
  /** 0 for none. */
  readonly heartbeatIntervalMs: number;
}

/** What the owner of a connection hears. */
export interface ConnectionEvents {
  onOpen(): void;
  onFrame(frame: ServerFrame): void;
  /** The connection is gone; another attempt follows unless `onGiveUp` is called too. */
  onLost(): void;
  /** The attempts are used up; only `wake` starts new ones. */
  onGiveUp(): void;
}

/** Beyond this the attempt counts as failed; browsers would wait for minutes. */
const CONNECT_TIMEOUT_MS = 20_000;

/** A connection that is in doubt has so long to show that it is alive. */
const VERIFY_TIMEOUT_MS = 5_000;

/** So many heartbeats without an answer are the end of a connection. */
const UNANSWERED_MAX = 2;

/** Keeps one WebSocket open: reconnects, and notices when the other side has gone silent. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  #state: ConnectionState = "disconnected";
  #socket: WebSocketLike | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #connectTimer: ReturnType<typeof setTimeout> | undefined;
  #verifyTimer: ReturnType<typeof setTimeout> | undefined;
  #heartbeatTimer: ReturnType<typeof setInterval> | undefined;
  #lastHeard = 0;
  /** Heartbeats since then. */
  #unanswered = 0;
  #isClosed = false;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Calls `listener` at each change of the state. Returns the way out. */
  onChange(listener: (state: ConnectionState) => void): () => void {
    const entry = (state: ConnectionState): void => listener(state);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Tries at once if there is no connection, with all attempts ahead again. */
  wake(): void {
    if (this.#isClosed || this.#state !== "disconnected") return;
    this.#options.backoff.reset();
    this.#connect();
  }

  /** Like wake; if there is a connection, it must show now that it is one. */
  verify(): void {
    this.wake();
    if (this.#state !== "connected" || this.#options.heartbeatIntervalMs === 0) return;
    clearTimeout(this.#verifyTimer);
    const asked = performance.now();
    this.#verifyTimer = setTimeout(() => {
      if (this.#lastHeard < asked) this.#lost();
    }, VERIFY_TIMEOUT_MS);
    this.send('{"type":"ping"}');
  }

  /** Like wake, but leaves a retry that is due at its time. */
  wakeIfGivenUp(): void {
    if (this.#retryTimer === undefined) this.wake();
  }

  send(text: string): void {
    if (this.#state === "connected") this.#socket?.send(text);
  }

  /** The other side does not answer: gives the connection up for another one. */
  drop(): void {
    if (this.#state !== "disconnected") this.#lost();
  }

  /** For good. */
  close(): void {
    this.#isClosed = true;
    this.#dropSocket();
    clearTimeout(this.#retryTimer);
    this.#changeState("disconnected");
  }

  #connect(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#changeState("connecting");
    if (this.#isClosed) return; // by a listener
    let socket: WebSocketLike;
    try {
      socket = new this.#options.webSocket(this.#options.url);
    } catch (error) {
      console.error("Moonstone: cannot open a WebSocket", error);
      this.#lost();
      return;
    }
    this.#socket = socket;
    this.#connectTimer = setTimeout(() => this.#lost(), CONNECT_TIMEOUT_MS);
    socket.onopen = () => this.#opened();
    socket.onmessage = (event: { data: unknown }) => this.#heard(event.data);
    socket.onclose = () => this.#lost();
    // A close event follows; without a handler the ws package would throw.
    socket.onerror = () => {};
  }

  #opened(): void {
    clearTimeout(this.#connectTimer);
    this.#options.backoff.reset();
    this.#noteLife();
    const { heartbeatIntervalMs } = this.#options;
    if (heartbeatIntervalMs > 0) {
      this.#heartbeatTimer = setInterval(() => this.#beat(), heartbeatIntervalMs);
    }
    this.#changeState("connected", () => this.#events.onOpen());
  }

  #beat(): void {
    // Counted and not timed: browsers hold up the timers of hidden pages, for a minute and more.
    if (this.#unanswered >= UNANSWERED_MAX) return this.#lost();
    this.#unanswered += 1;
    const silence = performance.now() - this.#lastHeard;
    const hasSlept = silence > (UNANSWERED_MAX + 1) * this.#options.heartbeatIntervalMs;
    if (hasSlept) this.verify();
    else this.send('{"type":"ping"}');
  }

  #noteLife(): void {
    this.#lastHeard = performance.now();
    this.#unanswered = 0;
  }

  #heard(data: unknown): void {
    this.#noteLife();
    const frame = decodeFrame(data);
    if (frame !== undefined) this.#events.onFrame(frame);
  }

  // Closing a dead socket can take the browser minutes, so its own close event is not awaited.
  #lost(): void {
    this.#dropSocket();
    if (this.#isClosed) return;
    const delay = this.#options.backoff.next();
    if (delay !== undefined) this.#retryTimer = setTimeout(() => this.#connect(), delay);
    this.#changeState("disconnected", () => {
      this.#events.onLost();
      if (delay === undefined) this.#events.onGiveUp();
    });
  }

  #dropSocket(): void {
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#verifyTimer);
    clearInterval(this.#heartbeatTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close();
    } catch {
      // It is closed already.
    }
  }

  // The owner first: a listener may already use the new state.
  #changeState(state: ConnectionState, tellOwner?: () => void): void {
    if (this.#state === state) return;
    this.#state = state;
    tellOwner?.();
    for (const listener of [...this.#listeners]) callSafely(listener, state);
  }
}
