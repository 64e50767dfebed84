// Builds the package in the current folder: declarations with tsc, one ESM file with esbuild.
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");

rmSync("dist", { recursive: true, force: true });
try {
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.json"], { stdio: "inherit" });
} catch {
  process.exit(1); // tsc has printed what is wrong
}

copyFileSync(new URL("../../LICENSE", import.meta.url), "LICENSE"); // for the tarball

await build({
  entryPoints: ["src/index.ts"],
  outfile: "dist/index.js",
  bundle: true,
  format: "esm",
  // What users write against the server package runs in V8 10.2, the rest in browsers and Node 18.
  target: manifest.name === "@moonstone/server" ? "es2021" : "es2022",
  platform: "neutral",
  external: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
  sourcemap: true,
  jsx: "automatic",
  legalComments: "none",
  logLevel: "warning",
});
