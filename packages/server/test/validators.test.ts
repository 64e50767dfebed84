import { describe, expect, it } from "vitest";
import { v, ValidationError } from "@moonstone/server";
import type { AnyValidator } from "@moonstone/server";

describe("the JSON of a validator", () => {
  const cases: [AnyValidator, unknown][] = [
    [v.string(), { type: "string" }],
    [v.number(), { type: "number" }],
    [v.float64(), { type: "float64" }],
    [v.int64(), { type: "int64" }],
    [v.boolean(), { type: "boolean" }],
    [v.null(), { type: "null" }],
    [v.any(), { type: "any" }],
    [v.bytes(), { type: "bytes" }],
    [v.id("t"), { type: "id", tableName: "t" }],
    [v.literal(42), { type: "literal", value: 42 }],
    [v.object({ a: v.string() }), { type: "object", value: { a: { type: "string" } } }],
    [v.array(v.null()), { type: "array", value: { type: "null" } }],
    [v.optional(v.null()), { type: "optional", value: { type: "null" } }],
    [
      v.union(v.string(), v.null()),
      { type: "union", value: [{ type: "string" }, { type: "null" }] },
    ],
    [
      v.record(v.string(), v.any()),
      { type: "record", keys: { type: "string" }, values: { type: "any" } },
    ],
  ];
  it.each(cases)("%#", (validator, json) => {
    expect(validator.json).toStrictEqual(json);
    expect({ ...validator }).toStrictEqual({
      _type: undefined,
      kind: (json as { type: string }).type,
      json,
    });
  });

  it("keeps the order of the fields", () => {
    expect(JSON.stringify(v.object({ z: v.any(), a: v.any() }).json)).toBe(
      '{"type":"object","value":{"z":{"type":"any"},"a":{"type":"any"}}}',
    );
  });
});

describe("a check", () => {
  const refused: [string, AnyValidator, unknown, string][] = [
    ["string", v.string(), null, "Expected string, got object"],
    ["number", v.number(), "1", "Expected number, got string"],
    ["boolean", v.boolean(), 0, "Expected boolean, got number"],
    ["null", v.null(), undefined, "Expected null, got undefined"],
    ["null given 0", v.null(), 0, "Expected null, got 0"],
    ["literal", v.literal("a"), "b", "Expected a, got b"],
    ["literal of another type", v.literal(1), "1", "Expected 1, got 1"],
    ["id", v.id("t"), 5, "Expected id (string), got number"],
    ["array", v.array(v.any()), {}, "Expected array, got object"],
    ["array element", v.array(v.string()), ["a", 1], "Expected string, got number"],
    ["object", v.object({}), [], "Expected object, got object"],
    ["missing field", v.object({ a: v.string() }), {}, "Missing required field: a"],
    ["unexpected field", v.object({}), { a: 1 }, "Unexpected field: a"],
    ["missing before unexpected", v.object({ a: v.any() }), { b: 1 }, "Missing required field: a"],
    [
      "explicit undefined",
      v.object({ a: v.string() }),
      { a: undefined },
      "Expected string, got undefined",
    ],
    ["inherited name", v.object({ toString: v.string() }), {}, "Missing required field: toString"],
    ["optional given null", v.optional(v.string()), null, "Expected string, got object"],
    ["union", v.union(v.string(), v.null()), 1, "Value does not match any union variant"],
    ["record", v.record(v.string(), v.any()), [], "Expected record (object), got object"],
    ["record value", v.record(v.string(), v.number()), { a: "" }, "Expected number, got string"],
    ["float64", v.float64(), "1", "Expected float64 (number), got string"],
    ["int64", v.int64(), "1", "Expected int64 (integer), got string"],
    ["int64 fraction", v.int64(), 1.5, "Expected int64 (integer), got non-integer number"],
    ["int64 beyond", v.int64(), 2 ** 63, "Expected int64 (integer), got number out of range"],
    [
      "int64 below",
      v.int64(),
      -(2n ** 63n) - 1n,
      "Expected int64 (integer), got number out of range",
    ],
    ["bytes", v.bytes(), 1, "Expected bytes (ArrayBuffer or base64 string), got number"],
    ...["a b=", "AAE!", "A", "AAAAA", "AAE==", "=", "AAF=", "AB==", "AB", "AA=A"].map(
      (text): [string, AnyValidator, unknown, string] => [
        `the text ${text} as bytes`,
        v.bytes(),
        text,
        "Expected bytes (ArrayBuffer or base64 string), got string",
      ],
    ),
    ["a hole", v.array(v.string()), ["a", , "b"], "Expected string, got undefined"],
    [
      "text for bytes or null",
      v.union(v.bytes(), v.null()),
      "hello!",
      "Value does not match any union variant",
    ],
  ];
  it.each(refused)("refuses %s", (_name, validator, value, message) => {
    const result = validator.safeParse(value);
    expect(result.ok).toBe(false);
    expect(() => validator.parse(value)).toThrow(new Error(message));
  });

  const accepted: [string, AnyValidator, unknown][] = [
    ["NaN", v.number(), NaN],
    ["infinity", v.float64(), -Infinity],
    ["bigint", v.int64(), 2n ** 62n],
    ["absent optional", v.object({ a: v.optional(v.string()) }), {}],
    ["undefined optional", v.object({ a: v.optional(v.string()) }), { a: undefined }],
    ["anything", v.any(), undefined],
    ["a view on bytes", v.bytes(), new Uint8Array(2)],
    ["the ends of int64", v.array(v.int64()), [-(2 ** 63), 2n ** 63n - 1n]],
    ["base64", v.array(v.bytes()), ["", "AAE=", "AAE", "AA==", "AA", "+/-_"]],
    ["the second of a union", v.union(v.string(), v.null()), null],
  ];
  it.each(accepted)("accepts %s and returns the same value", (_name, validator, value) => {
    expect(validator.parse(value)).toBe(value);
  });

  it("says where in path, not in the message", () => {
    const validator = v.object({ rows: v.array(v.object({ id: v.id("t") })) });
    const result = validator.safeParse({ rows: [{ id: "t:1" }, { id: 7 }] });
    expect(result.ok).toBe(false);
    const error = (result as { error: ValidationError }).error;
    expect(error.path).toEqual(["rows", 1, "id"]);
    expect([error.expected, error.received]).toEqual(["id (string)", "number"]);
  });
});

describe("a wrong definition", () => {
  it("names the field and the likely slip", () => {
    expect(() => v.object({ title: v.string as never })).toThrow(
      'v.object, field "title", is not a validator (got function); are its parentheses missing?',
    );
    expect(() => v.array(undefined as never)).toThrow("the element of v.array is not a validator");
    expect(() => v.union(v.string(), "b" as never)).toThrow("member 2 of v.union");
    expect(() => v.literal(null as never)).toThrow("got object");
    expect(() => v.id("")).toThrow("v.id needs the name of a table");
  });
});
