// examples/orm-node prints what its README says.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import "./addon.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("the library of examples/orm-node does what its README says", () => {
  const readme = readFileSync(`${root}examples/orm-node/README.md`, "utf8");
  const [, printed] = /```\n([\s\S]*?)```/.exec(readme.slice(readme.indexOf("It prints"))) ?? [];
  // The package is found as an installed one would be, also before npm has linked it.
  const modules = `${root}examples/orm-node/node_modules`;
  mkdirSync(`${modules}/@moonstone`, { recursive: true });
  rmSync(`${modules}/@moonstone/orm`, { force: true });
  symlinkSync(`${root}packages/orm`, `${modules}/@moonstone/orm`);
  try {
    const found = execFileSync(process.execPath, ["main.mjs"], {
      cwd: `${root}examples/orm-node`,
      encoding: "utf8",
    });
    expect(found).toBe(printed);
  } finally {
    rmSync(modules, { recursive: true, force: true });
  }
});
