// Random schemas and random writes against a simple model of litestone.md. After every step the
// whole database is compared, and the errors are. A failure names its seed:
// MOONSTONE_SEED=<seed> runs that one alone, MOONSTONE_ROUNDS=<n> more of them.
import { expect, test } from "vitest";
import "./support.js";
import { type Client, createClient, SQLiteError, ValidationError } from "../../src/index.js";
import { Failure, Oracle, type Row } from "./random/oracle.js";
import { Random } from "./random/random.js";
import { type ModelSpec, PARENT_COLUMN, randomSchema, type SchemaSpec } from "./random/schema.js";
import { type Step, Steps } from "./random/steps.js";

const STEPS = 40;

/** What stands in the tables, in the form of the oracle. */
function stateOf(db: Client, schema: SchemaSpec): Record<string, unknown> {
  const read = (model: ModelSpec): Row[] => {
    const names: Record<string, string> = { [PARENT_COLUMN]: "parentId" };
    for (const { column, name } of model.fields) names[column] = name;
    const rows = db.$db
      .all(`SELECT * FROM "${model.table}" ORDER BY id`)
      .map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [names[name] ?? name, value]),
        ),
      );
    const booleans = model.fields.filter((field) => field.type === "Boolean");
    for (const row of rows)
      for (const { name } of booleans) row[name] = row[name] === null ? null : row[name] === 1;
    return rows;
  };
  const state: Record<string, unknown> = {};
  for (const model of schema.models) state[model.name] = read(model);
  if (schema.models.some((model) => model.hasSequence)) {
    // The table is made when it is needed first.
    const [table] = db.$db.all("SELECT 1 FROM sqlite_master WHERE name = '_litestone_sequences'");
    const counters = table === undefined ? [] : db.$db.all("SELECT * FROM _litestone_sequences");
    state["counters"] = Object.fromEntries(
      counters.map((row) => [`${row["model"]}.${row["field"]}.${row["scope"]}`, row["lastNum"]]),
    );
  }
  if (schema.linked !== undefined) {
    const [left, right] = schema.linked.map((model) => model.accessor);
    const table = `_${left}_${right}`.toLowerCase();
    const links = db.$db.all(`SELECT ${left}Id AS l, ${right}Id AS r FROM ${table}`);
    state["links"] = links.map((row) => `${row["l"]} ${row["r"]}`).sort();
  }
  return state;
}

function expectedState(oracle: Oracle): Record<string, unknown> {
  const { schema } = oracle;
  const state: Record<string, unknown> = {};
  for (const model of schema.models) state[model.name] = oracle.rows(model);
  if (schema.models.some((model) => model.hasSequence))
    state["counters"] = Object.fromEntries(oracle.counters());
  if (schema.linked !== undefined) state["links"] = oracle.links();
  return state;
}

/** The name under which the oracle knows an error. */
function codeOf(error: unknown): string {
  if (error instanceof ValidationError) return "ValidationError";
  // RESTRICT is told by a trigger inside of SQLite.
  if (error instanceof SQLiteError)
    return error.message === "FOREIGN KEY constraint failed"
      ? "SQLITE_CONSTRAINT_FOREIGNKEY"
      : error.code;
  const { message } = error as Error;
  for (const start of ["Nested connect", "m2m"]) if (message.startsWith(start)) return start;
  return `${(error as Error).name}: ${message}`;
}

async function runStep(db: Client, oracle: Oracle, step: Step): Promise<void> {
  const { schema } = oracle;
  const call = db[step.model.accessor]?.[step.method]?.(step.args) as Promise<unknown>;
  const actual = await call.then(
    (value) => ({ value }),
    (error: unknown) => ({ code: codeOf(error) }),
  );
  const expected = oracle.attempt(() => step.expected(oracle));
  const state = stateOf(db, schema);
  const stamps = (model: ModelSpec, id: number): unknown =>
    (state[model.name] as Row[]).find((row) => row["id"] === id)?.["deletedAt"] ?? "not stamped";
  oracle.adoptStamps(stamps);
  if ("failure" in expected) {
    expect(actual).toHaveProperty("code");
    expect(expected.failure.codes).toContain((actual as { code: string }).code);
  } else {
    expect(actual).toEqual({ value: expected.value });
  }
  expect(state).toEqual(expectedState(oracle));
}

async function runSeed(seed: number): Promise<void> {
  const random = new Random(seed);
  const schema = randomSchema(random);
  const oracle = new Oracle(schema);
  const steps = new Steps(random, schema, oracle);
  const taken: string[] = [];
  const db = await createClient({ schema: schema.text, db: ":memory:" });
  try {
    for (let index = 0; index < STEPS; ++index) {
      const step = steps.next();
      taken.push(`${step.model.accessor}.${step.method}(${JSON.stringify(step.args)})`);
      await runStep(db, oracle, step);
    }
  } catch (error) {
    const place = `seed ${seed}, step ${taken.length} of\n${schema.text}\n${taken.slice(-12).join("\n")}\n`;
    (error as Error).message = `${place}${(error as Error).message}`;
    throw error;
  } finally {
    db.$close();
  }
}

const only = process.env["MOONSTONE_SEED"];
const rounds = Number(process.env["MOONSTONE_ROUNDS"] ?? 60);
const seeds =
  only === undefined ? Array.from({ length: rounds }, (_, index) => index + 1) : [Number(only)];

test("random writes do what the model does", { timeout: 600_000 }, async () => {
  for (const seed of seeds) await runSeed(seed);
});

test("the model itself: a failure brings back what was", () => {
  const schema = randomSchema(new Random(7));
  const oracle = new Oracle(schema);
  const before = expectedState(oracle);
  const outcome = oracle.attempt(() => {
    oracle.deleteMany(schema.models[0] as ModelSpec, {});
    throw new Failure("x");
  });
  expect(outcome).toHaveProperty("failure");
  expect(expectedState(oracle)).toEqual(before);
});
