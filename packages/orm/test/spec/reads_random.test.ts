// Random reads on random schemas and rows, against an oracle in memory (issue 6, point 9).
//
// MOONSTONE_SEED=n repeats the run that failed; MOONSTONE_READS_ROUNDS=n makes more schemas.
import { describe, expect, test } from "vitest";
import { Calls, type Call } from "./reads_random_calls.js";
import { Random } from "./random/random.js";
import { fill, makeModels, makeWorld, schemaText } from "./reads_random_schema.js";
import { Oracle } from "./reads_oracle.js";
import { type Db, open, type Row } from "./reads_support.js";

const ROUNDS = Number(process.env["MOONSTONE_READS_ROUNDS"] ?? 12);
const CALLS = 80;
const given = process.env["MOONSTONE_SEED"];
const first = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);

/** All pages, one after the other. */
async function walkPages(table: Db, args: Row): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const page: any = await table.findManyCursor({ ...args, cursor });
    rows.push(...page.items);
    cursor = page.nextCursor;
    if (page.hasMore !== (cursor !== null)) throw new Error("hasMore and nextCursor disagree");
  } while (cursor !== null && rows.length < 1000);
  return rows;
}

/** The answer of the client, and what it should be. */
async function ask(
  db: Db,
  oracle: Oracle,
  { model, method, args }: Call,
): Promise<[unknown, unknown]> {
  const table = db[model.accessor];
  switch (method) {
    case "findFirst":
      return [
        await table.findFirst(args),
        oracle.findMany(model, { ...args, limit: 1 })[0] ?? null,
      ];
    case "findManyAndCount":
      return [
        await table.findManyAndCount(args),
        { rows: oracle.findMany(model, args), total: oracle.find(model, args).length },
      ];
    case "count":
      return [await table.count(args), oracle.find(model, args).length];
    case "exists":
      return [await table.exists(args), oracle.find(model, args).length > 0];
    case "findManyCursor":
      return [await walkPages(table, args), oracle.pages(model, args)];
    case "aggregate":
      return [await table.aggregate(args), oracle.aggregate(model, args)];
    case "groupBy":
      return [await table.groupBy(args), oracle.groupBy(model, args)];
    case "recursive":
      return [await table.findMany(args), oracle.walk(model, args)];
    default:
      return [await table.findMany(args), oracle.findMany(model, args)];
  }
}

/** A client whose reads of one model go through `db.query`. */
function together(db: Db, { model }: Call): Db {
  const one = async (args: Row): Promise<unknown> =>
    (await db.query({ one: { model: model.accessor, ...args }, other: { model: model.accessor } }))
      .one;
  const table = { ...db[model.accessor], findMany: one, aggregate: one, groupBy: one };
  return { [model.accessor]: table };
}

/** Asks as programs do: plainly, as the system, in a transaction, several reads at once. */
function askSomehow(
  random: Random,
  db: Db,
  oracle: Oracle,
  call: Call,
): Promise<[unknown, unknown]> {
  switch (random.int(0, 5)) {
    case 0:
      return ask(db.asSystem(), oracle, call);
    case 1:
      return db.$transaction((tx: Db) => ask(tx, oracle, call));
    case 2:
      return ask(together(db, call), oracle, call);
    default:
      return ask(db, oracle, call);
  }
}

async function runRound(seed: number): Promise<void> {
  const random = new Random(seed);
  const models = makeModels(random);
  const schema = schemaText(models);
  const world = makeWorld(random, models);
  const calls = new Calls(random, world);
  const filters = new Map(
    random
      .some(models.filter(() => random.chance(0.2)))
      .map((model) => [model.name, calls.where(model, 2)]),
  );
  const told = `MOONSTONE_SEED=${seed}\n${schema}filters: ${JSON.stringify([...filters])}`;
  const options = { filters: Object.fromEntries(filters) } as object;
  const db = await open(schema, options).catch((error: unknown) =>
    expect.fail(`${told}\n${String(error)}`),
  );
  await fill(db, world);
  const oracle = new Oracle(world, filters);
  for (let index = 0; index < CALLS; index += 1) {
    const call = calls.next();
    const text = `${told}\n${call.model.accessor}.${call.method} ${JSON.stringify(call.args)}`;
    const [actual, expected] = await askSomehow(random, db, oracle, call).catch((error: unknown) =>
      expect.fail(`${text}\n${String(error)}`),
    );
    expect(actual, text).toEqual(expected);
  }
}

describe("reads are those of the oracle", () => {
  const rounds = given === undefined ? ROUNDS : 1;
  test.each(Array.from({ length: rounds }, (_, index) => first + index))("seed %i", runRound);
});
