import { checkedMs } from "./timers.js";

export interface BackoffOptions {
  /** The first delay, before jitter. Default 1000. */
  baseMs?: number;
  /** The longest delay. Default 30000. */
  maxMs?: number;
  /** How many delays before giving up until something wakes the client. Default 5. */
  maxAttempts?: number;
}

const DEFAULT_BASE_MS = 1_000;
const DEFAULT_MAX_MS = 30_000;
const DEFAULT_MAX_ATTEMPTS = 5;

/** Delays that double, each spread over 50–150 % so that many clients do not come back at once. */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #maxAttempts: number;
  #attempts = 0;

  /** Errors: an option is no number, or below 0. */
  constructor(options: BackoffOptions = {}) {
    this.#baseMs = checkedMs("backoff.baseMs", options.baseMs ?? DEFAULT_BASE_MS);
    this.#maxMs = checkedMs("backoff.maxMs", options.maxMs ?? DEFAULT_MAX_MS);
    this.#maxAttempts = options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS;
    if (typeof this.#maxAttempts === "number" && this.#maxAttempts >= 0) return;
    throw new Error(`backoff.maxAttempts must be a number (got ${String(this.#maxAttempts)})`);
  }

  /** The next delay in milliseconds, or undefined when the attempts are used up. */
  next(): number | undefined {
    if (this.#attempts >= this.#maxAttempts) return undefined;
    const spread = 0.5 + Math.random();
    const delay = this.#baseMs * 2 ** this.#attempts * spread;
    this.#attempts++;
    return Math.floor(Math.min(delay, this.#maxMs));
  }

  /** After a success, or when there is a new reason to try. */
  reset(): void {
    this.#attempts = 0;
  }
}
