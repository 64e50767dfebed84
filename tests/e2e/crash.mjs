import assert from "node:assert/strict";
import { connect, query, serve, smallApp } from "./lib/moonstone.mjs";
import { waitFor } from "./lib/wait.mjs";

const SCHEMA = `{ entries: defineTable({ number: v.number() }).index("by_number", ["number"]) }`;
const FUNCTIONS = `import { mutation, query, v } from "./_generated/server";
export const add = mutation({
  args: { number: v.number() },
  handler: (ctx, { number }) => ctx.db.insert("entries", { number }),
});
export const numbers = query({
  args: {},
  handler: async (ctx) => {
    const entries = await ctx.db.query("entries").withIndex("by_number").collect();
    return entries.map((entry) => entry.number);
  },
});
`;
const KILLS = 4;
const WRITES_PER_ROUND = 60;
const WRITES_BEFORE_KILL = 20;
const CLIENTS = 3;
const UNPACED = { MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0" };

export const test = {
  "kill -9 between writes: clients come back, every write is there once": async (t) => {
    const folder = smallApp(t, { schema: SCHEMA, functions: FUNCTIONS });
    let server = await serve(t, folder, { env: UNPACED });
    const clients = Array.from({ length: CLIENTS }, () => connect(t, server));
    let live;
    clients[0].subscribe("app:numbers", {}, (numbers) => (live = numbers));

    const acknowledged = new Set();
    let next = 0;
    for (let round = 0; round < KILLS; round++) {
      // Killed at an acknowledgement, not at a time: there are writes before it and after it.
      const enough = acknowledged.size + WRITES_BEFORE_KILL;
      let killed;
      const acknowledge = (number) => {
        acknowledged.add(number);
        if (acknowledged.size === enough) killed = server.end("SIGKILL");
      };
      const writes = Array.from({ length: WRITES_PER_ROUND }, () => {
        const number = next++;
        const written = clients[number % CLIENTS].mutation("app:add", { number });
        return written.then(() => acknowledge(number));
      });
      await waitFor("some acknowledged writes", () => killed);
      assert.equal(await killed, "SIGKILL");
      assert.ok(acknowledged.size < next, "nothing was under way when the server was killed");
      const atTheKill = new Set(acknowledged);

      server = await serve(t, folder, { port: server.port, env: UNPACED });
      const afterTheKill = new Set(await query(server, "app:numbers"));
      for (const number of atTheKill) assert.ok(afterTheKill.has(number), `${number} was lost`);
      await Promise.all(writes); // those without an answer are sent again by the clients
      assert.equal(acknowledged.size, next);
    }

    const everything = Array.from({ length: next }, (_, number) => number);
    assert.deepEqual(await query(server, "app:numbers"), everything);
    await waitFor("the live list", () => live?.length === next);
    assert.deepEqual(live, everything);
  },
};
