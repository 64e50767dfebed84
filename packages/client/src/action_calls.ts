import { RATE_LIMITED_RETRY_MS, sendCall, timeoutError } from "./calls.js";
import type { Call } from "./calls.js";
import { MoonstoneError } from "./errors.js";
import type { Outbox } from "./outbox.js";

interface ActionCall extends Call {
  wasSent: boolean;
  retryTimer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Actions, sent as they come and answered in any order. An action may have effects in the world,
 * so one that was sent is never sent again: when its connection goes, it fails.
 */
export class ActionCalls {
  readonly #outbox: Outbox;
  readonly #timeoutMs: number;
  readonly #calls = new Map<string, ActionCall>();
  #lastId = 0;
  #isOpen = false;

  constructor(outbox: Outbox, timeoutMs: number) {
    this.#outbox = outbox;
    this.#timeoutMs = timeoutMs;
  }

  add(fn: string, args: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call: ActionCall = {
        id: `a${++this.#lastId}`,
        type: "action",
        fn,
        args,
        resolve,
        reject,
        timer: undefined,
        wasSent: false,
        retryTimer: undefined,
      };
      this.#calls.set(call.id, call);
      if (this.#isOpen) this.#send(call);
    });
  }

  connectionOpened(): void {
    this.#isOpen = true;
    for (const call of this.#calls.values()) this.#send(call);
  }

  connectionLost(): void {
    this.#isOpen = false;
    for (const call of [...this.#calls.values()]) {
      clearTimeout(call.retryTimer);
      if (!call.wasSent) continue;
      const text = `Connection lost: action ${call.fn} was sent and may have run`;
      this.#finish(call).reject(new MoonstoneError("connection_lost", text));
    }
  }

  /** Takes an answer; returns whether it belongs to an action. */
  settle(id: string, answer: { result?: unknown } | { error: MoonstoneError }): boolean {
    const call = this.#calls.get(id);
    if (call === undefined) return false;
    if ("error" in answer && answer.error.code === "rate_limited") {
      clearTimeout(call.timer);
      call.wasSent = false;
      call.retryTimer = setTimeout(() => this.#send(call), RATE_LIMITED_RETRY_MS);
    } else if ("error" in answer) {
      this.#finish(call).reject(answer.error);
    } else {
      this.#finish(call).resolve(answer.result);
    }
    return true;
  }

  /** Rejects everything that is waiting. */
  rejectAll(error: MoonstoneError): void {
    for (const call of [...this.#calls.values()]) this.#finish(call).reject(error);
  }

  #send(call: ActionCall): void {
    sendCall(call, this.#outbox, this.#timeoutMs, {
      onSent: () => {
        call.wasSent = true;
      },
      onTimeout: () => this.#finish(call).reject(timeoutError(call, true)),
    });
  }

  #finish(call: ActionCall): ActionCall {
    clearTimeout(call.timer);
    clearTimeout(call.retryTimer);
    this.#outbox.cancel(call.id);
    this.#calls.delete(call.id);
    return call;
  }
}
