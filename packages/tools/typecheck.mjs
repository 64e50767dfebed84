// Type-checks the tests of every package, the *.test-d.ts files above all.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");

let failed = false;
for (const name of readdirSync(packages)) {
  const project = join(packages, name, "test", "tsconfig.json");
  if (!existsSync(project)) continue;
  try {
    execFileSync(process.execPath, [tsc, "-p", project], { stdio: "inherit" });
    console.log(`types of ${name}: ok`);
  } catch {
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
