// Moonstone. Licence: see LICENSE.
//
// What user code finds in its global object besides the language: reproducible randomness, console,
// encodings, and clear refusals of everything that would make a query or mutation irreproducible.
// Runs before the bundle. `natives` comes from src/runtime/natives.cc.
"use strict";

const define = (target, name, value) =>
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: false,
    configurable: true,
  });

// Absent: shared memory and garbage collection are not reproducible, and neither is WebAssembly
// bounded by the heap limit.
for (const name of [
  "WebAssembly",
  "SharedArrayBuffer",
  "Atomics",
  "WeakRef",
  "FinalizationRegistry",
  "escape",
  "unescape",
]) {
  delete globalThis[name];
}

// --- randomness: xoshiro128**, seeded for each call ---------------------------------------------

let r0 = 1;
let r1 = 2;
let r2 = 3;
let r3 = 4;

function random32() {
  const product = Math.imul(r1, 5);
  const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
  const shifted = r1 << 9;
  r2 ^= r0;
  r3 ^= r1;
  r1 ^= r2;
  r0 ^= r3;
  r2 ^= shifted;
  r3 = (r3 << 11) | (r3 >>> 21);
  return result;
}

/** A result that used randomness is not what the same data would give again. */
let randomWasAsked = false;
function noteRandom() {
  if (randomWasAsked) return;
  randomWasAsked = true;
  natives.noteChance();
}

function seed(low, high) {
  randomWasAsked = false;
  // The state must not be all zero, and neighbouring seeds must part at once.
  r0 = low | 0;
  r1 = high | 0;
  r2 = ~low;
  r3 = Math.imul(high, 0x9e3779b1) | 1;
  for (let i = 0; i < 12; i++) random32();
}

define(Math, "random", function random() {
  noteRandom();
  return (random32() * 0x200000 + (random32() >>> 11)) / 0x20000000000000;
});

function fillRandom(bytes) {
  noteRandom();
  for (let i = 0; i < bytes.length; i++) bytes[i] = random32() >>> 24;
}

const kRandomBytesMax = 65536; // as in browsers

const crypto = {
  getRandomValues(view) {
    if (!ArrayBuffer.isView(view) || view instanceof Float64Array || view instanceof Float32Array) {
      throw new TypeError("crypto.getRandomValues needs an integer typed array");
    }
    if (view.byteLength > kRandomBytesMax) {
      throw new RangeError(`crypto.getRandomValues fills at most ${kRandomBytesMax} bytes`);
    }
    fillRandom(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    return view;
  },
  randomUUID() {
    const bytes = new Uint8Array(16);
    fillRandom(bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = "";
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
      text += (bytes[i] + 0x100).toString(16).slice(1);
    }
    return text;
  },
};
define(globalThis, "crypto", crypto);

// Time stands still (the platform's clock is frozen), so no time passes between two readings.
define(globalThis, "performance", {
  now: () => 0,
  get timeOrigin() {
    return Date.now();
  },
});

// --- what exists only in actions ----------------------------------------------------------------

function refuse(name, way) {
  define(globalThis, name, {
    [name]() {
      throw new Error(`${name} is not available in queries and mutations: ${way}`);
    },
  }[name]);
}
for (const name of ["setTimeout", "setInterval", "setImmediate"]) {
  refuse(name, "use ctx.scheduler.runAfter in a mutation, or an action");
}
for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) {
  define(globalThis, name, { [name]() {} }[name]);
}
for (const name of ["fetch", "WebSocket", "XMLHttpRequest", "EventSource"]) {
  refuse(name, "they have no network; use an action");
}

define(globalThis, "queueMicrotask", function queueMicrotask(callback) {
  if (typeof callback !== "function") throw new TypeError("queueMicrotask needs a function");
  Promise.resolve().then(() => callback());
});

define(globalThis, "structuredClone", function structuredClone(value) {
  return natives.clone(value);
});

// --- encodings ----------------------------------------------------------------------------------

function bytesOf(source) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

define(globalThis, "btoa", function btoa(text) {
  return natives.toBase64Latin1(`${text}`);
});
define(globalThis, "atob", function atob(text) {
  return natives.fromBase64Latin1(`${text}`);
});

class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(text = "") {
    return new Uint8Array(natives.encodeUtf8(`${text}`));
  }
}
define(globalThis, "TextEncoder", TextEncoder);

class TextDecoder {
  #fatal;
  constructor(label = "utf-8", options = {}) {
    const name = `${label}`.trim().toLowerCase();
    if (name !== "utf-8" && name !== "utf8") {
      throw new RangeError(`TextDecoder knows only utf-8, not "${label}"`);
    }
    this.#fatal = Boolean(options?.fatal);
  }
  get encoding() {
    return "utf-8";
  }
  get fatal() {
    return this.#fatal;
  }
  decode(source = new Uint8Array(0)) {
    const bytes = bytesOf(source);
    return natives.decodeUtf8(bytes.buffer, bytes.byteOffset, bytes.byteLength, this.#fatal);
  }
}
define(globalThis, "TextDecoder", TextDecoder);

// Bytes in a result are base64 text, as everywhere on the wire.
function bytesToJSON() {
  const bytes = bytesOf(this);
  return natives.toBase64(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
define(ArrayBuffer.prototype, "toJSON", bytesToJSON);
define(Object.getPrototypeOf(Uint8Array.prototype), "toJSON", bytesToJSON);
define(DataView.prototype, "toJSON", bytesToJSON);
