import { RATE_LIMITED_RETRY_MS, sendCall, signedOutError, timeoutError } from "./calls.js";
import type { Call } from "./calls.js";
import type { MoonstoneError } from "./errors.js";
import type { Outbox } from "./outbox.js";

/** What whoever called a mutation hears before its promise is settled. */
export interface MutationEvents {
  onSent?: () => void;
  /** `late`: ids of subscriptions whose results do not contain the effect yet. */
  onDone?: (late: readonly string[]) => void;
  onFailed?: () => void;
}

/** A mutation as it is written to disk. */
export interface MutationRecord {
  /** The client id and, counted by that client, the id under which the server remembers it. */
  readonly client: string;
  readonly id: string;
  readonly fn: string;
  readonly args: unknown;
}

/** Keeps mutations until they are answered; neither function fails. */
export interface MutationLog {
  /** false: it has failed, and what is put now is lost with the page. */
  readonly isWorking: boolean;
  put(record: MutationRecord): Promise<void>;
  remove(record: MutationRecord): void;
}

/** What the queue needs of the connection, beside the outbox. */
export interface MutationConnection {
  /** Whether the server knows for whom mutations are. */
  readonly hasIdentity: () => boolean;
  /** The server does not answer: another connection may be better. */
  readonly drop: () => void;
}

/** How a mutation ended. */
export type MutationAnswer =
  { result?: unknown; late?: readonly string[] } | { error: MoonstoneError };

interface MutationCall extends Call, MutationRecord {
  readonly events: MutationEvents;
  /** Whether it may be sent: it is on disk, or there is none. */
  isStored: boolean;
  /** Whether it was ever sent, on this connection or another, by this page or an earlier one. */
  wasSent: boolean;
  /** How often it got no answer in time. */
  timeouts: number;
}

/** A mutation that is on disk is sent on another connection before it is given up. */
const TIMEOUTS_MAX = 3;

/**
 * Mutations, one after the other in the order of the calls: the next is sent when the one before
 * is answered, so that none can overtake, whatever happens to the connection between them.
 *
 * Ids count up per client. The server remembers the answers to a client that announced itself,
 * so one that was sent and not answered is sent again under its id on the next connection and is
 * applied exactly once; only after that connection's server said hello, though: a server without
 * that memory would apply it twice. Mutations of an earlier page go out under the client id of
 * that page: another hello announces it.
 */
export class MutationQueue {
  readonly #outbox: Outbox;
  readonly #timeoutMs: number;
  readonly #client: string;
  readonly #connection: MutationConnection;
  readonly #waiting: MutationCall[] = [];
  #log: MutationLog | undefined;
  #lastId = 0;
  #headIsUnderway = false;
  #isOpen = false;
  /** Whose hello went out last on this connection, and whether the server answered it. */
  #announced = "";
  #isGreeted = false;
  /** Given up, but an answer may come on this connection. */
  #abandoned: string[] = [];
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  /** `client`: announced by whoever opens the connection. */
  constructor(outbox: Outbox, timeoutMs: number, client: string, connection: MutationConnection) {
    this.#outbox = outbox;
    this.#timeoutMs = timeoutMs;
    this.#client = client;
    this.#connection = connection;
  }

  /** Whether what waits outlives the page, so that there is no need to give it up. */
  get isDurable(): boolean {
    return this.#log?.isWorking === true;
  }

  /** From now on every mutation is written to `log` before it is sent. */
  keepIn(log: MutationLog): void {
    this.#log = log;
    for (const call of this.#waiting) this.#store(call);
  }

  add(fn: string, args: unknown, events: MutationEvents = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const record = { client: this.#client, id: String(++this.#lastId), fn, args };
      const call = makeCall(record, events, { resolve, reject });
      this.#waiting.push(call);
      this.#store(call);
      this.#pump();
    });
  }

  /**
   * Takes over mutations that an earlier page has left, before those of this page if `place` is
   * "first". `onFailed` hears of those that fail.
   */
  adopt(
    records: readonly MutationRecord[],
    place: "first" | "last",
    onFailed: (record: MutationRecord, error: Error) => void,
  ): void {
    const calls = records.map((record) => {
      const reject = (error: Error): void => onFailed(record, error);
      return { ...makeCall(record, {}, { resolve: () => {}, reject }), wasSent: true };
    });
    if (place === "first") this.#waiting.unshift(...calls);
    else this.#waiting.push(...calls);
    this.#pump();
  }

  /** After the connection's hello of this client. */
  connectionOpened(): void {
    this.#isOpen = true;
    this.#announced = this.#client;
    this.#pump();
  }

  /** The server said hello: it knows the client that was announced, and its mutations. */
  serverGreeted(): void {
    this.#isGreeted = true;
    this.#pump();
  }

  /** The server knows now for whom mutations are. */
  identityKnown(): void {
    this.#pump();
  }

  /** The server does not know it any more: what was not sent on this connection waits. */
  identityLost(): void {
    this.#takeBack();
    this.#pump();
  }

  connectionLost(): void {
    this.#isOpen = false;
    this.#isGreeted = false;
    this.#headIsUnderway = false;
    this.#abandoned = [];
    this.#stopRetry();
    const head = this.#waiting[0];
    if (head !== undefined) clearTimer(head);
  }

  /** Takes an answer; returns whether it belongs to a mutation. */
  settle(id: string, answer: MutationAnswer): boolean {
    const abandoned = this.#abandoned.indexOf(id);
    if (abandoned >= 0) return this.#abandoned.splice(abandoned, 1).length > 0;
    const head = this.#waiting[0];
    if (head?.id !== id || !this.#headIsUnderway) return false;
    if ("error" in answer && answer.error.code === "rate_limited") {
      // The server refused to look at it, so it is as if it had not been sent.
      this.#retryTimer = setTimeout(() => {
        this.#retryTimer = undefined;
        this.#sendHead(head);
      }, RATE_LIMITED_RETRY_MS);
      return true;
    }
    this.#log?.remove(head);
    this.#finishHead();
    if ("error" in answer) {
      fail(head, answer.error);
    } else {
      head.events.onDone?.(answer.late ?? []);
      head.resolve(answer.result);
    }
    return true;
  }

  /** Rejects everything that is waiting, and leaves on disk what is there. */
  rejectAll(error: MoonstoneError): void {
    this.#stopRetry();
    for (const call of this.#waiting.splice(0)) {
      clearTimer(call);
      this.#outbox.cancel(call.id);
      // What was adopted has not failed: another page will send it.
      if (call.client === this.#client) fail(call, error);
    }
    this.#headIsUnderway = false;
  }

  /**
   * Whoever called them is signed out: rejects all, or those that were adopted, for good, but for
   * one that is sent.
   */
  rejectForSignOut(which: "all" | "adopted"): void {
    this.#takeBack();
    const calls = this.#waiting.splice(this.#headIsUnderway ? 1 : 0);
    for (const call of calls) {
      if (which === "adopted" && call.client === this.#client) {
        this.#waiting.push(call);
        continue;
      }
      clearTimer(call);
      this.#log?.remove(call);
      fail(call, signedOutError(call, call.wasSent));
    }
  }

  #store(call: MutationCall): void {
    if (this.#log === undefined) return;
    call.isStored = call.wasSent;
    void this.#log.put(recordOf(call)).then(() => {
      call.isStored = true;
      this.#pump();
    });
  }

  #pump(): void {
    const head = this.#waiting[0];
    if (head === undefined || !this.#isOpen || this.#headIsUnderway || !head.isStored) return;
    if (!this.#connection.hasIdentity()) {
      // It may wait for long; what is on disk has the time.
      if (!this.isDurable) this.#limitWait(head);
      return;
    }
    if (!this.#announce(head)) return;
    this.#headIsUnderway = true;
    this.#sendHead(head);
  }

  /** Returns whether the server takes what is sent now for a mutation of the head's client. */
  #announce(head: MutationCall): boolean {
    const isAnnounced = this.#announced === head.client;
    if (isAnnounced && (this.#isGreeted || !head.wasSent)) return true;
    if (!isAnnounced && this.#abandoned.length > 0) {
      // The other client counts its ids from 1, too: a late answer would be taken for its own.
      this.#connection.drop();
      return false;
    }
    if (!isAnnounced && this.#isGreeted) {
      this.#announced = head.client;
      this.#isGreeted = false;
      this.#outbox.push({ type: "hello", client: head.client, capabilities: [] });
    }
    this.#limitWait(head);
    return false;
  }

  /** For a word of the server that may never come. */
  #limitWait(head: MutationCall): void {
    head.timer ??= setTimeout(() => this.#giveUpOn(head), this.#timeoutMs);
  }

  #sendHead(head: MutationCall): void {
    sendCall(head, this.#outbox, this.#timeoutMs, {
      onSent: () => {
        head.wasSent = true;
        head.events.onSent?.();
      },
      onTimeout: () => this.#giveUpOn(head),
    });
  }

  #giveUpOn(head: MutationCall): void {
    if (this.isDurable && ++head.timeouts < TIMEOUTS_MAX) return this.#connection.drop();
    if (this.#headIsUnderway) this.#abandoned.push(head.id);
    this.#log?.remove(head);
    this.#finishHead();
    fail(head, timeoutError(head, head.wasSent));
  }

  /** The head, from the outbox or from its wait after `rate_limited`. */
  #takeBack(): void {
    const head = this.#waiting[0];
    if (head === undefined || !this.#headIsUnderway) return;
    const wasRefused = this.#retryTimer !== undefined;
    if (!this.#outbox.cancel(head.id) && !wasRefused) return;
    this.#stopRetry();
    clearTimer(head);
    this.#headIsUnderway = false;
  }

  #stopRetry(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  #finishHead(): void {
    this.#stopRetry();
    const head = this.#waiting.shift();
    if (head !== undefined) clearTimer(head);
    this.#headIsUnderway = false;
    // The caller hears of its answer before the next mutation goes out.
    queueMicrotask(() => this.#pump());
  }
}

function makeCall(
  record: MutationRecord,
  events: MutationEvents,
  promise: Pick<Call, "resolve" | "reject">,
): MutationCall {
  const fixed = {
    type: "mutation",
    timer: undefined,
    isStored: true,
    wasSent: false,
    timeouts: 0,
  } as const;
  return { ...record, ...promise, ...fixed, events };
}

function recordOf({ client, id, fn, args }: MutationCall): MutationRecord {
  return { client, id, fn, args };
}

function clearTimer(call: Call): void {
  clearTimeout(call.timer);
  call.timer = undefined;
}

function fail(call: MutationCall, error: Error): void {
  call.events.onFailed?.();
  call.reject(error);
}
