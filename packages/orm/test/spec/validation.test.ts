// litestone.md 28: validators and transforms, and their messages.
import { describe, expect, test } from "vitest";
import "../addon.js";
import { ValidationError } from "../../src/index.js";
import { failure, open } from "./support.js";

/** A model with the field `f`, and what a value of it comes to: the stored one, or the errors. */
async function outcomeOf(declaration: string, value: unknown, more = ""): Promise<any> {
  const db = await open(`${more} model M { id Int @id  f ${declaration} }`);
  try {
    return (await db.m.create({ data: { f: value } })).f;
  } catch (error) {
    expect(error).toBeInstanceOf(ValidationError);
    return (error as ValidationError).errors;
  }
}
const wrong = (message: string, ...path: string[]) => [{ path: ["f", ...path], message }];

describe("28 validators", () => {
  test.each([
    [
      "String @email",
      ["a@b.c", "a+x@b.co.uk"],
      ["a", "a@b", "a b@c.d", ""],
      "must be a valid email address",
    ],
    [
      "String @url",
      ["http://x", "https://x.y/z?q"],
      ["ftp://x", "x", "http://"],
      "must be a valid URL",
    ],
    [
      "String @phone",
      ["+41 44 123 45 67", "(079) 123-45.67", "1234567"],
      ["123456", "12345678901234567890x", "phone 12345"],
      "must be a valid phone number",
    ],
    [
      "String @date",
      ["2026-04-06", "9999-99-99"],
      ["2026-4-6", "2026-04-06T00:00:00Z"],
      "must be a valid date in YYYY-MM-DD format (e.g. 2026-04-06)",
    ],
    [
      "String @datetime",
      ["2026-04-06", "2026-04-06T10:00:00Z", "2026-04-06T10:00:00.5+02:00"],
      ["2026-04-06 10:00", "now"],
      "must be a valid ISO 8601 datetime",
    ],
    ['String @regex("^[a-c]+x")', ["abx", "cxyz"], ["x", "abX"], "must match pattern ^[a-c]+x"],
    ['String @regex("b")', ["abc"], ["xyz"], "must match pattern b"],
    [
      "String @length(2, 4)",
      ["ab", "abcd", "😀"],
      ["a", "abcde", "😀😀x"],
      "length must be between 2 and 4",
    ],
    ["String @length(2)", ["ab"], ["", "a"], "length must be at least 2"],
    ["String @length(, 2)", ["", "ab"], ["abc"], "length must be at most 2"],
    ['String @startsWith("ab")', ["ab", "abc"], ["AB", "xab"], 'must start with "ab"'],
    ['String @endsWith("ab")', ["ab", "cab"], ["abx"], 'must end with "ab"'],
    ['String @contains("ab")', ["xaby"], ["axb"], 'must contain "ab"'],
    ["Float @lt(2)", [1.5, -7], [2, 3], "must be less than 2"],
    ["Int @lte(2)", [2, 0], [3], "must be at most 2"],
    ["Int @gt(-1)", [0, 5], [-1, -2], "must be greater than -1"],
    ["Float @gte(0.5)", [0.5, 1], [0.4], "must be at least 0.5"],
  ] as [string, unknown[], unknown[], string][])("%s", async (declaration, good, bad, message) => {
    for (const value of good) expect(await outcomeOf(declaration, value)).toBe(value);
    for (const value of bad) expect(await outcomeOf(declaration, value)).toEqual(wrong(message));
  });

  test.each([
    'String @email("own")',
    'String @url("own")',
    'String @phone("own")',
    'String @date("own")',
    'String @datetime("own")',
    'String @regex("^y", "own")',
    'String @length(5, 9, "own")',
    'String @startsWith("y", "own")',
    'String @endsWith("y", "own")',
    'String @contains("y", "own")',
  ])("a message of one's own: %s", async (declaration) => {
    expect(await outcomeOf(declaration, "x")).toEqual(wrong("own"));
  });

  test.each(["lt(1", "lte(1", "gt(9", "gte(9"])("a message of one's own: @%s)", async (start) => {
    expect(await outcomeOf(`Int @${start}, "own")`, 5)).toEqual(wrong("own"));
  });

  test("null and undefined are not checked", async () => {
    expect(await outcomeOf("String? @email @length(3)", null)).toBeNull();
    expect(await outcomeOf("Int? @gt(3)", undefined)).toBeNull();
  });

  test("all errors are told, by field, then by attribute", async () => {
    const db = await open(`
      model M { id Int @id  a String @length(5) @startsWith("x")  b Int @gt(3)  c String @email }`);
    const error = await failure(db.m.create({ data: { c: "?", b: 1, a: "a" } }));
    expect(error.name).toBe("ValidationError");
    expect(error.errors).toEqual([
      { path: ["a"], message: "length must be at least 5" },
      { path: ["a"], message: 'must start with "x"' },
      { path: ["b"], message: "must be greater than 3" },
      { path: ["c"], message: "must be a valid email address" },
    ]);
    expect(error.message).toBe(
      'Validation failed — a: length must be at least 5, a: must start with "x", ' +
        "b: must be greater than 3, c: must be a valid email address",
    );
  });

  test("update checks what it is given only", async () => {
    const db = await open("model M { id Int @id  a String @length(3)  b Int? }");
    await db.m.create({ data: { a: "abc" } });
    expect((await db.m.update({ where: { id: 1 }, data: { b: 1 } })).b).toBe(1);
    expect((await failure(db.m.update({ where: { id: 1 }, data: { a: "x" } }))).name).toBe(
      "ValidationError",
    );
  });
});

describe("28 transforms", () => {
  test.each([
    ["@trim", "  a b\n", "a b"],
    ["@lower", "ÀB", "àb"],
    ["@upper", "äb", "ÄB"],
    ["@trim @upper", " a ", "A"],
    ["@slug", "Hello,  World!", "hello-world"],
    ["@slug", "--A_b__c--", "a-b-c"],
    ["@slug", "Ünïcode", "ncode"],
    ["@slug", "  x  ", "x"],
  ])("%s of %j", async (attributes, value, stored) => {
    expect(await outcomeOf(`String ${attributes}`, value)).toBe(stored);
  });

  test("run before validators", async () => {
    expect(await outcomeOf("String @length(1, 3) @trim", "  abc  ")).toBe("abc");
    expect(await outcomeOf("String @trim @length(1)", "   ")).toEqual(
      wrong("length must be at least 1"),
    );
  });

  test("make text of what is none", async () => {
    expect(await outcomeOf("String @trim", 5)).toBe("5");
    expect(await outcomeOf("String @upper", true)).toBe("TRUE");
  });

  test("leave null", async () => expect(await outcomeOf("String? @trim @slug", null)).toBeNull());
});

describe("28 typed JSON", () => {
  const TYPES = `
    enum Kind { home work }
    type Point { lat Float  lng Float? }
    type Address {
      street String
      number Int?
      kind Kind?
      isMain Boolean?
      since DateTime?
      tags String[]
      at Json? @type(Point)
    }
    type Loose { a Int }`;
  const outcome = (value: unknown, declaration = "Json? @type(Address)") =>
    outcomeOf(declaration, value, TYPES);
  const RIGHT = { street: "s", tags: ["a"] };

  test("right values", async () => {
    for (const value of [
      RIGHT,
      { ...RIGHT, number: 5, isMain: false, since: "2026-01-01", at: { lat: 1.5 } },
      { ...RIGHT, number: null, at: null },
      null,
    ])
      expect(await outcome(value)).toEqual(value);
  });

  test.each([
    ["text", wrong("must be an object matching type Address")],
    ['{"street":"s"}', wrong("must be an object matching type Address")],
    [[RIGHT], wrong("must be an object matching type Address")],
    [5, wrong("must be an object matching type Address")],
    [
      { ...RIGHT, x: 1 },
      wrong("unknown field — type Address has no 'x' (set strict: false to allow)", "x"),
    ],
    [{ tags: [] }, wrong("is required", "street")],
    [{ ...RIGHT, street: 5 }, wrong("must be a string", "street")],
    [{ ...RIGHT, number: 1.5 }, wrong("must be an integer", "number")],
    [{ ...RIGHT, isMain: 1 }, wrong("must be a boolean", "isMain")],
    [{ ...RIGHT, since: 5 }, wrong("must be a string in ISO 8601 format", "since")],
    [{ ...RIGHT, since: "soon" }, wrong("must be a valid ISO 8601 datetime", "since")],
    [{ ...RIGHT, at: { lat: "x" } }, wrong("must be a number", "at", "lat")],
    [{ ...RIGHT, at: {} }, wrong("is required", "at", "lat")],
    [{ ...RIGHT, at: 5 }, wrong("must be an object matching type Point", "at")],
    [
      { ...RIGHT, at: { lat: 1, alt: 2 } },
      wrong("unknown field — type Point has no 'alt' (set strict: false to allow)", "at", "alt"),
    ],
  ])("wrong: %j", async (value, errors) => {
    expect(await outcome(value)).toEqual(errors);
  });

  test("a list of something else", async () => {
    const errors = await outcome({ street: "s", tags: "a" });
    expect(errors[0].path.slice(0, 2)).toEqual(["f", "tags"]);
    expect(errors[0].message).toMatch(/^must be an array of /);
  });

  test("strict: false lets the rest pass", async () => {
    const value = { a: 1, more: { deep: true } };
    expect(await outcome(value, "Json @type(Loose, strict: false)")).toEqual(value);
    expect((await outcome({ a: "x" }, "Json @type(Loose, strict: false)"))[0].path).toEqual([
      "f",
      "a",
    ]);
  });

  test("nothing is checked on reading", async () => {
    const db = await open(`${TYPES} model M { id Int @id  f Json? @type(Address) }`);
    db.$db.run(`INSERT INTO m(f) VALUES ('{"odd":1}')`);
    expect((await db.m.findFirst()).f).toEqual({ odd: 1 });
  });
});

describe("28 $validate", () => {
  const SCHEMA = "model M { id Int @id  a Int?  b Int? }";
  const failing = async (rules: object[], data: object = {}) => {
    const db = await open(SCHEMA, { computed: { M: { $validate: rules as any } } });
    return (await failure(db.m.create({ data }))).errors;
  };

  test("false is an error, with its path and message", async () => {
    const rule = { check: (data: any) => data.a < data.b, message: "a before b", path: ["a"] };
    expect(await failing([rule], { a: 2, b: 1 })).toEqual([{ path: ["a"], message: "a before b" }]);
    const db = await open(SCHEMA, { computed: { M: { $validate: [rule] } } });
    expect(await db.m.create({ data: { a: 1, b: 2 } })).toMatchObject({ a: 1, b: 2 });
  });

  test("the defaults of both", async () => {
    expect(await failing([{ check: () => false }])).toEqual([
      { path: ["_model"], message: "Validation failed" },
    ]);
  });

  test("what throws is an error, too", async () => {
    const rule = {
      check: () => {
        throw new Error("odd");
      },
    };
    const [error] = await failing([rule]);
    expect(error.message).toContain("Validator threw: odd");
  });

  test("all are told, after the schema's own", async () => {
    const db = await open("model M { id Int @id  a Int @gt(5) }", {
      computed: {
        M: {
          $validate: [
            { check: () => false, message: "one" },
            { check: () => false, message: "two" },
          ],
        },
      },
    });
    const { errors } = await failure(db.m.create({ data: { a: 1 } }));
    expect(errors.map((one: any) => one.message)).toEqual(["must be greater than 5", "one", "two"]);
  });
});
