// Moonstone. Licence: see LICENSE.
// The checker of tests/torture itself: histories that are known to be good, and one for each way to
// be wrong. A checker that finds nothing proves nothing.
import { test } from "node:test";
import assert from "node:assert/strict";
import { makeRandom } from "./lib/network.mjs";
import { findAnomalies } from "../torture/lib/histories.mjs";
import { Cards } from "../torture/lib/model.mjs";

const a = (list, value) => ["append", list, value];
const r = (list, ...values) => ["read", list, values];
/** A transaction from `start` to `end`. */
const t = (name, start, end, ...ops) => ({ name, start, end, ok: true, ops });

const kGood = {
  nothing: [],
  "one after the other": [t("w", 0, 1, a("x", 1)), t("r", 2, 3, r("x", 1))],
  "at the same time, seen": [t("w", 0, 5, a("x", 1)), t("r", 1, 2, r("x", 1))],
  "at the same time, not seen": [t("w", 0, 5, a("x", 1)), t("r", 1, 6, r("x"))],
  "its own appends": [t("w", 0, 1, a("x", 1), r("x", 1), a("x", 2), r("x", 1, 2))],
  "without an answer, applied": [
    { ...t("w", 0, Infinity, a("x", 1)), ok: undefined },
    t("r", 5, 6, r("x", 1)),
  ],
  "without an answer, lost": [
    { ...t("w", 0, Infinity, a("x", 1)), ok: undefined },
    t("r", 5, 6, r("x")),
  ],
  "refused, not seen": [{ ...t("w", 0, 1, a("x", 1)), ok: false }, t("r", 2, 3, r("x"))],
};

const kBad = {
  "a lost append": [/lost/, t("w", 0, 1, a("x", 1)), t("r", 2, 3, r("x"))],
  "a value from nowhere": [/never written/, t("r", 0, 1, r("x", 7))],
  "what was refused": [
    /was refused/,
    { ...t("w", 0, 1, a("x", 1)), ok: false },
    t("r", 2, 3, r("x", 1)),
  ],
  "two orders": [
    /two orders/,
    t("w", 0, 9, a("x", 1)),
    t("v", 0, 9, a("x", 2)),
    t("r", 1, 9, r("x", 1, 2)),
    t("s", 1, 9, r("x", 2, 1)),
  ],
  "applied twice": [/a value twice/, t("w", 0, 1, a("x", 1)), t("r", 2, 3, r("x", 1, 1))],
  "half a transaction": [
    /a part of w/,
    t("w", 0, 9, a("x", 1), a("x", 2)),
    t("r", 1, 2, r("x", 1)),
  ],
  "blind to its own append": [/its own/, t("w", 0, 1, a("x", 1), r("x"))],
  "a read that does not repeat": [
    /change while it ran/,
    t("w", 0, 9, a("x", 1)),
    t("r", 1, 8, r("x"), r("x", 1)),
  ],
  "a stale read (real time)": [
    /cycle: .*rt/,
    t("w", 0, 1, a("x", 1)),
    t("v", 2, 9, a("x", 2)),
    t("r", 3, 4, r("x", 1, 2)),
    t("s", 5, 6, r("x", 1)),
  ],
  "a write before its time": [
    /cycle/,
    t("w", 2, 3, a("x", 1)),
    t("v", 4, 5, a("x", 2)),
    t("r", 6, 7, r("x", 2, 1)),
  ],
  "write skew (rw, rw)": [
    /cycle: .*rw/,
    t("p", 0, 9, r("x"), a("y", 1)),
    t("q", 0, 9, r("y"), a("x", 1)),
    t("r", 10, 11, r("x", 1), r("y", 1)),
  ],
  "two reads that disagree (long fork)": [
    /cycle/,
    t("p", 0, 9, a("x", 1)),
    t("q", 0, 9, a("y", 1)),
    t("r", 0, 9, r("x", 1), r("y")),
    t("s", 0, 9, r("x"), r("y", 1)),
  ],
  "writes that cross (ww, ww)": [
    /cycle/,
    t("p", 0, 9, a("x", 1), a("y", 1)),
    t("q", 0, 9, a("x", 2), a("y", 2)),
    t("r", 10, 11, r("x", 1, 2), r("y", 2, 1)),
  ],
  "reads that feed each other (wr, wr)": [
    /cycle: .*wr/,
    t("p", 0, 9, a("x", 1), r("y", 1)),
    t("q", 0, 9, a("y", 1), r("x", 1)),
  ],
};

for (const [name, history] of Object.entries(kGood)) {
  test(`a good history: ${name}`, () => assert.deepEqual(findAnomalies(history), []));
}

for (const [name, [expected, ...history]] of Object.entries(kBad)) {
  test(`a bad history: ${name}`, () => {
    const found = findAnomalies(history);
    assert.ok(found.length > 0, "nothing was found");
    assert.match(found.join("\n"), expected);
  });
}

/** A history of a database that does one thing after the other, at a random moment of each call. */
function serialHistory(seed, size) {
  const random = makeRandom(seed);
  const lists = new Map();
  return Array.from({ length: size }, (_, i) => {
    const ops = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, j) => {
      const list = `l${Math.floor(random() * 3)}`;
      const values = lists.get(list) ?? [];
      if (random() < 0.5) return r(list, ...values);
      lists.set(list, [...values, i * 10 + j]);
      return a(list, i * 10 + j);
    });
    return t(`t${i}`, i - random() * 5, i + random() * 5, ...ops);
  });
}

test("random serial histories are good, and bad once one of their reads is outdated", () => {
  let found = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const history = serialHistory(seed, 200);
    assert.deepEqual(findAnomalies(history), [], `seed ${seed}`);
    // A late read that sees nothing of what was acknowledged long before.
    const victim = history.findIndex(
      ({ ops }, i) => i > 100 && ops.length === 1 && ops[0][0] === "read" && ops[0][2].length > 20,
    );
    if (victim < 0) continue;
    history[victim].ops[0][2] = history[victim].ops[0][2].slice(0, 3);
    assert.ok(findAnomalies(history).length > 0, `seed ${seed}`);
    found += 1;
  }
  assert.ok(found > 10);
});

test("the model of the cards answers as the guide says", () => {
  const cards = new Cards().after([
    { kind: "put", name: "a", fields: { owner: "ann", suit: "hearts", rank: 2 } },
    { kind: "put", name: "b", fields: { owner: "bob", suit: "hearts", rank: 1, note: "x" } },
    { kind: "put", name: "c", fields: { owner: "ann", suit: "clubs", rank: 2, note: "y" } },
    { kind: "patch", name: "c", fields: { rank: 3 } },
    { kind: "delete", name: "nobody" },
  ]);
  const names = (spec, subject) =>
    cards.ask({ kind: "collect", ...spec }, subject).map(([name]) => name);
  assert.deepEqual(names({}), ["a", "b", "c"]);
  assert.deepEqual(names({ suit: "hearts" }), ["b", "a"]);
  assert.deepEqual(names({ mine: true }, "ann"), ["a", "c"]);
  assert.deepEqual(names({ filter: [["note", "neq", "x"]] }), ["c"], "absent is unknown");
  assert.deepEqual(names({ filter: [["note", "eq", null]] }), ["a"]);
  assert.deepEqual(names({ orderBy: "note" }), ["a", "b", "c"], "absent comes first");
  assert.deepEqual(names({ orderBy: "rank", direction: "desc" }), ["c", "a", "b"]);
  assert.equal(cards.ask({ kind: "count", suit: "hearts", from: 2 }), 1);
  assert.deepEqual(cards.ask({ kind: "chain", suit: "hearts" }), ["b", 2]);
});
