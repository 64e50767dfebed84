import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openWindow } from "./lib/browser.mjs";
import {
  buildPage,
  copyOfExample,
  MOONSTONE,
  query,
  runFunction,
  serve,
  writeFiles,
} from "./lib/moonstone.mjs";
import { installOrSkip } from "./lib/npm.mjs";
import { run, start } from "./lib/process.mjs";

/** What a page of one's own needs beside the tarballs, at the versions that the workspace has. */
const PAGE_PACKAGES = ["react", "react-dom", "vite", "@vitejs/plugin-react"];

const PAGE = {
  "index.html": `<div id="root"></div><script type="module" src="/main.jsx"></script>`,
  "vite.config.js": `import react from "@vitejs/plugin-react";
export default { plugins: [react()] };
`,
  "main.jsx": `import { createRoot } from "react-dom/client";
import { MoonstoneClient, MoonstoneProvider, useMutation, useQuery } from "@moonstone/react";
import { api } from "./moonstone/_generated/api";

function Tasks() {
  const tasks = useQuery(api.tasks.list);
  const create = useMutation(api.tasks.create);
  return (
    <>
      <button onClick={() => create({ text: "Task " + (tasks.length + 1) })}>Add</button>
      <ul>{tasks?.map((task) => <li key={task._id}>{task.text}</li>)}</ul>
    </>
  );
}

createRoot(document.getElementById("root")).render(
  <MoonstoneProvider client={new MoonstoneClient("/ws")}>
    <Tasks />
  </MoonstoneProvider>,
);
`,
};

/** A package.json as `npm create vite` leaves it; `init` adds to it. */
function packageJson(folder) {
  const versions = PAGE_PACKAGES.map((name) => {
    const path = join(folder, name, "package.json");
    return [name, JSON.parse(readFileSync(path, "utf8")).version];
  });
  const dependencies = Object.fromEntries(versions);
  return JSON.stringify({ name: "fresh", private: true, type: "module", dependencies }, null, 2);
}

export const test = {
  "chat: codegen, build, dev, and two windows talk": async (t) => {
    const folder = copyOfExample(t, "chat");
    await run(t, MOONSTONE, ["codegen"], { cwd: folder });
    await buildPage(t, folder);
    const server = await serve(t, folder);
    const [ada, bob] = [await openWindow(t, server.url), await openWindow(t, server.url)];
    await ada.getByLabel("Your name").fill("Ada Lovelace");
    await bob.getByLabel("Your name").fill("Bob Marley");
    await ada.getByLabel("Message to general").fill("Hello from the first window");
    await ada.getByLabel("Message to general").press("Enter");
    await bob.getByText("Hello from the first window").waitFor();
    await bob.getByLabel("Message to general").fill("<b>And hello</b> from the second");
    await bob.getByLabel("Message to general").press("Enter");
    await ada.getByText("<b>And hello</b> from the second").waitFor();
    await ada.getByText("Bob Marley").waitFor();
    await ada.screenshot({ path: t.artefact("chat.png") });
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  },

  "the types that codegen writes fit functions and pages of the examples": async (t) => {
    for (const name of ["chat", "atlas", "ssr"]) {
      const folder = copyOfExample(t, name);
      await run(t, MOONSTONE, ["codegen"], { cwd: folder });
      const tsc = join(folder, "node_modules", "typescript", "bin", "tsc");
      await run(t, process.execPath, [tsc, "-p", folder], { cwd: folder });
    }
  },

  "init, dev, run in an empty folder without node_modules": async (t) => {
    const folder = t.folder();
    await run(t, MOONSTONE, ["init"], { cwd: folder });
    assert.ok(!existsSync(join(folder, "node_modules")));
    const server = await serve(t, folder);
    const id = await runFunction(t, server, "tasks:create", { text: "Buy milk" });
    assert.match(id, /^tasks:[0-9A-Z]{26}$/);
    await runFunction(t, server, "tasks:toggle", { id });
    const [task, ...others] = await runFunction(t, server, "tasks:list");
    assert.deepEqual(others, []);
    assert.equal(task.text, "Buy milk");
    assert.equal(task.isCompleted, true);
    for (const file of ["api", "server", "dataModel", "manifest"]) {
      assert.ok(existsSync(join(folder, "moonstone/_generated", `${file}.ts`)), file);
    }
  },

  "start serves in production, where administration needs the key": async (t) => {
    const folder = t.folder();
    await run(t, MOONSTONE, ["init"], { cwd: folder });
    const env = { ...process.env, MOONSTONE_ADMIN_KEY: "e2e-key" };
    const server = await serve(t, folder, { command: "start", env });
    const call = ["run", "tasks:create", '{"text":"Guarded"}', "--url", server.url];
    const withoutKey = start(t, MOONSTONE, call, { env: { ...env, MOONSTONE_ADMIN_KEY: "" } });
    assert.equal(await withoutKey.ended, 1, withoutKey.output);
    assert.match(withoutKey.output, /needs the key/);
    await run(t, MOONSTONE, call, { env });
    const tasks = await query(server, "tasks:list");
    assert.deepEqual(
      tasks.map((task) => task.text),
      ["Guarded"],
    );
    assert.equal(await server.end("SIGTERM"), 0, server.output);
  },

  "a fresh React app: init, npm install, vite build, dev": async (t) => {
    const example = copyOfExample(t, "chat");
    const folder = t.folder();
    const manifest = packageJson(join(example, "node_modules"));
    writeFiles(folder, { ...PAGE, "package.json": manifest });
    await run(t, MOONSTONE, ["init"], { cwd: folder });
    await installOrSkip(t, folder);
    await run(t, MOONSTONE, ["codegen"], { cwd: folder });
    await buildPage(t, folder);
    const server = await serve(t, folder);
    const [first, second] = [await openWindow(t, server.url), await openWindow(t, server.url)];
    await second.getByRole("button").waitFor();
    await first.getByRole("button").click();
    await second.getByText("Task 1").waitFor();
    assert.deepEqual(second.problems, []);
  },
};
