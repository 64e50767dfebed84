// The command `zeroback`: how it finds the binary, what init writes and what it leaves alone.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findBinary } from "../cli/lib/binary.js";
import { init } from "../cli/lib/init.js";
import { main } from "../cli/lib/main.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "zeroback-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string, mode = 0o644): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

/** A binary that prints its arguments and ends with code 7. */
const echo = (path: string): string => write(path, '#!/bin/sh\necho "$@"\nexit 7\n', 0o755);

/** What npm leaves behind when the tarball of <prefix>/lib/moonstone/packages is installed. */
function installFromPrefix(): string {
  const resolved = "file:../prefix/lib/moonstone/packages/zeroback-cli-0.1.0.tgz";
  const packages = { "node_modules/@zeroback/cli": { resolved } };
  write("app/node_modules/.package-lock.json", JSON.stringify({ packages }));
  return join(folder, "app/node_modules/@zeroback/cli");
}

test("MOONSTONE_BIN goes before all else, and must be a program", () => {
  const chosen = echo("chosen");
  const PATH = dirname(echo("path/moonstone"));
  expect(findBinary({ MOONSTONE_BIN: chosen, PATH }, folder)).toEqual({ path: chosen });
  const { path, problem } = findBinary({ MOONSTONE_BIN: join(folder, "none"), PATH }, folder);
  expect(path).toBeUndefined();
  expect(problem).toMatch(/MOONSTONE_BIN is .*none; there is no program/);
});

test("the binary that the tarball lies beside goes before the PATH", () => {
  const own = installFromPrefix();
  const PATH = dirname(echo("path/moonstone"));
  expect(findBinary({ PATH }, own).path).toBe(join(PATH, "moonstone"));
  const beside = echo("prefix/bin/moonstone");
  expect(findBinary({ PATH }, own).path).toBe(beside);
});

test("without a binary the message names the places and the way out", () => {
  const { problem } = findBinary({ PATH: folder }, installFromPrefix());
  expect(problem).toContain("not found on the PATH and at");
  expect(problem).toContain(join(folder, "prefix/bin/moonstone"));
  expect(problem).toContain("set MOONSTONE_BIN");
});

test("a file that cannot be executed is no binary", () => {
  const PATH = dirname(write("path/moonstone", "text"));
  expect(findBinary({ PATH }, folder).path).toBeUndefined();
});

test("commands go to the binary, and its exit code comes back", async () => {
  const env = { MOONSTONE_BIN: echo("moonstone") };
  expect(await main(["version"], { env, print: () => {} })).toBe(7);
});

test("whoever ends the command ends the binary, at a terminal too", async () => {
  const ready = join(folder, "ready");
  execFileSync("mkfifo", [ready]);
  const program = `#!/bin/sh\ntrap 'kill $!; exit 9' TERM\nsleep 600 &\necho > ${ready}\nwait\n`;
  const env = { MOONSTONE_BIN: write("moonstone", program, 0o755) };
  const on = vi.spyOn(process, "on");
  const isTTY = Object.getOwnPropertyDescriptor(process.stdin, "isTTY");
  Object.defineProperty(process.stdin, "isTTY", { value: true, configurable: true });
  const code = main(["dev"], { env, print: () => {} });
  await readFile(ready); // it has set its trap
  const passOn = on.mock.calls.find(([signal]) => signal === "SIGTERM")![1];
  passOn("SIGTERM");
  expect(await code).toBe(9);
  on.mockRestore();
  if (isTTY === undefined) delete (process.stdin as { isTTY?: boolean }).isTTY;
  else Object.defineProperty(process.stdin, "isTTY", isTTY);
});

test("without a command, and for help, it prints the usage", async () => {
  for (const args of [[], ["help"], ["--help"]]) {
    const print = vi.fn();
    expect(await main(args, { env: {}, print })).toBe(0);
    expect(print.mock.calls[0]?.[0]).toContain("Usage: zeroback");
  }
});

test("words for wrangler are refused with the way out", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  const env = { MOONSTONE_BIN: echo("moonstone") };
  expect(await main(["deploy", "--", "--env", "production"], { env, print: () => {} })).toBe(2);
  expect(error.mock.calls[0]?.[0]).toContain("--url");
  error.mockRestore();
});

test("init writes the starter once and keeps what is there", () => {
  const print = vi.fn();
  write(".gitignore", "node_modules\ndist");
  write(".zeroback/entry.ts", "// mine");
  expect(init(folder, print)).toBe(true);
  expect(readFileSync(join(folder, "zeroback/schema.ts"), "utf8")).toContain("@zeroback/server");
  expect(readFileSync(join(folder, ".zeroback/entry.ts"), "utf8")).toBe("// mine");
  expect(readFileSync(join(folder, ".gitignore"), "utf8")).toBe(
    "node_modules\ndist\n.zeroback/*\n!.zeroback/entry.ts\n.moonstone/\n",
  );
  expect(init(folder, print)).toBe(false);
  expect(print.mock.calls.at(-1)?.[0]).toContain("exists already");
});
