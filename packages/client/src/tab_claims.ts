/** Lets go of a claim. */
export type Release = () => void;

/**
 * Which page answers for which client id. A page claims its own id while it lives; the browser
 * ends the claim when the page is gone, however it went. Web Locks do the work. Where they are
 * missing (Node, very old browsers, plain http) a claim is granted at once: a page that starts may
 * then send mutations of a living one, which is waste but no harm, as the server applies each once.
 */
export class TabClaims {
  readonly #prefix: string;
  readonly #locks: LockManager | undefined = (globalThis.navigator as Navigator | undefined)?.locks;
  readonly #closing = new AbortController();

  /** `prefix` tells apart what does not share its mutations. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Claims an id until `close`. */
  async hold(client: string): Promise<void> {
    await this.#request(client, true);
  }

  /** Claims an id whose page is gone, or returns undefined. */
  tryTake(client: string): Promise<Release | undefined> {
    return this.#request(client, true);
  }

  /** Claims an id as soon as its page is gone; undefined if we are closed before, or without locks. */
  takeWhenGone(client: string): Promise<Release | undefined> {
    if (this.#locks === undefined) return Promise.resolve(undefined); // nobody would tell us
    return this.#request(client, false);
  }

  /** Ends all claims, and the waiting for others. */
  close(): void {
    this.#closing.abort();
  }

  #request(client: string, ifAvailable: boolean): Promise<Release | undefined> {
    const locks = this.#locks;
    if (locks === undefined) return Promise.resolve(() => {});
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      const options: LockOptions = ifAvailable ? { ifAvailable } : { signal };
      const onLock = (lock: Lock | null): Promise<void> | undefined => {
        if (lock === null || signal.aborted) return void resolve(undefined);
        return new Promise((end) => {
          const release = (): void => {
            signal.removeEventListener("abort", release); // a page that stays adopts many ids
            end();
          };
          signal.addEventListener("abort", release);
          resolve(release);
        });
      };
      // It fails when we are closed, or where the page may not use locks.
      locks.request(this.#prefix + client, options, onLock).catch(() => resolve(undefined));
    });
  }
}
