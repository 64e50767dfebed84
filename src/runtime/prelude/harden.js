// Moonstone. Licence: see LICENSE.
//
// Freezes every object of the language, so that one call cannot change what the next one sees.
//
// The set is taken before the bundle runs and frozen after it: modules may still install polyfills
// and derive their classes as scripts do at load time.
// Assigning to an object that inherits a frozen property fails in JavaScript ("override mistake"):
// `this.name = "MyError"` would throw. The properties that programs do assign are therefore turned
// into accessors whose setter defines an own property.

function collectIntrinsics() {
  const found = new Set();
  const queue = [globalThis];
  // Reachable by syntax alone:
  const iterators = [[].values(), new Map().values(), new Set().values(), ""[Symbol.iterator]()];
  queue.push(
    ...iterators,
    "".matchAll(/./g),
    (function* () {})(),
    (async function* () {})(),
    async function () {},
    function* () {},
    async function* () {},
    (function () {
      return arguments;
    })().__proto__,
  );
  const add = (value) => {
    if ((typeof value === "object" && value !== null) || typeof value === "function") {
      if (!found.has(value)) queue.push(value);
    }
  };
  while (queue.length > 0) {
    const object = queue.pop();
    if (found.has(object)) continue;
    found.add(object);
    add(Object.getPrototypeOf(object));
    for (const key of Reflect.ownKeys(object)) {
      const descriptor = Object.getOwnPropertyDescriptor(object, key);
      add(descriptor.value);
      add(descriptor.get);
      add(descriptor.set);
    }
  }
  return found;
}

const errorPrototypes = [
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
].map((type) => type.prototype);

/** Properties that programs assign on objects that inherit them. */
const assignable = [
  [Object.prototype, ["constructor", "hasOwnProperty", "toLocaleString", "toString", "valueOf"]],
  [Function.prototype, ["name", "length", "toString", "constructor"]],
  [Array.prototype, ["toString"]],
  [Date.prototype, ["toString", "toJSON"]],
  ...errorPrototypes.map((type) => [type, ["constructor", "message", "name", "toString"]]),
];

function makeAssignable(prototype, name) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  if (descriptor === undefined || !("value" in descriptor)) return;
  const { value } = descriptor;
  Object.defineProperty(prototype, name, {
    get: Object.freeze(() => value),
    set: Object.freeze(function (own) {
      if (this === prototype) throw new TypeError(`Cannot assign to "${name}": it is frozen`);
      Object.defineProperty(this, name, {
        value: own,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }),
    enumerable: false,
    configurable: false,
  });
}

function harden(intrinsics) {
  for (const [prototype, names] of assignable) {
    for (const name of names) makeAssignable(prototype, name);
  }
  for (const object of intrinsics) {
    if (object !== RegExp.prototype) Object.freeze(object);
  }
}

// V8 matches regular expressions more than ten times slower once RegExp.prototype is frozen. It
// stays as it is, and what a call did to it is undone before the next.
const regexpMethods = Reflect.ownKeys(RegExp.prototype)
  .map((key) => [key, Object.getOwnPropertyDescriptor(RegExp.prototype, key)])
  .filter(([, descriptor]) => typeof descriptor.value === "function");

function repairRegExp() {
  for (let i = 0; i < regexpMethods.length; i++) {
    const [key, descriptor] = regexpMethods[i];
    if (RegExp.prototype[key] === descriptor.value) continue;
    delete RegExp.prototype[key];
    Object.defineProperty(RegExp.prototype, key, descriptor);
  }
}
