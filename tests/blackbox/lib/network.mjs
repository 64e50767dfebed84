// Moonstone. Licence: see LICENSE.
// What the tests of the client over a bad network share: the app, and clients behind a proxy.
import assert from "node:assert/strict";
import path from "node:path";
import WebSocket from "ws";
import { Proxy } from "./proxy.mjs";
import { kRoot, makeFolder, Server, until } from "./server.mjs";

const client = await import(path.join(kRoot, "packages/client/dist/index.js"));
export const { MoonstoneClient, PaginatedQuery, preloadQuery, QueryStore } = client;

/** With it the server checks tokens. */
export const kSecret = "0123456789abcdef0123456789abcdef";

const kFiles = {
  "moonstone.toml": "[auth]\nclock_skew_s = 0\n",
  "moonstone/schema.ts": `
import { defineSchema, defineTable, v } from "@moonstone/server";
export const schema = defineSchema({
  entries: defineTable({ by: v.string(), n: v.number() }).index("by_who", ["by"]),
});
`,
  "moonstone/list.ts": `
import { mutation, query, v } from "./_generated/server";
const rows = (ctx: any, by: string) =>
  ctx.db.query("entries").withIndex("by_who", (q: any) => q.eq("by", by));
const numbers = async (ctx: any, by: string) =>
  (await rows(ctx, by).collect()).map((row: any) => row.n);
/** The numbers that \`by\` has added, in the order in which they were applied. */
export const of = query({ args: { by: v.string() }, handler: (ctx, { by }) => numbers(ctx, by) });
export const count = query({ args: { by: v.string() }, handler: async (ctx, { by }) =>
  (await numbers(ctx, by)).length });
/** The same as \`of\`, but too slow for the common batch of its connection. */
export const slow = query({ args: { by: v.string() }, handler: async (ctx, { by }) => {
  const list = await numbers(ctx, by);
  for (let i = 0, sum = 0; i < 2e7; i++) sum += i;
  return list;
} });
export const one = query({ args: { by: v.string(), k: v.number() }, handler: async (ctx, { by, k }) =>
  k + (await numbers(ctx, by)).length });
/** Returns how many there were before. */
export const add = mutation({ args: { by: v.string(), n: v.number() }, handler: async (ctx, args) => {
  const before = await numbers(ctx, args.by);
  await ctx.db.insert("entries", args);
  return before.length;
} });
export const refuse = mutation({ args: { by: v.string(), n: v.number() }, handler: async (ctx, args) => {
  await ctx.db.insert("entries", args);
  throw new Error("refused " + args.n);
} });
export const page = query({
  args: { by: v.string(), cursor: v.optional(v.string()), numItems: v.optional(v.number()) },
  handler: (ctx, { by, cursor, numItems }) =>
    rows(ctx, by).paginate({ cursor: cursor ?? null, numItems: numItems ?? 10 }),
});
export const me = query({ args: {}, handler: async (ctx) =>
  (await ctx.auth.getUserIdentity())?.subject ?? null });
`,
  "moonstone/acts.ts": `
import { action, v } from "./_generated/server";
export const add = action({ args: { by: v.string(), n: v.number() }, handler: (ctx, args) =>
  ctx.runMutation("list:add", args) });
`,
};

/** The app on a server of its own. */
export function startApp(env = {}) {
  const root = makeFolder(kFiles, "network");
  return Server.start(root, { env: { MOONSTONE_AUTH_SECRET: kSecret, ...env } });
}

let lastName = 0;

/** A name under which only the asking test adds. */
export const newName = () => `who${++lastName}`;

/** A client behind a proxy of its own; both end with the test. */
export async function connect(t, server, options = {}) {
  const proxy = await Proxy.start(server.port);
  const client = openClient(t, proxy, options);
  t.after(() => proxy.stop());
  return { proxy, client };
}

/** A client that comes back quickly and never gives up. */
export function openClient(t, proxy, options = {}) {
  const client = new MoonstoneClient(proxy.url, {
    webSocket: WebSocket,
    backoff: { baseMs: 2, maxMs: 20, maxAttempts: Infinity },
    ...options,
  });
  t.after(() => client.close());
  return client;
}

/** Subscribes and keeps every value that a page would have shown, oldest first. */
export function show(client, fn, args) {
  const key = QueryStore.makeKey(fn, args);
  const values = [];
  const note = () => {
    const value = client.getQueryResult(key);
    if (value !== undefined && value !== values.at(-1)) values.push(value);
  };
  const stopWatching = client.watchQuery(key, note);
  const unsubscribe = client.subscribe(fn, args);
  note();
  const shown = {
    key,
    values,
    now: () => client.getQueryResult(key),
    first: () => until(`a result of ${fn}`, () => client.getQueryResult(key) !== undefined),
    stop: () => {
      stopWatching();
      unsubscribe();
    },
  };
  return shown;
}

/** A page that adds numbers and shows them at once; it keeps what it showed, and when. */
export class OptimisticPage {
  called = [];
  refused = [];
  /** `{ list, called, refused }` at every change of what is shown. */
  shown = [];

  constructor(client, fn = "list:of", by = newName()) {
    Object.assign(this, { client, fn, by });
    this.key = QueryStore.makeKey(fn, { by });
    client.watchQuery(this.key, () => this.note());
    client.subscribe(fn, { by });
  }

  now() {
    return this.client.getQueryResult(this.key);
  }

  first() {
    return until("the first result", () => this.now() !== undefined);
  }

  note() {
    const list = this.now();
    if (list === undefined) return;
    this.shown.push({ list, called: [...this.called], refused: [...this.refused] });
  }

  add(n, fn = "list:add") {
    const { by } = this;
    this.called.push(n);
    const optimisticUpdate = (store) => {
      const list = store.getQuery(this.fn, { by }) ?? [];
      store.setQuery(this.fn, { by }, [...list, n]);
    };
    return this.client.mutation(fn, { by, n }, { optimisticUpdate });
  }

  async refuse(n) {
    this.refused.push(n);
    await assert.rejects(this.add(n, "list:refuse"), { message: `refused ${n}` });
  }

  /** Everything that was called was shown from then on, once; what was refused may have gone. */
  checkShown() {
    for (const [i, { list, called, refused }] of this.shown.entries()) {
      const text = `showing ${i} of ${JSON.stringify(this.shown)}`;
      assert.equal(new Set(list).size, list.length, `doubled: ${text}`);
      for (const n of called) {
        if (!refused.includes(n)) assert.ok(list.includes(n), `${n} flickered: ${text}`);
      }
    }
  }
}

export const untilState = (client, state) =>
  until(`the state ${state}`, () => client.connectionState === state);

/** Numbers in [0, 1) that follow from a seed. */
export function makeRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
