// The binary under test and its clients.
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MoonstoneClient } from "../../../packages/client/dist/index.js";
import { run, start } from "./process.mjs";
import { waitFor } from "./wait.mjs";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const MOONSTONE = resolve(process.env.MOONSTONE_BIN ?? "moonstone");

const { WebSocket } = createRequire(import.meta.url)("ws");

/** Writes files, given by their path below `folder`. */
export function writeFiles(folder, files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** A copy of an example without what was built in it, where its packages are found. */
export function copyOfExample(t, name) {
  const folder = join(t.folder(), name);
  const isSource = (path) => !/\/(dist|_generated|\.moonstone|node_modules)$/.test(path);
  cpSync(join(ROOT, "examples", name), folder, { recursive: true, filter: isSource });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Builds the page of an app into its dist/. */
export async function buildPage(t, folder) {
  const vite = join(folder, "node_modules", "vite", "bin", "vite.js");
  await run(t, process.execPath, [vite, "build"], { cwd: folder });
}

/** Starts `moonstone dev` or `start` and waits until it serves. */
export async function serve(t, folder, { command = "dev", port = 0, env = {} } = {}) {
  const server = start(t, MOONSTONE, [command, "--port", String(port)], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  const address = await server.waitForOutput(/http:\/\/[^\s:/]+:(\d+)/);
  server.port = Number(address[1]);
  server.url = `http://127.0.0.1:${server.port}`;
  await waitFor("/health", () =>
    fetch(`${server.url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return server;
}

/** `moonstone run`: the printed result as a value. */
export async function runFunction(t, server, fn, args = {}) {
  const call = ["run", fn, JSON.stringify(args), "--url", server.url];
  const output = await run(t, MOONSTONE, call);
  return output.trim() === "" ? undefined : JSON.parse(output);
}

/** `POST /query`: the result. */
export async function query(server, fn, args = {}) {
  const response = await fetch(`${server.url}/query`, {
    method: "POST",
    body: JSON.stringify({ fn, args }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${fn}: ${answer.error}`);
  return answer.result;
}

/** Our client on Node. It keeps trying to come back as long as the test runs. */
export function connect(t, server) {
  const client = new MoonstoneClient(`${server.url.replace("http", "ws")}/ws`, {
    webSocket: WebSocket,
    backoff: { baseMs: 20, maxMs: 250, maxAttempts: 100_000 },
    messagesPerSecond: 0,
  });
  t.after(() => client.close());
  return client;
}

/** A bare socket that keeps every frame, for what a client would hide. */
export async function openSocket(t, server) {
  const socket = new WebSocket(`${server.url.replace("http", "ws")}/ws`);
  const bare = {
    frames: [],
    closeCode: undefined,
    send: (frame) => socket.send(JSON.stringify(frame)),
    of: (id) => bare.frames.filter((frame) => frame.id === id),
  };
  socket.on("message", (text) => {
    const frame = JSON.parse(text);
    bare.frames.push(...(frame.type === "updates" ? frame.items : [frame]));
  });
  socket.on("close", (code) => (bare.closeCode = code));
  t.after(() => socket.terminate());
  await new Promise((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
  });
  return bare;
}

/** An app of one module, ready to be served. */
export function smallApp(t, { schema = "{}", functions, name = "app" }) {
  const folder = t.folder();
  writeFiles(folder, {
    "moonstone/schema.ts": `import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema(${schema});
`,
    [`moonstone/${name}.ts`]: functions,
  });
  return folder;
}
