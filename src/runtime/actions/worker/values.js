// Moonstone. Licence: see LICENSE.
//
// Values on their way to and from the server: the tags of internal/tagged_json.h.

const looksTagged = (value) => {
  const names = Object.keys(value);
  return names.length === 1 && names[0].startsWith("$");
};

function bytesOf(value) {
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (ArrayBuffer.isView(value))
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return undefined;
}

/**
 * The JSON text of a value, tagged. Arguments may hold a bigint; in a result it is the error that
 * JSON.stringify makes of it. Undefined at the top is undefined.
 */
function encodeValue(value, { bigint }) {
  const wrapped = new WeakSet();
  return JSON.stringify(value, function (name, current) {
    const original = this[name]; // before its toJSON
    switch (typeof original) {
      case "undefined":
        return name === "" && !Array.isArray(this) && Object.keys(this).length === 1
          ? undefined
          : { $undefined: true };
      case "bigint":
        return bigint ? { $bigint: String(original) } : current;
      case "number":
        return Number.isFinite(original) ? current : { $number: String(original) };
      case "object": {
        if (original === null) return current;
        const bytes = bytesOf(original);
        if (bytes !== undefined) return { $bytes: bytes.toString("base64") };
        break;
      }
    }
    if (typeof current !== "object" || current === null || Array.isArray(current)) return current;
    if (wrapped.has(current) || !looksTagged(current)) return current;
    const inner = { ...current };
    wrapped.add(inner);
    return { $object: inner };
  });
}

function decodeTag(name, value) {
  switch (name) {
    case "$bigint":
      return BigInt(value);
    case "$number":
      return Number(value);
    case "$bytes": {
      const bytes = Buffer.from(value, "base64");
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    }
    default:
      return undefined;
  }
}

/** Puts the values in place of their tags. */
function decodeValue(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = decodeValue(value[i]);
    return value;
  }
  if (looksTagged(value)) {
    const [name] = Object.keys(value);
    if (name !== "$object") return decodeTag(name, value[name]);
    return decodeMembers(value[name]);
  }
  return decodeMembers(value);
}

function decodeMembers(object) {
  for (const name of Object.keys(object)) object[name] = decodeValue(object[name]);
  return object;
}
