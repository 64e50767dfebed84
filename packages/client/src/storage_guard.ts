/**
 * After so many seconds a storage counts as broken: a page must not hang because its browser does.
 * Counted one by one: a page that was frozen in the middle of a write, as most are that go into the
 * background, finds all its timers due, and the storage has had no time to answer.
 */
const SECONDS_MAX = 5;

/**
 * Stands between us and a storage that may fail at any time: blocked, full, forbidden in a private
 * window. The first failure is reported and turns the storage off; nothing is thrown.
 */
export class StorageGuard {
  readonly #warn: (error: unknown) => void;
  #isBroken = false;

  constructor(warn: (error: unknown) => void) {
    this.#warn = warn;
  }

  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** What `work` brings, or undefined if the storage is, or thereby proves to be, broken. */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#isBroken) return undefined;
    let timer: ReturnType<typeof setInterval> | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      let seconds = 0;
      timer = setInterval(() => {
        if (++seconds === SECONDS_MAX) reject(new Error("the storage does not answer"));
      }, 1_000);
    });
    try {
      return await Promise.race([work(), deadline]);
    } catch (error) {
      this.#isBroken = true;
      this.#warn(error);
      return undefined;
    } finally {
      clearInterval(timer);
    }
  }
}
