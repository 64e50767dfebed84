// The core suite once more, under Bun.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import "./addon.js";

function findBun(): string {
  const manifest = createRequire(import.meta.url).resolve("bun/package.json");
  return join(dirname(manifest), "bin", "bun.exe");
}

test("a program under Bun does the same", { timeout: 60_000 }, () => {
  const bun = findBun();
  expect(existsSync(bun)).toBe(true);
  const { status, stderr } = spawnSync(bun, ["test", "./test/core.test.ts"], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
  });
  expect(stderr).toMatch(/\b[1-9]\d* pass\b/);
  expect(stderr).toMatch(/\b0 fail\b/);
  expect(status).toBe(0);
});
