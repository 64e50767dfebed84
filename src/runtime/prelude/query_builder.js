// Moonstone. Licence: see LICENSE.
//
// ctx.db.query(): builders that only collect; natives.select turns what they hold into one
// query::Query. The numbers of `code` are those of src/runtime/query_reader.cc.

const kCodes = {
  literal: 0,
  field: 1,
  eq: 2,
  neq: 3,
  lt: 4,
  lte: 5,
  gt: 6,
  gte: 7,
  and: 8,
  or: 9,
  not: 10,
};

/** A value or condition of a filter. Children stand in `a` and `b`; and/or keep a list in `a`. */
class Expression {
  constructor(op, a, b) {
    this.op = op;
    this.code = kCodes[op];
    this.a = a;
    this.b = b;
  }
}

function isCondition(value) {
  return value instanceof Expression && value.code >= kCodes.eq;
}

function operand(value, place) {
  if (value instanceof Expression) {
    if (value.code <= kCodes.field) return value;
    throw new TypeError(`${place} compares fields and values, not the outcome of q.${value.op}()`);
  }
  if (typeof value === "function" || typeof value === "symbol") {
    throw new TypeError(`${place} cannot compare a ${typeof value}`);
  }
  if (value instanceof Date) {
    throw new TypeError(`${place} cannot compare a Date; use date.getTime()`);
  }
  return new Expression("literal", value === undefined ? null : value, undefined);
}

function conditionOf(value, place) {
  if (isCondition(value)) return value;
  throw new TypeError(`${place} needs a condition, e.g. q.eq(q.field("status"), "open")`);
}

const filterBuilder = {
  field(path) {
    if (typeof path === "string" && path !== "") return new Expression("field", path, undefined);
    throw new TypeError('q.field() needs the name of a field, e.g. q.field("status")');
  },
  and: (...conditions) =>
    new Expression("and", conditions.map((c) => conditionOf(c, "q.and()")), undefined),
  or: (...conditions) =>
    new Expression("or", conditions.map((c) => conditionOf(c, "q.or()")), undefined),
  not: (condition) => new Expression("not", conditionOf(condition, "q.not()"), undefined),
};
for (const op of ["eq", "neq", "lt", "lte", "gt", "gte"]) {
  const place = `q.${op}()`;
  filterBuilder[op] = (a, b) => new Expression(op, operand(a, place), operand(b, place));
}

/** Collects an index range as a flat list: code, field, value, code, field, value, ... */
class RangeBuilder {
  #conditions;
  constructor(conditions) {
    this.#conditions = conditions;
  }
  eq(field, value) {
    return this.#add(kCodes.eq, field, value);
  }
  gt(field, value) {
    return this.#add(kCodes.gt, field, value);
  }
  gte(field, value) {
    return this.#add(kCodes.gte, field, value);
  }
  lt(field, value) {
    return this.#add(kCodes.lt, field, value);
  }
  lte(field, value) {
    return this.#add(kCodes.lte, field, value);
  }
  #add(code, field, value) {
    if (typeof field !== "string") {
      throw new TypeError('withIndex: a range needs the name of a field, e.g. q.eq("channel", id)');
    }
    this.#conditions.push(code, field, value);
    return this;
  }
}

function directionOf(direction, place) {
  if (direction === "asc" || direction === "desc") return direction;
  throw new TypeError(`${place} takes "asc" or "desc", not ${inspect(direction)}`);
}

function limitOf(count, place) {
  if (typeof count === "number" && Number.isInteger(count) && count >= 0) return count;
  throw new RangeError(`${place} needs a whole number of 0 or more, got ${inspect(count)}`);
}

class QueryBuilder {
  #run;
  #table;
  #index;
  #range;
  #filter;
  #field;
  #direction = "asc";
  #searchField;
  #searchText;

  constructor(run, table) {
    this.#run = run;
    this.#table = table;
  }

  withIndex(name, range) {
    if (this.#searchField !== undefined) {
      throw new Error(".withIndex() cannot be combined with .search()");
    }
    if (typeof name !== "string") throw new TypeError(".withIndex() needs the name of an index");
    const conditions = [];
    if (range !== undefined) {
      if (typeof range !== "function") {
        throw new TypeError('.withIndex() takes a function, e.g. (q) => q.eq("channel", id)');
      }
      range(new RangeBuilder(conditions));
    }
    this.#index = name;
    this.#range = conditions;
    return this;
  }

  search(field, text) {
    if (this.#index !== undefined) {
      throw new Error(".search() cannot be combined with .withIndex()");
    }
    if (typeof field !== "string") throw new TypeError(".search() needs the name of a field");
    if (typeof text !== "string") {
      throw new TypeError(`.search() looks for a text, not for ${inspect(text)}`);
    }
    this.#searchField = field;
    this.#searchText = text;
    return this;
  }

  filter(condition) {
    if (typeof condition !== "function") {
      throw new TypeError('.filter() takes a function, e.g. (q) => q.eq(q.field("done"), false)');
    }
    this.#filter = conditionOf(condition(filterBuilder), ".filter()");
    return this;
  }

  order(direction) {
    this.#direction = directionOf(direction, ".order()");
    return this;
  }

  orderBy(field, direction = "asc") {
    if (typeof field !== "string") throw new TypeError(".orderBy() needs the name of a field");
    this.#direction = directionOf(direction, ".orderBy()");
    this.#field = field;
    return this;
  }

  #select(limit) {
    return natives.select(
      this.#run,
      this.#table,
      this.#index,
      this.#range,
      this.#filter,
      this.#field,
      this.#direction === "desc",
      this.#searchField,
      this.#searchText,
      limit,
    );
  }

  async collect() {
    return this.#select(undefined);
  }

  async take(count) {
    return this.#select(limitOf(count, ".take()"));
  }

  async first() {
    const found = this.#select(1);
    return found.length === 0 ? null : found[0];
  }

  async unique() {
    const found = this.#select(2);
    if (found.length === 1) return found[0];
    const what = found.length === 0 ? "none" : "multiple";
    throw new Error(`Expected exactly one result, got ${what}`);
  }

  async count() {
    return natives.count(
      this.#run,
      this.#table,
      this.#index,
      this.#range,
      this.#filter,
      undefined,
      false,
      this.#searchField,
      this.#searchText,
    );
  }

  async paginate(options) {
    if (typeof options !== "object" || options === null) {
      throw new TypeError(".paginate() needs { cursor, numItems }");
    }
    const { cursor = null, numItems } = options;
    if (cursor !== null && typeof cursor !== "string") {
      throw new TypeError(`.paginate(): cursor is a text or null, got ${inspect(cursor)}`);
    }
    return natives.paginate(
      this.#run,
      this.#table,
      this.#index,
      this.#range,
      this.#filter,
      this.#field,
      this.#direction === "desc",
      this.#searchField,
      this.#searchText,
      limitOf(numItems, ".paginate(): numItems"),
      cursor ?? "",
    );
  }
}

for (const shared of [Expression, RangeBuilder, QueryBuilder]) {
  freezeWithMethods(shared.prototype);
  freezeWithMethods(shared);
}
freezeWithMethods(filterBuilder);
