// Moonstone. Licence: see LICENSE.
// Runs every *.test.mjs of this folder; `node run.mjs [part of a file name...]` runs some of them.
import { run } from "node:test";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { kBinary } from "./lib/server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
if (!existsSync(kBinary)) {
  console.error(`no binary at ${kBinary}; build it or set MOONSTONE_BIN`);
  process.exit(2);
}
const wanted = process.argv.slice(2);
const files = readdirSync(here)
  .filter((name) => name.endsWith(".test.mjs"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => path.join(here, name));

let passed = 0;
let failed = 0;
const isFile = (event) => event.name.endsWith(".test.mjs");
await new Promise((done) => {
  run({ files, concurrency: 3, timeout: 240_000 })
    .on("test:pass", (event) => {
      if (!isFile(event) && !event.skip && !event.todo) passed += 1;
    })
    .on("test:fail", (event) => {
      const error = event.details?.error;
      const cause = error?.cause ?? error;
      failed += 1;
      const text = String(cause?.message ?? cause)
        .split("\n")
        .slice(0, 14)
        .join("\n    ");
      console.log(`FAILED ${event.name}\n    ${text}`);
    })
    .on("test:stderr", (event) => process.env.VERBOSE && process.stderr.write(event.message))
    .on("end", done)
    .resume();
});
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
