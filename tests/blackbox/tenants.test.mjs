// Moonstone. Licence: see LICENSE.
// Tenants (functions.md 1, 10): apart in everything but code, opened on demand, a thousand of them.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { project } from "./lib/fixture.mjs";
import { kWait, makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kFiles = {
  "moonstone.toml": "[tenants]\nopen_max = 50\nidle_ms = 60000\n",
};
let server;
before(async () => {
  server = await Server.start(makeFolder({ ...project(), ...kFiles }, "tenants"));
});
after(() => server?.stop());

const person = (name) => ({ steps: [["insert", "people", { name, age: 1 }]] });
const everybody = { table: "people", steps: [] };
const at = (slug) => ({ url: `${server.url}/t/${encodeURIComponent(slug)}` });

async function call(slug, fn, args) {
  const reply = await fetch(`${at(slug).url}/__admin/run`, {
    method: "POST",
    body: JSON.stringify({ fn, args }),
  });
  const body = await reply.json();
  assert.equal(body.success, true, `${slug}: ${JSON.stringify(body)}`);
  return body.result;
}
async function names(slug) {
  const reply = await fetch(`${at(slug).url}/query`, {
    method: "POST",
    body: JSON.stringify({ fn: "lab:q", args: everybody }),
  });
  const body = await reply.json();
  assert.equal(reply.status, 200, JSON.stringify(body));
  return body.result.map((row) => row.name);
}

function costs() {
  const status = readFileSync(`/proc/${server.child.pid}/status`, "utf8");
  const read = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]);
  return {
    descriptors: readdirSync(`/proc/${server.child.pid}/fd`).length,
    threads: read("Threads"),
    memoryMiB: read("VmRSS") / 1024,
  };
}

test("documents of tenants are apart", async () => {
  await call("one", "lab:m", person("Ada"));
  await call("two", "lab:m", person("Bob"));
  await call("Ünïcode und so", "lab:m", person("Cyd"));
  assert.deepEqual(await names("one"), ["Ada"]);
  assert.deepEqual(await names("two"), ["Bob"]);
  assert.deepEqual(await names("Ünïcode und so"), ["Cyd"]);
  assert.deepEqual(await names("default"), []);
});

test("a socket hears of its own tenant only", async () => {
  const [one, two] = await Promise.all([
    Socket.open(at("push-1")),
    Socket.open(at("push-2")),
  ]);
  await one.query("lab:q", everybody, "all");
  await two.query("lab:q", everybody, "all");
  await call("push-1", "lab:m", person("Ada"));
  await one.wait("the update", (frame) => frame.type === "update");
  await two.ping();
  assert.equal(
    two.frames.some((frame) => frame.type === "update"),
    false,
  );
  one.ws.terminate();
  two.ws.terminate();
});

test("reset empties one tenant and tells its sockets alone", async () => {
  await call("reset-1", "lab:m", person("Ada"));
  await call("reset-2", "lab:m", person("Bob"));
  const [one, two] = await Promise.all([
    Socket.open(at("reset-1")),
    Socket.open(at("reset-2")),
  ]);
  const reply = await fetch(`${at("reset-1").url}/__dev/reset`, { method: "POST" });
  assert.equal(reply.status, 200);
  await one.wait("reset", (frame) => frame.type === "reset");
  await two.ping();
  assert.deepEqual(two.frames, [{ type: "pong" }]);
  assert.deepEqual(await names("reset-1"), []);
  assert.deepEqual(await names("reset-2"), ["Bob"]);
  one.ws.terminate();
  two.ws.terminate();
});

test("what is no tenant is not found, and leaves nothing behind", async () => {
  for (const route of ["/t/x", "/t/", "/t//query", "/t/ghost/nowhere", "/t/ghost/favicon.ico"]) {
    const reply = await fetch(server.url + route);
    assert.equal(reply.status, 404, route);
  }
  assert.equal((await fetch(`${server.url}/t/ghost/health`)).status, 200);
  assert.equal(existsSync(path.join(server.root, ".moonstone/data/tenants/ghost")), false);
  const long = await fetch(`${server.url}/t/${"x".repeat(101)}/query`, {
    method: "POST",
    body: "{}",
  });
  assert.equal(long.status, 400);
});

test("a thousand tenants cost no more than fifty", { timeout: 600_000 }, async () => {
  const visit = async (from, to) => {
    for (let i = from; i < to; i += 10) {
      await Promise.all(
        Array.from({ length: 10 }, (_, k) => call(`many-${i + k}`, "lab:m", person(`P${i + k}`))),
      );
    }
  };
  await visit(0, 100);
  const before = costs();
  await visit(100, 1000);
  const after = costs();
  const slack = 40;
  assert.ok(after.descriptors <= before.descriptors + slack, JSON.stringify({ before, after }));
  assert.ok(after.threads <= before.threads + slack, JSON.stringify({ before, after }));
  assert.ok(after.memoryMiB <= before.memoryMiB * 1.5 + 64, JSON.stringify({ before, after }));
  for (const i of [0, 57, 500, 999]) assert.deepEqual(await names(`many-${i}`), [`P${i}`]);
});

test("only an administrator makes tenants where the configuration says so", async () => {
  const files = { ...project(), "moonstone.toml": '[tenants]\ncreate = "administrator"\n' };
  const env = { MOONSTONE_ADMIN_KEY: "k".repeat(32) };
  const strict = await Server.start(makeFolder(files, "tenants-strict"), { command: "start", env });
  const post = (route, headers = {}) =>
    fetch(strict.url + route, {
      method: "POST",
      headers,
      body: JSON.stringify({ fn: "lab:q", args: everybody }),
    });
  assert.equal((await post("/t/acme/query")).status, 404);
  assert.equal((await post("/t/acme/__admin/run")).status, 404);
  await assert.rejects(Socket.open({ url: `${strict.url}/t/acme` }));
  const key = { authorization: `Bearer ${env.MOONSTONE_ADMIN_KEY}` };
  assert.equal((await post("/t/acme/__admin/run", key)).status, 200);
  assert.equal((await post("/t/acme/query")).status, 200);
  await strict.stop();
});

test("a tenant is chosen by a host below the domain, however it is spelt", async () => {
  const files = {
    ...project(),
    "moonstone.toml": `[tenants]\ndomain = "Example.com"\n`,
    "moonstone/file.ts": `import { mutation } from "./_generated/server";
export const upload = mutation({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });`,
  };
  const root = makeFolder(files, "by-host");
  const call = async (on, host, fn, args = {}) => {
    const request = http.request(`${on.url}/__admin/run`, { method: "POST", headers: { host } });
    request.end(JSON.stringify({ fn, args }));
    const [reply] = await once(request, "response");
    const body = JSON.parse((await reply.toArray()).join(""));
    assert.equal(body.success, true, JSON.stringify(body));
    return body.result;
  };
  const on = await Server.start(root);
  await call(on, "acme.example.com", "lab:m", person("Ada"));
  for (const host of ["ACME.Example.com", "acme.example.com:80", "acme.example.com."])
    assert.equal((await call(on, host, "lab:q", everybody)).length, 1, host);
  for (const host of ["example.com", "localhost"])
    assert.equal((await call(on, host, "lab:q", everybody)).length, 0, host);
  assert.deepEqual(readdirSync(path.join(root, ".moonstone/data/tenants")), ["acme"]);
  assert.match(
    await call(on, "acme.example.com", "file:upload"),
    /^http:\/\/acme\.example\.com\/storage\/upload\?/,
  );
  await on.stop();

  // One address for all of them in the links of files: then the path tells the tenant.
  const env = { MOONSTONE_SERVER_PUBLIC_URL: "https://public.example.com" };
  const behind = await Server.start(root, { env });
  assert.match(
    await call(behind, "acme.example.com", "file:upload"),
    /^https:\/\/public\.example\.com\/t\/acme\/storage\/upload\?/,
  );
  await behind.stop();
});

test("tenants are found again after kill -9", async () => {
  const root = makeFolder(project(), "tenants-crash");
  let crashed = await Server.start(root);
  const write = (name) =>
    fetch(`${crashed.url}/t/acme/__admin/run`, {
      method: "POST",
      body: JSON.stringify({ fn: "lab:m", args: person(name) }),
    });
  assert.equal((await write("Ada")).status, 200);
  crashed.child.kill("SIGKILL");
  await until("its end", () => crashed.exit, kWait);
  crashed = await Server.start(root);
  const reply = await fetch(`${crashed.url}/t/acme/query`, {
    method: "POST",
    body: JSON.stringify({ fn: "lab:q", args: everybody }),
  });
  assert.equal((await reply.json()).result.length, 1);
  await crashed.stop();
});
