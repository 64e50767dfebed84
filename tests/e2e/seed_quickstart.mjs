// The seed's "Quickstart: React", step by step. What differs from the page: the packages come from
// the tarballs beside the binary, and the port is a free one. What `npm create vite` would write is
// written here, with the versions that the workspace has.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openWindow } from "./lib/browser.mjs";
import { MOONSTONE, ROOT, writeFiles } from "./lib/moonstone.mjs";
import { run, start } from "./lib/process.mjs";
import { installOrSkip } from "./lib/npm.mjs";

const TARBALLS = join(dirname(MOONSTONE), "..", "lib", "moonstone", "packages");

/** Without MOONSTONE_BIN: the command must find the binary beside its tarball by itself. */
const { MOONSTONE_BIN: _, ...ENVIRONMENT } = process.env;

const TEMPLATE = {
  "index.html": `<link rel="icon" href="data:," /><div id="root"></div><script type="module" src="/src/main.tsx"></script>`,
  "vite.config.ts": `import { defineConfig } from "vite";
import react from "@vitejs/plugin-react";
export default defineConfig({ plugins: [react()] });
`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "ES2022",
      lib: ["ES2022", "DOM", "DOM.Iterable"],
      module: "ESNext",
      moduleResolution: "bundler",
      jsx: "react-jsx",
      verbatimModuleSyntax: true,
      noEmit: true,
      strict: true,
      noUnusedLocals: true,
      noUnusedParameters: true,
      types: ["vite/client"],
    },
    include: ["src"],
  }),
  "src/main.tsx": `import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import App from "./App";
createRoot(document.getElementById("root")!).render(<StrictMode><App /></StrictMode>);
`,
};

/** Step 5. The page that we have lost its tags; they are put back, the rest is as it stands. */
const APP = `import { ZerobackClient, ZerobackProvider, useQuery, useMutation } from "@zeroback/react"
import { api } from "../zeroback/_generated/api"
import { useState } from "react"

const client = new ZerobackClient("ws://localhost:8788/ws")

function TodoApp() {
  const tasks = useQuery(api.tasks.list)
  const createTask = useMutation(api.tasks.create)
  const toggleTask = useMutation(api.tasks.toggle)
  const [text, setText] = useState("")

  const handleAdd = async (e: React.FormEvent) => {
    e.preventDefault()
    if (!text.trim()) return
    await createTask({ text: text.trim() })
    setText("")
  }

  return (
    <div>
      <h1>Todos</h1>
      <form onSubmit={handleAdd}>
        <input
          value={text}
          onChange={(e) => setText(e.target.value)}
          placeholder="What needs to be done?"
          style={{ flex: 1, padding: 8 }}
        />
        <button type="submit">Add</button>
      </form>
      <ul>
        {tasks === undefined ? (
          <li>Loading...</li>
        ) : (
          tasks.map((task) => (
            <li
              key={task._id}
              onClick={() => toggleTask({ id: task._id })}
              style={{
                padding: "8px 0",
                cursor: "pointer",
                textDecoration: task.isCompleted ? "line-through" : "none",
                opacity: task.isCompleted ? 0.5 : 1,
              }}
            >
              {task.isCompleted ? "☑" : "☐"} {task.text}
            </li>
          ))
        )}
      </ul>
    </div>
  )
}

export default function App() {
  return (
    <ZerobackProvider client={client}>
      <TodoApp />
    </ZerobackProvider>
  )
}
`;

/** The package.json of a new Vite app. */
function manifest() {
  const versions = (names) =>
    Object.fromEntries(
      names.map((name) => {
        const path = join(ROOT, "node_modules", name, "package.json");
        return [name, JSON.parse(readFileSync(path, "utf8")).version];
      }),
    );
  return JSON.stringify({
    name: "my-todo",
    private: true,
    type: "module",
    scripts: { dev: "vite", build: "tsc && vite build" },
    dependencies: versions(["react", "react-dom"]),
    devDependencies: versions([
      "@types/react",
      "@types/react-dom",
      "@vitejs/plugin-react",
      "typescript",
      "vite",
    ]),
  });
}

/** Starts a program that starts others, and ends them all with it. */
function startGroup(t, program, args, options) {
  const running = start(t, program, args, { ...options, detached: true });
  t.after(async () => {
    if (running.code === undefined) process.kill(-running.child.pid, "SIGTERM");
    await running.ended;
  });
  return running;
}

function tarball(name) {
  const file = readdirSync(TARBALLS).find((file) => file.startsWith(`zeroback-${name}-`));
  assert.ok(file, `no tarball of @zeroback/${name} in ${TARBALLS}`);
  return join(TARBALLS, file);
}

export const test = {
  "the seed's React quick start, word for word": async (t) => {
    const folder = join(t.folder(), "my-todo");
    // A cache of its own: npx would take an older tarball of the same name for this one.
    const options = { cwd: folder, env: { ...ENVIRONMENT, npm_config_cache: t.folder() } };
    // 1. npm create vite@latest my-todo -- --template react-ts
    writeFiles(folder, { ...TEMPLATE, "package.json": manifest() });
    await installOrSkip(t, folder);
    // 2. npx @zeroback/cli init
    const cli = ["--yes", `file:${tarball("cli")}`];
    await run(t, "npx", [...cli, "init"], options);
    // 3. npm install @zeroback/server @zeroback/react
    await installOrSkip(t, folder, [tarball("server"), tarball("react")]);
    // 4. npx @zeroback/cli dev
    const server = startGroup(t, "npx", [...cli, "dev", "--port", "0"], options);
    const [, port] = await server.waitForOutput(/ws:\/\/[^\s:/]+:(\d+)\/ws/);
    // 5. Wire up the React client
    writeFileSync(join(folder, "src/App.tsx"), APP.replace("8788", port));
    await run(t, "npm", ["run", "build"], options); // its types are right, too
    // 6. npm run dev
    const vite = startGroup(t, "npm", ["run", "dev", "--", "--port", "0"], options);
    const [address] = await vite.waitForOutput(/http:\/\/localhost:\d+/);

    // Try it: real-time
    const first = await openWindow(t, address);
    const second = await openWindow(t, address);
    await second.getByText("Todos").waitFor();
    await first.getByPlaceholder("What needs to be done?").fill("Buy milk");
    await first.getByRole("button", { name: "Add" }).click();
    await second.getByText("☐ Buy milk").click();
    await first.getByText("☑ Buy milk").waitFor();
    await first.screenshot({ path: t.artefact("seed_quickstart.png") });
    assert.deepEqual([...first.problems, ...second.problems], []);
  },
};
