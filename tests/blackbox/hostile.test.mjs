// Moonstone. Licence: see LICENSE.
// Bytes that no polite client sends (reliability.md, list C). After each the server must answer
// others as before, and must not grow without end.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { project } from "./lib/fixture.mjs";
import { assertAlive, frame, head, Raw } from "./lib/hostile.mjs";
import { makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

let server;
before(async () => {
  server = await Server.start(makeFolder(project(), "hostile"));
});
after(() => server?.stop());

const alive = () => assertAlive(server);
const upgraded = () => Raw.upgraded(server);

/** Sends bytes and returns the status of the answer, or "closed". */
async function exchange(bytes) {
  const connection = new Raw(server);
  connection.send(bytes);
  const status = await connection.status();
  connection.destroy();
  return status;
}
const refused = (status) => status === "closed" || (status >= 400 && status < 600);
const kBadHttp = {
  garbage: "\x00\x01\x02\r\n\r\n",
  "no version": "GET /\r\n\r\n",
  "unknown version": "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
  "length and chunked":
    head("POST /query HTTP/1.1", "Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n",
  "two lengths": head("POST /query HTTP/1.1", "Content-Length: 5", "Content-Length: 6") + "{}   ",
  "negative length": head("POST /query HTTP/1.1", "Content-Length: -5"),
  "huge length": head("POST /query HTTP/1.1", "Content-Length: 99999999999999999999"),
  "length over the limit": head("POST /query HTTP/1.1", "Content-Length: 9999999999"),
  "bad chunk": head("POST /query HTTP/1.1", "Transfer-Encoding: chunked") + "zz\r\n{}\r\n0\r\n\r\n",
  "huge chunk": head("POST /query HTTP/1.1", "Transfer-Encoding: chunked") + "ffffffffffffffff\r\n",
  "header of 1 MB": head("GET /health HTTP/1.1", `X: ${"a".repeat(1 << 20)}`),
  "10,000 headers": head(
    "GET /health HTTP/1.1",
    ...Array.from({ length: 10000 }, (_, i) => `X${i}: ${i}`),
  ),
  "path of 1 MB": head(`GET /${"a".repeat(1 << 20)} HTTP/1.1`),
  "NUL in a header": head("GET /health HTTP/1.1", "X: a\0b"),
  "space before colon": head("POST /query HTTP/1.1", "Content-Length : 2") + "{}",
};
for (const [label, bytes] of Object.entries(kBadHttp)) {
  test(`HTTP: ${label} is refused`, async () => {
    assert.ok(refused(await exchange(bytes)), `${await exchange(bytes)}`);
    await alive();
  });
}
const kOddHttp = {
  "absolute form": head("GET http://x/health HTTP/1.1"),
  "path with NUL": head("GET /%00 HTTP/1.1"),
  dots: head("GET /../../etc/passwd HTTP/1.1"),
  "broken escape": head("GET /%zz HTTP/1.1"),
  asterisk: head("OPTIONS * HTTP/1.1"),
  connect: head("CONNECT x:443 HTTP/1.1"),
  "odd method": head("BREW /health HTTP/1.1"),
  "folded header": head("GET /health HTTP/1.1", "X: a", " b"),
  "upgrade to something else": head("GET /ws HTTP/1.1", "Connection: Upgrade", "Upgrade: h2c"),
  "upgrade without key": head(
    "GET /ws HTTP/1.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
  ),
  "upgrade elsewhere": head(
    "GET /nope HTTP/1.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ),
  "old websocket version": head(
    "GET /ws HTTP/1.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 7",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ),
};
for (const [label, bytes] of Object.entries(kOddHttp)) {
  test(`HTTP: ${label} is answered`, async () => {
    const status = await exchange(bytes);
    assert.notEqual(status, 101);
    await alive();
  });
}
test("HTTP: a body over the limit is refused", async () => {
  const reply = await server
    .post("/query", `{"fn":"lab:echo","args":{"x":"${"x".repeat(64 << 20)}"}}`)
    .catch(() => ({ status: 499 }));
  assert.ok(reply.status >= 400, `${reply.status}`);
  await alive();
});
test("HTTP: invalid UTF-8 in a body is an error or replaced, never a crash", async () => {
  const body = Buffer.concat([
    Buffer.from('{"fn":"lab:echo","args":{"x":"'),
    Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
    Buffer.from('"}}'),
  ]);
  await (await server.post("/query", body)).text();
  await alive();
});
test("HTTP: lone surrogates in arguments survive or are replaced", async () => {
  const reply = await server.post("/query", '{"fn":"lab:echo","args":{"x":"a\\ud800b"}}');
  await reply.text();
  const stored = await server.post("/__admin/run", '{"fn":"flow:say","args":{"text":"a\\ud800b"}}');
  await stored.text();
  await (await server.post("/query", { fn: "flow:said" })).json();
  await alive();
});
test("HTTP: deep JSON", async () => {
  for (const depth of [1000, 10000, 100000]) {
    const x = "[".repeat(depth) + "]".repeat(depth);
    await (await server.post("/query", `{"fn":"lab:echo","args":{"x":${x}}}`)).text();
    const objects = '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
    await (
      await server.post(
        "/__admin/run",
        `{"fn":"lab:insert","args":{"table":"t_any","doc":{"x":${objects}}}}`,
      )
    ).text();
  }
  await alive();
});
test("HTTP: requests in a pipeline and a keep-alive connection", async () => {
  const connection = new Raw(server);
  connection.send(head("GET /health HTTP/1.1").repeat(5));
  await until("five answers", () => connection.text.split("HTTP/1.1 200").length === 6);
  connection.destroy();
});
test("HTTP: a body in one-byte pieces", async () => {
  const body = '{"fn":"lab:echo","args":{"x":"slow"}}';
  const connection = new Raw(server);
  for (const byte of head("POST /query HTTP/1.1", `Content-Length: ${body.length}`) + body)
    connection.send(byte);
  await until("the answer", () => connection.text.includes('{"result":"slow"}'));
  connection.destroy();
});
test("HTTP: connections that never say anything do not disturb the others", async () => {
  const idle = Array.from({ length: 50 }, () => new Raw(server));
  for (const connection of idle) connection.send("POST /query HTTP/1.1\r\nContent-Length: 100\r\n");
  await alive();
  for (const connection of idle) connection.destroy();
});

// --- WebSocket bytes -------------------------------------------------------------------------
const ping = '{"type":"ping"}';
const kBadFrames = {
  "an unmasked frame": [frame(0x81, ping, { masked: false }), 1002],
  "a reserved bit": [frame(0xc1 | 0x20, ping), 1002],
  "a reserved opcode": [frame(0x83, ping), 1002],
  "a long control frame": [frame(0x89, "x".repeat(126)), 1002],
  "a fragmented control frame": [frame(0x09, "x"), 1002],
  "a continuation of nothing": [frame(0x80, ping), 1002],
  "text that is not UTF-8": [frame(0x81, Buffer.from([0x22, 0xff, 0xfe, 0x22])), 1007],
  "a bad close code": [frame(0x88, Buffer.from([0x00, 0x05])), 1002],
  "a close frame of one byte": [frame(0x88, Buffer.from([0x03])), 1002],
  "a new message inside a fragmented one": [
    Buffer.concat([frame(0x01, "{"), frame(0x81, ping)]),
    1002,
  ],
  "a frame that announces 2^40 bytes": [
    Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
    1009,
  ],
};
for (const [label, [bytes, code]] of Object.entries(kBadFrames)) {
  test(`WebSocket: ${label} closes with ${code}`, async () => {
    const connection = await upgraded();
    connection.send(bytes);
    const got = await connection.closeCode();
    assert.ok(got === code || got === undefined, `${got}`);
    await alive();
  });
}
test("WebSocket: a message in one-byte fragments and bytes", async () => {
  const connection = await upgraded();
  const text = Buffer.from('{"type":"query","id":"f","fn":"lab:echo","args":{"x":"\u00e4"}}');
  const pieces = [...text].map((byte, i) =>
    frame((i === 0 ? 1 : 0) | (i === text.length - 1 ? 0x80 : 0), [byte]),
  );
  for (const byte of Buffer.concat(pieces)) connection.send(Buffer.from([byte]));
  await until("the result", () => connection.bytes.includes('"result":"\u00e4"'));
  connection.destroy();
});
test("WebSocket: protocol pings are answered, also between fragments", async () => {
  const connection = await upgraded();
  connection.send(
    Buffer.concat([frame(0x01, '{"type":'), frame(0x89, "hi"), frame(0x80, '"ping"}')]),
  );
  await until(
    "both pongs",
    () =>
      connection.bytes.includes("pong") &&
      connection.bytes.includes(Buffer.from([0x8a, 2, 0x68, 0x69])),
  );
  connection.destroy();
});
test("WebSocket: a close is answered with a close", async () => {
  const connection = await upgraded();
  connection.send(frame(0x88, Buffer.from([0x03, 0xe8])));
  assert.equal(await connection.closeCode(), 1000);
});
test("WebSocket: a message over the limit closes with 1009", async () => {
  const socket = await Socket.open(server);
  socket.send(`{"type":"query","id":"big","fn":"lab:echo","args":{"x":"${"x".repeat(48 << 20)}"}}`);
  await until("the refusal", () => socket.closed);
  assert.equal(socket.closed.code, 1009);
  await alive();
});
test("WebSocket: a hundred connections that vanish leave nothing behind", async () => {
  const descriptors = () =>
    Number(/FDSize:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, "utf8"))[1]);
  const sockets = await Promise.all(Array.from({ length: 100 }, () => Socket.open(server)));
  await Promise.all(sockets.map((socket) => socket.query("flow:said", {}, "s")));
  const before = descriptors();
  for (const socket of sockets) socket.ws.terminate();
  await server.run("flow:say", { text: "to nobody" });
  for (let round = 0; round < 3; round++) {
    const more = await Promise.all(Array.from({ length: 100 }, () => Socket.open(server)));
    for (const socket of more) socket.ws.terminate();
  }
  assert.ok(descriptors() <= before * 2);
  await alive();
});
test("WebSocket: a reader that never reads is not waited for", async () => {
  const connection = await upgraded();
  connection.send(frame(0x81, '{"type":"query","id":"s","fn":"flow:said","args":{}}'));
  await until("the first result", () => connection.bytes.includes('"s"'));
  connection.socket.pause();
  const other = await Socket.open(server);
  for (let i = 0; i < 40; i++)
    assert.equal(
      (await other.mutation("flow:say", { text: "x".repeat(20000) })).type,
      "mutationResult",
    );
  connection.destroy();
  other.ws.terminate();
  await alive();
});
