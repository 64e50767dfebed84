// Moonstone. Licence: see LICENSE.
// The commands of `moonstone lite` (litestone.md 35, 36, 39, 41).
import { test } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cli, kRoot, makeFolder, writeFiles } from "./lib/server.mjs";

const kUser = "model User {\n  id Int @id\n  name String\n}\n";

/** A project with that schema, and its command line. */
function projectOf(files) {
  const root = makeFolder(files, "lite");
  const lite = (...args) => cli(["lite", ...args], { cwd: root });
  return { root, lite, path: (name) => path.join(root, name) };
}

async function succeeds(run) {
  const result = await run;
  assert.equal(result.code, 0, result.text);
  return result.out;
}

async function fails(run) {
  const result = await run;
  assert.equal(result.code, 1, result.text);
  assert.match(result.err, /^ ✗ {2}/m);
  return result.err;
}

test("init writes a project that migrates, and overwrites it only with --force", async () => {
  const { lite, path: at } = projectOf({});
  await succeeds(lite("init"));
  for (const name of ["schema.lite", "litestone.config.js", "migrations"])
    assert.ok(existsSync(at(name)), name);
  assert.match(await fails(lite("init")), /schema\.lite exists already/);
  await succeeds(lite("init", "--force"));
  await succeeds(lite("migrate", "create", "first"));
  await succeeds(lite("migrate", "apply"));
  assert.match(await succeeds(lite("migrate", "verify")), /✓ schema is in sync/);
});

test("--debug says where everything was found", async () => {
  const { lite } = projectOf({
    "schema.lite": `database logs { path env("NO_SUCH_LOGS", "./logs.db") }\n${kUser}`,
    ".env": "A=1\n",
  });
  const result = await lite("migrate", "status", "--debug", "--db", "other.db");
  assert.equal(result.code, 0, result.text);
  assert.match(
    result.err,
    /· {2}environment: \.env\n ?· {2}config: none\n ?· {2}schema: schema\.lite\n ?· {2}migrations: \S*migrations\n ?· {2}database main: other\.db\n ?· {2}database logs: \.\/logs\.db\n/,
  );
  assert.doesNotMatch(result.out, /database main:/);
});

test("the session of the guide says what the guide says", async () => {
  const { root, lite } = projectOf({});
  const guide = readFileSync(path.join(kRoot, "docs/guide/lite-cli.md"), "utf8");
  const [, schema] = guide.match(/^```lite\n([\s\S]*?)^```$/m);
  writeFiles(root, { "schema.lite": schema });
  const [, session] = guide.match(/^```console\n([\s\S]*?)^```$/m);
  const steps = session.split(/^\$ moonstone lite /m).slice(1);
  assert.ok(steps.length >= 5);
  // Times differ from run to run.
  const same = (text) =>
    text
      .replaceAll(/\d{14}/g, "<time>")
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<date>")
      .replaceAll(/\(\d+ ms\)/g, "(<n> ms)")
      .trimEnd();
  for (const step of steps) {
    const [command, ...lines] = step.split("\n");
    const result = await lite(...command.split(" "));
    assert.equal(same(result.out), same(lines.join("\n")), command);
  }
});

test("migrations go from pending to applied, and drift is told", async () => {
  const { root, lite, path: at } = projectOf({ "schema.lite": kUser });
  assert.match(await succeeds(lite("migrate", "dry-run")), /CREATE TABLE IF NOT EXISTS "user"/);
  assert.ok(!existsSync(at("migrations")));
  assert.match(await succeeds(lite("migrate", "status")), /no migration files found/);
  await succeeds(lite("migrate", "create", "Add users!"));
  const [file] = readdirSync(at("migrations"));
  assert.match(file, /^\d{14}_add_users\.sql$/);
  assert.match(await succeeds(lite("migrate", "status")), /pending +\d{14}_add_users\.sql/);
  assert.match(await succeeds(lite("migrate", "verify")), /1 migration not yet applied/);
  assert.match(await succeeds(lite("migrate", "apply")), /✓ {2}\d{14}_add_users\.sql/);
  assert.match(await succeeds(lite("migrate", "apply")), /all migrations already applied/);
  writeFiles(root, { "schema.lite": kUser.replace("name", "age Int?\n  name") });
  const drift = await lite("migrate", "verify");
  assert.equal(drift.code, 1);
  assert.match(drift.out, /has drifted from schema\.lite/);
  assert.match(drift.out, /^ {6}\+ col {2}age INTEGER$/m);
});

test("a migration that fails ends with 1 and changes nothing", async () => {
  const { root, lite } = projectOf({
    "schema.lite": kUser,
    "migrations/20260101000000_bad.sql": "CREATE TABLE a (b);\nINSERT INTO nowhere VALUES (1);\n",
  });
  assert.match(await fails(lite("migrate", "apply")), /statement 2: no such table: nowhere/);
  writeFiles(root, { "migrations/20260101000000_bad.sql": "CREATE TABLE a (b);\n" });
  await succeeds(lite("migrate", "apply"));
});

test("db push brings the database to the schema, and says what it cannot do", async () => {
  const { root, lite } = projectOf({ "schema.lite": kUser });
  assert.match(
    await succeeds(lite("db", "push", "--verbose")),
    /CREATE TABLE[^]*migrated: 1 state/,
  );
  assert.match(await succeeds(lite("db", "push")), /schema is in sync/);
  writeFiles(root, { "migrations/20260101000000_row.sql": "INSERT INTO user VALUES (1, 'Ada');" });
  await succeeds(lite("migrate", "apply"));
  writeFiles(root, { "schema.lite": kUser.replace("name", "nick String\n  name") });
  assert.match(
    await fails(lite("db", "push")),
    /skipped: user\.nick is required without a default/,
  );
});

test("several databases have their own folders and messages", async () => {
  const { lite, path: at } = projectOf({
    "schema.lite":
      'database main {\n  path "./main.db"\n}\n' +
      'database logs {\n  path env("LITE_LOGS", "./logs.db")\n}\n' +
      `${kUser}model Entry {\n  id Int @id\n  @@db(logs)\n}\n`,
  });
  assert.match(await succeeds(lite("migrate", "create")), /logs: {3}\+ Entry {2}\(new table\)/);
  assert.deepEqual(readdirSync(at("migrations")).sort(), ["logs", "main"]);
  assert.match(await succeeds(lite("migrate", "apply")), /✓ {2}logs: \d{14}_migration\.sql/);
  await succeeds(lite("backup", "copies"));
  assert.deepEqual(readdirSync(at("copies")).sort(), ["logs.db", "main.db"]);
  await succeeds(lite("backup", "one", "--db=logs"));
  assert.deepEqual(readdirSync(at("one")), ["logs.db"]);
});

test("flags, configuration and environment say where things are", async () => {
  const {
    root,
    lite,
    path: at,
  } = projectOf({
    "app/litestone.config.js":
      'console.log("noise");\nexport default { schema: "./my.lite", db: process.env.LITE_DB };\n',
    "app/my.lite": kUser,
    ".env": "LITE_DB=./from-env.db\n",
    ".env.local": "LITE_DB=./from-local.db\n",
    "other.env": "LITE_DB=./from-other.db\n",
  });
  const config = "app/litestone.config.js";
  await succeeds(lite("db", "push", "--config", config));
  assert.ok(existsSync(at("app/from-local.db")));
  await succeeds(lite("db", "push", `--config=${config}`, "--env-file=other.env"));
  assert.ok(existsSync(at("app/from-other.db")));
  await succeeds(lite("db", "push", "--config", config, "--db", "flag.db"));
  assert.ok(existsSync(at("flag.db")));
  await succeeds(lite("db", "push", "--config", config, "--no-env"));
  assert.ok(existsSync(at("development.db")));
  writeFiles(root, { "bad.config.js": "throw new Error('no luck');\n", "bad.json": "{}" });
  assert.match(await fails(lite("db", "push", "--config", "bad.config.js")), /no luck/);
  assert.match(await fails(lite("db", "push", "--config", "bad.json")), /must be a \.js or \.ts/);
  assert.match(await fails(lite("db", "push", "--config", "none.js")), /Config not found/);
});

test("a schema that is missing or wrong is told with its errors", async () => {
  const { root, lite } = projectOf({});
  assert.match(await fails(lite("db", "push")), /Schema not found: schema\.lite/);
  writeFiles(root, { "schema.lite": "model A {\n  id Int @id\n  b Nope\n}\n" });
  assert.match(await fails(lite("db", "push")), /unknown type 'Nope'/);
});

test("types and jsonschema write beside the schema or to standard output", async () => {
  const { lite, path: at } = projectOf({ "schema.lite": kUser });
  await succeeds(lite("types"));
  assert.match(readFileSync(at("schema.d.ts"), "utf8"), /export interface User /);
  assert.match(await succeeds(lite("types", "--stdout", "--only=User")), /export interface User /);
  assert.match(await fails(lite("types", "--only=Nobody")), /there is no model Nobody/);
  await succeeds(lite("jsonschema", "--all-modes"));
  for (const mode of ["create", "update", "full"])
    assert.ok(JSON.parse(readFileSync(at(`schema.${mode}.json`), "utf8")).$defs);
  const flat = JSON.parse(await succeeds(lite("jsonschema", "--stdout", "--format", "flat")));
  assert.ok(flat.User ?? flat.models?.User);
});

test("introspect describes a database that is there", async () => {
  const { lite, path: at } = projectOf({ "schema.lite": kUser });
  await succeeds(lite("db", "push"));
  const text = await succeeds(lite("introspect", "development.db"));
  assert.match(text, /model User \{\n {2}id Int @id\n {2}name String\n\}/);
  await succeeds(lite("introspect", "development.db", "--out", "seen.lite"));
  assert.equal(readFileSync(at("seen.lite"), "utf8"), text);
  await fails(lite("introspect", "none.db"));
});

test("doctor prints findings for people and for programs", async () => {
  const { root, lite } = projectOf({ "schema.lite": `${kUser}trait T {\n  a Int?\n}\n` });
  assert.match(await succeeds(lite("doctor")), /1 model, 0 enums, 0 functions, 1 trait, 0 types/);
  await succeeds(lite("db", "push"));
  const ci = await succeeds(lite("audit", "--ci"));
  assert.match(ci, /^PASS\tSCHEMA\tschema\.lite\t1 model/m);
  assert.match(ci, /^WARN\tMIGRATE\t\.\/migrations\tno such folder$/m);
  assert.match(ci, /^PASS\tMIGRATE\t✓ schema is in sync$/m);
  await succeeds(lite("doctor", "--fix"));
  assert.match(await succeeds(lite("doctor", "--ci")), /^PASS\tMIGRATE\tmigrations$/m);
  writeFiles(root, { "schema.lite": "model {" });
  const broken = await lite("doctor", "--ci");
  assert.equal(broken.code, 1);
  assert.match(broken.out, /^FAIL\tSCHEMA\tschema\.lite\t/m);
});

test("backup copies what is there now, also vacuumed", async () => {
  const {
    root,
    lite,
    path: at,
  } = projectOf({
    "schema.lite": kUser,
    "migrations/20260101000000_row.sql": "CREATE TABLE t (n); INSERT INTO t VALUES (7);",
  });
  await succeeds(lite("migrate", "apply"));
  for (const flags of [[], ["--vacuum"]]) {
    rmSync(at("copy"), { recursive: true, force: true });
    await succeeds(lite("backup", "copy", ...flags));
    assert.match(await succeeds(lite("introspect", "copy/main.db")), /n String\?/);
  }
  assert.match(await succeeds(lite("backup")), /backups\/\d{8}_\d{6}\/main\.db/);
  assert.match(await fails(lite("backup", "--db=other")), /there is no database other/);
  assert.ok(existsSync(path.join(root, "backups")));
});

test("backup --zip makes one archive of all copies, which other programs read", async () => {
  const { lite, path: at } = projectOf({
    "schema.lite": kUser,
    "migrations/20260101000000_row.sql":
      "CREATE TABLE t (n); INSERT INTO t VALUES (7), (randomblob(600000));",
  });
  await succeeds(lite("migrate", "apply"));
  assert.match(await succeeds(lite("backup", "copies/", "--zip")), /copies\.zip {2}\(\d+ bytes\)/);
  assert.ok(!existsSync(at("copies")));
  assert.ok(!existsSync(at("copies.zip.part")));
  execFileSync("python3", ["-m", "zipfile", "--test", at("copies.zip")]);
  execFileSync("python3", ["-m", "zipfile", "--extract", at("copies.zip"), at("out")]);
  assert.match(await succeeds(lite("introspect", "out/main.db")), /n String\?/);
  assert.ok(statSync(at("copies.zip")).size < statSync(at("out/main.db")).size);
});

test("backup --zip takes nothing away that it has not made", async () => {
  const { root, lite, path: at } = projectOf({ "schema.lite": kUser, "kept/notes.txt": "mine" });
  await succeeds(lite("db", "push"));
  assert.match(await succeeds(lite("backup", "kept", "--zip")), /kept\.zip/);
  assert.equal(readFileSync(at("kept/notes.txt"), "utf8"), "mine");
  assert.deepEqual(readdirSync(at("kept")), ["notes.txt"]);
  const names = execFileSync("python3", ["-m", "zipfile", "-l", at("kept.zip")]).toString();
  assert.match(names, /main\.db/);
  assert.doesNotMatch(names, /notes/);

  await succeeds(lite("backup", ".", "--zip"));
  const archive = `${root}.zip`;
  assert.ok(existsSync(archive));
  rmSync(archive);
  assert.ok(existsSync(at("schema.lite")) && existsSync(at("development.db")));
  assert.deepEqual(
    readdirSync(root).filter((name) => name.includes("copies")),
    [],
  );
});

test("a backup does not take the place of the database that it is of", async () => {
  const { lite, path: at } = projectOf({ "schema.lite": kUser });
  await succeeds(lite("db", "push", "--db", "main.db"));
  const before = statSync(at("main.db")).ino;
  writeFileSync(at("schema.lite"), `database main { path "./main.db" }\n${kUser}`);
  assert.match(await fails(lite("backup", ".")), /main\.db is the database itself/);
  assert.equal(statSync(at("main.db")).ino, before);
});

test("who only looks at migrations makes no database", async () => {
  const { lite, path: at } = projectOf({ "schema.lite": kUser });
  assert.match(await succeeds(lite("migrate", "dry-run")), /CREATE TABLE/);
  await succeeds(lite("migrate", "create", "first"));
  assert.match(
    await succeeds(lite("migrate", "status", "--db", "data/misspelt.db")),
    /pending .*_first\.sql/,
  );
  await lite("migrate", "verify");
  assert.ok(!existsSync(at("development.db")) && !existsSync(at("data")));
  await succeeds(lite("migrate", "apply"));
  assert.ok(existsSync(at("development.db")));
});

test("optimize merges search indexes", async () => {
  const { lite } = projectOf({
    "schema.lite": `${kUser}model Doc {\n  id Int @id\n  title String\n  @@fts([title])\n}\n`,
  });
  await succeeds(lite("db", "push"));
  assert.match(await succeeds(lite("optimize")), /optimized doc_fts/);
  assert.match(await succeeds(lite("optimize", "Doc")), /optimized doc_fts/);
  assert.match(await fails(lite("optimize", "User")), /not available/);
  assert.match(await fails(lite("optimize", "Nobody")), /there is no model/);
});

test("named seeds run once", async () => {
  const { root, lite } = projectOf({
    "schema.lite": kUser,
    "seeds/two.sql": "INSERT INTO user VALUES (1, 'Ada'); INSERT INTO user VALUES (2, 'Lin');",
    "seeds/bad.sql": "INSERT INTO user VALUES (3, 'x'); INSERT INTO nowhere VALUES (1);",
  });
  await succeeds(lite("db", "push"));
  assert.match(await succeeds(lite("seed", "run")), /bad[^]*calendar[^]*two/);
  assert.match(await succeeds(lite("seed", "run", "two")), /Seeded two/);
  assert.match(await succeeds(lite("seed", "run", "two")), /applied already/);
  assert.match(await fails(lite("seed", "run", "two", "--force")), /UNIQUE constraint failed/);
  assert.match(await fails(lite("seed", "run", "bad")), /no such table: nowhere/);
  assert.match(await fails(lite("seed", "run", "none")), /there is no seed none/);
  assert.match(await succeeds(lite("seed", "run", "calendar")), /Seeded calendar/);
  assert.match(await succeeds(lite("seed", "run")), /bad +failed[^]*calendar +applied/);
  assert.match(await fails(lite("seed")), /Seeder not found/);
  writeFiles(root, { "seeders/DatabaseSeeder.js": "export default 1;\n" });
  assert.match(await fails(lite("seed")), /client|run\(\)/);
});

test("an unknown command or flag ends with 2", async () => {
  const { lite } = projectOf({ "schema.lite": kUser });
  assert.equal((await lite("frobnicate")).code, 2);
  assert.equal((await lite("migrate", "apply", "--frobnicate")).code, 2);
  assert.match((await lite()).out, /migrate[^]*doctor/);
});
