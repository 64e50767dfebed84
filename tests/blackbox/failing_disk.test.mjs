// Moonstone. Licence: see LICENSE.
// A disk whose syncs fail, under the real server: nothing is promised that may be lost, reads go on,
// /health and /metrics say so, and all is well once the disk is.
import { test } from "node:test";
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { kFiles, kSecret } from "../torture/lib/app.mjs";
import { kRoot, makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kBuild = path.resolve(kRoot, process.env.MOONSTONE_BUILD ?? "build/release");

async function start(t) {
  const folder = makeFolder(kFiles, "disk");
  const sign = path.join(folder, "disk-fails");
  const server = await Server.start(folder, {
    env: {
      MOONSTONE_AUTH_SECRET: kSecret,
      MOONSTONE_FAILING_DISK: sign,
      LD_PRELOAD: path.join(kBuild, "tests/failing_disk.so"),
    },
  });
  t.after(() => server.stop());
  const socket = await Socket.open(server);
  socket.send({ type: "hello", client: "client-1" });
  return {
    server,
    socket,
    fail: () => writeFileSync(sign, ""),
    mend: () => rmSync(sign),
    add: (n, id) => socket.mutation("book:add", { by: "a", n }, id),
  };
}

const healthOf = async (server) => {
  const reply = await fetch(`${server.url}/health`);
  return `${reply.status} ${await reply.text()}`;
};

async function metric(server, name) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (.*)$`, "m").exec(text)?.[1]);
}

test("syncs fail: writes are refused, reads go on, and everything comes back", async (t) => {
  const { server, socket, fail, mend, add } = await start(t);
  const kBefore = 40; // more than SQLite writes at a time, so that the log is long
  for (let n = 0; n < kBefore; n++) assert.equal((await add(n, `${n + 1}`)).result, n);
  await socket.query("book:newest", { by: "a" }, "live");
  assert.equal(await healthOf(server), "200 OK");

  fail();
  const doubtful = await add(kBefore, `${kBefore + 1}`);
  assert.equal(doubtful.type, "error");
  assert.match(doubtful.message, /Whether it was applied is known once/);
  const refused = await add(99, "99");
  assert.match(refused.message, /nothing can be written, since the disk of the database failed/);
  assert.equal(await healthOf(server), "503 storage_failed");
  assert.equal(await metric(server, "moonstone_storage_failed"), 1);
  const numbers = await server.query("book:of", { by: "a" });
  assert.deepEqual(numbers.slice(0, kBefore), [...Array(kBefore).keys()]);

  mend();
  await until("a healthy server", async () => (await healthOf(server)) === "200 OK");
  assert.equal(await metric(server, "moonstone_storage_failed"), 0);
  assert.equal(await metric(server, "moonstone_storage_restarts_total"), 1);
  // Under its id it counts once, whatever had become of it.
  assert.equal((await add(kBefore, `${kBefore + 1}`)).result, kBefore);
  assert.equal((await add(kBefore + 1, "100")).result, kBefore + 1);
  const expected = [...Array(kBefore + 2).keys()];
  assert.deepEqual(await server.query("book:of", { by: "a" }), expected);
  await socket.waitPush("live", ({ count }) => count === kBefore + 2);
});
