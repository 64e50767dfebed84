// Moonstone. Licence: see LICENSE.
// What the hostile tests share: connections that say any bytes, and the measure of what a server
// holds. A leak shows as growth that goes on: rounds of the same work are compared with each other,
// so that caches that fill and pages that an allocator keeps do not count.
import assert from "node:assert/strict";
import net from "node:net";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "./server.mjs";

const kMebibyte = 1 << 20;
/** What an allocator may still take between two equal rounds. */
const kNoiseBytes = 6 * kMebibyte;

/** A plain TCP connection; `bytes` collects what came back, `text` is the same as latin1. */
export class Raw {
  bytes = Buffer.alloc(0);
  closed = false;

  constructor(server) {
    this.socket = net.connect(server.port, "127.0.0.1");
    this.socket.on("data", (data) => (this.bytes = Buffer.concat([this.bytes, data])));
    this.socket.on("error", () => 0);
    this.socket.on("close", () => (this.closed = true));
    this.socket.unref();
  }
  get text() {
    return this.bytes.toString("latin1");
  }
  send(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }
  /** The status of the first answer, or "closed". */
  async status() {
    await until("an answer", () => this.closed || /^HTTP\/1\.1 \d+[^]*\r\n\r\n/.test(this.text));
    const found = /^HTTP\/1\.1 (\d+)/.exec(this.text);
    return found ? Number(found[1]) : "closed";
  }
  waitClosed() {
    return until("the server to close the connection", () => this.closed);
  }
  destroy() {
    this.socket.destroy();
  }

  static async upgraded(server, extra = []) {
    const raw = new Raw(server);
    raw.send(
      head(
        "GET /ws HTTP/1.1",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ...extra,
      ),
    );
    assert.equal(await raw.status(), 101, raw.text);
    assert.match(raw.text, /sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i);
    raw.head = raw.text;
    raw.bytes = raw.bytes.subarray(raw.bytes.indexOf("\r\n\r\n") + 4);
    return raw;
  }
  /** The code of the close frame that ends what the server sent; undefined if there was none. */
  async closeCode() {
    const frame = () => {
      for (const one of framesOf(this.bytes)) if (one.opcode === 8) return one;
      return undefined;
    };
    await until("the server to close", () => this.closed || frame());
    const last = frame();
    this.destroy();
    return last && last.payload.length >= 2 ? last.payload.readUInt16BE(0) : undefined;
  }
}

export const head = (first, ...more) =>
  [first, "Host: localhost", ...more].join("\r\n") + "\r\n\r\n";

/** The bytes of a frame as a client sends it, or without a mask, as none may. */
export function frame(first, payload, { masked = true } = {}) {
  const body = Buffer.from(payload);
  const bit = masked ? 0x80 : 0;
  let header;
  if (body.length < 126) header = Buffer.from([first, bit | body.length]);
  else if (body.length < 65536)
    header = Buffer.from([first, bit | 126, body.length >> 8, body.length & 255]);
  else {
    header = Buffer.alloc(10);
    header[0] = first;
    header[1] = bit | 127;
    header.writeBigUInt64BE(BigInt(body.length), 2);
  }
  if (!masked) return Buffer.concat([header, body]);
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([header, mask, body.map((byte, i) => byte ^ mask[i & 3])]);
}
export const text = (message) =>
  frame(0x81, typeof message === "string" ? message : JSON.stringify(message));

/** The whole frames of a server at the front of `bytes`. */
export function* framesOf(bytes) {
  for (let at = 0; at + 2 <= bytes.length;) {
    let size = bytes[at + 1] & 0x7f;
    let start = at + 2;
    if (size === 126 && start + 2 <= bytes.length) {
      size = bytes.readUInt16BE(start);
      start += 2;
    } else if (size === 127 && start + 8 <= bytes.length) {
      size = Number(bytes.readBigUInt64BE(start));
      start += 8;
    }
    if (start + size > bytes.length) return;
    yield { opcode: bytes[at] & 0x0f, payload: bytes.subarray(start, start + size) };
    at = start + size;
  }
}

// --- what a server holds ---------------------------------------------------------------------

export const descriptorsOf = (server) => readdirSync(`/proc/${server.child.pid}/fd`).length;
export function memoryOf(server) {
  const status = readFileSync(`/proc/${server.child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
}

/** Whether samples of equal rounds stop growing: the peak of the second half is above that of the
 * first by noise at most, or by little of what the first paid for things that are made once. */
export function isFlat(samples, noise) {
  const middle = Math.ceil(samples.length / 2);
  const early = Math.max(...samples.slice(0, middle));
  const late = Math.max(...samples.slice(middle));
  return late - early <= Math.max(noise, (early - samples[0]) / 4);
}

/** Does `round` several times and asserts that the server holds no more for it in the end. */
export async function assertNoGrowth(server, round, { rounds = 6, noise = kNoiseBytes } = {}) {
  await round(0);
  const descriptors = descriptorsOf(server);
  const memory = [];
  for (let i = 1; i <= rounds; i++) {
    await round(i);
    await until(
      `${descriptors} descriptors, as after the first round; there are ${descriptorsOf(server)}`,
      () => descriptorsOf(server) <= descriptors,
    );
    memory.push(memoryOf(server));
  }
  assert.ok(
    isFlat(memory, noise),
    `memory grew with every round: ${memory.map((bytes) => (bytes / kMebibyte).toFixed(1))} MiB`,
  );
}

/** The server answers others as before. */
export async function assertAlive(server) {
  const reply = await server.post("/query", { fn: "lab:echo", args: { x: "alive" } });
  assert.equal((await reply.json()).result, "alive");
  assert.equal(server.exit, undefined);
}
