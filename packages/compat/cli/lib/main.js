// The command `zeroback`: `init` is its own, everything else is the program moonstone.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { findBinary } from "./binary.js";
import { init } from "./init.js";

const USAGE = `Usage: zeroback <command>

  init [dir]                     write a starter backend into zeroback/
  dev [functionsDir]             serve, and rebuild at every change (port 8788)
  codegen [functionsDir]         build once, write the types in _generated
  deploy [functionsDir]          put the functions into force on a server (--url, --admin-key)
    --dry-run                      build and say what would change
  run <function> [jsonArgs]      call a function and print its result
    --url <url>                    of another server than http://localhost:8788
  reset                          delete the local data

The functions folder is zeroback/ unless one is named. The work is done by the program moonstone:
every command and flag of it can be used here (zeroback dev --help).
`;

const USAGE_ERROR = 2;

/** Runs a command line; resolves to the exit code. */
export async function main(args, { env = process.env, print = console.log } = {}) {
  const [command, ...rest] = args;
  if (command === undefined || ["help", "--help", "-h"].includes(command)) {
    print(USAGE);
    return 0;
  }
  if (command === "deploy" && rest.includes("--")) {
    console.error(
      "zeroback deploy: what stands behind -- was for wrangler, which has no part in this. " +
        "Name the server instead: zeroback deploy --url https://app.example.com",
    );
    return USAGE_ERROR;
  }
  const binary = findBinary(env);
  if (binary.path === undefined) {
    console.error(binary.problem);
    return 1;
  }
  if (command === "init" && !rest.some((word) => word.startsWith("-"))) {
    const folder = rest[0] ?? ".";
    if (!init(folder, print)) return 0;
    // The types are there at once: no editor shows errors until the first `dev`.
    return run(binary.path, ["codegen"], { cwd: folder, stdio: ["inherit", "ignore", "inherit"] });
  }
  return run(binary.path, args, { stdio: "inherit" });
}

/** Runs the program as if it had been called itself: its streams, its signals, its exit code. */
function run(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, options);
    // A terminal sends Ctrl-C and its end to both of us; what is sent to this process alone is
    // passed on, and SIGTERM always is.
    const passOn = (signal) => (process.stdin.isTTY && signal !== "SIGTERM") || child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, passOn);
    const finish = (code) => {
      for (const signal of signals) process.off(signal, passOn);
      resolve(code);
    };
    child.on("error", (error) => {
      console.error(`zeroback: cannot run ${program}: ${error.message}`);
      finish(1);
    });
    child.on("close", (code, signal) => finish(code ?? 128 + constants.signals[signal]));
  });
}
