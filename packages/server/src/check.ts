import type { ValidatorJSON } from "./json.js";
import { ValidationError } from "./errors.js";

type Path = ReadonlyArray<string | number>;

/** The first number beyond 64 bits. */
const INT64_END = 2n ** 63n;
/** How base64 may end, by the digits in its last group of four: no bits are left over. */
const LAST_BASE64_DIGITS = [/$/, undefined, /[AQgw]$/, /[AEIMQUYcgkosw048]$/];

/**
 * Checks `value` as the server does, with the same texts and in the same order; throws a
 * ValidationError at the first misfit.
 *
 * An object must have its declared fields and no others. Presence means "has the key", so an
 * explicit undefined for a required field fails with the type error of that field.
 */
export function check(json: ValidatorJSON, value: unknown, path: Path = []): void {
  switch (json.type) {
    case "any":
      return;
    case "string":
    case "number":
    case "boolean":
      if (typeof value !== json.type) failType(json.type, value, path);
      return;
    case "null":
      if (value !== null) fail("null", textOf(value), path);
      return;
    case "float64":
      if (typeof value !== "number") failType("float64 (number)", value, path);
      return;
    case "int64":
      return checkInt64(value, path);
    case "bytes":
      if (!(typeof value === "string" ? isBase64(value) : isBytes(value))) {
        failType("bytes (ArrayBuffer or base64 string)", value, path);
      }
      return;
    case "id":
      if (typeof value !== "string") failType("id (string)", value, path);
      return;
    case "literal":
      if (value !== json.value) fail(String(json.value), textOf(value), path);
      return;
    case "object":
      return checkObject(json.value, value, path);
    case "array":
      if (!Array.isArray(value)) failType("array", value, path);
      // By index: forEach would leave out holes.
      for (let index = 0; index < value.length; index++) {
        check(json.value, (value as unknown[])[index], [...path, index]);
      }
      return;
    case "optional":
      if (value !== undefined) check(json.value, value, path);
      return;
    case "union":
      return checkUnion(json.value, value, path);
    case "record":
      return checkRecord(json.keys, json.values, value, path);
    default:
      throw new ValidationError("Unknown validator type", {
        path,
        expected: "a known validator",
        received: textOf((json as { type: unknown }).type),
      });
  }
}

function checkInt64(value: unknown, path: Path): void {
  if (typeof value !== "number" && typeof value !== "bigint") {
    failType("int64 (integer)", value, path);
  }
  if (typeof value === "number" && !Number.isInteger(value)) {
    fail("int64 (integer)", "non-integer number", path);
  }
  if (value < -INT64_END || value >= INT64_END) {
    fail("int64 (integer)", "number out of range", path);
  }
}

function checkObject(fields: Record<string, ValidatorJSON>, value: unknown, path: Path): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    failType("object", value, path);
  }
  const object = value as Record<string, unknown>;
  for (const [name, field] of Object.entries(fields)) {
    if (has(object, name)) {
      check(field, object[name], [...path, name]);
    } else if (field.type !== "optional") {
      throw new ValidationError(`Missing required field: ${name}`, {
        path: [...path, name],
        expected: field.type,
        received: "nothing",
      });
    }
  }
  for (const name of Object.keys(object)) {
    if (has(fields, name)) continue;
    throw new ValidationError(`Unexpected field: ${name}`, {
      path: [...path, name],
      expected: "no such field",
      received: typeof object[name],
    });
  }
}

function checkUnion(members: ValidatorJSON[], value: unknown, path: Path): void {
  for (const member of members) {
    try {
      return check(member, value, path);
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error;
    }
  }
  throw new ValidationError("Value does not match any union variant", {
    path,
    expected: "one of the union's variants",
    received: typeof value,
  });
}

function checkRecord(keys: ValidatorJSON, values: ValidatorJSON, value: unknown, path: Path): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    failType("record (object)", value, path);
  }
  for (const [key, item] of Object.entries(value as object)) {
    check(keys, key, [...path, key]);
    check(values, item, [...path, key]);
  }
}

/** Base64 with or without its padding, and so that no other text means the same bytes. */
function isBase64(text: string): boolean {
  const digits = text.length % 4 === 0 ? text.replace(/={1,2}$/, "") : text;
  const lastDigits = LAST_BASE64_DIGITS[digits.length % 4];
  return /^[A-Za-z0-9+/_-]*$/.test(digits) && lastDigits !== undefined && lastDigits.test(digits);
}

function isBytes(value: unknown): boolean {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

function has(object: object, name: string): boolean {
  return Object.prototype.hasOwnProperty.call(object, name);
}

function textOf(value: unknown): string {
  // String() would throw for an object without a prototype.
  return typeof value === "object" && value !== null ? "object" : String(value);
}

function failType(expected: string, value: unknown, path: Path): never {
  fail(expected, typeof value, path);
}

function fail(expected: string, received: string, path: Path): never {
  throw new ValidationError(`Expected ${expected}, got ${received}`, { path, expected, received });
}
