// Where the program moonstone is.
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The path of the binary: MOONSTONE_BIN if that is set, else the one that this package came with,
 * else the one on the PATH. Without one, `problem` says what to do.
 */
export function findBinary(env = process.env, packageFolder = ownFolder()) {
  if (env.MOONSTONE_BIN) {
    const path = resolve(env.MOONSTONE_BIN);
    if (isProgram(path)) return { path };
    return { problem: `zeroback: MOONSTONE_BIN is ${env.MOONSTONE_BIN}; there is no program` };
  }
  const beside = besideTarball(packageFolder);
  const onPath = (env.PATH ?? "").split(delimiter).map((folder) => join(folder, "moonstone"));
  const tried = beside === undefined ? onPath : [beside, ...onPath];
  const path = tried.find(isProgram);
  if (path !== undefined) return { path };
  const also = beside === undefined ? "" : ` and at ${beside}, beside the package`;
  return {
    problem:
      `zeroback: the program moonstone was not found on the PATH${also}. Install Moonstone, or ` +
      "set MOONSTONE_BIN to its binary (built from the sources: build/release/bin/moonstone)",
  };
}

function ownFolder() {
  return join(dirname(fileURLToPath(import.meta.url)), "..");
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Moonstone keeps its tarballs in <prefix>/lib/moonstone/packages and the binary in <prefix>/bin;
 * npm notes in node_modules which tarball a package came from.
 */
function besideTarball(packageFolder) {
  const root = join(packageFolder, "..", "..", ".."); // <root>/node_modules/@zeroback/cli
  try {
    const lock = JSON.parse(readFileSync(join(root, "node_modules", ".package-lock.json"), "utf8"));
    const { resolved } = lock.packages["node_modules/@zeroback/cli"];
    if (!resolved.startsWith("file:")) return undefined;
    const tarball = resolve(root, resolved.slice("file:".length));
    return join(dirname(tarball), "..", "..", "..", "bin", "moonstone");
  } catch {
    return undefined; // another package manager, or a folder of its own: only the PATH is left
  }
}
