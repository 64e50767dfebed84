// Moonstone. Licence: see LICENSE.
// Reader, writer and query builder (functions.md 5 and 6 with the decisions of 20 and 21).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { project } from "./lib/fixture.mjs";
import { makeFolder, Server } from "./lib/server.mjs";

let server;
let ids;
const ref = (i) => ({ "@": "ref", i });
const undef = { "@": "undef" };
const kRows = {
  a: { rank: 3, tag: "x", flag: true, u: 1, addr: { city: "Bern", zip: 3000 }, tags: ["p", "q"] },
  b: { rank: 1, tag: "x", flag: false, u: "1", addr: { city: "Basel" }, n: null },
  c: { tag: "y", u: true, n: "N" },
  d: { rank: 2, tag: "y", flag: true, u: null },
  e: { rank: 2, tag: "x", u: "b" },
  f: { u: false, addr: { city: "Zug", zip: 6300 } },
};
const mutate = (steps) => server.run("lab:m", { steps });
const message = (promise) =>
  promise.then(
    (value) => assert.fail(`expected an error, got ${JSON.stringify(value)}`),
    (error) => error.message,
  );
before(async () => {
  server = await Server.start(makeFolder(project(), "db"));
  const made = await mutate(
    Object.entries(kRows).map(([name, doc]) => ["insert", "items", { name, ...doc }]),
  );
  ids = Object.fromEntries(Object.keys(kRows).map((name, i) => [name, made[i]]));
});
after(() => server?.stop());

const names = async (steps, end) =>
  (await server.query("lab:names", { table: "items", steps, end })).join("");
const kNoTable = (t) =>
  new RegExp(`^Table "${t}" is not defined in your schema\\. Available tables: `);

// --- ids -------------------------------------------------------------------------------------
test("ids have the form table:ULID, rise within a mutation and give the creation time", async () => {
  const made = await mutate(
    Array.from({ length: 300 }, (_, i) => ["insert", "log", { text: `${i}` }]),
  );
  for (const id of made) assert.match(id, /^log:[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
  assert.deepEqual([...made].sort(), made);
  assert.equal(new Set(made).size, 300);
  const docs = await server.query("lab:raw", { table: "log" });
  assert.deepEqual(
    docs.map((d) => d._id),
    made,
  );
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  for (const doc of [docs[0], docs[299]]) {
    const time = [...doc._id.slice(4, 14)].reduce((sum, c) => sum * 32 + alphabet.indexOf(c), 0);
    assert.equal(doc._creationTime, time);
    assert.ok(Math.abs(time - Date.now()) < 600_000);
  }
});
test("ids rise from one mutation to the next", async () => {
  const all = [];
  for (let i = 0; i < 20; i++) all.push(await server.run("flow:say", { text: "rise" }));
  assert.deepEqual([...all].sort(), all);
});

// --- reader ----------------------------------------------------------------------------------
test("get: document, null for a missing or malformed id", async () => {
  assert.equal((await server.query("lab:get", { ids: [ids.a] })).name, "a");
  for (const id of [
    "items:01JQ8Z3N6V0000000000000000",
    "items:",
    "items:x",
    "items:\u00e4",
    "items:a:b",
  ])
    assert.equal(await server.query("lab:get", { ids: [id] }), null, id);
});
test("get(table, id)", async () => {
  assert.equal((await server.query("lab:get", { ids: ["items", ids.a] })).name, "a");
});
for (const [id, t] of [
  ["nope:01JQ8Z3N6V0000000000000000", "nope"],
  ["without", ""],
  ["", ""],
  [":x", ""],
]) {
  test(`get of ${JSON.stringify(id)} names the missing table`, async () => {
    const text = await message(server.query("lab:get", { ids: [id] }));
    assert.match(text, kNoTable(t));
    const listed = text.split("Available tables: ")[1].split(", ");
    for (const table of ["items", "people", "log", "keyed", "t_str"])
      assert.ok(listed.includes(table));
  });
}
for (const id of [null, 5, {}, undef]) {
  test(`get of ${JSON.stringify(id)} is an error that does no harm`, async () => {
    await message(mutate([["get", id]]));
  });
}
test("getMany: a map in argument order with null for missing, in all three forms", async () => {
  const gone = "items:01JQ8Z3N6V0000000000000000";
  const flat = await server.query("lab:getMany", { ids: [ids.b, gone, ids.a] });
  assert.deepEqual(
    flat.v.map(([k, d]) => [k, d && d.name]),
    [
      [ids.b, "b"],
      [gone, null],
      [ids.a, "a"],
    ],
  );
  assert.deepEqual(await server.query("lab:getMany", { ids: [] }), { "@": "map", v: [] });
  const listed = await server.query("lab:getMany", { ids: [[ids.b, ids.a]] });
  assert.deepEqual(
    listed.v.map(([, d]) => d.name),
    ["b", "a"],
  );
  const tabled = await server.query("lab:getMany", { ids: ["items", [ids.c]] });
  assert.deepEqual(
    tabled.v.map(([, d]) => d.name),
    ["c"],
  );
});
test("getMany looks each id up in its own table", async () => {
  const [log] = await mutate([["insert", "log", { text: "own" }]]);
  const map = await server.query("lab:getMany", { ids: [ids.a, log] });
  assert.deepEqual(
    map.v.map(([, d]) => d.name ?? d.text),
    ["a", "own"],
  );
});
test("an unknown table fails at execution", async () => {
  assert.match(await message(server.query("lab:names", { table: "nope" })), kNoTable("nope"));
  assert.match(await message(mutate([["insert", "nope", {}]])), kNoTable("nope"));
});
test("a query has no writer", async () => {
  assert.equal(await message(server.query("lab:writeInQuery")), "ctx.db.insert is not a function");
  for (const member of ["insert", "patch", "replace", "delete"]) {
    assert.equal(await server.query("lab:has", { member }), "undefined");
    assert.equal(await server.run("lab:hasInMutation", { member }), "function");
  }
  for (const member of ["runQuery", "runMutation", "runAction", "scheduler"])
    assert.equal(await server.query("lab:has", { on: "ctx", member }), "undefined", member);
});

// --- writer ----------------------------------------------------------------------------------
test("a mutation reads its own writes", async () => {
  const results = await mutate([
    ["insert", "people", { name: "own", age: 1 }],
    ["get", ref(0)],
    ["patch", ref(0), { age: 2 }],
    ["patch", ref(0), { nick: "n" }],
    ["get", ref(0)],
    ["query", { table: "people", steps: [["filter", ["eq", ["field", "name"], "own"]]] }],
    ["replace", ref(0), { name: "own", age: 3 }],
    ["get", ref(0)],
    ["delete", ref(0)],
    ["get", ref(0)],
    { op: ["patch", ref(0), { age: 9 }], try: true },
    { op: ["replace", ref(0), { name: "x", age: 9 }], try: true },
    [
      "query",
      { table: "people", steps: [["filter", ["eq", ["field", "name"], "own"]]], end: ["count"] },
    ],
    ["delete", ref(0)],
  ]);
  assert.equal(results[1].age, 1);
  assert.deepEqual([results[4].age, results[4].nick], [2, "n"]);
  assert.deepEqual(
    results[5].map((d) => d.age),
    [2],
  );
  assert.equal(results[7].age, 3);
  assert.equal("nick" in results[7], false);
  assert.equal(results[7]._creationTime, results[1]._creationTime);
  assert.equal(results[9], null);
  assert.deepEqual(results[10], { error: "Document ID not found" });
  assert.deepEqual(results[11], { error: "Document ID not found" });
  assert.equal(results[12], 0);
});
test("patch, replace and delete return nothing", async () => {
  const results = await mutate([
    ["insert", "people", { name: "void", age: 1 }],
    ["patch", ref(0), { age: 2 }],
    ["replace", ref(0), { name: "void", age: 2 }],
    ["delete", ref(0)],
  ]);
  assert.deepEqual(results.slice(1), [undef, undef, undef]);
});
for (const [op, extra] of [
  ["patch", { age: 1 }],
  ["replace", { name: "x", age: 1 }],
]) {
  test(`${op} of a missing document and of an unknown table`, async () => {
    assert.equal(
      await message(mutate([[op, "people:01JQ8Z3N6V0000000000000000", extra]])),
      "Document ID not found",
    );
    assert.match(
      await message(mutate([[op, "nope:01JQ8Z3N6V0000000000000000", extra]])),
      kNoTable("nope"),
    );
  });
}
test("delete of an absent document is fine, of an unknown table an error", async () => {
  await mutate([["delete", "people:01JQ8Z3N6V0000000000000000"]]);
  assert.match(
    await message(mutate([["delete", "nope:01JQ8Z3N6V0000000000000000"]])),
    kNoTable("nope"),
  );
});
test("system fields are ignored by insert, patch and replace", async () => {
  const system = { _id: "people:01JQ8Z3N6V0000000000000000", _creationTime: 5, _ts: 7 };
  const [id, doc, , patched, , replaced, lost] = await mutate([
    ["insert", "people", { name: "sys", age: 1, ...system }],
    ["get", ref(0)],
    ["patch", ref(0), { age: 2, ...system }],
    ["get", ref(0)],
    ["replace", ref(0), { name: "sys", age: 3, ...system }],
    ["get", ref(0)],
    ["get", system._id],
  ]);
  for (const [got, age] of [
    [doc, 1],
    [patched, 2],
    [replaced, 3],
  ]) {
    assert.equal(got._id, id);
    assert.equal(got.age, age);
    assert.equal(got._creationTime, doc._creationTime);
    assert.notEqual(got._creationTime, 5);
    assert.deepEqual(Object.keys(got), ["_id", "_creationTime", "name", "age"]);
  }
  assert.equal(lost, null);
});
test("a document that was read can be written back whole", async () => {
  const [, , again] = await mutate([
    ["insert", "people", { name: "whole", age: 1 }],
    ["get", ref(0)],
    ["replace", ref(0), ref(1)],
    ["get", ref(0)],
  ]).then((r) => [r[0], r[1], r[3]]);
  assert.equal(again.name, "whole");
});
const kWriteErrors = [
  [["insert", "people", { name: "x" }], "Missing required field: age"],
  [["insert", "people", {}], "Missing required field: name"],
  [["insert", "people", null], "Missing required field: name"],
  [["insert", "people", { name: "x", age: 1, extra: 1 }], "Unexpected field: extra"],
  [["insert", "people", { extra: 1 }], "Missing required field: name"],
  [["insert", "people", { name: null, age: 1 }], "Expected string, got object"],
  [["patch", ref(0), { name: null }], "Expected string, got object"],
  [["patch", ref(0), { nick: null }], "Expected string, got object"],
  [["patch", ref(0), { extra: 1 }], "Unexpected field: extra"],
  [["patch", ref(0), { age: "x" }], "Expected number, got string"],
  [["replace", ref(0), { name: "x" }], "Missing required field: age"],
  [["replace", ref(0), { name: "x", age: 1, extra: 1 }], "Unexpected field: extra"],
  [["replace", ref(0), {}], "Missing required field: name"],
];
for (const [op, text] of kWriteErrors) {
  test(`write error ${JSON.stringify(op)}`, async () => {
    const results = await mutate([
      ["insert", "people", { name: "we", age: 1 }],
      { op, try: true },
      ["get", ref(0)],
    ]);
    assert.deepEqual(results[1], { error: text });
    assert.deepEqual([results[2].name, results[2].age], ["we", 1]);
  });
}
test("patch with undefined removes an optional field; an empty patch changes nothing", async () => {
  const results = await mutate([
    ["insert", "people", { name: "un", age: 1, nick: "n" }],
    ["patch", ref(0), {}],
    ["get", ref(0)],
    ["patch", ref(0), { nick: undef }],
    ["get", ref(0)],
  ]);
  assert.equal(results[2].nick, "n");
  assert.equal("nick" in results[4], false);
});
test("a failing mutation writes nothing", async () => {
  const before = await server.query("lab:count", { table: "log" });
  assert.equal(
    await message(
      mutate([
        ["insert", "log", { text: "gone" }],
        ["throw", "stop"],
      ]),
    ),
    "stop",
  );
  assert.equal(await message(server.run("flow:sayThenFail", { text: "gone" })), "after the insert");
  assert.equal(
    await message(
      mutate([
        ["insert", "log", { text: "gone" }],
        ["insert", "log", { text: 5 }],
      ]),
    ),
    "Expected string, got number",
  );
  assert.equal(await server.query("lab:count", { table: "log" }), before);
});
test("an error that the handler swallows leaves the earlier writes in place", async () => {
  const results = await mutate([
    ["insert", "log", { text: "kept" }],
    ["swallow", "insert", "log", { text: 5 }],
    ["swallow", "patch", "log:01JQ8Z3N6V0000000000000000", {}],
    ["get", ref(0)],
  ]);
  assert.equal(results[1], "Expected string, got number");
  assert.equal(results[2], "Document ID not found");
  assert.equal((await server.query("lab:get", { ids: [results[0]] })).text, "kept");
});

// --- filters, three-valued (6.4) -------------------------------------------------------------
const f = (name) => ["field", name];
// rank: a3 b1 c- d2 e2 f-
const kFilters = [
  [["eq", f("rank"), null], "cf"],
  [["eq", null, f("rank")], "cf"],
  [["neq", f("rank"), null], "abde"],
  [["neq", null, f("rank")], "abde"],
  [["eq", f("rank"), 2], "de"],
  [["eq", 2, f("rank")], "de"],
  [["neq", f("rank"), 2], "ab"],
  [["not", ["eq", f("rank"), 2]], "ab"],
  [["not", ["neq", f("rank"), 2]], "de"],
  [["not", ["eq", f("rank"), null]], "abde"],
  [["not", ["neq", f("rank"), null]], "cf"],
  [["lt", f("rank"), 2], "b"],
  [["lte", f("rank"), 2], "bde"],
  [["gt", f("rank"), 2], "a"],
  [["gte", f("rank"), 2], "ade"],
  [["lt", 2, f("rank")], "a"],
  [["gte", 2, f("rank")], "bde"],
  [["lt", f("rank"), null], ""],
  [["gte", f("rank"), null], ""],
  [["not", ["lt", f("rank"), null]], ""],
  [["not", ["lt", f("rank"), 2]], "ade"],
  [["and"], "abcdef"],
  [["or"], ""],
  [["not", ["and"]], ""],
  [["not", ["or"]], "abcdef"],
  [["and", ["gte", f("rank"), 2], ["eq", f("tag"), "x"]], "ae"],
  [["or", ["eq", f("rank"), 1], ["eq", f("tag"), "y"]], "bcd"],
  [["or", ["lt", f("rank"), 2], ["not", ["lt", f("rank"), 2]]], "abde"],
  [["and", ["eq", f("rank"), null], ["neq", f("rank"), 7]], ""],
  [["or", ["eq", f("rank"), null], ["neq", f("rank"), 2]], "abcf"],
  [["not", ["and", ["eq", f("rank"), 2], ["eq", f("tag"), "x"]]], "abcd"],
  [["not", ["or", ["eq", f("rank"), 2], ["eq", f("tag"), "x"]]], ""],
  [["lt", f("rank"), "x"], "abde"],
  [["gt", f("rank"), "x"], ""],
  [["gt", f("tag"), 5], "abcde"],
  [["eq", f("rank"), "2"], ""],
  [["eq", f("tag"), "X"], ""],
  [["lt", f("tag"), "xa"], "abe"],
  [["gt", f("name"), "D"], "abcdef"],
  [["eq", f("flag"), true], "ad"],
  [["eq", f("flag"), false], "b"],
  [["eq", f("flag"), 1], "ad"],
  [["eq", f("flag"), 0], "b"],
  [["neq", f("flag"), true], "b"],
  [["gt", f("flag"), false], "ad"],
  [["lt", f("flag"), 5], "abd"],
  [["eq", f("rank"), true], "b"],
  [["eq", f("rank"), f("rank")], "abde"],
  [["eq", f("rank"), f("u")], ""],
  [["lt", f("u"), f("rank")], "a"],
  [["eq", f("u"), 1], "ac"],
  [["eq", f("u"), "1"], "b"],
  [["eq", f("u"), true], "ac"],
  [["eq", f("u"), false], "f"],
  [["eq", f("u"), null], "d"],
  [["neq", f("u"), null], "abcef"],
  [["gt", f("u"), 1], "be"],
  [["lt", f("u"), "2"], "abcf"],
  [["eq", f("addr.city"), "Bern"], "a"],
  [["neq", f("addr.city"), "Bern"], "bf"],
  [["eq", f("addr.zip"), null], "bcde"],
  [["gte", f("addr.zip"), 3000], "af"],
  [["eq", f("addr.city.x"), 1], ""],
  [["eq", f("name.x"), null], "abcdef"],
  [["eq", f("unknown"), 1], ""],
  [["eq", f("unknown"), null], "abcdef"],
  [["neq", f("unknown"), 1], ""],
  [["not", ["eq", f("unknown"), 1]], ""],
  [["eq", f("unknown"), "unknown"], ""],
  [["gt", f("_creationTime"), 0], "abcdef"],
  [["lt", f("_creationTime"), 1000], ""],
  [["eq", f("n"), null], "abdef"],
  [["eq", f('x" OR 1=1 --'), 1], ""],
  [["eq", f("name"), "' OR '1'='1"], ""],
  [["eq", f("constructor"), null], "abcdef"],
  [["eq", f("__proto__"), null], "abcdef"],
  [["eq", 1, 1], "abcdef"],
  [["eq", 1, 2], ""],
];
for (const [filter, expected] of kFilters) {
  test(`filter ${JSON.stringify(filter)}`, async () => {
    assert.equal(await names([["filter", filter]]), expected);
    assert.equal(
      await server.query("lab:raw", {
        table: "items",
        steps: [["filter", filter]],
        end: ["count"],
      }),
      expected.length,
    );
  });
}
test("_id in filters", async () => {
  assert.equal(await names([["filter", ["eq", f("_id"), ids.c]]]), "c");
  assert.equal(await names([["filter", ["gt", f("_id"), ids.c]]]), "def");
});

// A small oracle: random predicates, three-valued, over the same rows.
const kLiterals = [null, 0, 1, 2, 2.5, 3, "", "1", "x", "y", "b", true, false];
const kFields = ["rank", "tag", "flag", "u", "name", "unknown"];
function random(seed) {
  let s = seed;
  return (n) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return Math.floor((s / 2 ** 32) * n);
  };
}
function predicate(next, depth) {
  const kind = depth === 0 ? 0 : next(4);
  if (kind === 1) return ["not", predicate(next, depth - 1)];
  if (kind >= 2) {
    const op = kind === 2 ? "and" : "or";
    return [op, ...Array.from({ length: next(4) }, () => predicate(next, depth - 1))];
  }
  const op = ["eq", "neq", "lt", "lte", "gt", "gte"][next(6)];
  const field = f(kFields[next(kFields.length)]);
  if (next(5) === 0) return [op, field, f(kFields[next(kFields.length)])];
  const literal = kLiterals[next(kLiterals.length)];
  return next(2) ? [op, field, literal] : [op, literal, field];
}
const plain = (x) => (typeof x === "boolean" ? Number(x) : x);
function compare(a, b) {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
function evaluate(e, row) {
  const [op, ...rest] = e;
  if (op === "not") {
    const x = evaluate(rest[0], row);
    return x === null ? null : !x;
  }
  if (op === "and" || op === "or") {
    const values = rest.map((x) => evaluate(x, row));
    const strong = op === "or";
    if (values.includes(strong)) return strong;
    return values.includes(null) ? null : !strong;
  }
  const [a, b] = rest.map((x) => (Array.isArray(x) ? (row[x[1]] ?? null) : x)).map(plain);
  const literalNull = rest.some((x) => x === null);
  if (literalNull && (op === "eq" || op === "neq")) {
    const isNull = a === null && b === null;
    return op === "eq" ? isNull : !isNull;
  }
  if (a === null || b === null) return null;
  const order = compare(a, b);
  return {
    eq: order === 0,
    neq: order !== 0,
    lt: order < 0,
    lte: order <= 0,
    gt: order > 0,
    gte: order >= 0,
  }[op];
}
test("random predicates agree with a three-valued oracle", async () => {
  const seed = Number(process.env.SEED ?? 20261121);
  const next = random(seed);
  for (let i = 0; i < 150; i++) {
    const filter = predicate(next, 3);
    const expected = Object.entries(kRows)
      .filter(([name, row]) => evaluate(filter, { name, ...row }) === true)
      .map(([name]) => name)
      .join("");
    assert.equal(
      await names([["filter", filter]]),
      expected,
      `seed ${seed}: ${JSON.stringify(filter)}`,
    );
  }
});

// --- order -----------------------------------------------------------------------------------
const kOrders = [
  [[], "abcdef"],
  [[["order", "asc"]], "abcdef"],
  [[["order", "desc"]], "fedcba"],
  [[["orderBy", "rank"]], "cfbdea"],
  [[["orderBy", "rank", "asc"]], "cfbdea"],
  [[["orderBy", "rank", "desc"]], "aedbfc"],
  [
    [
      ["orderBy", "rank"],
      ["order", "desc"],
    ],
    "aedbfc",
  ],
  [[["orderBy", "tag"]], "fabecd"],
  [[["orderBy", "tag", "desc"]], "dcebaf"],
  [[["orderBy", "flag"]], "cefbad"],
  [[["orderBy", "u"]], "dfacbe"],
  [[["orderBy", "u", "desc"]], "ebcafd"],
  [[["orderBy", "_creationTime"]], "abcdef"],
  [[["orderBy", "_creationTime", "desc"]], "fedcba"],
  [[["orderBy", "_id", "desc"]], "fedcba"],
  [[["orderBy", "name", "desc"]], "fedcba"],
  [[["orderBy", "unknown"]], "abcdef"],
  [[["orderBy", "unknown", "desc"]], "fedcba"],
  [
    [
      ["orderBy", "rank"],
      ["orderBy", "tag"],
    ],
    "fabecd",
  ],
  [
    [
      ["filter", ["eq", f("tag"), "x"]],
      ["orderBy", "rank"],
    ],
    "bea",
  ],
  [
    [
      ["filter", ["eq", f("tag"), "x"]],
      ["filter", ["eq", f("tag"), "y"]],
    ],
    "cd",
  ],
  [[["withIndex", "by_rank"]], "cfbdea"],
  [
    [
      ["withIndex", "by_rank"],
      ["order", "desc"],
    ],
    "aedbfc",
  ],
  [
    [
      ["order", "desc"],
      ["withIndex", "by_rank"],
    ],
    "aedbfc",
  ],
  [[["withIndex", "by_tag_rank"]], "fbeacd"],
  [
    [
      ["withIndex", "by_tag_rank"],
      ["order", "desc"],
    ],
    "dcaebf",
  ],
  [[["withIndex", "by_u"]], "dfacbe"],
  [[["withIndex", "by_id"]], "abcdef"],
  [
    [
      ["withIndex", "by_id"],
      ["order", "desc"],
    ],
    "fedcba",
  ],
  [[["withIndex", "by_creation_time"]], "abcdef"],
  [
    [
      ["withIndex", "by_creation_time"],
      ["order", "desc"],
    ],
    "fedcba",
  ],
  [
    [
      ["withIndex", "by_rank"],
      ["withIndex", "by_name"],
    ],
    "abcdef",
  ],
  [
    [
      ["withIndex", "by_tag_rank", [["eq", "tag", "x"]]],
      ["orderBy", "name", "desc"],
    ],
    "eba",
  ],
  [
    [
      ["withIndex", "by_rank"],
      ["orderBy", "name"],
    ],
    "abcdef",
  ],
];
for (const [steps, expected] of kOrders) {
  test(`order ${JSON.stringify(steps)}`, async () => assert.equal(await names(steps), expected));
}

// --- index ranges ----------------------------------------------------------------------------
const kRanges = [
  ["by_rank", [["eq", "rank", 2]], "de"],
  ["by_rank", [["eq", "rank", null]], "cf"],
  ["by_rank", [["eq", "rank", undef]], "cf"],
  ["by_rank", [["gt", "rank", 1]], "dea"],
  ["by_rank", [["gte", "rank", 1]], "bdea"],
  ["by_rank", [["lt", "rank", 3]], "bde"],
  ["by_rank", [["lte", "rank", 2]], "bde"],
  [
    "by_rank",
    [
      ["gt", "rank", 1],
      ["lt", "rank", 3],
    ],
    "de",
  ],
  [
    "by_rank",
    [
      ["gte", "rank", 1],
      ["lte", "rank", 3],
    ],
    "bdea",
  ],
  [
    "by_rank",
    [
      ["gt", "rank", 3],
      ["lt", "rank", 1],
    ],
    "",
  ],
  ["by_rank", [["gt", "rank", null]], ""],
  ["by_rank", [["lt", "rank", "x"]], "bdea"],
  ["by_rank", [["eq", "rank", "2"]], ""],
  ["by_rank", [], "cfbdea"],
  ["by_tag_rank", [["eq", "tag", "x"]], "bea"],
  ["by_tag_rank", [["eq", "tag", "y"]], "cd"],
  [
    "by_tag_rank",
    [
      ["eq", "tag", "x"],
      ["eq", "rank", 2],
    ],
    "e",
  ],
  [
    "by_tag_rank",
    [
      ["eq", "tag", "x"],
      ["gte", "rank", 2],
    ],
    "ea",
  ],
  [
    "by_tag_rank",
    [
      ["eq", "tag", "x"],
      ["gt", "rank", 1],
      ["lt", "rank", 3],
    ],
    "e",
  ],
  [
    "by_tag_rank",
    [
      ["eq", "tag", "y"],
      ["eq", "rank", null],
    ],
    "c",
  ],
  [
    "by_tag_rank",
    [
      ["eq", "tag", null],
      ["eq", "rank", null],
    ],
    "f",
  ],
  ["by_tag_rank", [["gt", "tag", "x"]], "cd"],
  [
    "by_tag_rank",
    [
      ["gte", "tag", "x"],
      ["lt", "tag", "y"],
    ],
    "bea",
  ],
  ["by_flag", [["eq", "flag", true]], "ad"],
  ["by_flag", [["eq", "flag", false]], "b"],
  ["by_flag", [["eq", "flag", 1]], "ad"],
  ["by_flag", [["gte", "flag", false]], "bad"],
  ["by_u", [["eq", "u", 1]], "ac"],
  ["by_u", [["eq", "u", "1"]], "b"],
  ["by_u", [["eq", "u", true]], "ac"],
  ["by_u", [["eq", "u", null]], "d"],
  ["by_u", [["gt", "u", 0]], "acbe"],
  ["by_u", [["gte", "u", "1"]], "be"],
  ["by_u", [["lt", "u", "b"]], "facb"],
  [
    "by_name",
    [
      ["gte", "name", "c"],
      ["lt", "name", "e"],
    ],
    "cd",
  ],
  ["by_creation_time", [["gt", "_creationTime", 0]], "abcdef"],
  ["by_creation_time", [["lt", "_creationTime", 1000]], ""],
  ["by_creation_time", [["gte", "_creationTime", 1000]], "abcdef"],
];
for (const [index, range, expected] of kRanges) {
  test(`range ${index} ${JSON.stringify(range)}`, async () => {
    const step = ["withIndex", index, range];
    assert.equal(await names([step]), expected);
    assert.equal(
      await names([["withIndex", index, range, "void"]]),
      expected,
      "callback without a result",
    );
    assert.equal(await names([step, ["order", "desc"]]), [...expected].reverse().join(""));
    assert.equal(
      await server.query("lab:raw", { table: "items", steps: [step], end: ["count"] }),
      expected.length,
    );
  });
}
test("range by_id", async () => {
  assert.equal(await names([["withIndex", "by_id", [["eq", "_id", ids.d]]]]), "d");
  assert.equal(await names([["withIndex", "by_id", [["gt", "_id", ids.d]]]]), "ef");
});
test("an index range and a filter combine", async () => {
  assert.equal(
    await names([
      ["withIndex", "by_tag_rank", [["eq", "tag", "x"]]],
      ["filter", ["gt", f("rank"), 1]],
    ]),
    "ea",
  );
});
test("index errors", async () => {
  assert.equal(
    await message(names([["withIndex", "nope"]])),
    'Index "nope" not found on table "items"',
  );
  assert.equal(
    await message(
      names([
        ["withIndex", "by_rank"],
        ["withIndex", "nope", []],
      ]),
    ),
    'Index "nope" not found on table "items"',
  );
  const foreign = await message(names([["withIndex", "by_rank", [["eq", "name", "a"]]]]));
  assert.match(foreign, /name/);
  assert.match(foreign, /by_rank/);
});
test("int64 keys order by value in an index", async () => {
  const big = (v) => ({ "@": "big", v });
  const values = ["9007199254740993", "9007199254740992", "-5", "9223372036854775807", "0"];
  await mutate(values.map((v, i) => ["insert", "items", { name: `big${i}`, big: big(v) }]));
  const range = [["gte", "big", big("-9223372036854775808")]];
  const found = await server.query("lab:names", {
    table: "items",
    steps: [["withIndex", "by_big", range]],
  });
  assert.deepEqual(found, ["big2", "big4", "big1", "big0", "big3"]);
  const exact = [["eq", "big", big("9007199254740993")]];
  assert.deepEqual(
    await server.query("lab:names", { table: "items", steps: [["withIndex", "by_big", exact]] }),
    ["big0"],
  );
  const made = await server.query("lab:q", {
    table: "items",
    steps: [["withIndex", "by_big", range]],
  });
  await mutate(made.map((d) => ["delete", d._id]));
});

// --- terminals -------------------------------------------------------------------------------
const kTerminals = [
  [[], ["take", 0], ""],
  [[], ["take", 2], "ab"],
  [[], ["take", 100], "abcdef"],
  [[["order", "desc"]], ["take", 2], "fe"],
  [[["withIndex", "by_rank"]], ["take", 3], "cfb"],
];
for (const [steps, end, expected] of kTerminals) {
  test(`take ${JSON.stringify([steps, end])}`, async () =>
    assert.equal(await names(steps, end), expected));
}
const one = (steps, end) => server.query("lab:raw", { table: "items", steps, end: [end] });
test("first, unique and count", async () => {
  assert.equal((await one([], "first")).name, "a");
  assert.equal((await one([["order", "desc"]], "first")).name, "f");
  assert.equal(
    (
      await one(
        [
          ["withIndex", "by_rank"],
          ["order", "desc"],
        ],
        "first",
      )
    ).name,
    "a",
  );
  assert.equal(await one([["filter", ["or"]]], "first"), null);
  assert.equal((await one([["filter", ["eq", f("name"), "c"]]], "unique")).name, "c");
  assert.equal(
    await message(one([["filter", ["or"]]], "unique")),
    "Expected exactly one result, got none",
  );
  assert.equal(await message(one([], "unique")), "Expected exactly one result, got multiple");
  assert.equal(await one([], "count"), 6);
  assert.equal(await one([["order", "desc"]], "count"), 6);
});
for (const n of [-1, 1.5, { "@": "nan" }]) {
  test(`take(${JSON.stringify(n)}) is refused`, async () => {
    await message(server.query("lab:q", { table: "items", end: ["take", n] }));
  });
}
test("order takes only asc and desc, and chained calls return the builder", async () => {
  assert.equal(
    await names([
      ["order", "asc"],
      ["order", "desc"],
      ["filter", ["and"]],
      ["orderBy", "name", "asc"],
      ["withIndex", "by_id"],
    ]),
    "abcdef",
  );
});
test("paginate walks all rows in the order of the query", async (context) => {
  if ((await server.query("lab:has", { on: "builder", member: "paginate" })) !== "function")
    return context.skip("no paginate yet");
  for (const steps of [
    [],
    [["order", "desc"]],
    [["withIndex", "by_rank"]],
    [
      ["withIndex", "by_rank"],
      ["order", "desc"],
    ],
    [["orderBy", "rank", "desc"]],
    [["orderBy", "u"]],
    [["orderBy", "_creationTime", "desc"]],
  ]) {
    for (const numItems of [1, 2, 3, 6, 7]) {
      const all = await names(steps);
      let cursor = null;
      let seen = "";
      for (let round = 0; round < 10; round++) {
        const page = await server.query("lab:raw", {
          table: "items",
          steps,
          end: ["paginate", { cursor, numItems }],
        });
        seen += page.page.map((d) => d.name).join("");
        assert.equal(page.isDone, page.continueCursor === null);
        cursor = page.continueCursor;
        if (page.isDone) break;
      }
      assert.equal(seen, all, JSON.stringify([steps, numItems]));
    }
  }
  for (const cursor of ["", "garbage", "e30="]) {
    const page = await server.query("lab:raw", {
      table: "items",
      end: ["paginate", { cursor, numItems: 2 }],
    });
    assert.deepEqual(
      page.page.map((d) => d.name),
      ["a", "b"],
      cursor,
    );
  }
  const zero = await server.query("lab:raw", {
    table: "items",
    end: ["paginate", { cursor: null, numItems: 0 }],
  });
  assert.deepEqual(zero, { page: [], continueCursor: null, isDone: false });
});
test("the builder stays usable for large results", async () => {
  const doc = (i) => ["insert", "people", { name: `p${i}`, age: i }];
  await mutate(Array.from({ length: 1500 }, (_, i) => doc(i)));
  const some = await server.query("lab:raw", {
    table: "people",
    steps: [
      ["filter", ["gte", f("age"), 0]],
      ["orderBy", "age", "desc"],
    ],
    end: ["take", 1200],
  });
  assert.equal(some.length, 1200);
  assert.equal(some[0].age, 1499);
});
