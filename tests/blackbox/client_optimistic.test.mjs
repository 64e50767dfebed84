// Moonstone. Licence: see LICENSE.
// What a page shows before, between and after connections: optimistic updates that never flicker,
// results and mutations that outlive a page, pages of a list, preloaded results; each over a network
// that breaks (issue 4 points 1 to 4; functions.md 17, 21.23, 21.25).
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import {
  connect,
  makeRandom,
  newName,
  openClient,
  OptimisticPage,
  PaginatedQuery,
  preloadQuery,
  show,
  startApp,
  untilState,
} from "./lib/network.mjs";
import { Proxy } from "./lib/proxy.mjs";
import { until } from "./lib/server.mjs";

let server;
before(async () => {
  server = await startApp({ MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0" });
});
after(() => server?.stop());

const range = (count) => Array.from({ length: count }, (_, n) => n);

const isUp = (type) => (seen) => seen.direction === "up" && seen.frame.type === type;
const isDown = (type) => (seen) => seen.direction === "down" && seen.frame.type === type;
const kCuts = [
  ["before the call", "cut before", isUp("mutation")],
  ["inside the call", "cut inside", isUp("mutation")],
  ["after the call", "cut after", isUp("mutation")],
  ["before the push", "cut before", isDown("update")],
  ["between push and answer", "cut after", isDown("update")],
  ["before the answer", "cut before", isDown("mutationResult")],
  ["after the answer", "cut after", isDown("mutationResult")],
];

describe("optimistic updates", { concurrency: 4 }, () => {
  for (const [where, verdict, matches] of kCuts) {
    test(`nothing flickers when the network is cut ${where}`, async (t) => {
      const { client, proxy } = await connect(t, server);
      const page = new OptimisticPage(client);
      await page.first();
      const calls = [];
      for (const n of range(3)) {
        proxy.once(verdict, matches);
        calls.push(page.add(n));
        assert.deepEqual(page.now(), range(n + 1), "shown at once");
        if (n === 1) await Promise.all(calls);
      }
      await Promise.all(calls);
      await until("the confirmed list", async () => {
        const { length } = await server.query("list:of", { by: page.by });
        return length === 3 && page.now().length === 3;
      });
      assert.deepEqual(page.now(), range(3));
      page.checkShown();
    });
  }

  test("what the server refuses goes, and what was called after it stays", async (t) => {
    const { client, proxy } = await connect(t, server);
    proxy.delay = () => 3;
    const page = new OptimisticPage(client);
    await page.first();
    const calls = [page.add(0), page.refuse(1), page.add(2)];
    assert.deepEqual(page.now(), [0, 1, 2]);
    await Promise.all(calls);
    assert.deepEqual(page.now(), [0, 2]);
    page.checkShown();
  });

  test("what is done offline is shown, with what others did meanwhile when it is sent", async (t) => {
    const { client, proxy } = await connect(t, server);
    const page = new OptimisticPage(client);
    await page.first();
    proxy.refusals = Infinity;
    proxy.cutAll();
    await untilState(client, "disconnected");
    const calls = [page.add(10), page.add(11)];
    assert.deepEqual(page.now(), [10, 11]);
    await server.run("list:add", { by: page.by, n: 5 });
    proxy.refusals = 0;
    assert.deepEqual(await Promise.all(calls), [1, 2]);
    assert.deepEqual(page.now(), [5, 10, 11]);
    page.checkShown();
  });

  test("two pages that write into one list each see their own at once", async (t) => {
    const one = await connect(t, server);
    const two = await connect(t, server);
    for (const { proxy } of [one, two]) proxy.delay = () => 1;
    const by = newName();
    const pages = [
      new OptimisticPage(one.client, "list:of", by),
      new OptimisticPage(two.client, "list:of", by),
    ];
    await Promise.all(pages.map((page) => page.first()));
    await Promise.all(range(6).map((n) => pages[n % 2].add(n)));
    for (const page of pages) {
      await until("all of them", () => page.now().length === 6);
      page.checkShown();
    }
    assert.deepEqual(pages[0].now(), pages[1].now());
  });

  test("random cuts and delays make nothing flicker", async (t) => {
    const schedule = async (seed) => {
      const random = makeRandom(seed);
      const { client, proxy } = await connect(t, server);
      let cuts = 0;
      proxy.delay = () => (random() < 0.3 ? random() * 3 : 0);
      proxy.onFrame = () => {
        if (cuts >= 4 || random() > 0.1) return undefined;
        cuts += 1;
        return random() < 0.5 ? "cut before" : "cut after";
      };
      const page = new OptimisticPage(client);
      await page.first();
      const calls = [];
      for (const n of range(5)) {
        calls.push(random() < 0.25 ? page.refuse(n) : page.add(n));
        if (random() < 0.5) await calls.at(-1);
      }
      await Promise.all(calls);
      const kept = page.called.filter((n) => !page.refused.includes(n));
      await until("the final list", () => String(page.now()) === String(kept));
      page.checkShown();
      client.close();
    };
    const seeds = range(30);
    const work = async () => {
      for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) {
        await schedule(seed).catch((error) => {
          throw new Error(`seed ${seed}: ${error.message}`);
        });
      }
    };
    await Promise.all(range(10).map(work));
  });
});

// --- what outlives a page ------------------------------------------------------------------------
/** A disk for one origin: what an adapter and a mutation store of one's own look like. */
function makeDisk() {
  const results = new Map();
  const mutations = new Map();
  return {
    results,
    mutations,
    options: {
      persistence: {
        getAll: async () => new Map(results),
        set: async (key, entry) => void results.set(key, structuredClone(entry)),
        delete: async (key) => void results.delete(key),
        clear: async () => results.clear(),
      },
      mutationStore: {
        getAll: async () => [...mutations.values()],
        put: async (one) => void mutations.set(`${one.client} ${one.id}`, structuredClone(one)),
        delete: async (client, id) => void mutations.delete(`${client} ${id}`),
        clear: async () => mutations.clear(),
      },
    },
  };
}

describe("what outlives a page", { concurrency: 4 }, () => {
  test("cached results are there before the network is, and stale until confirmed", async (t) => {
    const disk = makeDisk();
    const proxy = await Proxy.start(server.port);
    t.after(() => proxy.stop());
    const by = newName();
    const first = openClient(t, proxy, disk.options);
    await first.init();
    const list = show(first, "list:of", { by });
    await first.mutation("list:add", { by, n: 0 });
    await until("the list", () => list.now()?.length === 1);
    await until("the cache", () => disk.results.get(list.key)?.result.length === 1);
    first.close();

    proxy.refusals = Infinity;
    const second = openClient(t, proxy, disk.options);
    await second.init();
    const again = show(second, "list:of", { by });
    assert.deepEqual(again.now(), [0]);
    assert.equal(second.hasServerResult(again.key), false);
    await server.run("list:add", { by, n: 1 });
    proxy.refusals = 0;
    await until("the confirmation", () => second.hasServerResult(again.key));
    assert.deepEqual(again.now(), [0, 1]);
  });

  for (const [where, verdict, matches] of kCuts.slice(0, 6)) {
    test(`mutations whose page ends ${where} are done once by the next page`, async (t) => {
      const disk = makeDisk();
      const proxy = await Proxy.start(server.port);
      t.after(() => proxy.stop());
      const by = newName();
      const first = openClient(t, proxy, disk.options);
      await first.init();
      await show(first, "list:of", { by }).first();
      // The network goes with the page.
      proxy.onFrame = (seen) => {
        if (!matches(seen)) return undefined;
        proxy.refusals = Infinity;
        return verdict;
      };
      const calls = range(3).map((n) => first.mutation("list:add", { by, n }));
      const codes = calls.map((call) => call.catch((error) => error.code));
      await until("the end of the network", () => proxy.refusals > 0);
      await untilState(first, "disconnected");
      await until("the calls on disk", () => disk.mutations.size >= 2);
      first.close();
      await Promise.all(codes);

      proxy.onFrame = () => undefined;
      proxy.refusals = 0;
      const second = openClient(t, proxy, disk.options);
      await second.init();
      assert.equal(await second.mutation("list:add", { by, n: 3 }), 3, "after those before it");
      assert.deepEqual(await server.query("list:of", { by }), range(4));
      await until("the empty disk", () => disk.mutations.size === 0);
    });
  }
});

// --- pages of a list, and what was rendered before --------------------------------------------------
describe("lists", { concurrency: 4 }, () => {
  const numbers = (query) => query.getSnapshot().results.map((row) => row.n);

  test("pages come back whole after cuts, without gaps and doubles", async (t) => {
    const { client, proxy } = await connect(t, server);
    const by = newName();
    for (const n of range(12)) await server.run("list:add", { by, n });
    const pages = new PaginatedQuery(client, "list:page", { by }, { initialNumItems: 4 });
    const shown = [];
    const stop = pages.subscribe(() => shown.push(numbers(pages)));
    t.after(stop);
    await until("the first page", () => pages.getSnapshot().status === "CanLoadMore");
    assert.deepEqual(numbers(pages), range(4));
    proxy.once("cut before", isDown("result"));
    pages.getSnapshot().loadMore(4);
    await until("the second page", () => numbers(pages).length === 8);
    proxy.refusals = 2;
    proxy.cutAll();
    await server.run("list:add", { by, n: 12 });
    pages.getSnapshot().loadMore(10);
    await until("the end", () => pages.getSnapshot().status === "Exhausted");
    await until("all rows", () => numbers(pages).length === 13);
    assert.deepEqual(numbers(pages), range(13));
    await server.run("list:add", { by, n: 13 });
    await until("the new row", () => numbers(pages).at(-1) === 13);
    for (const list of shown) assert.deepEqual(list, range(list.length), "no gap, no double");
  });

  test("a preloaded result is shown at once and goes on live", async (t) => {
    const proxy = await Proxy.start(server.port);
    t.after(() => proxy.stop());
    const by = newName();
    await server.run("list:add", { by, n: 0 });
    const preloaded = await preloadQuery(proxy.url, "list:of", { by });
    assert.deepEqual(preloaded, { _fn: "list:of", _args: { by }, _result: [0] });
    proxy.refusals = 3;
    const client = openClient(t, proxy);
    client.hydrate(JSON.parse(JSON.stringify(preloaded)));
    const list = show(client, "list:of", { by });
    assert.deepEqual(list.now(), [0]);
    assert.equal(client.hasServerResult(list.key), true);
    await client.mutation("list:add", { by, n: 1 });
    await until("the next result", () => list.now().length === 2);
    assert.ok(list.values.every((value) => value !== undefined && value.length > 0));
  });

  test("preloading fails with the server's code, and names a wrong URL", async (t) => {
    const { proxy } = await connect(t, server);
    await assert.rejects(preloadQuery(proxy.url, "list:none"), { code: "not_found" });
    await assert.rejects(preloadQuery(proxy.url, "list:add", {}), { code: "bad_request" });
    await assert.rejects(preloadQuery(proxy.url.replace("/ws", ""), "list:of"), /\/ws/);
    proxy.refusals = 1;
    proxy.cutAll();
    await assert.rejects(preloadQuery(proxy.url, "list:of", { by: "x" }));
  });
});

// --- answers, and results that are behind them ---------------------------------------------------
// A mutation that is answered on the next connection resolves although the subscriptions that were
// renewed there have not had their first result: the page still shows what was before the cut.
test("an answer that is repeated after a cut does not go before the results", async (t) => {
  const { client, proxy } = await connect(t, server);
  const by = newName();
  const shown = range(30).map((k) => show(client, "list:one", { by, k }));
  await Promise.all(shown.map(({ first }) => first()));
  for (const n of range(8)) {
    proxy.once("cut before", ({ frame }) => frame.type === "mutationResult");
    assert.equal(await client.mutation("list:add", { by, n }), n);
    assert.deepEqual(
      shown.map(({ now }) => now()),
      range(30).map((k) => k + n + 1),
    );
  }
});

test("an answer that is repeated after a cut waits for results that take long", async (t) => {
  const { client, proxy } = await connect(t, server);
  const by = newName();
  const slow = show(client, "list:slow", { by });
  await slow.first();
  for (const n of range(3)) {
    proxy.once("cut before", ({ frame }) => frame.type === "mutationResult");
    assert.equal(await client.mutation("list:add", { by, n }), n);
    // What is shown is from before the cut, so it would be old, not late.
    assert.deepEqual(slow.now(), range(n + 1));
  }
});

// An update of a late subscription may be older than the mutations that named it as late (its run
// had begun before them). The server says so, or the client would drop their layers.
test("an update that came too early for a later mutation makes nothing flicker", async (t) => {
  const { client } = await connect(t, server);
  const page = new OptimisticPage(client, "list:slow");
  await page.first();
  await Promise.all(range(5).map((n) => page.add(n)));
  await until("the list", async () => {
    await client.action("acts:add", { by: newName(), n: 0 });
    return page.now().length === 5;
  });
  page.checkShown();
});
