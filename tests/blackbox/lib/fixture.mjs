// Moonstone. Licence: see LICENSE.
// The fixture project. `lab.ts` interprets small JSON programs, so that a test is one line of a
// table; a value that JSON cannot carry is written {"@": kind, v: ...} on both ways.

export const kValidators = {
  str: "v.string()",
  num: "v.number()",
  f64: "v.float64()",
  i64: "v.int64()",
  bool: "v.boolean()",
  nul: "v.null()",
  any: "v.any()",
  id: 'v.id("items")',
  lits: 'v.literal("a")',
  litn: "v.literal(42)",
  litb: "v.literal(true)",
  obj: "v.object({ a: v.string(), b: v.optional(v.number()) })",
  arr: "v.array(v.number())",
  opt: "v.optional(v.string())",
  uni: "v.union(v.string(), v.number())",
  unil: 'v.union(v.literal("a"), v.literal("b"))',
  uninull: "v.union(v.string(), v.null())",
  unimix: "v.union(v.number(), v.string(), v.boolean(), v.null())",
  optnull: "v.optional(v.union(v.string(), v.null()))",
  optany: "v.optional(v.any())",
  rec: "v.record(v.string(), v.number())",
  reck: 'v.record(v.union(v.literal("a"), v.literal("b")), v.number())',
  bytes: "v.bytes()",
  optnum: "v.optional(v.number())",
  nest: "v.array(v.object({ a: v.array(v.union(v.string(), v.null())) }))",
};

const kValues = `
export function dec(x: any): any {
  if (Array.isArray(x)) return x.map(dec);
  if (x === null || typeof x !== "object") return x;
  switch (x["@"]) {
    case undefined: {
      const out: any = {};
      for (const k of Object.keys(x)) out[k] = dec(x[k]);
      return out;
    }
    case "undef": return undefined;
    case "nan": return NaN;
    case "inf": return Infinity;
    case "-inf": return -Infinity;
    case "-0": return -0;
    case "big": return BigInt(x.v);
    case "buf": return new Uint8Array(x.v).buffer;
    case "u8": return new Uint8Array(x.v);
    case "slice": return new Uint8Array([9, 9, ...x.v, 9]).subarray(2, 2 + x.v.length);
    case "date": return new Date(x.v);
    case "map": return new Map();
    case "fn": return () => 1;
    case "sym": return Symbol("s");
    case "tojson": return { toJSON() { return x.v; } };
    case "cycle": { const o: any = {}; o.o = o; return o; }
    case "deep": { let o: any = 1; for (let i = 0; i < x.v; i++) o = [o]; return o; }
    case "long": return "x".repeat(x.v);
    case "getter": return { get a() { throw new Error("getter"); } };
  }
  throw new Error("unknown value " + x["@"]);
}
export function show(x: any): any {
  if (x === undefined) return { "@": "undef" };
  if (typeof x === "bigint") return { "@": "big", v: String(x) };
  if (typeof x === "number") {
    if (x !== x) return { "@": "nan" };
    if (x === Infinity) return { "@": "inf" };
    if (x === -Infinity) return { "@": "-inf" };
    if (Object.is(x, -0)) return { "@": "-0" };
    return x;
  }
  if (x === null || typeof x !== "object") return x;
  if (Array.isArray(x)) return x.map(show);
  if (x instanceof ArrayBuffer) return { "@": "buf", v: [...new Uint8Array(x)] };
  if (ArrayBuffer.isView(x)) return { "@": "view", v: [...new Uint8Array(x.buffer)] };
  if (x instanceof Map) return { "@": "map", v: [...x].map(([k, y]) => [k, show(y)]) };
  const out: any = {};
  for (const k of Object.keys(x)) out[k] = show(x[k]);
  return out;
}
function expr(q: any, e: any): any {
  if (!Array.isArray(e)) return dec(e);
  const [op, ...rest] = e;
  if (op === "field") return q.field(rest[0]);
  return q[op](...rest.map((x: any) => expr(q, x)));
}
export function build(ctx: any, p: any): any {
  let b = ctx.db.query(p.table);
  for (const [op, ...rest] of p.steps ?? []) {
    if (op === "withIndex") {
      const [name, range, mode] = rest;
      b = range === undefined ? b.withIndex(name) : b.withIndex(name, (q: any) => {
        let r = q;
        for (const [o, f, x] of range) r = r[o](f, dec(x));
        return mode === "void" ? undefined : r;
      });
    } else if (op === "filter") {
      b = b.filter((q: any) => expr(q, rest[0]));
    } else {
      b = b[op](...rest.map(dec));
    }
  }
  return b;
}
export async function finish(ctx: any, p: any): Promise<any> {
  const [end, ...rest] = p.end ?? ["collect"];
  return await build(ctx, p)[end](...rest.map(dec));
}
`;

const kLab = (style) => `
import { query, mutation, internalQuery, internalMutation } from "./_generated/server";
import { v } from "${style}";
import { dec, show, build, finish } from "./_values";

/** One builder program; the result shows what JSON would hide. */
export const q = query({ args: {}, handler: async (ctx: any, a: any) => show(await finish(ctx, a)) });
/** The same as it reaches a client. */
export const raw = query({ args: {}, handler: async (ctx: any, a: any) => await finish(ctx, a) });
/** Names only, the short form of most tests. */
export const names = query({
  args: {},
  handler: async (ctx: any, a: any) => (await finish(ctx, a)).map((d: any) => d.name),
});
/** Counts its own runs through the random source: every run gives another value. */
export const probe = query({
  args: {},
  handler: async (ctx: any, a: any) => ({ value: show(await finish(ctx, a)), run: Math.random() }),
});
export const get = query({ args: {}, handler: async (ctx: any, a: any) => show(await ctx.db.get(...a.ids)) });
export const probeGet = query({
  args: {},
  handler: async (ctx: any, a: any) => ({ doc: await ctx.db.get(a.id), run: Math.random() }),
});
export const getMany = query({
  args: {},
  handler: async (ctx: any, a: any) => show(await ctx.db.getMany(...a.ids)),
});
export const has = query({
  args: {},
  handler: async (ctx: any, a: any) => {
    const from: any = a.on === "ctx" ? ctx : a.on === "builder" ? ctx.db.query("items") : ctx.db;
    return typeof from[a.member];
  },
});
export const hasInMutation = mutation({
  args: {},
  handler: async (ctx: any, a: any) => typeof (a.on === "ctx" ? ctx : ctx.db)[a.member],
});
export const writeInQuery = query({
  args: {},
  handler: async (ctx: any) => await ctx.db.insert("items", { name: "x" }),
});
/** Several steps of one mutation; {"@":"ref",i} is the result of step i. */
export const m = mutation({
  args: {},
  handler: async (ctx: any, a: any) => {
    const results: any[] = [];
    const refs = (x: any): any => {
      if (Array.isArray(x)) return x.map(refs);
      if (x === null || typeof x !== "object") return x;
      if (x["@"] === "ref") return results[x.i];
      if ("@" in x) return dec(x);
      const out: any = {};
      for (const k of Object.keys(x)) out[k] = refs(x[k]);
      return out;
    };
    for (const step of a.steps) {
      const [op, ...rest] = step.op ?? step;
      try {
        if (op === "query") results.push(await finish(ctx, refs(rest[0])));
        else if (op === "throw") throw new Error(rest[0]);
        else if (op === "swallow") results.push(await (ctx.db as any)[rest[0]](...refs(rest.slice(1))).catch((e: any) => e.message));
        else results.push(await (ctx.db as any)[op](...refs(rest)));
      } catch (e: any) {
        if (!step.try) throw e;
        results.push({ error: e.message });
      }
    }
    return results.map(show);
  },
});
export const echo = query({ args: {}, handler: async (_: any, a: any) => a.x });
export const ret = query({ args: {}, handler: async (_: any, a: any) => dec(a.x) });
export const retm = mutation({ args: {}, handler: async (_: any, a: any) => dec(a.x) });
export const keys = query({
  args: {},
  handler: async (_: any, a: any) => ({ own: Object.keys(a), proto: ({} as any).polluted ?? null }),
});
export const insert = mutation({
  args: {},
  handler: async (ctx: any, a: any) => await ctx.db.insert(a.table, dec(a.doc)),
});
export const count = query({
  args: { table: v.string() },
  handler: async (ctx: any, a: any) => (await ctx.db.query(a.table).collect()).length,
});
export const hiddenQ = internalQuery({ args: {}, handler: async () => "hidden" });
export const hiddenM = internalMutation({ args: {}, handler: async () => "hidden" });
export const typed = query({ args: { x: v.string() }, handler: async (_: any, a: any) => a.x });
export const typedOpt = query({
  args: { x: v.optional(v.string()) },
  handler: async (_: any, a: any) => Object.keys(a),
});
export const order = query({
  args: { a: v.string(), b: v.number(), c: v.optional(v.string()) },
  handler: async () => "ok",
});
export const notAFunction = 5;
export const duck = { _type: "query", handler: async () => "duck" };
`;

const kFlow = (style) => `
import { query, mutation } from "./_generated/server";
import { v } from "${style}";
const seen: any[] = [];
export const time = query({
  args: {},
  handler: async () => {
    const a = Date.now();
    let x = 0;
    for (let i = 0; i < 3e6; i++) x += i % 7;
    await null;
    const p: any = (globalThis as any).performance;
    const p1 = p ? p.now() : 0;
    for (let i = 0; i < 1e6; i++) x += i % 7;
    return {
      same: a === Date.now() && new Date().getTime() === a && (!p || p.now() === p1),
      now: a,
      text: new Date().toISOString() === new Date(a).toISOString(),
      x,
    };
  },
});
export const timem = mutation({
  args: {},
  handler: async (ctx: any) => {
    const a = Date.now();
    let x = 0;
    for (let i = 0; i < 3e6; i++) x += i % 7;
    return { same: a === Date.now(), x };
  },
});
export const random = query({
  args: {},
  handler: async () => [Math.random(), Math.random(), Math.random()],
});
export const globals = query({
  args: {},
  handler: async (_: any, a: any) => a.names.map((n: string) => typeof (globalThis as any)[n]),
});
export const attempt = query({
  args: {},
  handler: async (_: any, a: any) => {
    const g: any = globalThis;
    try {
      switch (a.what) {
        case "fetch": return { ok: await g.fetch("http://127.0.0.1:1/") };
        case "setTimeout": return { ok: g.setTimeout(() => 1, 0) };
        case "setInterval": return { ok: g.setInterval(() => 1, 10) };
        case "eval": return { ok: g.eval("1+1") };
        case "directEval": return { ok: eval("1+1") };
        case "Function": return { ok: new g.Function("return 2")() };
        case "ctor": return { ok: (() => 1).constructor("return 2")() };
        case "asyncCtor": return { ok: await ((async () => 1) as any).constructor("return 2")() };
        case "require": return { ok: g.require("fs") };
        case "process": return { ok: g.process.env };
        case "import": return { ok: await (g.importer ?? ((n: string) => import(n)))("fs") };
      }
    } catch (e: any) {
      return { error: String(e && e.message) };
    }
    return { error: "no such case" };
  },
});
export const pollute = query({
  args: {},
  handler: async () => {
    const done: string[] = [];
    const tries: [string, () => void][] = [
      ["object", () => { (Object.prototype as any).polluted = 1; }],
      ["array", () => { (Array.prototype as any).polluted = 1; }],
      ["map", () => { Array.prototype.map = (() => ["evil"]) as any; }],
      ["json", () => { JSON.stringify = (() => "evil") as any; }],
      ["date", () => { Date.now = () => 5; }],
      ["promise", () => { Promise.prototype.then = (() => 1) as any; }],
    ];
    for (const [n, f] of tries) { try { f(); } catch { done.push(n); } }
    return done.length;
  },
});
export const clean = query({
  args: {},
  handler: async () => ({
    object: ({} as any).polluted ?? null,
    array: ([] as any).polluted ?? null,
    map: [1].map((x) => x + 1),
    json: JSON.stringify({ a: 1 }),
    date: Date.now() > 1e12,
  }),
});
async function runaway(what: string, ctx: any): Promise<any> {
  switch (what) {
    case "loop": for (;;) {}
    case "micro": for (;;) await 0;
    case "regex": return /^(a+)+$/.test("a".repeat(60) + "b");
    case "heap": { const all: any[] = []; for (;;) all.push(new Array(1000).fill({ a: all.length })); }
    case "string": { let s = "x"; for (;;) s = s + s + all1(s); }
    case "buffer": return new ArrayBuffer(4 * 1024 * 1024 * 1024).byteLength;
    case "buffers": { const all: any[] = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); }
    case "never": return await new Promise(() => {});
    case "recursion": { const f = (n: number): number => f(n + 1) + 1; return f(0); }
    case "callback": return await ctx.db.query("items").filter((q: any) => { for (;;) {} }).collect();
    case "indexCallback": return await ctx.db.query("items").withIndex("by_rank", (q: any) => { for (;;) {} }).collect();
    case "catch": for (;;) { try { for (;;) {} } catch { continue; } }
    case "finally": try { for (;;) {} } finally { for (;;) {} }
    case "getter": return { get a() { for (;;) {} } };
    case "toJSON": return { toJSON() { for (;;) {} } };
    case "huge": return "x".repeat(64 << 20);
    case "rejected": Promise.reject(new Error("nobody listens")); return "fine";
    case "sort": return [3, 1, 2].sort(() => { for (;;) {} });
    case "proxy": return new Proxy({}, { ownKeys() { for (;;) {} } });
  }
}
function all1(s: string) { return s.length > 1e8 ? JSON.stringify([s]) : ""; }
export const runawayQ = query({ args: {}, handler: async (ctx: any, a: any) => await runaway(a.what, ctx) });
export const runawayM = mutation({
  args: {},
  handler: async (ctx: any, a: any) => {
    await ctx.db.insert("log", { text: "runaway " + a.what });
    return await runaway(a.what, ctx);
  },
});
export const topLevelLater = query({ args: {}, handler: async () => seen.length });
export const fail = query({
  args: {},
  handler: async (_: any, a: any) => {
    switch (a.what) {
      case "error": throw new Error("plain");
      case "type": return (undefined as any).x;
      case "sub": { class MyError extends Error { name = "MyError"; } throw new MyError("sub"); }
      case "string": throw "text";
      case "number": throw 5;
      case "null": throw null;
      case "undefined": throw undefined;
      case "object": throw { message: "fake" };
      case "empty": throw new Error("");
      case "getter": { const e = new Error("x"); Object.defineProperty(e, "message", { get() { throw new Error("inner"); } }); throw e; }
      case "messageObject": { const e: any = new Error("x"); e.message = { a: 1 }; throw e; }
      case "long": throw new Error("x".repeat(1 << 20));
      case "unicode": throw new Error("\\u00e4\\u{1F600}");
      case "reject": return await Promise.reject(new Error("rejected"));
    }
  },
});
export const sync = query({ args: {}, handler: ((_: any, a: any) => "sync " + a.n) as any });
export const later = query({
  args: {},
  handler: async () => await Promise.all([1, 2, 3].map(async (x) => { await null; return x * 2; })),
});
export const say = mutation({
  args: { text: v.string() },
  handler: async (ctx: any, a: any) => await ctx.db.insert("log", { text: a.text }),
});
export const said = query({
  args: {},
  handler: async (ctx: any) => (await ctx.db.query("log").collect()).map((d: any) => d.text),
});
export const sayThenFail = mutation({
  args: { text: v.string() },
  handler: async (ctx: any, a: any) => {
    await ctx.db.insert("log", { text: a.text });
    throw new Error("after the insert");
  },
});
/** Fails while a row says so. */
export const moody = query({
  args: {},
  handler: async (ctx: any) => {
    const rows = await ctx.db.query("log").filter((q: any) => q.eq(q.field("text"), "moody")).collect();
    if (rows.length % 2 === 1) throw new Error("bad mood");
    return rows.length;
  },
});
`;

const kBuilderStyle = (style) => `
import { query, mutation, internalQuery } from "./_generated/server";
import { v } from "${style}";
export const plain = query.query(async ({ ctx, args }: any) => Object.keys(ctx).includes("db") && args !== undefined);
export const input = query.input({ n: v.number() }).query(async ({ args }: any) => args.n + 1);
const base = query.input({ a: v.string() });
export const immutable1 = base.input({ b: v.string() }).query(async ({ args }: any) => args.a + args.b);
export const immutable2 = base.query(async ({ args }: any) => args.a);
export const later = base.input({ a: v.number() }).query(async ({ args }: any) => args.a * 2);
export const use = query
  .input({ n: v.number() })
  .use(async ({ ctx, next }: any) => next({ ctx: { trail: [...(ctx.trail ?? []), "one"] } }))
  .use(async ({ ctx, next }: any) => next({ ctx: { trail: [...ctx.trail, "two"] } }))
  .query(async ({ ctx, args }: any) => ({ trail: ctx.trail, n: args.n, db: typeof ctx.db.query }));
export const refuse = query
  .use(async () => { throw new Error("not for you"); })
  .query(async () => 1);
export const twice = query
  .use(async ({ next }: any) => { await next(); return await next(); })
  .query(async () => 1);
export const output = query.input({ x: v.any() }).output(v.object({ n: v.number() })).query(async ({ args }: any) => args.x);
export const write = mutation.input({ text: v.string() }).mutation(async ({ ctx, args }: any) => await ctx.db.insert("log", { text: args.text }));
export const writeUse = mutation
  .input({ text: v.string() })
  .use(async ({ ctx, next }: any) => { await ctx.db.insert("log", { text: "mw" }); return await next(); })
  .output(v.string())
  .mutation(async ({ ctx, args }: any) => { if (args.text === "bad") throw new Error("bad text"); await ctx.db.insert("log", { text: args.text }); return args.text; });
export const hidden = internalQuery.query(async () => "hidden");
`;

function schema(style) {
  const tables = Object.entries(kValidators)
    .map(([name, text]) => `  t_${name}: defineTable({ x: ${text} }),`)
    .join("\n");
  return `
import { defineSchema, defineTable, v } from "${style}";
export const schema = defineSchema({
  items: defineTable({
    name: v.string(),
    rank: v.optional(v.number()),
    flag: v.optional(v.boolean()),
    tag: v.optional(v.string()),
    addr: v.optional(v.object({ city: v.string(), zip: v.optional(v.number()) })),
    tags: v.optional(v.array(v.string())),
    u: v.optional(v.union(v.number(), v.string(), v.boolean(), v.null())),
    big: v.optional(v.int64()),
    n: v.optional(v.union(v.string(), v.null())),
  })
    .index("by_rank", ["rank"])
    .index("by_tag_rank", ["tag", "rank"])
    .index("by_flag", ["flag"])
    .index("by_u", ["u"])
    .index("by_big", ["big"])
    .index("by_name", ["name"]),
  people: defineTable({ name: v.string(), age: v.number(), nick: v.optional(v.string()) }),
  log: defineTable({ text: v.string() }),
  keyed: defineTable({ zeta: v.number(), alpha: v.number(), "select": v.optional(v.string()), "order": v.optional(v.string()) })
    .index("order", ["order"]),
${tables}
});
`;
}

/** All files of the fixture, for the package name and the folder that go together. */
export function project(folder = "moonstone", style = "@moonstone/server") {
  const args = Object.entries(kValidators)
    .map(([n, t]) => `export const ${n} = query({ args: { x: ${t} }, handler: async () => "ok" });`)
    .join("\n");
  const rets = Object.entries(kValidators)
    .map(
      ([n, t]) =>
        `export const ${n} = query({ args: {}, returns: ${t}, handler: async (_: any, a: any) => { const x = dec(a.x); return a.show ? x : x; } });`,
    )
    .join("\n");
  const head = `import { query, mutation } from "./_generated/server";\nimport { v } from "${style}";\nimport { dec } from "./_values";\n`;
  return {
    [`${folder}/schema.ts`]: schema(style),
    [`${folder}/_values.ts`]: kValues,
    [`${folder}/lab.ts`]: kLab(style),
    [`${folder}/flow.ts`]: kFlow(style),
    [`${folder}/chain.ts`]: kBuilderStyle(style),
    [`${folder}/vargs.ts`]: head + args,
    [`${folder}/vrets.ts`]: head + rets,
    [`${folder}/utils/stats.ts`]: `import { query } from "../_generated/server";\nexport const two = query({ args: {}, handler: async () => 2 });\n`,
    [`${folder}/plain.js`]: `import { query } from "./_generated/server";\nexport const js = query({ args: {}, handler: async () => "js" });\n`,
    [`${folder}/types.d.ts`]: `export declare const nothing: number;\n`,
    [`${folder}/lab.test.ts`]: `throw new Error("a test file was loaded");\n`,
    [`${folder}/_private.ts`]: `import { query } from "./_generated/server";\nexport const secret = query({ args: {}, handler: async () => 1 });\n`,
  };
}
