// litestone.md 2, 3, 3.1: words and sentences of the language, and the tree of 3.7.
import { describe, expect, test } from "vitest";
import "../addon.js";
import { parse, ParseError } from "../../src/index.js";
import { thrown, tree } from "./support.js";

/** The first field of a model with that body. */
function fieldOf(body: string, more = ""): any {
  return tree(`model M { ${body} }\n${more}`).models[0]?.fields[0];
}

/** The attributes of the field `f`, declared so, in a model with what attributes refer to. */
function attributesOf(declaration: string): any[] {
  const schema = tree(`
    database main { path "./main.db" }
    database audit { path "./audit/" driver logger }
    enum Role { admin member }
    function up(text: String): String { @@expr("upper({text})") }
    type Place { city String }
    model Other { id Int @id  m M @relation(fields: [mId], references: [id])  mId Int  size Int }
    model M { id Int @id  title String  f ${declaration} }`);
  const model = schema.models.find((one) => one.name === "M");
  return model?.fields.find((field) => field.name === "f")?.attributes ?? [];
}

describe("2 words", () => {
  test("white space is a BOM, a semicolon, and every space that nobody sees", () => {
    const spaces = "\u00a0\u2007\u202f\u200b\u200c\u200d\ufeff;\t\r\n";
    const schema = tree(`\ufeffmodel${spaces}A${spaces}{ id${spaces}Int @id;${spaces}n Int }`);
    expect(schema.models[0]?.fields.map((field) => field.name)).toEqual(["id", "n"]);
  });

  test("comments of both kinds are nothing", () => {
    const schema = tree("// one\nmodel /* two\n lines */ A { id Int @id // three\n n /*x*/ Int }");
    expect(schema.models[0]?.fields.map((field) => field.name)).toEqual(["id", "n"]);
    expect(schema.models[0]?.comments).toEqual([]);
  });

  test("a documentation comment belongs to the declaration, field or enum value after it", () => {
    const schema = tree(`
      /// First.
      ///   Second.
      model A {
        /// The key.
        id Int @id
        n Int
      }
      /// Colours.
      enum Colour {
        /// Like blood.
        red
        blue
      }`);
    expect(schema.models[0]?.comments).toEqual(["First.", "Second."]);
    expect(schema.models[0]?.fields.map((field) => field.comments)).toEqual([["The key."], []]);
    expect(schema.enums[0]).toEqual({
      name: "Colour",
      comments: ["Colours."],
      values: [
        { name: "red", comments: ["Like blood."] },
        { name: "blue", comments: [] },
      ],
    });
  });

  test("a documentation comment behind a field belongs to the next one", () => {
    const fields = tree("model A { id Int @id /// of n\n n Int }").models[0]?.fields;
    expect(fields?.map((field) => field.comments)).toEqual([[], ["of n"]]);
  });

  test("a documentation comment where none is expected is a syntax error", () => {
    const { schema, valid, errors } = parse("model A { id /// what\n Int @id }");
    expect({ schema, valid }).toEqual({ schema: null, valid: false });
    expect(errors).toHaveLength(1);
  });

  test("a backslash takes the next character as it is", () => {
    const expression = (text: string) =>
      fieldOf(`f String @default(${text})\n id Int @id`).attributes[0].value.value;
    expect(expression(String.raw`"a\"b"`)).toBe('a"b');
    expect(expression(String.raw`'a\'b'`)).toBe("a'b");
    expect(expression(String.raw`"a\nb"`)).toBe("anb");
    expect(expression(String.raw`"a\\b"`)).toBe("a\\b");
    expect(expression('"two\nlines"')).toBe("two\nlines");
  });

  test("numbers are those of JavaScript", () => {
    const value = (text: string) =>
      fieldOf(`f Float @default(${text})\n id Int @id`).attributes[0].value;
    expect(value("12")).toEqual({ kind: "number", value: 12 });
    expect(value("-1.50")).toEqual({ kind: "number", value: -1.5 });
    expect(value("0")).toEqual({ kind: "number", value: 0 });
  });

  test("keywords may be names of fields", () => {
    const names = ["model", "enum", "view", "type", "trait", "function", "database", "import"];
    const fields = tree(`model A { id Int @id ${names.map((name) => `${name} Int`).join(" ")} }`)
      .models[0]?.fields;
    expect(fields?.map((field) => field.name)).toEqual(["id", ...names]);
  });

  test.each([
    ["model A { id Int @id # }", "'#'", 1, 22],
    ["model A {\n  id Int @id\n  n Int $\n}", "'$'", 3, 9],
    ["model A { id Int \u00e9 }", "U+00E9", 1, 18],
    ["model A { id Int \u{1f600} }", "U+1F600", 1, 18],
  ])("a character that begins nothing is thrown: %j", (text, shown, line, column) => {
    const error = thrown(() => parse(text));
    expect(error).toBeInstanceOf(ParseError);
    expect(error.name).toBe("ParseError");
    const source = text.split("\n")[line - 1];
    expect(error.message.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Unexpected character .*${shown.replace(/[$+]/g, "\\$&")}.* \\(line ${line}, col ${column}\\)$`,
        ),
      ),
      `  ${source}`,
    ]);
    expect(
      error.message
        .split("\n")[2]
        ?.trimEnd()
        .startsWith(`${" ".repeat(column + 1)}^`),
    ).toBe(true);
    expect(error.message.endsWith(` (line ${line}, col ${column})`)).toBe(true);
  });

  test.each([
    ["\u201c", "U+201C"],
    ["\u201d", "U+201D"],
    ["\u2018", "U+2018"],
    ["\u2019", "U+2019"],
  ])("a typographic quote is explained: %s", (quote, shown) => {
    const error = thrown(() => parse(`model A { id Int @id\n s String @default(${quote}x) }`));
    expect(error.message).toContain(shown);
    expect(error.message.split("\n").length).toBeGreaterThan(3);
    expect(error.message).toMatch(/quote/i);
  });

  test.each(["\u2013", "\u2014"])("a typographic dash is explained: %s", (dash) => {
    const error = thrown(() => parse(`model A { id Int @id\n n Int @default(${dash}1) }`));
    expect(error.message).toContain("Did you mean - ?");
  });
});

describe("3 sentences", () => {
  test("suffixes of types stand in one order", () => {
    expect(fieldOf("f String[]?\n id Int @id").type).toEqual({
      kind: "scalar",
      name: "String",
      array: true,
      optional: true,
    });
    expect(parse("model A { id Int @id  f String?[] }").valid).toBe(false);
  });

  test("fields need nothing between them", () => {
    const fields = tree("model A{id Int @id name String? n Int[]}").models[0]?.fields;
    expect(fields?.map((field) => field.name)).toEqual(["id", "name", "n"]);
  });

  test("what is no declaration is named", () => {
    const { schema, errors } = parse("foo A { }");
    expect(schema).toBeNull();
    expect(errors).toEqual([
      expect.stringMatching(
        /^Unexpected token 'foo' — expected database, model, view, enum, function, trait, type, or import.* \(line 1, col 1\)$/,
      ),
    ]);
  });

  test("databases", () => {
    const schema = tree(`
      database main { path env("MAIN_DB", "./app.db") }
      database other { path env("OTHER_DB") }
      database logs { path "./logs/", driver jsonl, retention 30d, maxSize 10mb }
      database audit { path "./audit/"; driver logger; retention 90d }
      model M { id Int @id }`);
    expect(schema.databases).toMatchObject([
      {
        name: "main",
        path: { kind: "env", var: "MAIN_DB", default: "./app.db" },
        driver: "sqlite",
        retention: null,
        maxSize: null,
        logModel: null,
      },
      { name: "other", path: { kind: "env", var: "OTHER_DB", default: null }, driver: "sqlite" },
      {
        name: "logs",
        path: { kind: "literal", value: "./logs/" },
        driver: "jsonl",
        retention: "30d",
        maxSize: "10mb",
      },
      { name: "audit", driver: "logger", retention: "90d", maxSize: null },
    ]);
    for (const database of schema.databases)
      expect(typeof (database as { replication?: unknown }).replication).toBe("boolean");
  });

  test("replication of a database", () => {
    const replication = (value: string) =>
      (tree(`database main { path "a.db" replication ${value} }`).databases[0] as any).replication;
    expect(replication("true")).toBe(true);
    expect(replication("false")).toBe(false);
  });

  test("enums with transitions, from one value or several", () => {
    const schema = tree(`
      enum Stage {
        draft review live
        transitions { submit: draft -> review  publish: [draft, review] -> live }
      }`);
    expect(schema.enums[0]).toEqual({
      name: "Stage",
      comments: [],
      values: ["draft", "review", "live"].map((name) => ({ name, comments: [] })),
      transitions: {
        submit: { from: ["draft"], to: "review" },
        publish: { from: ["draft", "review"], to: "live" },
      },
    });
  });

  test("functions", () => {
    const schema = tree(`
      /// Joins.
      function full(first: String, last: String): String {
        @@expr("{first} || ' ' || {last}")
      }`);
    expect(schema.functions).toEqual([
      {
        name: "full",
        params: [
          { name: "first", type: "String" },
          { name: "last", type: "String" },
        ],
        returnType: "String",
        expr: "{first} || ' ' || {last}",
        comments: ["Joins."],
      },
    ]);
  });

  test("views", () => {
    const schema = tree(`
      model M { id Int @id }
      /// Sums.
      view totals {
        id Int
        /// Of all.
        sum Float?
        @@sql("SELECT 1 AS id, 2.5 AS sum")
      }
      view kept { id Int  @@sql("SELECT id FROM m") @@materialized @@refreshOn([M]) }`);
    expect(schema.views[0]).toEqual({
      name: "totals",
      fields: [
        {
          name: "id",
          type: expect.objectContaining({ name: "Int", array: false, optional: false }),
          comments: [],
        },
        {
          name: "sum",
          type: expect.objectContaining({ name: "Float", array: false, optional: true }),
          comments: ["Of all."],
        },
      ],
      sql: "SELECT 1 AS id, 2.5 AS sum",
      materialized: false,
      refreshOn: [],
      db: null,
      comments: ["Sums."],
    });
    expect(schema.views[1]).toMatchObject({ materialized: true, refreshOn: ["M"] });
  });

  test("all lists of a schema are there, also empty ones", () => {
    expect(tree("")).toEqual({
      imports: [],
      databases: [],
      models: [],
      views: [],
      enums: [],
      functions: [],
      traits: [],
      types: [],
    });
  });

  test("a model is this tree", () => {
    const schema = tree(`
      enum Role { admin }
      model A { id Int @id  role Role @default(admin)  bs B[]  c C? @relation(fields: [cId], references: [id])  cId Int? }
      model B { id Int @id  as A[] }
      model C { id Int @id  list A[] }`);
    const field = (name: string, type: object, attributes: unknown[]) => ({
      name,
      type: { kind: "scalar", array: false, optional: false, ...type },
      attributes,
      comments: [],
    });
    expect(schema.models[0]).toEqual({
      name: "A",
      comments: [],
      attributes: [],
      fields: [
        field("id", { name: "Int" }, [{ kind: "id" }]),
        field("role", { kind: "enum", name: "Role" }, [
          { kind: "default", value: { kind: "enum", value: "admin" } },
        ]),
        field("bs", { kind: "implicitM2M", name: "B", array: true }, []),
        field("c", { kind: "relation", name: "C", optional: true }, [
          expect.objectContaining({ kind: "relation", fields: ["cId"], references: ["id"] }),
        ]),
        field("cId", { name: "Int", optional: true }, []),
      ],
    });
    // A list beside a foreign key is the other side of it, not a relation of its own (3.6).
    expect(schema.models[2]?.fields[1]?.type).toEqual({
      kind: "relation",
      name: "A",
      array: true,
      optional: false,
    });
  });
});

describe("3.1 attributes of fields", () => {
  test.each<[string, object[]]>([
    ["Int @unique", [{ kind: "unique" }]],
    ["String @computed", [{ kind: "computed" }]],
    ["String @markdown", [{ kind: "markdown" }]],
    ["DateTime @updatedAt", [{ kind: "updatedAt" }]],
    [
      "String @trim @lower @upper @slug",
      ["trim", "lower", "upper", "slug"].map((kind) => ({ kind })),
    ],
    ["String[] @uniqueItems", [{ kind: "uniqueItems" }]],
    ['String @map("col")', [{ kind: "map", name: "col" }]],
    ['Int @check("f > 0")', [{ kind: "check", expr: "f > 0" }]],
    ['String @default("x")', [{ kind: "default", value: { kind: "string", value: "x" } }]],
    ["Int @default(5)", [{ kind: "default", value: { kind: "number", value: 5 } }]],
    ["Boolean @default(true)", [{ kind: "default", value: { kind: "boolean", value: true } }]],
    ["Role @default(member)", [{ kind: "default", value: { kind: "enum", value: "member" } }]],
    ["DateTime @default(now())", [{ kind: "default", value: { kind: "call", fn: "now" } }]],
    ["String @default(uuid())", [{ kind: "default", value: { kind: "call", fn: "uuid" } }]],
    ["String @default(title)", [{ kind: "default", value: { kind: "fieldRef", field: "title" } }]],
    ['Int @generated("{id} * 2")', [{ kind: "generated", expr: '"id" * 2', stored: false }]],
    ['Int @generated("{id} + 1", stored)', [{ kind: "generated", expr: '"id" + 1', stored: true }]],
    ["String @omit", [{ kind: "omit", level: "lists" }]],
    ["String @omit(all)", [{ kind: "omit", level: "all" }]],
    ["String @guarded", [{ kind: "guarded", level: "select" }]],
    ["String @guarded(all)", [{ kind: "guarded", level: "all" }]],
    ["String @encrypted", [{ kind: "encrypted", searchable: false }]],
    ["String @encrypted(searchable: true)", [{ kind: "encrypted", searchable: true }]],
    ["String @log(audit)", [{ kind: "log", db: "audit", reads: true, writes: true }]],
    [
      "String @log(audit, reads: false)",
      [{ kind: "log", db: "audit", reads: false, writes: true }],
    ],
    ["String @up(title)", [{ kind: "funcCall", fn: "up", args: ["title"] }]],
    ["Int @sequence(scope: id)", [{ kind: "sequence", scope: "id" }]],
    ["String @email", [{ kind: "email" }]],
    ['String @email("no mail")', [{ kind: "email", message: "no mail" }]],
    [
      "String @url @phone @date @datetime",
      ["url", "phone", "date", "datetime"].map((kind) => ({ kind })),
    ],
    ['String @regex("^a")', [{ kind: "regex", pattern: "^a" }]],
    ['String @regex("^a", "no a")', [{ kind: "regex", pattern: "^a", message: "no a" }]],
    ["String @length(1, 5)", [{ kind: "length", min: 1, max: 5 }]],
    ['String @length(1, 5, "size")', [{ kind: "length", min: 1, max: 5, message: "size" }]],
    ['String @startsWith("a")', [{ kind: "startsWith", text: "a" }]],
    ['String @endsWith("a", "m")', [{ kind: "endsWith", text: "a", message: "m" }]],
    ['String @contains("a")', [{ kind: "contains", text: "a" }]],
    [
      "Int @lt(1) @lte(2) @gt(-3) @gte(4)",
      [
        { kind: "lt", value: 1 },
        { kind: "lte", value: 2 },
        { kind: "gt", value: -3 },
        { kind: "gte", value: 4 },
      ],
    ],
    ['Int @gt(0, "more")', [{ kind: "gt", value: 0, message: "more" }]],
    [
      "String[] @minItems(1) @maxItems(3)",
      [
        { kind: "minItems", value: 1 },
        { kind: "maxItems", value: 3 },
      ],
    ],
    ["Json @type(Place)", [{ kind: "type", name: "Place", strict: true }]],
    ["Json @type(Place, strict: false)", [{ kind: "type", name: "Place", strict: false }]],
    ["File @keepVersions", [{ kind: "keepVersions" }]],
    ["Other[] @hardDelete", [{ kind: "hardDelete" }]],
  ])("%s", (declaration, attributes) => {
    expect(attributesOf(declaration)).toEqual(attributes);
  });

  test.each<[string, object]>([
    [
      "Int @default(auth().id)",
      { kind: "default", value: { kind: "call", fn: "auth", field: "id" } },
    ],
    ["Int @updatedBy(auth().staffId)", { kind: "updatedBy", authField: "staffId" }],
    ["String @length(3)", { kind: "length", min: 3 }],
    ["String @length(,5)", { kind: "length", max: 5 }],
    [
      "Int @from(Other, count: true)",
      { kind: "from", target: "Other", op: "count", opValue: true },
    ],
    ["Int @from(Other, sum: size)", { kind: "from", target: "Other", op: "sum", opValue: "size" }],
    [
      'Other? @from(Other, last: true, where: "size > 1", orderBy: size)',
      { kind: "from", op: "last", where: "size > 1", orderBy: "size" },
    ],
    [
      "String @allow('read', auth().role == 'admin')",
      { kind: "fieldAllow", operations: ["read"], expr: { type: "compare", op: "==" } },
    ],
  ])("%s", (declaration, attribute) => {
    expect(attributesOf(declaration)[0]).toMatchObject(attribute);
  });

  test("a relation's arguments", () => {
    const schema = tree(`
      model A { id Int @id  bs B[] }
      model B {
        id Int @id
        a A @relation(fields: [aId], references: [id], onDelete: SetNull, onUpdate: Cascade, name: "x")
        aId Int?
      }`);
    expect(schema.models[1]?.fields[1]?.attributes[0]).toEqual({
      kind: "relation",
      fields: ["aId"],
      references: ["id"],
      onDelete: "SetNull",
      onUpdate: "Cascade",
      name: "x",
    });
  });

  test("a relation's name may stand without its keyword (0.1)", () => {
    const schema = tree(`
      model A { id Int @id  bs B[] }
      model B { id Int @id  a A @relation("x", fields: [aId], references: [id])  aId Int }`);
    expect(schema.models[1]?.fields[1]?.attributes[0]).toMatchObject({
      name: "x",
      fields: ["aId"],
    });
  });

  test("a relation given without fields has none in the tree", () => {
    const schema = tree(`
      model A { id Int @id  bs B[] @relation(name: "x") }
      model B { id Int @id  a A @relation(fields: [aId], references: [id], name: "x")  aId Int }`);
    expect(schema.models[0]?.fields[1]?.attributes[0]).not.toHaveProperty("fields");
  });

  test("what is no attribute is told", () => {
    const { errors } = parse("model A { id Int @id  n Int @nope }");
    expect(errors[0]).toContain("Unknown field attribute '@nope'");
    expect(parse("model A { id Int @id  n Int @nope(id) }").errors[0]).toContain(
      "unknown function",
    );
  });
});
