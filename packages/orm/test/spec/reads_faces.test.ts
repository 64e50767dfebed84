// One list of calls, for every face: here the addon; tests/embed has the C++ API and
// tests/blackbox functions, HTTP and the socket. MS_UPDATE=1 writes what the addon answers.
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { open } from "./reads_support.js";

const FILE = new URL("../../../../tests/embed/golden/orm_calls.json", import.meta.url);

interface KnownCall {
  readonly model: string;
  readonly method: string;
  readonly args: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** A value as JSON has it: bytes are base64. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}

test("the addon answers the calls that all faces answer", async () => {
  const { schema, calls } = JSON.parse(readFileSync(FILE, "utf8")) as {
    schema: string;
    calls: KnownCall[];
  };
  const db = (await open(schema)).asSystem();
  const answered: KnownCall[] = [];
  for (const { model, method, args } of calls) {
    const call = { model, method, args };
    try {
      const given = Array.isArray(args) ? args : [args];
      answered.push({ ...call, result: plain(await db[model][method](...given)) });
    } catch (error: any) {
      const { name, message, errors } = error;
      answered.push({
        ...call,
        error: { name, message, ...(errors === undefined ? {} : { errors }) },
      });
    }
  }
  if (process.env["MS_UPDATE"] === "1") {
    const lines = answered.map((call) => `    ${JSON.stringify(call)}`).join(",\n");
    writeFileSync(
      FILE,
      `{\n  "schema": ${JSON.stringify(schema)},\n  "calls": [\n${lines}\n  ]\n}\n`,
    );
  }
  // Texts, so that the order of the members counts, too.
  expect(answered.map((call) => JSON.stringify(call))).toEqual(
    calls.map((call) => JSON.stringify(call)),
  );
});
