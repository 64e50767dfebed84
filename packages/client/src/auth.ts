import { RATE_LIMITED_RETRY_MS } from "./calls.js";
import { callSafely } from "./errors.js";
import type { Outbox } from "./outbox.js";
import { TIMER_MS_MAX } from "./timers.js";

/**
 * Brings the token of the person at this client, or null if nobody is signed in.
 * `forceRefreshToken`: the server has refused the last one, so a cached one is of no use.
 */
export type TokenFetcher = (options: {
  forceRefreshToken: boolean;
}) => Promise<string | null | undefined> | string | null | undefined;

/** Called with whether the server knows who we are: the first time, and when that has changed. */
export type AuthListener = (isAuthenticated: boolean) => void;

/** A token is renewed when this part of its life is over. */
const RENEW_AFTER = 0.75;
const RENEW_AFTER_LEAST_MS = 1_000;
/** Between attempts while no token can be fetched, or the server cannot check it. */
const RETRY_MS = 5_000;
/** Of the token that went out with hello: its answer has none. */
const ID_OF_HELLO = "";

export interface AuthEvents {
  /** The server knows who we are now, or that we are nobody; it may have taken us for another. */
  onIdentity(): void;
  /** `isSettled` has become true. */
  onSettled(): void;
  /** `isSettled` has become false. */
  onUnsettled(): void;
}

/** Keeps the server informed of who we are: a token per connection, renewed before it ends. */
export class AuthKeeper {
  readonly #outbox: Outbox;
  readonly #isOpen: () => boolean;
  readonly #events: AuthEvents;
  #fetchToken: TokenFetcher | undefined;
  #onChange: AuthListener | undefined;
  #token: string | null = null;
  /** By `performance.now()`: until when the token is good for another connection. */
  #goodUntil = 0;
  /** What the listener has heard last; undefined: nothing yet. */
  #told: boolean | undefined;
  #isSettled = true;
  /** Whether it was before the token that the server is looking at. */
  #wasSettled = false;
  /** Whether the token that the server is looking at was fetched because it refused another. */
  #wasForced = false;
  /** Whatever was begun under an older number is void. */
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Of a connection that waits for its token. */
  #greet: ((token: string | undefined) => void) | undefined;
  #lastId = 0;
  /** Of the token that says who we want to be; undefined while it is still to be sent. */
  #sentId: string | undefined;

  constructor(outbox: Outbox, isOpen: () => boolean, events: AuthEvents) {
    this.#outbox = outbox;
    this.#isOpen = isOpen;
    this.#events = events;
  }

  /** Whether somebody is, or is about to be, signed in. */
  get hasFetcher(): boolean {
    return this.#fetchToken !== undefined;
  }

  /**
   * Whether the server knows who we want to be. Until then a mutation would run for somebody else,
   * or for nobody; so it would behind a token that the server refuses.
   */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  set(fetchToken: TokenFetcher | null, onChange: AuthListener | undefined): void {
    this.#fetchToken = fetchToken ?? undefined;
    // Whoever heard of signing in hears of signing out, too.
    if (fetchToken !== null || onChange !== undefined) {
      if (onChange !== this.#onChange) this.#told = undefined;
      this.#onChange = onChange;
    }
    this.#token = null;
    this.#goodUntil = 0;
    this.#wasForced = false;
    this.#unsettle();
    this.#sentId = undefined; // an answer that comes now is about who was here before
    // A connection that waits for a token waits for this one now.
    if (this.#greet !== undefined) this.prepare(this.#greet);
    else void this.#renew(false);
  }

  /** Calls `greet` with the token for a new connection, at once if there is nothing to wait for. */
  prepare(greet: (token: string | undefined) => void): void {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    this.#greet = undefined;
    if (this.#fetchToken === undefined) return this.#greetWith(null, greet);
    this.#isSettled = false;
    const isGood = this.#token !== null && performance.now() < this.#goodUntil;
    if (isGood) return this.#greetWith(this.#token, greet);
    this.#greet = greet;
    void this.#fetch(false, turn).then((token) => {
      if (turn !== this.#turn) return;
      this.#greet = undefined;
      this.#greetWith(token, greet);
    });
  }

  /** `token` null: we are nobody; undefined: we are somebody, but cannot show it yet. */
  #greetWith(token: string | null | undefined, greet: (token: string | undefined) => void): void {
    this.#isSettled = token === null;
    this.#wasSettled = this.#wasForced = false;
    this.#sentId = typeof token === "string" ? ID_OF_HELLO : undefined;
    greet(token ?? undefined);
    if (token === null) this.#tell(false);
  }

  /**
   * The server took the token, or has no identity for us. Returns false if that was about who was
   * here before.
   */
  accepted(
    id: string | undefined,
    isAuthenticated: boolean,
    expiresInMs: number | undefined,
  ): boolean {
    if ((id ?? ID_OF_HELLO) !== this.#sentId) return false;
    this.#wasForced = false;
    if (isAuthenticated && expiresInMs !== undefined) {
      const wait = Math.max(expiresInMs * RENEW_AFTER, RENEW_AFTER_LEAST_MS);
      this.#goodUntil = performance.now() + wait;
      this.#later(wait, false);
    }
    this.#tell(isAuthenticated);
    this.#events.onIdentity();
    this.#settle();
    return true;
  }

  /** Takes an error; returns whether it is about a token. */
  refused(id: string | undefined, code: string, message: string): boolean {
    const isAnswer = id !== undefined && /^auth\d+$/.test(id);
    if (isAnswer && id !== this.#sentId) return true; // of who was here before
    if (isAnswer && code === "rate_limited") {
      this.#goOn(RATE_LIMITED_RETRY_MS, this.#wasForced);
      return true;
    }
    if (id !== undefined && !isAnswer) return false;
    if (code !== "unauthenticated" && code !== "unavailable") return false;
    if (this.#fetchToken === undefined) return false;
    if (code === "unavailable") {
      this.#goOn(RETRY_MS, false);
    } else if (!this.#wasForced) {
      this.#goodUntil = 0;
      this.#unsettle(); // the server takes us for nobody now
      void this.#renew(true);
    } else {
      // A fresh token was refused, too: another one would not be better.
      this.#wasForced = false;
      console.error(`Moonstone: the server refuses the token: ${message}`);
      this.#tell(false);
      this.#events.onIdentity();
      this.#settle();
    }
    return true;
  }

  connectionLost(): void {
    this.#turn += 1;
    this.#greet = undefined;
    this.#sentId = undefined;
    clearTimeout(this.#timer);
  }

  /** The server has not looked at the token, so it still takes us for whom it did. */
  #goOn(retryMs: number, force: boolean): void {
    this.#later(retryMs, force);
    if (this.#wasSettled) this.#settle();
  }

  #settle(): void {
    this.#isSettled = true;
    this.#events.onSettled();
  }

  #unsettle(): void {
    this.#isSettled = false;
    this.#events.onUnsettled();
  }

  #later(ms: number, force: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(force), Math.min(ms, TIMER_MS_MAX));
  }

  async #renew(force: boolean): Promise<void> {
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    if (!this.#isOpen()) return; // the next connection asks for one
    const token = await this.#fetch(force, turn);
    if (turn !== this.#turn || !this.#isOpen()) return;
    if (token === undefined) return; // the one that the server has may still be good
    this.#wasForced = force;
    this.#wasSettled = this.#isSettled;
    this.#unsettle();
    const id = (this.#sentId = `auth${++this.#lastId}`);
    this.#outbox.push({ type: "auth", id, token }, "renewal");
  }

  /** Undefined if it failed; then another attempt is due, unless `turn` is over. */
  async #fetch(force: boolean, turn: number): Promise<string | null | undefined> {
    const fetchToken = this.#fetchToken;
    if (fetchToken === undefined) return null;
    try {
      const token = (await fetchToken({ forceRefreshToken: force })) ?? null;
      if (turn === this.#turn) this.#token = token;
      return token;
    } catch (error) {
      if (turn !== this.#turn) return undefined;
      console.error("Moonstone: fetching the token failed", error);
      this.#later(RETRY_MS, force);
      return undefined;
    }
  }

  #tell(isAuthenticated: boolean): void {
    if (this.#told === isAuthenticated) return;
    this.#told = isAuthenticated;
    if (this.#onChange !== undefined) callSafely(this.#onChange, isAuthenticated);
  }
}
