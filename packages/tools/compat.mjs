// Builds the packages of packages/compat: ours under the names of the seed, each in one file without
// dependencies, so that a tarball alone can be installed. Where our sources say MoonstoneClient these
// say ZerobackClient: in code, in declarations, in messages. Does nothing if all is current.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const packages = join(dirname(fileURLToPath(import.meta.url)), "..");
const compat = join(packages, "compat");
const ours = ["server", "client", "react", "solid"];

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

/** The names that the seed's packages have with Zeroback in them. */
function rename(text) {
  return text
    .replace(/\b(use)?Moonstone(Client|Provider|Error)/g, "$1Zeroback$2")
    .replaceAll("@moonstone/", "@zeroback/");
}

/** Not one of a comment: an example in it keeps the name that a user would write. */
const CODE_LINE = /^(?!\s*(?:\/\*|\*)).*$/gm;
const IMPORT = /((?:from|import\()\s*")@moonstone\/([^/"]+)(?:\/([^"]+))?"/g;

/**
 * A declaration with its imports of our packages turned into paths below `dist`. Private members
 * go: with them the client of one package would not fit the provider of another.
 */
function declaration(text, path) {
  const toPath = (_, start, name, file = "index") => {
    const target = relative(dirname(path), join("types", name, `${file}.js`));
    return `${start}${target.startsWith(".") ? target : `./${target}`}"`;
  };
  const withPaths = text.replace(CODE_LINE, (line) => line.replace(IMPORT, toPath));
  return rename(withPaths).replace(/^ *#private;\n/gm, "");
}

/** Resolves our packages to their sources, with the names changed. */
const underOtherNames = {
  name: "under-other-names",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@moonstone\// }, ({ path }) => {
      const [, name, file = "index"] = path.split("/");
      return { path: join(packages, name, "src", `${file}.ts`), sideEffects: false };
    });
    onLoad({ filter: /\.tsx?$/ }, ({ path }) => ({
      // Imports keep their names: they are resolved above.
      contents: rename(readFileSync(path, "utf8")).replaceAll('"@zeroback/', '"@moonstone/'),
      loader: path.endsWith("x") ? "tsx" : "ts",
    }));
  },
};

/** Which of our packages the declarations of `text` lead to. */
function namedPackages(text, found = new Set()) {
  for (const [, , name] of text.matchAll(IMPORT)) {
    if (found.has(name)) continue;
    found.add(name);
    for (const path of filesBelow(join(packages, name, "dist"))) {
      if (path.endsWith(".d.ts")) namedPackages(readFileSync(path, "utf8"), found);
    }
  }
  return found;
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function writeDeclarations(folder, sources) {
  const dist = join(folder, "dist");
  for (const source of sources) {
    const name = source.replace(/\.ts$/, ".d.ts");
    // A file of re-exports is its own declaration.
    const text = readFileSync(join(folder, "src", source), "utf8");
    write(join(dist, name), declaration(text, name));
    for (const named of namedPackages(text)) {
      const from = join(packages, named, "dist");
      for (const path of filesBelow(from).filter((path) => path.endsWith(".d.ts"))) {
        const to = join("types", named, relative(from, path));
        write(join(dist, to), declaration(readFileSync(path, "utf8"), to));
      }
    }
  }
}

async function buildPackage(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const sources = readdirSync(join(folder, "src"));
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  await build({
    entryPoints: sources.map((name) => join(folder, "src", name)),
    outdir: join(folder, "dist"),
    bundle: true,
    format: "esm",
    // A file that is imported on demand stays one; what runs in V8 must have no imports at all.
    splitting: !/server|values/.test(manifest.name),
    chunkNames: "[name]",
    target: /server|values/.test(manifest.name) ? "es2021" : "es2022",
    platform: "neutral",
    external: Object.keys(manifest.peerDependencies ?? {}),
    jsx: "automatic",
    legalComments: "none",
    logLevel: "warning",
    plugins: [underOtherNames],
  });
  writeDeclarations(folder, sources);
}

const folders = readdirSync(compat)
  .map((name) => join(compat, name))
  .filter((folder) => existsSync(join(folder, "package.json")));
for (const folder of folders) {
  for (const text of [join(packages, "..", "LICENSE"), join(compat, "README.md")]) {
    const copy = join(folder, text.endsWith("LICENSE") ? "LICENSE" : "README.md");
    if (!existsSync(copy) || statSync(copy).mtimeMs < statSync(text).mtimeMs) {
      copyFileSync(text, copy);
    }
  }
}
const built = folders.filter((folder) => existsSync(join(folder, "src")));
const inputs = [
  fileURLToPath(import.meta.url),
  ...ours.flatMap((name) => filesBelow(join(packages, name, "src"))),
  ...ours.flatMap((name) => filesBelow(join(packages, name, "dist"))),
  ...built.flatMap((folder) => filesBelow(join(folder, "src"))),
  ...built.map((folder) => join(folder, "package.json")),
];
const newest = Math.max(...inputs.map((path) => statSync(path).mtimeMs));
for (const folder of built) {
  const output = join(folder, "dist", "index.d.ts"); // written last but for the types beside it
  if (!existsSync(output) || statSync(output).mtimeMs < newest) await buildPackage(folder);
}
