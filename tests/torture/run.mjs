// Moonstone. Licence: see LICENSE.
// The long form of the torture; `make torture MINUTES=10`. The short form runs with the other tests
// (tests/blackbox/torture.test.mjs).
//
//   node tests/torture/run.mjs [kill|lists|oracle ...]     MINUTES=1 (each)   SEED=<number>
import { torture as kill } from "./kill.mjs";
import { torture as lists } from "./lists.mjs";
import { torture as oracle } from "./oracle.mjs";

const kKinds = { kill, lists, oracle };
const wanted = process.argv.slice(2);
const seconds = Number(process.env.MINUTES ?? 1) * 60;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));

let failed = 0;
for (const name of wanted.length > 0 ? wanted : Object.keys(kKinds)) {
  console.log(`${name}: ${seconds} s, SEED=${seed}`);
  try {
    console.log(`${name}: passed, ${JSON.stringify(await kKinds[name]({ seconds, seed }))}`);
  } catch (error) {
    failed += 1;
    console.log(`${name}: FAILED with SEED=${seed}\n${error.stack}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
