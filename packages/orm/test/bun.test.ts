// The core suite once more, under Bun.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import "./addon.js";

/** The program of the npm package `bun`; its absence (no network when installing) skips the suite. */
function findBun(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve("bun/package.json");
    const program = join(dirname(manifest), "bin", "bun.exe");
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}
const bun = process.env["MOONSTONE_BUN"] ?? findBun();

test.skipIf(bun === undefined)("a program under Bun does the same", { timeout: 60_000 }, () => {
  const { status, stderr } = spawnSync(bun as string, ["test", "./test/core.test.ts"], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
  });
  expect(stderr).toMatch(/\b[1-9]\d* pass\b/);
  expect(stderr).toMatch(/\b0 fail\b/);
  expect(status).toBe(0);
});
