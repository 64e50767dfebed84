// Moonstone. Licence: see LICENSE.
// kill -9 under load: clients write, show live queries and reconnect while the server is killed at
// random moments and started again. Every acknowledged write must be there once, those of one client in
// order, no page may go back, and in the end all pages show what a fresh query answers.
import assert from "node:assert/strict";
import { makeRandom, show } from "../blackbox/lib/network.mjs";
import { until } from "../blackbox/lib/server.mjs";
import { calm, disturb, openClient, pause, TorturedServer } from "./lib/server.mjs";

const kClients = 8;
/** Below the replies that the server keeps per client. */
const kUnansweredMax = 16;
const kLifeMsMax = 2000;

/** One page: it adds numbers, sometimes many at once, and watches itself and a neighbour. */
class Page {
  sent = 0;
  answered = 0;
  problems = [];

  constructor(proxy, random, name, neighbour) {
    Object.assign(this, { proxy, random, name });
    this.client = openClient(proxy);
    this.watched = [name, neighbour].map((by) => this.watch(by));
    this.total = show(this.client, "book:total", {});
  }

  /** What is shown never goes back, and is of one state: the two tables agree. */
  watch(by) {
    const shown = show(this.client, "book:newest", { by });
    let before = 0;
    this.client.watchQuery(shown.key, () => {
      const now = shown.now();
      if (now === undefined) return;
      shown.values.length = 0;
      const newest = Array.from({ length: Math.min(3, now.count) }, (_, i) => now.count - 1 - i);
      if (now.count < before) this.problems.push(`${by} went back from ${before} to ${now.count}`);
      if (String(now.last) !== String(newest)) {
        this.problems.push(`${by} is of no state: ${JSON.stringify(now)}`);
      }
      before = now.count;
    });
    return { by, shown };
  }

  async write(isOver) {
    const pending = new Set();
    while (!isOver() && this.problems.length === 0) {
      const call = this.add(this.sent++).finally(() => pending.delete(call));
      pending.add(call);
      if (pending.size >= kUnansweredMax || this.random() < 0.2) await Promise.all(pending);
      if (this.random() < 0.1) await pause(this.random() * 20);
    }
    await Promise.all(pending);
  }

  async add(n) {
    const place = await this.client.mutation("book:add", { by: this.name, n });
    if (place !== n) this.problems.push(`${this.name}: ${n} was answered with place ${place}`);
    this.answered += 1;
  }

  async check(server) {
    assert.deepEqual(this.problems, []);
    assert.equal(this.answered, this.sent);
    const numbers = await server.query("book:of", { by: this.name });
    const expected = Array.from({ length: this.sent }, (_, n) => n);
    assert.deepEqual(numbers, expected, `the writes of ${this.name}`);
    for (const { by, shown } of this.watched) {
      const fresh = await server.query("book:newest", { by });
      await until(`${this.name} to show ${by}`, () => shown.now()?.count === fresh.count);
      assert.deepEqual(shown.now(), fresh);
    }
    const total = await server.query("book:total");
    await until(`${this.name} to show the total`, () => this.total.now() === total);
  }
}

/** Returns how much was written and killed; throws when a promise was broken. */
export async function torture({ seconds, seed }) {
  const random = makeRandom(seed);
  const server = await TorturedServer.start("kill");
  const pages = [];
  for (let i = 0; i < kClients; i++) {
    const proxy = await server.proxy();
    calm(proxy);
    if (i % 2 === 1) disturb(proxy, makeRandom(seed + i));
    pages.push(new Page(proxy, makeRandom(seed + 100 + i), `p${i}`, `p${(i + 1) % kClients}`));
  }
  const end = Date.now() + seconds * 1000;
  const isOver = () => Date.now() > end || pages.some(({ problems }) => problems.length > 0);
  try {
    const writing = Promise.all(pages.map((page) => page.write(isOver)));
    while (!isOver()) {
      await pause(100 + random() * kLifeMsMax);
      await server.kill();
    }
    await writing;
    for (const { proxy } of pages) calm(proxy);
    for (const page of pages) await page.check(server);
  } finally {
    for (const { client } of pages) client.close();
    await server.stop();
  }
  const examined = await server.examine();
  assert.equal(examined.code, 0, examined.text);
  const writes = pages.reduce((sum, { sent }) => sum + sent, 0);
  assert.ok(server.kills > 0 && writes > 0, "too short: nothing was killed, or nothing written");
  return { kills: server.kills, writes };
}
