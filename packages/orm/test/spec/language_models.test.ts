// litestone.md 3.2, 3.3: attributes of models, and the expressions of rules.
import { describe, expect, test } from "vitest";
import "../addon.js";
import { parse, ParseError } from "../../src/index.js";
import { thrown, tree } from "./support.js";

function modelAttributeOf(text: string): any {
  const schema = tree(`
    database main { path "./main.db" }
    database audit { path "./audit/" driver logger }
    model M { id Int @id  title String  body String  ownerId Int  deletedAt DateTime?  ${text} }`);
  return schema.models[0]?.attributes[0];
}

describe("3.2 attributes of models", () => {
  test.each<[string, object]>([
    ["@@index([title, body])", { kind: "index", fields: ["title", "body"] }],
    ["@@unique([title, body])", { kind: "uniqueIndex", fields: ["title", "body"] }],
    ["@@fts([title])", { kind: "fts", fields: ["title"] }],
    ['@@map("ms")', { kind: "map", name: "ms" }],
    ["@@db(main)", { kind: "db", name: "main" }],
    ["@@external", { kind: "external" }],
    ["@@noStrict", { kind: "noStrict" }],
    ["@@strict", { kind: "strict" }],
    ["@@auth", { kind: "auth" }],
    ["@@softDelete", { kind: "softDelete", cascade: false }],
    ["@@softDelete(cascade)", { kind: "softDelete", cascade: true }],
    ['@@gate("2.5.5.6")', { kind: "gate", value: "2.5.5.6" }],
    ["@@gate(read: 2, create: 4, update: 5, delete: 6)", { kind: "gate", value: "2.4.5.6" }],
    ["@@gate(read: 1, write: 4)", { kind: "gate", value: "1.4.4.4" }],
    ["@@gate(write: 4, delete: 6)", { kind: "gate", value: "0.4.4.6" }],
    ["@@gate(read: 3)", { kind: "gate", value: "3.3.3.3" }],
    ["@@log(audit)", { kind: "log", db: "audit", reads: false, writes: true }],
    [
      "@@log(audit, reads: true, writes: false)",
      { kind: "log", db: "audit", reads: true, writes: false },
    ],
    ["@@hasTemplates", { kind: "hasTemplates", field: "isTemplate" }],
    ['@@hasTemplates("marker")', { kind: "hasTemplates", field: "marker" }],
    ['@@hasTemplates(field: "marker")', { kind: "hasTemplates", field: "marker" }],
  ])("%s", (text, attribute) => {
    expect(modelAttributeOf(text)).toEqual(attribute);
  });

  test.each([
    ["all", ["read", "create", "update", "post-update", "delete"]],
    ["write", ["create", "update", "delete"]],
    ["read", ["read"]],
    ["read,update", ["read", "update"]],
    ["create, post-update", ["create", "post-update"]],
  ])("operations of a rule: %s", (operations, list) => {
    expect(modelAttributeOf(`@@allow('${operations}', true)`)).toMatchObject({
      kind: "allow",
      operations: list,
      expr: { type: "literal", value: true },
      message: null,
    });
    expect(modelAttributeOf(`@@deny('${operations}', false, "no")`)).toMatchObject({
      kind: "deny",
      operations: list,
      message: "no",
    });
  });

  test("a wrong operation is told", () => {
    const { errors } = parse("model M { id Int @id  @@allow('write, x', true) }");
    expect(errors[0]).toContain(
      "@@allow/@@deny: invalid operation 'x'. Valid: read, create, update, post-update, delete, write, all",
    );
  });

  test("the old name of a cascade is refused with advice", () => {
    const { errors } = parse("model M { id Int @id  deletedAt DateTime?  @@softDeleteCascade }");
    expect(errors[0]).toContain("@@softDelete(cascade)");
  });

  test("a log may appear several times", () => {
    const schema = tree(`
      database audit { path "./audit/" driver logger }
      database more { path "./more/" driver logger }
      database main { path "./main.db" }
      model M { id Int @id  @@log(audit) @@log(more) }`);
    expect(schema.models[0]?.attributes.map((one) => one["db"])).toEqual(["audit", "more"]);
  });
});

describe("3.3 expressions of rules", () => {
  const expression = (text: string): any => modelAttributeOf(`@@allow('read', ${text})`).expr;
  const field = (name: string) => ({ type: "field", name });
  const literal = (value: unknown) => ({ type: "literal", value });

  test.each<[string, object]>([
    ["auth()", { type: "auth", field: null }],
    ["auth().id", { type: "auth", field: "id" }],
    ["now()", { type: "now" }],
    ["check(owner)", { type: "check", field: "owner", operation: null }],
    ["check(owner, 'update')", { type: "check", field: "owner", operation: "update" }],
    ["null", literal(null)],
    ["false", literal(false)],
    ["'x'", literal("x")],
    ["-2.5", literal(-2.5)],
    ["published", field("published")],
    ["!published", { type: "not", expr: field("published") }],
    ["(published)", field("published")],
  ])("%s", (text, tree) => expect(expression(text)).toEqual(tree));

  test.each(["==", "!=", "<", ">", "<=", ">="])("a %s b", (op) => {
    expect(expression(`title ${op} 'x'`)).toEqual({
      type: "compare",
      op,
      left: field("title"),
      right: literal("x"),
    });
  });

  test("and binds closer than or, not closer than and; both lean to the left", () => {
    expect(expression("a || b && !c || d")).toEqual({
      type: "or",
      left: {
        type: "or",
        left: field("a"),
        right: { type: "and", left: field("b"), right: { type: "not", expr: field("c") } },
      },
      right: field("d"),
    });
    expect(expression("a && (b || c) && d")).toEqual({
      type: "and",
      left: {
        type: "and",
        left: field("a"),
        right: { type: "or", left: field("b"), right: field("c") },
      },
      right: field("d"),
    });
  });

  test.each(["a == b == c", "a in b", "owner.name == 'x'"])("no sentence: %s", (text) => {
    expect(parse(`model M { id Int @id  @@allow('read', ${text}) }`).valid).toBe(false);
  });

  test("arithmetic has no characters", () => {
    const text = "model M { id Int @id  @@allow('read', a + 1 == 2) }";
    expect(thrown(() => parse(text))).toBeInstanceOf(ParseError);
  });

  test("names of fields are not checked", () => {
    expect(parse("model M { id Int @id  @@allow('read', ghost == 1) }").errors).toEqual([]);
  });
});
