// Moonstone. Licence: see LICENSE.
// List-append: clients append to a few lists and read them, several in one transaction, through
// mutations and one-shot queries, over connections that break. The history must be one that a database
// could have that does everything at once, one thing after the other (lib/histories.mjs).
import assert from "node:assert/strict";
import { makeRandom } from "../blackbox/lib/network.mjs";
import { findAnomalies } from "./lib/histories.mjs";
import { calm, disturb, openClient, TorturedServer } from "./lib/server.mjs";

const kClients = 8;
const kLists = 4;
/** Lists are left behind before reading them gets slow; each generation is a history of its own. */
const kTransactionsMax = 1_500;

class History {
  transactions = [];
  #value = 0;

  /** Notes what `run` did between now and its answer. */
  async note(ops, run) {
    const transaction = { name: `t${this.transactions.length}`, ops, ok: undefined, end: Infinity };
    this.transactions.push(transaction);
    transaction.start = performance.now();
    try {
      const results = await run();
      transaction.end = performance.now();
      transaction.ok = true;
      for (const [i, op] of ops.entries()) if (op[0] === "read") op[2] = results[i];
    } catch (error) {
      if (!/refused/.test(error.message)) throw error;
      transaction.end = performance.now();
      transaction.ok = false;
    }
  }

  nextValue() {
    return ++this.#value;
  }
}

function someOps(random, history, prefix) {
  return Array.from({ length: 1 + Math.floor(random() * 4) }, () => {
    const list = `${prefix}${Math.floor(random() * kLists)}`;
    return random() < 0.5 ? ["append", list, history.nextValue()] : ["read", list, []];
  });
}

function write(client, history, random, prefix) {
  const ops = someOps(random, history, prefix);
  const refuse = random() < 0.05;
  const args = ops.map(([kind, list, value]) => (kind === "append" ? { list, value } : { list }));
  return history.note(ops, () => client.mutation("lists:write", { ops: args, refuse }));
}

/** A plain HTTP query. Sometimes another process of the page asks the same at the same time. */
function look(server, history, random, prefix) {
  const lists = Array.from({ length: kLists }, (_, i) => `${prefix}${i}`).filter(
    () => random() < 0.6,
  );
  const ops = lists.map((list) => ["read", list, []]);
  const salt = Math.floor(random() * 3);
  return history.note(ops, () => server.query("lists:look", { lists, salt }));
}

/**
 * The first result of a live query that is opened for it; other clients may share it on the server. One
 * at a time, or the client would answer from what it has.
 */
async function peek(client, history, prefix) {
  if (client.isPeeking) return;
  client.isPeeking = true;
  const lists = [`${prefix}0`, `${prefix}1`];
  const ops = lists.map((list) => ["read", list, []]);
  await history.note(
    ops,
    () =>
      new Promise((done) => {
        const stop = client.subscribe("lists:look", { lists, salt: 0 }, (results) => {
          queueMicrotask(() => stop());
          done(results);
        });
      }),
  );
  client.isPeeking = false;
}

async function runHistory({ server, clients, seed, end, prefix }) {
  const history = new History();
  const random = makeRandom(seed);
  const work = async (client) => {
    while (Date.now() < end && history.transactions.length < kTransactionsMax) {
      const dice = random();
      if (dice < 0.6) await write(client, history, random, prefix);
      else if (dice < 0.9) await look(server, history, random, prefix);
      else await peek(client, history, prefix);
    }
  };
  await Promise.all(clients.flatMap((client) => [work(client), work(client)]));
  const lists = Array.from({ length: kLists }, (_, i) => `${prefix}${i}`);
  await history.note(
    lists.map((list) => ["read", list, []]),
    () => server.query("lists:look", { lists, salt: 9 }),
  );
  assert.deepEqual(findAnomalies(history.transactions).slice(0, 5), []);
  return history.transactions.length;
}

/** Returns how many histories and transactions there were; throws when one is not serialisable. */
export async function torture({ seconds, seed }) {
  const server = await TorturedServer.start("lists");
  const clients = [];
  for (let i = 0; i < kClients; i++) {
    const proxy = await server.proxy();
    if (i % 2 === 0) calm(proxy);
    else disturb(proxy, makeRandom(seed + i));
    clients.push(openClient(proxy));
  }
  const end = Date.now() + seconds * 1000;
  let histories = 0;
  let transactions = 0;
  try {
    while (Date.now() < end) {
      const each = { server, clients, seed: seed + histories, end, prefix: `g${histories}-` };
      transactions += await runHistory(each);
      histories += 1;
    }
  } finally {
    for (const client of clients) client.close();
    await server.stop();
  }
  assert.ok(transactions > kClients, "too short: hardly anything was done");
  return { histories, transactions };
}
