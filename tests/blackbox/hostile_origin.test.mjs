// Moonstone. Licence: see LICENSE.
// Who may administrate a server in development: its owner, and no page that the owner happens to
// look at, whatever name it was served under; and nothing of a request gets into the log as more
// than text.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import http from "node:http";
import { project } from "./lib/fixture.mjs";
import { assertAlive, Raw } from "./lib/hostile.mjs";
import { makeFolder, Server } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

let server;
before(async () => {
  server = await Server.start(makeFolder(project(), "origin"), {
    env: { MOONSTONE_SERVER_PUBLIC_URL: "https://dev.own.example" },
  });
});
after(() => server?.stop());

/** fetch() sets Host itself, so this is done by hand. */
function request(method, path, headers = {}, body = "") {
  return new Promise((done, fail) => {
    const sent = http.request(
      { host: "127.0.0.1", port: server.port, method, path, headers, agent: false },
      (reply) => {
        let text = "";
        reply.setEncoding("utf8");
        reply.on("data", (piece) => (text += piece));
        reply.on("end", () => done({ status: reply.statusCode, text, headers: reply.headers }));
      },
    );
    sent.on("error", fail);
    sent.end(body);
  });
}
const run = JSON.stringify({ fn: "lab:hiddenQ", args: {} });
const kForeign = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"];

test("a name that was made to point here administrates nothing", async () => {
  for (const name of kForeign) {
    const host = `${name}:${server.port}`;
    const page = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin" };
    const routes = [
      ["POST", "/__admin/run", run],
      ["POST", "/__dev/reset"],
      ["GET", "/__admin/tables"],
      ["GET", "/__admin/documents?table=log"],
      ["GET", "/__admin/logs"],
      ["GET", "/__admin/export"],
      ["GET", "/__admin/file?id=_storage/x"],
      ["POST", "/__admin/import?table=log", '{"_id":"x"}'],
      ["GET", "/metrics"],
    ];
    for (const [method, path, body] of routes) {
      const reply = await request(method, path, page, body);
      assert.equal(reply.status, 403, `${method} ${path} as ${name}`);
      assert.equal(JSON.parse(reply.text).code, "forbidden");
    }
    const socket = await Socket.open(server, { headers: { host }, origin: `http://${host}` });
    const refused = await socket.query("_system:listTables");
    assert.deepEqual([refused.type, refused.code], ["error", "forbidden"]);
    assert.equal((await socket.query("lab:echo", { x: 1 })).result, 1, "public functions stay so");
    socket.ws.terminate();
  }
});
test("the server's own names do", async () => {
  for (const name of ["localhost", "acme.localhost", "127.0.0.1", "[::1]", "dev.own.example"]) {
    const host = `${name}:${server.port}`;
    const reply = await request("POST", "/__admin/run", { host, origin: `http://${host}` }, run);
    assert.equal(reply.status, 200, name);
  }
});
test("requests that a foreign page makes without an origin are refused", async () => {
  for (const site of ["cross-site", "same-site"]) {
    const reply = await request("GET", "/__admin/tables", { "sec-fetch-site": site });
    assert.equal(reply.status, 403, site);
  }
  assert.equal((await request("GET", "/__admin/tables", { "sec-fetch-site": "none" })).status, 200);
});
test("a Host that is none is refused before anything is made of it", async () => {
  for (const host of ["evil/", "a b", "user@localhost", "localhost#", '"', "<script>"]) {
    const raw = new Raw(server);
    raw.send(`GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assert.equal(await raw.status(), 400, host);
    raw.destroy();
  }
});
test("paths do not lead out, however they are written", async () => {
  const kPaths = [
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/a/..%5c..%5cetc/passwd",
    "/storage/_storage/../../moonstone.db",
    "/storage/_storage%2f..%2f..%2fmoonstone.db",
    "/t/..%2f..%2fx/query",
    "/t/%2e%2e/query",
    "/.moonstone/data/moonstone.db",
    "/%2emoonstone/data/moonstone.db",
    "/moonstone.toml",
  ];
  for (const path of kPaths) {
    const reply = await request("GET", path);
    assert.ok([400, 404].includes(reply.status), `${path}: ${reply.status}`);
    assert.doesNotMatch(reply.text, /root:|SQLite format/);
  }
  for (const id of ["_storage/../../x", "../x", "_storage/%00", ""]) {
    const put = await server.post(`/__admin/file?id=${encodeURIComponent(id)}`, "x").catch(() => 0);
    assert.notEqual(put.status, 200, id);
    const reply = await request(
      "PUT",
      `/__admin/file?id=${encodeURIComponent(id)}`,
      { "content-length": 1 },
      "x",
    );
    assert.ok(reply.status >= 400, `${id}: ${reply.status} ${reply.text}`);
  }
  await assertAlive(server);
});
test("what callers write stays text in the log, and secrets do not get there", async () => {
  const before = server.text.length;
  const escape = "\u001b[31mred\nfake line\r\u0085";
  const socket = await Socket.open(server);
  await socket.query(`lab:${escape}`);
  await socket.query("flow:fail", { what: "unicode" });
  await server.post("/__admin/run", { fn: `a${escape}`, args: { password: "hunter2hunter2" } });
  await request("GET", "/nowhere?token=eyJhbGciOiJub25lIn0.e30.secretsecret", {
    authorization: "Bearer wrong-key-of-somebody",
    "x-request-id": "id\u0020with spaces",
  });
  socket.ws.terminate();
  const logs = await request("GET", "/__admin/logs?limit=200&level=debug");
  for (const text of [server.text.slice(before), logs.text]) {
    assert.ok(!text.includes("\u001b"), "an escape sequence would reach a terminal");
    assert.doesNotMatch(text, /^fake line/m);
    for (const secret of ["hunter2hunter2", "secretsecret", "wrong-key-of-somebody"])
      assert.ok(!text.includes(secret), secret);
  }
});
test("headers of answers are not the callers' to write", async () => {
  const reply = await request("GET", "/health", { "x-request-id": "good-id_1.2" });
  assert.equal(reply.headers["x-request-id"], "good-id_1.2");
  for (const id of ["a b", "a\u00e4", "x".repeat(65), "a;b"]) {
    const other = await request("GET", "/health", { "x-request-id": id });
    assert.match(other.headers["x-request-id"], /^[\w.-]{1,64}$/);
    assert.notEqual(other.headers["x-request-id"], id);
  }
});
