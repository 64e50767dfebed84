// Programs under test: their output, their end, nothing left behind.
import { spawn } from "node:child_process";
import { waitFor } from "./wait.mjs";

/** A program that runs until the test ends at the latest. */
class RunningProgram {
  output = "";

  constructor(t, program, args, options) {
    this.name = `${program.split("/").pop()} ${args.join(" ")}`;
    this.child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
    this.ended = new Promise((resolve) => {
      this.child.on("error", (error) => {
        this.output += `\n${error.message}`;
        resolve(-1);
      });
      this.child.on("close", (code, signal) => resolve(code ?? signal));
    });
    this.ended.then((code) => (this.code = code));
    t.after(() => this.end("SIGTERM"));
  }

  /** The match of `pattern` in the output from `from` on. Errors: it never comes. */
  async waitForOutput(pattern, from = 0) {
    const found = await waitFor(`${pattern} from ${this.name}`, () => {
      const match = this.output.slice(from).match(pattern);
      return match ?? (this.code === undefined ? undefined : "ended");
    }).catch((error) => {
      throw new Error(`${error.message}\n${this.output}`);
    });
    if (found !== "ended") return found;
    throw new Error(`${this.name} ended with ${this.code}, without ${pattern}\n${this.output}`);
  }

  /** Sends a signal and waits for the end. Returns the exit code, or the signal that ended it. */
  async end(signal) {
    if (this.code !== undefined) return this.code;
    this.child.kill(signal);
    const last = setTimeout(() => this.child.kill("SIGKILL"), 30_000);
    const code = await this.ended;
    clearTimeout(last);
    return code;
  }
}

export function start(t, program, args, options = {}) {
  return new RunningProgram(t, program, args, options);
}

/** Runs a program to its end and returns its output. Errors: it fails. */
export async function run(t, program, args, options = {}) {
  const running = start(t, program, args, options);
  const code = await running.ended;
  if (code !== 0) throw new Error(`${running.name} ended with ${code}\n${running.output}`);
  return running.output;
}
