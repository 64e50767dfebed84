// Moonstone. Licence: see LICENSE.
//
// Freezes every object of the language, so that one call cannot change what the next one sees.
//
// The set is taken before the bundle runs and frozen after it: modules may still install polyfills
// and derive their classes as scripts do at load time.
// Assigning to an object that inherits a frozen property fails in JavaScript ("override mistake"):
// `this.name = "MyError"` would throw. The properties that programs do assign are therefore turned
// into accessors whose setter defines an own property.

const intrinsicRoots = [
  globalThis,
  // Reachable by syntax alone:
  [].values(),
  new Map().values(),
  new Set().values(),
  ""[Symbol.iterator](),
  "".matchAll(/./g),
  (function* () {})(),
  (async function* () {})(),
  async function () {},
  function* () {},
  async function* () {},
  (function () {
    return arguments;
  })().__proto__,
];

function collectIntrinsics() {
  const found = new Set();
  const queue = [...intrinsicRoots];
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

function makeAssignable(prototype, name, intrinsics) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  if (descriptor === undefined || !("value" in descriptor)) return;
  const { value } = descriptor;
  const get = () => value;
  const set = function (own) {
    if (this === prototype) throw new TypeError(`Cannot assign to "${name}": it is frozen`);
    Object.defineProperty(this, name, {
      value: own,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  };
  Object.defineProperty(prototype, name, { get, set, enumerable: false, configurable: false });
  intrinsics.add(get).add(set).add(set.prototype);
}

function harden(intrinsics) {
  for (const [prototype, names] of assignable) {
    for (const name of names) makeAssignable(prototype, name, intrinsics);
  }
  for (const object of intrinsics) {
    if (object !== RegExp.prototype) Object.freeze(object);
  }
}

/**
 * Whether the intrinsics are still the runtime's own. What modules add to them stays for all their
 * copies, and so would what a call leaves in it.
 */
function isRepeatable(intrinsics) {
  for (const object of collectIntrinsics()) {
    if (!intrinsics.has(object)) return false;
  }
  return true;
}

// V8 matches regular expressions more than ten times slower once RegExp.prototype is frozen. It
// stays as it is, and what a call did to it is undone before the next.
const regexpProperties = Reflect.ownKeys(RegExp.prototype).map((key) => [
  key,
  Object.getOwnPropertyDescriptor(RegExp.prototype, key),
]);
const regexpMethods = regexpProperties.filter(([, { value }]) => typeof value === "function");

function repairRegExp() {
  for (let i = 0; i < regexpMethods.length; i++) {
    const [key, descriptor] = regexpMethods[i];
    if (RegExp.prototype[key] === descriptor.value) continue;
    delete RegExp.prototype[key];
    Object.defineProperty(RegExp.prototype, key, descriptor);
  }
}

/** Before modules run for somebody else: nothing of RegExp may tell of the calls before. */
function forgetRegExp() {
  Object.setPrototypeOf(RegExp.prototype, Object.prototype);
  for (const key of Reflect.ownKeys(RegExp.prototype)) {
    if (!regexpProperties.some(([own]) => own === key)) delete RegExp.prototype[key];
  }
  for (const [key, descriptor] of regexpProperties) {
    const now = Object.getOwnPropertyDescriptor(RegExp.prototype, key);
    if (now?.value === descriptor.value && now?.get === descriptor.get) continue;
    Object.defineProperty(RegExp.prototype, key, descriptor);
  }
  /(?:)/.exec(""); // V8 keeps the last match in RegExp.$1, RegExp.input and so on
}

/** Freezes an object of the prelude that user code gets hold of, with its methods. */
function freezeWithMethods(object) {
  for (const key of Reflect.ownKeys(object)) Object.freeze(object[key]);
  Object.freeze(object);
}
