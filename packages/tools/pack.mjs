// Packs every package into packages/.tarballs/, where `moonstone init` finds them. A tarball that is
// newer than everything in it is left alone.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packages = join(dirname(fileURLToPath(import.meta.url)), "..");
const tarballs = join(packages, ".tarballs");
mkdirSync(tarballs, { recursive: true });

/** The newest change among the files that go into the tarball. */
function newestChange(folder, manifest) {
  let newest = statSync(join(folder, "package.json")).mtimeMs;
  for (const name of manifest.files) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const entries = statSync(path).isDirectory() ? readdirSync(path, { recursive: true }) : [""];
    for (const entry of entries) newest = Math.max(newest, statSync(join(path, entry)).mtimeMs);
  }
  return newest;
}

const folders = [packages, join(packages, "compat")]
  .flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)))
  .filter((folder) => existsSync(join(folder, "package.json")));

for (const folder of folders) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (manifest.files.includes("prebuilds") && !existsSync(join(folder, "prebuilds"))) {
    console.log(`left out ${manifest.name}: this build has no addon for it`);
    continue;
  }
  if (!manifest.files.every((name) => existsSync(join(folder, name)))) {
    console.error(`${manifest.name} is not built: run "npm run build" first`);
    process.exit(1);
  }
  const prefix = manifest.name.replace("@", "").replace("/", "-");
  const tarball = join(tarballs, `${prefix}-${manifest.version}.tgz`);
  const isCurrent =
    existsSync(tarball) && statSync(tarball).mtimeMs > newestChange(folder, manifest);
  if (isCurrent) continue;
  for (const old of readdirSync(tarballs)) {
    if (old.startsWith(`${prefix}-`)) rmSync(join(tarballs, old));
  }
  execFileSync("npm", ["pack", "--silent", "--pack-destination", tarballs], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  console.log(`packed ${manifest.name} ${manifest.version}`);
}
