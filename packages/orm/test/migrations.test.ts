// Migrations and what is generated, through the package.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "./addon.js";
import {
  apply,
  type AppliedMigrations,
  autoMigrate,
  create,
  createClient,
  type CreatedMigration,
  generateJsonSchema,
  generateLiteSchema,
  generateTypeScript,
  type MigrationStatus,
  parse,
  ParseError,
  parseFile,
  RawDatabase,
  status,
  verify,
} from "../src/index.js";

const V1 = "model User { id Int @id  email String @unique }";
const V2 = "model User { id Int @id  email String @unique  nick String? }";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

describe("migrations", () => {
  test("are made, applied and verified on a file", async () => {
    const raw = new RawDatabase(folder.file("app.db"));
    const migrations = folder.file("migrations");
    const created = create(raw, parse(V1), "Add users!", migrations) as CreatedMigration;
    expect(created.created).toBe(true);
    expect(created.name).toMatch(/^\d{14}_add_users\.sql$/);
    expect((status(raw, migrations) as MigrationStatus[]).map((one) => one.state)).toEqual([
      "pending",
    ]);
    // SQL has run when apply() returns, before anybody awaits it.
    const applying = apply(raw, migrations);
    raw.run("INSERT INTO user(email) VALUES (?)", "ada@example.org");
    expect(await applying).toMatchObject({ applied: [{ file: created.name, ok: true }] });
    expect(verify(raw, parse(V1), migrations)).toMatchObject({ state: "in-sync" });
    expect(verify(raw, parse(V2), migrations)).toMatchObject({ state: "drift" });
    expect(create(raw, parse(V1), "again", migrations)).toMatchObject({ created: false });
    raw.close();
  });

  test("in JavaScript get a client inside a transaction", async () => {
    const migrations = folder.file("migrations");
    mkdirSync(migrations);
    const db = await createClient({ schema: V2, db: folder.file("app.db") });
    await db.user.create({ data: { email: "ada@example.org" } });
    writeFileSync(
      folder.file("migrations/20250101000000_nicks.js"),
      `exports.up = async (db) => {
        await db.user.updateMany({ data: { nick: "n" } });
        await db.sql\`CREATE VIEW nicks AS SELECT nick FROM user\`;
      };`,
    );
    writeFileSync(
      folder.file("migrations/20250101000001_wrong.js"),
      `exports.up = async (db) => {
        await db.user.deleteMany({});
        throw new Error("on purpose");
      };`,
    );
    const outcome = (await apply(db, migrations)) as AppliedMigrations;
    expect(outcome.applied.map((one) => one.ok)).toEqual([true, false]);
    expect(outcome.applied[1]?.error).toContain("on purpose");
    expect(await db.user.findMany({ select: { nick: true } })).toEqual([{ nick: "n" }]);
    expect(await db.sql`SELECT nick FROM nicks`).toEqual([{ nick: "n" }]);
    const raw = new RawDatabase(folder.file("other.db"));
    expect(((await apply(raw, migrations)) as AppliedMigrations).applied[0]?.error).toContain(
      "client",
    );
    raw.close();
    db.$close();
  });

  test("are what changes tables that are there; autoMigrate does it without files", async () => {
    const path = folder.file("app.db");
    const first = await createClient({ schema: V1, db: path });
    await first.user.create({ data: { email: "ada@example.org" } });
    first.$close();
    const db = await createClient({ schema: V2, db: path });
    await expect(db.user.findMany()).rejects.toThrow("nick");
    expect(autoMigrate(db)).toMatchObject({ main: { state: "migrated" } });
    expect(autoMigrate(db)).toEqual({ main: { state: "in-sync", applied: 0 } });
    expect(await db.user.findMany()).toEqual([{ id: 1, email: "ada@example.org", nick: null }]);
    db.$close();
  });
});

describe("the language", () => {
  test("is parsed from texts and files", () => {
    const parsed = parse(V1);
    expect(parsed).toMatchObject({ valid: true, errors: [], warnings: [] });
    expect(parsed.schema?.models[0]?.fields.map((field) => field.name)).toEqual(["id", "email"]);
    expect(parse("model User { id Nope }").valid).toBe(false);
    expect(() => parse("model ~")).toThrow(ParseError);
    expect(parse("model A { id Text @id }", { dialect: "1.0.6" }).errors[0]).toContain("renamed");
    writeFileSync(folder.file("user.lite"), V1);
    writeFileSync(folder.file("schema.lite"), 'import "./user.lite"');
    expect(parseFile(folder.file("schema.lite")).schema?.models).toHaveLength(1);
    expect(parseFile(folder.file("none.lite")).errors[0]).toContain("Cannot read file");
  });

  test("becomes TypeScript, JSON Schema, and comes back from a database", () => {
    const parsed = parse(V1);
    expect(generateTypeScript(parsed)).toContain("export interface User {");
    const json = generateJsonSchema(parsed, { mode: "full" });
    expect(json["$schema"]).toBe("https://json-schema.org/draft-07/schema");
    const raw = new RawDatabase(":memory:");
    raw.exec("CREATE TABLE big_boxes (id INTEGER PRIMARY KEY, box_name TEXT NOT NULL)");
    const text = generateLiteSchema(raw);
    expect(text).toContain('@map("box_name")');
    expect(parse(text).errors).toEqual([]);
    raw.close();
  });
});

test("the files of a folder are only read", () => {
  const raw = new RawDatabase(":memory:");
  const migrations = folder.file("migrations");
  expect(create(raw, parse(V1), "x", migrations, { isDryRun: true })).toMatchObject({
    created: true,
  });
  expect(() => readdirSync(migrations)).toThrow();
  expect(() => readFileSync(folder.file("migrations/x"))).toThrow();
  raw.close();
});
