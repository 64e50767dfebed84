import { IDBFactory } from "fake-indexeddb";
import { vi } from "vitest";
import type { MoonstoneClient, MoonstoneClientOptions } from "@moonstone/client";
import { flush, makeClient } from "./fake_socket.js";
import type { FakeSocket } from "./fake_socket.js";

/** Lets everything run that IndexedDB and promises have to do. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) {
    await flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface LockRequest {
  readonly owner: Page;
  readonly grant: () => void;
}

type OnLock = (lock: object | null) => Promise<void> | undefined;

/** Web Locks of one origin: exclusive ones, which end with their page. */
class FakeLocks {
  readonly #queues = new Map<string, LockRequest[]>();

  of(owner: Page): {
    request: (name: string, options: LockOptions, onLock: OnLock) => Promise<void>;
  } {
    return { request: (name, options, onLock) => this.#request(owner, name, options, onLock) };
  }

  /** The page is gone, and with it what it holds and waits for. */
  removePage(page: Page): void {
    for (const name of [...this.#queues.keys()]) {
      for (const entry of [...this.#queues.get(name)!]) {
        if (entry.owner === page) this.#remove(name, entry);
      }
    }
  }

  #request(owner: Page, name: string, options: LockOptions, onLock: OnLock): Promise<void> {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    return new Promise((resolve, reject) => {
      if (options.ifAvailable && queue.length > 0) return resolve(onLock(null));
      const entry: LockRequest = {
        owner,
        grant: () => {
          options.signal?.removeEventListener("abort", abort);
          void Promise.resolve(onLock({})).then(() => {
            this.#remove(name, entry);
            resolve();
          });
        },
      };
      const abort = (): void => {
        if (queue[0] === entry) return; // it is granted, and ends on its own
        this.#remove(name, entry);
        reject(new Error("aborted"));
      };
      options.signal?.addEventListener("abort", abort);
      queue.push(entry);
      if (queue[0] === entry) queueMicrotask(entry.grant);
    });
  }

  #remove(name: string, entry: LockRequest): void {
    const queue = this.#queues.get(name)!;
    const index = queue.indexOf(entry);
    if (index < 0) return;
    queue.splice(index, 1);
    if (index === 0 && queue[0] !== undefined) queueMicrotask(queue[0].grant);
  }
}

const channels = new Set<FakeChannel>();

class FakeChannel {
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly name: string) {
    channels.add(this);
  }

  postMessage(data: unknown): void {
    if (!channels.has(this)) throw new Error("the channel is closed");
    for (const other of channels) {
      if (other === this || other.name !== this.name) continue;
      queueMicrotask(() => channels.has(other) && other.onmessage?.({ data }));
    }
  }

  close(): void {
    channels.delete(this);
  }
}

/** A tab with one client. */
export interface Page {
  client: MoonstoneClient;
  last: () => FakeSocket;
  sockets: FakeSocket[];
  channels: FakeChannel[];
}

/** One profile: its storage, and its pages. */
export class FakeBrowser {
  readonly indexedDB = new IDBFactory();
  readonly #locks = new FakeLocks();

  /** `hasLocks` false: a browser without Web Locks and channels. */
  constructor(readonly hasLocks = true) {
    channels.clear();
  }

  /**
   * Opens a page; its client has not connected when this returns, but is done with `init`, during
   * which `meanwhile` is called.
   */
  async open(
    options: MoonstoneClientOptions = {},
    meanwhile: (client: MoonstoneClient) => void = () => {},
  ): Promise<Page> {
    const page = { channels: [] } as unknown as Page;
    vi.stubGlobal("indexedDB", this.indexedDB);
    if (this.hasLocks) {
      vi.stubGlobal("navigator", { locks: this.#locks.of(page) });
      vi.stubGlobal("BroadcastChannel", FakeChannel);
    } else {
      vi.stubGlobal("navigator", {});
      vi.stubGlobal("BroadcastChannel", undefined);
    }
    const before = new Set(channels);
    const all = { persistence: true, backoff: { baseMs: 1, maxAttempts: 99 }, ...options } as const;
    Object.assign(page, makeClient(all));
    const isReady = page.client.init();
    meanwhile(page.client);
    await isReady;
    page.channels = [...channels].filter((channel) => !before.has(channel));
    return page;
  }

  /** The page ends without a word. */
  crash(page: Page): void {
    this.#locks.removePage(page);
    for (const channel of page.channels) channel.close();
    for (const socket of page.sockets) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.send = () => {}; // its timers are still running, but nobody hears of them
      socket.isClosed = true;
    }
  }

  /** The page is closed by its user or by a navigation. */
  close(page: Page): void {
    page.client.close();
    this.crash(page);
  }
}
