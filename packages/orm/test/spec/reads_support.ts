// What the suites of the specification share: clients that close with the file, and failures.
import { afterAll, expect } from "vitest";
import "../addon.js";
import { type ClientOptions, createClient } from "../../src/index.js";

// The suites call what a schema declares, which no type of this package knows.
export type Db = any;
export type Row = Record<string, any>;

const opened: Db[] = [];
afterAll(() => {
  for (const db of opened.splice(0)) db.$close();
});

/** A client of a new database in memory, closed after the tests of the file. */
export async function open(schema: string, options: Partial<ClientOptions> = {}): Promise<Db> {
  const db = await createClient({ schema, db: ":memory:", ...options });
  opened.push(db);
  return db;
}

/** The error of a call that must fail. */
export async function failure(call: Promise<unknown> | (() => unknown)): Promise<any> {
  try {
    await (typeof call === "function" ? call() : call);
  } catch (error) {
    return error;
  }
  return expect.fail("the call has not failed");
}

/** The ids of rows, in their order. */
export function ids(rows: readonly Row[]): number[] {
  return rows.map((row) => row["id"]);
}

/** The numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
