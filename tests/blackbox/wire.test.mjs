// Moonstone. Licence: see LICENSE.
// The socket protocol, subscriptions and the HTTP routes (functions.md 8, 9, 10, 21.18 to 21.21,
// 21.28) with polite clients.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { project } from "./lib/fixture.mjs";
import { makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

let server;
const open = [];
const connect = async (options) => {
  const socket = await Socket.open(server, options);
  open.push(socket);
  return socket;
};
before(async () => {
  server = await Server.start(makeFolder(project(), "wire"));
});
after(async () => {
  for (const socket of open) socket.ws.terminate();
  await server?.stop();
});
let unique = 0;
const word = () => `word${++unique}`;
const byName = (name) => ({
  table: "people",
  steps: [["filter", ["eq", ["field", "name"], name]]],
});
const person = (name, age = 1, more = {}) => ({
  steps: [["insert", "people", { name, age, ...more }]],
});
const addPerson = async (name, age, more) =>
  (await server.run("lab:m", person(name, age, more)))[0];
const names = (rows) => rows.map((row) => row.name);

// --- frames ----------------------------------------------------------------------------------
for (const id of ["s", "", 0, 7, -1.5, 1e21, true, false, { a: [1] }, [1, "2"], '\u{1F600}"\\']) {
  test(`an id may be ${JSON.stringify(id)}`, async () => {
    const socket = await connect();
    assert.deepEqual(await socket.query("lab:echo", { x: 5 }, id), {
      type: "result",
      id,
      result: 5,
    });
    assert.deepEqual((await socket.mutation("flow:nope", {}, id)).id, id);
    const failed = await socket.query("lab:typed", {}, id);
    assert.deepEqual([failed.type, failed.id], ["error", id]);
  });
}
test("the server never greets first; ping is answered by pong", async () => {
  const socket = await connect();
  await socket.ping();
  assert.deepEqual(socket.frames, [{ type: "pong" }]);
});
const kOdd = [
  "",
  " ",
  "null",
  "true",
  "5",
  '"x"',
  "[]",
  "[{}]",
  "{",
  "{}",
  "}",
  "nonsense",
  '{"type":null}',
  '{"type":5}',
  '{"type":"nope","id":"odd"}',
  '{"type":["query"]}',
  '{"type":"query"}',
  '{"type":"query","id":"odd"}',
  '{"type":"query","id":"odd","fn":5}',
  '{"type":"query","id":"odd","fn":null,"args":{}}',
  '{"type":"mutation"}',
  '{"type":"unsubscribe"}',
  '{"type":"unsubscribe","id":"unknown"}',
  '{"type":"unsubscribe","id":{}}',
  '{"type":"query","fn":"lab:typed","args":{"x":"1"}}',
  '{"type":"hello"}',
  '{"type":"hello","client":5}',
  '{"type":"auth"}',
  '{"type":"__proto__"}',
  '{"__proto__":{"type":"ping"}}',
  '{"type":"ping","type":"ping"}',
  '{"type":"query","id":"\\ud800","fn":"lab:typed","args":{"x":"\\udfff"}}',
  "\ufeff{}",
  `${"[".repeat(20000)}${"]".repeat(20000)}`,
  `{"type":"query","id":"odd","fn":"lab:echo","args":{"x":${"[".repeat(20000)}${"]".repeat(20000)}}}`,
  '{"type":"query","id":"odd","fn":"lab:echo","args":{"x":1e400}}',
  '{"type":"query","id":"odd","fn":"lab:echo","args":{"x":"\\u0000"}}',
  '{"type":"query","id":"odd","fn":"lab:echo\\u0000","args":{}}',
  `{"type":"query","id":"odd","fn":"${"x".repeat(100000)}","args":{}}`,
  "NaN",
  "{'type':'ping'}",
  '{"type":"query","id":"odd","fn":"lab:echo","args":{"x":01}}',
];
for (const text of kOdd) {
  test(`odd frame ${text.slice(0, 70)}`, async () => {
    const socket = await connect();
    socket.send(text);
    await socket.ping();
    assert.equal((await socket.query("lab:echo", { x: 1 })).result, 1);
  });
}
test("a frame of unknown type gets no answer; a binary frame is ignored", async () => {
  const socket = await connect();
  socket.send({ type: "nope", id: "n" });
  socket.ws.send(Buffer.from('{"type":"query","id":"b","fn":"lab:echo","args":{"x":1}}'));
  await socket.ping();
  await socket.query("lab:echo", { x: 1 });
  assert.equal(
    socket.frames.some((frame) => frame.id === "b" || frame.id === "n"),
    false,
  );
});
test("unsubscribe has no reply", async () => {
  const socket = await connect();
  socket.send({ type: "unsubscribe", id: "nothing" });
  await socket.ping();
  assert.deepEqual(socket.frames, [{ type: "pong" }]);
});
test("more than fifty messages in a second are refused with their id; pings are free", async () => {
  const socket = await connect();
  for (let i = 0; i < 120; i++) socket.send({ type: "ping" });
  await until(
    "all pongs",
    () => socket.frames.filter((frame) => frame.type === "pong").length === 120,
  );
  for (let i = 0; i < 400; i++)
    socket.send({ type: "query", id: `q${i}`, fn: "lab:echo", args: { x: i } });
  await until("all answers", () => socket.frames.filter((frame) => frame.id).length === 400);
  const refused = socket.frames.filter((frame) => frame.type === "error");
  assert.ok(socket.frames.filter((frame) => frame.type === "result").length >= 50);
  assert.ok(refused.length > 0);
  for (const frame of refused) {
    assert.deepEqual(
      { ...frame, id: 0 },
      { type: "error", id: 0, code: "rate_limited", message: "Too many requests \u2014 slow down" },
    );
    assert.match(frame.id, /^q\d+$/);
  }
  assert.equal(
    new Set(socket.frames.filter((frame) => frame.id).map((frame) => frame.id)).size,
    400,
  );
  await until(
    "the window to pass",
    async () => (await socket.query("lab:echo", { x: "again" })).type === "result",
  );
});

// --- subscriptions ---------------------------------------------------------------------------
test("a query subscribes: enter, change, leave and delete are pushed", async () => {
  const socket = await connect();
  const name = word();
  assert.deepEqual((await socket.query("lab:raw", byName(name), "s")).result, []);
  const id = await addPerson(name, 1);
  assert.deepEqual(
    names(await socket.waitPush("s", (rows) => rows.length === 1).then(([, rows]) => rows)),
    [name],
  );
  await server.run("lab:m", { steps: [["patch", id, { age: 2 }]] });
  await socket.waitPush("s", (rows) => rows[0]?.age === 2);
  let from = socket.frames.length;
  await server.run("lab:m", { steps: [["patch", id, { name: word() }]] });
  await socket.waitPush("s", (rows) => rows.length === 0, from);
  from = socket.frames.length;
  await server.run("lab:m", { steps: [["patch", id, { name }]] });
  await socket.waitPush("s", (rows) => rows.length === 1, from);
  from = socket.frames.length;
  await server.run("lab:m", { steps: [["delete", id]] });
  await socket.waitPush("s", (rows) => rows.length === 0, from);
});
test("one changed subscription gives update, several give updates, before the mutationResult", async () => {
  const socket = await connect();
  const name = word();
  await socket.query("lab:raw", byName(name), "one");
  let from = socket.frames.length;
  await socket.mutation("lab:m", person(name), "m1");
  assert.deepEqual(
    socket.frames.slice(from).map((frame) => frame.type),
    ["update", "mutationResult"],
  );
  assert.deepEqual(Object.keys(socket.frames[from]).sort(), ["id", "result", "type"]);
  await socket.query("lab:names", byName(name), "two");
  await socket.query("lab:q", { ...byName(name), end: ["count"] }, 3);
  from = socket.frames.length;
  await socket.mutation("lab:m", person(name), "m2");
  const [push, reply] = socket.frames.slice(from);
  assert.deepEqual([push.type, reply.type, reply.id], ["updates", "mutationResult", "m2"]);
  assert.deepEqual(
    push.items
      .map((item) => item.id)
      .map(String)
      .sort(),
    ["3", "one", "two"],
  );
  assert.equal(push.items.find((item) => item.id === 3).result, 2);
  for (const item of push.items) assert.deepEqual(Object.keys(item).sort(), ["id", "result"]);
});
test("the own push comes before the mutationResult, many times in a row", async () => {
  const socket = await connect();
  const name = word();
  await socket.query("lab:q", { ...byName(name), end: ["count"] }, "c");
  for (let i = 1; i <= 20; i++) {
    const from = socket.frames.length;
    await socket.mutation("lab:m", person(name, i));
    assert.deepEqual(
      socket.frames.slice(from).map((frame) => (frame.result?.[0] ? "reply" : frame.result)),
      [i, "reply"],
    );
  }
});
test("results that do not change are not pushed", async () => {
  const socket = await connect();
  const name = word();
  const id = await addPerson(name, 1);
  await socket.query("lab:names", byName(name), "n");
  const from = socket.frames.length;
  for (let age = 2; age < 6; age++)
    await socket.mutation("lab:m", { steps: [["patch", id, { age }]] });
  await socket.mutation("lab:m", { steps: [["patch", id, {}]] });
  await socket.mutation("lab:m", {
    steps: [
      ["insert", "people", { name, age: 1 }],
      ["delete", { "@": "ref", i: 0 }],
    ],
  });
  assert.deepEqual(socket.pushes(from), []);
  await socket.mutation("lab:m", person(name));
  assert.deepEqual(socket.pushes(from), [["n", [name, name]]]);
});
test("a failing mutation pushes nothing", async () => {
  const socket = await connect();
  const name = word();
  await socket.query("lab:probe", byName(name), "p");
  const from = socket.frames.length;
  const reply = await socket.mutation("lab:m", { steps: [...person(name).steps, ["throw", "no"]] });
  assert.equal(reply.message, "no");
  await socket.mutation("lab:m", person(name));
  assert.equal(socket.pushes(from).length, 1);
});
// `lab:probe` answers with a random number, so that every run of it shows as a push.
const kPrecise = [
  ["equality", [["withIndex", "by_rank", [["eq", "rank", 500]]]], { rank: 501 }, { rank: 500 }],
  [
    "range",
    [
      [
        "withIndex",
        "by_rank",
        [
          ["gte", "rank", 600],
          ["lt", "rank", 610],
        ],
      ],
    ],
    { rank: 610 },
    { rank: 600 },
  ],
  [
    "compound",
    [
      [
        "withIndex",
        "by_tag_rank",
        [
          ["eq", "tag", "pt"],
          ["gt", "rank", 5],
        ],
      ],
    ],
    { tag: "pt", rank: 5 },
    { tag: "pt", rank: 6 },
  ],
  ["filter", [["filter", ["eq", ["field", "tag"], "pf"]]], { tag: "pg" }, { tag: "pf" }],
  [
    "filter with or",
    [["filter", ["or", ["eq", ["field", "tag"], "po"], ["gt", ["field", "rank"], 9000]]]],
    { tag: "pq", rank: 1 },
    { rank: 9001 },
  ],
  [
    "absent",
    [
      [
        "withIndex",
        "by_tag_rank",
        [
          ["eq", "tag", null],
          ["eq", "rank", 77],
        ],
      ],
    ],
    { tag: "x", rank: 77 },
    { rank: 77 },
  ],
];
for (const [label, steps, missing, hitting] of kPrecise) {
  test(`a write outside of the ${label} runs nothing, one inside runs once`, async () => {
    const socket = await connect();
    await socket.query("lab:probe", { table: "items", steps }, "p");
    const from = socket.frames.length;
    await socket.mutation("lab:m", { steps: [["insert", "items", { name: "z", ...missing }]] });
    await socket.mutation("lab:m", person(word()));
    assert.deepEqual(socket.pushes(from), []);
    await socket.mutation("lab:m", { steps: [["insert", "items", { name: "z", ...hitting }]] });
    assert.equal(socket.pushes(from).length, 1);
    const rows = socket.pushes(from)[0][1].value;
    const after = socket.frames.length;
    await socket.mutation("lab:m", { steps: [["delete", rows.at(-1)._id]] });
    assert.equal(socket.pushes(after).length, 1);
  });
}
test("get of a document and of a missing document", async () => {
  const socket = await connect();
  const [a, b] = [await addPerson(word()), await addPerson(word())];
  await socket.query("lab:probeGet", { id: a }, "g");
  const from = socket.frames.length;
  await socket.mutation("lab:m", { steps: [["patch", b, { age: 9 }]] });
  assert.deepEqual(socket.pushes(from), []);
  await socket.mutation("lab:m", { steps: [["patch", a, { age: 9 }]] });
  assert.equal(socket.pushes(from).length, 1);
  await socket.mutation("lab:m", { steps: [["delete", a]] });
  assert.equal(socket.pushes(from).at(-1)[1].doc, null);
});
test("a take() window follows the rows that move in and out of it", async () => {
  const socket = await connect();
  const tag = word();
  const add = (rank) =>
    socket.mutation("lab:m", { steps: [["insert", "items", { name: `r${rank}`, tag, rank }]] });
  const steps = [["withIndex", "by_tag_rank", [["eq", "tag", tag]]]];
  await socket.query("lab:names", { table: "items", steps, end: ["take", 2] }, "w");
  const last = () => socket.pushes().at(-1)?.[1].join();
  await add(5);
  assert.equal(last(), "r5");
  await add(9);
  await add(7);
  assert.equal(last(), "r5,r7");
  await add(1);
  assert.equal(last(), "r1,r5");
  const [first] = await server.query("lab:raw", { table: "items", steps, end: ["take", 1] });
  await socket.mutation("lab:m", { steps: [["delete", first._id]] });
  assert.equal(last(), "r5,r7");
});
test("a failed first run creates no subscription", async () => {
  const socket = await connect();
  assert.equal((await socket.query("lab:raw", { table: "nope" }, "f")).type, "error");
  const from = socket.frames.length;
  await socket.mutation("lab:m", person(word()));
  await socket.ping();
  assert.equal(
    socket.frames.slice(from).some((frame) => frame.id === "f"),
    false,
  );
});
test("a failing re-run sends nothing and the subscription lives on", async () => {
  const socket = await connect();
  assert.equal(typeof (await socket.query("flow:moody", {}, "mood")).result, "number");
  const from = socket.frames.length;
  await socket.mutation("flow:say", { text: "moody" });
  assert.equal(
    socket.frames.slice(from).some((frame) => frame.id === "mood"),
    false,
  );
  await socket.mutation("flow:say", { text: "moody" });
  assert.deepEqual(socket.pushes(from), [["mood", 2]]);
});
test("a query with a living id replaces the subscription", async () => {
  const socket = await connect();
  const [a, b] = [word(), word()];
  await socket.query("lab:names", byName(a), "r");
  assert.deepEqual(await socket.query("lab:names", byName(b), "r"), {
    type: "result",
    id: "r",
    result: [],
  });
  const from = socket.frames.length;
  await socket.mutation("lab:m", person(a));
  assert.deepEqual(socket.pushes(from), []);
  await socket.mutation("lab:m", person(b));
  assert.deepEqual(socket.pushes(from), [["r", [b]]]);
  const same = await socket.query("lab:names", byName(b), "r");
  assert.deepEqual(same.result, [b]);
  await socket.mutation("lab:m", person(b));
  assert.deepEqual(socket.pushes(from), [
    ["r", [b]],
    ["r", [b, b]],
  ]);
});
test("unsubscribe ends the pushes", async () => {
  const socket = await connect();
  const name = word();
  await socket.query("lab:names", byName(name), "u");
  await socket.query("lab:names", byName(name), "stay");
  socket.send({ type: "unsubscribe", id: "u" });
  await socket.ping();
  const from = socket.frames.length;
  await socket.mutation("lab:m", person(name));
  assert.deepEqual(socket.pushes(from), [["stay", [name]]]);
});
test("the same id on two connections is two subscriptions", async () => {
  const [one, two] = [await connect(), await connect()];
  const [a, b] = [word(), word()];
  await one.query("lab:names", byName(a), "req_1");
  await two.query("lab:names", byName(b), "req_1");
  await addPerson(a);
  await addPerson(b);
  assert.deepEqual((await one.waitPush("req_1"))[1], [a]);
  assert.deepEqual((await two.waitPush("req_1"))[1], [b]);
  two.send({ type: "unsubscribe", id: "req_1" });
  await two.ping();
  const from = one.frames.length;
  await addPerson(a);
  assert.deepEqual((await one.waitPush("req_1", () => true, from))[1], [a, a]);
  await two.close();
  await addPerson(a);
  await one.waitPush("req_1", (rows) => rows.length === 3);
  assert.equal(one.pushes().length, 3);
});
test("other connections, /__admin/run and several writes in one mutation push", async () => {
  const [one, two] = [await connect(), await connect()];
  const name = word();
  await one.query("lab:names", byName(name), "x");
  await two.mutation("lab:m", {
    steps: [...person(name).steps, ...person(name).steps, ...person(name).steps],
  });
  assert.deepEqual((await one.waitPush("x"))[1], [name, name, name]);
  await addPerson(name);
  await one.waitPush("x", (rows) => rows.length === 4);
  assert.equal(one.pushes().length, 2);
});
test("mutations of one connection run in the order they were sent", async () => {
  const socket = await connect();
  const text = word();
  for (let i = 0; i < 30; i++)
    socket.send({ type: "mutation", id: `o${i}`, fn: "flow:say", args: { text: `${text}-${i}` } });
  await socket.wait("the last one", (frame) => frame.id === "o29");
  const said = (await server.query("flow:said")).filter((x) => x.startsWith(text));
  assert.deepEqual(
    said,
    Array.from({ length: 30 }, (_, i) => `${text}-${i}`),
  );
  const replies = socket.frames
    .filter((frame) => frame.type === "mutationResult")
    .map((frame) => frame.id);
  assert.deepEqual(
    replies,
    Array.from({ length: 30 }, (_, i) => `o${i}`),
  );
});
test("a subscriber converges on the last state under a burst of writes", async () => {
  const watcher = await connect();
  const name = word();
  await watcher.query("lab:q", { ...byName(name), end: ["count"] }, "c");
  await Promise.all(Array.from({ length: 60 }, () => addPerson(name)));
  await watcher.waitPush("c", (n) => n === 60);
  const seen = watcher.pushes().map(([, n]) => n);
  assert.deepEqual(
    [...seen].sort((a, b) => a - b),
    seen,
    "versions never go back",
  );
});

// --- hello and resend ------------------------------------------------------------------------
test("hello is answered by hello", async () => {
  const socket = await connect();
  socket.send({ type: "hello", client: randomUUID(), capabilities: [] });
  assert.equal((await socket.wait("hello", () => true)).type, "hello");
});
test("with a client id a mutation is applied once, also on another connection", async () => {
  const client = randomUUID();
  const name = word();
  const first = await connect();
  first.send({ type: "hello", client });
  await first.wait("hello", (frame) => frame.type === "hello");
  const made = await first.mutation("lab:m", person(name), "once");
  const again = await first.mutation("lab:m", person(name), "once");
  assert.deepEqual(again, made);
  first.ws.terminate();
  const second = await connect();
  second.send({ type: "hello", client });
  await second.wait("hello", (frame) => frame.type === "hello");
  assert.deepEqual(await second.mutation("lab:m", person(name), "once"), made);
  assert.equal((await server.query("lab:names", byName(name))).length, 1);
  assert.notDeepEqual(await second.mutation("lab:m", person(name), "other"), made);
  assert.equal((await server.query("lab:names", byName(name))).length, 2);
});
test("a mutation sent twice at once with one id is applied once", async () => {
  const socket = await connect();
  const name = word();
  socket.send({ type: "hello", client: randomUUID() });
  for (let i = 0; i < 5; i++)
    socket.send({ type: "mutation", id: "burst", fn: "lab:m", args: person(name) });
  await until(
    "five replies",
    () => socket.frames.filter((frame) => frame.id === "burst").length === 5,
  );
  const replies = socket.frames.filter((frame) => frame.id === "burst");
  for (const reply of replies) assert.deepEqual(reply, replies[0]);
  assert.equal((await server.query("lab:names", byName(name))).length, 1);
});
test("without a client id equal ids are not deduplicated", async () => {
  const name = word();
  const [one, two] = [await connect(), await connect()];
  await one.mutation("lab:m", person(name), "req_1");
  await one.mutation("lab:m", person(name), "req_1");
  await two.mutation("lab:m", person(name), "req_1");
  assert.equal((await server.query("lab:names", byName(name))).length, 3);
});
test("the same id of another client is another mutation", async () => {
  const name = word();
  for (let i = 0; i < 2; i++) {
    const socket = await connect();
    socket.send({ type: "hello", client: randomUUID() });
    await socket.mutation("lab:m", person(name), "m1");
  }
  assert.equal((await server.query("lab:names", byName(name))).length, 2);
});

// --- HTTP ------------------------------------------------------------------------------------
const kHttp = [
  ["GET", "/health", undefined, 200, "OK"],
  ["POST", "/health", "x", 200, "OK"],
  ["PUT", "/health", "x", 200, "OK"],
  ["DELETE", "/health", undefined, 200, "OK"],
  ["GET", "/query", undefined, 404, "Not found"],
  ["PUT", "/query", "{}", 404, "Not found"],
  ["GET", "/nope", undefined, 404, "Not found"],
  ["POST", "/nope", "x", 404, "Not found"],
  ["GET", "/__admin/run", undefined, 404, "Not found"],
  ["GET", "/__dev/reset", undefined, 404, "Not found"],
  ["GET", "/query/", undefined, 404, "Not found"],
  ["POST", "/queryx", "{}", 404, "Not found"],
  ["OPTIONS", "/query", undefined, 404, "Not found"],
  ["GET", "/%2e%2e/%2e%2e/etc/passwd", undefined, 404, "Not found"],
  ["GET", "/__internal/validate-upload", undefined, 404, "Not found"],
  ["POST", "/__internal/storage-delete", "{}", 404, "Not found"],
];
for (const [method, route, body, status, text] of kHttp) {
  test(`${method} ${route}`, async () => {
    const reply = await fetch(server.url + route, { method, body });
    assert.equal(reply.status, status);
    assert.equal(await reply.text(), text);
  });
}
const missingFn = { error: "Missing required field: fn", code: "bad_request" };
const kQuery = [
  [{ fn: "lab:echo", args: { x: 1 } }, 200, { result: 1 }],
  [{ fn: "lab:echo", args: { x: null } }, 200, { result: null }],
  [{ fn: "lab:echo" }, 200, {}],
  [{ fn: "utils.stats:two" }, 200, { result: 2 }],
  [{}, 400, missingFn],
  [{ fn: "" }, 400, missingFn],
  [{ fn: 5 }, 400, missingFn],
  [{ fn: null }, 400, missingFn],
  [{ fn: ["lab:echo"] }, 400, missingFn],
  [{ fn: "a:b" }, 404, { error: "Function not found: a:b", code: "not_found" }],
  [{ fn: "lab:hiddenQ" }, 403, { error: 'Function "lab:hiddenQ" is internal', code: "forbidden" }],
  [{ fn: "lab:m" }, 400, { error: '"lab:m" is not a query', code: "bad_request" }],
  [{ fn: "flow:fail", args: { what: "error" } }, 500, { error: "plain", code: "execution_error" }],
  [
    { fn: "lab:typed", args: { x: 1 } },
    500,
    { error: "Expected string, got number", code: "execution_error" },
  ],
  [{ fn: "lab:typed" }, 500, { error: "Missing required field: x", code: "execution_error" }],
  [
    { fn: "vrets:str", args: { x: 1 } },
    500,
    {
      error: 'Return value validation failed for "vrets:str": Expected string, got number',
      code: "execution_error",
    },
  ],
];
for (const [body, status, expected] of kQuery) {
  test(`POST /query ${JSON.stringify(body)}`, async () => {
    const reply = await server.post("/query", body, { "content-type": "text/plain" });
    assert.deepEqual([reply.status, await reply.json()], [status, expected]);
    assert.match(reply.headers.get("content-type"), /^application\/json/);
  });
}
for (const body of [
  "",
  "nonsense",
  "{",
  "[",
  "\u0000",
  '{"fn":"lab:echo","args":{"x":01}}',
  `${"[".repeat(50000)}`,
]) {
  test(`POST /query and /__admin/run with a body that is not JSON: ${JSON.stringify(body.slice(0, 30))}`, async () => {
    const reply = await server.post("/query", body);
    const json = await reply.json();
    assert.deepEqual(
      [reply.status, json.code, typeof json.error],
      [500, "execution_error", "string"],
    );
    const admin = await server.post("/__admin/run", body);
    const adminJson = await admin.json();
    assert.deepEqual(
      [admin.status, adminJson.success, adminJson.code],
      [500, false, "execution_error"],
    );
  });
}
for (const body of ["null", "5", '"x"', "[]", "true"]) {
  test(`POST /query and /__admin/run with ${body} is an error in JSON`, async () => {
    for (const route of ["/query", "/__admin/run"]) {
      const reply = await server.post(route, body);
      assert.ok(reply.status >= 400, `${route} ${reply.status}`);
      assert.equal(typeof (await reply.json()).error, "string");
    }
  });
}
const kAdmin = [
  [{ fn: "lab:echo", args: { x: 1 } }, 200, { success: true, result: 1 }],
  [{ fn: "lab:retm", args: { x: { "@": "undef" } } }, 200, { success: true }],
  [{ fn: "lab:hiddenQ" }, 200, { success: true, result: "hidden" }],
  [{ fn: "lab:hiddenM" }, 200, { success: true, result: "hidden" }],
  [{ fn: "a:b" }, 404, { success: false, error: "Function not found: a:b", code: "not_found" }],
  [
    { fn: "flow:fail", args: { what: "string" } },
    500,
    { success: false, error: "Unknown error", code: "execution_error" },
  ],
  [
    { fn: "lab:typed", args: {} },
    500,
    { success: false, error: "Missing required field: x", code: "execution_error" },
  ],
];
for (const [body, status, expected] of kAdmin) {
  test(`POST /__admin/run ${JSON.stringify(body)}`, async () => {
    const reply = await server.post("/__admin/run", body);
    assert.deepEqual([reply.status, await reply.json()], [status, expected]);
  });
}
test("JSON details of requests", async () => {
  const ask = async (text) => (await (await server.post("/query", text)).json()).result;
  assert.equal(await ask('{"fn":"lab:echo","args":{"x":1,"x":2}}'), 2);
  assert.equal(await ask('{"fn":"lab:echo","args":{"x":9007199254740993}}'), 9007199254740992);
  assert.equal(await ask('{"fn":"lab:echo","args":{"x":-0}}'), 0);
  assert.equal(await ask('{"fn":"lab:echo","args":{"x":1E3}}'), 1000);
  assert.equal(await ask('{"fn":"lab:echo","args":{"x":0.1}}'), 0.1);
  assert.equal(
    await ask('{"fn":"lab:echo","args":{"x":123456789012345680000}}'),
    123456789012345680000,
  );
  assert.equal(await ask(`{"fn":"lab:echo","args":{"x":1000000000000000000}}`), 1e18);
  assert.equal(await ask('{"fn":"lab:echo","args":{"x":1e-7}}'), 1e-7);
  assert.equal(
    await ask('  {"fn" : "lab:echo",\n"args":{"x":"\\u00e4\\ud83d\\ude00\\/"}}  '),
    "\u00e4\u{1F600}/",
  );
  const deep = `${"[".repeat(50)}${"]".repeat(50)}`;
  assert.equal(JSON.stringify(await ask(`{"fn":"lab:echo","args":{"x":${deep}}}`)), deep);
});
test("numbers and text are written as JavaScript writes them", async () => {
  const values = [
    1e21,
    1e-7,
    0.1,
    123456789.125,
    -1e-10,
    5e-324,
    1.7976931348623157e308,
    '\u2028\u007f"\\/\b',
  ];
  const reply = await server.post("/query", { fn: "lab:echo", args: { x: values } });
  assert.equal(await reply.text(), JSON.stringify({ result: values }));
});
test("/_dashboard in dev", async () => {
  for (const route of ["/_dashboard", "/_dashboard/", "/_dashboard/any/thing"]) {
    const reply = await fetch(server.url + route);
    const text = await reply.text();
    assert.equal(reply.status, 200);
    assert.match(reply.headers.get("content-type"), /^text\/html; charset=utf-8$/i);
    assert.equal(reply.headers.get("cache-control"), "no-cache");
    for (const part of ["<!DOCTYPE html>", "Moonstone", "Zeroback"])
      assert.ok(text.includes(part), part);
  }
});
test("a foreign Origin may open /ws but not use the admin routes", async () => {
  const socket = await connect({ headers: { origin: "https://evil.example" } });
  assert.equal((await socket.query("lab:echo", { x: 1 })).result, 1);
  for (const [route, body] of [
    ["/__admin/run", { fn: "lab:echo", args: { x: 1 } }],
    ["/__dev/reset", {}],
  ]) {
    const reply = await server.post(route, body, { origin: "https://evil.example" });
    assert.equal(reply.status, 403, route);
  }
  const own = await server.post(
    "/__admin/run",
    { fn: "lab:echo", args: { x: 1 } },
    { origin: server.url },
  );
  assert.equal(own.status, 200);
  const query = await server.post(
    "/query",
    { fn: "lab:echo", args: { x: 1 } },
    { origin: "https://evil.example" },
  );
  assert.equal(query.status, 200);
  assert.equal(query.headers.get("access-control-allow-origin"), null);
});
test("a plain GET of /ws is no success", async () => {
  const reply = await fetch(server.url + "/ws");
  assert.ok(reply.status >= 400 && reply.status < 500);
});

// --- reset (last, because it empties the database) ------------------------------------------------
test("/__dev/reset empties the tables, sends reset to all, and subscriptions start anew", async () => {
  const [one, two] = [await connect(), await connect()];
  const name = word();
  await addPerson(name);
  await one.query("lab:names", byName(name), "s");
  const reply = await server.post("/__dev/reset", "");
  assert.deepEqual([reply.status, await reply.text()], [200, "OK"]);
  for (const socket of [one, two]) await socket.wait("reset", (frame) => frame.type === "reset");
  assert.equal(await server.query("lab:count", { table: "people" }), 0);
  assert.equal(await server.query("lab:count", { table: "items" }), 0);
  const from = one.frames.length;
  await addPerson(name);
  await one.ping();
  assert.deepEqual(one.pushes(from), []);
  assert.deepEqual((await one.query("lab:names", byName(name), "s")).result, [name]);
  await addPerson(name);
  // From here on: the emptied table may have reached the old subscription before the reset did.
  assert.deepEqual((await one.waitPush("s", () => true, from))[1], [name, name]);
});
