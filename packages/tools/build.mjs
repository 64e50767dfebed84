// Builds the package in the current folder: declarations with tsc, ESM files with esbuild. Does
// nothing if the result is newer than everything that goes into it.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");

const changed = (path) => statSync(path).mtimeMs;
const inputs = [
  ...readdirSync("src", { recursive: true }).map((name) => join("src", name)),
  "package.json",
  "tsconfig.json",
  "../../tsconfig.base.json",
  fileURLToPath(import.meta.url),
  // The types of a package that this one stands on.
  ...Object.keys(manifest.dependencies ?? {}).map((name) =>
    fileURLToPath(new URL(`../${name.split("/")[1]}/dist/index.js`, import.meta.url)),
  ),
];
// One file for each path that the package exports; esbuild writes them last.
const outputs = Object.values(manifest.exports)
  .map((entry) => entry.default)
  .filter((path) => path !== undefined);
const isCurrent = (output) =>
  existsSync(output) && changed(output) > Math.max(...inputs.map(changed));
if (outputs.every(isCurrent)) process.exit(0);

rmSync("dist", { recursive: true, force: true });
try {
  execFileSync(process.execPath, [tsc, "-p", "tsconfig.json"], { stdio: "inherit" });
} catch {
  process.exit(1); // tsc has printed what is wrong
}

copyFileSync(new URL("../../LICENSE", import.meta.url), "LICENSE"); // for the tarball

await build({
  entryPoints: outputs.map((path) => path.replace(/^\.\/dist\/(.*)\.js$/, "src/$1.ts")),
  outdir: "dist",
  bundle: true,
  format: "esm",
  // A file that is imported on demand stays one; what runs in V8 must have no imports at all.
  splitting: manifest.name === "@moonstone/client",
  chunkNames: "[name]",
  // What users write against the server package runs in V8 10.2, the rest in browsers and Node 18.
  target: manifest.name === "@moonstone/server" ? "es2021" : "es2022",
  platform: "neutral",
  external: ["node:*", ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })],
  sourcemap: true,
  jsx: "automatic",
  legalComments: "none",
  logLevel: "warning",
});
