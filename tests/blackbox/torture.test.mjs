// Moonstone. Licence: see LICENSE.
// The short form of tests/torture, one seed each; `make torture MINUTES=10` is the long one.
//
//   MOONSTONE_TORTURE_SECONDS=60 MOONSTONE_SEED=7 node run.mjs torture
import { test } from "node:test";
import { torture as kill } from "../torture/kill.mjs";
import { torture as lists } from "../torture/lists.mjs";
import { torture as oracle } from "../torture/oracle.mjs";

const kSeconds = Number(process.env.MOONSTONE_TORTURE_SECONDS ?? 0);
const kSeed = Number(process.env.MOONSTONE_SEED ?? Math.floor(Math.random() * 1e9));

/** Runs it for so long, unless the environment says otherwise, and names the seed when it fails. */
async function run(t, torture, seconds) {
  const done = await torture({ seconds: kSeconds || seconds, seed: kSeed }).catch((error) => {
    throw new Error(`MOONSTONE_SEED=${kSeed}: ${error.message}`, { cause: error });
  });
  t.diagnostic(`seed ${kSeed}: ${JSON.stringify(done)}`);
}

test("kill -9 under load: what was acknowledged is there once and in order, and nothing goes back", (t) =>
  run(t, kill, 60));
test("transactions over broken connections are strictly serialisable", (t) => run(t, lists, 3));
test("every delivered result is that of a fresh run at its version", (t) => run(t, oracle, 3));
