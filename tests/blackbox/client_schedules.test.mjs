// Moonstone. Licence: see LICENSE.
// 200 random schedules of cuts, delays, splits and refusals against a model: what was acknowledged is
// there, once, in the order of the calls; what a page shows never goes back (issue 4 point 7).
//
//   MOONSTONE_SCHEDULE=17 node --test client_schedules.test.mjs     one of them again
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { makeRandom, newName, openClient, show, startApp } from "./lib/network.mjs";
import { Proxy } from "./lib/proxy.mjs";
import { until } from "./lib/server.mjs";

const kSchedules = 200;
const kAtOnce = 20;
const kCalls = 5;
const kCutsMax = 3;

let server;
before(async () => {
  server = await startApp({
    MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0",
    MOONSTONE_STORE_DURABILITY: "normal",
  });
});
after(() => server?.stop());

/** Sets what the network does from now on. */
function disturb(proxy, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  let cuts = 0;
  proxy.split = pick([0, 0, 0, 5, 40]);
  proxy.delay = () => (random() < 0.2 ? random() * 4 : 0);
  proxy.onFrame = () => {
    if (cuts >= kCutsMax || random() > 0.07) return undefined;
    cuts += 1;
    if (random() < 0.3) proxy.refusals = 2;
    return pick(["cut before", "cut inside", "cut after"]);
  };
}

const isPrefix = (short, long) => short.every((n, i) => n === long[i]);

/** One page: its calls, and what it has seen of them. */
class Page {
  added = [];
  outcomes = [];

  constructor(t, proxy, random) {
    const backoff = { baseMs: 1, maxMs: 5, maxAttempts: Infinity };
    this.client = openClient(t, proxy, { backoff, messagesPerSecond: 0 });
    this.random = random;
    this.by = newName();
    this.list = show(this.client, "list:of", { by: this.by });
    this.count = show(this.client, "list:count", { by: this.by });
  }

  async run() {
    for (let n = 0; n < kCalls; n++) {
      const call = this.call(n);
      this.outcomes.push(call);
      if (this.random() < 0.4) await call;
    }
    await Promise.all(this.outcomes);
  }

  async call(n) {
    const { client, by } = this;
    if (this.random() < 0.2) {
      await assert.rejects(client.mutation("list:refuse", { by, n }), { message: `refused ${n}` });
      return;
    }
    assert.equal(await client.mutation("list:add", { by, n }), this.added.length);
    this.added.push(n);
  }

  /** The server has what was acknowledged, and the page comes to show that. */
  async check() {
    const { added, list, count, by } = this;
    assert.deepEqual(await server.query("list:of", { by }), added);
    await until("the final list", () => list.now()?.length === added.length);
    await until("the final count", () => count.now() === added.length);
    assert.deepEqual(list.now(), added);
    for (const [i, value] of list.values.entries()) {
      assert.ok(isPrefix(value, list.values[i + 1] ?? added), JSON.stringify(list.values));
    }
  }
}

/** An action beside the mutations: it runs at most once, and once if it was answered. */
async function act(client) {
  const by = newName();
  const code = await client.action("acts:add", { by, n: 0 }).catch((error) => error.code);
  assert.ok(code === 0 || code === "connection_lost", `the action ended with ${code}`);
  return { by, answered: code === 0 };
}

async function runSchedule(t, seed) {
  const random = makeRandom(seed);
  const proxy = await Proxy.start(server.port);
  t.after(() => proxy.stop());
  disturb(proxy, random);
  const pages = [new Page(t, proxy, random), new Page(t, proxy, random)];
  const action = act(pages[0].client);
  await Promise.all(pages.map((page) => page.run()));
  for (const page of pages) await page.check();
  const { by, answered } = await action;
  const runs = (await server.query("list:of", { by })).length;
  assert.ok(answered ? runs === 1 : runs <= 1, `the action ran ${runs} times`);
  for (const { client } of pages) client.close();
  proxy.stop();
  return proxy.connections;
}

const only = process.env.MOONSTONE_SCHEDULE;

test("whatever the network does, calls are done once and in order", async (t) => {
  const seeds = only ? [Number(only)] : Array.from({ length: kSchedules }, (_, i) => i + 1);
  let connections = 0;
  const work = async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      try {
        const made = await runSchedule(t, seed);
        connections += made;
      } catch (error) {
        seeds.length = 0;
        throw new Error(`schedule ${seed} (MOONSTONE_SCHEDULE=${seed}): ${error.message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: kAtOnce }, work));
  t.diagnostic(`${connections} connections`);
  if (!only) assert.ok(connections > 3 * kSchedules, `only ${connections} connections: too calm`);
});
