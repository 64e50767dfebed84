// Moonstone. Licence: see LICENSE.
// Peers that are slow, gone, or many (reliability.md, lists A and C; hostile.md has the table). All
// deadlines are short by configuration. After each group the server holds what it held before.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { project } from "./lib/fixture.mjs";
import {
  assertAlive,
  assertNoGrowth,
  frame,
  head,
  isFlat,
  memoryOf,
  Raw,
  text,
} from "./lib/hostile.mjs";
import { makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kFrameBytes = 65536;
const kUnsentBytes = 4 << 20;
const kQueued = 50;
let server;
before(async () => {
  server = await Server.start(makeFolder(project(), "network"), {
    env: {
      MOONSTONE_LIMITS_HEADER_MS: "300",
      MOONSTONE_LIMITS_BODY_MS: "400",
      MOONSTONE_LIMITS_CLOSE_MS: "300",
      MOONSTONE_LIMITS_UNREAD_MS: "700",
      MOONSTONE_LIMITS_RUN_MS: "300",
      MOONSTONE_LIMITS_FRAME_BYTES: String(kFrameBytes),
      MOONSTONE_LIMITS_UNSENT_BYTES: String(kUnsentBytes),
      MOONSTONE_LIMITS_QUEUED_MUTATIONS: String(kQueued),
      MOONSTONE_LIMITS_MESSAGES_PER_SECOND: "0",
    },
  });
});
after(() => server?.stop());

async function openSockets() {
  const metrics = await (await fetch(server.url + "/metrics")).text();
  return Number(/^moonstone_sockets(?:\{\})? (\d+)$/m.exec(metrics)[1]);
}
const times = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const all = (list, each) => Promise.all(list.map(each));

test("the measure sees a leak, and not what is made once", () => {
  assert.ok(isFlat([100, 150, 180, 190, 191, 191], 5));
  assert.ok(isFlat([113, 110, 94, 114], 5));
  assert.ok(!isFlat([100, 110, 120, 130, 140, 150], 5));
  assert.ok(!isFlat([100, 90, 110, 100, 120, 110], 5));
});

// --- slow ------------------------------------------------------------------------------------
/** Sends `bytes` one by one until the server has had enough; its answer. */
async function dribble(bytes) {
  const raw = new Raw(server);
  for (const byte of bytes) {
    if (raw.closed || raw.bytes.length > 0) break;
    raw.send(byte);
    await new Promise((done) => setTimeout(done, 20));
  }
  const status = await raw.status();
  await raw.waitClosed();
  return status;
}
test("slow heads are answered with 408 while others are served", async () => {
  await assertNoGrowth(
    server,
    async () => {
      const slow = all(times(30, String), () => dribble(`GET /${"x".repeat(200)} HTTP/1.1\r\n`));
      await assertAlive(server);
      assert.deepEqual([...new Set(await slow)], [408]);
    },
    { rounds: 2 },
  );
});
test("slow bodies are answered with 408 while others are served", async () => {
  const start = head("POST /query HTTP/1.1", "Content-Length: 100000");
  await assertNoGrowth(
    server,
    async () => {
      const slow = all(times(30, String), () => dribble([start, ..."x".repeat(100)]));
      await assertAlive(server);
      assert.deepEqual([...new Set(await slow)], [408]);
    },
    { rounds: 2 },
  );
});
test("connections that say nothing, or nothing more, are closed", async () => {
  // A server of its own: fetch() keeps connections, and would meet the end of one now and then.
  const impatient = await Server.start(makeFolder(project(), "idle"), {
    env: { MOONSTONE_LIMITS_HEADER_MS: "300", MOONSTONE_LIMITS_IDLE_MS: "300" },
  });
  await assertNoGrowth(
    impatient,
    async () => {
      const mute = times(50, () => new Raw(impatient));
      const done = times(50, () => new Raw(impatient));
      for (const raw of done) raw.send(head("GET /health HTTP/1.1"));
      await all(done, async (raw) => assert.equal(await raw.status(), 200));
      await all([...mute, ...done], (raw) => raw.waitClosed());
    },
    { rounds: 3 },
  );
  await impatient.stop();
});

// --- gone ------------------------------------------------------------------------------------
test("a peer that has closed its sending half gets its answer", async () => {
  const raw = new Raw(server);
  raw.socket.end(head("GET /health HTTP/1.1"));
  assert.equal(await raw.status(), 200);
  await raw.waitClosed();
});
test("resets in the middle of heads, bodies and frames leave nothing behind", async () => {
  await assertNoGrowth(server, async () => {
    const pieces = [
      "GET /hea",
      head("POST /query HTTP/1.1", "Content-Length: 100") + "{",
      head("POST /query HTTP/1.1", "Transfer-Encoding: chunked") + "5\r\n{",
    ];
    const cut = pieces.flatMap((piece) =>
      times(20, () => {
        const raw = new Raw(server);
        raw.send(piece);
        return raw;
      }),
    );
    const sockets = await all(times(20, String), () => Raw.upgraded(server));
    for (const raw of sockets) {
      raw.send(text({ type: "query", id: 1, fn: "flow:said", args: {} }));
      raw.send(frame(0x81, "x".repeat(1000)).subarray(0, 500));
    }
    await all(sockets, (raw) => until("a result", () => raw.bytes.length > 0));
    await all(cut, (raw) => until("the connection", () => raw.socket.readyState === "open"));
    for (const raw of [...cut, ...sockets]) raw.socket.resetAndDestroy();
  });
  await assertAlive(server);
});
test("a peer that takes nothing is cut off, below every limit of bytes", async () => {
  const raw = await Raw.upgraded(server);
  raw.socket.pause();
  // More than the kernel keeps for it, less than the server does.
  for (let i = 0; i < 60; i++)
    raw.send(
      text({ type: "query", id: i, fn: "lab:ret", args: { x: { "@": "long", v: 60_000 + i } } }),
    );
  const other = await Socket.open(server);
  await other.ping();
  await until("the end of the connection", async () => (await openSockets()) === 1);
  await other.ping();
  other.ws.terminate();
  raw.destroy();
});
test("reconnect floods leave nothing behind", async () => {
  await assertNoGrowth(server, async (round) => {
    const sockets = await all(times(150, String), () => Raw.upgraded(server));
    for (const raw of sockets)
      raw.send(text({ type: "query", id: 1, fn: "lab:echo", args: { x: round } }));
    await all(sockets, (raw) => until("a result", () => raw.bytes.length > 0));
    for (const raw of sockets) raw.destroy();
  });
});

// --- frames ----------------------------------------------------------------------------------
test("a message in tens of thousands of one-byte fragments", async () => {
  const message = Buffer.from(
    JSON.stringify({ type: "query", id: "f", fn: "lab:echo", args: { x: "y".repeat(20_000) } }),
  );
  await assertNoGrowth(
    server,
    async () => {
      const raw = await Raw.upgraded(server);
      const last = message.length - 1;
      raw.send(
        Buffer.concat(
          [...message].map((byte, i) => frame((i === 0 ? 1 : 0) | (i === last ? 0x80 : 0), [byte])),
        ),
      );
      await until("the result", () => raw.bytes.includes('"result":"yyy'));
      raw.destroy();
    },
    { rounds: 4 },
  );
});
test("oversize messages close with 1009, in one frame or many", async () => {
  await assertNoGrowth(server, async () => {
    const half = "x".repeat(kFrameBytes / 2 + 1);
    const kinds = [
      text("x".repeat(kFrameBytes + 1)),
      Buffer.concat([frame(0x01, half), frame(0x80, half)]),
      Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
    ];
    const codes = await all([...kinds, ...kinds, ...kinds], async (bytes) => {
      const raw = await Raw.upgraded(server);
      raw.send(bytes);
      return raw.closeCode();
    });
    assert.deepEqual([...new Set(codes)], [1009]);
  });
});
test("nothing is decompressed: no extension, no bomb", async () => {
  const raw = await Raw.upgraded(server, ["Sec-WebSocket-Extensions: permessage-deflate"]);
  assert.doesNotMatch(raw.head, /sec-websocket-extensions/i);
  raw.send(frame(0xc1, Buffer.from("ca010400", "hex")));
  assert.equal(await raw.closeCode(), 1002);
  const before = memoryOf(server);
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  for (let i = 0; i < 5; i++) {
    const reply = await server.post("/query", bomb, { "content-encoding": "gzip" });
    assert.equal(reply.status, 500);
    assert.equal((await reply.json()).code, "execution_error");
  }
  assert.ok(memoryOf(server) - before < 32 << 20, "a bomb would have grown to 64 MiB");
});
test("what comes after a close is not done", async () => {
  const rows = (await server.query("flow:said")).length;
  const raw = await Raw.upgraded(server);
  const say = text({ type: "mutation", id: 1, fn: "flow:say", args: { text: "too late" } });
  raw.send(Buffer.concat([frame(0x88, [0x03, 0xe8]), ...times(100, () => say)]));
  assert.equal(await raw.closeCode(), 1000);
  assert.equal((await server.query("flow:said")).length, rows);
});

// --- many ------------------------------------------------------------------------------------
test("ten thousand subscriptions on a socket, and not one more", { timeout: 120_000 }, async () => {
  const kMost = 10_000;
  await assertNoGrowth(
    server,
    async (round) => {
      const socket = await Socket.open(server);
      for (let i = 0; i <= kMost; i++)
        socket.send({ type: "query", id: i, fn: "flow:said", args: {} });
      await until("all answers", () => socket.frames.length === kMost + 1);
      const refused = socket.frames.filter((one) => one.type === "error");
      assert.equal(refused.length, 1);
      assert.equal(refused[0].id, kMost);
      assert.match(refused[0].message, /at most 10000 subscriptions/);
      await server.run("flow:say", { text: `round ${round}` });
      await until("all updates", () => socket.pushes(kMost + 1).length === kMost);
      socket.ws.terminate();
    },
    { rounds: 3, noise: 48 << 20 },
  );
});
test("floods of subscribing and unsubscribing", async () => {
  await assertNoGrowth(server, async () => {
    const socket = await Socket.open(server);
    for (let i = 0; i < 1500; i++) {
      socket.send({ type: "query", id: i % 7, fn: "lab:echo", args: { x: i % 100 } });
      if (i % 3 !== 0) socket.send({ type: "unsubscribe", id: i % 7 });
    }
    await socket.ping();
    assert.equal((await socket.query("lab:echo", { x: "last" }, "last")).result, "last");
    socket.ws.terminate();
  });
});
test("a flood of mutations meets the bound of the queue; every answer is true", async () => {
  const kFlood = 400;
  await assertNoGrowth(
    server,
    async (round) => {
      const socket = await Socket.open(server);
      const label = `flood ${round}`;
      socket.send({ type: "mutation", id: "slow", fn: "flow:runawayM", args: { what: "loop" } });
      for (let i = 0; i < kFlood; i++)
        socket.send({ type: "mutation", id: i, fn: "flow:say", args: { text: label } });
      await until("all answers", () => socket.frames.length === kFlood + 1);
      const refused = socket.frames.filter((one) => one.type === "error" && one.id !== "slow");
      assert.ok(refused.length > 0 && refused.length < kFlood, `${refused.length} refused`);
      for (const one of refused) assert.match(one.message, /too many mutations are waiting/);
      const said = (await server.query("flow:said")).filter((one) => one === label);
      assert.equal(said.length, kFlood - refused.length);
      socket.ws.terminate();
    },
    { rounds: 3 },
  );
});
test("answers that nobody reads end the connection and take a bounded memory", async () => {
  await assertNoGrowth(
    server,
    async () => {
      const raw = await Raw.upgraded(server);
      raw.socket.pause();
      const before = memoryOf(server);
      let most = before;
      for (let i = 0; i < 1200; i++)
        raw.send(text({ type: "query", id: 1, fn: "lab:echo", args: { x: "z".repeat(20_000) } }));
      await until("the end of the connection", async () => {
        most = Math.max(most, memoryOf(server));
        return (await openSockets()) === 0;
      });
      assert.ok(most - before < 64 << 20, "24 MiB of answers are not kept for nobody");
      raw.destroy();
    },
    { rounds: 3, noise: 48 << 20 },
  );
  await assertAlive(server);
});
test("pings whose answers nobody reads do not pile up", async () => {
  const raw = await Raw.upgraded(server);
  raw.socket.pause();
  const before = memoryOf(server);
  const pings = Buffer.concat(times(20_000, () => text('{"type":"ping"}')));
  for (let i = 0; i < 10; i++) raw.send(pings);
  await assertAlive(server);
  raw.destroy();
  assert.ok(memoryOf(server) - before < 96 << 20);
  await assertAlive(server);
});
