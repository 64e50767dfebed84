// Moonstone. Licence: see LICENSE.
// What the client over a bad network does not do yet. No part of the suite: a test moves to
// client_network or client_optimistic when its defect is mended.
//
//   MOONSTONE_BIN=build/release/bin/moonstone node --test tests/blackbox/client_open_defects.mjs
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { connect, newName, OptimisticPage, show, startApp } from "./lib/network.mjs";
import { until } from "./lib/server.mjs";

let server;
before(async () => {
  server = await startApp({ MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0" });
});
after(() => server?.stop());

const range = (count) => Array.from({ length: count }, (_, n) => n);

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
// had begun before them). The client cannot tell, and drops their layers: what they showed vanishes
// until the next update. The server would have to say of an update that the subscription is late still.
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
