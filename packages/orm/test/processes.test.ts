// One file and several processes; nothing that is closed leaves anything behind.
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "./addon.js";
import { createClient, RawDatabase } from "../src/index.js";

const SCHEMA = "model Item { id Int @id  name String }";
const packageFolder = fileURLToPath(new URL("..", import.meta.url));
let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

/** Runs a module in a process of its own, with the built package. */
function runModule(text: string): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", `import * as orm from "./dist/index.js";\n${text}`],
    { cwd: packageFolder, encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

test("a second client on a file is refused by name; the file goes from one to the next", async () => {
  const path = folder.file("shared.db");
  const options = JSON.stringify({ schema: SCHEMA, db: path });
  const db = await createClient({ schema: SCHEMA, db: path });
  await db.item.create({ data: { name: "first" } });
  const refused = runModule(`
    const error = await orm.createClient(${options}).then(() => null, (error) => error);
    console.log(error.code);`);
  expect(refused.stderr).toBe("");
  expect(refused.stdout.trim()).toBe("LOCKED");
  db.$close();
  const next = runModule(`
    const db = await orm.createClient(${options});
    await db.item.create({ data: { name: "second" } });
    console.log(await db.item.count());
    db.$close();`);
  expect(next.stdout.trim()).toBe("2");
});

test("what another program writes is seen at once", async () => {
  const path = folder.file("outside.db");
  const db = await createClient({ schema: SCHEMA, db: path });
  await db.item.create({ data: { name: "first" } });
  const outside = runModule(`
    const raw = new orm.RawDatabase(${JSON.stringify(path)});
    raw.run("INSERT INTO item(name) VALUES (?)", "outside");
    raw.close();`);
  expect(outside.stderr).toBe("");
  expect(await db.item.count()).toBe(2);
  await db.item.create({ data: { name: "third" } });
  expect(await db.item.count()).toBe(3);
  db.$close();
});

test("a process that is killed loses no acknowledged write", async () => {
  const path = folder.file("killed.db");
  const killed = runModule(`
    const db = await orm.createClient(${JSON.stringify({ schema: SCHEMA, db: path })});
    for (let i = 0; i < 50; ++i) await db.item.create({ data: { name: "n" + i } });
    await db.$transaction(async (tx) => {
      await tx.item.deleteMany({});
      process.kill(process.pid, "SIGKILL");
      await new Promise(() => {});
    });`);
  expect(killed.status).toBeNull();
  const db = await createClient({ schema: SCHEMA, db: path });
  expect(await db.item.count()).toBe(50);
  db.$close();
});

test("a program ends by itself with a client open", () => {
  const ended = runModule(`
    const db = await orm.createClient({ schema: ${JSON.stringify(SCHEMA)}, db: ":memory:" });
    await db.item.create({ data: { name: "x" } });
    console.log("done");`);
  expect(ended).toMatchObject({ status: 0, stdout: "done\n" });
});

const entriesOf = (path: string): number => readdirSync(path).length;

test("clients that are closed leave no thread, no file and no memory", async () => {
  const round = async (): Promise<void> => {
    const db = await createClient({ schema: SCHEMA, db: ":memory:" });
    await db.item.createMany({ data: [{ name: "a" }, { name: "b" }] });
    await db.$transaction((tx) => tx.item.findMany());
    const raw = new RawDatabase(":memory:");
    raw.exec("SELECT 1");
    raw.close();
    await db.$locks.isHeld("x");
    db.$close();
  };
  await round();
  const threads = entriesOf("/proc/self/task");
  const files = entriesOf("/proc/self/fd");
  for (let i = 0; i < 20; ++i) await round();
  expect(entriesOf("/proc/self/task")).toBeLessThanOrEqual(threads + 1);
  expect(entriesOf("/proc/self/fd")).toBeLessThanOrEqual(files + 1);
});

test("calls leave nothing behind", () => {
  // The heap is compared after a collection, in a process of its own.
  const text = `import * as orm from "./dist/index.js";
    const db = await orm.createClient({ schema: ${JSON.stringify(SCHEMA)}, db: ":memory:" });
    await db.item.createMany({ data: Array.from({ length: 500 }, (_, i) => ({ name: "n" + i })) });
    const work = async () => {
      for (let i = 0; i < 200; ++i) {
        await db.item.findMany({ where: { id: { gt: i } } });
        await db.item.update({ where: { id: 1 }, data: { name: "x" + i } });
        await db.item.create({ data: { nope: 1 } }).catch(() => undefined);
      }
      gc();
      return process.memoryUsage();
    };
    await work();
    const before = await work();
    for (let i = 0; i < 5; ++i) await work();
    const after = await work();
    console.log(JSON.stringify({
      heap: after.heapUsed - before.heapUsed,
      buffers: after.arrayBuffers - before.arrayBuffers,
      rss: after.rss - before.rss,
    }));
    db.$close();`;
  const stdout = execFileSync(
    process.execPath,
    ["--expose-gc", "--input-type=module", "--eval", text],
    { cwd: packageFolder, encoding: "utf8" },
  );
  const grown = JSON.parse(stdout) as { heap: number; buffers: number; rss: number };
  expect(grown.heap).toBeLessThan(2_000_000);
  expect(grown.buffers).toBeLessThan(200_000);
  expect(grown.rss).toBeLessThan(40_000_000);
});
