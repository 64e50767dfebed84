// Moonstone. Licence: see LICENSE.
// Validators and their texts (functions.md 3.2, 3.3) on arguments, results and documents; values
// that make the round trip through a table (3.5, 21.9 to 21.11).
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { project } from "./lib/fixture.mjs";
import { makeFolder, Server } from "./lib/server.mjs";

let server;
before(async () => {
  server = await Server.start(makeFolder(project(), "values"));
});
after(() => server?.stop());

const undef = { "@": "undef" };
const nan = { "@": "nan" };
const inf = { "@": "inf" };
const big = (v) => ({ "@": "big", v });
const buf = (...v) => ({ "@": "buf", v });
const u8 = (...v) => ({ "@": "u8", v });

const message = (promise) =>
  promise.then(
    (value) => assert.fail(`expected an error, got ${JSON.stringify(value)}`),
    (error) => error.message,
  );

// [validator, value, text of the refusal or null]
const kCases = [
  ["str", "", null],
  ["str", "x", null],
  ["str", 1, "Expected string, got number"],
  ["str", null, "Expected string, got object"],
  ["str", [], "Expected string, got object"],
  ["str", {}, "Expected string, got object"],
  ["str", true, "Expected string, got boolean"],
  ["str", undef, "Expected string, got undefined"],
  ["str", big("1"), "Expected string, got bigint"],
  ["num", 1.5, null],
  ["num", -0, null],
  ["num", nan, null],
  ["num", inf, null],
  ["num", "1", "Expected number, got string"],
  ["num", null, "Expected number, got object"],
  ["num", big("1"), "Expected number, got bigint"],
  ["num", false, "Expected number, got boolean"],
  ["f64", 2.5, null],
  ["f64", nan, null],
  ["f64", "x", "Expected float64 (number), got string"],
  ["f64", null, "Expected float64 (number), got object"],
  ["f64", big("3"), "Expected float64 (number), got bigint"],
  ["i64", 7, null],
  ["i64", big("7"), null],
  ["i64", -9007199254740991, null],
  ["i64", 1.5, "Expected int64 (integer), got non-integer number"],
  ["i64", nan, "Expected int64 (integer), got non-integer number"],
  ["i64", inf, "Expected int64 (integer), got non-integer number"],
  ["i64", "7", "Expected int64 (integer), got string"],
  ["i64", null, "Expected int64 (integer), got object"],
  ["bool", true, null],
  ["bool", false, null],
  ["bool", 0, "Expected boolean, got number"],
  ["bool", "true", "Expected boolean, got string"],
  ["bool", null, "Expected boolean, got object"],
  ["nul", null, null],
  ["nul", 0, "Expected null, got 0"],
  ["nul", "a", "Expected null, got a"],
  ["nul", false, "Expected null, got false"],
  ["nul", undef, "Expected null, got undefined"],
  ["any", 1, null],
  ["any", null, null],
  ["any", { a: [{ b: null }] }, null],
  ["id", "items:01JQ8Z3N6V0000000000000000", null],
  ["id", "whatever", null],
  ["id", 5, "Expected id (string), got number"],
  ["id", null, "Expected id (string), got object"],
  ["lits", "a", null],
  ["lits", "b", "Expected a, got b"],
  ["lits", 1, "Expected a, got 1"],
  ["lits", null, "Expected a, got null"],
  ["litn", 42, null],
  ["litn", 43, "Expected 42, got 43"],
  ["litn", "42", "Expected 42, got 42"],
  ["litb", true, null],
  ["litb", false, "Expected true, got false"],
  ["litb", 1, "Expected true, got 1"],
  ["obj", { a: "x" }, null],
  ["obj", { a: "x", b: 1 }, null],
  ["obj", { b: 1 }, "Missing required field: a"],
  ["obj", { a: "x", c: 1 }, "Unexpected field: c"],
  ["obj", { c: 1 }, "Missing required field: a"],
  ["obj", { a: 1, c: 1 }, "Expected string, got number"],
  ["obj", { a: "x", b: null }, "Expected number, got object"],
  ["obj", { a: "x", b: "y", c: 1 }, "Expected number, got string"],
  ["obj", [], "Expected object, got object"],
  ["obj", null, "Expected object, got object"],
  ["obj", "x", "Expected object, got string"],
  ["obj", 3, "Expected object, got number"],
  ["arr", [], null],
  ["arr", [1, 2], null],
  ["arr", [1, "2"], "Expected number, got string"],
  ["arr", [null], "Expected number, got object"],
  ["arr", {}, "Expected array, got object"],
  ["arr", null, "Expected array, got object"],
  ["arr", "12", "Expected array, got string"],
  ["opt", "x", null],
  ["opt", null, "Expected string, got object"],
  ["opt", 5, "Expected string, got number"],
  ["uni", "x", null],
  ["uni", 1, null],
  ["uni", null, "Value does not match any union variant"],
  ["uni", true, "Value does not match any union variant"],
  ["uni", [], "Value does not match any union variant"],
  ["unil", "a", null],
  ["unil", "b", null],
  ["unil", "c", "Value does not match any union variant"],
  ["uninull", null, null],
  ["uninull", "x", null],
  ["uninull", 0, "Value does not match any union variant"],
  ["optnull", null, null],
  ["optnull", 1, "Value does not match any union variant"],
  ["rec", {}, null],
  ["rec", { a: 1, "b c": 2 }, null],
  ["rec", { a: "x" }, "Expected number, got string"],
  ["rec", [], "Expected record (object), got object"],
  ["rec", null, "Expected record (object), got object"],
  ["rec", "x", "Expected record (object), got string"],
  ["reck", { a: 1 }, null],
  ["reck", { c: 1 }, "Value does not match any union variant"],
  ["bytes", "AQID", null],
  ["bytes", "", null],
  ["bytes", buf(1, 2), null],
  ["bytes", u8(1, 2), null],
  ["bytes", 5, "Expected bytes (ArrayBuffer or base64 string), got number"],
  ["bytes", null, "Expected bytes (ArrayBuffer or base64 string), got object"],
  ["bytes", {}, "Expected bytes (ArrayBuffer or base64 string), got object"],
  ["nest", [{ a: ["x", null] }], null],
  ["nest", [{ a: ["x", 1] }], "Value does not match any union variant"],
  ["nest", [{ a: [], b: 1 }], "Unexpected field: b"],
];
const onlyInside = (x) => JSON.stringify(x).includes('"@"');
const hasBig = (x) => JSON.stringify(x).includes('"big"');

for (const [kind, value, text] of kCases) {
  const label = `${kind} ${JSON.stringify(value)}`;
  if (!onlyInside(value)) {
    test(`argument ${label}`, async () => {
      const done = server.query(`vargs:${kind}`, { x: value });
      if (text === null) assert.equal(await done, "ok");
      else assert.equal(await message(done), text);
    });
  }
  if (!(text === null && hasBig(value))) {
    test(`result ${label}`, async () => {
      const done = server.query(`vrets:${kind}`, { x: value });
      if (text === null) await done;
      else
        assert.equal(
          await message(done),
          `Return value validation failed for "vrets:${kind}": ${text}`,
        );
    });
  }
  test(`insert, replace and patch ${label}`, async () => {
    const table = `t_${kind}`;
    if (text === null) {
      const [id] = await server.run("lab:m", {
        steps: [
          ["insert", table, { x: value }],
          ["replace", { "@": "ref", i: 0 }, { x: value }],
          ["patch", { "@": "ref", i: 0 }, { x: value }],
        ],
      });
      assert.match(id, new RegExp(`^${table}:[0-9A-HJKMNP-TV-Z]{26}$`));
      return;
    }
    assert.equal(
      await message(server.run("lab:m", { steps: [["insert", table, { x: value }]] })),
      text,
    );
    const good = kCases.find(([other, , refusal]) => other === kind && refusal === null)[1];
    const made = await server.run("lab:m", {
      steps: [
        ["insert", table, { x: good }],
        { op: ["patch", { "@": "ref", i: 0 }, { x: value }], try: true },
        { op: ["replace", { "@": "ref", i: 0 }, { x: value }], try: true },
      ],
    });
    assert.deepEqual(made.slice(1), [{ error: text }, { error: text }]);
  });
}

test("text that is not base64 is no bytes value (21.10)", async () => {
  for (const x of ["*not base64*", "A", "AQID\u00e4"]) {
    assert.equal(
      await message(server.run("lab:insert", { table: "t_bytes", doc: { x } })),
      "Expected bytes (ArrayBuffer or base64 string), got string",
      x,
    );
  }
});

const kShapes = [
  ["lab:order", {}, "Missing required field: a"],
  ["lab:order", { b: 1 }, "Missing required field: a"],
  ["lab:order", { a: 1 }, "Expected string, got number"],
  ["lab:order", { a: "x", z: 1 }, "Missing required field: b"],
  ["lab:order", { a: "x", b: "y", z: 1 }, "Expected number, got string"],
  ["lab:order", { a: "x", b: 1, z: 1 }, "Unexpected field: z"],
  ["lab:order", { a: "x", b: 1, c: null }, "Expected string, got object"],
  ["lab:order", [], "Expected object, got object"],
  ["lab:order", "x", "Expected object, got string"],
  ["lab:order", 7, "Expected object, got number"],
  ["vargs:any", {}, "Missing required field: x"],
];
for (const [fn, args, text] of kShapes) {
  test(`arguments ${fn} ${JSON.stringify(args)}`, async () => {
    assert.equal(await message(server.query(fn, args)), text);
    assert.equal(await message(server.run(fn, args)), text);
  });
}

test("an optional argument that was absent stays absent", async () => {
  assert.deepEqual(await server.query("lab:typedOpt", {}), []);
  assert.deepEqual(await server.query("lab:typedOpt", { x: "1" }), ["x"]);
});
test("a function without argument validators takes anything", async () => {
  assert.equal(await server.query("lab:echo", { x: 1, stray: [2] }), 1);
});
test("__proto__ in arguments is a plain member", async () => {
  const reply = await server.post(
    "/query",
    '{"fn":"lab:keys","args":{"__proto__":{"polluted":1},"a":1}}',
  );
  const body = await reply.json();
  assert.equal(reply.status, 200, JSON.stringify(body));
  assert.equal(body.result.proto, null);
  const typed = await server.post(
    "/query",
    '{"fn":"lab:typed","args":{"__proto__":{"x":"1"},"x":"a"}}',
  );
  assert.deepEqual(await typed.json(), {
    error: "Unexpected field: __proto__",
    code: "execution_error",
  });
  const absent = await server.post("/query", '{"fn":"lab:typed","args":{"__proto__":{"x":"1"}}}');
  assert.deepEqual(await absent.json(), {
    error: "Missing required field: x",
    code: "execution_error",
  });
});
test("undefined members of a document", async () => {
  assert.equal(
    await message(server.run("lab:insert", { table: "people", doc: { name: "x", age: undef } })),
    "Expected number, got undefined",
  );
  const [, doc] = await server.run("lab:m", {
    steps: [
      ["insert", "people", { name: "x", age: 1, nick: undef }],
      ["get", { "@": "ref", i: 0 }],
    ],
  });
  assert.deepEqual(Object.keys(doc), ["_id", "_creationTime", "name", "age"]);
});

// What a handler reads back after the write, and what a client sees. [validator, stored, handler, client]
const kTrips = [
  ["str", "\u{1F600} \u00e4 '\"\\ \n\t", undefined, undefined],
  ["str", "", undefined, undefined],
  ["str", "2024", undefined, undefined],
  ["num", 0.1, undefined, undefined],
  ["num", 5e-324, undefined, undefined],
  ["num", 1.7976931348623157e308, undefined, undefined],
  ["num", 9007199254740991, undefined, undefined],
  ["num", -1, undefined, undefined],
  ["num", inf, inf, null],
  ["num", { "@": "-inf" }, { "@": "-inf" }, null],
  ["f64", 3, undefined, undefined],
  ["i64", 5, 5, 5],
  ["i64", big("5"), 5, 5],
  ["i64", -9007199254740991, undefined, undefined],
  ["i64", big("9007199254740991"), 9007199254740991, 9007199254740991],
  ["bool", true, undefined, undefined],
  ["bool", false, undefined, undefined],
  ["nul", null, undefined, undefined],
  ["any", null, undefined, undefined],
  ["any", "text", undefined, undefined],
  ["any", "12", undefined, undefined],
  ["any", 12, undefined, undefined],
  ["any", true, undefined, undefined],
  ["any", false, undefined, undefined],
  ["any", [1, "a", null, { b: [] }], undefined, undefined],
  ["any", {}, undefined, undefined],
  ["id", "items:x", undefined, undefined],
  ["lits", "a", undefined, undefined],
  ["litn", 42, undefined, undefined],
  ["litb", true, undefined, undefined],
  ["obj", { a: "x" }, undefined, undefined],
  ["obj", { a: "x", b: 0 }, undefined, undefined],
  ["arr", [], undefined, undefined],
  ["arr", [1, 2.5, -3], undefined, undefined],
  ["uni", "1", undefined, undefined],
  ["uni", 1, undefined, undefined],
  ["unimix", true, undefined, undefined],
  ["unimix", false, undefined, undefined],
  ["unimix", 1, undefined, undefined],
  ["unimix", 0, undefined, undefined],
  ["unimix", "true", undefined, undefined],
  ["unimix", "null", undefined, undefined],
  ["unimix", null, undefined, undefined],
  ["unimix", "", undefined, undefined],
  ["uninull", null, undefined, undefined],
  ["uninull", "null", undefined, undefined],
  ["optnull", null, undefined, undefined],
  ["optnull", "x", undefined, undefined],
  ["optany", null, undefined, undefined],
  ["rec", {}, undefined, undefined],
  ["rec", { b: 1, a: 2, "": 3, "x.y": 4, "\u00e4": 5 }, undefined, undefined],
  ["bytes", "AQID", buf(1, 2, 3), "AQID"],
  ["bytes", buf(1, 2, 3), buf(1, 2, 3), "AQID"],
  ["bytes", u8(255, 0), buf(255, 0), "/wA="],
  ["bytes", { "@": "slice", v: [4, 5] }, buf(4, 5), "BAU="],
  ["bytes", "", buf(), ""],
  ["nest", [{ a: ["x", null] }], undefined, undefined],
];
for (const [kind, stored, handler, client] of kTrips) {
  test(`round trip ${kind} ${JSON.stringify(stored)}`, async () => {
    const [id, inside] = await server.run("lab:m", {
      steps: [
        ["insert", `t_${kind}`, { x: stored }],
        ["get", { "@": "ref", i: 0 }],
      ],
    });
    const expected = handler === undefined ? stored : handler;
    assert.deepEqual(inside.x, expected, "inside the mutation");
    assert.deepEqual((await server.query("lab:get", { ids: [id] })).x, expected, "in a query");
    const row = {
      table: `t_${kind}`,
      steps: [["filter", ["eq", ["field", "_id"], id]]],
      end: ["unique"],
    };
    assert.deepEqual(
      (await server.query("lab:raw", row)).x,
      client === undefined ? expected : client,
      "at a client",
    );
  });
}

test("absent and null are told apart", async () => {
  const [a, b, ...docs] = await server.run("lab:m", {
    steps: [
      ["insert", "t_optnull", {}],
      ["insert", "t_optnull", { x: null }],
      ["get", { "@": "ref", i: 0 }],
      ["get", { "@": "ref", i: 1 }],
      ["patch", { "@": "ref", i: 0 }, { x: null }],
      ["patch", { "@": "ref", i: 1 }, { x: undef }],
      ["get", { "@": "ref", i: 0 }],
      ["get", { "@": "ref", i: 1 }],
    ],
  });
  assert.equal("x" in docs[0], false);
  assert.equal(docs[1].x, null);
  assert.equal(docs[4].x, null);
  assert.equal("x" in docs[5], false);
  assert.equal((await server.query("lab:get", { ids: [a] })).x, null);
  assert.equal("x" in (await server.query("lab:get", { ids: [b] })), false);
});
test("NaN in an optional number makes the key vanish", async () => {
  const [, doc] = await server.run("lab:m", {
    steps: [
      ["insert", "t_optnum", { x: nan }],
      ["get", { "@": "ref", i: 0 }],
    ],
  });
  assert.equal("x" in doc, false);
});
test("int64 beyond 2^53 reads as bigint and cannot be a result", async () => {
  for (const v of ["9007199254740993", "9223372036854775807", "-9223372036854775808"]) {
    const [id, doc] = await server.run("lab:m", {
      steps: [
        ["insert", "t_i64", { x: big(v) }],
        ["get", { "@": "ref", i: 0 }],
      ],
    });
    assert.deepEqual(doc.x, big(v));
    const row = {
      table: "t_i64",
      steps: [["filter", ["eq", ["field", "_id"], id]]],
      end: ["unique"],
    };
    assert.equal(
      await message(server.query("lab:raw", row)),
      "Do not know how to serialize a BigInt",
    );
  }
});
test("int64 outside of 64 bits is refused, not wrapped", async () => {
  for (const v of ["9223372036854775808", "-9223372036854775809", "36893488147419103232"])
    await message(server.run("lab:insert", { table: "t_i64", doc: { x: big(v) } }));
});
test("a document with a bigint, function or symbol inside any is refused or plain, never a crash", async () => {
  for (const x of [
    big("5"),
    { "@": "fn" },
    { "@": "sym" },
    { "@": "cycle" },
    { "@": "getter" },
    { "@": "deep", v: 20000 },
  ]) {
    await server.run("lab:insert", { table: "t_any", doc: { x } }).catch(() => 0);
    await server.run("lab:insert", { table: "t_any", doc: { x: [x] } }).catch(() => 0);
  }
  assert.equal(await server.query("lab:echo", { x: 1 }), 1);
});
test("U+0000 in text is refused", async () => {
  await message(server.run("lab:insert", { table: "t_str", doc: { x: "a\u0000b" } }));
});
test("documents list _id, _creationTime, then the fields in declared order", async () => {
  const [, doc] = await server.run("lab:m", {
    steps: [
      ["insert", "keyed", { alpha: 1, zeta: 2 }],
      ["get", { "@": "ref", i: 0 }],
    ],
  });
  assert.deepEqual(Object.keys(doc), ["_id", "_creationTime", "zeta", "alpha"]);
});
test("SQL words are ordinary names", async () => {
  const [, doc, rows] = await server.run("lab:m", {
    steps: [
      ["insert", "keyed", { alpha: 1, zeta: 2, select: "s", order: "o'; --" }],
      ["get", { "@": "ref", i: 0 }],
      [
        "query",
        {
          table: "keyed",
          steps: [
            ["withIndex", "order", [["eq", "order", "o'; --"]]],
            ["orderBy", "select", "desc"],
          ],
        },
      ],
    ],
  });
  assert.deepEqual([doc.select, doc.order], ["s", "o'; --"]);
  assert.equal(rows.length, 1);
});
