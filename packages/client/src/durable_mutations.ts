// Mutations that outlive their page, and how several pages share them.
//
// Each page sends its own mutations, under its own client id, in their order. Each is on disk with
// client id and number before it is sent, and is deleted when it is answered. What a page leaves
// behind, another one adopts: it announces the old client id to the server and sends the old
// numbers, so the server recognises what it has applied already and answers from memory. Hence:
//
// 1. Exactly once is the server's promise for (client, number), whoever sends it, however often.
//    It remembers for 30 days; what is older than EXPIRES_MS is not sent any more but reported.
// 2. A page claims the ids whose mutations it sends (TabClaims), so that two pages do not send the
//    same ones needlessly. A claim ends with its page, at any moment; the next one starts with what
//    is on disk then. It reads that after it has the claim.
// 3. What is there at the start goes out before the first mutation of this page, in the order of
//    the calls. What a page leaves behind later goes out after those that wait here already. The
//    promise of a call belongs to the page that made it, and only that page can settle it.
//
// A page that writes a mutation tells the others its id (BroadcastChannel), so that those wait for
// its end. A missed message costs nothing but time: the next page that starts looks itself.
import type { MutationLog, MutationQueue, MutationRecord } from "./mutation_queue.js";
import type { MutationStore, StoredMutation } from "./persistence_types.js";
import type { StorageGuard } from "./storage_guard.js";
import { TabClaims } from "./tab_claims.js";
import type { Release } from "./tab_claims.js";

/** Two days before the server forgets a client that it did not hear of. */
const EXPIRES_MS = 28 * 24 * 60 * 60 * 1_000;

export type ReplayErrorListener = (code: string, message: string, record: MutationRecord) => void;

export class DurableMutations implements MutationLog {
  readonly #store: MutationStore | undefined;
  readonly #guard: StorageGuard;
  readonly #client: string;
  readonly #claims: TabClaims;
  readonly #channel: BroadcastChannel | undefined;
  /** Ids of other pages that we wait for, or have adopted. */
  readonly #known = new Set<string>();
  /** Adopted ids whose mutations are not all answered: how many are left. */
  readonly #adopted = new Map<string, { left: number; release: Release }>();
  #isClosed = false;

  /** `name` tells apart what must not share mutations; `store` undefined: nothing is kept. */
  constructor(name: string, store: MutationStore | undefined, client: string, guard: StorageGuard) {
    this.#store = store;
    this.#client = client;
    this.#guard = guard;
    this.#claims = new TabClaims(`${name}|`);
    this.#channel = typeof BroadcastChannel === "function" ? new BroadcastChannel(name) : undefined;
    (this.#channel as { unref?: () => void } | undefined)?.unref?.(); // Node would wait for it
  }

  get isWorking(): boolean {
    return this.#store !== undefined && !this.#guard.isBroken;
  }

  async put(record: MutationRecord): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    await this.#guard.run(() => store.put({ ...record, timestamp: Date.now() }));
    if (this.#isClosed) return;
    // Each time: a page that has begun since the last one has found nothing of ours on disk.
    this.#channel?.postMessage(this.#client);
  }

  remove({ client, id }: MutationRecord): void {
    const store = this.#store;
    if (store !== undefined) void this.#guard.run(() => store.delete(client, id));
    const adopted = this.#adopted.get(client);
    if (adopted === undefined || --adopted.left > 0) return;
    this.#adopted.delete(client);
    adopted.release();
  }

  /** Before the first `put`: from now on no other page adopts the mutations of this one. */
  async claim(): Promise<void> {
    await this.#claims.hold(this.#client);
  }

  /** Hands what earlier pages have left to `queue`, now and whenever a page goes. */
  async adopt(queue: MutationQueue, onFailed: ReplayErrorListener): Promise<void> {
    const waitFor = (client: string): void => void this.#waitFor(client, queue, onFailed);
    // Before looking, so that nothing falls between.
    if (this.#channel !== undefined) {
      this.#channel.onmessage = ({ data }) => waitFor(String(data));
    }
    const claimed = new Map<string, Release>();
    for (const client of await this.#clients()) {
      const release = await this.#claims.tryTake(client);
      if (release === undefined) waitFor(client);
      else claimed.set(client, release);
    }
    const records = await this.#take(claimed, onFailed);
    queue.adopt(records, "first", report(onFailed));
  }

  /** Lets other pages have what is left. */
  close(): void {
    this.#isClosed = true;
    this.#channel?.close();
    this.#claims.close();
  }

  async #waitFor(
    client: string,
    queue: MutationQueue,
    onFailed: ReplayErrorListener,
  ): Promise<void> {
    if (client === this.#client || this.#known.has(client)) return;
    this.#known.add(client);
    const release = await this.#claims.takeWhenGone(client);
    if (release === undefined) return;
    queue.adopt(await this.#take(new Map([[client, release]]), onFailed), "last", report(onFailed));
  }

  async #clients(): Promise<Set<string>> {
    const records = await this.#load();
    return new Set(records.map(({ client }) => client).filter((id) => id !== this.#client));
  }

  /** What is on disk of ids that we have claimed; lets go of those of which there is nothing. */
  async #take(
    claimed: Map<string, Release>,
    onFailed: ReplayErrorListener,
  ): Promise<StoredMutation[]> {
    const records = (await this.#load()).filter(({ client }) => claimed.has(client));
    for (const [client, release] of claimed) {
      this.#known.add(client);
      const left = records.filter((record) => record.client === client).length;
      if (left === 0) release();
      else this.#adopted.set(client, { left, release });
    }
    const isAlive = ({ timestamp }: StoredMutation): boolean => Date.now() - timestamp < EXPIRES_MS;
    for (const record of records) {
      if (isAlive(record)) continue;
      this.remove(record);
      const text = `mutation ${record.fn} waited too long to be sent safely`;
      onFailed("mutation_expired", text, record);
    }
    return records.filter(isAlive);
  }

  async #load(): Promise<StoredMutation[]> {
    const store = this.#store;
    if (store === undefined || this.#isClosed) return [];
    const readAll = async (): Promise<StoredMutation[]> =>
      (await store.getAll()).filter(isReadable);
    return (await this.#guard.run(readAll)) ?? [];
  }
}

function isReadable(record: StoredMutation): boolean {
  return [record?.client, record?.id, record?.fn].every((text) => typeof text === "string");
}

function report(onFailed: ReplayErrorListener) {
  return (record: MutationRecord, error: Error): void =>
    onFailed((error as { code?: string }).code ?? "", error.message, record);
}
