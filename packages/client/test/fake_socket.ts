import type { MoonstoneClientOptions, WebSocketLike } from "@moonstone/client";
import { MoonstoneClient } from "@moonstone/client";

type Frame = Record<string, unknown>;

/** The server's end of a connection, driven by the test. */
export class FakeSocket implements WebSocketLike {
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: unknown) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  readonly received: Frame[] = [];
  isClosed = false;

  constructor(readonly url: string) {}

  send(data: string): void {
    if (this.isClosed) throw new Error("sending on a closed socket");
    this.received.push(JSON.parse(data) as Frame);
  }

  close(): void {
    this.isClosed = true;
  }

  /** Accepts the connection and answers the client's hello. */
  async accept(): Promise<this> {
    this.onopen?.({});
    await flush();
    await this.say({ type: "hello" });
    return this;
  }

  async say(...frames: Frame[]): Promise<void> {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
    await flush();
  }

  async drop(): Promise<void> {
    this.isClosed = true;
    this.onclose?.({});
    await flush();
  }

  /** What came in, without hello and pings. */
  get calls(): Frame[] {
    return this.received.filter(({ type }) => type !== "hello" && type !== "ping");
  }

  ofType(type: string): Frame[] {
    return this.received.filter((frame) => frame["type"] === type);
  }
}

/** Lets all promise callbacks run that are due. */
export async function flush(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** A client whose sockets the test plays; `sockets` grows with each attempt. */
export function makeClient(options: MoonstoneClientOptions = {}): {
  client: MoonstoneClient;
  sockets: FakeSocket[];
  last: () => FakeSocket;
} {
  const sockets: FakeSocket[] = [];
  class Socket extends FakeSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  const client = new MoonstoneClient("ws://test/ws", { webSocket: Socket, ...options });
  return { client, sockets, last: () => sockets.at(-1)! };
}
