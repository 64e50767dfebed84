// Moonstone. Licence: see LICENSE.
// The server under torture: killed, started again on the same folder, reached through proxies that
// follow it from port to port.
import { MoonstoneClient } from "../../blackbox/lib/network.mjs";
import WebSocket from "ws";
import { Proxy } from "../../blackbox/lib/proxy.mjs";
import { cli, makeFolder, Server } from "../../blackbox/lib/server.mjs";
import { kFiles, kSecret } from "./app.mjs";

const kEnvironment = {
  MOONSTONE_AUTH_SECRET: kSecret,
  MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0",
};

export class TorturedServer {
  kills = 0;
  #proxies = [];

  static async start(name, more = {}) {
    const tortured = new TorturedServer();
    tortured.env = { ...kEnvironment, ...more };
    tortured.folder = makeFolder(kFiles, name);
    tortured.server = await Server.start(tortured.folder, { env: tortured.env });
    return tortured;
  }

  get url() {
    return this.server.url;
  }

  query(fn, args) {
    return this.server.query(fn, args);
  }

  async proxy() {
    const proxy = await Proxy.start(this.server.port);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** kill -9, and a new process on what it has left. */
  async kill() {
    this.kills += 1;
    this.server.child.kill("SIGKILL");
    await this.server.ended;
    this.server = await Server.start(this.folder, { env: this.env });
    for (const proxy of this.#proxies) proxy.target = this.server.port;
  }

  async stop() {
    for (const proxy of this.#proxies) proxy.stop();
    await this.server.stop();
  }

  /** What `moonstone doctor` says of the folder after the server has ended. */
  examine() {
    return cli(["doctor"], { cwd: this.folder, env: this.env });
  }
}

/** A client that comes back quickly and never gives up. */
export function openClient(proxy, options = {}) {
  return new MoonstoneClient(proxy.url, {
    webSocket: WebSocket,
    backoff: { baseMs: 2, maxMs: 100, maxAttempts: Infinity },
    messagesPerSecond: 0,
    ...options,
  });
}

/** Lets the network be bad: delays, splits, and a cut every so often. `stop()` ends that. */
export function disturb(proxy, random, cutsPerFrame = 0.01) {
  proxy.split = random() < 0.3 ? 40 : 0;
  proxy.delay = () => (random() < 0.1 ? random() * 4 : 0);
  proxy.onFrame = () => {
    if (proxy.seen.length > 1000) proxy.seen.length = 0;
    if (random() > cutsPerFrame) return undefined;
    return ["cut before", "cut inside", "cut after"][Math.floor(random() * 3)];
  };
}

export function calm(proxy) {
  proxy.split = 0;
  proxy.delay = () => 0;
  proxy.onFrame = () => {
    if (proxy.seen.length > 1000) proxy.seen.length = 0;
    return undefined;
  };
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
