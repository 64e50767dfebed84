// What an app's bundler makes of the built package.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";

const CORE_BYTES_MAX = 12 * 1024;
const PERSISTENCE_BYTES_MAX = 4 * 1024;

/** The gzipped bytes of the files of a bundle that begins with `source`, by name. */
async function bundle(source: string): Promise<Map<string, number>> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL("../dist", import.meta.url)) },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    write: false,
    outdir: "out",
    logLevel: "error",
  });
  return new Map(
    outputFiles.map(({ path, contents }) => [
      path.slice(path.lastIndexOf("/") + 1).replace(/-[A-Z0-9]+\.js$/, ".js"),
      gzipSync(contents).length,
    ]),
  );
}

it("is small, and smaller still for who needs less", async () => {
  const whole = await bundle('export * from "./index.js";');
  const client = await bundle('export { MoonstoneClient } from "./index.js";');
  const preload = await bundle('export { preloadQuery } from "./index.js";');
  const core = whole.get("stdin.js")!;
  const persistence = whole.get("persistence.js")!;
  console.log(
    `gzipped: all ${core} bytes, client alone ${client.get("stdin.js")}, persistence ${persistence}`,
  );
  expect(core).toBeLessThanOrEqual(CORE_BYTES_MAX);
  expect(persistence).toBeLessThanOrEqual(PERSISTENCE_BYTES_MAX);
  expect([...whole.keys()].sort()).toEqual(["persistence.js", "stdin.js"]);
  expect(client.get("stdin.js")!).toBeLessThan(core);
  expect(preload.get("stdin.js")!).toBeLessThan(2 * 1024);
});
