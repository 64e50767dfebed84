// Moonstone. Licence: see LICENSE.
// Kinds, naming, results, thrown values, determinism, the builder style and runaway functions
// (functions.md 2, 4; lunora.md 4; the foundation issue, point 5).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { project } from "./lib/fixture.mjs";
import { makeFolder, Server } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

let server;
let socket;
before(async () => {
  server = await Server.start(makeFolder(project(), "functions"), {
    env: { MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0" },
  });
  socket = await Socket.open(server);
});
after(async () => {
  socket?.ws.terminate();
  await server?.stop();
});
const message = (promise) =>
  promise.then(
    (value) => assert.fail(`expected an error, got ${JSON.stringify(value)}`),
    (error) => error.message,
  );

// --- names -----------------------------------------------------------------------------------
test("slash and dot forms of a nested name", async () => {
  assert.equal(await server.query("utils/stats:two"), 2);
  assert.equal(await server.query("utils.stats:two"), 2);
  assert.equal((await socket.query("utils.stats:two")).result, 2);
  assert.equal((await socket.query("utils/stats:two")).result, 2);
});
test(".js modules and duck-typed exports are functions", async () => {
  assert.equal(await server.query("plain:js"), "js");
  assert.equal(await server.query("lab:duck"), "duck");
});
for (const fn of [
  "nope:x",
  "lab:nope",
  "lab",
  ":",
  "",
  "lab:notAFunction",
  "_private:secret",
  "lab.test:x",
  "schema:schema",
  "lab:__proto__",
  "__proto__:x",
  "lab:constructor",
  "utils/stats/two",
  "_generated/api:api",
]) {
  test(`unknown function ${JSON.stringify(fn)}`, async () => {
    const overSocket = await socket.query(fn);
    assert.equal(overSocket.type, "error");
    assert.equal(overSocket.code, "execution_error");
    assert.ok(overSocket.message.startsWith(`Function not found: ${fn}`), overSocket.message);
    for (const type of ["mutation", "action"]) {
      const other = await socket.ask(type, fn, {});
      assert.ok(other.message.startsWith(`Function not found: ${fn}`), other.message);
    }
  });
}
test("the text of an unknown function lists what there is, in dev", async () => {
  const { message: text } = await socket.query("nope:x");
  assert.match(text, /^Function not found: nope:x\. Available: .*\blab:q\b.*/);
  assert.match(text, /utils\/stats:two/);
});

// --- kinds -----------------------------------------------------------------------------------
const kKinds = [
  ["query", "lab:m", /^lab:m is not a query$/],
  ["query", "flow:say", /^flow:say is not a query$/],
  ["mutation", "lab:q", /^lab:q is not a mutation$/],
  ["mutation", "lab:typed", /^lab:typed is not a mutation$/],
  ["action", "lab:q", /^lab:q is not an? action$/],
  ["action", "lab:m", /^lab:m is not an? action$/],
];
for (const [type, fn, text] of kKinds) {
  test(`${type} of ${fn}`, async () => {
    const reply = await socket.ask(type, fn, {});
    assert.equal(reply.type, "error");
    assert.equal(reply.code, "execution_error");
    assert.match(reply.message, text);
  });
}
for (const [type, fn] of [
  ["query", "lab:hiddenQ"],
  ["mutation", "lab:hiddenM"],
  ["query", "chain:hidden"],
]) {
  test(`internal ${fn}`, async () => {
    const reply = await socket.ask(type, fn, {});
    assert.deepEqual(
      { ...reply, id: 0 },
      {
        type: "error",
        id: 0,
        code: "forbidden",
        message: `Function "${fn}" is internal and cannot be called from a client`,
      },
    );
    assert.equal(await server.run(fn), "hidden");
  });
}

// --- arguments over the socket ----------------------------------------------------------------
test("missing and wrong arguments over the socket", async () => {
  const table = [
    [{}, "Expected object, got undefined"],
    [{ args: null }, "Expected object, got object"],
    [{ args: [] }, "Expected object, got object"],
    [{ args: "x" }, "Expected object, got string"],
    [{ args: {} }, "Missing required field: x"],
    [{ args: { x: 1 } }, "Expected string, got number"],
    [{ args: { x: "1", y: 1 } }, "Unexpected field: y"],
  ];
  for (const [i, [part, text]] of table.entries()) {
    const id = `args${i}`;
    socket.send({ type: "query", id, fn: "lab:typed", ...part });
    const reply = await socket.wait(text, (frame) => frame.id === id);
    assert.deepEqual(reply, { type: "error", id, code: "execution_error", message: text });
  }
});

// --- results ---------------------------------------------------------------------------------
const undef = { "@": "undef" };
const kResults = [
  [1, 1],
  [null, null],
  ["\u{1F600}\u2028", "\u{1F600}\u2028"],
  [{ "@": "nan" }, null],
  [{ "@": "inf" }, null],
  [{ "@": "-0" }, 0],
  [{ a: undef, b: 1 }, { b: 1 }],
  [
    [undef, { "@": "nan" }, 1],
    [null, null, 1],
  ],
  [{ "@": "date", v: 0 }, "1970-01-01T00:00:00.000Z"],
  [{ "@": "map" }, {}],
  [{ a: { "@": "fn" }, b: [{ "@": "fn" }] }, { b: [null] }],
  [{ a: { "@": "sym" } }, {}],
  [{ "@": "tojson", v: { b: 1 } }, { b: 1 }],
  [
    { 2: "b", 1: "a", z: 1, a: 2 },
    { 1: "a", 2: "b", z: 1, a: 2 },
  ],
];
for (const [x, expected] of kResults) {
  test(`result ${JSON.stringify(x)}`, async () => {
    assert.deepEqual(await server.query("lab:ret", { x }), expected);
    assert.deepEqual(await server.run("lab:retm", { x }), expected);
    const reply = await socket.query("lab:ret", { x });
    assert.deepEqual(reply.result, expected);
    assert.equal(reply.type, "result");
    const mutated = await socket.mutation("lab:retm", { x });
    assert.equal(mutated.type, "mutationResult");
    assert.deepEqual(mutated.result, expected);
  });
}
test("undefined results", async () => {
  const reply = await socket.query("lab:ret", { x: undef });
  assert.deepEqual({ ...reply, id: 0 }, { type: "result", id: 0, result: null });
  const mutated = await socket.mutation("lab:retm", { x: undef });
  assert.deepEqual({ ...mutated, id: 0 }, { type: "mutationResult", id: 0 });
  assert.equal(
    await (await server.post("/query", { fn: "lab:ret", args: { x: undef } })).text(),
    "{}",
  );
  assert.deepEqual(
    await (await server.post("/__admin/run", { fn: "lab:retm", args: { x: undef } })).json(),
    { success: true },
  );
});
const kBadResults = [
  [{ "@": "big", v: "5" }, /^Do not know how to serialize a BigInt$/],
  [{ a: [{ "@": "big", v: "5" }] }, /^Do not know how to serialize a BigInt$/],
  [{ "@": "cycle" }, /circular/i],
  [{ "@": "getter" }, /^getter$/],
  [{ "@": "deep", v: 200000 }, /./],
  [{ "@": "long", v: 8 << 20 }, /./],
];
for (const [x, text] of kBadResults) {
  test(`a result that cannot be sent ${JSON.stringify(x)}`, async () => {
    const reply = await socket.query("lab:ret", { x });
    assert.equal(reply.type, "error");
    assert.equal(reply.code, "execution_error");
    assert.match(reply.message, text);
    const mutated = await socket.mutation("lab:retm", { x });
    assert.equal(mutated.type, "error");
    assert.match(mutated.message, text);
    assert.match(await message(server.query("lab:ret", { x })), text);
    assert.equal(await server.query("lab:echo", { x: 1 }), 1);
  });
}
test("a mutation that calls what is not there writes nothing", async () => {
  const before = (await server.query("flow:said")).length;
  const reply = await socket.mutation("lab:m", {
    steps: [["insert", "log", { text: "x" }], { op: ["nope"] }],
  });
  assert.equal(reply.type, "error");
  assert.equal((await server.query("flow:said")).length, before);
});

// --- thrown values ---------------------------------------------------------------------------
const kThrown = [
  ["error", /^plain$/],
  ["type", /undefined/],
  ["sub", /^sub$/],
  ["string", /^Unknown error$/],
  ["number", /^Unknown error$/],
  ["null", /^Unknown error$/],
  ["undefined", /^Unknown error$/],
  ["object", /^Unknown error$/],
  ["empty", /^$/],
  ["getter", /(?:)/],
  ["messageObject", /(?:)/],
  ["long", /^x+/],
  ["unicode", /^\u00e4\u{1F600}$/u],
  ["reject", /^rejected$/],
];
for (const [what, text] of kThrown) {
  test(`thrown ${what}`, async () => {
    const reply = await socket.query("flow:fail", { what });
    assert.equal(reply.type, "error");
    assert.equal(reply.code, "execution_error");
    assert.match(reply.message, text);
    assert.match(await message(server.run("flow:fail", { what })), text);
    assert.equal(await server.query("flow:sync", { n: 1 }), "sync 1");
  });
}
test("handlers may be plain functions and may wait for promises", async () => {
  assert.equal(await server.query("flow:sync", { n: 4 }), "sync 4");
  assert.deepEqual(await server.query("flow:later"), [2, 4, 6]);
});

// --- determinism -----------------------------------------------------------------------------
test("time stands still within a call and moves between calls", async () => {
  const first = await server.query("flow:time");
  assert.equal(first.same, true);
  assert.equal(first.text, true);
  assert.ok(Math.abs(first.now - Date.now()) < 600_000);
  assert.equal((await server.run("flow:timem")).same, true);
  for (let i = 0; i < 200; i++) if ((await server.query("flow:time")).now > first.now) return;
  assert.fail("time never moves");
});
test("Math.random is in range, differs within a call and between calls", async () => {
  const a = await server.query("flow:random", { n: 1 });
  const b = await server.query("flow:random", { n: 2 });
  for (const x of [...a, ...b]) assert.ok(x >= 0 && x < 1);
  assert.equal(new Set([...a, ...b]).size, 6);
});
test("what could not be repeated is absent", async () => {
  const names = [
    "WebAssembly",
    "SharedArrayBuffer",
    "Atomics",
    "WeakRef",
    "FinalizationRegistry",
    "process",
    "require",
    "module",
    "Deno",
  ];
  const types = await server.query("flow:globals", { names });
  assert.deepEqual(
    Object.fromEntries(names.map((n, i) => [n, types[i]])),
    Object.fromEntries(names.map((n) => [n, "undefined"])),
  );
});
for (const what of [
  "fetch",
  "setTimeout",
  "setInterval",
  "eval",
  "directEval",
  "Function",
  "ctor",
  "asyncCtor",
  "require",
  "process",
  "import",
]) {
  test(`${what} does not work in a query`, async () => {
    const done = await server.query("flow:attempt", { what });
    assert.ok("error" in done, JSON.stringify(done));
  });
}
test("fetch and timers say what to do instead", async () => {
  for (const what of ["fetch", "setTimeout"]) {
    const { error } = await server.query("flow:attempt", { what });
    assert.match(error, /action|scheduler|schedule/i);
    assert.match(error, new RegExp(what));
  }
});
test("one call cannot spoil the built-ins of the next", async () => {
  for (let i = 0; i < 3; i++) await server.query("flow:pollute", { i }).catch(() => 0);
  for (let i = 0; i < 4; i++)
    assert.deepEqual(await server.query("flow:clean", { i }), {
      object: null,
      array: null,
      map: [2],
      json: '{"a":1}',
      date: true,
    });
});

// --- builder style ---------------------------------------------------------------------------
const kChain = [
  ["chain:plain", {}, true],
  ["chain:input", { n: 1 }, 2],
  ["chain:immutable1", { a: "x", b: "y" }, "xy"],
  ["chain:immutable2", { a: "x" }, "x"],
  ["chain:later", { a: 4 }, 8],
  ["chain:use", { n: 3 }, { trail: ["one", "two"], n: 3, db: "function" }],
  ["chain:output", { x: { n: 1 } }, { n: 1 }],
];
for (const [fn, args, expected] of kChain) {
  test(`builder ${fn}`, async () => assert.deepEqual(await server.query(fn, args), expected));
}
const kChainErrors = [
  ["chain:input", { n: "x" }, /^Expected number, got string$/],
  ["chain:input", {}, /^Missing required field: n$/],
  ["chain:immutable2", { a: "x", b: "y" }, /^Unexpected field: b$/],
  ["chain:later", { a: "x" }, /^Expected number, got string$/],
  ["chain:refuse", {}, /^not for you$/],
  ["chain:twice", {}, /next/i],
  ["chain:output", { x: { n: "x" } }, /Expected number, got string/],
  ["chain:output", { x: { n: 1, more: 1 } }, /Unexpected field: more/],
];
for (const [fn, args, text] of kChainErrors) {
  test(`builder error ${fn} ${JSON.stringify(args)}`, async () =>
    assert.match(await message(server.query(fn, args)), text));
}
test("builder mutations write; middleware writes roll back with the handler", async () => {
  assert.match(await server.run("chain:write", { text: "chained" }), /^log:/);
  const before = (await server.query("flow:said")).length;
  assert.equal(await message(server.run("chain:writeUse", { text: "bad" })), "bad text");
  assert.equal((await server.query("flow:said")).length, before);
  assert.equal(await server.run("chain:writeUse", { text: "good" }), "good");
  assert.deepEqual((await server.query("flow:said")).slice(-2), ["mw", "good"]);
  assert.match((await socket.query("chain:write")).message, /^chain:write is not a query$/);
});

// --- runaways --------------------------------------------------------------------------------
const kRunaways = [
  "loop",
  "micro",
  "regex",
  "heap",
  "string",
  "buffer",
  "buffers",
  "never",
  "recursion",
  "callback",
  "indexCallback",
  "catch",
  "finally",
  "getter",
  "toJSON",
  "sort",
  "proxy",
];
test("runaway queries end in an error and the next call works", { timeout: 120_000 }, async () => {
  for (const what of kRunaways) {
    const reply = await socket.query("flow:runawayQ", { what });
    assert.equal(reply.type, "error", what);
    assert.equal(reply.code, "execution_error", what);
    assert.ok(reply.message.length > 0, what);
    assert.equal((await socket.query("flow:sync", { n: what })).result, `sync ${what}`);
  }
});
test(
  "runaway mutations end in an error, write nothing, and the next one works",
  { timeout: 120_000 },
  async () => {
    for (const what of kRunaways) {
      const before = (await server.query("flow:said")).length;
      const reply = await socket.mutation("flow:runawayM", { what });
      assert.equal(reply.type, "error", what);
      assert.ok(reply.message.length > 0, what);
      assert.equal((await server.query("flow:said")).length, before, what);
      assert.equal(
        (await socket.mutation("flow:say", { text: what })).type,
        "mutationResult",
        what,
      );
      assert.equal((await server.query("flow:said")).length, before + 1, what);
    }
  },
);
test("each kind of runaway has its own clear text", { timeout: 60_000 }, async () => {
  const text = async (what) => (await socket.query("flow:runawayQ", { what })).message;
  assert.match(await text("loop"), /time|long/i);
  assert.match(await text("heap"), /memory|heap|longer than/i);
  assert.match(await text("buffer"), /memory|buffer|alloc/i);
  assert.match(await text("never"), /promise|settle|never|await/i);
  assert.match(await text("recursion"), /call stack/i);
});
test("an unhandled rejection beside a good result does no harm", async () => {
  await socket.query("flow:runawayQ", { what: "rejected" });
  assert.equal(await server.query("flow:sync", { n: 1 }), "sync 1");
});
test("a mutation is not held up by a query that runs away beside it", async () => {
  const other = await Socket.open(server);
  other.send({ type: "query", id: "slow", fn: "flow:runawayQ", args: { what: "loop" } });
  const reply = await socket.mutation("flow:say", { text: "beside" });
  assert.equal(reply.type, "mutationResult");
  assert.ok(
    (await other.wait("the end of the loop", (frame) => frame.id === "slow")).type === "error",
  );
  other.ws.terminate();
});
