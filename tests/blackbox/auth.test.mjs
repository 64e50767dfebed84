// Moonstone. Licence: see LICENSE.
// Identity: tokens on sockets and HTTP, key sets that rotate, who shares which result, origins and
// CORS (issue 3 point 7; functions.md 10, 21.18, 21.20). The project is that of docs/guide/auth.md.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import crypto from "node:crypto";
import http from "node:http";
import path from "node:path";
import WebSocket from "ws";
import { filesOfGuide } from "./lib/guide.mjs";
import { kRoot, makeFolder, Server, until } from "./lib/server.mjs";
import { Socket } from "./lib/socket.mjs";

const kSecret = "0123456789abcdef0123456789abcdef";
const kIssuer = "https://issuer.test";
const kAudience = "notes";

const base64url = (value) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const seconds = () => Math.floor(Date.now() / 1000);
const claims = (subject, more = {}) => ({
  iss: kIssuer,
  aud: kAudience,
  sub: subject,
  iat: seconds(),
  exp: seconds() + 3600,
  ...more,
});

const kKinds = {
  RS256: () => crypto.generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => crypto.generateKeyPairSync("ed25519"),
};
function makeKey(alg, kid) {
  const pair = kKinds[alg]();
  return {
    alg,
    kid,
    ...pair,
    jwk: { ...pair.publicKey.export({ format: "jwk" }), kid, use: "sig" },
  };
}
function sign(key, body, header = {}) {
  const text = `${base64url({ alg: key.alg, kid: key.kid, typ: "JWT", ...header })}.${base64url(body)}`;
  const options = key.alg === "ES256" ? { dsaEncoding: "ieee-p1363" } : {};
  const digest = key.alg === "EdDSA" ? null : "sha256";
  const bytes = crypto.sign(digest, Buffer.from(text), { key: key.privateKey, ...options });
  return `${text}.${bytes.toString("base64url")}`;
}
function signWithSecret(body, secret = kSecret, header = { alg: "HS256" }) {
  const text = `${base64url(header)}.${base64url(body)}`;
  return `${text}.${crypto.createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** The issuer: serves whatever keys it has at the moment. */
const issuer = { keys: [], fetches: 0, isDown: false };
const issuerServer = http.createServer((_, reply) => {
  issuer.fetches += 1;
  if (issuer.isDown) return reply.writeHead(503).end();
  reply.writeHead(200, { "content-type": "application/json" });
  reply.end(JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) }));
});
const keys = Object.fromEntries(Object.keys(kKinds).map((alg) => [alg, makeKey(alg, alg)]));

const open = [];
let server;
const connect = async (options, to = server) => {
  const socket = await Socket.open(to, options);
  open.push(socket);
  return socket;
};
const bearer = (token) => ({ authorization: `Bearer ${token}` });
const whoIs = async (token) => {
  const reply = await server.post("/query", { fn: "people:me" }, token ? bearer(token) : {});
  return { status: reply.status, body: await reply.json(), reply };
};

const kConfig = (port) => `
[server]
origins = ["https://app.example.com"]
cors_origins = ["https://app.example.com"]
[auth]
issuer = "${kIssuer}"
audience = "${kAudience}"
jwks = "http://127.0.0.1:${port}/keys"
clock_skew_s = 0
[auth.own]
clock_skew_s = 0
`;
const kEnv = { MOONSTONE_AUTH_OWN_SECRET: kSecret, no_proxy: "127.0.0.1,localhost" };

before(async () => {
  issuer.keys = Object.values(keys);
  await new Promise((done) => issuerServer.listen(0, "127.0.0.1", done));
  const files = filesOfGuide("auth.md");
  files["moonstone.toml"] = kConfig(issuerServer.address().port);
  server = await Server.start(makeFolder(files, "auth"), { env: kEnv });
});
after(async () => {
  for (const socket of open) socket.ws.terminate();
  await server?.stop();
  issuerServer.closeAllConnections?.();
  issuerServer.close();
});

// --- HTTP ------------------------------------------------------------------------------------
test("without a token nobody is there", async () => {
  assert.deepEqual((await whoIs()).body, { result: null });
});
for (const alg of Object.keys(kKinds)) {
  test(`a token signed with ${alg} says who calls`, async () => {
    const { body } = await whoIs(
      sign(keys[alg], claims("ann", { email: "a@b.c", role: "editor" })),
    );
    assert.deepEqual(body.result, {
      subject: "ann",
      issuer: kIssuer,
      tokenIdentifier: `${kIssuer}|ann`,
      email: "a@b.c",
      aud: kAudience,
      role: "editor",
    });
  });
}
test("a shared secret serves the tokens of other issuers", async () => {
  const token = signWithSecret({ sub: "bob", exp: seconds() + 60 });
  assert.equal((await whoIs(token)).body.result.tokenIdentifier, "moonstone|bob");
});

const kRefused = {
  "no signature": () => `${base64url({ alg: "none" })}.${base64url(claims("eve"))}.`,
  "the public key as a secret": () =>
    signWithSecret(claims("eve"), keys.RS256.publicKey.export({ type: "spki", format: "pem" }), {
      alg: "HS256",
      kid: "RS256",
    }),
  "the secret for the other issuer": () => signWithSecret(claims("eve")),
  "an unknown key": () => sign(makeKey("ES256", "unknown"), claims("eve")),
  "a known name on another key": () => sign(makeKey("ES256", "ES256"), claims("eve")),
  "a key in its header": () => {
    const own = makeKey("ES256", "ES256");
    return sign(own, claims("eve"), { jwk: own.jwk, jku: "http://169.254.169.254/" });
  },
  "a time that is over": () => sign(keys.ES256, claims("eve", { exp: seconds() - 1 })),
  "no end": () => sign(keys.ES256, { ...claims("eve"), exp: undefined }),
  "a beginning in the future": () => sign(keys.ES256, claims("eve", { nbf: seconds() + 600 })),
  "an absurd time": () => sign(keys.ES256, claims("eve", { exp: 1e300 })),
  "another audience": () => sign(keys.ES256, claims("eve", { aud: "shop" })),
  "no subject": () => sign(keys.ES256, { ...claims("eve"), sub: undefined }),
  "another shape": () => "sk_live_1234",
  "six thousand letters": () => "x".repeat(6_000) + ".x.x",
};
for (const [what, make] of Object.entries(kRefused)) {
  test(`a token with ${what} is refused on HTTP and on the socket`, async () => {
    const token = make();
    const { status, body, reply } = await whoIs(token);
    assert.equal(status, 401, JSON.stringify(body));
    assert.equal(body.code, "unauthenticated");
    assert.match(reply.headers.get("www-authenticate"), /invalid_token/);
    assert.ok(!body.error.includes(token.slice(-20)), body.error);
    const socket = await connect();
    socket.send({ type: "auth", id: "a", token });
    const frame = await socket.wait("the refusal", ({ id }) => id === "a");
    assert.deepEqual([frame.type, frame.code], ["error", "unauthenticated"]);
    assert.equal((await socket.query("people:me")).result, null);
  });
}
test("an upgrade with a good token has an identity, one with a bad one is refused", async () => {
  const socket = await connect({ headers: bearer(sign(keys.EdDSA, claims("ann"))) });
  assert.equal((await socket.query("people:me")).result.subject, "ann");
  const refused = new WebSocket(server.url.replace("http", "ws") + "/ws", {
    headers: bearer("bad.token.x"),
  });
  const status = await new Promise((done) => {
    refused.on("unexpected-response", (_, reply) => done(reply.statusCode));
    refused.on("error", () => {});
  });
  assert.equal(status, 401);
});
test("an administrator may act for somebody", async () => {
  const reply = await server.post("/__admin/run", {
    fn: "people:me",
    identity: { subject: "x", issuer: "y", tokenIdentifier: "y|x" },
  });
  assert.equal((await reply.json()).result.subject, "x");
});
test("errors in a project without providers say how to configure one", async () => {
  const files = filesOfGuide("auth.md");
  const other = await Server.start(makeFolder(files, "auth-none"));
  try {
    const reply = await other.post("/query", { fn: "people:me" }, bearer("a.b.c"));
    assert.equal(reply.status, 401);
    assert.match((await reply.json()).error, /MOONSTONE_AUTH_SECRET/);
  } finally {
    await other.stop();
  }
});

// --- the socket ------------------------------------------------------------------------------
test("hello may bring the token, and what follows runs under it", async () => {
  const socket = await connect();
  const id = "first";
  socket.send({
    type: "hello",
    client: crypto.randomUUID(),
    token: sign(keys.RS256, claims("cy")),
  });
  socket.send({ type: "query", id, fn: "people:me", args: {} });
  const result = await socket.wait("the result", (frame) => frame.id === id);
  assert.equal(result.result.subject, "cy");
  const auth = socket.frames.find(({ type }) => type === "auth");
  assert.ok(auth.authenticated && auth.expiresInMs > 3_500_000);
});

test("another identity changes what reads it, keeps the rest, and drops nothing", async () => {
  const socket = await connect();
  const token = (name) => sign(keys.ES256, claims(name));
  const mine = `mine${crypto.randomUUID()}`;
  socket.send({ type: "auth", id: 1, token: token("ann" + mine) });
  await socket.query("people:me", {}, "me");
  await socket.query("notes:all", {}, "all");
  const from = socket.frames.length;
  socket.send({ type: "auth", id: 2, token: token("ben" + mine) });
  await socket.waitPush("me", (value) => value.subject === "ben" + mine, from);
  await socket.wait("the answer", (frame) => frame.type === "auth" && frame.id === 2, from);
  // The same person with a fresh token hears nothing new.
  const later = socket.frames.length;
  socket.send({ type: "auth", id: 3, token: token("ben" + mine) });
  await socket.wait("the answer", (frame) => frame.id === 3, later);
  const text = `note ${mine}`;
  await socket.mutation("notes:add", { text });
  await socket.waitPush("all", (notes) => notes.some((note) => note.text === text), later);
  assert.deepEqual(
    socket.pushes(later).filter(([id]) => id === "me"),
    [],
  );
  const note = socket
    .pushes(later)
    .find(([id]) => id === "all")[1]
    .find((one) => one.text === text);
  assert.equal(note.author, "ben" + mine, "mutations run under the new identity, too");
  socket.send({ type: "auth", id: 4, token: null });
  await socket.waitPush("me", (value) => value === null, later);
});

test("an identity ends with its token, and a fresh one brings it back", async () => {
  const socket = await connect();
  const token = sign(keys.ES256, claims("dora", { exp: seconds() + 3 }));
  socket.send({ type: "auth", id: 1, token });
  assert.equal((await socket.query("people:me", {}, "me")).result.subject, "dora");
  const end = await socket.wait("the end", ({ code }) => code === "unauthenticated");
  assert.equal(end.id, undefined);
  await socket.waitPush("me", (value) => value === null);
  const from = socket.frames.length;
  socket.send({ type: "auth", id: 2, token: sign(keys.ES256, claims("dora")) });
  await socket.waitPush("me", (value) => value?.subject === "dora", from);
});

test("a rotated key is picked up, and survives its issuer", async () => {
  const next = makeKey("ES256", "next");
  issuer.keys = [...Object.values(keys), next];
  const token = sign(next, claims("ann"));
  await until("the new key", async () => (await whoIs(token)).status === 200);
  issuer.isDown = true;
  assert.equal((await whoIs(token)).status, 200);
  assert.equal((await whoIs(sign(makeKey("ES256", "gone"), claims("eve")))).status, 401);
  issuer.isDown = false;
  assert.ok(issuer.fetches < 12, `${issuer.fetches} fetches`);
});

// --- sharing ---------------------------------------------------------------------------------
// `probe` adds a random number to its result: equal numbers are one run.
test("what reads no identity runs once for everybody", async () => {
  const results = [];
  for (let i = 0; i < 12; ++i) {
    const socket = await connect({ headers: bearer(sign(keys.ES256, claims(`user${i}`))) });
    results.push((await socket.query("notes:count", {}, "n")).result, socket);
  }
  const sockets = results.filter((one) => one instanceof Socket);
  const { notes } = await server.run("notes:count");
  await server.run("notes:seed", { text: "shared" });
  const numbers = await Promise.all(
    sockets.map(async (socket) => (await socket.waitPush("n", (n) => n.notes > notes))[1].run),
  );
  assert.equal(new Set(numbers).size, 1);
});

test("a query that begins to read the identity never shows anybody else's result", async () => {
  const name = `door${crypto.randomUUID()}`;
  const people = [];
  for (let i = 0; i < 12; ++i) {
    const subject = `${name}-${i % 4}`;
    const socket = await connect({ headers: bearer(sign(keys.ES256, claims(subject))) });
    people.push({ subject, socket });
    assert.deepEqual((await socket.query("doors:look", { name }, "d")).result, { state: "open" });
  }
  for (let round = 0; round < 6; ++round) {
    const isClosed = round % 2 === 0;
    const marks = people.map(({ socket }) => socket.frames.length);
    await server.run("doors:turn", { name, isClosed, round });
    const seen = await Promise.all(
      people.map(async ({ subject, socket }, i) => {
        const value = (await socket.waitPush("d", (one) => one.round === round, marks[i]))[1];
        assert.equal(value.reader, isClosed ? subject : undefined);
        return value.run;
      }),
    );
    if (isClosed) assert.equal(new Set(seen).size, 4, "one run per identity");
  }
  for (const { subject, socket } of people) {
    for (const text of socket.texts) {
      for (const other of people.map((one) => one.subject).filter((one) => one !== subject)) {
        assert.ok(!text.includes(`"${other}"`), `${subject} got ${text}`);
      }
    }
  }
});

// --- origins and CORS --------------------------------------------------------------------------
test("pages of other origins may not open the socket or administrate", async () => {
  for (const [origin, status] of [
    ["https://evil.example", 403],
    ["https://app.example.com", 101],
  ]) {
    const ws = new WebSocket(server.url.replace("http", "ws") + "/ws", { origin });
    const got = await new Promise((done) => {
      ws.on("unexpected-response", (_, reply) => done(reply.statusCode));
      ws.on("open", () => done(101));
      ws.on("error", () => {});
    });
    ws.terminate();
    assert.equal(got, status, origin);
  }
  for (const route of ["/__admin/run", "/__dev/reset"]) {
    const reply = await server.post(
      route,
      { fn: "people:me" },
      { origin: "https://app.example.com" },
    );
    assert.equal(reply.status, 403, route);
  }
});
test("CORS headers go to configured origins, on errors too, and preflights are answered", async () => {
  const origin = "https://app.example.com";
  for (const [route, method, status] of [
    ["/query", "OPTIONS", 204],
    ["/nowhere", "OPTIONS", 204],
    ["/nowhere", "GET", 404],
    ["/health", "GET", 200],
  ]) {
    const reply = await fetch(server.url + route, { method, headers: { origin } });
    assert.equal(reply.status, status, route);
    assert.equal(reply.headers.get("access-control-allow-origin"), origin, route);
    assert.equal(reply.headers.get("vary"), "Origin");
    assert.equal(reply.headers.get("access-control-allow-credentials"), "true");
    assert.equal(reply.headers.get("access-control-max-age"), "86400");
    const foreign = await fetch(server.url + route, { method, headers: { origin: "https://x.y" } });
    assert.equal(foreign.headers.get("access-control-allow-origin"), null);
    const plain = await fetch(server.url + route, { method });
    assert.equal(plain.headers.get("access-control-allow-origin"), null);
  }
  const refused = await server.post("/query", { fn: "people:me" }, { ...bearer("x"), origin });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get("access-control-allow-origin"), origin);
});

// --- our client --------------------------------------------------------------------------------
test("our client signs in, renews its token, and signs out without losing a subscription", async () => {
  const { MoonstoneClient } = await import(path.join(kRoot, "packages/client/dist/index.js"));
  let tokens = 0;
  const client = new MoonstoneClient(server.url.replace("http", "ws") + "/ws", {
    webSocket: WebSocket,
  });
  try {
    const seen = [];
    const known = [];
    client.subscribe("people:me", {}, (me) => seen.push(me?.subject ?? null));
    client.setAuth(
      () => sign(keys.ES256, claims("gil", { exp: seconds() + 4, jti: String(++tokens) })),
      (isAuthenticated) => known.push(isAuthenticated),
    );
    await until("the identity", () => seen.at(-1) === "gil");
    await until("a renewal", () => tokens >= 3);
    assert.deepEqual(seen.slice(seen.indexOf("gil")), ["gil"]);
    client.setAuth(null);
    await until("the end", () => seen.at(-1) === null);
    assert.deepEqual(known, [true, false]);
  } finally {
    client.close();
  }
});
