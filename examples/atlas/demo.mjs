// Serves the atlas until Ctrl-C: starts `moonstone dev`, waits until it answers, imports the cities
// that are missing, prints the address. `run` calls it when the page is built.
//
//   PORT          8788 unless given; 0 takes a free one
//   ATLAS_DIR     a folder with moonstone/, where .moonstone/ appears; this one unless given
//   ATLAS_LIMIT   how many cities to import; all unless given
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { importCities, limitOfEnvironment, progressBar } from "./import.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

/** Starts the server, with its output on the terminal. It lives in a process group of its own, so
 * that Ctrl-C reaches it once, through `stopWith`. */
function startServer() {
  const folder = join(process.env.ATLAS_DIR || HERE, "moonstone");
  const port = process.env.PORT || "8788";
  const args = ["dev", folder, "--port", port, "--static", join(HERE, "dist")];
  const server = spawn(process.env.MOONSTONE_BIN, args, {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let output = "";
  server.stdout.on("data", (bytes) => {
    process.stdout.write(bytes);
    output = (output + bytes).slice(-10_000);
  });
  server.port = () => output.match(/http:\/\/[^\s:/]+:(\d+)/)?.[1];
  return server;
}

/** The address of the server once it answers. Errors: it ended, or takes too long. */
async function waitUntilHealthy(server) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error("moonstone has ended, see above");
    const port = server.port();
    if (port !== undefined) {
      const address = `http://127.0.0.1:${port}`; // `localhost` may mean ::1 to Node
      const response = await fetch(`${address}/health`).catch(() => undefined);
      if (response?.ok) return address;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`moonstone does not answer after ${START_TIMEOUT_MS / 1000} s`);
}

function stopWith(server) {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => server.kill("SIGTERM"));
  }
  server.on("error", (error) => {
    console.error(`atlas: cannot start ${process.env.MOONSTONE_BIN}: ${error.message}`);
    process.exit(1);
  });
  server.on("exit", (code) => process.exit(code ?? 1));
}

const server = startServer();
stopWith(server);
try {
  const address = await waitUntilHealthy(server);
  const onProgress = progressBar(process.stdout);
  const { total } = await importCities(address, { limit: limitOfEnvironment(), onProgress });
  console.log(
    `\n  Atlas with ${total.toLocaleString("en")} cities: http://127.0.0.1:${server.port()}/`,
  );
  console.log("  Open it in two windows. Ctrl-C ends it.\n");
} catch (error) {
  console.error(`atlas: ${error.message}`);
  if (server.exitCode === null) server.kill("SIGTERM");
  else process.exit(1);
}
