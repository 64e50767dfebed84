// Moonstone. Licence: see LICENSE.
// What `cards:ask` must answer: the same query on an array, written without any of the server's code.

/** The cards at one moment, in the order of their insertion. Never changed: `after` makes the next. */
export class Cards {
  constructor(list = []) {
    this.list = list;
  }

  after(steps) {
    let list = this.list;
    for (const { kind, name, fields } of steps) {
      const known = list.some((card) => card.name === name);
      if (kind === "put" && !known) list = [...list, { name, ...fields }];
      else if (kind === "put")
        list = list.map((card) => (card.name === name ? { name, ...fields } : card));
      else if (kind === "patch")
        list = list.map((card) => (card.name === name ? { ...card, ...fields } : card));
      else if (kind === "delete") list = list.filter((card) => card.name !== name);
    }
    return new Cards(list);
  }

  /** The answer of `spec` for `subject`, who may be nobody. */
  ask(spec, subject) {
    if (spec.kind === "get") return plain(this.list.find((card) => card.name === spec.name));
    const cards = order(
      this.list.filter((card) => isWanted(card, spec, subject)),
      spec,
    );
    switch (spec.kind) {
      case "count":
        return cards.length;
      case "first":
        return plain(cards[0]);
      case "take":
        return cards.slice(0, spec.limit).map(plain);
      case "chain": {
        const [first] = cards;
        if (!first) return "none";
        return [first.name, this.list.filter(({ suit }) => suit === first.suit).length];
      }
      default:
        return cards.map(plain);
    }
  }
}

function isWanted(card, spec, subject) {
  if (spec.mine && card.owner !== (subject ?? "nobody")) return false;
  if (!spec.mine && spec.suit !== undefined) {
    if (card.suit !== spec.suit) return false;
    if (spec.from !== undefined && !(card.rank >= spec.from)) return false;
    if (spec.below !== undefined && !(card.rank < spec.below)) return false;
  }
  if (!spec.filter) return true;
  const holds = ([field, op, value]) => compare(card[field], op, value);
  return spec.any ? spec.filter.some(holds) : spec.filter.every(holds);
}

/** True, or anything but true: a comparison with what is absent is unknown. */
function compare(left, op, right) {
  if (left === undefined || left === null) return right === null && op === "eq";
  if (right === null) return op === "neq";
  const sign = left < right ? -1 : left > right ? 1 : 0;
  switch (op) {
    case "eq":
      return sign === 0;
    case "neq":
      return sign !== 0;
    case "lt":
      return sign < 0;
    case "lte":
      return sign <= 0;
    case "gt":
      return sign > 0;
    case "gte":
      return sign >= 0;
  }
  throw new Error(`the model does not know ${op}`);
}

/** Sorting is stable: insertion decides between equal ones. */
function order(cards, spec) {
  const byIndex = spec.mine ? undefined : spec.suit !== undefined ? "rank" : undefined;
  const field = spec.orderBy ?? byIndex;
  const sorted =
    field === undefined ? cards : [...cards].sort((a, b) => compareFields(a[field], b[field]));
  return spec.direction === "desc" ? sorted.reverse() : sorted;
}

function compareFields(a, b) {
  if (a === undefined || b === undefined)
    return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  return a < b ? -1 : a > b ? 1 : 0;
}

const plain = (card) =>
  card ? [card.name, card.owner, card.suit, card.rank, card.note ?? null] : null;
