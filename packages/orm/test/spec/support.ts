// What the suites of the specification share. They are written from litestone.md alone, and name its
// sections; how the package does things is no business of theirs.
import { existsSync } from "node:fs";
import { expect, onTestFinished } from "vitest";
import { temporaryFolder } from "../addon.js";
import {
  type Client,
  type ClientOptions,
  createClient,
  parse,
  type SchemaTree,
} from "../../src/index.js";

// Databases "in memory" are files that go with their client. Hundreds of them are made here, so they
// lie where no disk waits for them.
if (existsSync("/dev/shm")) process.env["TMPDIR"] = "/dev/shm";

/** A client in memory that is closed when the test ends. */
export async function open(
  schema: string,
  options: Omit<ClientOptions, "schema"> = {},
): Promise<Client> {
  const db = await createClient({ schema, db: ":memory:", ...options });
  onTestFinished(() => db.$close());
  return db;
}

/** A client of anything; it is closed when the test ends. */
export async function openWith(options: ClientOptions): Promise<Client> {
  const db = await createClient(options);
  onTestFinished(() => db.$close());
  return db;
}

/** A folder that goes when the test ends. */
export function folderOfTest(): ReturnType<typeof temporaryFolder> {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  return folder;
}

/** The error of a call that must fail. */
export async function failure(call: unknown): Promise<any> {
  let result: unknown;
  try {
    result = await call;
  } catch (error) {
    return error;
  }
  return expect.fail(`the call has not failed: ${JSON.stringify(result)}`);
}

/** The error of a function that must throw at once. */
export function thrown(run: () => unknown): any {
  let result: unknown;
  try {
    result = run();
  } catch (error) {
    return error;
  }
  return expect.fail(`the call has not thrown: ${JSON.stringify(result)}`);
}

/** The tree of a schema that has no errors. */
export function tree(text: string): SchemaTree {
  const { schema, errors } = parse(text);
  expect(errors).toEqual([]);
  return schema as SchemaTree;
}

/** The text of an object in the database as SQLite keeps it, null without one. */
export function sqlOf(db: Client, name: string, database = "main"): string | null {
  const row = db.$rawDbs[database]?.query("SELECT sql FROM sqlite_master WHERE name = ?").get(name);
  return row === null || row === undefined ? null : (row["sql"] as string);
}

/** The names of all tables, indexes, triggers and views. */
export function objectsOf(db: Client, database = "main"): string[] {
  const rows = db.$rawDbs[database]
    ?.query("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
    .all();
  return (rows ?? []).map((row) => row["name"] as string);
}

/** The rows of a statement, as the database has them. */
export function rowsOf(db: Client, statement: string, ...values: unknown[]): any[] {
  return db.$db.query(statement).all(...values);
}
