// litestone.md 3.4: what is wrong with a schema, in the words that clients look at.
import { describe, expect, test } from "vitest";
import "../addon.js";
import { parse } from "../../src/index.js";

const messagesOf = (text: string): string => parse(text).errors.join("\n");
const warningsOf = (text: string): string => parse(text).warnings.join("\n");

const LOGGER = 'database main { path "./m.db" }\ndatabase audit { path "./a/" driver logger }\n';
const LINES = 'database main { path "./m.db" }\ndatabase logs { path "./l/" driver jsonl }\n';

describe("3.4 syntax", () => {
  test("one error with its place, and no tree", () => {
    const { schema, valid, errors } = parse("model A {\n  id Int @id\n");
    expect({ schema, valid }).toEqual({ schema: null, valid: false });
    expect(errors).toEqual([expect.stringMatching(/ \(line \d+, col \d+\)$/)]);
  });

  test("transitions of one name twice", () => {
    const { schema, errors } = parse("enum E { a b c transitions { t: a -> b  t: b -> c } }");
    expect(schema).toBeNull();
    expect(errors[0]).toContain("duplicate transition name 't'");
  });

  test.each([
    ["Text", "String"],
    ["Integer", "Int"],
    ["Real", "Float"],
    ["Blob", "Bytes"],
  ])("the dialect 1.0.6 knows %s no more", (old, current) => {
    const text = `model A { id String @id  f ${old} }`;
    const { valid, errors } = parse(text, { dialect: "1.0.6" });
    expect(valid).toBe(false);
    expect(errors.join("\n")).toContain(
      `Type '${old}' was renamed to '${current}'. Update your schema (no aliases are accepted). ` +
        "Run 'litestone codemod' to migrate .lite files automatically.",
    );
    // 0: both sets are synonyms by default.
    expect(parse(text).errors).toEqual([]);
    expect(parse(`model A { id Text @id  f ${old} }`, { dialect: "1.0.3" }).errors).toEqual([]);
    const early = parse(`model A { id Text @id  f ${current} }`, { dialect: "1.0.3" });
    expect(early.errors.join("\n")).toContain(`unknown type '${current}'`);
  });
});

describe("3.4 errors", () => {
  test.each<[string, string]>([
    ["model A { id Int @id  a Int  a Int }", "Model 'A': duplicate field 'a'"],
    ["model A { id Int @id }  enum A { x }", "Duplicate declaration name 'A'"],
    [
      'model A { id Int @id }  view A { id Int @@sql("SELECT 1") }',
      "Duplicate declaration name 'A'",
    ],
    ['database x { path "a" } database x { path "b" }', "Duplicate database name 'x'"],
    ["model A { id Int @id  x Nope }", "Model 'A', field 'x': unknown type 'Nope'"],
    [
      "model A { id Int @id  s String @default(nope) }",
      "Model 'A', field 's': @default(nope) — 'nope' is not a field or enum value",
    ],
    [
      "model A { id Int @id  b B @relation(fields: [x], references: [id]) } model B { id Int @id }",
      "Model 'A': @relation fields references unknown field 'x'",
    ],
    [
      "model A { id Int @id  b B @relation(fields: [bId], references: [id], onDelete: Explode)  bId Int } model B { id Int @id }",
      "Model 'A': unknown onDelete action 'Explode'",
    ],
    [
      "model A { id Int @id  b X @relation(fields: [bId], references: [id])  bId Int }",
      "Model 'A', field 'b': @relation references unknown model 'X'",
    ],
    [
      "model A { id Int @id  b String @up(id) }",
      "Model 'A', field 'b': @up references unknown function 'up'",
    ],
    [
      'function up(t: String): String { @@expr("{t}") } model A { id Int @id  a String  b String @up(a, id) }',
      "@up expects 1 argument(s) but got 2",
    ],
    [
      'function up(t: String): String { @@expr("{t}") } model A { id Int @id  b String @up(x) }',
      "@up argument 'x' is not a field on this model",
    ],
    [
      'model A { id Int @id  b Int @generated("{ghost} + 1") }',
      "@generated references unknown field 'ghost'",
    ],
    ['model A { id Int @id  b Int @generated("{b} + 1") }', "@generated cannot reference itself"],
    [
      'model A { id Int @id  a Int @generated("{b}")  b Int @generated("{a}") }',
      "Model 'A': circular @generated dependency detected: a ↔ b",
    ],
    ["model A { id Int @id  @@index([x]) }", "Model 'A': @@index references unknown field 'x'"],
    ["model A { id Int @id  @@fts([x]) }", "Model 'A': @@fts references unknown field 'x'"],
    [
      "model A { id Int @id  f Json[] }",
      "array [] is only supported for Text, Integer, File, or a model name for many-to-many (got Json)",
    ],
    [
      "model A { id Int @id  bs B[] } model B { id Int @id }",
      "Implicit many-to-many: 'A.bs' references 'B' but 'B' has no corresponding 'A[]' field. Both sides must declare the relation.",
    ],
  ])("%s", (text, message) => {
    expect(messagesOf(text)).toContain(message);
    expect(parse(text).valid).toBe(false);
  });

  test("@@unique of an unknown field names it", () => {
    expect(messagesOf("model A { id Int @id  @@unique([x]) }")).toMatch(
      /references unknown field 'x'/,
    );
  });

  test.each([
    'model A { id Int @id  a Int  b Int @generated("{c} + 1")  c Int @generated("{a} + 1") }',
    "model Self { id Int @id  parent Self? @relation(fields: [parentId], references: [id])  parentId Int? }",
  ])("right: %s", (text) => expect(parse(text).errors).toEqual([]));

  test("all errors of a schema are told at once", () => {
    const { errors } = parse("model A { id Int @id  x Nope  y Never  @@index([z]) }");
    expect(errors.length).toBeGreaterThanOrEqual(3);
  });
});

describe("3.4 databases", () => {
  test.each<[string, RegExp]>([
    ['database main { path "a" driver postgres }', /driver/],
    ["database main { driver sqlite }", /path/],
    ['database main { path "a" maxSize 10mb }', /maxSize is only valid for jsonl databases/],
    [
      'database logs { path "a/" driver jsonl replication true }',
      /replication is not supported for jsonl databases/,
    ],
    [
      'database main { path "a" model M } model M { id Int @id }',
      /model key is only valid for logger databases/,
    ],
    [
      'database logs { path "a.jsonl" driver jsonl } model A { n Int @@db(logs) } model B { n Int @@db(logs) }',
      /\.jsonl/,
    ],
    ["model A { id Int @id  @@db(nope) }", /nope/],
    ['database main { path "a" } model A { id Int @id  @@log(main) }', /logger/],
    ["model A { id Int @id  s String @log(nope) }", /nope/],
    [`${LOGGER}database more { path "./b/" driver logger model Ghost }`, /Ghost/],
    [
      `${LOGGER}database more { path "./b/" driver logger model Entry } model Entry { id Int @id  operation String  @@db(more) }`,
      /model|createdAt/,
    ],
  ])("%s", (text, message) => {
    expect(parse(text).valid).toBe(false);
    expect(messagesOf(text)).toMatch(message);
  });

  test.each([
    "model A { n Int  deletedAt DateTime?  @@db(logs) @@softDelete }",
    "model A { id Int @id  s String  @@db(logs) @@fts([s]) }",
    "model A { a Int  n Int @sequence(scope: a)  @@db(logs) }",
    "model A { s String @encrypted  @@db(logs) }",
    "model A { n Int  @@db(logs) @@allow('read', true) }",
  ])("not in a jsonl database: %s", (model) => expect(parse(LINES + model).valid).toBe(false));
});

describe("3.4 fields that are kept from somebody", () => {
  test.each([
    "model A { id Int @id  s String @secret @encrypted }",
    "model A { id Int @id  s String @secret @guarded }",
    "model A { id Int @id  s String @guarded @allow('read', true) }",
    "model A { id Int @id  s String @secret @allow('read', true) }",
    "model A { id Int @id  s String @allow('delete', true) }",
  ])("%s", (model) => expect(parse(LOGGER + model).valid).toBe(false));

  test("@secret without a logger is a warning", () => {
    const text = "model A { id Int @id  s String @secret }";
    expect(parse(text).errors).toEqual([]);
    expect(warningsOf(text)).toContain("@secret");
    expect(warningsOf(text)).toContain("logger database");
    expect(warningsOf(LOGGER + text)).not.toContain("logger database");
  });

  test("@@deny without @@allow is a warning", () => {
    expect(warningsOf("model A { id Int @id  @@deny('read', true) }")).toContain("@@deny");
    expect(warningsOf("model A { id Int @id  @@deny('read', true) }")).toContain(
      "has @@deny but no @@allow",
    );
    expect(warningsOf("model A { id Int @id  @@deny('read', true) @@allow('read', true) }")).toBe(
      "",
    );
  });
});

describe("3.4 fields that come from elsewhere", () => {
  test.each<[string, RegExp]>([
    ["model A { id Int @id  a Int  s String @sequence(scope: a) }", /@sequence/],
    ["model A { id Int @id  n Int @sequence(scope: ghost) }", /ghost/],
    ["model A { id Int @id  n Int @from(Ghost, count: true) }", /Ghost/],
    [
      "model A { id Int @id  n String @from(B, count: true) } model B { id Int @id  aId Int }",
      /Int/,
    ],
    [
      "model A { id Int @id  n Int @from(B, exists: true) } model B { id Int @id  aId Int }",
      /Boolean/,
    ],
    ["model A { id Int @id  n Int @from(B, sum: ghost) } model B { id Int @id  aId Int }", /ghost/],
    ["model A { id Int @id  n Int @from(B, last: true) } model B { id Int @id  aId Int }", /B/],
    [
      "model A { id Int @id  n Int @computed @from(B, count: true) } model B { id Int @id  aId Int }",
      /@computed/,
    ],
  ])("%s", (text, message) => {
    expect(parse(text).valid).toBe(false);
    expect(messagesOf(text)).toMatch(message);
  });
});

describe("3.4 transitions", () => {
  test.each<[string, string]>([
    ["t: ghost -> b", "unknown value 'ghost' in 'from'"],
    ["t: a -> ghost", "unknown value 'ghost' in 'to'"],
    ["t: [a, b] -> b", "self-transition"],
  ])("%s", (text, message) => {
    expect(messagesOf(`enum E { a b transitions { ${text} } }`)).toContain(message);
  });
});

describe("3.4 reserved names", () => {
  test("no value of an enum is called transitions", () => {
    expect(messagesOf("enum E { a transitions }")).toContain("transitions");
  });
});

describe("3.4 warnings", () => {
  const parent = (attribute: string, list = "kids Kid[]") =>
    `model Parent { id Int @id  ${list}  deletedAt DateTime?  ${attribute} }`;
  const kid = (attribute: string) =>
    `model Kid { id Int @id  p Parent @relation(fields: [pId], references: [id])  pId Int  deletedAt DateTime?  ${attribute} }`;

  test("a soft delete that leaves its children", () => {
    const text = warningsOf(parent("@@softDelete") + kid("@@softDelete"));
    expect(text).toContain("@@softDelete(cascade)");
    expect(text).toContain("@hardDelete");
  });

  test.each([
    ["the parent cascades", parent("@@softDelete(cascade)") + kid("@@softDelete")],
    ["the child is not soft", parent("@@softDelete") + kid("")],
    [
      "the children go for good",
      parent("@@softDelete", "kids Kid[] @hardDelete") + kid("@@softDelete"),
    ],
  ])("no warning: %s", (_, text) => expect(warningsOf(text)).toBe(""));

  test.each(["@@softDelete", "@@fts([s])"])("@@external with %s", (attribute) => {
    const text = `model A { id Int @id  s String  deletedAt DateTime?  @@external ${attribute} }`;
    expect(parse(text).errors).toEqual([]);
    expect(warningsOf(text)).toContain("@@external");
  });

  test("a Json field in an index", () => {
    expect(warningsOf("model A { id Int @id  j Json  @@index([j]) }")).toContain("j");
  });
});

describe("3.4 views", () => {
  test.each<[string, RegExp]>([
    ["view v { id Int }", /must declare @@sql\("\.\.\."\)/],
    [
      'view v { id Int @@sql("SELECT 1") @@materialized }',
      /@@materialized requires @@refreshOn\(\[\.\.\.\]\)/,
    ],
    ['view v { id Int @@sql("SELECT 1") @@materialized @@refreshOn([Ghost]) }', /Ghost/],
    [`${LINES}view v { id Int @@sql("SELECT 1") @@db(logs) }`, /jsonl/],
  ])("%s", (text, message) => {
    expect(parse(text).valid).toBe(false);
    expect(messagesOf(text)).toMatch(message);
  });

  test("a view refreshes on models of its own database only", () => {
    const text = `database main { path "a" } database other { path "b" }
      model A { id Int @id  @@db(other) }
      view v { id Int @@sql("SELECT 1") @@materialized @@refreshOn([A]) @@db(main) }`;
    expect(parse(text).valid).toBe(false);
  });
});

describe("3.4 traits", () => {
  test.each<[string, string]>([
    ["trait T { id Int @id }", "@id is not allowed in a trait"],
    ['trait T { a Int  @@map("t") }', "@@map"],
    ["trait T { a String  @@fts([a]) }", "@@fts"],
    ['database main { path "a" } trait T { a Int  @@db(main) }', "@@db"],
    ["trait T { a Int } trait T { b Int }", "Duplicate trait 'T'"],
    ["model M { id Int @id  @@trait(Ghost) }", "unknown trait 'Ghost'"],
    [
      "trait A { foo Int } trait B { foo Int } model M { id Int @id  @@trait(A) @@trait(B) }",
      "field 'foo' provided by both @@trait(A) and @@trait(B)",
    ],
    [
      "trait A { a Int @@trait(B) } trait B { b Int @@trait(A) } model M { id Int @id  @@trait(A) }",
      "Trait cycle detected: A → B → A",
    ],
  ])("%s", (text, message) => expect(messagesOf(text)).toContain(message));

  test("two traits with one field are an error even if the model has it, too", () => {
    const text =
      "trait A { foo Int } trait B { foo Int } model M { id Int @id  foo Int  @@trait(A) @@trait(B) }";
    expect(messagesOf(text)).toContain("field 'foo' provided by both");
  });
});

describe("3.4 types", () => {
  test.each([
    "@id",
    "@unique",
    '@map("x")',
    '@generated("1")',
    "@encrypted",
    "@guarded",
    "@updatedAt",
  ])("%s not allowed in a type", (attribute) => {
    const name = attribute.replace(/\(.*/, "");
    expect(messagesOf(`type T { a String ${attribute} }`)).toContain(
      `${name} not allowed in a type`,
    );
  });

  test.each<[string, RegExp]>([
    ["type T { a Int  @@index([a]) }", /@@index not allowed in a type/],
    ["type T { a File }", /File/],
    ["type T { a Bytes }", /Bytes/],
    ["type T { a DateTime @default(now()) }", /now/],
    ["type T { a Int } type T { b Int }", /Duplicate type 'T'/],
    [
      "type T { a Int } model M { id Int @id  s String @type(T) }",
      /@type\(T\) requires the field to be Json \(got String\)/,
    ],
    ["model M { id Int @id  j Json @type(Ghost) }", /unknown type 'Ghost'/],
    [
      "type A { b Json @type(B) } type B { a Json @type(A) } model M { id Int @id  j Json @type(A) }",
      /Type cycle detected: A → B → A/,
    ],
  ])("%s", (text, message) => expect(messagesOf(text)).toMatch(message));
});

describe("3.4 templates", () => {
  test.each(["isTemplate Boolean?", "isTemplate Boolean[]", "isTemplate Int"])("%s", (field) => {
    expect(parse(`model A { id Int @id  ${field}  @@hasTemplates }`).valid).toBe(false);
  });
});
