// Moonstone. Licence: see LICENSE.
// Starts the binary under test on a folder and offers the plain ways to talk to it.
import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const kRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const kBinary = path.resolve(
  kRoot,
  process.env.MOONSTONE_BIN ?? "build/release/bin/moonstone",
);
/** Generous, because the machine that runs the suite is often loaded. */
export const kWait = 30_000;

/** Resolves with the first truthy value of `probe`, or rejects after `limit` milliseconds. */
export async function until(what, probe, limit = kWait) {
  const end = Date.now() + limit;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`timed out waiting for ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

export function makeFolder(files, name = "app") {
  const root = mkdtempSync(path.join(tmpdir(), `ms-blackbox-${name}-`));
  writeFiles(root, files);
  process.on("exit", () => rmSync(root, { recursive: true, force: true }));
  return root;
}

export function writeFiles(root, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const kLiving = new Set();
process.on("exit", () => {
  for (const child of kLiving) child.kill("SIGKILL");
});

/** A run of the binary: collects its output; `ended` resolves with code and signal. */
export class Run {
  constructor(args, { cwd, env } = {}) {
    this.out = "";
    this.err = "";
    this.child = spawn(kBinary, args, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    kLiving.add(this.child);
    // A failed test must not keep its file running; the exit handler ends what is left.
    for (const handle of [this.child, this.child.stdout, this.child.stderr]) handle.unref();
    this.child.stdout.on("data", (text) => (this.out += text));
    this.child.stderr.on("data", (text) => (this.err += text));
    this.ended = new Promise((done) => {
      this.child.on("error", (error) => {
        this.exit = { code: -1, signal: String(error) };
        done(this.exit);
      });
      this.child.on("close", (code, signal) => {
        kLiving.delete(this.child);
        this.exit = { code, signal };
        done(this.exit);
      });
    });
  }
  get text() {
    return this.out + this.err;
  }
  async finished(limit = kWait) {
    try {
      await until("the end of the program", () => this.exit, limit);
    } catch (error) {
      this.child.kill("SIGKILL");
      throw new Error(`${error.message}; output so far: ${this.text.slice(-1500)}`);
    }
    return { ...this.exit, out: this.out, err: this.err, text: this.text };
  }
}

export function cli(args, options) {
  return new Run(args, options).finished();
}

export class Server extends Run {
  static async start(root, { command = "dev", folder = "moonstone", args = [], env } = {}) {
    const server = new Server([command, folder, "--port", "0", ...args], { cwd: root, env });
    server.root = root;
    try {
      await until("the address of the server", () => {
        if (server.exit) throw new Error("the server ended at once");
        return server.findAddress();
      });
    } catch (error) {
      server.child.kill("SIGKILL");
      throw new Error(`${error.message}; output: ${server.text.slice(-1500)}`);
    }
    await until("health", () =>
      fetch(server.url + "/health").then(
        (reply) => reply.ok,
        () => {
          if (server.exit) throw new Error(`the server ended: ${server.text}`);
          return false;
        },
      ),
    );
    return server;
  }
  findAddress() {
    const found = /https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)/.exec(this.text);
    if (!found || found[1] === "0") return false;
    this.port = Number(found[1]);
    this.url = `http://127.0.0.1:${this.port}`;
    return true;
  }
  async stop(signal = "SIGTERM") {
    if (!this.exit) this.child.kill(signal);
    return this.finished();
  }
  post(route, body, headers = {}) {
    return fetch(this.url + route, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
  }
  /** Runs any function through the admin route; throws an Error with the server's message. */
  async run(fn, args = {}) {
    const reply = await this.post("/__admin/run", { fn, args });
    const body = await reply.json();
    if (!body.success) throw Object.assign(new Error(body.error), { status: reply.status, body });
    return body.result;
  }
  async query(fn, args = {}) {
    const reply = await this.post("/query", { fn, args });
    const body = await reply.json();
    if (reply.status !== 200)
      throw Object.assign(new Error(body.error), { status: reply.status, body });
    return body.result;
  }
}
