import { RATE_LIMITED_RETRY_MS, sendCall, timeoutError } from "./calls.js";
import type { Call } from "./calls.js";
import type { MoonstoneError } from "./errors.js";
import type { Outbox } from "./outbox.js";

/**
 * Mutations, one after the other in the order of the calls: the next is sent when the one before
 * is answered, so that none can overtake, whatever happens to the connection between them.
 *
 * Ids count up per client. The server remembers the answers to a client that announced itself,
 * so one that was sent and not answered is sent again under its id on the next connection and is
 * applied exactly once; only after that connection's server said hello, though: a server without
 * that memory would apply it twice.
 */
export class MutationQueue {
  readonly #outbox: Outbox;
  readonly #timeoutMs: number;
  readonly #waiting: Call[] = [];
  #lastId = 0;
  /** Whether the head was ever sent, on this connection or another. */
  #headWasSent = false;
  #headIsUnderway = false;
  #isOpen = false;
  #serverRemembers = false;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(outbox: Outbox, timeoutMs: number) {
    this.#outbox = outbox;
    this.#timeoutMs = timeoutMs;
  }

  add(fn: string, args: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = String(++this.#lastId);
      this.#waiting.push({ id, type: "mutation", fn, args, resolve, reject, timer: undefined });
      this.#pump();
    });
  }

  connectionOpened(): void {
    this.#isOpen = true;
    const head = this.#waiting[0];
    if (head !== undefined && this.#headWasSent) {
      // It waits for the server's hello, which may never come.
      head.timer = setTimeout(() => this.#giveUpOn(head), this.#timeoutMs);
    }
    this.#pump();
  }

  /** The server said hello: it knows this client and its mutations. */
  serverGreeted(): void {
    this.#serverRemembers = true;
    this.#pump();
  }

  connectionLost(): void {
    this.#isOpen = false;
    this.#serverRemembers = false;
    this.#headIsUnderway = false;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#waiting[0]?.timer);
  }

  /** Takes an answer; returns whether it belongs to a mutation. */
  settle(id: string, answer: { result: unknown } | { error: MoonstoneError }): boolean {
    const head = this.#waiting[0];
    if (head?.id !== id) return false;
    if ("error" in answer && answer.error.code === "rate_limited") {
      // The server refused to look at it, so it is as if it had not been sent.
      this.#retryTimer = setTimeout(() => this.#sendHead(head), RATE_LIMITED_RETRY_MS);
      return true;
    }
    this.#finishHead();
    if ("error" in answer) head.reject(answer.error);
    else head.resolve(answer.result);
    return true;
  }

  /** Rejects everything that is waiting. */
  rejectAll(error: MoonstoneError): void {
    clearTimeout(this.#retryTimer);
    for (const call of this.#waiting.splice(0)) {
      clearTimeout(call.timer);
      this.#outbox.cancel(call.id);
      call.reject(error);
    }
    this.#headWasSent = false;
    this.#headIsUnderway = false;
  }

  #pump(): void {
    const head = this.#waiting[0];
    if (head === undefined || !this.#isOpen || this.#headIsUnderway) return;
    if (this.#headWasSent && !this.#serverRemembers) return;
    this.#headIsUnderway = true;
    this.#sendHead(head);
  }

  #sendHead(head: Call): void {
    sendCall(head, this.#outbox, this.#timeoutMs, {
      onSent: () => {
        this.#headWasSent = true;
      },
      onTimeout: () => this.#giveUpOn(head),
    });
  }

  #giveUpOn(head: Call): void {
    this.#finishHead();
    head.reject(timeoutError(head));
  }

  #finishHead(): void {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#waiting.shift()?.timer);
    this.#headWasSent = false;
    this.#headIsUnderway = false;
    // The caller hears of its answer before the next mutation goes out.
    queueMicrotask(() => this.#pump());
  }
}
