// Moonstone. Licence: see LICENSE.
// Every delivered result is that of a fresh run at its version. Random queries of several identities
// are live on several sockets while random writes change what they look at. A mutation returns its
// number among all writes, so that a model knows every state there was; at each frame that a
// connection gets there must be one state, not older than the one before, at which all that it shows
// is what the model answers there.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { makeRandom } from "../blackbox/lib/network.mjs";
import { Socket } from "../blackbox/lib/socket.mjs";
import { until } from "../blackbox/lib/server.mjs";
import { kSecret } from "./lib/app.mjs";
import { Cards } from "./lib/model.mjs";
import { TorturedServer } from "./lib/server.mjs";

const kSubjects = ["ann", "bob", undefined, "ann"];
const kSuits = ["clubs", "hearts", "spades"];
const kNames = 24;
const kSubscriptions = 14;
const kRounds = 40;
const kWritesPerRound = 5;

const base64url = (text) => Buffer.from(text).toString("base64url");
function tokenFor(subject) {
  const claims = { sub: subject, exp: Math.floor(Date.now() / 1000) + 3600 };
  const text = `${base64url('{"alg":"HS256"}')}.${base64url(JSON.stringify(claims))}`;
  return `${text}.${crypto.createHmac("sha256", kSecret).update(text).digest("base64url")}`;
}

const pickOf = (random) => (list) => list[Math.floor(random() * list.length)];

function someFields(random) {
  const pick = pickOf(random);
  const fields = {
    owner: pick(["ann", "bob", "nobody"]),
    suit: pick(kSuits),
    rank: pick([1, 2, 3, 4, 5]),
  };
  if (random() < 0.4) fields.note = pick(["x", "y"]);
  return fields;
}

function someSteps(random) {
  const pick = pickOf(random);
  return Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const name = `card${Math.floor(random() * kNames)}`;
    const kind = pick(["put", "put", "patch", "patch", "delete"]);
    if (kind === "delete") return { kind, name };
    if (kind === "put") return { kind, name, fields: someFields(random) };
    const { [pick(["owner", "suit", "rank"])]: _, note: __, ...fields } = someFields(random);
    return { kind, name, fields };
  });
}

function someFilter(random) {
  const pick = pickOf(random);
  const part = () =>
    pick([
      () => ["rank", pick(["eq", "neq", "lt", "lte", "gt", "gte"]), pick([1, 2, 3, 4])],
      () => ["note", pick(["eq", "neq"]), pick(["x", "y", null])],
      () => ["owner", pick(["eq", "neq"]), pick(["ann", "bob"])],
    ])();
  return Array.from({ length: 1 + Math.floor(random() * 2) }, part);
}

/** A query as `cards:ask` and the model understand it. */
function someSpec(random) {
  const pick = pickOf(random);
  const kind = pick(["collect", "collect", "take", "take", "first", "count", "get", "chain"]);
  if (kind === "get") return { kind, name: `card${Math.floor(random() * kNames)}` };
  const spec = { kind };
  if (kind === "take") spec.limit = 1 + Math.floor(random() * 4);
  if (random() < 0.35) spec.mine = true;
  else if (random() < 0.6) {
    spec.suit = pick(kSuits);
    if (random() < 0.4) spec.from = pick([1, 2, 3]);
    if (random() < 0.4) spec.below = pick([3, 4, 5]);
  }
  if (random() < 0.5) Object.assign(spec, { filter: someFilter(random), any: random() < 0.5 });
  if (random() < 0.5) spec.direction = pick(["asc", "desc"]);
  if (random() < 0.3)
    Object.assign(spec, {
      orderBy: pick(["rank", "note", "owner"]),
      direction: pick(["asc", "desc"]),
    });
  return spec;
}

/** All states there were. State 0 is before the first write of this round of the torture. */
class Past {
  states = [new Cards()];
  #steps = new Map();

  /** `number`: of the write among all. Replies of several sockets come in any order. */
  add(number, steps) {
    assert.ok(number >= this.states.length && !this.#steps.has(number), `write ${number} twice`);
    this.#steps.set(number, steps);
    for (let next = this.states.length; this.#steps.has(next); next++) {
      this.states.push(this.states.at(-1).after(this.#steps.get(next)));
      this.#steps.delete(next);
    }
  }
}

/** One connection: what it is subscribed to, and what it shows after each frame. */
class Viewer {
  specs = new Map();
  #next = 0;

  static async open(server, subject) {
    const viewer = new Viewer();
    viewer.subject = subject;
    viewer.socket = await Socket.open(server);
    if (subject !== undefined) {
      viewer.socket.send({ type: "auth", id: "who", token: tokenFor(subject) });
      await viewer.socket.wait("auth", (frame) => frame.type === "auth" && frame.authenticated);
    }
    return viewer;
  }

  subscribe(spec) {
    const id = `s${this.#next++}`;
    this.specs.set(id, spec);
    this.socket.send({ type: "query", id, fn: "cards:ask", args: { spec } });
    return id;
  }

  async write(steps, past) {
    const answer = await this.socket.mutation("cards:change", { steps });
    assert.equal(answer.type, "mutationResult", JSON.stringify(answer));
    past.add(answer.result, steps);
  }

  hasAll() {
    return [...this.specs.keys()].every((id) =>
      this.socket.frames.some((frame) => frame.id === id),
    );
  }

  isAt(state) {
    const shown = new Map();
    for (const frame of this.socket.frames) this.#show(frame, shown);
    return shown.size === this.specs.size && this.#firstWrong(state, shown) === undefined;
  }

  /** Throws if what was shown after some frame never was at once. Returns how many frames there were. */
  check(states) {
    const shown = new Map();
    let oldest = 0;
    let checked = 0;
    for (const frame of this.socket.frames) {
      if (frame.type === "error") throw new Error(JSON.stringify(frame));
      // What a write causes is shown before its answer.
      if (frame.type === "mutationResult") oldest = Math.max(oldest, frame.result);
      else if (!this.#show(frame, shown)) continue;
      oldest = this.#stateOf(states, shown, oldest, frame);
      checked += 1;
    }
    this.#stateOf(states, shown, states.length - 1, { type: "the end" });
    return checked;
  }

  #show(frame, shown) {
    if (!["result", "update", "updates"].includes(frame.type)) return false;
    const items = frame.type === "updates" ? frame.items : [frame];
    for (const { id, result } of items) shown.set(id, JSON.stringify(result));
    return true;
  }

  /** The first state from `oldest` on at which everything shown is right. */
  #stateOf(states, shown, oldest, frame) {
    let wrong;
    for (let at = oldest; at < states.length; at++) {
      wrong = this.#firstWrong(states[at], shown);
      if (wrong === undefined) return at;
    }
    const { id, expected } = wrong;
    throw new Error(
      `no state from ${oldest} to ${states.length - 1} explains ${JSON.stringify(frame).slice(0, 300)} for ` +
        `${this.subject}: ${JSON.stringify(this.specs.get(id))} shows ${shown.get(id)}, in the last one ${expected}`,
    );
  }

  #firstWrong(state, shown) {
    state.answers ??= new Map();
    for (const [id, result] of shown) {
      const key = `${this.subject} ${JSON.stringify(this.specs.get(id))}`;
      if (!state.answers.has(key)) {
        state.answers.set(key, JSON.stringify(state.ask(this.specs.get(id), this.subject)));
      }
      const expected = state.answers.get(key);
      if (result !== expected) return { id, expected };
    }
    return undefined;
  }
}

async function runRound(server, seed, past) {
  const random = makeRandom(seed);
  const viewers = await Promise.all(kSubjects.map((subject) => Viewer.open(server, subject)));
  const specs = Array.from({ length: kSubscriptions }, () => someSpec(random));
  for (const viewer of viewers) for (const spec of specs) viewer.subscribe(spec);
  for (let round = 0; round < kRounds; round++) {
    const writes = Array.from({ length: kWritesPerRound }, () =>
      viewers[Math.floor(random() * viewers.length)].write(someSteps(random), past),
    );
    if (random() < 0.3) viewers[Math.floor(random() * viewers.length)].subscribe(someSpec(random));
    if (random() < 0.5) await Promise.all(writes);
    else await writes[0];
    await Promise.all(writes);
  }
  let checked = 0;
  for (const viewer of viewers) {
    await until("a result of every query", () => viewer.hasAll());
    await viewer.write([{ kind: "put", name: "last", fields: someFields(random) }], past);
  }
  for (const viewer of viewers) {
    await until("the last state", () => viewer.isAt(past.states.at(-1))).catch(() => {});
    checked += viewer.check(past.states);
    await viewer.socket.close();
  }
  return checked;
}

/** Returns how many rounds and frames were checked; throws when a result was wrong. */
export async function torture({ seconds, seed }) {
  const server = await TorturedServer.start("oracle", {
    // A loaded machine must not decide that a query follows at its own pace.
    MOONSTONE_LIMITS_LIVE_FAST_RUN_MS: "900",
  });
  const past = new Past();
  const end = Date.now() + seconds * 1000;
  let rounds = 0;
  let frames = 0;
  try {
    do {
      frames += await runRound(server, seed + rounds, past).catch((error) => {
        throw new Error(
          `round ${rounds} (seed ${seed + rounds} on an empty database): ${error.message}`,
        );
      });
      rounds += 1;
    } while (Date.now() < end);
  } finally {
    await server.stop();
  }
  return { rounds, frames };
}
