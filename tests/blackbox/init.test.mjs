// Moonstone. Licence: see LICENSE.
// moonstone init and its templates (functions.md 16, 21.3).
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cli, kRoot, makeFolder, Server } from "./lib/server.mjs";

const kTemplates = ["react", "solid", "vanilla", "server-only"];
const kBindings = { react: "@moonstone/react", solid: "@moonstone/solid" };

function npmProgram(root, file, ...args) {
  const result = spawnSync(process.execPath, [path.join(kRoot, "node_modules", file), ...args], {
    cwd: root,
    encoding: "utf8",
    timeout: 120_000,
  });
  return { code: result.status, text: result.stdout + result.stderr };
}

for (const template of kTemplates) {
  test(`--template ${template} makes a whole app`, { timeout: 240_000 }, async () => {
    const root = makeFolder({}, "template");
    const made = await cli(["init", "My App", "--template", template], { cwd: root });
    assert.equal(made.code, 0, made.text);
    const app = path.join(root, "My App");
    const manifest = JSON.parse(readFileSync(path.join(app, "package.json"), "utf8"));
    assert.equal(manifest.name, "my-app");
    for (const name of ["@moonstone/server", "@moonstone/client", kBindings[template]])
      if (name) assert.match(manifest.dependencies[name], /^file:.*\.tgz$/, name);
    for (const [other, name] of Object.entries(kBindings))
      if (other !== template) assert.equal(manifest.dependencies[name], undefined);
    assert.match(readFileSync(path.join(app, ".gitignore"), "utf8"), /^dist\/$/m);

    // What `npm install` would bring, from the workspace.
    symlinkSync(path.join(kRoot, "node_modules"), path.join(app, "node_modules"));
    const built = await cli(["codegen"], { cwd: app });
    assert.equal(built.code, 0, built.text);
    const types = npmProgram(app, "typescript/bin/tsc", "-p", ".");
    assert.equal(types.code, 0, types.text);
    if (template === "server-only") return;
    const pages = npmProgram(app, "vite/bin/vite.js", "build");
    assert.equal(pages.code, 0, pages.text);
    const server = await Server.start(app, { command: "start" });
    const page = await (await fetch(server.url + "/")).text();
    assert.match(page, /<script type="module"[^>]* src="\/assets\//);
    await server.stop();
  });
}

test("a template never overwrites, and says which file is in its way", async () => {
  const root = makeFolder({ "package.json": '{"name":"mine"}\n' }, "occupied");
  const refused = await cli(["init", "--template", "react"], { cwd: root });
  assert.equal(refused.code, 1);
  assert.match(refused.err, /package\.json exists already/);
  assert.equal(readFileSync(path.join(root, "package.json"), "utf8"), '{"name":"mine"}\n');
  assert.ok(!existsSync(path.join(root, "moonstone")));
  assert.ok(!existsSync(path.join(root, "index.html")));
});

test("an unknown template names the known ones", async () => {
  const root = makeFolder({}, "unknown");
  const result = await cli(["init", "x", "--template", "raect"], { cwd: root });
  assert.equal(result.code, 2);
  assert.match(result.err, /did you mean react\?.*react, solid, vanilla, server-only/);
  assert.ok(!existsSync(path.join(root, "x")));
});

test("without --template an app keeps its files and gets the backend only", async () => {
  const root = makeFolder(
    {
      "package.json": '{\n    "name": "mine",\n    "dependencies": {"react": "^18.2.0"}\n}\n',
      ".gitignore": "dist",
      "index.html": "<p>mine</p>",
    },
    "existing",
  );
  writeFileSync(path.join(root, "vite.config.ts"), "export default {};\n");
  const result = await cli(["init"], { cwd: root });
  assert.equal(result.code, 0, result.text);
  const text = readFileSync(path.join(root, "package.json"), "utf8");
  assert.match(text, /^ {4}"name": "mine"/m);
  assert.ok("@moonstone/react" in JSON.parse(text).dependencies);
  assert.equal(JSON.parse(text).scripts, undefined);
  assert.equal(readFileSync(path.join(root, "index.html"), "utf8"), "<p>mine</p>");
  assert.equal(
    readFileSync(path.join(root, ".gitignore"), "utf8"),
    "dist\nnode_modules/\n.moonstone/\n.env.local\n",
  );
  for (const name of ["src", "tsconfig.json", "README.md"])
    assert.ok(!existsSync(path.join(root, name)), name);
});
