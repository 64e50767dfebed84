// Moonstone. Licence: see LICENSE.
// User functions that misbehave (reliability.md, list A, runtime faults), end to end: the
// documented error, others served meanwhile, and nothing left behind however often it happens.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { project } from "./lib/fixture.mjs";
import { assertAlive, assertNoGrowth } from "./lib/hostile.mjs";
import { makeFolder, Server } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kFaults = `
import { query, mutation } from "./_generated/server";
const kept: any[] = [];
let count = 0;
const faults: Record<string, (a: any) => any> = {
  "deep recursion": () => { const f = (n: number): number => f(n + 1) + 1; return f(0); },
  "a huge array": () => new Array(4e9).fill(0),
  "an array that grows": () => { const all: any[] = []; for (;;) all.push(all.length, {}); },
  "an array of no elements": () => { const all: any[] = []; all.length = 2 ** 32 - 1; return all; },
  "a throwing getter": () => ({ get a() { throw new Error("a getter threw"); } }),
  "a throwing proxy": () => new Proxy({}, { ownKeys() { throw new Error("a proxy threw"); } }),
  "a throwing toString": () => { throw { toString() { throw new Error("inner"); } }; },
  "a promise that never settles": () => new Promise(() => {}),
  "a thenable that never settles": () => ({ then() {} }),
  "a microtask chain": async () => { for (;;) await 0; },
  "a recursive microtask": () => { const f = (): any => Promise.resolve().then(f); return f(); },
  "regex back-tracking": () => /^(a+)+$/.test("a".repeat(60) + "b"),
  "a replace without end": () => "a".repeat(30).replace(/(a*)*b/g, "x"),
  "an endless loop": () => { for (;;); },
  "a loop that catches": () => { for (;;) { try { for (;;); } catch { continue; } } },
  "an endless generator": () => [...(function* () { for (;;) yield 1; })()],
  "an endless sort": () => [2, 1].sort(() => { for (;;); }),
  "a string that doubles": () => { let s = "x"; for (;;) s += s; },
  "buffers": () => { const all: any[] = []; for (;;) all.push(new Uint8Array(1 << 20)); },
  "JSON without end": () => { const deep: any[] = []; let at = deep; for (let i = 0; i < 1e5; i++) { const next: any[] = []; at.push(next); at = next; } return deep; },
  "a bigint of a million digits": () => String(10n ** 4000000n).length,
};
export const names = query({ args: {}, handler: async () => Object.keys(faults) });
export const q = query({ args: {}, handler: async (_: any, a: any) => await faults[a.what](a) });
export const m = mutation({
  args: {},
  handler: async (ctx: any, a: any) => {
    await ctx.db.insert("log", { text: "fault " + a.what });
    return await faults[a.what](a);
  },
});
export const hoard = query({
  args: {},
  handler: async (_: any, a: any) => { kept.push(new Array(a.n).fill(kept.length)); return kept.length; },
});
export const spoil = query({
  args: {},
  handler: async () => {
    count += 1;
    const spoiled: string[] = [];
    const attempts: [string, () => void][] = [
      ["global", () => { (globalThis as any).mine = (Number((globalThis as any).mine) || 0) + 1; }],
      ["Math.random", () => { Math.random = () => 0.5; }],
      ["Date.now", () => { Date.now = () => 7; }],
      ["Object.prototype", () => { (Object.prototype as any).evil = true; }],
      ["ctx", () => { (Array.prototype as any).push = () => 0; }],
    ];
    for (const [name, attempt] of attempts) { try { attempt(); spoiled.push(name); } catch {} }
    return spoiled;
  },
});
export const pure = query({
  args: {},
  handler: async () => ({
    evil: ({} as any).evil ?? null,
    random: Math.random() !== 0.5 || Math.random() !== 0.5,
    now: Date.now() > 1e12,
    push: (() => { const a = [1]; a.push(2); return a.length; })(),
  }),
});
`;
let server;
let socket;
before(async () => {
  server = await Server.start(
    makeFolder({ ...project(), "moonstone/faults.ts": kFaults }, "runtime"),
    {
      env: {
        MOONSTONE_LIMITS_RUN_MS: "80",
        MOONSTONE_LIMITS_HEAP_MIB: "32",
        MOONSTONE_LIMITS_BUFFER_MIB: "16",
        MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0",
      },
    },
  );
  socket = await Socket.open(server);
});
after(async () => {
  socket?.ws.terminate();
  await server?.stop();
});

// What a call has waited for is a part of its time.
const kStopped = /ran longer than \d+ ms and was stopped$/;
const kNoRoom = /(ran longer than \d+ ms|used more than \d+ MiB of memory) and was stopped$/;
const kNothingResolves = /awaits something that nothing can resolve/;
/** The documented end of each fault; a machine that is busy may stop any of them for its time. */
const kEnds = {
  "deep recursion": /^Maximum call stack size exceeded$/,
  "a huge array": /^fill: a length above \d+ is not supported/,
  "an array that grows": kNoRoom,
  "an array of no elements": /^Invalid string length$/,
  "a throwing getter": /^a getter threw$/,
  "a throwing proxy": /^a proxy threw$/,
  "a throwing toString": /^Unknown error$/,
  "a promise that never settles": kNothingResolves,
  "a thenable that never settles": kNothingResolves,
  "a microtask chain": kStopped,
  "a recursive microtask": kNoRoom,
  "regex back-tracking": kStopped,
  "a replace without end": kStopped,
  "an endless loop": kStopped,
  "a loop that catches": kStopped,
  "an endless generator": kNoRoom,
  "an endless sort": kStopped,
  "a string that doubles": /^Invalid string length$/,
  buffers: /^Array buffer allocation failed$/,
  "JSON without end": /nested|deep|call stack|and was stopped$/,
  "a bigint of a million digits": kStopped,
};

test("every fault of a query ends in its error, and others are served meanwhile", async () => {
  assert.deepEqual(await server.query("faults:names"), Object.keys(kEnds));
  for (const [what, end] of Object.entries(kEnds)) {
    const reply = socket.query("faults:q", { what });
    await assertAlive(server);
    const { type, code, message } = await reply;
    assert.deepEqual([type, code], ["error", "execution_error"], what);
    assert.ok(end.test(message) || kStopped.test(message), `${what}: ${message}`);
  }
});
test("every fault of a mutation writes nothing, and the next one works", async () => {
  const rows = (await server.query("flow:said")).length;
  for (const what of Object.keys(kEnds)) {
    const { type } = await socket.mutation("faults:m", { what });
    assert.equal(type, "error", what);
  }
  assert.equal((await server.query("flow:said")).length, rows);
  assert.equal((await socket.mutation("flow:say", { text: "next" })).type, "mutationResult");
});
test("faults that come again and again leave nothing behind", { timeout: 120_000 }, async () => {
  const kRepeated = [
    "an array that grows",
    "buffers",
    "a promise that never settles",
    "a recursive microtask",
    "deep recursion",
  ];
  await assertNoGrowth(
    server,
    async () => {
      for (const what of kRepeated) {
        assert.equal((await socket.query("faults:q", { what })).type, "error", what);
        assert.equal((await socket.mutation("faults:m", { what })).type, "error", what);
      }
    },
    // V8 gives back what filled a heap (64 MiB) when it likes; a heap that stays would show.
    { rounds: 4, noise: 64 << 20 },
  );
});
test("what a module hoards is bounded", async () => {
  await assertNoGrowth(
    server,
    async (round) => {
      for (let i = 0; i < 20; i++)
        await socket.query("faults:hoard", { n: 300_000 }, `h${round}.${i}`);
    },
    { rounds: 4, noise: 24 << 20 },
  );
  assert.equal((await socket.query("lab:echo", { x: "goes on" })).result, "goes on");
});
test("what a call does to its globals is not seen by the next", async () => {
  for (let i = 0; i < 5; i++) await server.query("faults:spoil");
  for (let i = 0; i < 5; i++)
    assert.deepEqual(await server.query("faults:pure"), {
      evil: null,
      random: true,
      now: true,
      push: 2,
    });
});
