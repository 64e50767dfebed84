// Moonstone. Licence: see LICENSE.
//
// console.*: formats as Node does for the common cases and hands each line to the call's outcome.
// Everything is bounded: a line must never cost more than the call itself.

const kTextMax = 8192; // characters per line; a longer one is cut
const kMembersMax = 100; // members shown of one object
const kDepthMax = 3;
const levels = { debug: 0, log: 1, info: 1, warn: 2, error: 3, trace: 3 };

function inspectKey(key) {
  if (typeof key === "symbol") return `[${String(key)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

function inspectText(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = JSON.stringify(text.slice(0, kTextMax)).slice(1, -1);
  if (quote === '"') return `"${escaped}"`;
  return `'${escaped.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function inspectList(values, depth, seen) {
  const shown = [];
  for (const value of values) {
    if (shown.length === kMembersMax) break;
    shown.push(inspect(value, depth + 1, seen));
  }
  const rest = values.length - shown.length;
  if (rest > 0) shown.push(`... ${rest} more items`);
  return shown.length === 0 ? "[]" : `[ ${shown.join(", ")} ]`;
}

function inspectMembers(object, depth, seen) {
  const shown = [];
  for (const key of Object.keys(object)) {
    if (shown.length === kMembersMax) {
      shown.push("...");
      break;
    }
    const descriptor = Object.getOwnPropertyDescriptor(object, key);
    const text = descriptor?.get === undefined ? inspect(object[key], depth + 1, seen) : "[Getter]";
    shown.push(`${inspectKey(key)}: ${text}`);
  }
  return shown.length === 0 ? "{}" : `{ ${shown.join(", ")} }`;
}

function nameOfClass(object) {
  const prototype = Object.getPrototypeOf(object);
  if (prototype === null) return "[Object: null prototype]";
  const constructor = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof constructor === "function" ? constructor.name : "";
}

function inspectObject(object, depth, seen) {
  if (object instanceof Error) return String(object.stack ?? object);
  if (object instanceof Date) {
    return Number.isNaN(object.getTime()) ? "Invalid Date" : object.toISOString();
  }
  if (object instanceof RegExp) return String(object);
  if (object instanceof Promise) return "Promise {}";
  if (object instanceof ArrayBuffer) return `ArrayBuffer { byteLength: ${object.byteLength} }`;
  const name = nameOfClass(object);
  if (depth > kDepthMax) return Array.isArray(object) ? "[Array]" : `[${name || "Object"}]`;
  if (Array.isArray(object)) return inspectList(object, depth, seen);
  if (ArrayBuffer.isView(object) && !(object instanceof DataView)) {
    return `${name}(${object.length}) ${inspectList(object, depth, seen)}`;
  }
  if (object instanceof Map) {
    const entries = [...object]
      .slice(0, kMembersMax)
      .map(([k, v]) => `${inspect(k, depth + 1, seen)} => ${inspect(v, depth + 1, seen)}`);
    return `Map(${object.size}) {${entries.length > 0 ? ` ${entries.join(", ")} ` : ""}}`;
  }
  if (object instanceof Set) {
    const members = [...object].slice(0, kMembersMax).map((v) => inspect(v, depth + 1, seen));
    return `Set(${object.size}) {${members.length > 0 ? ` ${members.join(", ")} ` : ""}}`;
  }
  const prefix = name === "Object" || name === "" ? "" : `${name} `;
  return prefix + inspectMembers(object, depth, seen);
}

function inspect(value, depth = 0, seen = []) {
  switch (typeof value) {
    case "string":
      return inspectText(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return String(value);
    case "function":
      return value.name ? `[Function: ${value.name}]` : "[Function (anonymous)]";
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "object":
      break;
    default:
      return String(value);
  }
  if (value === null) return "null";
  if (seen.includes(value)) return "[Circular *1]";
  seen.push(value);
  const text = inspectObject(value, depth, seen);
  seen.pop();
  return text;
}

function substitute(verb, value) {
  switch (verb) {
    case "s":
      return typeof value === "object" ? inspect(value, kDepthMax) : String(value);
    case "d":
    case "f":
      return typeof value === "bigint" ? `${value}n` : String(Number(value));
    case "i":
      return typeof value === "bigint" ? `${value}n` : String(Math.trunc(Number(value)));
    case "j":
      return JSON.stringify(value) ?? "undefined";
    case "c":
      return "";
    default:
      return inspect(value);
  }
}

function formatLine(values) {
  const parts = [];
  let next = 0;
  if (typeof values[0] === "string" && values[0].includes("%") && values.length > 1) {
    next = 1;
    parts.push(
      values[0].replace(/%[sdifjoOc%]/g, (match) => {
        if (match === "%%") return "%";
        return next < values.length ? substitute(match[1], values[next++]) : match;
      }),
    );
  }
  for (; next < values.length; next++) {
    parts.push(typeof values[next] === "string" ? values[next] : inspect(values[next]));
  }
  const text = parts.join(" ");
  return text.length > kTextMax ? `${text.slice(0, kTextMax)}... (cut)` : text;
}

const consoleObject = {};
for (const [name, level] of Object.entries(levels)) {
  define(consoleObject, name, {
    [name](...values) {
      natives.log(level, formatLine(values));
    },
  }[name]);
}
define(consoleObject, "assert", function assert(condition, ...values) {
  if (condition) return;
  natives.log(levels.error, formatLine(["Assertion failed:", ...values]));
});
for (const name of ["table", "dir"]) {
  define(consoleObject, name, { [name]: (value) => natives.log(1, formatLine([value])) }[name]);
}
for (const name of ["group", "groupCollapsed", "groupEnd", "time", "timeEnd", "timeLog", "count"]) {
  define(consoleObject, name, { [name]() {} }[name]);
}
define(globalThis, "console", consoleObject);
