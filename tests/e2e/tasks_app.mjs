// The board of tasks under test: built once, served afresh for each test, reached through a front
// that can cut the page off.
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, connect as connectTo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTab, openWindow } from "./lib/browser.mjs";
import { buildPage, connect, MOONSTONE, ROOT, serve } from "./lib/moonstone.mjs";
import { run } from "./lib/process.mjs";

/** Both examples as they stand in the repository, for the whole run; the second needs the first. */
let examples;
const built = new Map();

function copyExamples() {
  if (examples !== undefined) return examples;
  examples = mkdtempSync(join(tmpdir(), "moonstone-e2e-tasks-"));
  process.on("exit", () => rmSync(examples, { recursive: true, force: true }));
  const isSource = (path) => !/\/(dist|_generated|\.moonstone|node_modules)$/.test(path);
  for (const name of ["tasks", "tasks-solid"]) {
    const from = join(ROOT, "examples", name);
    cpSync(from, join(examples, name), { recursive: true, filter: isSource });
    symlinkSync(join(ROOT, "node_modules"), join(examples, name, "node_modules"));
  }
  return examples;
}

/** The folder of an example, with what the functions generate. */
export async function exampleFolder(t, name) {
  const folder = copyExamples();
  await run(t, MOONSTONE, ["codegen"], { cwd: join(folder, "tasks") });
  return join(folder, name);
}

/** Builds the page of an example and returns its dist/. */
async function buildOnce(t, name) {
  if (!built.has(name)) {
    const folder = await exampleFolder(t, name);
    await buildPage(t, folder);
    built.set(name, join(folder, "dist"));
  }
  return built.get(name);
}

/** A gate in front of a server, under one address whatever happens behind it. */
class Front {
  #isOpen = true;
  #isHolding = false;
  #pairs = new Set();

  constructor(port) {
    this.listener = createServer((socket) => this.#accept(socket, port));
  }

  async listen(t) {
    await new Promise((resolve) => this.listener.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      this.cut();
      this.listener.close();
    });
    this.url = `http://127.0.0.1:${this.listener.address().port}`;
  }

  /** Breaks every connection, and lets no new one through. */
  cut() {
    this.#isOpen = false;
    for (const { socket, server } of this.#pairs) {
      socket.destroy();
      server.destroy();
    }
  }

  restore() {
    this.#isOpen = true;
  }

  /** Keeps back what the server sends, until `release`. */
  hold() {
    this.#isHolding = true;
    for (const { server } of this.#pairs) server.pause();
  }

  release() {
    this.#isHolding = false;
    for (const { server } of this.#pairs) server.resume();
  }

  #accept(socket, port) {
    if (!this.#isOpen) return void socket.destroy();
    const server = connectTo(port, "127.0.0.1");
    const pair = { socket, server };
    this.#pairs.add(pair);
    socket.on("data", (bytes) => server.write(bytes));
    server.on("data", (bytes) => socket.write(bytes));
    if (this.#isHolding) server.pause();
    for (const [one, other] of [
      [socket, server],
      [server, socket],
    ]) {
      one.on("error", () => {}); // its end follows
      one.on("close", () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
  }
}

const PROJECT = "project000000000";

/** A server with an empty project, a client beside the pages, and a way to open pages. */
class TasksApp {
  project = PROJECT;

  /** A page of its own browser profile. */
  open(options = {}) {
    return openWindow(this.t, this.address(options.panel), options);
  }

  /** Another tab in the profile of a page. */
  tab(page, panel) {
    return openTab(page.context(), this.address(panel));
  }

  address(panel = "") {
    return `${this.front.url}/#/${this.project}/${panel}`;
  }

  /** Ends an outage, and says so to the pages as an operating system does. */
  async restore(...pages) {
    this.front.restore();
    for (const page of pages) await page.evaluate(() => dispatchEvent(new Event("online")));
  }

  /** Creates a task as somebody else. */
  async create(key, title) {
    const args = { key, project: this.project, title, priority: "normal", by: "Somebody" };
    await this.client.mutation("tasks:create", args);
  }
}

export async function startTasks(t, name) {
  const dist = await buildOnce(t, name);
  const folder = t.folder();
  const functions = join(copyExamples(), "tasks", "moonstone");
  cpSync(functions, join(folder, "moonstone"), { recursive: true });
  const app = new TasksApp();
  app.t = t;
  app.server = await serve(t, folder, { env: { MOONSTONE_SERVER_STATIC: dist } });
  app.front = new Front(app.server.port);
  await app.front.listen(t);
  app.client = connect(t, app.server);
  return app;
}

/** The same, with a project in it. */
export async function startProject(t, name) {
  const app = await startTasks(t, name);
  await app.client.mutation("projects:create", { key: PROJECT, name: "Observatory", hue: 245 });
  return app;
}
