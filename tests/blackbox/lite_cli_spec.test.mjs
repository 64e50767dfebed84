// Moonstone. Licence: see LICENSE.
// The command line as litestone.md 35, 36, 39 and 41 tell it, written from the specification alone.
import { test } from "node:test";
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { cli, kRoot, makeFolder } from "./lib/server.mjs";

const kUser = "model User {\n  id Int @id\n  email String @unique\n}\n";
const kNext = "model User {\n  id Int @id\n  email String @unique\n  nick String?\n}\n";

function projectOf(files) {
  const root = makeFolder(files, "lite_spec");
  const at = (name) => path.join(root, name);
  return {
    at,
    has: (name) => existsSync(at(name)),
    read: (name) => readFileSync(at(name), "utf8"),
    write: (name, text) => writeFileSync(at(name), text),
    lite: (...args) => cli(["lite", ...args], { cwd: root }),
    with: (env, ...args) => cli(["lite", ...args], { cwd: root, env: { ...process.env, ...env } }),
  };
}

async function out(run) {
  const result = await run;
  assert.equal(result.code, 0, result.text);
  return result.out;
}
/** What a command says that fails as failures do: code 1, a cross. */
async function failing(run) {
  const result = await run;
  assert.equal(result.code, 1, result.text);
  assert.match(result.text, /^ ✗ {2}/m);
  return result.text;
}

/** Installs the package as npm would, from this repository. */
function installOrm({ at }) {
  mkdirSync(at("node_modules/@moonstone"), { recursive: true });
  symlinkSync(path.join(kRoot, "packages/orm"), at("node_modules/@moonstone/orm"));
}

/** A project whose first migration is applied. */
async function migrated(schema = kUser) {
  const project = projectOf({ "schema.lite": schema });
  await out(project.lite("migrate", "create", "first"));
  await out(project.lite("migrate", "apply"));
  return project;
}

test("init writes a schema, a configuration and a folder; never over what is there", async () => {
  const { lite, has, read } = projectOf({});
  await out(lite("init"));
  assert.match(read("schema.lite"), /model User/);
  assert.match(read("schema.lite"), /@@softDelete/);
  assert.match(read("schema.lite"), /@@index\(\[email\]\)/);
  assert.ok(has("litestone.config.js") && has("migrations"));
  await failing(lite("init"));
  await out(lite("init", "--force"));
});

test("migrate create, status, apply, verify: the states one after another", async () => {
  const { lite, at, has } = projectOf({ "schema.lite": kUser });
  await out(lite("migrate", "create", "Add Users"));
  const [file] = readdirSync(at("migrations"));
  assert.match(file, /^\d{14}_add_users\.sql$/);
  assert.match(await out(lite("migrate", "status")), new RegExp(`${file}.*`));
  assert.match(await out(lite("migrate", "status")), /pending/);
  assert.match((await lite("migrate", "verify")).text, /1 migration not yet applied/);
  assert.match(await out(lite("migrate", "apply")), new RegExp(file));
  assert.ok(has("development.db"));
  assert.match(await out(lite("migrate", "status")), /applied/);
  assert.match(await out(lite("migrate", "verify")), /✓ schema is in sync/);
  assert.match(await out(lite("migrate", "apply")), /✓ all migrations already applied/);
  assert.match(
    await out(lite("migrate", "create")),
    /schema is already in sync — no migration needed/,
  );
});

test("migrate apply without files says so", async () => {
  const { lite } = projectOf({ "schema.lite": kUser });
  assert.match(await out(lite("migrate", "apply")), /no migration files found/);
});

test("migrate verify ends with 1 on drift", async () => {
  const { lite, write } = await migrated();
  write("schema.lite", kNext);
  const result = await lite("migrate", "verify");
  assert.equal(result.code, 1);
  assert.match(result.text, /live db has drifted from schema\.lite/);
});

test("migrate dry-run prints and writes nothing", async () => {
  const { lite, write, at } = await migrated();
  write("schema.lite", kNext);
  const text = await out(lite("migrate", "dry-run", "nicks"));
  assert.match(text, /ALTER TABLE "user" ADD COLUMN "nick" TEXT/);
  assert.equal(readdirSync(at("migrations")).length, 1);
});

test("a migration that fails ends with 1, and is pending still", async () => {
  const { lite, write } = await migrated();
  write("migrations/20990101000000_bad.sql", "INSERT INTO ghost VALUES (1);");
  assert.match(await failing(lite("migrate", "apply")), /ghost/);
  assert.match(
    await out(lite("migrate", "status")),
    /20990101000000_bad\.sql.*pending|pending.*20990101000000_bad\.sql/,
  );
});

test("migrations in JavaScript run through the command line", async () => {
  const project = await migrated(kNext);
  const { lite, write } = project;
  installOrm(project);
  write(
    "migrations/20990101000000_fill.sql",
    "INSERT INTO user(email) VALUES ('ada@x.org'), ('lin@x.org');",
  );
  write(
    "migrations/20990101000001_nicks.js",
    `export async function up(db) {
      for (const user of await db.user.findMany({ where: { nick: null } }))
        await db.user.update({ where: { id: user.id }, data: { nick: user.email.split("@")[0] } });
      await db.user.create({ data: { email: "eve@x.org", nick: "eve" } });
    }\n`,
  );
  write(
    "migrations/20990101000002_after.sql",
    "CREATE TABLE log AS SELECT nick FROM user ORDER BY id;",
  );
  const text = await out(lite("migrate", "apply"));
  for (const name of ["fill.sql", "nicks.js", "after.sql"]) assert.ok(text.includes(name), text);
  assert.doesNotMatch(await out(lite("migrate", "status")), /pending/);
  // What it has written stands in the database when the next one runs.
  write(
    "migrations/20990101000003_check.sql",
    `CREATE TABLE checked(nicks TEXT CHECK (nicks = 'ada,lin,eve')) STRICT;
     INSERT INTO checked SELECT group_concat(nick) FROM log;`,
  );
  await out(lite("migrate", "apply"));
});

test("a migration in JavaScript that throws leaves nothing", async () => {
  const project = await migrated(kNext);
  const { lite, write } = project;
  installOrm(project);
  write(
    "migrations/20990101000001_bad.js",
    `export async function up(db) {
      await db.user.create({ data: { email: "lost@x.org" } });
      throw new Error("not this time");
    }\n`,
  );
  assert.match(await failing(lite("migrate", "apply")), /not this time/);
  write(
    "migrations/20990101000001_bad.js",
    `export async function up(db) {
    if ((await db.user.count()) !== 0) throw new Error("a row was left");
  }\n`,
  );
  await out(lite("migrate", "apply"));
});

test("db push brings tables to the schema without files", async () => {
  const { lite, write, at } = projectOf({ "schema.lite": kUser });
  await out(lite("db", "push"));
  write("schema.lite", kNext);
  assert.match(await out(lite("db", "push", "--verbose")), /nick/);
  assert.match((await lite("migrate", "dry-run")).text, /already in sync/);
  assert.ok(!existsSync(at("migrations")) || readdirSync(at("migrations")).length === 0);
});

test("types go to a file beside the schema, another one, or the terminal", async () => {
  const { lite, read } = projectOf({
    "schema.lite": `${kUser}model Post { id Int @id  secret String @guarded(all) }\n`,
  });
  await out(lite("types"));
  assert.match(read("schema.d.ts"), /export interface User /);
  await out(lite("types", "other.d.ts"));
  assert.equal(read("other.d.ts"), read("schema.d.ts"));
  await out(lite("types", "--out=third.d.ts", "--only=Post", "--audience=system"));
  assert.match(read("third.d.ts"), /secret: string/);
  assert.doesNotMatch(read("third.d.ts"), /export interface UserCreate/);
  assert.match(await out(lite("types", "--stdout")), /export interface User /);
});

test("jsonschema in all its modes", async () => {
  const { lite, read } = projectOf({ "schema.lite": kUser });
  await out(lite("jsonschema"));
  assert.equal(JSON.parse(read("schema.json")).$schema, "https://json-schema.org/draft-07/schema");
  await out(lite("jsonschema", "--all-modes", "--out", "all.json"));
  for (const mode of ["create", "update", "full"]) JSON.parse(read(`all.${mode}.json`));
  const flat = JSON.parse(
    await out(lite("jsonschema", "--stdout", "--format=flat", "--mode=update")),
  );
  assert.equal(flat.User.required, undefined);
  assert.deepEqual(Object.keys(flat.User.properties), ["email"]);
});

test("introspect prints a schema, or writes it, with names as they are if asked", async () => {
  const { lite, read } = await migrated("model BlogPost {\n  id Int @id\n  made_by String?\n}\n");
  assert.match(await out(lite("introspect", "development.db")), /model BlogPost \{/);
  await out(lite("introspect", "development.db", "--out", "found.lite"));
  assert.match(read("found.lite"), /@map\("made_by"\)/);
  assert.match(
    await out(lite("introspect", "development.db", "--no-camel")),
    /\bmade_by\b +String\?/,
  );
});

test("backup copies every database into a folder with the time, or one that is named", async () => {
  const { lite, at } = await migrated();
  await out(lite("backup"));
  const [stamp] = readdirSync(at("backups"));
  assert.deepEqual(readdirSync(path.join(at("backups"), stamp)), ["main.db"]);
  await out(lite("backup", "here", "--vacuum"));
  assert.ok(existsSync(at("here")));
});

test("optimize merges search indexes, of one table or all", async () => {
  const { lite } = await migrated(
    "model Note {\n  id Int @id\n  text String\n  @@fts([text])\n}\n",
  );
  await out(lite("optimize"));
  await out(lite("optimize", "note"));
  await failing(lite("optimize", "ghost"));
});

test("seeds: the seeder, named ones, once each unless forced, the calendar", async () => {
  const { lite, write, at } = await migrated();
  mkdirSync(at("seeds"));
  write("seeds/people.sql", "INSERT INTO user(email) VALUES ('seed@x.org');");
  assert.match(await out(lite("seed", "run")), /calendar[^]*people|people[^]*calendar/);
  await out(lite("seed", "run", "people"));
  await out(lite("seed", "run", "people"));
  await failing(lite("seed", "run", "people", "--force"));
  await failing(lite("seed", "run", "ghost"));
  await out(lite("seed", "run", "calendar"));
  write(
    "migrations/20990101000000_check.sql",
    `CREATE TABLE checked(n INTEGER NOT NULL CHECK (n = 36890)) STRICT;
     INSERT INTO checked SELECT count(*) FROM calendar;
     CREATE TABLE day(t TEXT NOT NULL CHECK (t = '4 Thursday 1 2026 January')) STRICT;
     INSERT INTO day SELECT weekday || ' ' || weekdayName || ' ' || quarter || ' ' || year || ' ' || monthName
       FROM calendar WHERE date = '2026-01-01';`,
  );
  await out(lite("migrate", "apply"));
});

test("doctor counts what the schema has, and ends with 1 only on a failure", async () => {
  const { lite, write } = await migrated(`${kUser}trait T { a Int? }\ntype P { x Int }\n`);
  const human = await out(lite("doctor"));
  assert.match(human, /1 models?, 0 enums, 0 functions, 1 trait, 1 type/);
  assert.match(human, /✓/);
  const lines = (await out(lite("doctor", "--ci"))).trim().split("\n");
  for (const line of lines)
    assert.match(
      line,
      /^(PASS|WARN|FAIL|INFO)\t(ENV|CONFIG|SCHEMA|ENCRYPT|DB|MIGRATE|PERF)\t[^\t]+(\t[^\t]*)?$/,
    );
  assert.ok(lines.some((line) => line.startsWith("PASS\tSCHEMA\t")));
  assert.equal((await lite("audit", "--ci")).code, 0);
  write("schema.lite", "model User { id Nope }");
  const broken = await lite("doctor", "--ci");
  assert.equal(broken.code, 1);
  assert.match(broken.text, /^FAIL\tSCHEMA\t/m);
});

test("doctor --fix makes what is missing", async () => {
  const { lite, has } = projectOf({ "schema.lite": kUser });
  await lite("doctor", "--fix");
  assert.ok(has("migrations") && has("litestone.config.js"));
});

test("flags go before the configuration, and the configuration before what is usual", async () => {
  const { lite, has } = projectOf({
    "litestone.config.js":
      'export default { schema: "./db/my.lite", db: "./data/a.db", migrations: "./steps" };\n',
    "db/my.lite": kUser,
    "other.config.js":
      'export default { schema: "./db/my.lite", db: "./data/c.db", migrations: "./steps" };\n',
  });
  await out(lite("migrate", "create", "x"));
  assert.ok(has("steps"));
  await out(lite("migrate", "apply"));
  assert.ok(has("data/a.db"));
  await out(lite("migrate", "apply", "--db", "data/b.db"));
  assert.ok(has("data/b.db"));
  await out(lite("migrate", "apply", "--config=other.config.js"));
  assert.ok(has("data/c.db"));
  await failing(lite("migrate", "status", "--config", "config.json"));
});

test("migrations lie beside the schema", async () => {
  const { lite, has } = projectOf({ "db/my.lite": kUser });
  await out(lite("migrate", "create", "--schema=db/my.lite"));
  assert.ok(has("db/migrations"));
});

test("variables come from .env.local, then .env, another file, or none", async () => {
  const schema = `database main { path env("SPEC_DB", "./fallback.db") }\n${kUser}`;
  const {
    lite,
    has,
    with: withEnv,
  } = projectOf({
    "schema.lite": schema,
    ".env": "SPEC_DB=./from_env.db\nOTHER=1\n",
    ".env.local": "SPEC_DB=./from_local.db\n",
    "my.env": 'SPEC_DB="./from_my.db"\n',
  });
  await out(lite("db", "push"));
  assert.ok(has("from_local.db") && !has("from_env.db"));
  await out(lite("db", "push", "--env-file=my.env"));
  assert.ok(has("from_my.db"));
  await out(lite("db", "push", "--no-env"));
  assert.ok(has("fallback.db"));
  await out(withEnv({ SPEC_DB: "./from_process.db" }, "db", "push"));
  assert.ok(has("from_process.db"));
});

test("a schema with errors ends every command with them", async () => {
  const { lite } = projectOf({ "schema.lite": "model A { id Int @id  x Nope }\n" });
  for (const command of [["migrate", "create"], ["types"], ["jsonschema"], ["db", "push"]])
    assert.match(await failing(lite(...command)), /Model 'A', field 'x': unknown type 'Nope'/);
});

test("several databases have a folder each, and lines that name them", async () => {
  const { lite, has } = projectOf({
    "schema.lite": `database main { path "./a.db" }\ndatabase stats { path "./b.db" }
      ${kUser}model Hit { id Int @id  @@db(stats) }\n`,
  });
  await out(lite("migrate", "create", "first"));
  assert.ok(has("migrations/main") && has("migrations/stats"));
  assert.match(await out(lite("migrate", "apply")), /stats/);
  const text = await out(lite("migrate", "verify"));
  assert.match(text, /main: ✓ schema is in sync/);
  assert.match(text, /stats: ✓ schema is in sync/);
  await out(lite("backup", "copy"));
});

test("commands that are not there yet say so by name", async () => {
  const { lite } = projectOf({ "schema.lite": kUser });
  for (const command of [
    ["codemod", "schema.lite", "--dry-run"],
    ["studio", "--port", "5001"],
    ["repl"],
    ["replicate", "litestone.config.js"],
    ["rsync", "elsewhere", "--verbose"],
    ["transform", "--preview"],
    ["tenant", "list"],
  ])
    assert.match(
      await failing(lite(...command)),
      new RegExp(`lite ${command[0]}\\b.* not there yet`),
    );
});

test("--version and --help", async () => {
  const { lite } = projectOf({});
  assert.match(await out(lite("--version")), /\d+\.\d+/);
  for (const command of [
    "init",
    "migrate",
    "types",
    "jsonschema",
    "introspect",
    "doctor",
    "backup",
    "optimize",
    "seed",
  ])
    assert.match(await out(lite("--help")), new RegExp(`\\b${command}\\b`));
});
