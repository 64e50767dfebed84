// Moonstone. Licence: see LICENSE.
// Checks a history of list-append transactions for strict serialisability.
//
// A transaction is `{ name, start, end, ok, ops }`: when its caller began and had the answer, whether it
// was applied (false: it was refused, so nobody may see it; undefined: never answered), and what it
// did in order: `["append", list, value]`, or `["read", list, values]` with what it saw. No value is
// appended twice anywhere. `end` of one without an answer is Infinity.
//
// The longest read of a list gives the order of its values: every other must be a beginning of it.
// From that follows who depends on whom:
//   ww  the append of a value comes before that of the next one
//   wr  the append of the last value that was read comes before the read
//   rw  the read comes before the append of the next value
//   rt  what had its answer before another began comes before that
// All applied at once, in one order that agrees with all of these, is possible if and only if there is
// no cycle.

/** Everything that is wrong with the history; empty: it is strictly serialisable. */
export function findAnomalies(transactions) {
  const problems = [];
  const writers = mapWriters(transactions, problems);
  const orders = orderLists(transactions, problems);
  for (const transaction of transactions) {
    checkReads(transaction, writers, problems);
    checkInside(transaction, problems);
  }
  checkAcknowledged(transactions, orders, problems);
  if (problems.length > 0) return problems;
  const edges = dependencies(transactions, writers, orders);
  addRealTime(transactions, edges);
  return findCycles(edges).map(describeCycle);
}

const appends = (transaction) => transaction.ops.filter(([kind]) => kind === "append");
const reads = (transaction) => transaction.ops.filter(([kind]) => kind === "read");
const keyOf = (list, value) => `${list} ${value}`;

function mapWriters(transactions, problems) {
  const writers = new Map();
  for (const transaction of transactions) {
    for (const [, list, value] of appends(transaction)) {
      if (writers.has(keyOf(list, value))) problems.push(`${value} was appended twice to ${list}`);
      writers.set(keyOf(list, value), transaction);
    }
  }
  return writers;
}

/** The values of each list in their order, which all reads must agree on. */
function orderLists(transactions, problems) {
  const orders = new Map();
  for (const [, list, values] of transactions.filter(({ ok }) => ok).flatMap(outsideReads)) {
    const longest = orders.get(list) ?? [];
    const [short, long] = values.length < longest.length ? [values, longest] : [longest, values];
    if (!short.every((value, i) => value === long[i])) {
      problems.push(`two orders of ${list}: ${short} and ${long}`);
    }
    if (new Set(values).size !== values.length)
      problems.push(`a value twice in ${list}: ${values}`);
    orders.set(list, long);
  }
  return orders;
}

/** What a transaction read, without what it had appended itself before. */
function outsideReads({ ops }) {
  const own = new Map();
  const found = [];
  for (const [kind, list, value] of ops) {
    const mine = own.get(list) ?? 0;
    if (kind === "append") own.set(list, mine + 1);
    else found.push([kind, list, value.slice(0, value.length - mine)]);
  }
  return found;
}

function checkReads(transaction, writers, problems) {
  if (!transaction.ok) return;
  for (const [, list, values] of reads(transaction)) {
    for (const value of values) {
      const writer = writers.get(keyOf(list, value));
      if (writer === undefined) problems.push(`${transaction.name} read ${value}, never written`);
      else if (writer.ok === false) {
        problems.push(`${transaction.name} read ${value} of ${writer.name}, which was refused`);
      }
    }
  }
  for (const [, list, values] of outsideReads(transaction)) {
    const halves = new Map();
    for (const value of values) {
      const writer = writers.get(keyOf(list, value));
      if (writer) halves.set(writer, (halves.get(writer) ?? 0) + 1);
    }
    for (const [writer, count] of halves) {
      const all = appends(writer).filter(([, other]) => other === list).length;
      if (count !== all) problems.push(`${transaction.name} read a part of ${writer.name}`);
    }
  }
}

/** A transaction sees what it has appended, at the end, and nothing that comes and goes. */
function checkInside({ name, ok, ops }, problems) {
  if (!ok) return;
  const expected = new Map();
  for (const [kind, list, value] of ops) {
    const known = expected.get(list);
    if (kind === "append") {
      expected.set(list, { start: known?.start, own: [...(known?.own ?? []), value] });
      continue;
    }
    const own = known?.own ?? [];
    const start = value.slice(0, value.length - own.length);
    if (own.some((one, i) => value[start.length + i] !== one)) {
      problems.push(`${name} did not see its own appends to ${list}`);
    } else if (known?.start && String(known.start) !== String(start)) {
      problems.push(`${name} saw ${list} change while it ran`);
    }
    expected.set(list, { start, own });
  }
}

/** What was acknowledged before the last read of a list began is in that list. */
function checkAcknowledged(transactions, orders, problems) {
  const lastRead = new Map();
  for (const transaction of transactions) {
    if (!transaction.ok) continue;
    for (const [, list] of reads(transaction)) {
      lastRead.set(list, Math.max(lastRead.get(list) ?? -Infinity, transaction.start));
    }
  }
  for (const transaction of transactions) {
    if (!transaction.ok) continue;
    for (const [, list, value] of appends(transaction)) {
      if (!(transaction.end < lastRead.get(list))) continue;
      if (!orders.get(list).includes(value)) problems.push(`${value} in ${list} was lost`);
    }
  }
}

/** A graph: from each node to those that come after it, with the reason. */
class Edges {
  after = new Map();

  add(from, to, kind) {
    if (from === to || from === undefined || to === undefined) return;
    if (!this.after.has(from)) this.after.set(from, new Map());
    if (!this.after.get(from).has(to)) this.after.get(from).set(to, kind);
  }
}

function dependencies(transactions, writers, orders) {
  const edges = new Edges();
  for (const [list, values] of orders) {
    for (let i = 1; i < values.length; i++) {
      const writer = (at) => writers.get(keyOf(list, values[at]));
      edges.add(writer(i - 1), writer(i), "ww");
    }
  }
  for (const transaction of transactions) {
    if (!transaction.ok) continue;
    for (const [, list, values] of outsideReads(transaction)) {
      const order = orders.get(list);
      if (values.length > 0) {
        edges.add(writers.get(keyOf(list, values.at(-1))), transaction, "wr");
      }
      // Values of its own may stand there: then the next foreign one counts.
      const next = order
        .slice(values.length)
        .map((value) => writers.get(keyOf(list, value)))
        .find((writer) => writer !== transaction);
      edges.add(transaction, next, "rw");
    }
  }
  return edges;
}

/**
 * Real time has an edge for nearly every pair. A chain of moments says the same with few: each answer
 * is a moment, a transaction leads to that of its answer, each moment to the next, and the last one
 * before a transaction began to that transaction.
 */
function addRealTime(transactions, edges) {
  const answered = transactions.filter(({ ok, end }) => ok && end < Infinity);
  const moments = answered.map(({ end }) => ({ moment: end })).sort((a, b) => a.moment - b.moment);
  const places = new Map(moments.map((moment, i) => [moment.moment, i]));
  for (let i = 1; i < moments.length; i++) edges.add(moments[i - 1], moments[i], "rt");
  for (const transaction of answered) {
    edges.add(transaction, moments[places.get(transaction.end)], "rt");
  }
  for (const transaction of transactions.filter(({ ok }) => ok !== false)) {
    let low = 0;
    let high = moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (moments[middle].moment < transaction.start) low = middle + 1;
      else high = middle;
    }
    if (low > 0) edges.add(moments[low - 1], transaction, "rt");
  }
}

/** One cycle for each strongly connected part of more than one node (Tarjan, without recursion). */
function findCycles({ after }) {
  const index = new Map();
  const low = new Map();
  const open = new Set();
  const stack = [];
  const cycles = [];
  const enter = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    open.add(node);
    return { node, next: (after.get(node) ?? new Map()).keys() };
  };
  for (const root of after.keys()) {
    if (index.has(root)) continue;
    const path = [enter(root)];
    while (path.length > 0) {
      const { node, next } = path.at(-1);
      const { value: to, done } = next.next();
      if (!done) {
        if (!index.has(to)) path.push(enter(to));
        else if (open.has(to)) low.set(node, Math.min(low.get(node), index.get(to)));
        continue;
      }
      path.pop();
      if (path.length > 0) {
        const parent = path.at(-1).node;
        low.set(parent, Math.min(low.get(parent), low.get(node)));
      }
      if (low.get(node) !== index.get(node)) continue;
      const part = new Set();
      for (let member; member !== node;) {
        member = stack.pop();
        open.delete(member);
        part.add(member);
      }
      if (part.size > 1) cycles.push(shortestCycle(node, part, after));
    }
  }
  return cycles;
}

/** The shortest way from `start` back to itself inside its part: `[[node, kind of edge], ...]`. */
function shortestCycle(start, part, after) {
  const cameFrom = new Map();
  const queue = [start];
  for (const node of queue) {
    for (const [to, kind] of after.get(node) ?? []) {
      if (!part.has(to) || cameFrom.has(to)) continue;
      cameFrom.set(to, [node, kind]);
      if (to === start) break;
      queue.push(to);
    }
  }
  const cycle = [];
  for (let at = start; cycle.length === 0 || at !== start;) {
    const [node, kind] = cameFrom.get(at);
    cycle.unshift([node, kind]);
    at = node;
  }
  return cycle;
}

function describeCycle(cycle) {
  const nameOf = (node) => node.name ?? `answer at ${node.moment}`;
  const steps = cycle.map(([node, kind]) => `${nameOf(node)} -${kind}->`);
  return `cycle: ${steps.join(" ")} ${nameOf(cycle[0][0])}`;
}
