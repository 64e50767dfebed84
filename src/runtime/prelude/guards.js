// Moonstone. Licence: see LICENSE.
//
// V8 cannot stop a builtin that loops over a length of its own accord: `[].indexOf.call({ length:
// 2 ** 53 - 1 })` would run for weeks, and a result beyond V8's bounds aborts the process. So the
// builtins with such loops refuse lengths that no array or text within the heap limit can have.

const kLengthMax = 2 ** 23; // elements: 64 MiB of pointers
const kCharactersMax = 2 ** 25;

function checkLength(value, place, max) {
  if (value?.length > max) {
    const way = "use a Map for sparse keys";
    throw new RangeError(`${place}: a length above ${max} is not supported; ${way}`);
  }
}

const { apply } = Reflect;

function guard(owner, name, check) {
  const original = owner[name];
  const guarded = {
    [name](...args) {
      check(this, args);
      return apply(original, this, args);
    },
  }[name];
  Object.defineProperty(guarded, "length", { value: original.length, configurable: true });
  define(owner, name, guarded);
}

for (const name of [
  "copyWithin",
  "entries",
  "fill",
  "flat",
  "flatMap",
  "keys",
  "lastIndexOf",
  "reduce",
  "reduceRight",
  "reverse",
  "shift",
  "sort",
  "splice",
  "toLocaleString",
  "unshift",
]) {
  guard(Array.prototype, name, (self) => checkLength(self, name, kLengthMax));
}
guard(Array, "from", (self, args) => checkLength(args[0], "Array.from", kLengthMax));
for (const name of ["split", "match", "replace", "replaceAll"]) {
  guard(String.prototype, name, (self) => checkLength(self, name, kCharactersMax));
}

// The ones that programs call all the time are written out: V8 then sees one target per call and
// optimises them as if they were not wrapped.
const { every, filter, forEach, includes, indexOf, join, map, slice, some } = Array.prototype;
const guardedMethods = {
  every(f, self) {
    if (this?.length > kLengthMax) checkLength(this, "every", kLengthMax);
    return every.call(this, f, self);
  },
  filter(f, self) {
    if (this?.length > kLengthMax) checkLength(this, "filter", kLengthMax);
    return filter.call(this, f, self);
  },
  forEach(f, self) {
    if (this?.length > kLengthMax) checkLength(this, "forEach", kLengthMax);
    return forEach.call(this, f, self);
  },
  includes(item, start) {
    if (this?.length > kLengthMax) checkLength(this, "includes", kLengthMax);
    return includes.call(this, item, start);
  },
  indexOf(item, start) {
    if (this?.length > kLengthMax) checkLength(this, "indexOf", kLengthMax);
    return indexOf.call(this, item, start);
  },
  join(separator) {
    if (this?.length > kLengthMax) checkLength(this, "join", kLengthMax);
    return join.call(this, separator);
  },
  map(f, self) {
    if (this?.length > kLengthMax) checkLength(this, "map", kLengthMax);
    return map.call(this, f, self);
  },
  slice(start, end) {
    if (this?.length > kLengthMax) checkLength(this, "slice", kLengthMax);
    return slice.call(this, start, end);
  },
  some(f, self) {
    if (this?.length > kLengthMax) checkLength(this, "some", kLengthMax);
    return some.call(this, f, self);
  },
};
for (const [name, method] of Object.entries(guardedMethods)) {
  Object.defineProperty(method, "length", { value: Array.prototype[name].length });
  define(Array.prototype, name, method);
}
