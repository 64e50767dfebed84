import { encodeJson } from "./wire.js";
import type { ClientFrame } from "./wire.js";

/** `renewal`: a subscription of an earlier connection, sent again. Everything else is a `call`. */
export type Lane = "call" | "renewal";

interface Entry {
  readonly frame: ClientFrame;
  readonly onSent: (() => void) | undefined;
}

/** Longer than the second that the server counts: what is sent apart may arrive closer. */
const WINDOW_MS = 1_200;

/** The part of a connection's first second that renewals may fill before calls get their turn. */
const RENEWALS_FIRST_SHARE = 0.75;

/**
 * Sends messages in order, at most `limit` in any second. The server drops what goes beyond its
 * own limit of 50, and what is sent within one second may arrive within less.
 *
 * Renewals go first, so that a call finds the subscriptions in place; where they are too many for
 * that the two take turns: a thousand subscriptions must not hold up a click for half a minute.
 */
export class Outbox {
  readonly #transmit: (text: string) => void;
  readonly #limit: number;
  readonly #bytesMax: number;
  readonly #onTooLarge: (frame: ClientFrame, bytes: number) => void;
  readonly #lanes: Record<Lane, Entry[]> = { call: [], renewal: [] };
  #sentAt: number[] = [];
  #flushIsDue = false;
  #lastTaken: Lane = "call";
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * A limit of 0 means none. `onTooLarge` gets a message beyond `bytesMax` in place of the server,
   * which would close the connection; sent again on the next one, it would do so for ever.
   */
  constructor(
    transmit: (text: string) => void,
    limit: number,
    bytesMax: number,
    onTooLarge: (frame: ClientFrame, bytes: number) => void,
  ) {
    this.#transmit = transmit;
    this.#limit = limit > 0 ? limit : Infinity;
    this.#bytesMax = bytesMax > 0 ? bytesMax : Infinity;
    this.#onTooLarge = onTooLarge;
  }

  /** `onSent` is called when the message goes out. */
  push(frame: ClientFrame, lane: Lane = "call", onSent?: () => void): void {
    this.#lanes[lane].push({ frame, onSent });
    if (this.#flushIsDue) return;
    // Later, so that what is pushed in one breath is sent in the order of the lanes.
    this.#flushIsDue = true;
    queueMicrotask(() => {
      this.#flushIsDue = false;
      this.#flush();
    });
  }

  /** Takes back messages with this id that wait for their turn; returns whether there were any. */
  cancel(id: string): boolean {
    let found = false;
    for (const lane of ["call", "renewal"] as const) {
      const entries = this.#lanes[lane];
      const kept = entries.filter(({ frame }) => !("id" in frame) || frame.id !== id);
      found ||= kept.length < entries.length;
      entries.splice(0, entries.length, ...kept);
    }
    return found;
  }

  /** Forgets everything, for a new connection. */
  clear(): void {
    this.#lanes.call.length = 0;
    this.#lanes.renewal.length = 0;
    this.#sentAt = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #flush(): void {
    if (this.#timer !== undefined) return;
    const { call, renewal } = this.#lanes;
    while (call.length > 0 || renewal.length > 0) {
      const now = performance.now();
      while (this.#sentAt.length > 0 && this.#sentAt[0]! <= now - WINDOW_MS) this.#sentAt.shift();
      if (this.#sentAt.length >= this.#limit) {
        this.#wait(this.#sentAt[0]! + WINDOW_MS - now);
        return;
      }
      const entry = this.#takeNext();
      const text = encodeJson(entry.frame);
      const bytes = this.#bytesOf(text);
      if (bytes > this.#bytesMax) {
        this.#onTooLarge(entry.frame, bytes);
        continue;
      }
      if (this.#limit !== Infinity) this.#sentAt.push(now);
      this.#transmit(text);
      entry.onSent?.();
    }
  }

  /** Of what is far from the limit, the characters: counting takes its time. */
  #bytesOf(text: string): number {
    const bytesPerCharMax = 3;
    const isFar = text.length * bytesPerCharMax <= this.#bytesMax;
    return isFar ? text.length : new TextEncoder().encode(text).length;
  }

  #takeNext(): Entry {
    const { call, renewal } = this.#lanes;
    if (call.length === 0) return renewal.shift()!;
    if (renewal.length === 0) return call.shift()!;
    // Rounded down, so that a call has its turn however low the limit is.
    const inFirstBurst = this.#sentAt.length < Math.floor(this.#limit * RENEWALS_FIRST_SHARE);
    this.#lastTaken = inFirstBurst || this.#lastTaken === "call" ? "renewal" : "call";
    return this.#lanes[this.#lastTaken].shift()!;
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, Math.ceil(ms));
  }
}
