// Moonstone. Licence: see LICENSE.
// A TCP proxy before the server that does what networks do to a WebSocket: it cuts before, inside and
// after a frame, delays, hands on byte by byte, goes silent, and refuses. It reads the frames that
// pass, so that a test can say when.
import { once } from "node:events";
import net from "node:net";

const kHeadEnd = Buffer.from("\r\n\r\n");
const kText = 1;

/** Takes whole units off the front of a byte stream: the HTTP head, then WebSocket frames. */
class UnitReader {
  #bytes = Buffer.alloc(0);
  #isPastHead = false;
  #isPlainHttp = false;

  /** The units that are complete with `chunk`: their bytes, and what they say. */
  *read(chunk) {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let size = this.#unitSize(); size <= this.#bytes.length; size = this.#unitSize()) {
      const bytes = this.#bytes.subarray(0, size);
      this.#bytes = this.#bytes.subarray(size);
      yield { bytes, frame: this.#describe(bytes) };
      if (this.#bytes.length === 0) return;
    }
  }

  #describe(bytes) {
    if (this.#isPastHead) return this.#isPlainHttp ? { type: "body" } : decode(bytes);
    this.#isPastHead = true;
    this.#isPlainHttp = !/^upgrade: *websocket/im.test(String(bytes));
    return { type: "head" };
  }

  /** Of the unit at the front; infinite while its beginning is not there yet. */
  #unitSize() {
    const bytes = this.#bytes;
    if (!this.#isPastHead) {
      const end = bytes.indexOf(kHeadEnd);
      return end < 0 ? Infinity : end + kHeadEnd.length;
    }
    if (this.#isPlainHttp) return bytes.length;
    if (bytes.length < 2 || bytes.length < headerSize(bytes)) return Infinity;
    return headerSize(bytes) + payloadSize(bytes);
  }
}

const lengthSize = (bytes) => ({ 126: 2, 127: 8 })[bytes[1] & 0x7f] ?? 0;
const headerSize = (bytes) => 2 + lengthSize(bytes) + (bytes[1] & 0x80 ? 4 : 0);
function payloadSize(bytes) {
  const size = lengthSize(bytes);
  return size === 0 ? bytes[1] & 0x7f : bytes.readUIntBE(size === 8 ? 4 : 2, size === 8 ? 6 : 2);
}

/** The JSON of a text frame; `{ type: "control" }` for everything else. */
function decode(bytes) {
  if ((bytes[0] & 0x0f) !== kText) return { type: "control" };
  const start = headerSize(bytes);
  const payload = Buffer.from(bytes.subarray(start));
  if (bytes[1] & 0x80) {
    for (let i = 0; i < payload.length; i++) payload[i] ^= bytes[start - 4 + (i % 4)];
  }
  return JSON.parse(String(payload));
}

/** One direction of one connection. What came in goes out in order. */
class Lane {
  #reader = new UnitReader();
  #tail = Promise.resolve();

  constructor(proxy, link, direction, from, to) {
    Object.assign(this, { proxy, link, direction, to });
    from.on("data", (chunk) => {
      for (const unit of this.#reader.read(chunk)) this.#then(() => this.#pass(unit));
    });
    from.on("close", () => this.#then(() => to.destroy()));
    from.on("error", () => {});
  }

  #then(step) {
    this.#tail = this.#tail.then(step);
  }

  async #pass({ bytes, frame }) {
    const { proxy, direction, link } = this;
    await proxy.untilFlowing(direction);
    if (link.isCut) return;
    const seen = { direction, frame, connection: link.number };
    proxy.seen.push(seen);
    const verdict = proxy.onFrame(seen);
    const delay = proxy.delay(seen);
    if (delay > 0) await new Promise((done) => setTimeout(done, delay));
    if (verdict === "cut before") return link.cut();
    await this.#write(verdict === "cut inside" ? bytes.subarray(0, bytes.length >> 1) : bytes);
    if (verdict !== undefined) link.cut();
  }

  async #write(bytes) {
    const size = this.proxy.split || bytes.length;
    for (let at = 0; at < bytes.length && !this.to.destroyed; at += size) {
      await new Promise((done) => this.to.write(bytes.subarray(at, at + size), done));
    }
  }
}

/** One connection through the proxy. */
class Link {
  isCut = false;

  constructor(proxy, number, client) {
    this.number = number;
    this.client = client;
    this.server = net.connect(proxy.target, "127.0.0.1");
    for (const socket of [client, this.server]) socket.setNoDelay(true);
    new Lane(proxy, this, "up", client, this.server);
    new Lane(proxy, this, "down", this.server, client);
    client.on("close", () => proxy.links.delete(this));
  }

  cut() {
    this.isCut = true;
    this.client.destroy();
    this.server.destroy();
  }
}

export class Proxy {
  /** Everything that passed, oldest first: `{ direction: "up" | "down", frame, connection }`. */
  seen = [];
  links = new Set();
  /** How many connections there were, the refused ones too. */
  connections = 0;
  /** How many of the next connections are reset at once; Infinity for all. */
  refusals = 0;
  /** Hands on so many bytes at a time; 0 for all. */
  split = 0;
  /** Says what happens to a frame: nothing (undefined), or "cut before", "inside" or "after" it. */
  onFrame = () => undefined;
  /** Milliseconds before a frame goes on. */
  delay = () => 0;
  #stalled = { up: false, down: false };
  #waiting = [];

  static async start(target) {
    const proxy = new Proxy();
    proxy.target = target;
    proxy.listener = net.createServer((client) => {
      proxy.connections += 1;
      if (proxy.refusals > 0) {
        proxy.refusals -= 1;
        client.resetAndDestroy();
      } else proxy.links.add(new Link(proxy, proxy.connections, client));
    });
    proxy.listener.listen(0, "127.0.0.1");
    await once(proxy.listener, "listening");
    proxy.listener.unref();
    proxy.url = `ws://127.0.0.1:${proxy.listener.address().port}/ws`;
    return proxy;
  }

  /** Keeps back what goes in this direction, connections that end included. */
  stall(direction) {
    this.#stalled[direction] = true;
  }

  flow() {
    this.#stalled = { up: false, down: false };
    for (const go of this.#waiting.splice(0)) go();
  }

  async untilFlowing(direction) {
    while (this.#stalled[direction]) await new Promise((go) => this.#waiting.push(go));
  }

  cutAll() {
    for (const link of [...this.links]) link.cut();
  }

  /** Does `verdict` to the first frame for which `matches` holds, once. */
  once(verdict, matches) {
    this.onFrame = (seen) => {
      if (!matches(seen)) return undefined;
      this.onFrame = () => undefined;
      return verdict;
    };
  }

  /** The frames of one direction that satisfy `test`. */
  frames(direction, test = () => true) {
    return this.seen
      .filter((seen) => seen.direction === direction && test(seen.frame))
      .map(({ frame }) => frame);
  }

  stop() {
    this.cutAll();
    this.listener.close();
  }
}
